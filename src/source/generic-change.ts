import { z } from "zod";
import { inPlainWords } from "../core/plain-words.ts";
import {
  CHANGE_KINDS,
  CHANGE_STATUSES,
  type ChangeKind,
  type ChangeSignal,
  type ChangeStatus,
} from "../core/signal/change.ts";
import { type ChangeDraft, finishChange } from "./change-draft.ts";
import { cloudEventsOf, readCloudEvent } from "./cloudevents.ts";
import { hashOf, invalid, partsOf, readEachChange } from "./draft.ts";
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
import type { Reading, SourceRequest } from "./source.ts";

/** One change in Breakwater's own format, for pipelines and tools that can send a JSON of the user's making. */
export const GenericChange = z
  .looseObject({
    title: z.string().min(1).describe("What was done, in one line. Cut at 300 characters."),
    kind: z.enum(CHANGE_KINDS).default("other").describe("What sort of change it is. Left out: `other`."),
    status: z
      .enum(CHANGE_STATUSES)
      .default("succeeded")
      .describe("How far it is. Left out: `succeeded`. Send `started` first where it takes a while."),
    id: z
      .string()
      .min(1)
      .nullish()
      .describe(
        "The identity of the change, the same in all that is said of it, such as the id of the run. Left out: derived from kind, title, repository, revision and environment.",
      ),
    dedup_key: z.string().min(1).nullish().describe("Another name for `id`."),
    description: z.string().nullish().describe("More words, such as the commits. Cut at 4,000 characters."),
    actor: z.string().nullish().describe("Who did it."),
    repository: z.string().nullish().describe("Where the code is, as `owner/name`."),
    revision: z.string().nullish().describe("The commit, tag or version."),
    environment: z.string().nullish().describe("Where it went, such as `prod`."),
    paths: z
      .array(z.string().min(1))
      .nullish()
      .describe("The files it touched, relative to the repository. Up to 1,000."),
    assets: z
      .array(GenericAsset)
      .nullish()
      .describe("The tables, models, pipelines or dashboards it touched. Up to 200."),
    labels: z.record(z.string(), Scalar).nullish().describe("Other facts. Up to 100."),
    links: z.array(GenericLink).nullish().describe("Links to show with the change. Up to 20."),
    url: z.string().nullish().describe("The one link to the change in the sending tool (http or https)."),
    started_at: Time.nullish().describe(
      "When it began: ISO 8601 (UTC where no zone is given) or a Unix epoch.",
    ),
    ended_at: Time.nullish().describe("When it took effect, in the same formats."),
    at: Time.nullish().describe(
      "Another name for `ended_at`, or for `started_at` of a change that is `started`.",
    ),
    source: z.string().nullish().describe("The name of the sending tool; kept as the label `source`."),
    delivery_id: z
      .string()
      .nullish()
      .describe("The identity of this message, so that sending it again is no news."),
  })
  .describe("One change. Unknown fields are kept with the change's raw payload and otherwise ignored.");
export type GenericChange = z.infer<typeof GenericChange>;

/** One change, a list of them, `{changes: [...]}`, or CloudEvents whose data is a change. */
export function readGenericChanges(request: SourceRequest): Reading {
  const events = cloudEventsOf(request);
  if (events !== null) return readEachChange(events, (event) => readEvent(event, request.receivedAt));
  const wrapped = field(request.body, "changes");
  const parts = wrapped === undefined ? partsOf(request.body) : wrappedParts(wrapped, "changes");
  return readEachChange(parts, (part) => readChange(part, request.receivedAt));
}

/** What the envelope of a change says, where the change itself does not. */
type Envelope = Partial<Pick<ChangeDraft, "dedupKey" | "deliveryId" | "raw">>;

