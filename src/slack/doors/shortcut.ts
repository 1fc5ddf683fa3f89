import type { App, SlackShortcutMiddlewareArgs } from "@slack/bolt";
import { attempt, type DoorDeps, modalFor, openModal, whisper } from "./interaction.ts";
import { pinned } from "./pin.ts";

export const SHORTCUTS = { pin: "pin_to_timeline", declare: "declare_incident" } as const;

export function shortcutDoors(app: App, deps: DoorDeps): void {
  app.shortcut(SHORTCUTS.pin, async ({ ack, shortcut }: SlackShortcutMiddlewareArgs) => {
    await ack();
    if (shortcut.type !== "message_action") return;
    const { channel, message, user, trigger_id } = shortcut;
    const document = await pinned(deps, channel.id, message.ts, user.id, {
      via: "shortcut",
      key: `shortcut:${trigger_id}`,
    });
    await whisper(deps, user.id, { channel: channel.id, threadTs: message.thread_ts ?? null }, document);
  });
  app.shortcut(SHORTCUTS.declare, async ({ ack, shortcut }) => {
    const view = modalFor(deps, "declare", null, { channel: deps.channel, threadTs: null });
    await attempt(deps, "a shortcut", () => openModal(deps, shortcut.trigger_id, view));
    await ack();
  });
}
