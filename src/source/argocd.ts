import type { AlertSignal } from "../core/signal/alert.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { bearerOrToken } from "./auth.ts";
import { finishChange } from "./change-draft.ts";
import { finishAlert, invalid, readEach, readEachChange } from "./draft.ts";
import { refuseTemplate } from "./generic-fields.ts";
import { field, firstLine, type JsonObject, object } from "./json.ts";
import { meaningOf } from "./meaning.ts";
import { saidText } from "./placeholder.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * Argo CD Notifications, whose body is a template: that of docs/sources/argocd.md, or the Application itself as
 * `{"app": {{ toJson .app }}}`. https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/
 */
export const argocd = {
  name: "argocd",
  title: "Argo CD",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    const app = appOf(request.body);
    const parts = verdictsOf(app).map((verdict) => ({ path: "", part: verdict }));
    const alerts = readEach(parts, (verdict) => readAlert(app, verdict, request.receivedAt));
    const change = operationOf(app) === null ? null : readSync(app, request.receivedAt);
    return { ...alerts, changes: change === null ? [] : [change] };
  },
  readChanges(request: SourceRequest): Reading {
    const app = appOf(request.body);
    return readEachChange([{ path: "", part: app }], (part) => readSync(part, request.receivedAt));
  },
} satisfies Source;

type App = {
  body: JsonObject;
  name: string;
  /** Names are unique in one Argo CD and namespace only; the address tells one Argo CD from another. */
  identity: string;
  phase: string | null;
  health: string | null;
  sync: string | null;
  revision: string | null;
  message: string | null;
  healthMessage: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  url: string | null;
  repository: string | null;
  initiatedBy: string | null;
  labels: JsonObject;
};

