import type { AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { finishAlert, invalid } from "./draft.ts";
import { field, firstLine, list, textAt } from "./json.ts";

/**
 * OpenLineage's RunEvent (https://openlineage.io/docs/spec/object-model), which several tools send: a run of a job
 * that failed or completed, with the datasets that it writes.
 */
export function isRunEvent(body: unknown): boolean {
  return textAt(body, "eventType") !== null && textAt(body, "job", "name") !== null;
}

/** A FAIL is a firing of its job, a COMPLETE resolves it; START, RUNNING, ABORT and OTHER say nothing broke: null. */
export function readRunEvent(event: unknown, source: string, receivedAt: string): AlertSignal | null {
  const type = textAt(event, "eventType")?.toUpperCase();
  if (type !== "FAIL" && type !== "COMPLETE") return null;
  const namespace = textAt(event, "job", "namespace");
  const name = textAt(event, "job", "name");
  if (namespace === null || name === null) {
    throw invalid("The event's job has no namespace or name.", [
      { path: "job", message: "needs namespace and name" },
    ]);
  }
  const failed = type === "FAIL";
  const error = textAt(event, "run", "facets", "errorMessage", "message");
  const run = runsOf(event);
  return finishAlert(
    {
      source,
      dedupKey: `${namespace}/${name}`,
      deliveryId: run.own === null ? null : `${namespace}/${name}/${run.own}/${type}`,
      status: failed ? "firing" : "resolved",
      severity: "error",
      title: failed ? `${name} failed${error === null ? "" : `: ${firstLine(error)}`}` : `${name} completed`,
      description: failed
        ? [error, textAt(event, "run", "facets", "errorMessage", "stackTrace")].filter(Boolean).join("\n\n")
        : null,
      assets: list(field(event, "outputs")).map(outputDataset),
      labels: {
        job_namespace: namespace,
        job_name: name,
        job_type: textAt(event, "job", "facets", "jobType", "jobType"),
        run_id: run.parent ?? run.own,
        parent_job: textAt(event, "run", "facets", "parent", "job", "name"),
      },
      startsAt: failed ? field(event, "eventTime") : null,
      endsAt: failed ? null : field(event, "eventTime"),
      observedAt: field(event, "eventTime"),
      // One failing task sends FAIL for the task, its DAG run and the DAG run that triggered that: one root, one group.
      groupHint: run.root ?? run.parent ?? run.own,
      raw: event,
    },
    receivedAt,
  );
}

function runsOf(event: unknown): { own: string | null; parent: string | null; root: string | null } {
  const parent = field(event, "run", "facets", "parent");
  return {
    own: textAt(event, "run", "runId"),
    parent: textAt(parent, "run", "runId"),
    root: textAt(parent, "root", "run", "runId"),
  };
}

function outputDataset(output: unknown): Asset | null {
  const namespace = textAt(output, "namespace");
  const name = textAt(output, "name");
  return namespace === null || name === null ? null : { namespace, name };
}
