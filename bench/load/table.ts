import type { Measured } from "./case.ts";
import type { Line } from "./lines/line.ts";
import { median, ratios, type Summary, summarize } from "./stats.ts";

/** A line with its numbers, or with why it has none. */
export type Row = {
  id: string;
  what: string;
  unit: string;
  ours: Summary | null;
  reference: (Summary & { name: string }) | null;
  /** Ours to the reference's, round by round. */
  ratio: { median: number; min: number; max: number } | null;
  goal: { text: string; met: boolean } | null;
  /** Why ours, or the reference, was not measured. */
  reason: string | null;
};

/** All rounds of all cases put together: by key, one entry a round, null where there was none. */
export function rowOf(line: Line, rounds: readonly Measured[]): Row {
  const of = (key: string) => rounds.map((measured) => numberAt(measured, key));
  const ours = of(line.ours);
  const theirs = line.reference ? of(line.reference.key) : [];
  const reference = summarize(theirs.filter((each) => each !== null));
  const quotients = ratios(ours, theirs);
  const ratio =
    quotients.length === 0
      ? null
      : { median: median(quotients), min: Math.min(...quotients), max: Math.max(...quotients) };
  const summary = summarize(ours.filter((each) => each !== null));
  return {
    id: line.id,
    what: line.what,
    unit: line.unit,
    ours: summary,
    reference: reference && { ...reference, name: line.reference!.name },
    ratio,
    goal: verdict(line, summary?.median ?? null, ratio?.median ?? null),
    reason:
      (summary === null ? reasonAt(rounds, line.ours) : null) ??
      (line.reference && reference === null
        ? `${line.reference.name}: ${reasonAt(rounds, line.reference.key)}`
        : null),
  };
}

function numberAt(measured: Measured, key: string): number | null {
  const value = measured[key];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A case says why it has no number under the key itself, or of a subject or the whole case above it. */
function reasonAt(rounds: readonly Measured[], key: string): string {
  const parts = key.split(".");
  for (let length = parts.length; length > 0; length -= 1) {
    for (const measured of rounds) {
      const value = measured[parts.slice(0, length).join(".")];
      if (typeof value === "string") return value;
    }
  }
  return "it was not run";
}

function verdict({ goal, reference }: Line, ours: number | null, ratio: number | null): Row["goal"] {
  if (!goal) return null;
  const ofRatio = reference !== undefined && goal.of !== "value";
  const reached = ofRatio ? ratio : ours;
  if (reached === null) return null;
  const met = goal.at === "least" ? reached >= goal.value : reached <= goal.value;
  return { text: `${goal.at === "least" ? "≥" : "≤"} ${short(goal.value)}${ofRatio ? "×" : ""}`, met };
}

export function short(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)));
}

function spread({ median: middle, min, max, rounds }: Summary): string {
  return rounds < 2 ? short(middle) : `${short(middle)} (${short(min)}–${short(max)})`;
}

const HEAD = ["", "what", "unit", "ours", "reference", "ratio", "goal"];

function cellsOf(row: Row): string[] {
  const { id, what, unit, ours, reference, ratio, goal, reason } = row;
  return [
    id,
    what,
    unit,
    ours ? spread(ours) : `not measured: ${reason}`,
    reference ? `${reference.name} ${spread(reference)}` : ours && reason ? `not measured: ${reason}` : "",
    ratio ? `${short(ratio.median)}× (${short(ratio.min)}–${short(ratio.max)})` : "",
    goal ? `${goal.text} ${goal.met ? "✓" : "short"}` : "",
  ];
}

export function textTable(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  // A reason may be a sentence; it does not make its column wider.
  const widths = HEAD.map((_, column) =>
    Math.max(...cells.map((line) => (line[column]!.startsWith("not measured") ? 0 : line[column]!.length))),
  );
  return cells
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function markdownTable(rows: readonly Row[]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(HEAD), line(HEAD.map(() => "---")), ...rows.map((row) => line(cellsOf(row)))].join("\n");
}
