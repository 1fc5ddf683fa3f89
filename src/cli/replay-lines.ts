import { plural } from "../core/plural.ts";
import type { ReplayedIncident } from "../core/report/replay.ts";
import { clip } from "../core/signal/alert.ts";
import type { ExplainedDifference, ReplayReport, Totals, Turn } from "../replay/replay.ts";
import { columns, plain } from "./terminal.ts";

/** What a replay found, as lines for a terminal or a comment on a change, and as JSON. */

/** More than these are counted; --json has them all. */
const SHOWN = { differences: 50, incidents: 10, turns: 5 } as const;
const TITLE_CHARS = 100;

export function reportLines(report: ReplayReport, names: { before: string; after: string }): string[] {
  const { signals, first, last, recorded, before, after, differences } = report;
  const over = `${plural(signals, "signal")} from ${first} to ${last}`;
  if (differences.length === 0)
    return [
      `No difference: ${plural(before.incidents, "incident")} and ${plural(messages(before), "message")} either way, over ${over}.`,
    ];
  const more = differences.length - SHOWN.differences;
  return [
    `${over}; they went to ${plural(recorded, "incident")} when they came. Replayed:`,
    "",
    ...columns(
      [
        ["", names.before, names.after],
        ["incidents", String(before.incidents), String(after.incidents)],
        ["messages", String(messages(before)), String(messages(after))],
        ["  that open one", String(before.posts), String(after.posts)],
        ["  in threads", String(before.replies), String(after.replies)],
      ],
      [1, 2],
    ),
    "",
    `${plural(differences.length, "difference")}:`,
    ...differences.slice(0, SHOWN.differences).flatMap((difference) => ["", ...differenceLines(difference)]),
    ...(more > 0 ? ["", `and ${more} more; --json has all of them.`] : []),
  ];
}

function messages({ posts, replies }: Totals): number {
  return posts + replies;
}

function differenceLines(difference: ExplainedDifference): string[] {
  const { before, after, fields, turns, left, joined } = difference;
  const listed = before.length >= after.length ? before : after;
  return [
    headline(difference),
    ...listed.slice(0, SHOWN.incidents).map(incidentLine),
    ...rest(listed.length - SHOWN.incidents, "incident"),
    ...fields.map(
      ({ field, before, after, reason }) =>
        `  ${field}: ${shown(before)} → ${shown(after)}${reason === null ? "" : ` (${plain(reason)})`}`,
    ),
    ...(left > 0 && after.length > 0 ? [`  ${plural(left, "signal")} no longer in an incident`] : []),
    ...(joined > 0 && before.length > 0
      ? [`  ${plural(joined, "signal")} in an incident that was in none`]
      : []),
    ...turns.slice(0, SHOWN.turns).flatMap(turnLines),
    ...rest(turns.length - SHOWN.turns, "such alert"),
  ];
}

function headline({ kind, before, after }: ExplainedDifference): string {
  switch (kind) {
    case "merged":
      return `${listNames(before)} become one`;
    case "split":
      return `${listNames(before)} becomes ${after.length}`;
    case "regrouped":
      return `${listNames(before)} are grouped differently: ${before.length} become ${after.length}`;
    case "gone":
      return `${listNames(before)} no longer opens`;
    case "new":
      return `${listNames(after)} opens, which did not before`;
    case "changed":
      return `${listNames(before)} changes`;
    default:
      return kind satisfies never;
  }
}

function listNames(incidents: ReplayedIncident[]): string {
  const names = incidents.slice(0, SHOWN.incidents).map(({ name }) => name);
  if (incidents.length > names.length) names.push(`${incidents.length - names.length} more`);
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function incidentLine({ name, severity, at, title }: ReplayedIncident): string {
  return `  ${name}  ${severity}  ${at}  ${cut(title)}`;
}

function turnLines({ title, at, before, after }: Turn): string[] {
  return [
    `  ${at}  ${cut(title)}`,
    `    was ${before.outcome}: ${plain(before.reason)}`,
    `    now ${after.outcome}: ${plain(after.reason)}`,
  ];
}

function rest(more: number, noun: string): string[] {
  return more > 0 ? [`  and ${plural(more, `more ${noun}`)}`] : [];
}

function shown(value: string | number | null): string {
  return value === null ? "none" : plain(String(value));
}

function cut(text: string): string {
  return clip(plain(text), TITLE_CHARS);
}

/** Keys of a replay mean nothing outside it, so an incident goes by its name. */
export function reportJson(report: ReplayReport) {
  const named = ({ key: _, ...incident }: ReplayedIncident) => incident;
  return {
    ...report,
    differences: report.differences.map(({ before, after, ...difference }) => ({
      ...difference,
      before: before.map(named),
      after: after.map(named),
    })),
  };
}
