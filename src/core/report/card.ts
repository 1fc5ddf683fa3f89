/** The root message of an incident: one screen of a phone that says what is broken, who has it, and what to press next. */
import { assetsInOrder, currentStep, type IncidentState, isOpen, type Recovery } from "../incident/state.ts";
import { clip } from "../signal/alert.ts";
import { type ActionName, targetValue } from "./action-name.ts";
import { clocks, formatDuration } from "./clocks.ts";
import type { Block, Button, Document, Span, Text } from "./document.ts";
import { actorSpan, assetNames, linked, PHASE_LOOKS, phaseWords, RECOVERY_LOOKS } from "./wording.ts";

export type CardView = {
  /** Its assets may be a few of many; `assetCounts` counts all of them. */
  state: IncidentState;
  assetCounts: Record<Recovery, number>;
  /** ISO 8601 UTC. */
  now: string;
};

const SHOWN_ASSETS = 3;
const SHOWN_LINKS = 3;

export function card(view: CardView): Document {
  const { state } = view;
  const drill = state.kind === "drill";
  const sign = drill ? "🟣" : PHASE_LOOKS[state.phase].sign;
  const unsettled = unsettledCount(view);
  const words = phaseWords(state, unsettled);
  // What becomes of its alerts and data, the message of the one that took it in says.
  const isElsewhere = state.phase === "merged";
  // Of a false alarm no data broke, and none is still wrong.
  const wasNoProblem = isElsewhere || state.phase === "cancelled";
  const facts: { label: string; value: Text }[] = [
    { label: "State", value: stateText(state, words) },
    ...(wasNoProblem ? [] : assetFact(view)),
    ...(isElsewhere ? [] : [...alertFact(state), ...leadFact(state)]),
    ...(wasNoProblem ? [] : [{ label: "Data broke", value: clockText(state) }]),
    ...statusFact(state),
    ...(isElsewhere ? [] : runbookFact(state)),
    ...linkFact(state),
  ];
  const blocks: Block[] = [
    ...(drill ? [drillNotice()] : []),
    { type: "facts", facts },
    ...(state.phase === "triggered" ? [{ type: "context" as const, text: openedText(state) }] : []),
    ...buttons(view).map((row): Block => ({ type: "actions", buttons: row })),
  ];
  return {
    summary: `${drill ? "DRILL: " : ""}${state.key} ${state.severity}, ${words}: ${state.title}`,
    title: `${sign} ${state.key} · ${drill ? "DRILL · " : ""}${state.severity} · ${state.title}`,
    blocks,
  };
}

function unsettledCount({ assetCounts }: CardView): number {
  return assetCounts.impacted + assetCounts.recovering;
}

function drillNotice(): Block {
  return {
    type: "paragraph",
    text: ["🟣 ", { strong: "DRILL – this is practice. No real data is broken." }],
  };
}

function stateText(state: IncidentState, words: string): Text {
  const known: Span[] = [`${PHASE_LOOKS[state.phase].sign} `, { strong: words }];
  if (state.phase === "acknowledged" && state.acknowledgedBy)
    known.push(" by ", actorSpan(state.acknowledgedBy));
  if (state.outcome && state.phase !== "merged") known.push(` – ${clip(state.outcome, 160)}`);
  return known;
}

