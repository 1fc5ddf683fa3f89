import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import { datasetFromParts } from "../core/signal/dataset.ts";
import { readSeverity } from "../core/signal/words.ts";
import { finishAlert, invalid } from "./draft.ts";
import { refuseTemplate } from "./generic-fields.ts";
import { field, firstLine, type JsonObject, list, object } from "./json.ts";
import { jsonIn } from "./parse-body.ts";
import { saidText } from "./placeholder.ts";

/** Where a row comes from, and what its sender adds to it. */
export type RowSource = {
  source: string;
  namespace: string | null;
  environment: string | null;
  labels?: Record<string, unknown>;
};

/** One row of Elementary's tables: of a test, a model or snapshot, or the freshness of a source. */
export function readElementaryRow(part: unknown, from: RowSource, receivedAt: string): AlertSignal | null {
  const row = flatRow(part);
  if (row === null) throw invalid("An alert must be an object: a row of one of Elementary's tables.");
  const identity = identityOf(row);
  const status = statusOf(row, identity);
  if (status === null) return null;
  const firing = status === "firing";
  const key = [from.environment, identity].filter((each) => each !== null).join("/");
  const id = ["alert_id", "id", "test_execution_id"]
    .map((name) => said(row, name))
    .find((each) => each !== null);
  const place = placeOf(row);
  const column = said(row, "column_name");
  const detected = said(row, "detected_at");
  return finishAlert(
    {
      source: from.source,
      dedupKey: key,
      deliveryId: id === undefined ? null : `${key}/${id}/${status}`,
      status,
      severity: severityOf(row),
      title: titleOf(row, place, column, firing),
      description: descriptionOf(row),
      assets: [datasetFromParts(from.namespace ?? "elementary", place)],
      labels: {
        test: said(row, "test_short_name") ?? said(row, "test_name"),
        test_type: said(row, "test_type"),
        test_sub_type: said(row, "test_sub_type"),
        column,
        model: said(row, "model_unique_id") ?? said(row, "unique_id"),
        test_id: said(row, "test_unique_id"),
        materialization: said(row, "materialization"),
        source: said(row, "source_name"),
        owner: names(row.owners) ?? names(metaOf(row, "owner")),
        subscribers: names(metaOf(row, "subscribers")),
        tags: names(row.tags),
        path: said(row, "original_path") ?? said(row, "path"),
        environment: from.environment,
        ...from.labels,
      },
      startsAt: firing ? detected : null,
      endsAt: firing ? null : detected,
      observedAt: detected,
      raw: part,
    },
    receivedAt,
  );
}

/**
 * The row with its names in lower case (Snowflake gives them in capitals). In the table `alerts_v2` the alert is JSON in
 * the column `data`, and the `status` beside it tells whether a message about it was sent.
 */
function flatRow(part: unknown): JsonObject | null {
  const row = lowerNames(object(part));
  const data = row === null ? null : lowerNames(object(structure(row.data)));
  return data === null ? row : { ...row, ...data, status: data.status };
}

function lowerNames(row: JsonObject | null): JsonObject | null {
  return row && Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Lists and objects stand in these tables as texts of JSON. */
function structure(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{"]/.test(value)) return value;
  return jsonIn(value) ?? value;
}

function said(row: JsonObject, name: string): string | null {
  return saidText(row[name]);
}

/**
 * `alert_class_id`, or what Elementary makes it of: of a test its id, column and kind, of anything else its id. It stays
 * the same over runs, unlike `id`.
 */
function identityOf(row: JsonObject): string {
  for (const name of ["alert_class_id", "test_unique_id", "model_unique_id"]) refuseTemplate(name, row[name]);
  const test = said(row, "test_unique_id");
  const derived =
    test === null
      ? (said(row, "model_unique_id") ?? said(row, "unique_id"))
      : [test, said(row, "column_name") ?? "None", said(row, "test_sub_type") ?? "None"].join(".");
  const identity = said(row, "alert_class_id") ?? derived;
  if (identity !== null) return identity;
  throw invalid("The row has no alert_class_id.", [
    { path: "alert_class_id", message: "is required, or test_unique_id or model_unique_id" },
  ]);
}

/** Null for a test or model that was skipped. */
function statusOf(row: JsonObject, identity: string): AlertSignal["status"] | null {
  const status = said(row, "status")?.toLowerCase() ?? null;
  switch (status) {
    case "fail":
    case "failed":
    case "warn":
    case "error":
    case "runtime error":
      return "firing";
    case "pass":
    case "passed":
    case "success":
      return "resolved";
    case null:
      throw invalid(`The status of ${identity.slice(0, 200)} is missing.`, [
        { path: "status", message: "must be fail, warn, error or pass" },
      ]);
    default:
      return null;
  }
}

function severityOf(row: JsonObject): AlertSeverity {
  if (said(row, "status")?.toLowerCase() === "warn") return "warning";
  return readSeverity(said(row, "severity")) ?? "error";
}

/** Database, schema and table; a model's table is its alias, a source's its identifier. */
function placeOf(row: JsonObject): (string | null)[] {
  const table = said(row, "table_name") ?? said(row, "alias") ?? said(row, "identifier");
  return table === null ? [] : [said(row, "database_name"), said(row, "schema_name"), table];
}

function titleOf(row: JsonObject, place: (string | null)[], column: string | null, firing: boolean): string {
  const table = place.at(-1) ?? null;
  const on = [table, column].filter((each) => each !== null).join(".");
  const test = said(row, "test_short_name") ?? said(row, "test_name") ?? said(row, "test_unique_id");
  if (test !== null) return `${test}${on === "" ? "" : ` on ${on}`} ${firing ? verbOf(row) : "passed"}`;
  const source = said(row, "source_name");
  if (source !== null) {
    const name = [source, said(row, "identifier")].filter((each) => each !== null).join(".");
    if (!firing) return `Source ${name} is fresh`;
    return said(row, "original_status")?.toLowerCase() === "runtime error"
      ? `The freshness of source ${name} could not be checked`
      : `Source ${name} is not fresh`;
  }
  const model = table ?? said(row, "model_unique_id") ?? said(row, "unique_id") ?? "A model";
  const message = firstLine(said(row, "message"));
  return firing ? `${model} failed to build${message === null ? "" : `: ${message}`}` : `${model} was built`;
}

function verbOf(row: JsonObject): string {
  const status = said(row, "status")?.toLowerCase();
  if (status === "warn") return "warns";
  return status === "error" ? "could not be evaluated" : "failed";
}

function descriptionOf(row: JsonObject): string | null {
  return (
    said(row, "test_results_description") ??
    said(row, "message") ??
    said(row, "error") ??
    said(row, "result_description") ??
    said(row, "freshness_description")
  );
}

/** What the user's dbt project says for alerts, of the test before the model. */
function metaOf(row: JsonObject, name: string): unknown {
  for (const meta of [structure(row.test_meta), structure(row.model_meta)]) {
    const value = field(meta, "alerts_config", name) ?? field(meta, name);
    if (value !== undefined && value !== null) return value;
  }
  return null;
}

/** One name, a list of names, or either as a text of JSON. */
function names(value: unknown): string | null {
  const read = structure(value);
  const each = Array.isArray(read) ? list(read).map(saidText) : [saidText(read)];
  return each.filter((name) => name !== null).join(", ") || null;
}
