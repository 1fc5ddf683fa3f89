import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { datasetFromParts } from "../core/signal/dataset.ts";
import { readSeverity, readStatus } from "../core/signal/words.ts";
import { bearerOrToken } from "./auth.ts";
import { type AlertDraft, finishAlert, hashOf, invalid, partsOf, readEach } from "./draft.ts";
import { field, firstLine, type JsonObject, list, object, text } from "./json.ts";
import { saidText } from "./placeholder.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";
import {
  isTemplateAlert,
  readTemplateAlert,
  refuseUnfilled,
  saidLabels,
  unfilledWarnings,
} from "./template-alert.ts";

/**
 * Dagster+ sends what the user writes with its tokens (https://docs.dagster.io/guides/labs/webhook-alerts), Dagster
 * what a sensor posts. Read here are the templates and the sensor of docs/sources/dagster.md, and a plain alert that
 * names its identity.
 */
export const dagster = {
  name: "dagster",
  title: "Dagster",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    const parts = partsOf(request.body).flatMap(({ path, part }) => onePerAsset(path, part));
    return readEach(parts, ({ part, asset }) => {
      // The test button of an alert policy; nothing is broken.
      if (text(field(part, "is_sample"))?.toLowerCase() === "true" || field(part, "is_sample") === true)
        return null;
      if (isTemplateAlert(part)) return readTemplateAlert(part, "dagster", request.receivedAt);
      const draft = draftOf(object(part), asset);
      return draft === null ? null : finishAlert(draft, request.receivedAt);
    });
  },
} satisfies Source;

type Part = { path: string; part: { part: unknown; asset: string | null } };

/** One alert of Dagster+ may name several assets; each passes on its own later, so each is an alert of its own. */
function onePerAsset(path: string, part: unknown): Part[] {
  const assets = isAssetAlert(part) ? assetKeys(part) : [];
  if (assets.length === 0) return [{ path, part: { part, asset: null } }];
  return assets.map((asset) => ({ path, part: { part, asset } }));
}

/** An alert about assets names no job; a run's names the job, and beside it the assets that it was to make. */
function isAssetAlert(part: unknown): boolean {
  return saidText(field(part, "job_name")) === null && !isTemplateAlert(part);
}

/** As a list, or as Dagster+'s token writes it, `orders, sales/customers`. */
function assetKeys(part: unknown): string[] {
  const said = field(part, "asset_keys");
  const keys = Array.isArray(said) ? said : (saidText(said)?.slice(0, 50_000).split(",") ?? []);
  const single = saidText(field(part, "asset_key"));
  return [...new Set([...keys.map(saidText), single].filter((key) => key !== null))].slice(0, 200);
}

function draftOf(body: JsonObject | null, asset: string | null): AlertDraft | null {
  const at = (name: string) => saidText(body?.[name]);
  const what = subjectOf(body, asset);
  const state = what === null ? null : stateOf(body!, what.kind);
  if (state === null) return null;
  const identity = [at("deployment"), at("code_location"), what!.key].filter((each) => each !== null);
  const dedupKey = identity.join("/");
  const firing = state.status === "firing";
  const failure = at("failure_message") ?? at("description");
  const run = at("run_id");
  const fallback = `${what!.name} ${firing ? `failed${failure === null ? "" : `: ${firstLine(failure)}`}` : "is well again"}`;
  const happened = at("occurred_at");
  return {
    source: "dagster",
    dedupKey,
    deliveryId: deliveryOf(body!, dedupKey, state.status),
    status: state.status,
    severity: state.severity,
    title: titleOf(at("title"), asset, assetKeys(body)) ?? fallback,
    description: failure,
    assets: asset === null ? assetKeys(body).map((key) => assetOf(key, body)) : [assetOf(asset, body)],
    labels: {
      deployment: at("deployment"),
      code_location: at("code_location"),
      job: at("job_name"),
      asset,
      run_id: run,
      run_status: at("run_status"),
      partition: at("partition"),
      failed_steps: list(body!.failed_steps).map(text).filter(Boolean).join(", "),
      event_types: at("event_types"),
      health_status: at("health_status"),
      notification_type: at("notification_type"),
      alert_policy: at("alert_policy"),
      schedule: at("schedule_name"),
      sensor: at("sensor_name"),
      ...saidLabels(object(body!.tags) ?? {}),
    },
    links: [{ title: run === null ? "Open in Dagster" : "Run", url: at("run_url") ?? at("url") }],
    startsAt: firing ? happened : null,
    endsAt: firing ? null : happened,
    observedAt: happened,
    groupHint: run,
    warnings: [...state.warnings, ...unfilledWarnings(body!, "")],
    raw: body,
  };
}

