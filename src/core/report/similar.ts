/** The thread message "Seen before?": past incidents like this one, and what resolved them. */
import type { PastIncident } from "../correlate/similar.ts";
import type { IncidentState } from "../incident/state.ts";
import { clip } from "../signal/alert.ts";
import { cleanLine } from "../signal/text.ts";
import type { Block, Document, Span } from "./document.ts";
import { linked } from "./wording.ts";

/** A past incident as far as it is shown, and in what it is alike. */
type Shown = {
  incident: Pick<
    PastIncident,
    "key" | "title" | "severity" | "resolvedAt" | "outcome" | "causeChange" | "url"
  >;
  reason: string;
};

/** Null where nothing like it was seen. */
export function similarDocument(
  { key, kind }: Pick<IncidentState, "key" | "kind">,
  similar: Shown[],
): Document | null {
  const [first] = similar;
  if (!first) return null;
  const heading: Span[] = [
    ...(kind === "drill" ? ["🟣 DRILL · "] : []),
    "🕘 ",
    { strong: "Seen before?" },
    " What was alike, and how it ended:",
  ];
  return {
    summary: `${key}: Seen before? ${first.incident.key}: ${cleanLine(first.incident.title, 150)} (${first.reason})`,
    title: null,
    blocks: [{ type: "paragraph", text: heading }, ...similar.flatMap(similarBlocks)],
  };
}

function similarBlocks({ incident, reason }: Shown): Block[] {
  const { url, severity, resolvedAt, outcome, causeChange } = incident;
  const told: Span[] = [
    url === null ? { strong: incident.key } : { link: incident.key, url },
    ", ",
    { time: resolvedAt, style: "ago" },
    `: ${cleanLine(incident.title, 150)}\n`,
    ...(outcome === null ? ["How it was resolved is not written down."] : resolvedBy(outcome)),
    ...(causeChange === null ? [] : [`\nCause: ${cleanLine(causeChange, 150)}`]),
  ];
  return [
    { type: "paragraph", text: told },
    { type: "context", text: `${severity} · ${reason}` },
  ];
}

function resolvedBy(outcome: string): Span[] {
  return [{ strong: "Resolved by" }, ": ", ...linked(clip(outcome.trim(), 280))];
}
