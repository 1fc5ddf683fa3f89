import { plural } from "../core/plural.ts";
import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import { readInstant } from "../core/signal/instant.ts";
import { readSeverity } from "../core/signal/words.ts";
import { assetOfLabels } from "./asset-labels.ts";
import { basicOrBearer } from "./basic.ts";
import { finishAlert, invalid, partsOf, readEach } from "./draft.ts";
import { field, firstLine, type JsonObject, object, text, textAt } from "./json.ts";
import { labelsFingerprint } from "./prometheus-fingerprint.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * Alertmanager's webhook, version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Many
 * tools of the Prometheus family send the same. A plain list is what Prometheus posts to Alertmanager's own API:
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml.
 */
export const alertmanager = {
  name: "alertmanager",
  title: "Prometheus Alertmanager",
  contentTypes: ["application/json"],
  authenticate: basicOrBearer,
  read(request: SourceRequest): Reading {
    const sender: PrometheusSender = { source: "alertmanager", title: "Alertmanager", severity: "warning" };
    const { body, receivedAt } = request;
    if (Array.isArray(body)) {
      return readEach(partsOf(body), (alert) => readPrometheusAlert(alert, null, sender, receivedAt));
    }
    return readAlertGroup(request, sender);
  },
} satisfies Source;

/** What differs between the tools that send alerts in Alertmanager's format. */
export type PrometheusSender = {
  source: string;
  title: string;
  /** Where no label says how bad it is. */
  severity: AlertSeverity;
};

/** A notification of a group of alerts, in Alertmanager's format. */
export function readAlertGroup(request: SourceRequest, sender: PrometheusSender): Reading {
  const group = object(request.body);
  if (group === null || !Array.isArray(group.alerts)) {
    throw invalid(`This is no ${sender.title} notification: it has no list \`alerts\`.`, [
      { path: "alerts", message: "must be a list of alerts" },
    ]);
  }
  return readEach(partsOf(group.alerts, "alerts"), (alert) =>
    readPrometheusAlert(alert, group, sender, request.receivedAt),
  );
}

/**
 * The group's status is `firing` until the last of its alerts is over, so of one of them it says something only once it
 * is `resolved`. Prometheus, and some relays, send alerts without a status of their own: Prometheus sends an alert anew
 * as long as it fires, with an end ahead of now, and with an end that is past once it is over.
 */
function statusOf(part: unknown, group: JsonObject | null, receivedAt: string): AlertSignal["status"] {
  const status = textAt(part, "status");
  if (status === "firing" || status === "resolved") return status;
  const whole = textAt(group, "status");
  if (status !== null || (group !== null && whole !== "firing" && whole !== "resolved")) {
    throw invalid("The alert's status is wrong.", [
      { path: "status", message: "must be firing or resolved" },
    ]);
  }
  const end = readInstant(field(part, "endsAt"), receivedAt).at;
  const over = end !== null && Date.parse(end) <= Date.parse(receivedAt);
  return over || whole === "resolved" ? "resolved" : "firing";
}

