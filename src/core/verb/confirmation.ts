import type { Order } from "../incident/command.ts";
import type { RecordedEvent } from "../incident/events.ts";
import type { IncidentState } from "../incident/state.ts";
import type { Document, Span } from "../report/document.ts";
import { replyFor } from "../report/replies.ts";
import { soAlready } from "./so-already.ts";

/** What the asker of a command is told: what the thread is told, or in few words that it is done. */
export function confirmation(
  events: RecordedEvent[],
  state: IncidentState,
  asked: Order | undefined,
): Document {
  const reply = replyFor(events, state);
  const thread = state.thread?.permalink;
  const where: Span[] = thread ? [`${state.key} · `, { link: "Open the thread", url: thread }] : [state.key];
  if (reply) {
    // Its buttons are in the thread, where everybody sees what pressing them does.
    const told = reply.blocks.filter((b) => b.type !== "actions");
    return { ...reply, blocks: [...told, { type: "context", text: where }] };
  }
  const words = events.length === 0 ? soAlready(asked, state) : wordsFor(events, state);
  return {
    summary: words,
    title: null,
    blocks: [
      { type: "paragraph", text: thread ? [`${words} `, { link: "Open the thread", url: thread }] : words },
    ],
  };
}

/** For what the thread shows in a living message, or not at all. */
function wordsFor(events: RecordedEvent[], state: IncidentState): string {
  const body = events[0]!.body;
  switch (body.type) {
    case "opened":
      return `${state.key} is open: ${state.title}. Its thread comes in ${
        state.channel.startsWith("#") ? state.channel : "the channel of incidents"
      }.`;
    case "runbook_started":
      return `“${body.title}” begins in the thread of ${state.key}.`;
    case "step_finished":
      return `“${body.title}” is ${body.outcome}.`;
    case "step_reopened":
      return `Back at “${body.title}”.`;
    case "postmortem_exported":
      return `The postmortem of ${state.key} (${body.format}) is on its way into the thread.`;
    case "entry_edited":
      return `Entry ${body.seq} is corrected; the old words stay in the log.`;
    case "entry_hidden":
      return `Entry ${body.seq} is off the timeline; it stays in the log.`;
    case "review_written":
      return `Written into the postmortem of ${state.key}.`;
    case "title_changed":
      return `${state.key} is now called “${state.title}”.`;
    default:
      return `Done in ${state.key}.`;
  }
}
