import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import { readSeverity, readStatus } from "../core/signal/words.ts";
import { invalid } from "./draft.ts";
import { field, type JsonObject, list, object, textAt } from "./json.ts";
import { jsonIn } from "./parse-body.ts";
import type { SourceRequest } from "./source.ts";

/**
 * A CloudEvent 1.0, the same whichever of the three ways of the HTTP binding brought it
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md).
 */
export type CloudEvent = {
  id: string;
  source: string;
  type: string;
  subject: string | null;
  time: string | null;
  extensions: Record<string, string>;
  data: unknown;
};

const CONTEXT = new Set([
  "specversion",
  "id",
  "source",
  "type",
  "subject",
  "time",
  "datacontenttype",
  "dataschema",
  "data",
  "data_base64",
]);

/** The envelope of a request: the events as they came, with their paths, or null where the body is no CloudEvent. */
export function cloudEventsOf(request: SourceRequest): { path: string; part: unknown }[] | null {
  const contentType = (request.headers["content-type"] ?? "").toLowerCase();
  if (request.headers["ce-specversion"] !== undefined) return [{ path: "", part: binaryEnvelope(request) }];
  if (contentType.startsWith("application/cloudevents-batch+json")) {
    if (!Array.isArray(request.body)) throw invalid("A CloudEvents batch is a JSON array of events.");
    return request.body.map((part, index) => ({ path: `[${index}]`, part }));
  }
  if (contentType.startsWith("application/cloudevents+json") || isEnvelope(request.body)) {
    return [{ path: "", part: request.body }];
  }
  // Some senders batch with the plain JSON content type.
  const events = list(request.body);
  if (events.length === 0 || !events.every(isEnvelope)) return null;
  return events.map((part, index) => ({ path: `[${index}]`, part }));
}

/** Reads one envelope; refuses it with the attribute that is missing or wrong. */
export function readCloudEvent(envelope: unknown): CloudEvent {
  const event = object(envelope);
  if (event === null) throw invalid("A CloudEvent is a JSON object.");
  const version = textAt(event, "specversion");
  if (version === null || !version.startsWith("1.")) {
    throw invalid(`specversion is ${version ?? "missing"}: send CloudEvents 1.0.`, [
      { path: "specversion", message: 'must be "1.0"' },
    ]);
  }
  const extensions = Object.entries(event).filter(([name, value]) => !CONTEXT.has(name) && isScalar(value));
  return {
    id: attribute(event, "id"),
    source: attribute(event, "source"),
    type: attribute(event, "type"),
    subject: textAt(event, "subject"),
    time: textAt(event, "time"),
    extensions: Object.fromEntries(extensions.map(([name, value]) => [name, String(value)])),
    data: dataOf(event),
  };
}

function attribute(event: JsonObject, name: string): string {
  const value = textAt(event, name);
  if (value === null)
    throw invalid(`The CloudEvent has no ${name}.`, [{ path: name, message: "is required" }]);
  return value;
}

function isEnvelope(value: unknown): boolean {
  return ["specversion", "id", "source", "type"].every((name) => textAt(value, name) !== null);
}

