import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import { readSeverity } from "../core/signal/words.ts";
import { readAlertGroup } from "./alertmanager.ts";
import { assetOfLabels } from "./asset-labels.ts";
import { checkFresh, hmacSignature } from "./auth.ts";
import { basicOrBearer } from "./basic.ts";
import { finishAlert, invalid } from "./draft.ts";
import { field, type JsonObject, list, object, text, textAt } from "./json.ts";
import { saidText } from "./placeholder.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

const SIGNATURE = "X-Grafana-Alerting-Signature";
const TIMESTAMP = "x-grafana-alerting-timestamp";
const REPLAY_WINDOW_SECONDS = 300;

const checkSignature = hmacSignature({
  header: SIGNATURE,
  algorithm: "sha256",
  message: (request) => {
    const sentAt = request.headers[TIMESTAMP];
    return sentAt === undefined
      ? request.rawBody
      : Buffer.concat([Buffer.from(`${sentAt}:`), request.rawBody]);
  },
});

/**
 * The webhook contact point of Grafana Alerting:
 * https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/.
 * It sends Alertmanager's format with fields of its own. Up to version 7 (and in 8, on request) Grafana had another
 * alerting, which posts one rule at a time.
 */
export const grafana = {
  name: "grafana",
  title: "Grafana Alerting",
  contentTypes: ["application/json"],
  authenticate(request: SourceRequest, secrets: string[]): void {
    if (request.headers[SIGNATURE.toLowerCase()] === undefined) {
      basicOrBearer(request, secrets);
      return;
    }
    checkSignature(request, secrets);
    const sentAt = request.headers[TIMESTAMP];
    if (sentAt !== undefined) checkFresh(secondsToMs(sentAt), request.receivedAt, REPLAY_WINDOW_SECONDS);
  },
  read(request: SourceRequest): Reading {
    const body = object(request.body);
    const isRule = body !== null && !("alerts" in body) && ("ruleName" in body || "ruleId" in body);
    if (isRule) return { alerts: readRule(body, request.receivedAt), rejected: [] };
    return readAlertGroup(request, { source: "grafana", title: "Grafana", severity: "error" });
  },
} satisfies Source;

function secondsToMs(seconds: string): number {
  return /^\d{1,12}$/.test(seconds.trim()) ? Number(seconds) * 1000 : Number.NaN;
}

/** States of a rule. Missing data are no recovery; `pending`, `paused` and `unknown` say neither. */
const RULE_STATES = new Map<string, { status: AlertSignal["status"]; severity: AlertSeverity; word: string }>(
  [
    ["alerting", { status: "firing", severity: "error", word: "is alerting" }],
    ["no_data", { status: "firing", severity: "warning", word: "has no data" }],
    ["ok", { status: "resolved", severity: "error", word: "is OK" }],
  ],
);

function readRule(body: JsonObject, receivedAt: string): AlertSignal[] {
  const state = RULE_STATES.get(textAt(body, "state")?.toLowerCase() ?? "");
  if (state === undefined) return [];
  const id = saidText(body.ruleId);
  const name = saidText(body.ruleName);
  if (id === null && name === null) {
    throw invalid("The rule has neither id nor name.", [{ path: "ruleId", message: "is required" }]);
  }
  const tags = object(body.tags) ?? {};
  const series = list(body.evalMatches).map((match) => object(field(match, "tags")) ?? {});
  const draft = {
    source: "grafana",
    dedupKey: id === null ? `rule/name/${name}` : `rule/${id}`,
    status: state.status,
    severity: readSeverity(tags.severity) ?? state.severity,
    title: `${name ?? `Rule ${id}`} ${state.word}`,
    description: [textAt(body, "message"), matchesText(body)].filter(Boolean).join("\n\n"),
    assets: [tags, ...series].map((labels) => assetOfLabels(labels, "grafana")),
    labels: {
      rule_id: id,
      rule_name: name,
      org_id: text(body.orgId),
      dashboard_id: text(body.dashboardId),
      panel_id: text(body.panelId),
      // What is true of one series is no fact about a rule that fires for several.
      ...(series.length === 1 ? series[0] : {}),
      ...tags,
    },
    links: [
      { title: "Rule", url: body.ruleUrl },
      { title: "Image", url: body.imageUrl },
    ],
    raw: body,
  };
  return [finishAlert(draft, receivedAt)];
}

/** `user = 97.0 {instance=…}`, a line for each series that broke the rule. */
function matchesText(body: JsonObject): string {
  const lines = list(body.evalMatches).map((match) => {
    const tags = Object.entries(object(field(match, "tags")) ?? {}).map(
      ([name, value]) => `${name}=${text(value) ?? ""}`,
    );
    const value = textAt(match, "value") ?? "no value";
    return `${textAt(match, "metric") ?? "series"} = ${value}${tags.length > 0 ? ` {${tags.join(", ")}}` : ""}`;
  });
  return lines.join("\n");
}
