import { assetsInOrder, currentStep, type IncidentState, type Walk } from "../incident/state.ts";
import { parseRunbook } from "./parse.ts";
import { assetVariables, fill, type Variables } from "./variables.ts";

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
  const asset = origin?.asset ?? assetsInOrder(state)[0]?.asset ?? null;
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
