import { z } from "zod";
import { inPlainWords } from "../core/plain-words.ts";
import { ALERT_SEVERITIES, type AlertSignal } from "../core/signal/alert.ts";
import { readSeverity, readStatus } from "../core/signal/words.ts";
import { bearerOrToken } from "./auth.ts";
import { cloudEventsOf, type EventFacts, factsOf, readCloudEvent, statusOfType } from "./cloudevents.ts";
import { type AlertDraft, finishAlert, hashOf, invalid, partsOf, readEach } from "./draft.ts";
import { readGenericChanges } from "./generic-change.ts";
import {
  GenericAsset,
  GenericLink,
  genericAssets,
  genericLinks,
  refusalOf,
  refuseTemplates,
  Scalar,
  Time,
  withinReadLimit,
  wrappedParts,
} from "./generic-fields.ts";
import { field, type JsonObject, object, textAt } from "./json.ts";
import { FILE_KEY, readYamlLineage } from "./lineage-yaml.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

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

export const generic = {
  name: "generic",
  title: "Generic JSON and CloudEvents",
  contentTypes: ["application/json", "application/cloudevents+json", "application/cloudevents-batch+json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    const events = cloudEventsOf(request);
    if (events !== null) return readEach(events, (event) => readEvent(event, request.receivedAt));
    const wrapped = field(request.body, "alerts");
    const parts = wrapped === undefined ? partsOf(request.body) : wrappedParts(wrapped, "alerts");
    return readEach(parts, (part) => readAlert(part, request.receivedAt));
  },
  readChanges: readGenericChanges,
  /** `{assets: [{asset, upstream, downstream, owner, …}]}`; posted again under one `?name=` it replaces what was. */
  readLineage({ body, query, receivedAt }: SourceRequest): Reading {
    const key = query.name || "posted";
    if (key.startsWith(FILE_KEY))
      throw invalid(`?name= begins with ${FILE_KEY}, which stands for files of breakwater.yaml.`, [
        { path: "name", message: `must not begin with ${FILE_KEY}` },
      ]);
    const { document, warnings } = readYamlLineage(body, { key, at: receivedAt });
    return { alerts: [], rejected: [], lineage: [{ document, run: null, complete: true, warnings }] };
  },
} satisfies Source;

/** What the envelope of an alert says, where the alert itself does not. */
type Envelope = Partial<Pick<AlertDraft, "dedupKey" | "deliveryId" | "observedAt" | "raw">>;

function readAlert(part: unknown, receivedAt: string, envelope: Envelope = {}): AlertSignal {
  const body = object(part);
  if (body === null) throw invalid("An alert must be a JSON object with at least a title.");
  const warnings: string[] = [];
  const plain = withinReadLimit(plainWords(body), warnings);
  refuseTemplates(plain, TEMPLATED);
  const read = GenericAlert.safeParse(plain, { error: inPlainWords });
  if (!read.success) throw refusalOf(read.error, "alert");
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
      assets: genericAssets(alert),
      labels: { source: alert.source, ...alert.labels },
      links: genericLinks(alert),
      startsAt: alert.starts_at,
      endsAt: alert.ends_at,
      // Not starts_at: that is when the data broke, which may well lie before an earlier alert was resolved.
      observedAt: envelope.observedAt,
      groupHint: alert.group,
      warnings: dedupKey === undefined || dedupKey === null ? [DERIVED_KEY_WARNING, ...warnings] : warnings,
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

/** Fields that identity or title are made of, or that mean nothing with a template in them. */
const TEMPLATED = [
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
] as const;

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
  const assets = genericAssets(alert).map((asset) => [asset?.namespace, asset?.name]);
  const labels = IDENTITY_LABELS.map((name) => field(alert.labels, name) ?? null);
  return `derived:${hashOf(alert.source ?? null, alert.title.trim(), assets, labels)}`;
}

/**
 * A CloudEvent whose data is our JSON is read as that, the envelope filling the gaps; any other is an alert where its
 * type or its data say so.
 */
function readEvent(envelope: unknown, receivedAt: string): AlertSignal | null {
  const event = readCloudEvent(envelope);
  const facts = factsOf(event);
  const data = object(event.data);
  const ours = textAt(data, "title") === null ? null : data;
  if (ours === null && facts.status === null) return null;
  const body: JsonObject = ours
    ? { ...ours, status: ours.status ?? statusOfType(event.type) ?? "firing" }
    : derivedAlert(facts);
  if (event.time !== null) {
    const time = readStatus(body.status) === "resolved" ? "ends_at" : "starts_at";
    body[time] ??= event.time;
  }
  body.labels = { ...facts.labels, ...(object(body.labels) ?? {}) };
  return readAlert(body, receivedAt, {
    dedupKey: facts.dedupKey,
    deliveryId: facts.deliveryId,
    observedAt: event.time,
    raw: event,
  });
}

function derivedAlert({ title, status, severity, description, url }: EventFacts): JsonObject {
  return { title, status, severity, description, url };
}
