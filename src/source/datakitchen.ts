import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import { bearerOrToken, headerSecret } from "./auth.ts";
import { componentOf, labelsOf } from "./datakitchen-component.ts";
import { readOutcomes } from "./datakitchen-tests.ts";
import { finishAlert, hashOf, invalid } from "./draft.ts";
import { field, firstLine, type JsonObject, list, object, textAt } from "./json.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

const KEY = "ServiceAccountAuthenticationKey";

/**
 * The Observability event API, versions 1 and 2, that DataKitchen's TestGen and agents post to
 * (https://github.com/DataKitchen/dataops-observability): they are pointed here by their base URL and work unchanged.
 */
export const datakitchen = {
  name: "datakitchen",
  title: "DataKitchen TestGen and Observability",
  contentTypes: ["application/json"],
  authenticate(request: SourceRequest, secrets: string[]): void | Promise<void> {
    const own = (request.headers[KEY.toLowerCase()] ?? "") !== "";
    return (own ? headerSecret(KEY) : bearerOrToken)(request, secrets);
  },
  read(request: SourceRequest): Reading {
    const body = object(request.body);
    const kind = kindOf(request.path, body);
    if (kind === null || body === null) {
      throw invalid(
        "This is no event of DataKitchen's Observability API. A webhook of its rules engine has no fixed shape: write it for /v1/alerts/generic.",
        [{ path: "status", message: "or test_outcomes, log_level, log_entries is required" }],
      );
    }
    if (kind === "test-outcomes") return readOutcomes(body, request.receivedAt);
    const alert =
      kind === "run-status"
        ? readRunStatus(body, request.receivedAt)
        : kind === "message-log"
          ? readMessageLog(body, request.receivedAt)
          : null;
    return { alerts: alert === null ? [] : [alert], rejected: [] };
  },
} satisfies Source;

/** The same events under the names of both versions. */
const KINDS: Record<string, "test-outcomes" | "run-status" | "message-log" | "no alert"> = {
  "test-outcomes": "test-outcomes",
  "run-status": "run-status",
  "batch-pipeline-status": "run-status",
  "message-log": "message-log",
  "metric-log": "no alert",
  "dataset-operation": "no alert",
};

/** The address says what is posted; under another address (ours) the body does. */
function kindOf(path: string, body: JsonObject | null): string | null {
  if (/\/agent\/v\d\/heartbeat\/?$/.test(path)) return body === null ? null : "no alert";
  const named = /\/events\/v\d{1,2}\/([a-z-]{1,40})\/?$/.exec(path)?.[1];
  if (named !== undefined && Object.hasOwn(KINDS, named)) return KINDS[named]!;
  if (Array.isArray(body?.test_outcomes)) return "test-outcomes";
  if (Array.isArray(body?.log_entries) || textAt(body, "log_level") !== null) return "message-log";
  if (body !== null && (Object.hasOwn(body, "metric_key") || Object.hasOwn(body, "metric_entries")))
    return "no alert";
  if (textAt(body, "operation") !== null && componentOf(body!) !== null) return "no alert";
  return textAt(body, "status") !== null && componentOf(body!) !== null ? "run-status" : null;
}

const RUNS: Record<string, { status: AlertSignal["status"]; severity: AlertSeverity; word: string } | null> =
  {
    FAILED: { status: "firing", severity: "error", word: "failed" },
    COMPLETED_WITH_WARNINGS: { status: "firing", severity: "warning", word: "completed with warnings" },
    COMPLETED: { status: "resolved", severity: "error", word: "completed" },
    RUNNING: null,
    PENDING: null,
    MISSING: null,
  };

function readRunStatus(body: JsonObject, receivedAt: string): AlertSignal | null {
  const component = required(body);
  const said = (textAt(body, "status") ?? "").toUpperCase().replaceAll(" ", "_");
  if (!Object.hasOwn(RUNS, said)) {
    throw invalid("The status of the run is wrong.", [
      { path: "status", message: "must be RUNNING, COMPLETED, COMPLETED_WITH_WARNINGS or FAILED" },
    ]);
  }
  const run = RUNS[said]!;
  if (run === null) return null;
  const firing = run.status === "firing";
  const name = component.task === null ? component.name : `${component.name} / ${component.task.name}`;
  return finishAlert(
    {
      source: "datakitchen",
      dedupKey: component.identity,
      deliveryId:
        component.run === null
          ? null
          : [component.identity, component.run, said, body.event_timestamp].join("/"),
      status: run.status,
      severity: run.severity,
      title: `${name} ${run.word}`,
      labels: { ...labelsOf(component, body), status: said },
      links: [{ title: "Run", url: textAt(body, "external_url") }],
      startsAt: firing ? body.event_timestamp : null,
      endsAt: firing ? null : body.event_timestamp,
      observedAt: body.event_timestamp,
      groupHint: component.run === null ? component.key : `${component.key}/${component.run}`,
      raw: body,
    },
    receivedAt,
  );
}

/** Worst first. INFO is no alert. */
const LEVELS: [level: string, severity: AlertSeverity][] = [
  ["CRITICAL", "critical"],
  ["ERROR", "error"],
  ["WARNING", "warning"],
];

/**
 * One alert for all that a component logs: messages hold numbers and times, so no two would have one identity. Nothing
 * ever says that such an alert is over.
 */
function readMessageLog(body: JsonObject, receivedAt: string): AlertSignal | null {
  const entries = [
    { level: textAt(body, "log_level") ?? textAt(body, "level"), message: textAt(body, "message") },
    ...list(body.log_entries).map((each) => ({
      level: textAt(each, "level") ?? textAt(each, "log_level"),
      message: textAt(each, "message"),
    })),
  ].map(({ level, message }) => ({ level: (level ?? "").toUpperCase(), message }));
  const worst = LEVELS.find(([level]) => entries.some((each) => each.level === level));
  if (worst === undefined) return null;
  const component = required(body);
  const told = entries.filter(({ level }) => LEVELS.some(([known]) => known === level));
  const first = told.find(({ level }) => level === worst[0])!.message;
  const at = textAt(body, "event_timestamp");
  return finishAlert(
    {
      source: "datakitchen",
      dedupKey: `${component.identity}/message-log`,
      deliveryId: at === null ? null : `${component.identity}/message-log/${hashOf(component.run, at, told)}`,
      status: "firing",
      severity: worst[1],
      title: `${component.name}: ${firstLine(first) ?? `a message of level ${worst[0]}`}`,
      description: told.map(({ message }) => message ?? "").join("\n"),
      labels: { ...labelsOf(component, body), level: worst[0] },
      links: [{ title: "Source", url: textAt(body, "external_url") }],
      startsAt: at,
      observedAt: at,
      groupHint: component.run === null ? component.key : `${component.key}/${component.run}`,
      raw: body,
    },
    receivedAt,
  );
}

function required(body: JsonObject) {
  const component = componentOf(body);
  if (component !== null) return component;
  const isSecond =
    field(body, "component") !== undefined || field(body, "batch_pipeline_component") !== undefined;
  throw invalid("The event does not say which component it is about.", [
    isSecond
      ? { path: "component", message: "must hold a batch_key, dataset_key, server_key or stream_key" }
      : { path: "pipeline_key", message: "is required (or dataset_key, server_key, stream_key)" },
  ]);
}
