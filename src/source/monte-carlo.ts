import type { AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { datasetFromParts, relationParts } from "../core/signal/dataset.ts";
import { readSeverity } from "../core/signal/words.ts";
import { bearerOrToken, hmacSignature, unauthorized } from "./auth.ts";
import { finishAlert, invalid } from "./draft.ts";
import { refuseTemplate } from "./generic-fields.ts";
import { field, list, object, text, textAt } from "./json.ts";
import { bodyText } from "./parse-body.ts";
import { saidText } from "./placeholder.ts";
import { type PythonEmoji, pythonUrlencode } from "./python-urlencode.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * Monte Carlo's webhook, version v0.1: https://docs.getmontecarlo.com/docs/webhooks. It comes when an alert opens and
 * again at every step that somebody takes with it.
 */
export const monteCarlo = {
  name: "monte-carlo",
  title: "Monte Carlo",
  contentTypes: ["application/json"],
  /** The signature is optional at Monte Carlo; where no secret was entered there, ours is in the URL. */
  authenticate(request: SourceRequest, secrets: string[]): void {
    if (text(request.headers[SIGNATURE]) === null) bearerOrToken(request, secrets);
    else checkSignature(request, secrets);
  },
  read(request: SourceRequest): Reading {
    const body = object(request.body);
    const payload = object(body?.payload);
    if (body === null || (payload === null && textAt(body, "account", "id") === null)) {
      throw invalid("This is no Monte Carlo webhook: it has no payload.", [
        { path: "payload", message: "must be an object" },
      ]);
    }
    // A message about no alert at all, such as a test of the webhook.
    if (
      payload === null ||
      !(Object.hasOwn(payload, "incident_id") || Object.hasOwn(payload, "event_list"))
    ) {
      return { alerts: [], rejected: [] };
    }
    return { alerts: [readIncident(body, payload, request)], rejected: [] };
  },
} satisfies Source;

const SIGNATURE = "x-mcd-signature";

/** Signed is not the body but what Python makes of it; which characters that escapes depends on the age of the Python. */
function checkSignature(request: SourceRequest, secrets: string[]): void {
  const [byNewPython, byOldPython] = (["new", "old"] as PythonEmoji[]).map((emoji) => {
    const signed = pythonUrlencode(bodyText(request), emoji);
    if (signed === null)
      throw unauthorized("The body is no JSON object, so its signature cannot be checked.");
    return signed;
  });
  const check = (signed: string) =>
    hmacSignature({ header: "X-Mcd-Signature", algorithm: "sha512", message: () => signed })(
      request,
      secrets,
    );
  try {
    check(byNewPython!);
  } catch (error) {
    if (byOldPython === byNewPython) throw error;
    check(byOldPython!);
  }
}

/** The statuses that end an alert: https://docs.getmontecarlo.com/docs/incidentio lists what each step sends. */
const RESOLVED = new Set(["fixed", "expected", "no_action_needed", "false_positive"]);

function readIncident(body: object, payload: object, request: SourceRequest): AlertSignal {
  refuseTemplate("payload.incident_id", field(payload, "incident_id"));
  const id = saidText(field(payload, "incident_id"));
  if (id === null) {
    throw invalid("The alert has no incident_id.", [{ path: "payload.incident_id", message: "is required" }]);
  }
  // What a step changed is documented by name only, not by place.
  const changed = (name: string) => textAt(payload, name) ?? textAt(body, name);
  const feedback = changed("alert_feedback");
  const severity = changed("declared_alert_severity");
  const events = list(field(payload, "event_list"));
  const rules = [field(payload, "rule"), ...events.map((event) => field(event, "rule"))];
  const comparisons = rules.flatMap((rule) => list(field(rule, "comparisons")));
  const type = textAt(body, "type");
  const first = <Value>(values: (Value | null)[]) => values.find((each) => each !== null) ?? null;
  return finishAlert(
    {
      source: "monte-carlo",
      dedupKey: id,
      // Nothing tells two messages apart: an alert that is fixed, reopened and fixed again sends the same one twice.
      deliveryId: null,
      status: RESOLVED.has((feedback ?? "").toLowerCase().replaceAll(" ", "_")) ? "resolved" : "firing",
      severity: readSeverity(severity) ?? "error",
      title: titleOf(events, rules, type),
      description: descriptionOf(events),
      assets: assetsOf(payload, events, comparisons, text(request.query.namespace)),
      labels: {
        type,
        alert_feedback: feedback,
        severity: severity,
        owner: changed("owner"),
        account_id: textAt(body, "account", "id"),
        group_id: textAt(payload, "group_id"),
        rule_id: first(rules.map((rule) => textAt(rule, "uuid"))),
        rule_type: first(rules.map((rule) => textAt(rule, "rule_type"))),
        column: first(comparisons.map((each) => textAt(each, "field"))),
        metric: first(comparisons.map((each) => textAt(each, "metric"))),
      },
      links: [{ title: "Open in Monte Carlo", url: field(payload, "url") }],
      groupHint: textAt(payload, "group_id"),
      warnings:
        severity !== null && readSeverity(severity) === null
          ? [`The severity "${severity}" is not known and was taken as error.`]
          : [],
      raw: body,
    },
    request.receivedAt,
  );
}

function titleOf(events: unknown[], rules: unknown[], type: string | null): string {
  const rule = rules.map((each) => textAt(each, "description")).find((each) => each !== null);
  if (rule !== undefined) return rule;
  const event = events.find((each) => textAt(each, "event_details") !== null) ?? events[0];
  const table = textAt(event, "table_name");
  const details = textAt(event, "event_details") ?? typeWords(type);
  const more = events.length > 1 ? ` (and ${events.length - 1} more)` : "";
  return `${details}${table === null ? "" : ` on ${table}`}${more}`;
}

/** `open_anomaly_incident` is "anomaly". */
function typeWords(type: string | null): string {
  const words = (type ?? "")
    .replace(/^open_/, "")
    .replace(/_incident$/, "")
    .replaceAll("_", " ")
    .trim();
  return words === "" ? "Monte Carlo alert" : `Monte Carlo: ${words}`;
}

/** What each event says: its details, and of a rule what was measured against what. */
function descriptionOf(events: unknown[]): string | null {
  const lines = events.slice(0, 20).flatMap((event) => {
    const table = textAt(event, "table_name");
    const details = textAt(event, "event_details");
    const data = field(event, "data");
    const compared = list(field(data, "rule_comparisons"))
      .slice(0, 10)
      .map((each) =>
        ["metric", "operator", "threshold"]
          .map((name) => textAt(each, name))
          .filter(Boolean)
          .join(" "),
      );
    const measured = list(field(data, "hits"))
      .slice(0, 10)
      .map((hit) => {
        const when = textAt(hit, "measurement_timestamp");
        const value = textAt(hit, "value");
        return value === null ? "" : `measured ${value}${when === null ? "" : ` (${when})`}`;
      });
    const place = details === null || table === null ? "" : `${table}: `;
    return [details === null ? "" : place + details, ...compared, ...measured];
  });
  return lines.filter((line) => line !== "").join("\n") || null;
}

/**
 * The tables, named under `monte-carlo` unless ?namespace= says where they live. `group_id` is `database:schema`, and a
 * full table id `database:schema.table`.
 */
function assetsOf(
  payload: object,
  events: unknown[],
  comparisons: unknown[],
  namespace: string | null,
): (Asset | null)[] {
  const around = (textAt(payload, "group_id") ?? "").split(":").filter((part) => part !== "");
  const dataset = (table: string | null): Asset | null => {
    if (table === null) return null;
    const [, database, rest] = /^([^:]*):(.*)$/s.exec(table) ?? [];
    const parts = database === undefined ? relationParts(table) : [database, ...relationParts(rest!)];
    const known = parts.length > 1 || around.length !== 2 ? parts : [...around, ...parts];
    return datasetFromParts(namespace ?? "monte-carlo", known);
  };
  const tables = events.map((event) => dataset(saidText(field(event, "table_name"))));
  return tables.some((table) => table !== null)
    ? tables
    : comparisons.map((each) => dataset(saidText(field(each, "full_table_id"))));
}