function readPrometheusAlert(
  part: unknown,
  /** Null where the alert came without one. */
  notification: JsonObject | null,
  sender: PrometheusSender,
  receivedAt: string,
): AlertSignal | null {
  const labels = object(field(part, "labels"));
  if (labels === null)
    throw invalid("The alert has no labels.", [{ path: "labels", message: "must be an object" }]);
  const status = statusOf(part, notification, receivedAt);
  const group = notification ?? {};
  // Fires always, on purpose, to show that alerting works: https://runbooks.prometheus-operator.dev/runbooks/general/watchdog
  if (labels.alertname === "Watchdog") return null;
  return finishAlert(
    {
      source: sender.source,
      // Some relays drop Alertmanager's own.
      dedupKey: textAt(part, "fingerprint") ?? labelsFingerprint(labels),
      status,
      severity: readSeverity(labels.severity) ?? sender.severity,
      title: titleOf(part, labels, group),
      description:
        textAt(part, "annotations", "description") ??
        textAt(part, "annotations", "message") ??
        textAt(part, "annotations", "Error") ??
        textAt(part, "valueString"),
      assets: [assetOfLabels(labels, sender.source)],
      labels,
      links: linksOf(part, labels, group, sender.title),
      startsAt: field(part, "startsAt"),
      // While it fires this is year 1, or the time at which it would be taken for resolved if it were not sent again.
      endsAt: status === "resolved" ? field(part, "endsAt") : null,
      // Of what fires it says only since when; that does not change while it is repeated.
      observedAt: status === "resolved" ? field(part, "endsAt") : null,
      groupHint: textAt(group, "groupKey"),
      warnings: warningsOf(labels, group, sender),
      raw: notification === null ? part : { ...notification, alerts: [part] },
    },
    receivedAt,
  );
}

function warningsOf(labels: JsonObject, group: JsonObject, sender: PrometheusSender): string[] {
  const warnings: string[] = [];
  const severity = textAt(labels, "severity");
  if (severity !== null && readSeverity(severity) === null) {
    warnings.push(
      `The severity "${severity}" is not known and was taken as ${sender.severity}: use critical, error, warning or info.`,
    );
  }
  const left = Number(group.truncatedAlerts);
  if (left > 0)
    warnings.push(
      `${sender.title} left ${plural(left, "alert")} of this group out: raise max_alerts of the receiver.`,
    );
  return warnings;
}

function titleOf(part: unknown, labels: JsonObject, group: JsonObject): string {
  const annotations = object(field(part, "annotations"));
  const said =
    brokenRule(labels) ??
    textAt(annotations, "summary") ??
    textAt(annotations, "title") ??
    textAt(labels, "alertname") ??
    textAt(group, "commonLabels", "alertname") ??
    textAt(group, "groupLabels", "alertname") ??
    firstLine(textAt(annotations, "description"));
  if (said !== null) return said;
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${text(value) ?? ""}"`);
  // Grafana's title of the group: `[FIRING:1] Orders are late`.
  const titled = pairs.length > 0 ? null : textAt(group, "title")?.replace(/^\[[A-Z]+:\d+\]\s*/, "");
  return titled || `Alert {${pairs.join(", ")}}`;
}

/**
 * Grafana says of a rule that it could not check with an alert of another name; its annotations are still the rule's,
 * written for when it fires.
 */
function brokenRule(labels: JsonObject): string | null {
  const rule = textAt(labels, "rulename");
  if (rule === null) return null;
  if (labels.alertname === "DatasourceError") return `${rule} could not be checked`;
  return labels.alertname === "DatasourceNoData" ? `${rule} has no data` : null;
}

/** Fields, annotations or labels that hold a link, under the names that rule sets and Grafana use. */
const LINKS: [title: string, names: string[]][] = [
  ["Runbook", ["runbook_url", "runbook"]],
  ["Dashboard", ["dashboard_url", "dashboard", "dashboardURL"]],
  ["Panel", ["panelURL"]],
  ["Image", ["imageURL"]],
  ["Silence", ["silenceURL"]],
];

function linksOf(
  part: unknown,
  labels: JsonObject,
  group: JsonObject,
  tool: string,
): { title: string; url: unknown }[] {
  const sources = [object(field(part, "annotations")), labels, object(part)];
  const links: { title: string; url: unknown }[] = [{ title: "Source", url: field(part, "generatorURL") }];
  for (const [title, names] of LINKS) {
    for (const source of sources) {
      for (const name of names) {
        const url = source !== null && Object.hasOwn(source, name) ? text(source[name]) : null;
        // A runbook or dashboard may also be given by name; only an address makes a link.
        if (url?.includes("://")) links.push({ title, url });
      }
    }
  }
  links.push({ title: tool, url: group.externalURL });
  return links;
}
