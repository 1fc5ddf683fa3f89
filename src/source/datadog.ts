import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import { readSeverity } from "../core/signal/words.ts";
import { assetOfLabels } from "./asset-labels.ts";
import { basicOrBearer } from "./basic.ts";
import { type DatadogTitle, type Fields, fieldsOf, monitorLink, readTitle } from "./datadog-fields.ts";
import { finishAlert, invalid, partsOf, readEach } from "./draft.ts";
import { object, text } from "./json.ts";
import { parseJsonOrForm } from "./parse-body.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * The Webhooks integration of Datadog: https://docs.datadoghq.com/integrations/webhooks/. Its body is a template of the
 * user's: the one of docs/sources/datadog.md, Datadog's default (which has the state in the title alone), or another
 * that names its fields after Datadog's variables.
 */
export const datadog = {
  name: "datadog",
  title: "Datadog",
  contentTypes: ["application/json", "application/x-www-form-urlencoded"],
  authenticate: basicOrBearer,
  parse: parseBody,
  read(request: SourceRequest): Reading {
    return readEach(partsOf(request.body), (part) => readNotification(part, request.receivedAt));
  },
} satisfies Source;

/** "Encode as form" makes a field of every key; a whole payload may also stand in one field. */
function parseBody(request: SourceRequest): unknown {
  const body = parseJsonOrForm(request);
  const payload = text(object(body)?.payload);
  return payload?.startsWith("{") ? parseJsonOrForm({ ...request, rawBody: Buffer.from(payload) }) : body;
}

function readNotification(part: unknown, receivedAt: string): AlertSignal | null {
  const fields = fieldsOf(part);
  const title = readTitle(fields.at("eventtitle", "title", "alerttitle"));
  const state = stateOf(fields, title);
  if (state === null) return refuseStateless(fields);
  const said = fields.at("textonlymsg", "eventmsg", "body", "message", "alertstatus");
  const link = monitorLink([
    fields.at("link", "eventurl", "alerturl", "url"),
    fields.at("body", "eventmsg", "message"),
  ]);
  const scope = scopeOf(fields.at("alertscope", "scope")) ?? scopeOf(link?.group) ?? scopeOf(title.group);
  const monitor = fields.at("alertid", "monitorid") ?? link?.monitor ?? null;
  const tags = tagsOf(fields.at("tags"), fields.at("alertscope", "scope"));
  const firing = state.status === "firing";
  const cycle = fields.at("alertcyclekey");
  const at = fields.at("lastupdated", "date");
  return finishAlert(
    {
      source: "datadog",
      dedupKey: identityOf(fields, title, monitor, scope),
      deliveryId: deliveryOf(fields, cycle, state.word, at),
      status: state.status,
      severity: severityOf(fields, title, state),
      title: [title.plain ?? `Monitor ${monitor ?? "in Datadog"}`, title.group].filter(Boolean).join(" on "),
      description: said?.replaceAll("%%%", "").trim(),
      assets: [assetOfLabels(tags, "datadog")],
      labels: {
        monitor_id: monitor,
        scope,
        transition: state.word,
        event_type: fields.at("eventtype"),
        priority: fields.at("alertpriority") ?? title.priority,
        organization: fields.at("orgname"),
        metric: fields.at("alertmetric"),
        query: fields.at("alertquery"),
        hostname: fields.at("hostname"),
        cycle_key: cycle,
        event_id: fields.at("id", "eventid"),
        ...tags,
      },
      links: [
        { title: "Open in Datadog", url: fields.at("link", "eventurl", "alerturl", "url") },
        { title: "Monitor", url: link?.url },
        { title: "Snapshot", url: fields.at("snapshot") },
      ],
      startsAt: firing ? (fields.at("date") ?? at) : null,
      endsAt: firing ? null : (fields.at("date") ?? at),
      observedAt: at,
      warnings: fields.warnings(),
      raw: part,
    },
    receivedAt,
  );
}

type State = { status: AlertSignal["status"]; word: string; severity: AlertSeverity | null };

/** Values of $ALERT_TRANSITION, which the title has in brackets too. No data are no recovery. */
const TRANSITIONS = new Map<string, State>([
  ["triggered", { status: "firing", word: "Triggered", severity: null }],
  ["alert", { status: "firing", word: "Triggered", severity: null }],
  ["renotify", { status: "firing", word: "Renotify", severity: null }],
  ["warn", { status: "firing", word: "Warn", severity: "warning" }],
  ["nodata", { status: "firing", word: "No Data", severity: "warning" }],
  ["recovered", { status: "resolved", word: "Recovered", severity: null }],
  ["ok", { status: "resolved", word: "Recovered", severity: null }],
]);

