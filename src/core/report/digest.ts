import { older } from "../correlate/topology.ts";
import type { IncidentState } from "../incident/state.ts";
import { plural } from "../plural.ts";
import { clip } from "../signal/alert.ts";
import type { Block, Document, Text } from "./document.ts";
import { keyOf } from "./wording.ts";

/** With two lines of a phone for each, this many leave room on its screen for what stands above and below. */
const LISTED = 10;
/** Behind key and severity, what the second line of a phone ends with. */
const TITLE_LENGTH = 60;

type Told = Pick<IncidentState, "key" | "severity" | "title" | "thread">;

/** Told before the root messages of many incidents: how many there are, how bad, and which are the worst. */
export function digestDocument(incidents: Told[]): Document {
  const opened = `${plural(incidents.length, "incident")} opened at once`;
  const worstFirst = incidents.toSorted(
    (a, b) => a.severity.localeCompare(b.severity) || older(a.key, b.key),
  );
  const counts = [...Map.groupBy(worstFirst, ({ severity }) => severity)]
    .map(([severity, alike]) => `${alike.length} ${severity}`)
    .join(", ");
  return {
    summary: `${opened}: ${counts}`,
    title: null,
    blocks: [
      {
        type: "paragraph",
        text: ["🔴 ", { strong: opened }, `: ${counts}. Their threads follow, the worst first.`],
      },
      { type: "list", items: worstFirst.slice(0, LISTED).map(line) },
      ...more(incidents.length - LISTED),
    ],
  };
}

function line(incident: Told): Text {
  return [keyOf(incident), ` ${incident.severity} ${clip(incident.title, TITLE_LENGTH)}`];
}

function more(count: number): Block[] {
  if (count <= 0) return [];
  return [{ type: "context", text: [`… and ${count} more; `, { code: "list" }, " shows what is open"] }];
}
