import type { AlertSignal } from "../core/signal/alert.ts";
import { readSeverity } from "../core/signal/words.ts";
import { assetOfLabels } from "./asset-labels.ts";
import { bearerOrToken, headerSecret } from "./auth.ts";
import { finishAlert, invalid } from "./draft.ts";
import { field, firstLine, type JsonObject, list, object, text, textAt } from "./json.ts";
import { isPlaceholder } from "./placeholder.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

const NOTHING: Reading = { alerts: [], rejected: [] };

/**
 * Opsgenie's Alert API as its clients speak it (https://docs.opsgenie.com/docs/alert-api), for tools that are pointed
 * here instead, and Opsgenie's own outgoing webhook (https://support.atlassian.com/opsgenie/docs/integrate-opsgenie-with-webhook/).
 */
export const opsgenie = {
  name: "opsgenie",
  title: "Opsgenie",
  contentTypes: ["application/json"],
  authenticate(request: SourceRequest, secrets: string[]) {
    const isGenie = /^geniekey /i.test(request.headers.authorization ?? "");
    if (!isGenie) return bearerOrToken(request, secrets);
    const prefix = request.headers.authorization!.slice(0, "GenieKey ".length);
    return headerSecret("Authorization", prefix)(request, secrets);
  },
  /** Of an action all fields are optional, and some clients then send no body at all. */
  parse: (request: SourceRequest) =>
    request.rawBody.length === 0 && callOf(request) !== null ? {} : undefined,
  read(request: SourceRequest): Reading {
    const called = callOf(request);
    if (called !== null) {
      return called.action === "close"
        ? { alerts: [readClose(request, called.identifier)], rejected: [] }
        : NOTHING;
    }
    const body = object(request.body);
    if (body !== null && object(body.alert) && text(body.action) !== null) {
      const alert = readWebhook(request, body, object(body.alert)!);
      return alert === null ? NOTHING : { alerts: [alert], rejected: [] };
    }
    return { alerts: [readCreate(request, body)], rejected: [] };
  },
} satisfies Source;

/** `/v2/alerts/{identifier}/close`. The identifier is percent-decoded; one that is not well encoded is taken as it stands. */
function callOf(request: SourceRequest): { identifier: string; action: string } | null {
  const path = request.path.split("?", 1)[0]!;
  const segments = path.split("/");
  const at = segments.findIndex((segment, index) => segment === "alerts" && segments[index - 1] === "v2");
  const [identifier, action] = at < 0 ? [] : segments.slice(at + 1);
  if (!identifier || !action) return null;
  try {
    return { identifier: decodeURIComponent(identifier), action: action.toLowerCase() };
  } catch {
    return { identifier, action: action.toLowerCase() };
  }
}

/**
 * The body of a close holds no more than who closed it. The identifier is the identity, whichever identifierType it is
 * said to be of: an alert is known here by its alias alone, so an id or tiny id can only be what we gave out for that.
 */
function readClose(request: SourceRequest, identifier: string): AlertSignal {
  const note = textAt(request.body, "note");
  return finishAlert(
    {
      source: "opsgenie",
      dedupKey: refuseUnfilled(identifier, "identifier"),
      status: "resolved",
      severity: "warning",
      title: `Alert ${identifier} was closed`,
      description: note,
      labels: { user: textAt(request.body, "user"), source: textAt(request.body, "source") },
      raw: { path: request.path, query: request.query.identifierType, body: request.body },
    },
    request.receivedAt,
  );
}

/**
 * Great Expectations 1.x gives no alias, and with `notify_on: all` it creates an alert for a success too. What it says
 * is the same but for the last word, which is all there is to tell the status.
 */
const GREAT_EXPECTATIONS = /^(Great Expectations Checkpoint .{1,500}) (failed|succeeded)!$/;

function readCreate(request: SourceRequest, body: JsonObject | null): AlertSignal {
  const message = textAt(body, "message");
  if (body === null || message === null) {
    throw invalid("This is no Opsgenie alert: it has no message.", [
      { path: "message", message: "is required" },
    ]);
  }
  const alias = textAt(body, "alias");
  const [, checkpoint, verdict] = GREAT_EXPECTATIONS.exec(message) ?? [];
  refuseUnfilled(alias ?? message, alias === null ? "message" : "alias");
  return finishAlert(
    {
      ...factsOf(body, message),
      dedupKey: alias ?? `message:${checkpoint ?? message}`,
      status: verdict === "succeeded" ? "resolved" : "firing",
      warnings: [
        ...(alias === null && checkpoint === undefined ? [NO_ALIAS_WARNING] : []),
        ...priorityWarnings(body),
      ],
      raw: body,
    },
    request.receivedAt,
  );
}