/** Values of $ALERT_TYPE, for a template that has no transition. */
const TYPES = new Map<string, State>([
  ["error", { status: "firing", word: "Triggered", severity: null }],
  ["warning", { status: "firing", word: "Warn", severity: "warning" }],
  ["success", { status: "resolved", word: "Recovered", severity: null }],
]);

function stateOf(fields: Fields, title: DatadogTitle): State | null {
  for (const word of [fields.at("alerttransition", "transition"), title.transition]) {
    const plain = (word ?? "")
      .toLowerCase()
      .replace(/^re-(?=[a-z])/, "")
      .replaceAll(/[^a-z]/g, "");
    const state =
      TRANSITIONS.get(plain) ?? TRANSITIONS.get(plain.replace(/^re(?=triggered|warn|nodata)/, ""));
    if (state !== undefined) return state;
  }
  return TYPES.get((fields.at("alerttype") ?? "").toLowerCase()) ?? null;
}

/** An event that mentions the webhook is no alert; a template in which the state was forgotten is a mistake to tell. */
function refuseStateless(fields: Fields): null {
  if (
    fields.has("eventtype", "alerttransition", "transition", "alerttype") &&
    !fields.unfilled("alerttransition")
  ) {
    return null;
  }
  throw invalid(
    "Nothing in this body says whether the monitor triggered or recovered. Add $ALERT_TRANSITION to the payload, as in docs/sources/datadog.md.",
    [{ path: "alert_transition", message: "must hold $ALERT_TRANSITION, filled in by Datadog" }],
  );
}

/**
 * A monitor alerts for each of its groups on its own. The cycle key is the same only from one trigger to its recovery,
 * so it stands in only where the template names no monitor.
 */
function identityOf(
  fields: Fields,
  title: DatadogTitle,
  monitor: string | null,
  scope: string | null,
): string {
  const organization = fields.at("orgid");
  const cycle = fields.at("alertcyclekey");
  const place = monitor !== null ? `monitor/${monitor}` : cycle !== null ? `cycle/${cycle}` : null;
  if (place === null && title.plain === null) {
    throw invalid(
      "The body names neither monitor nor title. Add $ALERT_ID and $EVENT_TITLE to the payload.",
      [{ path: "alert_id", message: fields.unfilled("alertid") ?? "is required" }],
    );
  }
  return [organization, place ?? `title/${title.plain}`, place?.startsWith("cycle/") ? null : scope]
    .filter((each) => each !== null)
    .join("/");
}

function deliveryOf(fields: Fields, cycle: string | null, word: string, at: string | null): string | null {
  const event = fields.at("id", "eventid");
  // A template of "event_id": "ID" leaves that word.
  if (event !== null && event !== "ID") return `event/${event}`;
  return cycle !== null && at !== null ? `cycle/${cycle}/${word}/${at}` : null;
}

function severityOf(fields: Fields, title: DatadogTitle, state: State): AlertSeverity {
  if (state.severity !== null) return state.severity;
  const priority = [fields.at("alertpriority"), fields.at("priority"), title.priority].find((each) =>
    /^P[1-5]$/i.test(each ?? ""),
  );
  const type = fields.at("alerttype");
  return readSeverity(priority) ?? (type === "warning" ? "warning" : "error");
}

/** `a:1,b:2` in one order; `*` is the whole monitor. */
function scopeOf(scope: string | null | undefined): string | null {
  const parts = (scope ?? "").split(",").map((part) => part.trim());
  const kept = parts.filter((part) => part !== "" && part !== "*");
  return kept.length === 0 ? null : kept.sort().join(",");
}

/** `env:prod, monitor` as labels; a tag without a value says nothing as a label. */
function tagsOf(...lists: (string | null)[]): Record<string, string> {
  const tags = lists.flatMap((tags) => (tags ?? "").split(",")).slice(0, 200);
  return Object.fromEntries(
    tags.flatMap((tag) => {
      const colon = tag.indexOf(":");
      return colon < 1 ? [] : [[tag.slice(0, colon).trim(), tag.slice(colon + 1).trim()]];
    }),
  );
}
