import type { AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { readSeverity } from "../core/signal/words.ts";
import { finishAlert, invalid } from "./draft.ts";
import { field, firstLine, type JsonObject, list, textAt } from "./json.ts";
import { type Assertion, assertionsOf } from "./openlineage-assertion.ts";
import { dbtRelation, isDbtNode, isDbtTest } from "./openlineage-dbt.ts";

/**
 * OpenLineage's RunEvent (https://openlineage.io/docs/spec/object-model), which several tools send: a run of a job
 * that failed or completed, with the datasets that it writes and the checks made on those that it reads.
 */
export function isRunEvent(body: unknown): boolean {
  return textAt(body, "eventType") !== null && textAt(body, "job", "name") !== null;
}

/** One thing that an event says: what became of the job, or (with an assertion) what became of one check. */
export type RunEventPart = { event: unknown; assertion: Assertion | null };

/**
 * What an event says, to be read one by one: FAIL and COMPLETE speak of the job and of every check in them. START,
 * RUNNING, ABORT and OTHER say nothing broke and nothing was mended.
 */
export function runEventParts(event: unknown): RunEventPart[] {
  const type = typeOf(event);
  if (type !== "FAIL" && type !== "COMPLETE") return [];
  const assertions = isNamed(event) ? assertionsOf(event) : [];
  return [{ event, assertion: null }, ...assertions.map((assertion) => ({ event, assertion }))];
}

export function readRunEvent(part: RunEventPart, source: string, receivedAt: string): AlertSignal {
  const { event, assertion } = part;
  if (!isNamed(event)) {
    throw invalid("The event's job has no namespace or name.", [
      { path: "job", message: "needs namespace and name" },
    ]);
  }
  const run = runsOf(event);
  const shared = {
    source,
    observedAt: field(event, "eventTime"),
    labels: labelsOf(event),
    links: linksOf(event),
    groupHint: run.group,
  };
  const draft = assertion === null ? jobAlert(event, run.own) : assertionAlert(event, assertion, run.own);
  const firing = draft.status === "firing";
  return finishAlert(
    {
      ...shared,
      ...draft,
      labels: { ...shared.labels, ...draft.labels },
      startsAt: firing ? field(event, "eventTime") : null,
      endsAt: firing ? null : field(event, "eventTime"),
    },
    receivedAt,
  );
}

function jobAlert(event: unknown, run: string | null) {
  const failed = typeOf(event) === "FAIL";
  const job = jobOf(event);
  const error = textAt(event, "run", "facets", "errorMessage", "message");
  const stack = textAt(event, "run", "facets", "errorMessage", "stackTrace");
  const tries = triesOf(event);
  const again = failed && tries !== null && tries.number < tries.most;
  const what = again ? `failed (try ${tries.number} of ${tries.most})` : "failed";
  return {
    dedupKey: job.id,
    deliveryId: run === null ? null : `${job.id}/${run}/${typeOf(event)}`,
    status: failed ? ("firing" as const) : ("resolved" as const),
    severity: again ? ("warning" as const) : ("error" as const),
    title: failed
      ? `${job.name} ${what}${error === null ? "" : `: ${firstLine(error)}`}`
      : `${job.name} completed`,
    description: failed ? [error, stack].filter(Boolean).join("\n\n") : null,
    assets: brokenBy(event),
    labels: { try_number: tries?.number, will_retry: again ? "true" : null },
    raw: event,
  };
}

function assertionAlert(event: unknown, assertion: Assertion, run: string | null) {
  const { dataset, column, name, success } = assertion;
  const job = jobOf(event);
  const key = [job.id, dataset?.namespace ?? "-", dataset?.name ?? "-", name, column ?? "-"].join("/");
  const on = `${name} on ${dataset?.name ?? job.name}${column === null ? "" : `.${column}`}`;
  const found =
    assertion.actual === null
      ? ""
      : ` (${[assertion.actual, expectation(assertion)].filter(Boolean).join(", ")})`;
  return {
    dedupKey: key,
    deliveryId: run === null ? null : `${key}/${run}/${success ? "passed" : "failed"}`,
    status: success ? ("resolved" as const) : ("firing" as const),
    severity: readSeverity(assertion.severity) ?? ("error" as const),
    title: success ? `${on} passed` : `${on} failed${found}`,
    description: success ? null : textAt(event, "run", "facets", "errorMessage", "message"),
    assets: [dataset],
    labels: { assertion: assertion.kind, test: name, column },
    // A test job may hold a thousand checks, each of which needs itself alone of the event.
    raw: {
      eventType: field(event, "eventType"),
      eventTime: field(event, "eventTime"),
      run: { runId: field(event, "run", "runId") },
      job: { namespace: field(event, "job", "namespace"), name: field(event, "job", "name") },
      dataset,
      assertion: assertion.raw,
    },
  };
}

function expectation({ expected }: Assertion): string | null {
  return expected === null ? null : `expected ${expected}`;
}

/**
 * What is broken where a job fails: the data that failed their checks, else what the job writes, else what its dbt
 * model is. A job without any (a statement, a whole command, a DAG run) fails because of another that has some, and
 * belongs to that by `group`.
 */
function brokenBy(event: unknown): (Asset | null)[] {
  const failed = assertionsOf(event).filter(({ success }) => !success);
  if (failed.some(({ dataset }) => dataset !== null)) return failed.map(({ dataset }) => dataset);
  // A dbt test that could not run: what it writes is only the table of its failing rows.
  const made = isDbtTest(event) ? "inputs" : "outputs";
  const outputs = list(field(event, made)).map(datasetOf);
  if (outputs.some((each) => each !== null)) return outputs;
  if (!isDbtNode(event)) return [];
  const namespace = list(field(event, "inputs")).map(datasetOf).find(Boolean)?.namespace ?? null;
  const job = jobOf(event);
  return [dbtRelation(event, namespace) ?? { namespace: job.namespace, name: job.name }];
}

function typeOf(event: unknown): string | undefined {
  return textAt(event, "eventType")?.toUpperCase();
}

function isNamed(event: unknown): boolean {
  return textAt(event, "job", "namespace") !== null && textAt(event, "job", "name") !== null;
}

function jobOf(event: unknown): { namespace: string; name: string; id: string } {
  const namespace = textAt(event, "job", "namespace")!;
  const name = textAt(event, "job", "name")!;
  return {
    namespace,
    name,
    id: [namespace, name, mapIndexOf(event)].filter((each) => each !== null).join("/"),
  };
}

/** The instances of a mapped Airflow task run as one job: each fails and completes by itself. Null for all others. */
function mapIndexOf(event: unknown): string | null {
  const index = textAt(event, "run", "facets", "airflow", "taskInstance", "map_index");
  return index === "-1" ? null : index;
}

/**
 * Airflow sends FAIL for every try of a task, and which it is: after all but the last it tries again, unless the task
 * itself or a person says that it shall not, of which the event tells nothing. A cleared task goes on counting, so that its
 * tries are beyond all that the task has: each may be the last. Null for what no task of Airflow ran.
 */
function triesOf(event: unknown): { number: number; most: number } | null {
  const facet = field(event, "run", "facets", "airflow");
  const number = Number(textAt(facet, "taskInstance", "try_number") ?? Number.NaN);
  const retries = Number(textAt(facet, "task", "retries") ?? Number.NaN);
  return Number.isInteger(number) && number > 0 && Number.isInteger(retries)
    ? { number, most: retries + 1 }
    : null;
}

/**
 * One failing task sends FAIL for the task, its DAG run and the DAG run that triggered that; one failing dbt model for
 * the statement, the model and the command. The root run is one for all of them; where dbt does not know it, its
 * invocation is.
 */
function runsOf(event: unknown): { own: string | null; parent: string | null; group: string | null } {
  const facets = field(event, "run", "facets");
  const own = textAt(event, "run", "runId");
  const parent = textAt(facets, "parent", "run", "runId");
  const root = textAt(facets, "parent", "root", "run", "runId");
  const invocation = textAt(facets, "dbt_run", "invocation_id");
  return { own, parent, group: root ?? invocation ?? parent ?? own };
}

function labelsOf(event: unknown): JsonObject {
  const run = runsOf(event);
  const facets = field(event, "job", "facets");
  return {
    job_namespace: textAt(event, "job", "namespace"),
    job_name: textAt(event, "job", "name"),
    job_type: textAt(facets, "jobType", "jobType"),
    integration: textAt(facets, "jobType", "integration"),
    run_id: run.parent ?? run.own,
    parent_job: textAt(event, "run", "facets", "parent", "job", "name"),
    map_index: mapIndexOf(event),
    owner: list(field(facets, "ownership", "owners"))
      .flatMap((owner) => textAt(owner, "name") ?? [])
      .join(", "),
    dbt_node: textAt(facets, "dbt_node", "unique_id"),
    dbt_invocation: textAt(event, "run", "facets", "dbt_run", "invocation_id"),
  };
}

function linksOf(event: unknown): { title: string; url: unknown }[] {
  return [
    { title: "Task log", url: textAt(event, "run", "facets", "airflow", "taskInstance", "log_url") },
    { title: "Source code", url: textAt(event, "job", "facets", "sourceCodeLocation", "url") },
  ];
}

function datasetOf(dataset: unknown): Asset | null {
  const namespace = textAt(dataset, "namespace");
  const name = textAt(dataset, "name");
  return namespace === null || name === null ? null : { namespace, name };
}
