import type { Asset } from "../core/signal/asset.ts";
import { field, list, object, textAt, truth } from "./json.ts";

/** One check on one dataset, as the facet dataQualityAssertions tells it, or one test of a run. */
export type Assertion = {
  /** Null for a test of a run that does not say which of several datasets it is about. */
  dataset: Asset | null;
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
  return found.size > 0 ? [...found.values()] : testsOf(event);
}

/**
 * The tests of a run (https://openlineage.io/docs/spec/facets/run-facets/test), which say nothing of datasets: where the
 * run reads one alone, they are about that. Producers that name the datasets give these beside the assertions.
 */
function testsOf(event: unknown): Assertion[] {
  const inputs = list(field(event, "inputs"));
  const [namespace, name] = [textAt(inputs[0], "namespace"), textAt(inputs[0], "name")];
  const dataset = inputs.length !== 1 || namespace === null || name === null ? null : { namespace, name };
  return list(field(event, "run", "facets", "test", "tests")).flatMap((raw) => {
    const status = textAt(raw, "status")?.toLowerCase();
    const test = textAt(raw, "name");
    if (test === null || (status !== "pass" && status !== "fail")) return [];
    const said = { ...object(raw), assertion: textAt(raw, "type") ?? test, success: status === "pass" };
    return assertionOf(said, dataset) ?? [];
  });
}

/** Null for a check that does not say how it went. */
function assertionOf(raw: unknown, dataset: Asset | null): Assertion | null {
  const kind = textAt(raw, "assertion");
  const success = truth(field(raw, "success"));
  if (kind === null || success === null) return null;
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
