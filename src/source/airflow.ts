import type { AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { datasetFromUri } from "../core/signal/dataset.ts";
import { readSeverity, readStatus } from "../core/signal/words.ts";
import { bearerOrToken } from "./auth.ts";
import { finishAlert, hashOf, invalid, partsOf, readEach } from "./draft.ts";
import { field, firstLine, list, object, text, textAt } from "./json.ts";
import { isRunEvent, type RunEventPart, readRunEvent, runEventParts } from "./openlineage-event.ts";
import { subjectOf } from "./slack-words.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * Airflow has no webhook of its own; what is read here is sent by the callback in docs/sources/airflow.md (Airflow 2
 * and 3), by its OpenLineage provider, or by a simpler callback of the user's own.
 */
export const airflow = {
  name: "airflow",
  title: "Apache Airflow",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    const parts = partsOf(request.body).flatMap(({ path, part }) =>
      saidBy(part).map((said) => ({ path, part: said })),
    );
    return readEach(parts, ({ runEvent, part }) => {
      if (runEvent !== null) return readRunEvent(runEvent, "airflow", request.receivedAt);
      if (absentNone(textAt(part, "dag_id")) !== null) return readCallback(part, request.receivedAt);
      if (textAt(part, "name") !== null) return readAnnouncement(part, request.receivedAt);
      throw invalid(
        "This is neither the callback of docs/sources/airflow.md (it has no dag_id) nor an OpenLineage event (it has no eventType and job).",
        [{ path: "dag_id", message: "is required" }],
      );
    });
  },
} satisfies Source;

/** A callback says one thing, an OpenLineage event one of its job and one of every check in it, or nothing at all. */
function saidBy(part: unknown): { runEvent: RunEventPart | null; part: unknown }[] {
  if (!isRunEvent(part)) return [{ runEvent: null, part }];
  return runEventParts(part).map((runEvent) => ({ runEvent, part }));
}

function statusOf(part: unknown): AlertSignal["status"] {
  const status = readStatus(field(part, "status"));
  if (status !== null) return status;
  throw invalid("The status is wrong.", [{ path: "status", message: "must be firing or resolved" }]);
}

function readCallback(part: unknown, receivedAt: string): AlertSignal {
  const at = (name: string) => absentNone(textAt(part, name));
  const status = statusOf(part);
  const firing = status === "firing";
  const dag = at("dag_id")!;
  const task = at("task_id");
  const run = at("run_id");
  // -1 is Airflow's own index of a task that is not mapped. A DAG run's callback names no task. The environment keeps
  // a DAG that is deployed twice apart.
  const place = task === null ? [dag] : [dag, task, at("map_index") ?? "-1"];
  const identity = [at("environment"), ...place].filter((each) => each !== null).join("/");
  const error = at("error");
  const name = task === null ? dag : `${dag}.${task}`;
  return finishAlert(
    {
      source: "airflow",
      dedupKey: identity,
      deliveryId: run === null ? null : `${identity}/${run}/${at("try_number") ?? "-"}/${status}`,
      status,
      severity: readSeverity(field(part, "severity")) ?? "error",
      title: firing ? `${name} failed${error === null ? "" : `: ${firstLine(error)}`}` : `${name} succeeded`,
      description: error,
      assets: list(field(part, "outlets")).map(assetOf),
      labels: {
        dag_id: dag,
        task_id: task,
        map_index: at("map_index") === "-1" ? null : at("map_index"),
        run_id: run,
        try_number: at("try_number"),
        logical_date: at("logical_date"),
        operator: at("operator"),
        error_type: at("error_type"),
        reason: at("reason"),
        owner: at("owner"),
        environment: at("environment"),
        tags: list(field(part, "tags")).length > 0 ? field(part, "tags") : null,
        inlets: list(field(part, "inlets"))
          .map((inlet) => textAt(inlet, "uri") ?? text(inlet))
          .filter(Boolean)
          .join(", "),
      },
      links: [
        { title: "Task log", url: at("log_url") },
        { title: "DAG run", url: at("run_url") },
      ],
      startsAt: firing ? (at("end_date") ?? at("sent_at")) : null,
      endsAt: firing ? null : (at("end_date") ?? at("sent_at")),
      observedAt: at("end_date") ?? at("sent_at"),
      groupHint: run === null ? dag : `${dag}/${run}`,
      warnings: severityWarnings(part),
      raw: part,
    },
    receivedAt,
  );
}

/** Templates and `str()` in Python callbacks write a missing value as the word None. */
function absentNone(value: string | null): string | null {
  return value === "None" ? null : value;
}

/** An outlet: `{uri, name}` of an Airflow asset (a dataset in Airflow 2), or its URI alone. */
function assetOf(outlet: unknown): Asset | null {
  const uri = text(outlet) ?? textAt(outlet, "uri") ?? textAt(outlet, "name");
  return uri === null ? null : (datasetFromUri(uri) ?? { namespace: "airflow", name: uri });
}

function severityWarnings(part: unknown): string[] {
  const severity = textAt(part, "severity");
  if (severity === null || readSeverity(severity) !== null) return [];
  return [
    `The severity "${severity}" is not known and was taken as error: use critical, error, warning or info.`,
  ];
}

/**
 * The `{name, description, status, service, severity}` that callbacks written for other tools send. Where a `message`
 * says what failed, in which DAG and of which run, the description is the error and not the same every time.
 */
function readAnnouncement(part: unknown, receivedAt: string): AlertSignal {
  const name = textAt(part, "name")!;
  const description = textAt(part, "description");
  const message = textAt(part, "message");
  const service = textAt(part, "service");
  return finishAlert(
    {
      source: "airflow",
      dedupKey: `derived:${hashOf(name, service, message === null ? description : subjectOf(message))}`,
      status: statusOf(part),
      severity: readSeverity(field(part, "severity")) ?? "error",
      title: name,
      description: [message, description].filter((each) => each !== null).join("\n\n") || null,
      labels: { service, ...object(field(part, "labels")) },
      links: [{ title: "Open in Airflow", url: field(part, "url") }],
      warnings: [
        "The alert names no dag_id and task_id, so its identity was derived from name, service and description. The callback in docs/sources/airflow.md sends them.",
        ...severityWarnings(part),
      ],
      raw: part,
    },
    receivedAt,
  );
}
