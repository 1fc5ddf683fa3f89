import type { AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { parseAssetId } from "../core/signal/dataset.ts";
import { assetOfLabels } from "./asset-labels.ts";
import { bearerOrToken } from "./auth.ts";
import { type CloudEvent, checkData, cloudEventsOf, factsOf, readCloudEvent } from "./cloudevents.ts";
import { finishAlert, invalid, readEach } from "./draft.ts";
import { field, firstLine, type JsonObject, list, object, text, textAt } from "./json.ts";
import { bodyText, parseJsonBody } from "./parse-body.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * CloudEvents 1.0 over HTTP, binary, structured or batched, whatever tool they come from:
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md.
 */
export const cloudevents = {
  name: "cloudevents",
  title: "CloudEvents",
  // In binary mode the content type is that of the data, which may be anything.
  contentTypes: [],
  authenticate: bearerOrToken,
  parse(request: SourceRequest): unknown {
    if (request.headers["ce-specversion"] === undefined) return parseJsonBody(request);
    return binaryData(request);
  },
  read(request: SourceRequest): Reading {
    // A batch may be empty (section 3.3.2 of the binding).
    const events = Array.isArray(request.body) && request.body.length === 0 ? [] : cloudEventsOf(request);
    if (events === null) {
      throw invalid(
        "This is no CloudEvent: it has neither the header ce-specversion nor specversion, id, source and type in its body.",
        [{ path: "specversion", message: "is required" }],
      );
    }
    return readEach(events, (envelope) => readEvent(envelope, request.receivedAt));
  },
} satisfies Source;

/** JSON where the data are that, or else the text as it came; none at all for an event without data. */
function binaryData(request: SourceRequest): unknown {
  const body = bodyText(request);
  if (body.trim() === "") return null;
  const type = (request.headers["content-type"] ?? "application/json").split(";", 1)[0]!.trim().toLowerCase();
  return /[/+]json$/.test(type) ? parseJsonBody(request) : body;
}

function readEvent(envelope: unknown, receivedAt: string): AlertSignal | null {
  const event = readCloudEvent(envelope);
  checkData(envelope);
  const facts = factsOf(event);
  if (facts.status === null) return null;
  const firing = facts.status === "firing";
  const own = object(field(event.data, "labels")) ?? {};
  return finishAlert(
    {
      source: "cloudevents",
      dedupKey: facts.dedupKey,
      deliveryId: facts.deliveryId,
      status: facts.status,
      severity: facts.severity,
      title: titleOf(event, firing ? firstLine(facts.description ?? null) : null) ?? facts.title,
      description: facts.description,
      assets: [...assetsOf(event.data), assetOfLabels({ ...own, ...object(event.data) }, "cloudevents")],
      labels: { ...facts.labels, ...shortFacts(event.data), ...own },
      links: ["url", "run_url", "link"].map((name) => ({
        title: "Open in the sending tool",
        url: textAt(event.data, name),
      })),
      startsAt: firing ? event.time : null,
      endsAt: firing ? null : event.time,
      observedAt: event.time,
      raw: event,
    },
    receivedAt,
  );
}

function titleOf(event: CloudEvent, error: string | null): string | null {
  const title = textAt(event.data, "title");
  if (title !== null) return title;
  return error === null ? null : `${event.subject ?? event.source}: ${error}`;
}

/** `assets` of the data as in our own format: `namespace/name`, or both apart. */
function assetsOf(data: unknown): (Asset | null)[] {
  return list(field(data, "assets")).map((asset) => {
    if (typeof asset === "string") return parseAssetId(asset);
    const namespace = textAt(asset, "namespace");
    const name = textAt(asset, "name");
    return namespace === null || name === null ? null : { namespace, name };
  });
}

const SHOWN_ELSEWHERE = ["title", "error", "message", "description", "reason", "severity", "url"];

/** The facts among the data that are short enough to route and group by. */
function shortFacts(data: unknown): JsonObject {
  const pairs = Object.entries(object(data) ?? {}).filter(
    ([name, value]) => !SHOWN_ELSEWHERE.includes(name) && (text(value)?.length ?? 201) <= 200,
  );
  return Object.fromEntries(pairs);
}
