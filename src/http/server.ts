import type { Socket } from "node:net";
import Fastify, {
  type FastifyInstance,
  type FastifyLoggerOptions,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RouteOptions,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Registry } from "prom-client";
import type { Config } from "../config.ts";
import type { Engine } from "../engine/ports.ts";
import type { Source } from "../source/source.ts";
import { type Guard, requireToken } from "./bearer.ts";
import { endThenClose, lingerThenClose } from "./body.ts";
import { changeRoutes } from "./changes.ts";
import { oneAfterAnother } from "./in-turn.ts";
import { incidentRoutes } from "./incidents.ts";
import { intakeOf } from "./intake.ts";
import { loggedUrl, loggerOptions, requestId } from "./log.ts";
import { type HttpMetrics, httpMetrics } from "./metrics.ts";
import { openApiRoute, registerOpenApi } from "./openapi.ts";
import { type HealthReport, operationRoutes } from "./operations.ts";
import { postmortemRoutes, type RenderPostmortem } from "./postmortem.ts";
import {
  HttpProblem,
  PROBLEM_TYPE,
  PROBLEMS,
  type ProblemCode,
  problemBody,
  sendProblem,
} from "./problem.ts";
import { protocolRoutes } from "./protocols/routes.ts";
import { rateLimits } from "./rate-limit.ts";
import { type Scope, validatorCompiler } from "./scope.ts";
import { signalRoutes } from "./signals.ts";

export type ServerDeps = {
  engine: Pick<Engine, "ingest" | "record" | "learn" | "reads">;
  config: Pick<
    Config,
    | "apiTokens"
    | "openSources"
    | "sandbox"
    | "redaction"
    | "assetNames"
    | "sourceSecrets"
    | "maxBodyBytes"
    | "rateLimit"
  >;
  sources: readonly Source[];
  /** The time, ISO 8601 UTC. */
  now: () => string;
  /** Pino's options: level, stream. Serializers are ours, as they keep secrets out. */
  log: FastifyLoggerOptions;
  health: () => Promise<HealthReport>;
  metrics: Registry;
  report: RenderPostmortem;
  /** The network, for senders whose proof or handshake is elsewhere (SNS). */
  fetch: typeof fetch;
  timeouts?: typeof TIMEOUTS;
};

/**
 * How long a client may take: to send its headers, to send the whole request (a dbt manifest over a slow line), and to
 * leave a connection idle. Node enforces the first two, looking every `checkMs`; they are what ends a slowloris.
 */
export const TIMEOUTS = { headersMs: 10_000, requestMs: 60_000, idleMs: 72_000, checkMs: 2_000 };

/** On every answer. The API gives no page that loads anything, and none of it belongs in a cache or a frame. */
const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** The HTTP edge, not listening yet: `await app.listen({ host, port })` starts it, `await app.close()` lets requests finish. */
export function buildServer(deps: ServerDeps): FastifyInstance {
  const timeouts = deps.timeouts ?? TIMEOUTS;
  const metrics = httpMetrics(deps.metrics, deps.sources);
  const words = new Set(deps.sources.map(({ name }) => name));
  const app: FastifyInstance = Fastify({
    logger: loggerOptions(deps.log, words),
    // One line a request, ours: Fastify's two would hold the address as it came.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.idleMs,
    http: { headersTimeout: timeouts.headersMs, connectionsCheckingInterval: timeouts.checkMs },
    // While closing, what is already on its way is still served: the engine below closes after us.
    return503OnClosing: false,
    // Node's limit on headers bounds an address; a longer part of it is then an unknown name, not a special case.
    // Some clients of other products end their addresses with a slash.
    routerOptions: { maxParamLength: 16_384, ignoreTrailingSlash: true },
    // Given here, or Fastify would load its own compilers. Answers are built by typed code and need no second look.
    schemaController: {
      compilersFactory: {
        // Its type asks for Ajv's.
        buildValidator: (() => validatorCompiler) as never,
        buildSerializer: () => () => JSON.stringify,
      },
    },
    frameworkErrors: (error, request, reply) =>
      sendProblem(error, request, reply.headers(answerHeaders(request.id)) as FastifyReply),
    clientErrorHandler: answerBrokenRequest,
  });
  app.setErrorHandler(sendProblem);
  // A client that waits for "100 Continue" is routed like any other; the body reader sends it.
  app.server.on("checkContinue", app.routing);
  app.addHook("onRoute", ({ url }) => {
    for (const part of url.split("/")) if (!part.includes(":")) words.add(part);
  });
  addHooks(app, metrics, words);
  registerOpenApi(app);
  app.register(async (plugin) => addRoutes(plugin.withTypeProvider<ZodTypeProvider>(), deps, metrics));
  return app;
}

