import type { App } from "@slack/bolt";
import { currentStep } from "../../core/incident/state.ts";
import { Refusal } from "../../core/refusal.ts";
import { type ActionName, targetValue } from "../../core/report/action-name.ts";
import type { Document } from "../../core/report/document.ts";
import { parseLine } from "../../core/verb/line.ts";
import type { Answer, Door } from "../../engine/converse.ts";
import { LIMITS } from "../limits.ts";
import { asker, attempt, type DoorDeps, isAnswer, linkTo, modalFor, whisper } from "./interaction.ts";

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
    const { before, line } = partsOf(event.text, context.botUserId);
    const answer = await attempt(deps, "a mention", async () => {
      const by = await asker(deps, user, event.user_team ?? event.team ?? null);
      if (before !== "" && !asksSomething(line, deps.command)) return howToAsk();
      const said = await deps.conversation.say(line, by, where, door);
      // A form that would refuse to open does so now, not when its button is pressed.
      if (said.kind === "form")
        modalFor(deps, said.form, said.incident, where, said.typed && { typed: said.typed });
      return said;
    });
    if (!isAnswer(answer)) return whisper(deps, user, where, answer);
    if (answer.kind === "form") return whisper(deps, user, where, formButton(deps, answer, line));
    if (answer.kind === "document" || !where.threadTs) return whisper(deps, user, where, answer.document);
    // What was done shows in the thread; the sign says it was this message that did it.
    await deps.client.reactions
      .add({ channel: event.channel, timestamp: event.ts, name: "white_check_mark" })
      .catch(() => {});
  });
}

/** What is asked stands behind the bot's name; `hey` and other people's names may stand before it. */
function partsOf(text: string, bot: string | undefined): { before: string; line: string } {
  const names = [...text.matchAll(/<@(\w+)(?:\|[^<>]*)?>/g)].filter(([, id]) => id === bot);
  const [first] = names;
  if (!first) return { before: "", line: text };
  const behind = text.slice(first.index + first[0].length);
  const line = names.slice(1).reduce((words, [token]) => words.replace(token, " "), behind);
  return { before: text.slice(0, first.index).trim(), line: line.replace(/^[\s,:;.!–—-]+/, "").trim() };
}

/** Whether a verb stands there: a sentence that merely names the bot is no misspelt line. */
function asksSomething(line: string, command: string): boolean {
  try {
    return !("empty" in parseLine(line, { command }));
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function howToAsk(): Document {
  return {
    summary: "To ask something of me, put it behind my name: @breakwater help lists what there is.",
    title: null,
    blocks: [
      {
        type: "context",
        text: [
          "To ask something of me, put it behind my name: ",
          { code: "@breakwater help" },
          " lists what there is.",
        ],
      },
    ],
  };
}

/** A line that was said, with the key of its incident in front; null where no button can hold it. */
function saidOf(key: string, line: string, command: string): string | null {
  const read = parseLine(line, { command });
  const value = "empty" in read ? "" : `${key} ${read.verb.name} ${read.rest}`;
  return value !== "" && value.length <= LIMITS.buttonValue ? value : null;
}

/** A mention carries no right to open a modal, a button does. */
function formButton(
  deps: DoorDeps,
  { form, incident, typed }: Extract<Answer, { kind: "form" }>,
  line: string,
): Document {
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
  // What was typed goes into the form as well, so the button says the same line again.
  const again = typed ? saidOf(incident.key, line, deps.command) : null;
  const button = again ? { action: "pick" as const, value: again } : { action: form as ActionName, value };
  return {
    summary: words,
    title: null,
    blocks: [
      { type: "paragraph", text: words },
      {
        type: "actions",
        buttons: [{ ...button, label: "Write them", style: "primary" }],
      },
    ],
  };
}
