import type { AlertSignal } from "../core/signal/alert.ts";
import { readSeverity } from "../core/signal/words.ts";
import { assetOfLabels } from "./asset-labels.ts";
import { hmacSignature } from "./auth.ts";
import { type AlertDraft, finishAlert, invalid } from "./draft.ts";
import { field, type JsonObject, list, object, text, textAt } from "./json.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * The webhooks of an internal or public integration of Sentry:
 * https://docs.sentry.io/organization/integrations/integration-platform/webhooks/. The webhooks of Sentry's old plugin
 * are not signed and not read.
 */
export const sentry = {
  name: "sentry",
  title: "Sentry",
  contentTypes: ["application/json"],
  authenticate: hmacSignature({ header: "Sentry-Hook-Signature", algorithm: "sha256" }),
  read(request: SourceRequest): Reading {
    const data = object(field(request.body, "data"));
    const resource = request.headers["sentry-hook-resource"]?.trim() ?? resourceOf(data);
    const isOther = resource === null && data !== null && object(field(request.body, "installation"));
    if (isOther || (resource !== null && !READERS.has(resource))) return { alerts: [], rejected: [] };
    if (data === null || resource === null) {
      throw invalid("This is no Sentry webhook: it has no `data` with an issue, event or metric_alert.", [
        { path: "data", message: "must hold an issue, an event or a metric_alert" },
      ]);
    }
    const draft = READERS.get(resource)?.(request, data) ?? null;
    if (draft === null) return { alerts: [], rejected: [] };
    return { alerts: [finishAlert(draft, request.receivedAt)], rejected: [] };
  },
} satisfies Source;

/** The header names it; a relay that drops the header leaves only the body. */
function resourceOf(data: JsonObject | null): string | null {
  if (object(data?.metric_alert)) return "metric_alert";
  if (object(data?.issue)) return "issue";
  return object(data?.event) ? "event_alert" : null;
}

/** Every other resource (installation, comment, error, …) is authentic and no alert. */
const READERS = new Map<string, (request: SourceRequest, data: JsonObject) => AlertDraft | null>([
  ["issue", readIssue],
  ["event_alert", readEventAlert],
  ["metric_alert", readMetricAlert],
]);

/** Assigned and archived (once: ignored) say nothing of whether it is still broken. */
const ISSUE_ACTIONS: Record<string, AlertSignal["status"]> = {
  created: "firing",
  unresolved: "firing",
  resolved: "resolved",
};

function readIssue(request: SourceRequest, data: JsonObject): AlertDraft | null {
  const action = textAt(request.body, "action") ?? "";
  const status = Object.hasOwn(ISSUE_ACTIONS, action) ? ISSUE_ACTIONS[action]! : null;
  if (status === null) return null;
  const issue = object(data.issue);
  const id = required(textAt(issue, "id"), "data.issue.id");
  const firing = status === "firing";
  return {
    ...common(request, `issue/${id}`, action),
    status,
    severity: readSeverity(issue?.level) ?? "error",
    title: textAt(issue, "title") ?? textAt(issue, "metadata", "title") ?? `Sentry issue ${id}`,
    description: [textAt(issue, "metadata", "value"), textAt(issue, "culprit")].filter(Boolean).join("\n"),
    labels: {
      project: textAt(issue, "project", "slug"),
      issue_id: id,
      short_id: textAt(issue, "shortId"),
      platform: textAt(issue, "platform"),
      level: textAt(issue, "level"),
      error_type: textAt(issue, "metadata", "type"),
      file: textAt(issue, "metadata", "filename"),
      issue_category: textAt(issue, "issueCategory"),
      issue_type: textAt(issue, "issueType"),
      substatus: textAt(issue, "substatus"),
      priority: textAt(issue, "priority"),
      assignee: textAt(issue, "assignedTo", "name"),
      resolution: textAt(data, "resolution_type"),
    },
    links: [{ title: "Open in Sentry", url: textAt(issue, "web_url") ?? textAt(issue, "permalink") }],
    // A regression began when it was seen again, not when the issue was first seen.
    startsAt: firing ? textAt(issue, action === "created" ? "firstSeen" : "lastSeen") : null,
    endsAt: firing ? null : sentAt(request),
  };
}