function answerHeaders(id: string): Record<string, string> {
  return { ...SECURITY_HEADERS, "x-request-id": id };
}

function addHooks(app: FastifyInstance, metrics: HttpMetrics, words: ReadonlySet<string>): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(answerHeaders(request.id));
    if (request.is404)
      throw new HttpProblem(
        "not_found",
        "There is nothing at this address. GET /openapi.json lists what there is.",
      );
  });
  app.addHook("onResponse", async (request, reply) => {
    lingerThenClose(request.raw);
    const facts = { ...logFacts(request, words), status: reply.statusCode };
    metrics.requestSeconds.observe(
      { method: facts.method, route: facts.route, status: facts.status },
      reply.elapsedTime / 1000,
    );
    request.log.info({ ...facts, ms: Math.round(reply.elapsedTime) }, "request");
  });
  // Such a request has no answer, so the hook above never sees it.
  app.addHook("onRequestAbort", async (request) => {
    request.log.info(logFacts(request, words), "request given up by its sender");
  });
}

function logFacts(
  request: FastifyRequest,
  words: ReadonlySet<string>,
): { method: string; route: string; url: string } {
  const route = request.is404 ? "unmatched" : request.routeOptions.url!;
  return { method: request.method, route, url: loggedUrl(request.url, words) };
}

/** Every route of the edge, and for each address an answer to the methods it does not have. */
function addRoutes(scope: Scope, deps: ServerDeps, metrics: HttpMetrics): void {
  const methods = new Map<string, string[]>();
  scope.addHook("onRoute", ({ url, method }: RouteOptions) => {
    methods.set(url, [...(methods.get(url) ?? []), ...[method].flat()]);
  });
  const limits = rateLimits(deps.config.rateLimit);
  const authorize = requireToken(deps.config, limits);
  const inTurn = oneAfterAnother();
  const guard: Guard = async (request) => {
    await authorize(request);
    await inTurn();
  };
  const intake = intakeOf(scope, { ...deps, metrics, limits });
  signalRoutes(scope, deps.sources, intake, deps.engine.reads);
  protocolRoutes(scope, deps.sources, intake);
  incidentRoutes(scope, { guard, now: deps.now, reads: deps.engine.reads });
  changeRoutes(scope, { guard, now: deps.now, reads: deps.engine.reads });
  postmortemRoutes(scope, { guard, render: deps.report });
  operationRoutes(scope, { health: deps.health, registry: deps.metrics });
  openApiRoute(scope);
  for (const [url, allowed] of [...methods]) refuseOtherMethods(scope, url, allowed);
}

/** 405 with what is allowed (RFC 9110 §15.5.6), and OPTIONS answered with the same list (§9.3.7). */
function refuseOtherMethods(scope: Scope, url: string, allowed: string[]): void {
  const allow = [...new Set([...allowed, "OPTIONS"])].join(", ");
  scope.route({
    url,
    method: scope.supportedMethods.filter((method) => !allowed.includes(method)),
    exposeHeadRoute: false,
    schema: { hide: true } as object,
    onRequest: async (request, reply) => {
      if (request.method === "OPTIONS")
        return reply.code(204).headers(webhookConsent(request)).header("allow", allow).send();
      throw new HttpProblem("method_not_allowed", `This address takes ${allow}.`, { headers: { allow } });
    },
    handler: () => undefined,
  });
}

/**
 * CloudEvents senders ask before they send, so that they cannot be turned against a stranger
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection). Whoever has the
 * address may send to it; whether we take anything is the secret's business.
 */
function webhookConsent(request: FastifyRequest): Record<string, string> {
  const origin = request.headers["webhook-request-origin"];
  if (typeof origin !== "string" || !/^\/v1\/(alerts|changes)\//.test(request.url)) return {};
  return { "webhook-allowed-origin": origin, "webhook-allowed-rate": "*" };
}

const CLIENT_ERRORS: Record<string, [ProblemCode, string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "The request did not arrive in full in time."],
  HPE_HEADER_OVERFLOW: ["headers_too_large", "The address and headers together may have 16 KiB."],
};

/** What Node's parser refuses never becomes a request, so the answer is written to the socket by hand. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, detail] = CLIENT_ERRORS[error.code ?? ""] ?? ["bad_request", "This is not valid HTTP/1.1."];
  const id = requestId({ headers: {} });
  const body = JSON.stringify(problemBody(new HttpProblem(code, detail), id));
  const headers = {
    ...answerHeaders(id),
    connection: "close",
    "content-type": PROBLEM_TYPE,
    "content-length": Buffer.byteLength(body),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  endThenClose(
    socket,
    `HTTP/1.1 ${PROBLEMS[code].status} ${PROBLEMS[code].title}\r\n${lines.join("")}\r\n${body}`,
  );
}
