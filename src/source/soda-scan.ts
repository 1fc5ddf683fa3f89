import type { AlertSignal } from "../core/signal/alert.ts";
import { datasetFromParts } from "../core/signal/dataset.ts";
import { finishAlert, hashOf, invalid, partsOf, readEach } from "./draft.ts";
import { field, type JsonObject, list, object, text, textAt, truth } from "./json.ts";
import { saidText } from "./placeholder.ts";
import { attributesOf, checkName, outcomeOf, type SodaOutcome, shownValue } from "./soda-check.ts";
import type { Reading, SourceRequest } from "./source.ts";

/** Whether a body is what soda-core's `scan.get_scan_results()` gives. */
export function isScan(body: unknown): boolean {
  const marks = ["definitionName", "defaultDataSource", "scanStartTimestamp", "hasErrors", "hasFailures"];
  return Array.isArray(field(body, "checks")) && marks.some((name) => field(body, name) !== undefined);
}

/**
 * The results of a scan: its checks, and the scan itself. soda-core leaves a check that could not be evaluated out of
 * the list, so only `hasErrors` tells of it; while that is set nothing counts as passed.
 */
export function readScan(scan: JsonObject, path: string, request: SourceRequest): Reading {
  const run = runOf(scan, request);
  const checks = ["checks", "automatedMonitoringChecks"].flatMap((name) =>
    partsOf(list(scan[name]), path === "" ? name : `${path}.${name}`),
  );
  const own = { path: path === "" ? "hasErrors" : `${path}.hasErrors`, part: null };
  return readEach<unknown>([...checks, own], (part) =>
    part === null ? readErrors(run, request) : readCheck(part, run, request),
  );
}

type Run = {
  scan: JsonObject;
  /** The scan's identity. Scans that are not given a name are told apart by their data source. */
  key: string;
  name: string;
  environment: string | null;
  /** Null where the body says nothing of errors. */
  hasErrors: boolean | null;
  /** When it ran; `dataTimestamp` may be a day in the past that is loaded anew. */
  at: string | null;
};

function runOf(scan: JsonObject, request: SourceRequest): Run {
  const environment = text(request.query.environment);
  const name = saidText(scan.definitionName) ?? saidText(scan.defaultDataSource) ?? "";
  return {
    scan,
    key: ["scan", environment, name].filter((each) => each !== null).join("/"),
    name,
    environment,
    hasErrors: truth(scan.hasErrors),
    at: ["scanEndTimestamp", "scanStartTimestamp", "dataTimestamp"]
      .map((each) => saidText(scan[each]))
      .reduce((found, each) => found ?? each),
  };
}

function readCheck(part: unknown, run: Run, request: SourceRequest): AlertSignal | null {
  if (object(part) === null)
    throw invalid("A check must be an object.", [{ path: "", message: "must be an object" }]);
  const outcome = outcomeOf(field(part, "outcome"));
  if (outcome === null || (outcome.status === "resolved" && run.hasErrors)) return null;
  const table = textAt(part, "table");
  const column = textAt(part, "column");
  const name = checkName(part);
  const identity = textAt(part, "identity");
  if (identity === null && name === null)
    throw invalid("The check has no identity.", [{ path: "identity", message: "is required" }]);
  const datasource = textAt(part, "dataSource") ?? textAt(run.scan, "defaultDataSource");
  const key = `${run.key}/${identity ?? `derived:${hashOf(datasource, table, column, name)}`}`;
  const place = [table, column].filter((each) => each !== null).join(".");
  return finishAlert(
    {
      source: "soda",
      dedupKey: key,
      ...timesOf(key, run, outcome),
      severity: outcome.severity,
      title: `${name ?? identity}${place === "" ? "" : ` on ${place}`} ${outcome.words}${shownValue(part, outcome)}`,
      description: textAt(part, "definition"),
      assets: [
        table === null
          ? null
          : datasetFromParts(text(request.query.namespace) ?? datasource ?? "soda", [table]),
      ],
      labels: {
        ...attributesOf(field(part, "resourceAttributes")),
        check: name,
        check_identity: identity,
        check_type: textAt(part, "type"),
        table,
        column,
        data_source: datasource,
        scan: run.name,
        filter: textAt(part, "filter"),
        file: textAt(part, "location", "filePath"),
        environment: run.environment,
      },
      groupHint: run.key,
      warnings:
        identity === null
          ? ["The check has no identity, so it was derived from its data source, table, column and name."]
          : [],
      raw: { ...envelopeOf(run.scan), checks: [part] },
    },
    request.receivedAt,
  );
}

/** The scan as a whole: it fires while checks of it cannot be evaluated, and only a scan without errors ends that. */
function readErrors(run: Run, request: SourceRequest): AlertSignal | null {
  if (run.hasErrors === null) return null;
  const key = `${run.key}/errors`;
  const outcome: SodaOutcome = run.hasErrors
    ? { status: "firing", severity: "error", words: "could not evaluate all its checks" }
    : { status: "resolved", severity: "error", words: "evaluated all its checks" };
  const errors = list(run.scan.logs)
    .filter((log) => textAt(log, "level")?.toUpperCase() === "ERROR")
    .map((log) => textAt(log, "message"))
    .filter((message) => message !== null);
  return finishAlert(
    {
      source: "soda",
      dedupKey: key,
      ...timesOf(key, run, outcome),
      severity: outcome.severity,
      title: `Soda scan ${run.name === "" ? "" : `"${run.name}" `}${outcome.words}`,
      description: run.hasErrors ? errors.slice(0, 20).join("\n") || null : null,
      labels: {
        scan: run.name,
        data_source: textAt(run.scan, "defaultDataSource"),
        environment: run.environment,
      },
      groupHint: run.key,
      raw: envelopeOf(run.scan),
    },
    request.receivedAt,
  );
}

function timesOf(key: string, run: Run, { status }: SodaOutcome) {
  return {
    status,
    deliveryId: run.at === null ? null : `${key}/${run.at}/${status}`,
    startsAt: status === "firing" ? run.at : null,
    endsAt: status === "resolved" ? run.at : null,
    observedAt: run.at,
  };
}

/** Not the queries and logs: they are large, and hold the users' SQL and samples of their rows. */
function envelopeOf(scan: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(scan).filter(([, value]) => typeof value !== "object" || value === null),
  );
}