function assetFact(view: CardView): { label: string; value: Text }[] {
  const { state, assetCounts } = view;
  const total = Object.values(assetCounts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  const order: Recovery[] = ["impacted", "recovering", "verified", "waived"];
  const worstFirst = assetsInOrder(state).sort(
    (a, b) => order.indexOf(a.recovery) - order.indexOf(b.recovery),
  );
  const shown = worstFirst.slice(0, SHOWN_ASSETS);
  const value = order
    .map((recovery) => shown.filter((known) => known.recovery === recovery))
    .filter((alike) => alike.length > 0)
    .flatMap((alike, index): Span[] => [
      ...(index > 0 ? ["; "] : []),
      ...assetNames(alike, SHOWN_ASSETS),
      ` ${RECOVERY_LOOKS[alike[0]!.recovery].words}`,
    ]);
  if (total > shown.length) {
    const counts = order.filter((recovery) => assetCounts[recovery] > 0);
    const each = counts.map((recovery) => `${assetCounts[recovery]} ${recovery}`).join(", ");
    // Where they differ, how many more there are would read as more of those that are named.
    value.push(
      counts.length > 1
        ? ` – of ${total} in all, ${each}`
        : ` and ${total - shown.length} more (${each} in all)`,
    );
  }
  return [{ label: "Data", value }];
}

function alertFact({ alerts, flapping, runs, recovery }: IncidentState): { label: string; value: Text }[] {
  if (alerts.total === 0 && alerts.held === 0) return [];
  const flaps = Object.keys(flapping).length;
  const passed =
    runs > 0 && recovery.passes > 1
      ? `, passed ${Math.min(runs, recovery.passes)} of ${recovery.passes} runs`
      : "";
  const parts = [
    ...(alerts.firing > 0 ? [`${alerts.firing} firing${flaps > 0 ? ` (${flaps} flapping)` : ""}`] : []),
    ...(alerts.resolved > 0 ? [`${alerts.resolved} resolved${passed}`] : []),
    ...(alerts.held > 0 ? [`${alerts.held} held back`] : []),
  ];
  return [{ label: "Alerts", value: parts.join(" · ") }];
}

function leadFact({ roles }: IncidentState): { label: string; value: Text }[] {
  const lead = roles.lead;
  return lead ? [{ label: "Lead", value: { person: lead.name, id: lead.id } }] : [];
}

function clockText(state: IncidentState): Text {
  const { ttd, ttm, ttr, total } = clocks(state);
  const text: Span[] = [{ time: state.startedAt, style: "datetime" }];
  text.push(ttd < 60_000 ? ", noticed at once" : `, noticed ${formatDuration(ttd)} later`);
  if (total !== null && ttr !== null) return [...text, `, resolved in ${formatDuration(ttr)}`];
  return ttm === null ? text : [...text, `, mitigated in ${formatDuration(ttm)}`];
}

/** The last update, until the outcome says more; where there is none, what was known at first. */
function statusFact(state: IncidentState): { label: string; value: Text }[] {
  if (!isOpen(state.phase)) return [];
  if (state.lastStatus) {
    const { text, at, by } = state.lastStatus;
    const said: Text = [...linked(clip(text, 280)), " – ", actorSpan(by), ", ", { time: at, style: "time" }];
    return [{ label: "Status", value: said }];
  }
  return state.summary ? [{ label: "Known", value: linked(clip(state.summary, 280)) }] : [];
}

function runbookFact(state: IncidentState): { label: string; value: Text }[] {
  const walks = Object.values(state.walks);
  const walk = walks.find((one) => one.finishedAt === null) ?? walks.at(-1);
  if (walk) {
    const step = currentStep(walk);
    const where = step ? `step ${step.index + 1} of ${walk.steps.length}` : "finished";
    return [{ label: "Runbook", value: `${clip(walk.title, 80)} – ${where}` }];
  }
  // Why it fits is told where the runbooks are listed. What is over was not walked by it.
  const [best] = isOpen(state.phase) ? state.suggestedRunbooks : [];
  return best ? [{ label: "Runbook", value: clip(best.title, 80) }] : [];
}

function linkFact(state: IncidentState): { label: string; value: Text }[] {
  const links = [...state.links, ...(state.origin?.links ?? [])];
  const distinct = links.filter(
    (link, index) => links.findIndex((other) => other.url === link.url) === index,
  );
  const value = distinct.slice(0, SHOWN_LINKS).flatMap((link, index): Span[] => {
    return [...(index > 0 ? [" · "] : []), { link: clip(link.title, 40), url: link.url }];
  });
  return value.length > 0 ? [{ label: "Links", value }] : [];
}

function openedText(state: IncidentState): Text {
  const by: Span[] = state.origin
    ? [`Opened by ${state.origin.source}${state.team ? ` · for ${state.team}` : ""}`]
    : ["Declared by ", actorSpan(state.openedBy)];
  return [...by, " · stuck? type @breakwater help"];
}

/**
 * The buttons that fit the state: the first row moves the incident on, the second is the rest. One is primary, the next
 * natural step. Resolve is not there while data is left to recover: Slack has no disabled button, and More… opens the
 * same form, which says what is in the way.
 */
function buttons(view: CardView): Button[][] {
  const rows = [onward(view), beside(view)];
  return rows.filter((row) => row.length > 0);
}

function onward(view: CardView): Button[] {
  const { state } = view;
  const unsettled = unsettledCount(view) > 0;
  const button = (action: ActionName, label: string, primary = false): Button => ({
    action,
    label,
    value: state.key,
    ...(primary && { style: "primary" as const }),
  });
  switch (state.phase) {
    case "triggered":
      return [button("ack", "Acknowledge", true), runbookButton(state), button("mitigate", "Mitigated")];
    case "acknowledged": {
      const over = !unsettled && state.alerts.firing === 0 && state.alerts.total > 0;
      return [
        button("mitigate", "Mitigated", !over),
        runbookButton(state),
        unsettled ? button("restored", "Data recovered") : button("resolve", "Resolve", over),
      ];
    }
    case "mitigated":
      return [
        unsettled ? button("restored", "Data recovered", true) : button("resolve", "Resolve", true),
        runbookButton(state),
      ];
    case "resolved":
      return [
        button("postmortem", "Postmortem", true),
        button("review", "Write review"),
        button("reopen", "Reopen"),
      ];
    case "closed":
      return [button("postmortem", "Postmortem"), button("reopen", "Reopen")];
    case "cancelled":
      return [button("reopen", "Reopen")];
    case "merged":
      return [];
    default:
      return state.phase satisfies never;
  }
}

function beside({ state }: CardView): Button[] {
  const value = state.key;
  const more: Button = { action: "more", label: "More…", value };
  const severity: Button = { action: "severity", label: "Severity", value };
  const lead: Button[] = state.roles.lead ? [] : [{ action: "lead", label: "Take lead", value }];
  switch (state.phase) {
    case "triggered":
    case "mitigated":
      return [...lead, severity, more];
    case "acknowledged":
      return [...lead, severity, { action: "unack", label: "Unacknowledge", value }, more];
    case "resolved":
      return [{ action: "close", label: "Close", value }, more];
    case "closed":
      return [more];
    case "merged":
    case "cancelled":
      return [];
    default:
      return state.phase satisfies never;
  }
}

/** Starts the runbook that fits best; once one was started, or where none fits, it shows what there is. */
function runbookButton(state: IncidentState): Button {
  const [best] = state.suggestedRunbooks;
  if (best && Object.keys(state.walks).length === 0) {
    return { action: "runbook_start", label: "Start runbook", value: targetValue(state.key, best.slug) };
  }
  return { action: "runbook", label: "Runbook", value: state.key };
}
