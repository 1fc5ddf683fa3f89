import { z } from "zod";
import { ALERT_SEVERITIES, type AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { parseAssetId } from "../core/signal/dataset.ts";
import { readSeverity, readStatus } from "../core/signal/words.ts";
import { bearerOrToken } from "./auth.ts";
import { type CloudEvent, cloudEventsOf, readCloudEvent } from "./cloudevents.ts";
import { type AlertDraft, finishAlert, hashOf, invalid, partsOf, readEach } from "./draft.ts";
import { field, type JsonObject, object, text, textAt } from "./json.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const Time = z.union([z.string(), z.number()]);

const GenericAsset = z.union([
  z
    .string()
    .min(1)
    .refine((name) => parseAssetId(name) !== null, {
      error: 'must be "namespace/name", as "bigquery/project.dataset.table"',
    })
    .describe('The asset as "namespace/name", for example "snowflake://org-acct/db.schema.table".'),
  z.looseObject({
    namespace: z
      .string()
      .min(1)
      .describe("Where the asset lives, as OpenLineage names it, for example `bigquery`."),
    name: z
      .string()
      .min(1)
      .describe("Its name, unique in the namespace, for example `project.dataset.table`."),
  }),
]);

const GenericLink = z.union([
  z.string().describe("A web address."),
  z.looseObject({
    title: z.string().nullish().describe("What the link leads to."),
    url: z.string().describe("A web address (http or https)."),
  }),
]);

/** One alert in Breakwater's own format, for tools that can send a JSON of the user's making. */
export const GenericAlert = z
  .looseObject({
    title: z.string().min(1).describe("What is broken, in one line. Cut at 300 characters."),
    status: z
      .enum(["firing", "resolved"])
      .default("firing")
      .describe("`firing` while it is broken, `resolved` once it is whole again. Left out: `firing`."),
    severity: z.enum(ALERT_SEVERITIES).default("error").describe("How bad it is. Left out: `error`."),
    dedup_key: z
      .string()
      .min(1)
      .nullish()
      .describe(
        "The identity of what is broken, the same at every firing and in the `resolved`. Left out: derived from title, assets and labels.",
      ),
    description: z
      .string()
      .nullish()
      .describe("More words: the error, the numbers. Cut at 4,000 characters."),
    assets: z
      .array(GenericAsset)
      .nullish()
      .describe("The tables, models, pipelines or dashboards that are broken. Up to 200."),
    labels: z
      .record(z.string(), Scalar)
      .nullish()
      .describe("Facts to route, group and silence by, such as `team` or `environment`. Up to 100."),
    links: z.array(GenericLink).nullish().describe("Links to show with the alert. Up to 20."),
    url: z.string().nullish().describe("The one link to the alert in the sending tool (http or https)."),
    starts_at: Time.nullish().describe(
      "When it broke: ISO 8601 (UTC where no zone is given) or a Unix epoch.",
    ),
    ends_at: Time.nullish().describe("When it was whole again, in the same formats."),
    source: z.string().nullish().describe("The name of the sending tool; kept as the label `source`."),
    delivery_id: z
      .string()
      .nullish()
      .describe(
        "The identity of this message, so that sending it again is no news. Different for every new message.",
      ),
    group: z.string().nullish().describe("What belongs together, where the alerts name no assets."),
  })
  .describe("One alert. Unknown fields are kept with the alert's raw payload and otherwise ignored.");
export type GenericAlert = z.infer<typeof GenericAlert>;

export const generic: Source = {
  name: "generic",
  title: "Generic JSON and CloudEvents",
  contentTypes: ["application/json", "application/cloudevents+json", "application/cloudevents-batch+json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    const events = cloudEventsOf(request);
    if (events !== null) return readEach(events, (event) => readEvent(event, request.receivedAt));
    const wrapped = field(request.body, "alerts");
    const parts = wrapped === undefined ? partsOf(request.body) : wrappedParts(wrapped);
    return readEach(parts, (part) => readAlert(part, request.receivedAt));
  },
};

function wrappedParts(alerts: unknown): { path: string; part: unknown }[] {
  if (Array.isArray(alerts)) return partsOf(alerts, "alerts");
  throw invalid("alerts must be a list of alerts.", [{ path: "alerts", message: "must be a list" }]);
}

/** What the envelope of an alert says, where the alert itself does not. */
type Envelope = Partial<Pick<AlertDraft, "dedupKey" | "deliveryId" | "observedAt" | "raw">>;

function readAlert(part: unknown, receivedAt: string, envelope: Envelope = {}): AlertSignal {
  const body = object(part);
  if (body === null) throw invalid("An alert must be a JSON object with at least a title.");
  const plain = plainWords(body);
  refuseTemplates(plain);
  const read = GenericAlert.safeParse(plain);
  if (!read.success) throw refusalOf(read.error);
  const alert = read.data;
  const dedupKey = alert.dedup_key ?? envelope.dedupKey;
  return finishAlert(
    {
      source: "generic",
      dedupKey: dedupKey ?? derivedKey(alert),
      deliveryId: alert.delivery_id ?? envelope.deliveryId,
      status: alert.status,
      severity: alert.severity,
      title: alert.title,
      description: alert.description,
      assets: assetsOf(alert),
      labels: { source: alert.source, ...alert.labels },
      links: linksOf(alert),
      startsAt: alert.starts_at,
      endsAt: alert.ends_at,
      // Not starts_at: that is when the data broke, which may well lie before an earlier alert was resolved.
      observedAt: envelope.observedAt,
      groupHint: alert.group,
      warnings: dedupKey === undefined || dedupKey === null ? [DERIVED_KEY_WARNING] : [],
      raw: envelope.raw ?? body,
    },
    receivedAt,
  );
}

/** camelCase names of ours, and the words that other tools use for status and severity. */
const OTHER_NAMES = {
  dedupKey: "dedup_key",
  deliveryId: "delivery_id",
  startsAt: "starts_at",
  endsAt: "ends_at",
  name: "title",
} as const;

function plainWords(body: JsonObject): JsonObject {
  const plain: JsonObject = { ...body };
  for (const [other, ours] of Object.entries(OTHER_NAMES))
    if (Object.hasOwn(plain, other)) plain[ours] ??= plain[other];
  plain.status = readStatus(plain.status) ?? plain.status ?? undefined;
  plain.severity = readSeverity(plain.severity) ?? plain.severity ?? undefined;
  return plain;
}

const TEMPLATE = /\{\{[^{}]{0,200}\}\}|\{%[^{}]{0,200}%\}|\$\{[^{}$]{0,200}\}|^\s*\$[A-Za-z_]\w{0,100}\s*$/;
const WHOLLY_TEMPLATE =
  /^\s*(\{\{[^{}]{0,200}\}\}|\{%[^{}]{0,200}%\}|\$\{[^{}$]{0,200}\}|\$[A-Za-z_]\w{0,100})\s*$/;

/**
 * A sender whose placeholders were not filled in would give every alert the same identity and a senseless title, so it
 * is told at once which field. Free text may quote a template (dbt errors quote Jinja) and is refused only where it is
 * nothing else.
 */
function refuseTemplates(alert: JsonObject): void {
  const issues: { path: string; message: string }[] = [];
  const check = (path: string, value: unknown, pattern: RegExp) => {
    const found = typeof value === "string" ? pattern.exec(value)?.[0].trim() : undefined;
    if (found !== undefined)
      issues.push({ path, message: `holds a template that was not filled in: ${found.slice(0, 80)}` });
  };
  for (const name of [
    "title",
    "status",
    "severity",
    "dedup_key",
    "delivery_id",
    "group",
    "source",
    "url",
    "starts_at",
    "ends_at",
  ]) {
    check(name, alert[name], TEMPLATE);
  }
  check("description", alert.description, WHOLLY_TEMPLATE);
  for (const [name, value] of Object.entries(object(alert.labels) ?? {}))
    check(`labels.${name.slice(0, 100)}`, value, WHOLLY_TEMPLATE);
  for (const { path, part } of Array.isArray(alert.assets) ? partsOf(alert.assets, "assets") : []) {
    check(path, part, TEMPLATE);
    for (const name of ["namespace", "name"]) check(`${path}.${name}`, field(part, name), TEMPLATE);
  }
  if (issues.length === 0) return;
  const [first] = issues;
  throw invalid(
    `${first!.path} ${first!.message}. Check how the sender fills in its template.`,
    issues.slice(0, 50),
  );
}

function refusalOf(error: z.ZodError) {
  const issues = error.issues.map(innermost).map((issue) => ({
    path: issue.path
      .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`))
      .join(""),
    message: issue.message,
  }));
  const [first] = issues;
  return invalid(
    `${first!.path || "alert"}: ${first!.message}. The format is in docs/sources/generic.md.`,
    issues.slice(0, 50),
  );
}

/** Of a union, zod says only "invalid input"; the branch that came furthest says what is wrong. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const candidates = issue.errors
    .flat()
    .filter((each) => each.code !== "invalid_type" || each.path.length > 0);
  return candidates[0] === undefined
    ? issue
    : { ...candidates[0], path: [...issue.path, ...candidates[0].path] };
}

function assetsOf(alert: GenericAlert): (Asset | null)[] {
  return (alert.assets ?? []).map((asset) => (typeof asset === "string" ? parseAssetId(asset) : asset));
}

function linksOf(alert: GenericAlert): { title: string; url: unknown }[] {
  const links = (alert.links ?? []).map((link) => (typeof link === "string" ? { url: link } : link));
  const own = alert.url ? [{ title: alert.source ? `Open in ${alert.source}` : "Open", url: alert.url }] : [];
  return [...own, ...links.map((link) => ({ title: text(field(link, "title")) ?? link.url, url: link.url }))];
}

/** Labels that say where something is broken, not how badly, and so belong to its identity. */
const IDENTITY_LABELS = [
  "service",
  "job",
  "pipeline",
  "dag",
  "dag_id",
  "task",
  "task_id",
  "table",
  "check",
  "monitor",
  "environment",
  "env",
  "host",
  "instance",
];

const DERIVED_KEY_WARNING =
  "There was no dedup_key, so it was derived from title, assets and labels: an alert whose title changes counts as another one. Send a dedup_key.";

function derivedKey(alert: GenericAlert): string {
  const assets = assetsOf(alert).map((asset) => [asset?.namespace, asset?.name]);
  const labels = IDENTITY_LABELS.map((name) => field(alert.labels, name) ?? null);
  return `derived:${hashOf(alert.source ?? null, alert.title.trim(), assets, labels)}`;
}

const FIRING_TYPE = /(^|\.)(failed|error|firing)(\.v\d+)?$/i;
const RESOLVED_TYPE = /(^|\.)(succeeded|resolved|completed|recovered)(\.v\d+)?$/i;

/** The status that the last word of a CloudEvent's type tells; null for events that are no alerts. */
function statusOfType(type: string): AlertSignal["status"] | null {
  if (FIRING_TYPE.test(type)) return "firing";
  return RESOLVED_TYPE.test(type) ? "resolved" : null;
}

/**
 * A CloudEvent whose data is our JSON is read as that, the envelope filling the gaps; any other is an alert where its
 * type says so. Identity is source and subject, so that the `.succeeded` of a subject closes its `.failed`.
 */
function readEvent(envelope: unknown, receivedAt: string): AlertSignal | null {
  const event = readCloudEvent(envelope);
  const status = statusOfType(event.type);
  const data = object(event.data);
  const ours = textAt(data, "title") === null ? null : data;
  if (ours === null && status === null) return null;
  const body: JsonObject = ours
    ? { ...ours, status: ours.status ?? status ?? "firing" }
    : derivedAlert(event, status);
  if (event.time !== null) {
    const time = readStatus(body.status) === "resolved" ? "ends_at" : "starts_at";
    body[time] ??= event.time;
  }
  const attributes = {
    ce_type: event.type,
    ce_source: event.source,
    ce_subject: event.subject,
    ...event.extensions,
  };
  body.labels = { ...withoutSeverity(attributes), ...(object(body.labels) ?? {}) };
  return readAlert(body, receivedAt, {
    dedupKey: event.subject === null ? event.source : `${event.source}/${event.subject}`,
    deliveryId: `${event.source}/${event.id}`,
    observedAt: event.time,
    raw: event,
  });
}

function derivedAlert(event: CloudEvent, status: AlertSignal["status"] | null): JsonObject {
  const said = ["error", "message", "description", "reason"].map((name) => textAt(event.data, name));
  const severity = readSeverity(event.extensions.severity) ?? readSeverity(field(event.data, "severity"));
  return {
    title: `${event.subject ?? event.source}: ${event.type}`,
    status,
    severity: severity ?? "error",
    description: said.find((each) => each !== null),
    url: textAt(event.data, "url"),
  };
}

function withoutSeverity({ severity: _, ...attributes }: JsonObject): JsonObject {
  return attributes;
}
