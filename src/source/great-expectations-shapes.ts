import { partsOf } from "./draft.ts";
import { field, type JsonObject, list, object, textAt } from "./json.ts";
import { jsonIn } from "./parse-body.ts";

/** The result of one expectation, with what stands around it in the body. */
export type ExpectationResult = {
  result: unknown;
  /** The validation result (one suite on one batch) that it is part of, without its other results. */
  validation: JsonObject;
  checkpoint: string | null;
  /** The checkpoint's own run id, for validation results that have none. */
  runId: unknown;
};

/** A part of null is one in which no results were found. */
type Found = { path: string; part: ExpectationResult | null };
type Around = Pick<ExpectationResult, "checkpoint" | "runId">;

/**
 * Great Expectations posts nothing by itself that can be read, so bodies are made by callbacks of many kinds: what
 * `describe()`, `describe_dict()` or `to_json_dict()` of a checkpoint's or validation's result give, a checkpoint's
 * result with `run_results` by their key, or a list of any of these.
 */
export function expectationResults(body: unknown): Found[] {
  return partsOf(fromText(body)).flatMap(({ path, part }) =>
    resultsOf(fromText(part), path, { checkpoint: null, runId: null }),
  );
}

/** `describe()` returns a text of JSON, and sending that as JSON makes a text of a text. */
export function fromText(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  return jsonIn(value) ?? value;
}

/** Of a checkpoint's result, or of the result of one of its validations. */
function resultsOf(part: unknown, path: string, around: Around): Found[] {
  const whole = object(part);
  if (whole === null) return [{ path, part: null }];
  const inside = {
    checkpoint: checkpointOf(whole) ?? around.checkpoint,
    runId: whole.run_id ?? around.runId,
  };
  for (const name of ["validation_results", "run_results"]) {
    const validations = membersOf(whole[name], at(path, name));
    if (validations !== null) {
      return validations.flatMap(({ path, part }) => validationResults(unwrapped(part), path, inside));
    }
  }
  return validationResults(whole, path, inside);
}

function validationResults(part: unknown, path: string, around: Around): Found[] {
  const whole = object(fromText(part));
  const name = Array.isArray(whole?.results) ? "results" : "expectations";
  if (whole === null || !Array.isArray(whole[name])) return [{ path, part: null }];
  const { [name]: _, ...validation } = whole;
  return partsOf(list(whole[name]), at(path, name)).map(({ path, part }) => ({
    path,
    part: { ...around, result: part, validation },
  }));
}

/** Results stand in a list, or under their keys. */
function membersOf(value: unknown, path: string): { path: string; part: unknown }[] | null {
  if (Array.isArray(value)) return partsOf(value, path);
  const members = object(value);
  return (
    members && Object.entries(members).map(([key, part]) => ({ path: `${path}.${key.slice(0, 200)}`, part }))
  );
}

/** Up to version 0.18 a run result held the validation's result beside its id and the results of the actions. */
function unwrapped(part: unknown): unknown {
  const validation = object(field(part, "validation_result"));
  const suite = textAt(part, "validation_id", "expectation_suite_identifier", "name");
  return validation === null ? part : { suite_name: suite, ...validation };
}

function checkpointOf(whole: JsonObject): string | null {
  return (
    textAt(whole, "checkpoint_name") ??
    textAt(whole, "checkpoint_config", "name") ??
    textAt(whole, "_metadata", "checkpoint_name") ??
    textAt(whole, "checkpoint")
  );
}

function at(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
