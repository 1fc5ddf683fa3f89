import { type IncidentState, isOpen } from "../../incident/state.ts";
import { plural } from "../../plural.ts";
import type { Document } from "../../report/document.ts";

import { incidentLine } from "./incident-line.ts";

/** How many incidents one answer holds; Slack's limit on a message's blocks leaves no room for more. */
export const LISTED = 25;

/**
 * Incidents, the worst open ones first: severity, then the longest open; behind them the ones that are over. `older`:
 * of the latter there are more than these.
 */
export function listDocument(incidents: IncidentState[], now: string, older = false): Document {
  const open = incidents.filter((state) => isOpen(state.phase)).sort(worstFirst);
  const over = incidents.filter((state) => !isOpen(state.phase));
  const shown = [...open, ...over].slice(0, LISTED);
  const hidden = incidents.length - shown.length;
  const ended =
    over.length === 0 ? "" : older ? `, and the last ${over.length} that ended` : `, ${over.length} over`;
  const summary = `${plural(open.length, "open incident")}${ended}`;
  if (shown.length === 0) return { summary, title: "No open incidents", blocks: [] };
  return {
    summary: `${summary}: ${shown.map((state) => `${state.key} ${state.severity} ${state.phase}`).join(", ")}`,
    title: summary,
    blocks: [
      { type: "list", items: shown.map((state) => incidentLine(state, now)) },
      ...(hidden > 0 || older ? [more(hidden > 0 && !older ? `${hidden} more` : "more")] : []),
    ],
  };
}

function worstFirst(a: IncidentState, b: IncidentState): number {
  return (
    a.severity.localeCompare(b.severity) ||
    a.detectedAt.localeCompare(b.detectedAt) ||
    a.key.localeCompare(b.key)
  );
}

function more(count: string): { type: "context"; text: string } {
  return { type: "context", text: `and ${count}; search finds one by its words` };
}

/** What a search found, the newest first. `older`: it found more than these. */
export function searchDocument(shown: IncidentState[], text: string, now: string, older = false): Document {
  const found = `${older ? "The newest " : ""}${plural(shown.length, "incident")} found for “${text}”`;
  if (shown.length === 0) {
    return {
      summary: found,
      title: found,
      blocks: [
        {
          type: "paragraph",
          text: "Try fewer words, and whole ones: a table's name, or its last part. An incident's key finds it too.",
        },
      ],
    };
  }
  return {
    summary: `${found}: ${shown.map((state) => state.key).join(", ")}`,
    title: found,
    blocks: [
      { type: "list", items: shown.map((state) => incidentLine(state, now)) },
      ...(older ? [{ type: "context" as const, text: "and older ones; more words find fewer" }] : []),
    ],
  };
}
