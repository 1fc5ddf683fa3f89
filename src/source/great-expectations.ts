import type { AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { datasetFromParts } from "../core/signal/dataset.ts";
import { cleanJson } from "../core/signal/text.ts";
import { readSeverity } from "../core/signal/words.ts";
import { bearerOrToken } from "./auth.ts";
import { finishAlert, hashOf, invalid, readEach } from "./draft.ts";
import { type ExpectationResult, expectationResults, fromText } from "./great-expectations-shapes.ts";
import { field, firstLine, list, object, text, textAt, truth } from "./json.ts";
import { saidText } from "./placeholder.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * Great Expectations has no webhook that can be read; what comes is sent by the action in
 * docs/sources/great-expectations.md or by one of the user's own. The results are described in
 * https://docs.greatexpectations.io/docs/reference/api/core/ExpectationSuiteValidationResult_class.
 */
export const greatExpectations = {
  name: "great-expectations",
  title: "Great Expectations",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    return readEach(expectationResults(request.body), (part) => {
      if (part !== null) return readResult(part, request);
      throw invalid(
        "This is no result of Great Expectations. Send what docs/sources/great-expectations.md shows.",
        [
          {
            path: "results",
            message:
              "is required in a result of Great Expectations (or expectations, validation_results, run_results)",
          },
        ],
      );
    });
  },
} satisfies Source;

function readResult(part: ExpectationResult, request: SourceRequest): AlertSignal | null {
  const config = object(field(part.result, "expectation_config"));
  const type =
    textAt(config, "type") ?? textAt(config, "expectation_type") ?? textAt(part.result, "expectation_type");
  if (type === null) {
    throw invalid("The result names no expectation.", [
      { path: "expectation_config.type", message: "is required" },
    ]);
  }
  // numpy's booleans, which are no JSON, reach us as texts.
  const success = truth(field(part.result, "success"));
  const exception = exceptionOf(part.result);
  // Without a result, and without an error that explains why, nothing is known.
  if (success === null && exception === null) return null;
  const firing = success !== true || exception !== null;
  const kwargs = object(field(config, "kwargs")) ?? object(field(part.result, "kwargs")) ?? {};
  const place = placeOf(part, kwargs);
  const column = columnOf(kwargs);
  const environment = text(request.query.environment);
  const identity = [environment, place.key, type, column, kwargsHash(kwargs)]
    .filter((each) => each !== null)
    .join("/");
  const run = runOf(part);
  const severity = severityWord(part.result, config);
  return finishAlert(
    {
      source: "great-expectations",
      dedupKey: identity,
      deliveryId: run.id === null ? null : `${identity}/${run.id}/${firing ? "firing" : "resolved"}`,
      status: firing ? "firing" : "resolved",
      severity: readSeverity(severity) ?? "error",
      title: `${type} on ${[place.shown, column].filter(Boolean).join(".")} ${outcomeOf(part.result, firing, exception)}`,
      description: descriptionOf(kwargs, exception),
      assets: [assetOf(place, text(request.query.namespace))],
      labels: {
        expectation: type,
        column,
        batch: place.batch,
        suite: suiteOf(part),
        checkpoint: part.checkpoint,
        run_name: run.name,
        environment,
        expectation_id: textAt(config, "id"),
      },
      links: [{ title: "Validation result", url: saidText(part.validation.result_url) }],
      startsAt: firing ? run.at : null,
      endsAt: firing ? null : run.at,
      observedAt: run.at,
      warnings: [
        ...(place.guessed
          ? [
              `The batch "${place.batch}" does not tell where the data source's name ends; its first part was taken.`,
            ]
          : []),
        ...(severity !== null && readSeverity(severity) === null
          ? [`The severity "${severity}" is not known and was taken as error.`]
          : []),
      ],
      raw: { ...part.validation, results: [part.result] },
    },
    request.receivedAt,
  );
}

/** The message of an exception, which lies in `exception_info` itself or, for each metric, one level deeper. */
function exceptionOf(result: unknown): string | null {
  const info = field(result, "exception_info");
  const candidates = [info, ...Object.values(object(info) ?? {}).slice(0, 50)];
  const raised = candidates.find((each) => truth(field(each, "raised_exception")) === true);
  return raised === undefined ? null : (textAt(raised, "exception_message") ?? "an exception was raised");
}

type Place = {
  /** The identity of what was tested: the batch without the date that a partitioned batch's name ends with. */
  key: string;
  batch: string | null;
  datasource: string | null;
  schema: string | null;
  table: string | null;
  shown: string;
  guessed: boolean;
};

