import type { IncidentState } from "../core/incident/state.ts";
import type { Batch } from "./batch.ts";

/**
 * Whether a person took two incidents apart, by splitting one off the other or by moving alerts between them. Lineage and
 * grouping keys then no longer bring them together. What was taken apart stays so where one of the two is merged into a
 * third.
 */
export async function areApart(batch: Batch, one: IncidentState, other: string): Promise<boolean> {
  for (const key of one.apart) if ((await standsIn(batch, key)) === other) return true;
  return false;
}

/** The incident that has by now what an incident had. */
async function standsIn(batch: Batch, key: string): Promise<string> {
  const { mergedInto } = await batch.state(key);
  return mergedInto === null ? key : standsIn(batch, mergedInto);
}