const NO_ALIAS_WARNING =
  "There was no alias, so the message is the identity: an alert whose message changes counts as another one, and no call can close it. Send an alias.";

/** Only these two say that it is broken, or whole again: a deleted alert may be either. */
const WEBHOOK_ACTIONS: Record<string, AlertSignal["status"]> = { create: "firing", close: "resolved" };

function readWebhook(request: SourceRequest, body: JsonObject, alert: JsonObject): AlertSignal | null {
  const action = text(body.action)!.toLowerCase();
  if (!Object.hasOwn(WEBHOOK_ACTIONS, action)) return null;
  const status = WEBHOOK_ACTIONS[action]!;
  const id = textAt(alert, "alertId");
  const identity = textAt(alert, "alias") ?? id;
  if (identity === null) {
    throw invalid("The alert has neither alias nor id.", [{ path: "alert.alias", message: "is required" }]);
  }
  const facts = factsOf(alert, textAt(alert, "message") ?? `Opsgenie alert ${identity}`);
  const updated = textAt(alert, "updatedAt") ?? textAt(alert, "createdAt");
  return finishAlert(
    {
      ...facts,
      dedupKey: identity,
      deliveryId: updated === null ? null : `${id ?? identity}/${action}/${updated}`,
      status,
      labels: {
        ...facts.labels,
        alert_id: id,
        tiny_id: textAt(alert, "tinyId"),
        teams: wordsOf(alert.teams),
        integration: textAt(body, "integrationName"),
      },
      startsAt: status === "firing" ? alert.createdAt : null,
      endsAt: status === "resolved" ? updated : null,
      observedAt: updated,
      warnings: priorityWarnings(alert),
      raw: body,
    },
    request.receivedAt,
  );
}

/** What a created alert and the alert of a webhook have in common. */
function factsOf(alert: JsonObject, message: string) {
  const details = object(alert.details) ?? {};
  return {
    source: "opsgenie",
    // P3 is Opsgenie's own default.
    severity: readSeverity(priorityOf(alert)) ?? ("warning" as const),
    title: firstLine(message) ?? message,
    description: textAt(alert, "description") ?? textAt(alert, "note"),
    assets: [assetOfLabels(details, "opsgenie")],
    labels: {
      entity: textAt(alert, "entity"),
      source: textAt(alert, "source"),
      priority: priorityOf(alert),
      tags: wordsOf(alert.tags),
      responders: wordsOf(alert.responders),
      ...details,
    },
    links: [
      { title: "Source", url: webAddress(field(alert, "source")) },
      { title: "Runbook", url: webAddress(details.runbook_url) },
      { title: "Dashboard", url: webAddress(details.dashboard_url) },
      { title: "Link", url: webAddress(details.url) ?? webAddress(details.link) },
    ],
  };
}

/** Texts, or the names of objects; null where there are none, as an empty list would be an empty label. */
function wordsOf(value: unknown): string[] | null {
  const words = list(value).flatMap((each) => text(each) ?? textAt(each, "name") ?? []);
  return words.length === 0 ? null : words;
}

/** `source` and details are free text; only an address makes a link. */
function webAddress(value: unknown): string | null {
  const said = text(value);
  return said !== null && /^https?:\/\//i.test(said) ? said : null;
}

/** Older webhooks have the number alone. */
function priorityOf(alert: JsonObject): string | null {
  const priority = textAt(alert, "priority");
  return priority !== null && /^[1-5]$/.test(priority) ? `P${priority}` : priority;
}

function priorityWarnings(alert: JsonObject): string[] {
  const priority = priorityOf(alert);
  if (priority === null || readSeverity(priority) !== null) return [];
  return [`The priority "${priority.slice(0, 80)}" is not known and was taken as P3: use P1 to P5.`];
}

function refuseUnfilled(identity: string, path: string): string {
  if (!isPlaceholder(identity)) return identity;
  throw invalid(`${path} holds a template that was not filled in: ${identity.slice(0, 80)}.`, [
    { path, message: "holds a template that was not filled in" },
  ]);
}