function isScalar(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

function binaryEnvelope(request: SourceRequest): JsonObject {
  const attributes = Object.entries(request.headers).filter(([name]) => name.startsWith("ce-"));
  const event = Object.fromEntries(
    attributes.map(([name, value]) => [name.slice(3), headerText(value ?? "")]),
  );
  return { ...event, data: request.body };
}

/**
 * A header value as the sender meant it: percent-decoded as the binding asks (section 3.1.3.2), or, from SDKs that
 * send raw UTF-8, re-read from the Latin-1 that HTTP parsers take header bytes for.
 */
function headerText(value: string): string {
  const utf8 = /[\u0080-\u00ff]/.test(value) ? Buffer.from(value, "latin1").toString("utf8") : value;
  const whole = utf8.includes("\ufffd") ? value : utf8;
  try {
    return decodeURIComponent(whole);
  } catch {
    return whole;
  }
}

/** `data`, or `data_base64` decoded and parsed where it is JSON; null where it is neither. */
function dataOf(event: JsonObject): unknown {
  const encoded = field(event, "data_base64");
  if (typeof encoded !== "string") return field(event, "data") ?? null;
  return jsonIn(Buffer.from(encoded, "base64").toString("utf8")) ?? null;
}

/** Refuses an event whose `data_base64` is no base64 (RFC 4648, which the JSON format asks for). */
export function checkData(envelope: unknown): void {
  const encoded = field(envelope, "data_base64");
  if (encoded === undefined || encoded === null) return;
  if (typeof encoded === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(encoded.replace(/[\r\n]/g, ""))) return;
  throw invalid("data_base64 holds no base64.", [{ path: "data_base64", message: "must be base64" }]);
}

const FIRING_WORDS = new Set(
  "failed failure fail error errored firing fired alerting triggered degraded breached violated unhealthy crashed".split(
    " ",
  ),
);
const RESOLVED_WORDS = new Set(
  "succeeded success successful completed resolved recovered ok passed healthy restored".split(" "),
);

/** The last word of a type, with what stands before it: `run.failed`, `run.failed.v2`, `run-failed`, `RunFailed`. */
function splitType(type: string): { stem: string; word: string } {
  // The end alone is looked at, so that a type of any length takes no time.
  const end = type.slice(-60);
  const version = /(?:[._-]v?\d{1,9}){1,4}$/i.exec(end)?.[0] ?? "";
  const unversioned = type.slice(0, type.length - version.length);
  const word = /[A-Z]?[a-z]{1,20}$|[A-Z]{1,20}$/.exec(unversioned.slice(-60))?.[0] ?? "";
  const before = unversioned.slice(0, unversioned.length - word.length);
  const said = word.toLowerCase();
  if (!FIRING_WORDS.has(said) && !RESOLVED_WORDS.has(said)) return { stem: unversioned, word: "" };
  return { stem: before.replace(/[^A-Za-z0-9]$/, ""), word: said };
}

/** The status that the last word of a type tells; null for the many that tell none. */
export function statusOfType(type: string): AlertSignal["status"] | null {
  const { word } = splitType(type);
  if (FIRING_WORDS.has(word)) return "firing";
  return RESOLVED_WORDS.has(word) ? "resolved" : null;
}

/** Words for a state that everything has, an account or an order too. */
const VAGUE_STATUS = new Set(["active", "open", "alert"]);

/** As the type tells it, or else as the data do; null for an event that is no alert. */
function statusOfEvent(event: CloudEvent): AlertSignal["status"] | null {
  const byType = statusOfType(event.type);
  const word = textAt(event.data, "status")?.toLowerCase();
  const byData = word === undefined || VAGUE_STATUS.has(word) ? null : readStatus(word);
  // `completed` says that something came to its end, and not always how.
  return byType === "resolved" && byData === "firing" ? "firing" : (byType ?? byData);
}

/** What an event of any type says as an alert. */
export type EventFacts = {
  status: AlertSignal["status"] | null;
  /** Source and subject, so that the `.succeeded` of a subject closes its `.failed`; else source and stem of the type. */
  dedupKey: string;
  /** Source and id are unique for every event (CloudEvents 1.0.2, "id"). */
  deliveryId: string;
  title: string;
  severity: AlertSeverity;
  description: string | undefined;
  url: string | null;
  labels: JsonObject;
};

export function factsOf(event: CloudEvent): EventFacts {
  const { severity, ...extensions } = event.extensions;
  const said = ["error", "message", "description", "reason"].map((name) => textAt(event.data, name));
  const what = event.subject ?? splitType(event.type).stem;
  return {
    status: statusOfEvent(event),
    dedupKey: what === "" ? event.source : `${event.source}/${what}`,
    deliveryId: `${event.source}/${event.id}`,
    title: `${event.subject ?? event.source}: ${event.type}`,
    severity: readSeverity(severity) ?? readSeverity(field(event.data, "severity")) ?? "error",
    description: said.find((each) => each !== null) ?? undefined,
    url: textAt(event.data, "url"),
    labels: { ce_type: event.type, ce_source: event.source, ce_subject: event.subject, ...extensions },
  };
}