/** An issue alert fires on an event. It has the issue's identity, so that the issue's `resolved` closes it. */
function readEventAlert(request: SourceRequest, data: JsonObject): AlertDraft | null {
  const event = object(data.event);
  const id = required(
    textAt(event, "issue_id") ?? textAt(event, "groupID") ?? issueIn(event),
    "data.event.issue_id",
  );
  const tags = tagsOf(event);
  const rule = textAt(data, "triggered_rule") ?? textAt(data, "issue_alert", "title");
  return {
    ...common(request, `issue/${id}`, textAt(event, "event_id") ?? "triggered"),
    status: "firing",
    severity: readSeverity(event?.level) ?? readSeverity(tags.level) ?? "error",
    title: textAt(event, "title") ?? textAt(event, "metadata", "title") ?? `Sentry issue ${id}`,
    description: [
      textAt(event, "message") ??
        textAt(event, "logentry", "formatted") ??
        textAt(event, "metadata", "value"),
      textAt(event, "culprit"),
    ]
      .filter(Boolean)
      .join("\n"),
    assets: [assetOfLabels(tags, "sentry")],
    labels: {
      project: textAt(event, "project_slug") ?? textAt(event, "project_name") ?? textAt(event, "project"),
      issue_id: id,
      event_id: textAt(event, "event_id"),
      rule,
      platform: textAt(event, "platform"),
      level: textAt(event, "level"),
      environment: textAt(event, "environment"),
      release: textAt(event, "release"),
      ...tags,
    },
    links: [{ title: "Open in Sentry", url: textAt(event, "web_url") }],
    startsAt: textAt(event, "datetime") ?? event?.timestamp,
  };
}

/** The issue's address names it too: `…/issues/123/`. */
function issueIn(event: JsonObject | null): string | null {
  const addresses = ["issue_url", "web_url"].map((name) => textAt(event, name) ?? "");
  return addresses.map((url) => /\/issues\/(\d{1,20})(?:[/?#]|$)/.exec(url)?.[1]).find(Boolean) ?? null;
}

/** Severity and status are one word in a metric alert. */
const METRIC_ACTIONS: Record<string, Pick<AlertDraft, "status" | "severity">> = {
  critical: { status: "firing", severity: "critical" },
  warning: { status: "firing", severity: "warning" },
  resolved: { status: "resolved", severity: "error" },
};

function readMetricAlert(request: SourceRequest, data: JsonObject): AlertDraft | null {
  const action = textAt(request.body, "action") ?? "";
  if (!Object.hasOwn(METRIC_ACTIONS, action)) return null;
  const alert = object(data.metric_alert);
  const rule = object(alert?.alert_rule);
  const id = required(textAt(alert, "id"), "data.metric_alert.id");
  const firing = action !== "resolved";
  return {
    ...common(request, `metric_alert/${id}`, action),
    ...METRIC_ACTIONS[action]!,
    title:
      textAt(alert, "title") ??
      textAt(rule, "name") ??
      textAt(data, "description_title") ??
      `Metric alert ${id}`,
    description: textAt(data, "description_text"),
    labels: {
      project: list(alert?.projects ?? rule?.projects)
        .flatMap((each) => text(each) ?? [])
        .join(", "),
      metric_alert_id: id,
      rule: textAt(rule, "name"),
      rule_id: textAt(rule, "id"),
      aggregate: textAt(rule, "aggregate"),
      query: textAt(rule, "query"),
      environment: textAt(rule, "environment"),
      organization: textAt(request.body, "installation", "organization", "slug"),
    },
    links: [{ title: "Open in Sentry", url: data.web_url }],
    startsAt: firing ? (textAt(alert, "date_started") ?? textAt(alert, "date_detected")) : null,
    endsAt: firing ? null : (textAt(alert, "date_closed") ?? sentAt(request)),
    groupHint: textAt(rule, "id") === null ? null : `rule/${textAt(rule, "id")}`,
  };
}

function common(request: SourceRequest, dedupKey: string, event: string) {
  const id = request.headers["request-id"]?.trim();
  return {
    source: "sentry",
    dedupKey,
    deliveryId: id ? `${id}/${dedupKey}/${event}` : null,
    observedAt: sentAt(request),
    raw: request.body,
  };
}

function sentAt(request: SourceRequest): string | null {
  return request.headers["sentry-hook-timestamp"] ?? null;
}

/** `[["environment", "prod"], …]` of an event, as an object. */
function tagsOf(event: JsonObject | null): JsonObject {
  const pairs = list(event?.tags).flatMap((tag) => {
    const [name, value] = Array.isArray(tag) ? tag : [field(tag, "key"), field(tag, "value")];
    return text(name) === null ? [] : [[text(name)!, text(value)] as const];
  });
  return Object.fromEntries(pairs);
}

function required(value: string | null, path: string): string {
  if (value !== null) return value;
  throw invalid(`This Sentry webhook has no ${path}.`, [{ path, message: "is required" }]);
}
