import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import { datasetFromUri } from "../core/signal/dataset.ts";
import { bearerOrToken } from "./auth.ts";
import { type AlertDraft, finishAlert, invalid, partsOf, readEach } from "./draft.ts";
import { field, firstLine, list, textAt } from "./json.ts";
import { saidText } from "./placeholder.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";
import { isTemplateAlert, readTemplateAlert, refuseUnfilled } from "./template-alert.ts";

/**
 * What the "call a webhook" action of a Prefect automation sends is the user's own template. Read here are Prefect's
 * events (https://docs.prefect.io/v3/api-ref/events), which the template in docs/sources/prefect.md writes out, and a
 * plain alert that names its identity.
 */
export const prefect = {
  name: "prefect",
  title: "Prefect",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    return readEach(partsOf(request.body), (part) => {
      if (isTemplateAlert(part)) return readTemplateAlert(part, "prefect", request.receivedAt);
      const name = textAt(part, "event");
      if (name === null || resourceId(field(part, "resource")) === null) {
        throw invalid("This is no event of Prefect.", [
          {
            path: name === null ? "event" : "resource",
            message: "is required: docs/sources/prefect.md has a template that sends it",
          },
        ]);
      }
      refuseUnfilled(part, ["event"]);
      const draft = draftOf(part, name);
      return draft === null ? null : finishAlert(draft, request.receivedAt);
    });
  },
} satisfies Source;

function draftOf(part: unknown, name: string): AlertDraft | null {
  if (name.startsWith("prefect.flow-run.")) return readFlowRun(part);
  const asset = /^prefect\.asset\.materialization\.(succeeded|failed)$/.exec(name);
  if (asset) return readMaterialization(part, asset[1]!);
  const ready = /^prefect\.(deployment|work-pool|work-queue)\.(ready|not[-_]ready)$/.exec(name);
  return ready ? readReadiness(part, ready[1]!, ready[2]!) : null;
}

function resourceId(resource: unknown): string | null {
  return saidText(label(resource, "resource.id"));
}

/** The keys of a resource are flat, dots and all: `prefect.resource.id`. */
function label(resource: unknown, name: string): string | null {
  return textAt(resource, `prefect.${name}`);
}

/** The first related resource that plays the role. A deployment is also there as the run's `creator`. */
function related(part: unknown, role: string): unknown {
  return list(field(part, "related")).find((each) => label(each, "resource.role") === role);
}

/** Paused, cancelled, scheduled and running states say nothing of whether it is broken. */
const RUN_STATES: Record<string, { status: AlertSignal["status"]; severity: AlertSeverity }> = {
  FAILED: { status: "firing", severity: "error" },
  CRASHED: { status: "firing", severity: "error" },
  LATE: { status: "firing", severity: "warning" },
  COMPLETED: { status: "resolved", severity: "error" },
};

/**
 * A state has a type, which Prefect fixes, and a name, which a flow may choose (TimedOut is a FAILED). Late is the one
 * name of type SCHEDULED that says something is wrong.
 */
function readFlowRun(part: unknown): AlertDraft | null {
  const run = field(part, "resource");
  const named = label(run, "state-name") ?? textAt(part, "event")!.slice("prefect.flow-run.".length);
  const type = named === "Late" ? named : (label(run, "state-type") ?? named);
  const state = stateOf(type);
  if (state === null) return null;
  const firing = state.status === "firing";
  const flow = related(part, "flow");
  const deployment = related(part, "deployment");
  const message = saidText(label(run, "state-message"));
  // Every run has a new id, so only what is run can tell that the next one is well again.
  const identity = resourceId(deployment) ?? resourceId(flow);
  if (identity === null) {
    throw invalid("The event says neither of which deployment nor of which flow the run is.", [
      { path: "related", message: "must hold the flow" },
    ]);
  }
  const title = placeOf(label(flow, "resource.name"), label(deployment, "resource.name")) ?? identity;
  const runName = label(run, "resource.name");
  return {
    ...common(part),
    dedupKey: identity,
    deliveryId:
      textAt(part, "id") ??
      [resourceId(run), label(run, "run-count"), named].filter((each) => each !== null).join("/"),
    status: state.status,
    severity: state.severity,
    title: `${title} ${wordOf(named)}${firing && message !== null ? `: ${firstLine(message)}` : ""}`,
    description: message,
    labels: {
      flow: label(flow, "resource.name"),
      deployment: label(deployment, "resource.name"),
      flow_run: runName,
      flow_run_id: resourceId(run)?.replace(/^prefect\.flow-run\./, ""),
      state: named,
      run_count: label(run, "run-count"),
      work_pool: label(related(part, "work-pool"), "resource.name"),
      work_queue: label(related(part, "work-queue"), "resource.name"),
      tags: tagsOf(part).join(", "),
    },
    links: [{ title: runName === null ? "Flow run" : `Flow run ${runName}`, url: urlOf(part) }],
    ...times(label(run, "state-timestamp") ?? textAt(part, "occurred"), firing),
    groupHint: resourceId(run),
  };
}

