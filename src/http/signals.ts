import type { FastifyRequest, FastifySchema } from "fastify";
import { z } from "zod";
import type { Config } from "../config.ts";
import type { Engine } from "../engine/ports.ts";
import { GenericAlert } from "../source/generic.ts";
import type { Source, SourceRequest } from "../source/source.ts";
import { bodyReader, checkBodyHeaders } from "./body.ts";
import { parseJson } from "./json.ts";
import { type HttpMetrics, REJECTED } from "./metrics.ts";
import { HttpProblem } from "./problem.ts";
import { answer, problemResponses, type Scope } from "./scope.ts";
import { Ingested } from "./shapes.ts";

type Deps = {
  engine: Pick<Engine, "ingest">;
  config: Pick<Config, "sourceSecrets" | "openSources" | "maxBodyBytes">;
  sources: readonly Source[];
  now: () => string;
  metrics: HttpMetrics;
};

/** In the OpenAPI document; the real check is the source's own, which reads far more than this. */
export const AlertBody = z.union([
  GenericAlert,
  z.object({ alerts: z.array(GenericAlert) }).describe("Several alerts, for the source `generic`."),
  z.unknown().describe("For every other source: that tool's own format."),
]);

/**
 * `POST /v1/alerts/{source}`. What can be refused cheaply is refused first: the source, the type, the announced size
 * and a source without a secret before a byte of the body is read, the signature before the body is parsed.
 */
export function alertRoutes(scope: Scope, deps: Deps): void {
  const sources = new Map(deps.sources.map((source) => [source.name, source]));
  const body = bodyReader(deps.config.maxBodyBytes);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", body.parse);
  scope.post("/v1/alerts/:source", {
    schema: alertSchema(deps.sources),
    // Parameters and body are checked by hand, in the order that the comment above gives.
    validatorCompiler: () => () => true,
    onRequest: async (request) => {
      const source = sourceOf(request, sources);
      checkMediaType(source, request.headers["content-type"]);
      checkBodyHeaders(request.headers, deps.config.maxBodyBytes);
      checkOpen(source, deps.config);
    },
    preParsing: body.prepare,
    handler: (request) => take(sourceOf(request, sources), request, deps),
  });
}

async function take(source: Source, request: FastifyRequest, deps: Deps): Promise<Ingested> {
  const received = sourceRequest(request, deps.now());
  const secrets = deps.config.sourceSecrets.get(source.name) ?? [];
  if (secrets.length > 0) source.authenticate(received, [...secrets]);
  const { alerts, rejected } = source.read({ ...received, body: parseJson(received.rawBody) });
  if (alerts.length === 0 && rejected.length > 0) {
    throw new HttpProblem("invalid", "No alert in this body could be read.", { errors: rejected });
  }
  const outcomes = alerts.length === 0 ? [] : await deps.engine.ingest(alerts, received.receivedAt);
  for (const { outcome } of outcomes) deps.metrics.alerts.inc({ source: source.name, outcome });
  deps.metrics.alerts.inc({ source: source.name, outcome: REJECTED }, rejected.length);
  return { alerts: outcomes, rejected };
}

function sourceOf(request: FastifyRequest, sources: ReadonlyMap<string, Source>): Source {
  const { source: name } = request.params as { source: string };
  const source = sources.get(name);
  if (source) return source;
  throw new HttpProblem(
    "not_found",
    `There is no such source. The sources are ${[...sources.keys()].join(", ")}.`,
  );
}

/** A source takes its own types and, where one is JSON, every `+json` (RFC 6839). A source that names none takes all. */
function checkMediaType(source: Source, contentType: string | undefined): void {
  const accepted = source.contentTypes;
  const given = (contentType ?? "").split(";", 1)[0]!.trim().toLowerCase();
  if (accepted.length === 0 || accepted.includes(given)) return;
  if (accepted.includes("application/json") && /^application\/[\w.!#$&^-]+\+json$/.test(given)) return;
  const is = given === "" ? "is missing" : "is not taken by this source";
  throw new HttpProblem("unsupported_media_type", `Content-Type ${is}. Send ${accepted.join(" or ")}.`, {
    headers: { accept: accepted.join(", ") }, // RFC 9110 §15.5.16
  });
}

/** Without a secret a source is closed, whoever asks; only the sandbox leaves such sources open. */
function checkOpen(source: Source, config: Deps["config"]): void {
  if (config.openSources || (config.sourceSecrets.get(source.name) ?? []).length > 0) return;
  const variable = `BREAKWATER_SOURCE_${source.name.toUpperCase().replaceAll("-", "_")}_SECRET`;
  throw new HttpProblem("unauthorized", `This source is closed. Set ${variable} and restart.`);
}

/** `body` is still unread when a source authenticates: a source whose proof is in the body looks into `rawBody`. */
function sourceRequest(request: FastifyRequest, receivedAt: string): SourceRequest {
  return {
    headers: firstValues(request.headers),
    query: firstValues(request.query as Record<string, string | string[]>),
    rawBody: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    body: undefined,
    receivedAt,
  };
}

/** Of a header or parameter given several times, the first counts. */
function firstValues(
  values: Record<string, string | string[] | undefined>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat()[0]]));
}

function alertSchema(sources: readonly Source[]): FastifySchema {
  return {
    operationId: "sendAlerts",
    summary: "Send alerts of one tool, in the tool's own format",
    description:
      "Durable before the answer. An authentic message that is no alert gets 200 with an empty list.",
    tags: ["alerts"],
    security: [{ bearer: [] }, { urlToken: [] }],
    params: z.object({ source: z.enum(sources.map(({ name }) => name)).describe("The sending tool.") }),
    body: AlertBody,
    response: {
      200: answer("What became of each alert.", Ingested),
      ...problemResponses(
        "malformed_body",
        "unauthorized",
        "not_found",
        "request_timeout",
        "too_large",
        "unsupported_media_type",
        "invalid",
        "unavailable",
      ),
    },
  };
}
