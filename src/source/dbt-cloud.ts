import type { AlertSignal } from "../core/signal/alert.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { hmacSignature } from "./auth.ts";
import { finishChange } from "./change-draft.ts";
import { finishAlert, invalid, readEach, readEachChange } from "./draft.ts";
import { field, firstLine, type JsonObject, object } from "./json.ts";
import { meaningOf } from "./meaning.ts";
import { saidText } from "./placeholder.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * Webhooks of the dbt platform (dbt Cloud): https://docs.getdbt.com/docs/deploy/webhooks. They speak of jobs, not of
 * models and tests: which table is broken is in the artifacts, which the source `dbt` takes.
 */
export const dbtCloud = {
  name: "dbt-cloud",
  title: "dbt platform (dbt Cloud)",
  contentTypes: ["application/json"],
  authenticate: hmacSignature({ header: "Authorization", algorithm: "sha256" }),
  read(request: SourceRequest): Reading {
    return readEach(parts(request.body), (event) => readAlert(event, request.receivedAt));
  },
  readChanges(request: SourceRequest): Reading {
    return readEachChange(parts(request.body), (event) => readRun(event, request.receivedAt));
  },
} satisfies Source;

/** What one message says of a run, with its words for no value (the text "None") taken away. */
type Event = {
  body: JsonObject;
  eventId: string | null;
  account: string;
  job: string;
  run: string | null;
  status: ChangeSignal["status"];
  at: (name: string) => string | null;
};

function parts(body: unknown): { path: string; part: Event }[] {
  const event = eventOf(body);
  return event === null ? [] : [{ path: "", part: event }];
}

function eventOf(sent: unknown): Event | null {
  const body = object(sent);
  const type = saidText(field(body, "eventType"));
  const data = object(field(body, "data"));
  if (body === null || type === null || data === null) {
    throw invalid("This is no webhook of the dbt platform: it has no eventType or no data.", [
      { path: type === null ? "eventType" : "data", message: "is required" },
    ]);
  }
  if (!type.startsWith("job.run.")) return null;
  const at = (name: string) => saidText(field(data, name));
  const required = (name: string, value: string | null) => {
    if (value === null)
      throw invalid(`The webhook has no ${name}.`, [{ path: name, message: "is required" }]);
    return value;
  };
  return {
    body,
    eventId: saidText(body.eventId),
    account: required("accountId", saidText(body.accountId)),
    job: required("data.jobId", at("jobId")),
    run: at("runId"),
    status: statusOf(type, at("runStatus"), at("runStatusCode")),
    at,
  };
}

const STATUSES: Record<string, ChangeSignal["status"]> = {
  success: "succeeded",
  "10": "succeeded",
  errored: "failed",
  error: "failed",
  "20": "failed",
  cancelled: "cancelled",
  canceled: "cancelled",
  "30": "cancelled",
};

/** As the run's status tells it, as `job.run.completed` is sent of failed runs too; else as the event does. */
function statusOf(type: string, status: string | null, code: string | null): ChangeSignal["status"] {
  const said = meaningOf(STATUSES, status?.toLowerCase() ?? null) ?? meaningOf(STATUSES, code);
  return said ?? (type === "job.run.errored" ? "failed" : "started");
}

/**
 * A failed run is told twice, as errored and as completed: one alert. A run that was cancelled, or has only begun, says
 * nothing of the job's health.
 */
function readAlert(event: Event, receivedAt: string): AlertSignal | null {
  const { at, status } = event;
  if (status !== "failed" && status !== "succeeded") return null;
  const failed = status === "failed";
  const message = failed ? at("runStatusMessage") : null;
  const place = [
    at("projectId") ?? at("projectName"),
    event.job,
    at("environmentId") ?? at("environmentName"),
  ];
  return finishAlert(
    {
      source: "dbt-cloud",
      dedupKey: [event.account, ...place.map((each) => each ?? "-")].join("/"),
      deliveryId: event.eventId,
      status: failed ? "firing" : "resolved",
      severity: "error",
      title: `${nameOf(event)} ${failed ? "errored" : "succeeded"}${message === null ? "" : `: ${firstLine(message)}`}`,
      description: message,
      labels: labelsOf(event),
      startsAt: failed ? at("runStartedAt") : null,
      endsAt: failed ? null : endOf(event),
      observedAt: endOf(event),
      groupHint: event.run === null ? null : `${event.account}/${event.run}`,
      raw: event.body,
    },
    receivedAt,
  );
}

function readRun(event: Event, receivedAt: string): ChangeSignal {
  const { at, status, run } = event;
  if (run === null)
    throw invalid("The webhook has no data.runId.", [{ path: "data.runId", message: "is required" }]);
  const reason = at("runReason");
  return finishChange(
    {
      source: "dbt-cloud",
      dedupKey: `${event.account}/${run}`,
      deliveryId: event.eventId,
      kind: "run",
      status,
      title: `dbt job ${nameOf(event)} ${status}`,
      description: [reason, at("runStatusMessage")].filter(Boolean).join("\n\n"),
      actor: /\bby (\S.{0,199})$/.exec(reason ?? "")?.[1],
      environment: at("environmentName"),
      labels: labelsOf(event),
      startedAt: at("runStartedAt"),
      endedAt: status === "started" ? null : endOf(event),
      raw: event.body,
    },
    receivedAt,
  );
}

function nameOf(event: Event): string {
  return event.at("jobName") ?? `job ${event.job}`;
}

function endOf({ at, body }: Event): unknown {
  return at("runFinishedAt") ?? at("runErroredAt") ?? body.timestamp;
}

function labelsOf({ at, account, job, run, body }: Event): JsonObject {
  return {
    account_id: account,
    project: at("projectName"),
    project_id: at("projectId"),
    job: at("jobName"),
    job_id: job,
    environment: at("environmentName"),
    environment_id: at("environmentId"),
    run_id: run,
    run_status: at("runStatus"),
    run_reason: at("runReason"),
    dbt_version: at("dbtVersion"),
    event_type: saidText(body.eventType),
  };
}