function stateOf(type: string) {
  const name = type.toUpperCase();
  return Object.hasOwn(RUN_STATES, name) ? RUN_STATES[name]! : null;
}

/** Prefect names a deployment `flow/deployment`, and in some places by its last part alone. */
function placeOf(flow: string | null, deployment: string | null): string | null {
  if (deployment === null || flow === null) return deployment ?? flow;
  return deployment.includes("/") ? deployment : `${flow}/${deployment}`;
}

/** `TimedOut` → `timed out`. */
function wordOf(state: string): string {
  return state.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

const READINESS = {
  deployment: { what: "Deployment", severity: "warning" },
  "work-pool": { what: "Work pool", severity: "error" },
  "work-queue": { what: "Work queue", severity: "warning" },
} as const;

/** That nothing can run there is another thing than a run that failed, so it has an identity of its own. */
function readReadiness(part: unknown, kind: string, state: string): AlertDraft {
  const resource = field(part, "resource");
  const { what, severity } = READINESS[kind as keyof typeof READINESS];
  const firing = state !== "ready";
  const name = label(resource, "resource.name") ?? resourceId(resource)!;
  return {
    ...common(part),
    dedupKey: `${resourceId(resource)}/readiness`,
    deliveryId: textAt(part, "id"),
    status: firing ? "firing" : "resolved",
    severity,
    title: `${what} ${name} is ${firing ? "not ready" : "ready"}`,
    labels: {
      [kind.replace("-", "_")]: name,
      work_pool_type: label(resource, "work-pool.type"),
      flow: label(related(part, "flow"), "resource.name"),
    },
    links: [{ title: what, url: urlOf(part) }],
    ...times(textAt(part, "occurred"), firing),
  };
}

/** The resource's id is the asset's key, a URI such as `s3://bucket/path`. */
function readMaterialization(part: unknown, state: string): AlertDraft {
  const resource = field(part, "resource");
  const key = resourceId(resource)!;
  const firing = state === "failed";
  const name = label(resource, "resource.name") ?? key;
  return {
    ...common(part),
    dedupKey: `asset/${key}`,
    deliveryId: textAt(part, "id"),
    status: firing ? "firing" : "resolved",
    severity: "error",
    title: firing ? `Materialization of ${name} failed` : `${name} was materialized`,
    description: label(resource, "asset.description"),
    assets: [datasetFromUri(key) ?? { namespace: "prefect", name: key }],
    labels: {
      asset: key,
      owners: label(resource, "asset.owners"),
      materialized_by: resourceId(related(part, "asset-materialized-by")),
      flow: label(related(part, "flow"), "resource.name"),
      flow_run: label(related(part, "flow-run"), "resource.name"),
    },
    links: [
      { title: "Asset", url: label(resource, "asset.url") },
      { title: "Flow run", url: urlOf(part) },
    ],
    ...times(textAt(part, "occurred"), firing),
    groupHint: resourceId(related(part, "flow-run")),
  };
}

function common(part: unknown) {
  return { source: "prefect", raw: part };
}

function times(at: string | null, firing: boolean) {
  return { startsAt: firing ? at : null, endsAt: firing ? null : at, observedAt: at };
}

/** Not part of an event: our template adds it. */
function urlOf(part: unknown): string | null {
  return saidText(field(part, "url"));
}

function tagsOf(part: unknown): string[] {
  return list(field(part, "related"))
    .filter((each) => label(each, "resource.role") === "tag")
    .map((each) => (resourceId(each) ?? "").replace(/^prefect\.tag\./, ""))
    .filter((tag) => tag !== "");
}
