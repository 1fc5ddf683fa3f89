import type { IncidentState } from "../../incident/state.ts";
import { elapsed, formatDuration } from "../../report/clocks.ts";
import type { Text } from "../../report/document.ts";
import { keyOf, PHASE_LOOKS } from "../../report/wording.ts";
import { clip } from "../../signal/alert.ts";

/** A title of a sender's making may be as long as a screen of a phone, which then has no room for the next incident. */
export const SHOWN_TITLE = 120;

/** One incident in one line: `🟠 INC-1 SEV2 acknowledged, open for 2 h · Orders are late · Ana leads`. */
export function incidentLine(state: IncidentState, now: string): Text {
  return [
    `${PHASE_LOOKS[state.phase].sign} `,
    keyOf(state),
    ` ${state.severity} ${state.phase}${ageOf(state, now)} · ${clip(state.title, SHOWN_TITLE)}`,
    ...(state.kind === "drill" ? [" · drill"] : []),
    ...(state.roles.lead ? [` · ${state.roles.lead.name} leads`] : []),
  ];
}

/** Open incidents by how long they have been known; the others by when they ended. */
function ageOf(state: IncidentState, now: string): string {
  const end = state.resolvedAt ?? state.closedAt;
  if (end === null) return `, open for ${formatDuration(elapsed(state.detectedAt, now)!)}`;
  return ` after ${formatDuration(elapsed(state.detectedAt, end)!)}`;
}
