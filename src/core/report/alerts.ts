/** The living thread message with an incident's alerts: what each tool said, how often, and where to look. */
import { type IncidentState, leadingAlert } from "../incident/state.ts";
import { plural } from "../plural.ts";
import { clip } from "../signal/alert.ts";
import type { ReportedAlert } from "./api.ts";
import type { Block, Document, Span, Text } from "./document.ts";

/** What of an alert the message shows. */
export type AlertLine = Pick<
  ReportedAlert,
  | "fingerprint"
  | "source"
  | "status"
  | "title"
  | "description"
  | "links"
  | "firstSeenAt"
  | "lastSeenAt"
  | "count"
  | "outcome"
  | "reason"
  | "warnings"
  | "flapping"
>;

/** `alerts` are the few to show (at most ten), the leading one and firing ones first; `total` counts all. */
export type AlertsView = { state: IncidentState; alerts: AlertLine[]; total: number };

const SHOWN = 10;
const SHOWN_LINES = 2;

export function alertsDocument({ state, alerts, total }: AlertsView): Document {
  const counts = alertCounts(state) || "none left";
  const lead = leadingAlert(state);
  const rank = ({ fingerprint }: AlertLine) => (fingerprint === lead ? 0 : 1);
  const shown = alerts.slice(0, SHOWN).toSorted((a, b) => rank(a) - rank(b) || byAge(a, b));
  const blocks: Block[] = [
    { type: "heading", level: 2, text: `Alerts: ${counts}` },
    ...shown.flatMap(alertBlocks),
  ];
  if (total > shown.length)
    blocks.push({
      type: "context",
      text: [`…and ${plural(total - shown.length, "more alert")}; `, { code: "alerts" }, " lists them all"],
    });
  return { summary: `${state.key} alerts: ${counts}`, title: null, blocks };
}

export function alertCounts({ alerts }: IncidentState): string {
  return [
    ...(alerts.firing > 0 ? [`${alerts.firing} firing`] : []),
    ...(alerts.resolved > 0 ? [`${alerts.resolved} resolved`] : []),
    ...(alerts.held > 0 ? [`${alerts.held} held back`] : []),
  ].join(" · ");
}

/** What still fires, and of that the oldest first: what came first is nearest to the cause. */
function byAge(a: AlertLine, b: AlertLine): number {
  return a.status.localeCompare(b.status) || a.firstSeenAt.localeCompare(b.firstSeenAt);
}

function alertBlocks(alert: AlertLine): Block[] {
  const words: Span[] = [
    `${alertSign(alert)} `,
    { strong: alertState(alert) },
    ` · ${clip(alert.title, 200)}`,
  ];
  for (const line of unsaid(alert)) words.push("\n", { code: clip(line, 240) });
  return [
    { type: "paragraph", text: words },
    { type: "context", text: details(alert) },
  ];
}

/** The description's first lines that the title does not say already: the cause is often the second or third. */
function unsaid({ description, title }: AlertLine): string[] {
  const lines = (description ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !title.includes(line)).slice(0, SHOWN_LINES);
}

/** Whether it is held back: in the list of an incident, but nobody was told of it. */
export function isHeld(alert: Pick<ReportedAlert, "outcome">): boolean {
  return alert.outcome === "silenced" || alert.outcome === "inhibited";
}

export function alertSign(alert: AlertLine): string {
  if (isHeld(alert)) return "🔇";
  if (alert.flapping) return "🌀";
  return alert.status === "firing" ? "🔴" : "✅";
}

export function alertState(alert: AlertLine): string {
  if (alert.flapping) return "flapping";
  return isHeld(alert) ? `${alert.outcome}, ${alert.status}` : alert.status;
}

function details(alert: AlertLine): Text {
  const seen: Span[] =
    alert.count > 1
      ? [
          `${alert.count} times since `,
          { time: alert.firstSeenAt, style: "datetime" },
          ", last ",
          { time: alert.lastSeenAt, style: "datetime" },
        ]
      : [{ time: alert.firstSeenAt, style: "datetime" }];
  const links = alert.links
    .slice(0, 3)
    .flatMap((link): Span[] => [" · ", { link: clip(link.title, 40), url: link.url }]);
  const why = isHeld(alert) ? [` · ${clip(alert.reason, 160)}`] : [];
  // What exactly, `explain` says.
  const partly = (alert.warnings ?? []).length > 0 ? [" · ⚠️ only partly understood"] : [];
  return [`${alert.source} · `, ...seen, ...why, ...partly, ...links];
}
