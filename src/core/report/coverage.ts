import { actorName } from "../incident/person.ts";
import { currentStep, type IncidentState, type Walk } from "../incident/state.ts";
import { elapsed, isFinished } from "./clocks.ts";

export type CoveredStep = {
  id: string;
  title: string;
  /** `under way` is the step that people are at while the incident lasts; what its end left over was not reached. */
  outcome: "done" | "skipped" | "failed" | "under way" | "not reached";
  note: string | null;
  by: string | null;
  at: string | null;
  /** Since the outcome before it, or since the walk began; null where not reached. */
  tookMs: number | null;
};

/** `carriedOut` counts the steps done or failed, `percent` is their share of all: a skipped step was not covered. */
export type Coverage = {
  runbook: string;
  title: string;
  hash: string;
  startedAt: string;
  startedBy: string;
  finishedAt: string | null;
  steps: CoveredStep[];
  counts: Record<CoveredStep["outcome"], number>;
  carriedOut: number;
  percent: number;
};

/** How far a runbook of this incident was walked, step by step. */
export function coverage(walk: Walk, state: IncidentState): Coverage {
  const current = isFinished(state) ? null : currentStep(walk);
  const steps = walk.steps.map(({ id, title, result }): CoveredStep => {
    if (!result) {
      const outcome = id === current?.id ? "under way" : "not reached";
      return { id, title, outcome, note: null, by: null, at: null, tookMs: null };
    }
    return {
      id,
      title,
      outcome: result.outcome,
      note: result.note,
      by: actorName(result.by),
      at: result.at,
      tookMs: elapsed(since(walk, result.at), result.at),
    };
  });
  const counts = { done: 0, skipped: 0, failed: 0, "under way": 0, "not reached": 0 };
  for (const step of steps) counts[step.outcome]++;
  const carriedOut = counts.done + counts.failed;
  return {
    runbook: walk.runbook,
    title: walk.title,
    hash: walk.hash,
    startedAt: walk.startedAt,
    startedBy: actorName(walk.startedBy),
    finishedAt: walk.finishedAt,
    steps,
    counts,
    carriedOut,
    percent: steps.length === 0 ? 0 : Math.round((100 * carriedOut) / steps.length),
  };
}

/** The outcome before this one by time, not by place: people go back and do a step again. */
function since(walk: Walk, at: string): string {
  const before = walk.steps.flatMap(({ result }) => (result && result.at < at ? [result.at] : []));
  return [walk.startedAt, ...before].toSorted().at(-1)!;
}
