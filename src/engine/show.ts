import type { IncidentState, Recovery, Walk } from "../core/incident/state.ts";
import { currentStep, RECOVERIES } from "../core/incident/state.ts";
import { alertsDocument } from "../core/report/alerts.ts";
import { card } from "../core/report/card.ts";
import type { Document } from "../core/report/document.ts";
import { suspectsMessage } from "../core/report/suspects.ts";
import { walkDocument } from "../core/report/walk.ts";
import { parseRunbook } from "../core/runbook/parse.ts";
import { assetVariables, fill, type Variables } from "../core/runbook/variables.ts";
import type { Shown, Upload } from "./deliver.ts";
import type { OutboxRow } from "./ledger.ts";
import type { Reads } from "./ports.ts";

const ALERTS_SHOWN = 10;

export type ShowDeps = {
  reads: Pick<Reads, "alerts" | "runbookText">;
  /** Renders the postmortem of an incident in a format. */
  report(key: string, format: string): Promise<Upload | null>;
  now(): string;
};

/** What a row of the outbox shows of an incident as it stands now. */
export async function show(deps: ShowDeps, row: OutboxRow, state: IncidentState): Promise<Shown> {
  switch (row.kind) {
    case "card":
      return message(card({ state, assetCounts: assetCounts(state), now: deps.now() }));
    case "alerts":
      return message(
        alertsDocument({
          state,
          alerts: await deps.reads.alerts(state.key, ALERTS_SHOWN),
          total: state.alerts.total,
        }),
      );
    case "suspects":
      return message(suspectsMessage(state));
    case "walk":
      return walkShown(deps, (row.payload as { runbook: string }).runbook, state);
    case "notice":
      // It stands by itself, so the deliverer posts it without asking what an incident shows.
      return null;
    case "reply":
      return message(row.payload as Document);
    case "file": {
      const { format, at } = row.payload as { format: string; at: string };
      const file = await deps.report(state.key, format);
      // The title is the mark by which the upload is found again, so it differs from export to export.
      return (
        file && {
          type: "file",
          file: {
            ...file,
            title: `${state.key} postmortem, ${at.slice(0, 10)} ${at.slice(11, 19)} UTC (${format})`,
          },
        }
      );
    }
    default:
      return row.kind satisfies never;
  }
}

function message(document: Document): Shown {
  return { type: "message", document };
}

function assetCounts(state: IncidentState): Record<Recovery, number> {
  const counts = Object.fromEntries(RECOVERIES.map((r) => [r, 0])) as Record<Recovery, number>;
  for (const { recovery } of state.assets.values()) counts[recovery]++;
  return counts;
}

async function walkShown(deps: ShowDeps, runbook: string, state: IncidentState): Promise<Shown> {
  const walk = state.walks[runbook];
  if (!walk) return null;
  return message(
    walkDocument({ state, walk, step: stepOf(await deps.reads.runbookText(walk.hash), walk, state) }),
  );
}

/** The step a walk stands at, from the very text that was pinned, with its variables filled; null at the end. */
export function stepOf(
  text: string | null,
  walk: Walk,
  state: IncidentState,
): { title: string; body: string } | null {
  const current = currentStep(walk);
  if (!current || text === null) return null;
  const step = parseRunbook(walk.runbook, text).runbook?.steps.find((s) => s.id === current.id);
  return step ? { title: step.title, body: fill(step.body, variablesOf(state)) } : null;
}

/** What a runbook's variables stand for in an incident. */
function variablesOf(state: IncidentState): Variables {
  const { origin } = state;
  const asset = origin?.asset ?? [...state.assets.values()][0]?.asset ?? null;
  return {
    ...assetVariables(asset),
    source: origin?.source ?? null,
    title: state.title,
    error: origin?.description ?? null,
    incident: state.key,
    severity: state.severity,
    started_at: state.startedAt,
    run_url: origin?.links[0]?.url ?? null,
    labels: origin?.labels ?? {},
  };
}
