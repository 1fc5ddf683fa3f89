import { invalid } from "./draft.ts";
import { field, type JsonObject, list, object, textAt } from "./json.ts";
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
  try {
    return JSON.parse(Buffer.from(encoded, "base64").toString("utf8"));
  } catch {
    return null;
  }
}
