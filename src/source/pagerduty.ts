import type { AlertSignal } from "../core/signal/alert.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { readSeverity } from "../core/signal/words.ts";
import { assetOfLabels } from "./asset-labels.ts";
import { bearerOrToken, matchesSecret, unauthorized } from "./auth.ts";
import { finishChange } from "./change-draft.ts";
import { finishAlert, hashOf, invalid } from "./draft.ts";
import { field, firstLine, type JsonObject, list, object, text, textAt } from "./json.ts";
import { bodyText, jsonIn } from "./parse-body.ts";
import { isPlaceholder } from "./placeholder.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

export { pagerdutyErrors } from "./pagerduty-errors.ts";

/**
 * PagerDuty's Events API v2 as its clients speak it, for tools whose URL can be pointed here instead: alert events
 * (https://developer.pagerduty.com/docs/send-alert-event) and change events
 * (https://developer.pagerduty.com/docs/send-change-event). Reading is more tolerant than PagerDuty; what PagerDuty
 * would object to is told by `pagerdutyErrors`.
 */
export const pagerduty = {
  name: "pagerduty",
  title: "PagerDuty Events API",
  contentTypes: ["application/json"],
  authenticate(request: SourceRequest, secrets: string[]): void {
    const offered = [request.headers["x-routing-key"], routingKeyOf(request)];
    if (matchesSecret(offered, secrets)) return;
    const hasOther = request.headers.authorization !== undefined || request.query.token !== undefined;
    if (hasOther) {
      bearerOrToken(request, secrets);
      return;
    }
    throw unauthorized(
      "The routing_key is not the secret configured for this source. Send it in the body, as PagerDuty's clients do, or in the header X-Routing-Key.",
    );
  },
  read(request: SourceRequest): Reading {
    const alert = readAlert(request);
    return { alerts: alert === null ? [] : [alert], rejected: [] };
  },
  readChanges(request: SourceRequest): Reading {
    return { alerts: [], changes: [readChange(request)], rejected: [] };
  },
} satisfies Source;

