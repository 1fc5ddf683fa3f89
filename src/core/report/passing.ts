/** What the thread hears of alerts that pass, and of those that come and go. */
import type { EventOf, EventType, RecordedEvent } from "../incident/events.ts";
import { type IncidentState, isOpen, unsettledAssets } from "../incident/state.ts";
import { plural } from "../plural.ts";
import { clip } from "../signal/alert.ts";
import { formatDuration } from "./clocks.ts";
import type { Block, Button, Span, Text } from "./document.ts";
import { assetNames } from "./wording.ts";

const SHOWN_TITLES = 3;

/** Empty where an incident is over, or fires again by the end of these events: then it says that. */
export function passingReplies(events: RecordedEvent[], state: IncidentState): Block[] {
  if (!isOpen(state.phase)) return [];
  return [...flappingReplies(events), ...(state.alerts.firing > 0 ? [] : passedReplies(events, state))];
}

/** All passed: the moment to look whether the data is right again. */
function passedReplies(events: RecordedEvent[], state: IncidentState): Block[] {
  const [passed] = bodiesOf(events, "checks_passed");
  if (!passed) return passedSomeReplies(events, state);
  const left = unsettledAssets(state);
  const words =
    passed.runs === 1 ? resolvedWords(state) : `Checks pass: ${plural(passed.runs, "run")} in a row.`;
  const next: Text =
    left.length > 0
      ? ["Check that the data is right again: ", ...assetNames(left, 5)]
      : "No data is left to recover.";
  const button: Button =
    left.length > 0
      ? { action: "restored", label: "Data recovered", value: state.key, style: "primary" }
      : { action: "resolve", label: "Resolve", value: state.key, style: "primary" };
  return [
    { type: "paragraph", text: ["✅ ", { strong: words }] },
    { type: "context", text: next },
    { type: "actions", buttons: [button] },
  ];
}

/** The first run that all pass is told; the card counts the others. */
function passedSomeReplies(events: RecordedEvent[], state: IncidentState): Block[] {
  const [passed] = bodiesOf(events, "run_passed");
  if (!passed || bodiesOf(events, "alert_resolved").length === 0) return [];
  const next = `Not over yet: ${passed.of} runs in a row have to pass.`;
  return [
    {
      type: "paragraph",
      text: ["✅ ", { strong: resolvedWords(state) }, ` ${runWords(passed.runs, passed.of)}`],
    },
    { type: "context", text: next },
  ];
}

function resolvedWords({ alerts }: IncidentState): string {
  return alerts.total === 1 ? "The alert has resolved." : `All ${alerts.total} alerts have resolved.`;
}

/** `Passed 1 of 3 runs.` */
function runWords(runs: number, of: number): string {
  return `Passed ${runs} of ${plural(of, "run")}.`;
}

/** Many that begin at once, as checks of one table may, are one line. */
function flappingReplies(events: RecordedEvent[]): Block[] {
  const began = bodiesOf(events, "flapping_began");
  const ended = bodiesOf(events, "flapping_ended").map((body) => ({
    ...body,
    status: lastStatus(events, body.fingerprint) ?? body.status,
  }));
  const blocks: Block[] = [];
  const [first] = began;
  if (first) {
    const { changes, overMs, quietMs } = first;
    const held = `held until ${began.length === 1 ? "it is" : "they are"} quiet for ${formatDuration(quietMs)}.`;
    const often = began.length === 1 ? `${changes} changes in ${formatDuration(overMs)}; ` : "";
    const verb = began.length === 1 ? " flaps: " : " flap: ";
    blocks.push({ type: "paragraph", text: ["🌀 ", ...titles(began), verb, often, held] });
  }
  for (const status of ["resolved", "firing"] as const) {
    const alike = ended.filter((body) => body.status === status);
    const words = status === "firing" ? ["fires", "fire"] : ["passes", "pass"];
    const now =
      alike.length === 1 ? ` is quiet again: it ${words[0]}.` : ` are quiet again: they ${words[1]}.`;
    if (alike.length > 0) blocks.push({ type: "paragraph", text: ["🌀 ", ...titles(alike), now] });
  }
  return blocks;
}

/** The signal that found it quiet may have said something else at once. */
function lastStatus(events: RecordedEvent[], fingerprint: string): "firing" | "resolved" | null {
  const last = events.findLast(
    ({ body }) =>
      (body.type === "alert_refired" || body.type === "alert_resolved") && body.fingerprint === fingerprint,
  );
  return last ? (last.body.type === "alert_refired" ? "firing" : "resolved") : null;
}

function titles(alerts: { title: string }[]): Span[] {
  const shown = alerts
    .slice(0, SHOWN_TITLES)
    .flatMap(({ title }, index): Span[] => [...(index > 0 ? [", "] : []), { strong: clip(title, 160) }]);
  return alerts.length > SHOWN_TITLES ? [...shown, ` and ${alerts.length - SHOWN_TITLES} more`] : shown;
}

function bodiesOf<T extends EventType>(events: RecordedEvent[], type: T): EventOf<T>[] {
  return events.flatMap(({ body }) => (body.type === type ? [body as EventOf<T>] : []));
}
