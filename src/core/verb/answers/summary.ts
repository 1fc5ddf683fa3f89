import { actorName } from "../../incident/person.ts";
import { currentStep, type IncidentState, isOpen, unsettledAssets } from "../../incident/state.ts";
import { plural } from "../../plural.ts";
import { elapsed, formatDuration } from "../../report/clocks.ts";
import type { Document, Text } from "../../report/document.ts";
import { keyOf, PHASE_LOOKS } from "../../report/wording.ts";
import { clip } from "../../signal/alert.ts";
import { listed } from "./listed.ts";
import { taskItem } from "./tasks.ts";
import { latestEntries, type ShownEntry, timelineItems } from "./timeline.ts";

const ASSETS = 5;
const TASKS = 5;
const LATEST = 5;

/**
 * The catch-up for somebody who comes to it late: what it is, where it stands and since when, who leads, the last word,
 * what is still wrong and what is left to do. Made from the record alone, so that two people are told the same.
 */
export function summaryDocument(
  state: IncidentState,
  entries: ShownEntry[],
  now: string,
  timeZone: string,
): Document {
  const headline = `${state.key} ${state.severity} ${state.phase}: ${state.title}`;
  const latest = latestEntries(entries, LATEST);
  return {
    summary: `${headline}; ${openFor(state, now)}, ${leadOf(state)}`,
    title: `${state.key} · ${state.title}`,
    blocks: [
      ...(state.summary ? [{ type: "paragraph" as const, text: state.summary }] : []),
      { type: "facts", facts: facts(state, now) },
      ...listed("Data still wrong", stillWrong(state)),
      ...listed("Runbook", walks(state)),
      ...listed("Action items", openTasks(state)),
      ...listed("Latest", timelineItems(latest, timeZone)),
    ],
  };
}

function facts(state: IncidentState, now: string): { label: string; value: Text }[] {
  const { firing, total, held } = state.alerts;
  return [
    {
      label: "State",
      value: [
        `${PHASE_LOOKS[state.phase].sign} `,
        { strong: state.phase },
        ...(state.mergedInto ? [` into ${state.mergedInto}`] : []),
        `, ${state.severity}${state.kind === "drill" ? ", a drill" : ""}`,
      ],
    },
    { label: "Since", value: [{ time: state.detectedAt, style: "datetime" }, `, ${openFor(state, now)}`] },
    ...(state.startedAt < state.detectedAt && state.phase !== "cancelled"
      ? [{ label: "Data broke", value: { time: state.startedAt, style: "datetime" } as const }]
      : []),
    { label: "Lead", value: state.roles.lead?.name ?? leadOf(state) },
    ...(total > 0 && state.phase !== "merged"
      ? [{ label: "Alerts", value: `${firing} firing of ${total}${held > 0 ? `, ${held} held` : ""}` }]
      : []),
    {
      label: "Last status",
      value: state.lastStatus
        ? [
            `${clip(state.lastStatus.text, 500)} (${actorName(state.lastStatus.by)}, `,
            { time: state.lastStatus.at, style: "ago" },
            ")",
          ]
        : "none yet",
    },
    ...(state.outcome ? [{ label: "Outcome", value: clip(state.outcome, 500) }] : []),
    { label: "Thread", value: keyOf(state) },
  ];
}

function openFor(state: IncidentState, now: string): string {
  const end = state.resolvedAt ?? state.closedAt;
  const took = formatDuration(elapsed(state.detectedAt, end ?? now)!);
  return isOpen(state.phase) ? `open for ${took}` : `over after ${took}`;
}

function leadOf(state: IncidentState): string {
  if (state.roles.lead) return `${state.roles.lead.name} leads`;
  return state.acknowledgedBy
    ? `nobody leads, ${actorName(state.acknowledgedBy)} acknowledged`
    : "nobody leads";
}

/** Of a false alarm none is, and of what was merged the other incident says. */
function stillWrong(state: IncidentState): Text[] {
  if (state.phase === "cancelled" || state.phase === "merged") return [];
  const left = unsettledAssets(state);
  const items = left
    .slice(0, ASSETS)
    .map((known): Text => [{ code: known.asset.name }, ` ${known.recovery}`]);
  return left.length > ASSETS ? [...items, `and ${left.length - ASSETS} more`] : items;
}

function walks(state: IncidentState): Text[] {
  return Object.values(state.walks).map((walk) => {
    const step = currentStep(walk);
    const dealt = walk.steps.filter((s) => s.result !== null).length;
    const progress = `${walk.title}: ${dealt} of ${plural(walk.steps.length, "step")}`;
    return step ? `${progress}, at step ${step.index + 1}, ${step.title}` : `${progress}, finished`;
  });
}

function openTasks(state: IncidentState): Text[] {
  const left = state.tasks.filter((task) => task.doneAt === null);
  const items = left.slice(0, TASKS).map(taskItem);
  return left.length > TASKS ? [...items, `and ${left.length - TASKS} more`] : items;
}
