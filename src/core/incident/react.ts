import type { EventType, RecordedEvent } from "./events.ts";
import type { IncidentState } from "./state.ts";

/** A message that must be posted or brought up to date, by kind; `runbook` names which walk. */
export type Reaction =
  | { kind: "card" }
  | { kind: "alerts" }
  | { kind: "suspects" }
  | { kind: "walk"; runbook: string }
  | { kind: "file"; format: string; seq: number; at: string };

/** Events that change nothing the card shows. */
const UNSEEN_ON_CARD: ReadonlySet<EventType> = new Set([
  "thread_opened",
  "keys_added",
  "noted",
  "pinned",
  "unpinned",
  "pin_edited",
  "pin_deleted",
  "silence_set",
  "silence_ended",
  "entry_hidden",
  "changes_suspected",
  "cause_named",
  "similar_found",
  "review_written",
  "postmortem_exported",
] as const);

/**
 * Which living messages and files a batch of events calls for. The thread replies are a reading of the same events
 * (src/core/report/replies.ts).
 */
export function react(events: RecordedEvent[], state: IncidentState): Reaction[] {
  const reactions = new Map<string, Reaction>();
  if (events.some((e) => !UNSEEN_ON_CARD.has(e.body.type))) reactions.set("card", { kind: "card" });
  for (const { body, seq, at } of events) {
    switch (body.type) {
      case "alert_attached":
      case "alert_refired":
      case "alert_widened":
      case "alert_resolved":
      case "flapping_began":
      case "flapping_ended":
      case "origin_found":
      case "alerts_moved":
      case "alerts_received":
      case "alert_held":
      case "alert_released":
        reactions.set("alerts", { kind: "alerts" });
        break;
      case "absorbed":
        // What people declared has none, and a list of none is no message.
        if (state.alerts.total > 0 || state.alerts.held > 0) reactions.set("alerts", { kind: "alerts" });
        break;
      case "changes_suspected":
        reactions.set("suspects", { kind: "suspects" });
        break;
      case "cause_named":
        // It shows which it was.
        if (state.shownSuspects.length > 0) reactions.set("suspects", { kind: "suspects" });
        break;
      case "runbook_started":
      case "step_finished":
      case "step_reopened":
        reactions.set(`walk:${body.runbook}`, { kind: "walk", runbook: body.runbook });
        break;
      case "postmortem_exported":
        reactions.set(`file:${seq}`, { kind: "file", format: body.format, seq, at });
        break;
      default:
        break;
    }
  }
  // Buttons on a walk only make sense while the incident can still be worked on, so an ended one redraws them.
  if (events.some((e) => ["resolved", "reopened", "closed", "cancelled", "merged"].includes(e.body.type))) {
    for (const runbook of Object.keys(state.walks))
      reactions.set(`walk:${runbook}`, { kind: "walk", runbook });
  }
  return [...reactions.values()];
}
