import type { App } from "@slack/bolt";
import { buttonDoor } from "./doors/button.ts";
import { formDoor } from "./doors/form.ts";
import type { DoorDeps } from "./doors/interaction.ts";
import { mentionDoor } from "./doors/mention.ts";
import { pinDoors } from "./doors/pin.ts";
import { shortcutDoors } from "./doors/shortcut.ts";
import { slashDoor } from "./doors/slash.ts";

/** Registers every door of the app. A door turns an interaction into words, asks or commands, and shows the answer. */
export function openDoors(app: App, deps: DoorDeps): void {
  for (const door of [slashDoor, mentionDoor, buttonDoor, formDoor, pinDoors, shortcutDoors]) door(app, deps);
}
