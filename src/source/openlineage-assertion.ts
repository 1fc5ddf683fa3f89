import type { Asset } from "../core/signal/asset.ts";
import { field, list, textAt } from "./json.ts";

/** One check on one dataset, as the facet dataQualityAssertions tells it. */
export type Assertion = {
  dataset: Asset;
  /** The test's own name where there is one, as one column may be tested twice in the same way. */
  name: string;
  kind: string;
  column: string | null;
  success: boolean;
  severity: string | null;
  actual: string | null;
  expected: string | null;
  raw: unknown;
};

/**
 * The checks of an event: https://openlineage.io/docs/spec/facets/dataset-facets/input-dataset-facets/data_quality_assertions.
 * Producers put the facet among a dataset's facets, its input facets, or both; of a check that is told twice a failure
 * counts.
 */
export function assertionsOf(event: unknown): Assertion[] {
  const found = new Map<string, Assertion>();
  for (const dataset of [...list(field(event, "inputs")), ...list(field(event, "outputs"))]) {
    const namespace = textAt(dataset, "namespace");
    const name = textAt(dataset, "name");
    if (namespace === null || name === null) continue;
    for (const raw of ["facets", "inputFacets", "outputFacets"].flatMap((place) =>
      list(field(dataset, place, "dataQualityAssertions", "assertions")),
    )) {
      const assertion = assertionOf(raw, { namespace, name });
      if (assertion === null) continue;
      const key = JSON.stringify([namespace, name, assertion.name, assertion.column]);
      if (!found.has(key) || !assertion.success) found.set(key, assertion);
    }
  }
  return [...found.values()];
}

/** Null for a check that does not say how it went. */
function assertionOf(raw: unknown, dataset: Asset): Assertion | null {
  const kind = textAt(raw, "assertion");
  const success = field(raw, "success");
  if (kind === null || typeof success !== "boolean") return null;
  return {
    dataset,
    name: textAt(raw, "name") ?? kind,
    kind,
    column: textAt(raw, "column"),
    success,
    severity: textAt(raw, "severity"),
    actual: textAt(raw, "actual"),
    expected: textAt(raw, "expected"),
    raw,
  };
}