function appOf(sent: unknown): App {
  const body = object(sent);
  const whole = object(field(body, "app"));
  // A Go template writes `<no value>` for what is not there, which `saidText` takes for nothing.
  const at = (...names: string[]) => names.map((name) => saidText(field(body, name))).find(Boolean) ?? null;
  const of = (...keys: string[]) => saidText(field(whole, ...keys));
  const name = at("app", "application", "name") ?? of("metadata", "name");
  if (body === null || name === null) {
    // An unfilled template is no name either, and is told as what it is.
    for (const each of ["app", "application", "name"]) refuseTemplate(each, field(body, each));
    throw invalid("The notification names no application. Use the template in docs/sources/argocd.md.", [
      { path: "app", message: "is required" },
    ]);
  }
  refuseTemplate("app", name);
  const url = at("url");
  const namespace = at("namespace") ?? of("metadata", "namespace");
  const host = /^https?:\/\/([^/?#]+)/i.exec(url ?? "")?.[1]?.toLowerCase();
  const state = (...keys: string[]) => of("status", "operationState", ...keys);
  return {
    body,
    name,
    identity: [host, namespace, name].filter(Boolean).join("/"),
    phase: at("phase") ?? state("phase"),
    health: at("health") ?? of("status", "health", "status"),
    sync: at("sync") ?? of("status", "sync", "status"),
    revision: at("revision") ?? state("syncResult", "revision") ?? of("status", "sync", "revision"),
    message: at("message") ?? state("message"),
    healthMessage: at("health_message") ?? of("status", "health", "message"),
    startedAt: at("started_at") ?? state("startedAt"),
    finishedAt: at("finished_at") ?? state("finishedAt"),
    url,
    repository: at("repository") ?? of("spec", "source", "repoURL"),
    initiatedBy: at("initiated_by") ?? state("operation", "initiatedBy", "username"),
    labels: {
      app: name,
      project: at("project") ?? of("spec", "project"),
      namespace,
      cluster: at("cluster") ?? of("spec", "destination", "server") ?? of("spec", "destination", "name"),
      destination_namespace: at("destination_namespace") ?? of("spec", "destination", "namespace"),
      path: at("path") ?? of("spec", "source", "path"),
    },
  };
}

const PHASES: Record<string, ChangeSignal["status"]> = {
  succeeded: "succeeded",
  failed: "failed",
  error: "failed",
  running: "started",
  terminating: "started",
};

function phaseOf(app: App): ChangeSignal["status"] | null {
  return meaningOf(PHASES, app.phase?.toLowerCase() ?? null);
}

/** Sync and health break apart from each other, so each is an alert of its own. */
type Verdict = { what: "sync" | "health"; status: AlertSignal["status"] };

function verdictsOf(app: App): Verdict[] {
  const phase = phaseOf(app);
  const health = app.health?.toLowerCase();
  const verdicts: Verdict[] = [];
  if (phase === "failed") verdicts.push({ what: "sync", status: "firing" });
  // Without a phase, an application that is in sync was synced.
  if (phase === "succeeded" || (app.phase === null && app.sync?.toLowerCase() === "synced"))
    verdicts.push({ what: "sync", status: "resolved" });
  // Progressing, Missing, Suspended and Unknown say neither.
  if (health === "degraded") verdicts.push({ what: "health", status: "firing" });
  if (health === "healthy") verdicts.push({ what: "health", status: "resolved" });
  return verdicts;
}

function readAlert(app: App, { what, status }: Verdict, receivedAt: string): AlertSignal {
  const firing = status === "firing";
  // The operation's message tells of the sync alone: it may say "successfully synced" of what has degraded since.
  const said = what === "sync" ? app.message : app.healthMessage;
  const error = firing ? said : null;
  const words = what === "sync" ? ["failed to sync", "synced"] : ["is degraded", "is healthy"];
  return finishAlert(
    {
      source: "argocd",
      dedupKey: `${app.identity}/${what}`,
      // An application may degrade twice after one sync, so only the end of a sync has an identity.
      deliveryId: what === "sync" && app.startedAt !== null ? `${operationOf(app)}/${status}` : null,
      status,
      severity: "error",
      title: `${app.name} ${firing ? words[0] : words[1]}${error === null ? "" : `: ${firstLine(error)}`}`,
      description: error,
      labels: { ...app.labels, phase: app.phase, health: app.health, sync: app.sync, revision: app.revision },
      links: [{ title: "Application", url: app.url }],
      // The time of the sync is not that of the health, which may break long after.
      startsAt: firing && what === "sync" ? app.finishedAt : null,
      endsAt: !firing && what === "sync" ? app.finishedAt : null,
      observedAt: what === "sync" ? app.finishedAt : null,
      groupHint: app.identity,
      raw: app.body,
    },
    receivedAt,
  );
}

/** One sync: the same revision may be synced again, and then begins at another time. */
function operationOf(app: App): string | null {
  const which = [app.revision, app.startedAt].filter(Boolean).join("/");
  return which === "" ? null : `${app.identity}/${which}`;
}

function readSync(app: App, receivedAt: string): ChangeSignal | null {
  const status = phaseOf(app);
  if (status === null) return null;
  const operation = operationOf(app);
  if (operation === null) {
    throw invalid("The notification tells neither the revision nor when the sync began.", [
      { path: "revision", message: "is required" },
    ]);
  }
  return finishChange(
    {
      source: "argocd",
      dedupKey: operation,
      deliveryId: `${operation}/${app.phase}/${app.health ?? "-"}`,
      kind: "deployment",
      status,
      title: saidText(app.body.title) ?? `Sync of ${app.name} ${status}`,
      description: app.message,
      actor: app.initiatedBy,
      repository: app.repository,
      revision: app.revision,
      environment: saidText(app.body.environment),
      labels: { ...app.labels, phase: app.phase, health: app.health },
      links: [{ title: "Application", url: app.url }],
      startedAt: app.startedAt,
      endedAt: status === "started" ? null : app.finishedAt,
      raw: app.body,
    },
    receivedAt,
  );
}