/** The body is not parsed yet when a request proves itself, and may be anything. */
function routingKeyOf(request: SourceRequest): string | undefined {
  try {
    return textAt(jsonIn(bodyText(request)), "routing_key") ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * The dedup key of an alert event, which the answer has to hold: clients keep it for their resolve. An event without
 * one is an alert of its own, whatever it says.
 */
export function pagerdutyDedupKey(request: SourceRequest): string {
  const given = textAt(request.body, "dedup_key");
  return given ?? generatedKey(request);
}

function generatedKey(request: SourceRequest): string {
  return `generated:${hashOf(request.rawBody.toString("base64"), request.receivedAt)}`;
}

/** The routing key is the secret: it is neither stored nor shown. */
function withoutKey(body: JsonObject): JsonObject {
  const { routing_key: _, ...rest } = body;
  return rest;
}

function readAlert(request: SourceRequest): AlertSignal | null {
  const body = object(request.body);
  const action = textAt(body, "event_action")?.toLowerCase();
  if (body === null || (action !== "trigger" && action !== "resolve" && action !== "acknowledge")) {
    throw invalid("This is no event of PagerDuty's Events API v2: event_action is wrong.", [
      { path: "event_action", message: "must be trigger, acknowledge or resolve" },
    ]);
  }
  if (action === "acknowledge") return null;
  const payload = object(body.payload);
  const summary = textAt(payload, "summary");
  if (action === "trigger" && summary === null) {
    throw invalid("The event has no summary.", [{ path: "payload.summary", message: "is required" }]);
  }
  const dedupKey = pagerdutyDedupKey(request);
  if (isPlaceholder(dedupKey)) {
    throw invalid("dedup_key holds a template that was not filled in.", [
      { path: "dedup_key", message: "holds a template that was not filled in" },
    ]);
  }
  const firing = action === "trigger";
  const details = payload?.custom_details;
  return finishAlert(
    {
      source: "pagerduty",
      dedupKey,
      status: firing ? "firing" : "resolved",
      severity: readSeverity(payload?.severity) ?? "error",
      title: firstLine(summary) ?? `${dedupKey} was resolved`,
      description: descriptionOf(summary, details),
      assets: [assetOfLabels(details, "pagerduty")],
      labels: {
        source: textAt(payload, "source"),
        component: textAt(payload, "component"),
        group: textAt(payload, "group"),
        class: textAt(payload, "class"),
        client: textAt(body, "client"),
        ...shortDetails(details),
      },
      links: linksOf(body),
      startsAt: firing ? payload?.timestamp : null,
      endsAt: firing ? null : payload?.timestamp,
      observedAt: payload?.timestamp,
      warnings: alertWarnings(body, payload),
      raw: withoutKey(body),
    },
    request.receivedAt,
  );
}

function alertWarnings(body: JsonObject, payload: JsonObject | null): string[] {
  const warnings: string[] = [];
  const severity = textAt(payload, "severity");
  if (severity !== null && readSeverity(severity) === null) {
    warnings.push(
      `The severity "${severity.slice(0, 80)}" is not known and was taken as error: use critical, error, warning or info.`,
    );
  }
  if (textAt(body, "dedup_key") === null) {
    warnings.push(
      "There was no dedup_key, so this is an alert of its own, which only the key in the answer can resolve. Send a dedup_key.",
    );
  }
  return warnings;
}

/** Details under the names that senders use, best first; `firing` is Alertmanager's text of the alerts that fire. */
function descriptionOf(summary: string | null, details: unknown): string | null {
  const said = ["error", "message", "description", "body", "firing", "resolved"].map((name) =>
    textAt(details, name),
  );
  const rest = summary !== null && firstLine(summary) !== summary ? summary : null;
  return text(details) ?? said.find((each) => each !== null) ?? rest;
}

function shortDetails(details: unknown): JsonObject {
  const pairs = Object.entries(object(details) ?? {}).filter(([, value]) => {
    const said = Array.isArray(value) ? value.map(text).join(", ") : text(value);
    return said !== null && said.length <= 200;
  });
  return Object.fromEntries(pairs);
}

function linksOf(body: JsonObject): { title: string; url: unknown }[] {
  return [
    { title: textAt(body, "client") ?? "Open in the sending tool", url: body.client_url },
    ...list(body.links).map((link) => ({ title: textAt(link, "text") ?? "Link", url: field(link, "href") })),
    ...list(body.images).map((image) => ({
      title: textAt(image, "alt") ?? "Image",
      url: field(image, "href") ?? field(image, "src"),
    })),
  ];
}

/** PagerDuty keeps no kinds of changes apart; the words that its integrations begin their summaries with do. */
const KINDS: [ChangeSignal["kind"], RegExp][] = [
  ["deployment", /\b(deploy|deployed|deploying|deployment|rollout|rolled out|rollback|rolled back)\b/i],
  ["merge", /\bmerged?\b/i],
  ["release", /\breleased?\b/i],
  ["pipeline", /\b(build|pipeline|workflow)\b/i],
];

function readChange(request: SourceRequest): ChangeSignal {
  const body = object(request.body);
  const payload = object(body?.payload);
  const summary = textAt(payload, "summary");
  if (body === null || summary === null) {
    throw invalid("This is no change event of PagerDuty's: it has no summary.", [
      { path: "payload.summary", message: "is required" },
    ]);
  }
  const details = payload?.custom_details;
  const detail = (...names: string[]) =>
    names.map((name) => textAt(details, name)).find((each) => each !== null);
  return finishChange(
    {
      source: "pagerduty",
      // A change event has no key. With a time of its own a repeat of it is the same change, without one it cannot be told.
      dedupKey: textAt(payload, "timestamp") === null ? generatedKey(request) : changeKey(request),
      kind: KINDS.find(([, pattern]) => pattern.test(summary.slice(0, 1000)))?.[0] ?? "other",
      // It is sent once something was done.
      status: "succeeded",
      title: firstLine(summary) ?? summary,
      description: descriptionOf(summary, details),
      actor: detail("actor", "user", "author", "deployed_by"),
      repository: detail("repository", "repo"),
      revision: detail("revision", "sha", "commit", "commit_sha", "version"),
      environment: detail("environment", "env"),
      assets: [assetOfLabels(details, "pagerduty")],
      labels: { source: textAt(payload, "source"), ...shortDetails(details) },
      links: linksOf(body),
      endedAt: textAt(payload, "timestamp") ?? request.receivedAt,
      raw: withoutKey(body),
    },
    request.receivedAt,
  );
}

function changeKey(request: SourceRequest): string {
  const at = (name: string) => textAt(request.body, "payload", name);
  return `change:${hashOf(at("summary"), at("source"), at("timestamp"))}`;
}
