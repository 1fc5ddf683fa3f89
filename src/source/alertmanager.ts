import type { AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { datasetFromParts, relationParts } from "../core/signal/dataset.ts";
import { readSeverity } from "../core/signal/words.ts";
import { bearerOrToken } from "./auth.ts";
import { finishAlert, hashOf, invalid, partsOf, readEach } from "./draft.ts";
import { field, firstLine, type JsonObject, object, text, textAt } from "./json.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * Alertmanager's webhook, version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Many
 * tools of the Prometheus family send the same.
 */
export const alertmanager: Source = {
  name: "alertmanager",
  title: "Prometheus Alertmanager",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    const group = object(request.body);
    if (group === null || !Array.isArray(group.alerts)) {
      throw invalid("This is no Alertmanager notification: it has no list `alerts`.", [
        { path: "alerts", message: "must be a list of alerts" },
      ]);
    }
    return readEach(partsOf(group.alerts, "alerts"), (alert) => readAlert(alert, group, request.receivedAt));
  },
};

function readAlert(part: unknown, group: JsonObject, receivedAt: string): AlertSignal | null {
  const labels = object(field(part, "labels"));
  if (labels === null)
    throw invalid("The alert has no labels.", [{ path: "labels", message: "must be an object" }]);
  // The group's status is `firing` as long as any of its alerts fires, so it says nothing about one of them.
  const status = textAt(part, "status");
  if (status !== "firing" && status !== "resolved") {
    throw invalid("The alert's status is wrong.", [
      { path: "status", message: "must be firing or resolved" },
    ]);
  }
  // Fires always, on purpose, to show that alerting works: https://runbooks.prometheus-operator.dev/runbooks/general/watchdog
  if (labels.alertname === "Watchdog") return null;
  const warnings = warningsOf(labels, group);
  return finishAlert(
    {
      source: "alertmanager",
      dedupKey: textAt(part, "fingerprint") ?? labelsHash(labels),
      status,
      severity: readSeverity(labels.severity) ?? "warning",
      title: titleOf(part, labels),
      description: textAt(part, "annotations", "description") ?? textAt(part, "annotations", "message"),
      assets: [assetOf(labels)],
      labels,
      links: linksOf(part, labels, group),
      startsAt: field(part, "startsAt"),
      // While it fires this is year 1, or the time at which it would be taken for resolved if it were not sent again.
      endsAt: status === "resolved" ? field(part, "endsAt") : null,
      // Prometheus gives every new firing a new startsAt, so a delayed repeat of the firing before a resolve shows.
      observedAt: field(part, status === "resolved" ? "endsAt" : "startsAt"),
      groupHint: textAt(group, "groupKey"),
      warnings,
      raw: { ...group, alerts: [part] },
    },
    receivedAt,
  );
}

function warningsOf(labels: JsonObject, group: JsonObject): string[] {
  const warnings: string[] = [];
  const severity = textAt(labels, "severity");
  if (severity !== null && readSeverity(severity) === null) {
    warnings.push(
      `The severity "${severity}" is not known and was taken as warning: use critical, error, warning or info.`,
    );
  }
  const left = Number(group.truncatedAlerts);
  if (left > 0)
    warnings.push(`Alertmanager left ${left} alerts of this group out: raise max_alerts of the receiver.`);
  return warnings;
}

function labelPairs(labels: JsonObject): [string, string | null][] {
  return Object.entries(labels).map(([name, value]) => [name, text(value)]);
}

/** Alertmanager's own fingerprint is a hash of the labels too; some relays drop it. */
function labelsHash(labels: JsonObject): string {
  return `labels:${hashOf(labelPairs(labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}

function titleOf(part: unknown, labels: JsonObject): string {
  const annotations = object(field(part, "annotations"));
  const said =
    textAt(annotations, "summary") ??
    textAt(annotations, "title") ??
    textAt(labels, "alertname") ??
    firstLine(textAt(annotations, "description"));
  const pairs = labelPairs(labels).map(([name, value]) => `${name}="${value ?? ""}"`);
  return said ?? `Alert {${pairs.join(", ")}}`;
}

/** Labels that name what is broken, best first. `dataset` beside `table` is BigQuery's word for the schema. */
const ASSET_LABELS = ["table", "relation", "dataset", "dbt_model", "model", "asset"];

/**
 * The asset that the labels name. `dataset_namespace` goes before `namespace`, which in Kubernetes is something else;
 * where neither is there the asset is named under `alertmanager`.
 */
function assetOf(labels: JsonObject): Asset | null {
  const found = ASSET_LABELS.find((name) => textAt(labels, name) !== null);
  if (found === undefined) return null;
  const parts = relationParts(textAt(labels, found)!);
  const schema = textAt(labels, "schema") ?? (found === "table" ? textAt(labels, "dataset") : null);
  const database = textAt(labels, "database") ?? (schema === null ? null : textAt(labels, "project"));
  const namespace = textAt(labels, "dataset_namespace") ?? textAt(labels, "namespace") ?? "alertmanager";
  const around = parts.length >= 3 ? [] : parts.length === 2 ? [database] : [database, schema];
  return datasetFromParts(namespace, [...around, ...parts]);
}

/** Annotations (or labels) that hold a link, under the names that rule sets and Grafana use. */
const LINKS: [title: string, names: string[]][] = [
  ["Runbook", ["runbook_url", "runbook"]],
  ["Dashboard", ["dashboard_url", "dashboard", "dashboardURL"]],
];

function linksOf(part: unknown, labels: JsonObject, group: JsonObject): { title: string; url: unknown }[] {
  const sources = [field(part, "annotations"), labels, part];
  const named = LINKS.flatMap(([title, names]) =>
    sources.flatMap((source) => names.map((name) => ({ title, url: textAt(source, name) }))),
  );
  return [
    { title: "Source", url: field(part, "generatorURL") },
    // A runbook or dashboard may also be given by name; only an address makes a link.
    ...named.filter(({ url }) => url?.includes("://")),
    { title: "Alertmanager", url: group.externalURL },
  ];
}
