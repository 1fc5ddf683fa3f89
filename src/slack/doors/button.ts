import type { App } from "@slack/bolt";
import { readTarget } from "../../core/report/action-name.ts";
import type { Document } from "../../core/report/document.ts";
import type { Door } from "../../engine/converse.ts";
import { effectOf } from "../actions.ts";
import {
  asker,
  attempt,
  type DoorDeps,
  inTime,
  linkTo,
  modalFor,
  openModal,
  whisper,
} from "./interaction.ts";

export function buttonDoor(app: App, deps: DoorDeps): void {
  app.action(/.*/, async ({ ack, body, action }) => {
    if (body.type !== "block_actions") return ack();
    const pressed = action as { action_id: string; value?: string };
    const effect = effectOf(pressed.action_id);
    if (!effect || "nothing" in effect) return ack();
    const channel = body.channel?.id ?? body.container.channel_id ?? deps.channel;
    const where = {
      channel,
      threadTs: (body.message?.thread_ts as string | undefined) ?? body.container.thread_ts ?? null,
    };
    const messageTs = body.message?.ts;
    const door: Door = {
      via: "button",
      permalink: messageTs ? linkTo(deps, channel, messageTs, where.threadTs) : null,
      key: `action:${body.trigger_id}`,
    };
    const value = pressed.value ?? "";
    const work = attempt(deps, "a button", async (): Promise<Document | null> => {
      const presser = await asker(deps, body.user.id, body.user.team_id ?? null);
      const target = readTarget(value);
      const thread = { ...where, threadTs: where.threadTs ?? messageTs ?? null };
      const answer =
        "types" in effect
          ? await deps.conversation.say(value, presser, where, door)
          : await deps.conversation.ask(
              "opens" in effect ? { kind: "form", form: effect.opens } : effect.asks(target, presser),
              target.incident,
              presser,
              door,
            );
      if (answer.kind === "document") return answer.document;
      if (answer.kind === "form")
        await openModal(
          deps,
          body.trigger_id,
          modalFor(deps, answer.form, answer.incident, thread, {
            target,
            ...(answer.typed && { typed: answer.typed }),
          }),
        );
      return null;
    });
    const show = async (document: Document | null) =>
      void (document && (await whisper(deps, body.user.id, where, document)));
    await inTime(
      work,
      async (document) => {
        await ack();
        await show(document);
      },
      show,
    );
  });
}