function placeOf(part: ExpectationResult, kwargs: object): Place {
  const meta = part.validation.meta;
  const definition = fromText(field(meta, "active_batch_definition"));
  const spec = fromText(field(meta, "batch_spec"));
  const batch = saidText(field(kwargs, "batch_id")) ?? saidText(part.validation.batch_id);
  const [first = "", ...rest] = (batch ?? "").replace(DATE_OF_BATCH, "").split("-");
  const named = saidText(field(definition, "data_asset_name")) ?? saidText(field(spec, "data_asset_name"));
  const datasource =
    saidText(field(definition, "datasource_name")) ?? saidText(field(spec, "datasource_name"));
  const table = saidText(field(spec, "table_name")) ?? named ?? (rest.join("-") || saidText(first));
  const whole = [datasource, named].filter((each) => each !== null).join("-");
  // Up to 0.18 a batch may be named by a hash of all that it was asked for by, the id of the run included.
  const isHash = HASH_OF_BATCH.test(batch ?? "") && named !== null;
  const key = batch === null || isHash ? whole || suiteOf(part) : batch.replace(DATE_OF_BATCH, "");
  if (key === null || key === "") {
    throw invalid("The result does not say what was tested.", [
      { path: "expectation_config.kwargs.batch_id", message: "is required, or meta.active_batch_definition" },
    ]);
  }
  return {
    key,
    batch,
    datasource: datasource ?? (rest.length > 0 ? first : null),
    schema: saidText(field(spec, "schema_name")),
    table,
    shown: table ?? key,
    guessed: datasource === null && rest.length > 1,
  };
}

const HASH_OF_BATCH = /^[0-9a-f]{32}$/;
const DATE_OF_BATCH = /(-(year|month|day)_\d{1,4}){1,3}$/;

function assetOf(place: Place, namespace: string | null): Asset | null {
  if (place.table === null) return null;
  return datasetFromParts(namespace ?? place.datasource ?? "great-expectations", [place.schema, place.table]);
}

function columnOf(kwargs: object): string | null {
  const columns = [
    textAt(kwargs, "column"),
    textAt(kwargs, "column_A"),
    textAt(kwargs, "column_B"),
    ...list(field(kwargs, "column_list")).map(text),
  ];
  return columns.filter((column) => column !== null).join(", ") || null;
}

const NOT_OF_THE_TEST = new Set(["batch_id", "column", "result_format", "catch_exceptions"]);

/**
 * Two expectations of one type on one column differ in their parameters only. Lists are sorted, as a Python set comes in
 * another order from every process. That there is a time counts, not which: "newer than yesterday" is another time in
 * every run.
 */
function kwargsHash(kwargs: object): string | null {
  const own = Object.entries(kwargs)
    .filter(([name, value]) => !NOT_OF_THE_TEST.has(name) && value !== null)
    .map(
      ([name, value]) =>
        `${name}=${Array.isArray(value) ? value.map(plain).sort().join(",") : isTime(value) ? "time" : plain(value)}`,
    );
  return own.length === 0 ? null : hashOf(own.sort());
}

/** As Python writes one, by itself or in ISO 8601. */
function isTime(value: unknown): boolean {
  return (
    typeof value === "string" &&
    /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d[\d:.]{0,20}(Z|[+-]\d\d:?\d\d)?)?$/.test(value)
  );
}

function plain(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(cleanJson(value)) : String(value);
}

type Run = { id: string | null; name: string | null; at: string | null };

function runOf(part: ExpectationResult): Run {
  const meta = part.validation.meta;
  const runId = fromText(field(meta, "run_id") ?? part.runId);
  const at = saidText(field(meta, "validation_time")) ?? saidText(field(runId, "run_time"));
  const name = saidText(field(runId, "run_name"));
  return { id: at ?? name ?? saidText(part.validation.result_url), name, at };
}

function suiteOf(part: ExpectationResult): string | null {
  const { suite_name, meta } = part.validation;
  return saidText(suite_name) ?? saidText(field(meta, "expectation_suite_name"));
}

/** Newer versions of 1.x have a severity of their own; in older ones people put it into the notes. */
function severityWord(result: unknown, config: unknown): string | null {
  return (
    saidText(field(config, "severity")) ??
    saidText(field(result, "severity")) ??
    saidText(field(config, "meta", "severity"))
  );
}

function outcomeOf(result: unknown, firing: boolean, exception: string | null): string {
  if (exception !== null) return `could not be evaluated: ${firstLine(exception)}`;
  if (!firing) return "passed";
  const [bad, all] = ["unexpected_count", "element_count"].map((name) => textAt(result, "result", name));
  if (bad && all) return `failed (${bad} of ${all} rows)`;
  const observed = textAt(result, "result", "observed_value");
  return observed === null ? "failed" : `failed (observed ${observed})`;
}

/** What was expected. The unexpected values themselves are only in the raw result, as they are the users' data. */
function descriptionOf(kwargs: object, exception: string | null): string | null {
  const expected = Object.entries(kwargs)
    .filter(([name, value]) => !NOT_OF_THE_TEST.has(name) && value !== null)
    .slice(0, 30)
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.map(plain).join(", ") : plain(value)}`);
  return [exception, ...expected].filter((each) => each !== null).join("\n") || null;
}