function readChange(part: unknown, receivedAt: string, envelope: Envelope = {}): ChangeSignal {
  const body = object(part);
  if (body === null) throw invalid("A change must be a JSON object with at least a title.");
  const warnings: string[] = [];
  const plain = withinReadLimit(plainWords(body), warnings);
  refuseTemplates(plain, TEMPLATED);
  const read = GenericChange.safeParse(plain, { error: inPlainWords });
  if (!read.success) throw refusalOf(read.error, "change");
  const change = read.data;
  const dedupKey = change.id ?? change.dedup_key ?? envelope.dedupKey ?? null;
  const started = change.status === "started";
  return finishChange(
    {
      source: "generic",
      dedupKey: dedupKey ?? derivedKey(change),
      deliveryId: change.delivery_id ?? envelope.deliveryId,
      kind: change.kind,
      status: change.status,
      title: change.title,
      description: change.description,
      actor: change.actor,
      repository: change.repository,
      revision: change.revision,
      environment: change.environment,
      paths: change.paths ?? [],
      assets: genericAssets(change),
      labels: { source: change.source, ...change.labels },
      links: genericLinks(change),
      startedAt: change.started_at ?? (started ? change.at : null),
      endedAt: change.ended_at ?? (started ? null : change.at),
      warnings: dedupKey === null ? [DERIVED_KEY_WARNING, ...warnings] : warnings,
      raw: envelope.raw ?? body,
    },
    receivedAt,
  );
}

/** camelCase names of ours, and the words that others use for kind and status. */
const OTHER_NAMES = {
  dedupKey: "dedup_key",
  deliveryId: "delivery_id",
  startedAt: "started_at",
  endedAt: "ended_at",
  name: "title",
  commit: "revision",
  sha: "revision",
} as const;

const STATUS_WORDS: Record<ChangeStatus, string[]> = {
  started: ["start", "running", "in_progress", "pending"],
  succeeded: ["success", "successful", "succeed", "completed", "complete", "done", "ok", "passed"],
  failed: ["failure", "fail", "error", "errored"],
  cancelled: ["canceled", "cancel", "aborted", "discarded"],
};

const KIND_WORDS: Partial<Record<ChangeKind, string[]>> = {
  deployment: ["deploy"],
  infrastructure: ["infra", "apply"],
  schema: ["migration", "ddl"],
  pipeline: ["ci", "workflow", "build"],
  run: ["job"],
};

function plainWords(body: JsonObject): JsonObject {
  const plain: JsonObject = { ...body };
  for (const [other, ours] of Object.entries(OTHER_NAMES))
    if (Object.hasOwn(plain, other)) plain[ours] ??= plain[other];
  plain.status = meantBy(STATUS_WORDS, plain.status);
  plain.kind = meantBy(KIND_WORDS, plain.kind);
  return plain;
}

/** Our word for one of the usual ones; any other stays as it is, for the schema to refuse. */
function meantBy(words: Record<string, string[]>, said: unknown): unknown {
  if (said === null) return undefined;
  if (typeof said !== "string") return said;
  const word = said.trim().toLowerCase();
  return Object.keys(words).find((ours) => words[ours]!.includes(word)) ?? word;
}

/** Fields that identity or title are made of, or that mean nothing with a template in them. */
const TEMPLATED = [
  "title",
  "kind",
  "status",
  "id",
  "dedup_key",
  "delivery_id",
  "actor",
  "repository",
  "revision",
  "environment",
  "source",
  "url",
  "started_at",
  "ended_at",
  "at",
] as const;

const DERIVED_KEY_WARNING =
  "There was no id, so it was derived from kind, title, repository, revision, environment and time: all that is said of one change must agree in them. Send an id.";

function derivedKey(change: GenericChange): string {
  // Without a revision two changes of one title are told apart by their time alone.
  const when = change.revision ? null : (change.started_at ?? change.ended_at ?? change.at ?? null);
  const { source = null, kind, title, repository = null, revision = null, environment = null } = change;
  return `derived:${hashOf(source, kind, title.trim(), repository, revision, environment, when)}`;
}

/** A CloudEvent whose data is a change in our format; any other is none. */
function readEvent(envelope: unknown, receivedAt: string): ChangeSignal | null {
  const event = readCloudEvent(envelope);
  const data = object(event.data);
  if (data === null || textAt(data, "title") === null) return null;
  const id = `${event.source}/${event.id}`;
  return readChange({ ...data, at: data.at ?? event.time }, receivedAt, {
    // Not the subject: what is changed is changed again tomorrow, and that is another change.
    dedupKey: id,
    deliveryId: id,
    raw: event,
  });
}
