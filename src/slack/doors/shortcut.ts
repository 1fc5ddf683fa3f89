import type { App, SlackShortcutMiddlewareArgs } from "@slack/bolt";
import { asker, attempt, type DoorDeps, modalFor, openModal, whisper } from "./interaction.ts";
import { pinned } from "./pin.ts";

export const SHORTCUTS = { pin: "pin_to_timeline", declare: "declare_incident" } as const;

export function shortcutDoors(app: App, deps: DoorDeps): void {
  app.shortcut(SHORTCUTS.pin, async ({ ack, shortcut }: SlackShortcutMiddlewareArgs) => {
    await ack();
    if (shortcut.type !== "message_action") return;
    const { channel, message, user, trigger_id } = shortcut;
    const by = { id: user.id, team: user.team_id ?? null };
    const threadTs: string | null = message.thread_ts ?? null;
    const document = await pinned(deps, channel.id, message.ts, by, {
      via: "shortcut",
      key: `shortcut:${trigger_id}`,
      threadTs,
    });
    await whisper(deps, user.id, { channel: channel.id, threadTs }, document);
  });
  app.shortcut(SHORTCUTS.declare, async ({ ack, shortcut }) => {
    const view = modalFor(deps, "declare", null, { channel: deps.channel, threadTs: null });
    await attempt(deps, "a shortcut", async () => {
      await asker(deps, shortcut.user.id, shortcut.user.team_id ?? null);
      await openModal(deps, shortcut.trigger_id, view);
    });
    await ack();
  });
}
