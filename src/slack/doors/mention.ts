import type { App } from "@slack/bolt";
import { currentStep, type IncidentState } from "../../core/incident/state.ts";
import { type ActionName, targetValue } from "../../core/report/action-name.ts";
import type { Document } from "../../core/report/document.ts";
import type { FormName } from "../../core/verb/verb.ts";
import type { Door } from "../../engine/converse.ts";
import { asker, attempt, type DoorDeps, isAnswer, linkTo, whisper } from "./interaction.ts";

export function mentionDoor(app: App, deps: DoorDeps): void {
  app.event("app_mention", async ({ event, body, context }) => {
    if (event.bot_id || !event.user) return;
    const user = event.user;
    const where = { channel: event.channel, threadTs: event.thread_ts ?? null };
    const door: Door = {
      via: "mention",
      permalink: linkTo(deps, where.channel, event.ts, where.threadTs),
      key: `event:${body.event_id}`,
    };
    const words = event.text.replace(/<@(\w+)(?:\|[^<>]*)?>/g, (token, id) =>
      id === context.botUserId ? " " : token,
    );
    const answer = await attempt(deps, "a mention", async () =>
      deps.conversation.say(
        words,
        await asker(deps, user, event.user_team ?? event.team ?? null),
        where,
        door,
      ),
    );
    if (!isAnswer(answer)) return whisper(deps, user, where, answer);
    if (answer.kind === "form")
      return whisper(deps, user, where, formButton(deps, answer.form, answer.incident));
    if (answer.kind === "document" || !where.threadTs) return whisper(deps, user, where, answer.document);
    // What was done shows in the thread; the sign says it was this message that did it.
    await deps.client.reactions
      .add({ channel: event.channel, timestamp: event.ts, name: "white_check_mark" })
      .catch(() => {});
  });
}

/** A mention carries no right to open a modal, a button does. */
function formButton(deps: DoorDeps, form: FormName, incident: IncidentState | null): Document {
  if (form === "declare" || !incident) {
    return {
      summary: `Type ${deps.command} to declare an incident in a form, or @ me with new and a title.`,
      title: null,
      blocks: [
        {
          type: "paragraph",
          text: [
            "Type ",
            { code: deps.command },
            " to declare one in a form, or mention me with ",
            { code: "new <title>" },
            ".",
          ],
        },
      ],
    };
  }
  const words = "A few words are needed for this.";
  const walk = form.startsWith("step_")
    ? Object.values(incident.walks).find((w) => !w.finishedAt)
    : undefined;
  const value = targetValue(incident.key, walk?.runbook, walk && currentStep(walk)?.id);
  return {
    summary: words,
    title: null,
    blocks: [
      { type: "paragraph", text: words },
      {
        type: "actions",
        buttons: [{ action: form as ActionName, label: "Write them", value, style: "primary" }],
      },
    ],
  };
}
