import type { IncidentState, Recovery } from "../core/incident/state.ts";
import { leadingAlert, RECOVERIES, walkIn } from "../core/incident/state.ts";
import { alertsDocument } from "../core/report/alerts.ts";
import { card } from "../core/report/card.ts";
import type { Document } from "../core/report/document.ts";
import { suspectsMessage } from "../core/report/suspects.ts";
import { walkDocument } from "../core/report/walk.ts";
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
          alerts: await deps.reads.alerts(state.key, ALERTS_SHOWN, leadingAlert(state)),
          total: state.alerts.total + state.alerts.held,
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
  const walk = walkIn(state, runbook);
  if (!walk) return null;
  const text = await deps.reads.runbookText(walk.hash);
  // Markdown takes long to load, and the first message after a start is seldom a walk.
  const { stepOf } = await import("../core/runbook/step.ts");
  return message(walkDocument({ state, walk, step: stepOf(text, walk, state) }));
}