/** Of several assets in one alert each says which it is. */
function titleOf(title: string | null, asset: string | null, all: string[]): string | null {
  return title === null || asset === null || all.length < 2 ? title : `${asset}: ${title}`;
}

/** A retry of the sensor has the same run; a notification of Dagster+ has an id of its own. */
function deliveryOf(body: JsonObject, dedupKey: string, status: string): string | null {
  const id = saidText(body.alert_id);
  const run = saidText(body.run_id);
  return id === null && run === null ? null : [dedupKey, id, run, status].filter(Boolean).join("/");
}

type Subject = { kind: "run" | "asset" | "other"; key: string; name: string };

/** What is broken: a job, an asset (checks, freshness and health apart), or whatever else the policy watches. */
function subjectOf(body: JsonObject | null, asset: string | null): Subject | null {
  refuseUnfilled(body, ["deployment"]);
  const at = (name: string) => saidText(body?.[name]);
  const job = at("job_name");
  if (job !== null) {
    // Assets that are materialised without a job of their own all run in `__ASSET_JOB`.
    const selected = job.startsWith("__") ? assetKeys(body).sort() : [];
    const key = selected.length === 0 ? job : `${job}:${hashOf(selected)}`;
    return { kind: "run", key, name: selected.length === 0 ? job : selected.slice(0, 3).join(", ") };
  }
  if (asset !== null) return { kind: "asset", key: `asset:${asset}${aspectOf(body!)}`, name: asset };
  for (const name of ["instigator_name", "location_name", "metric_name"]) {
    const found = at(name);
    if (found !== null) return { kind: "other", key: `${name.split("_")[0]}:${found}`, name: found };
  }
  const policy = at("alert_policy");
  if (policy !== null) return { kind: "other", key: `policy:${policy}`, name: policy };
  refuseUnfilled(body, ["job_name", "asset_key", "asset_keys"]);
  throw invalid("This names nothing that could be broken.", [
    {
      path: "job_name",
      message:
        "is required (or asset_key, asset_keys, alert_policy): docs/sources/dagster.md has what sends it",
    },
  ]);
}

/** An asset that was materialised has not thereby passed its checks, so these are told apart. */
function aspectOf(body: JsonObject): string {
  const types = (saidText(body.event_types) ?? "").toLowerCase();
  if (types === "" && saidText(body.health_status) !== null) return "/health";
  if (types === "" && saidText(body.freshness_status) !== null) return "/freshness";
  if (types.includes("materiali") || types === "") return "";
  if (types.includes("check")) return "/checks";
  return types.includes("freshness") ? "/freshness" : "";
}

type State = { status: AlertSignal["status"]; severity: AlertSeverity; warnings: string[] };

const firing = (severity: AlertSeverity, ...warnings: string[]): State => ({
  status: "firing",
  severity,
  warnings,
});
const WELL: State = { status: "resolved", severity: "error", warnings: [] };

/** Null where nothing is broken and nothing is well again: a health that is unknown. */
function stateOf(body: JsonObject, kind: Subject["kind"]): State | null {
  const said = readSeverity(saidText(body.severity));
  const run = readStatus(saidText(body.run_status) ?? saidText(body.status));
  if (run !== null) return run === "resolved" ? WELL : firing(said ?? "error");
  const health = (saidText(body.health_status) ?? saidText(body.freshness_status))?.toUpperCase();
  if (health === "HEALTHY") return WELL;
  if (health === "DEGRADED") return firing(said ?? "error");
  if (health === "WARNING") return firing(said ?? "warning");
  if (health === "UNKNOWN" || health === "NOT_APPLICABLE") return null;
  const types = (saidText(body.event_types) ?? "").toLowerCase();
  if (/fail|error|degraded|violat|overdue/.test(types)) return firing(said ?? "error");
  if (/warn/.test(types)) return firing(said ?? "warning");
  if (/succe|pass|healthy|recover/.test(types)) return WELL;
  if (saidText(body.run_status) === "CANCELED") return null;
  // A job that runs too long, an agent that is down: policies that only ever tell of what is wrong.
  return kind === "other"
    ? firing(said ?? "error")
    : firing(said ?? "warning", "Nothing says whether it failed or passed, so it was taken as firing.");
}

/**
 * `sales/orders` is Dagster's own name of an asset. Where the body says in which data source its assets are, their last
 * parts are schema and table there.
 */
function assetOf(key: string, body: JsonObject | null): Asset | null {
  const namespace = saidText(body?.dataset_namespace);
  if (namespace === null) return { namespace: "dagster", name: key };
  return datasetFromParts(namespace, key.split("/"));
}
