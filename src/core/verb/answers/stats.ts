import { later } from "../../duration.ts";
import { SEVERITIES } from "../../incident/events.ts";
import { type IncidentState, isOpen } from "../../incident/state.ts";
import { plural } from "../../plural.ts";
import { clocks, formatDuration } from "../../report/clocks.ts";
import type { Block, Document, Text } from "../../report/document.ts";

const READ_IT =
  "Nine of ten took no longer than 90 %. To detect counts from when the data broke, the others from the detection.";
const DAY = 24 * 60 * 60_000;

/**
 * How many incidents a window of days saw and how long they took. Drills are practice, cancelled ones were none, merged
 * ones are counted where they went: none of them count, and how many were left out is said. Median and 90th percentile,
 * never the mean, which one long weekend would own.
 */
export function statsDocument(incidents: IncidentState[], days: number, now: string): Document {
  const since = later(now, -days * DAY);
  const inWindow = incidents.filter((state) => state.detectedAt >= since && state.detectedAt <= now);
  const counting = inWindow.filter((state) => reasonLeftOut(state) === null);
  const open = counting.filter((state) => isOpen(state.phase)).length;
  const head = `${plural(counting.length, "incident")} in ${plural(days, "day")}, ${open} still open`;
  const left = leftOut(inWindow);
  const blocks: Block[] = [];
  if (counting.length > 0) blocks.push(bySeverity(counting), durations(counting));
  if (left)
    blocks.push({
      type: "context",
      text: `Not counted: ${left}. ${READ_IT}`,
    });
  else if (counting.length > 0) blocks.push({ type: "context", text: READ_IT });
  return { summary: head, title: head, blocks };
}

function reasonLeftOut(state: IncidentState): "drill" | "cancelled" | "merged" | null {
  if (state.kind === "drill") return "drill";
  return state.phase === "cancelled" || state.phase === "merged" ? state.phase : null;
}

function leftOut(incidents: IncidentState[]): string {
  const reasons = incidents.map(reasonLeftOut);
  const count = (reason: string) => reasons.filter((r) => r === reason).length;
  return [
    [count("drill"), plural(count("drill"), "drill")] as const,
    [count("cancelled"), `${count("cancelled")} cancelled`] as const,
    [count("merged"), `${count("merged")} merged`] as const,
  ]
    .filter(([n]) => n > 0)
    .map(([, words]) => words)
    .join(", ");
}

function bySeverity(incidents: IncidentState[]): Block {
  const row = (severity: string): Text[] => {
    const of = incidents.filter((state) => state.severity === severity);
    const open = of.filter((state) => isOpen(state.phase)).length;
    return [severity, String(of.length), String(open), String(of.length - open)];
  };
  return {
    type: "table",
    columns: [
      { title: "Severity" },
      ...["All", "Open", "Over"].map((title) => ({ title, align: "right" as const })),
    ],
    rows: SEVERITIES.filter((severity) => incidents.some((state) => state.severity === severity)).map(row),
  };
}

function durations(incidents: IncidentState[]): Block {
  const all = incidents.map(clocks);
  const row = (title: string, values: (number | null)[]): Text[] => {
    const known = values.filter((value) => value !== null);
    return [title, percentile(known, 50), percentile(known, 90), String(known.length)];
  };
  return {
    type: "table",
    columns: [
      { title: "Time to" },
      ...["Median", "90 %", "Count"].map((title) => ({ title, align: "right" as const })),
    ],
    rows: [
      row(
        "detect",
        all.map((c) => c.ttd),
      ),
      row(
        "acknowledge",
        all.map((c) => c.tta),
      ),
      row(
        "mitigate",
        all.map((c) => c.ttm),
      ),
      row(
        "resolve",
        all.map((c) => c.ttr),
      ),
    ],
  };
}

/** Nearest rank: a time that one incident really took, and none invented between two. */
function percentile(values: number[], rank: number): string {
  if (values.length === 0) return "–";
  const sorted = [...values].sort((a, b) => a - b);
  return formatDuration(sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)]!);
}
