import type { FastifyRequest } from "fastify";
import type { Config } from "../config.ts";
import { Refusal } from "../core/refusal.ts";
import type { AlertOutcome } from "../core/signal/alert.ts";
import type { ChangeOutcome } from "../core/signal/change.ts";
import { renameSignal } from "../core/signal/dataset.ts";
import { redactAlert, redactChange } from "../core/signal/redact.ts";
import type { Engine, LineageOutcome } from "../engine/ports.ts";
import { secretVariable } from "../source/auth.ts";
import type { Reading, Source, SourceRequest } from "../source/source.ts";
import { bodyReader, checkBodyHeaders } from "./body.ts";
import { checkShape, parseJson } from "./json.ts";
import { type HttpMetrics, REJECTED } from "./metrics.ts";
import { HttpProblem } from "./problem.ts";
import type { RateLimits } from "./rate-limit.ts";
import type { Scope } from "./scope.ts";

export type IntakeDeps = {
  engine: Pick<Engine, "ingest" | "record" | "learn">;
  config: Pick<
    Config,
    "sourceSecrets" | "openSources" | "sandbox" | "redaction" | "assetNames" | "maxBodyBytes"
  >;
  sources: readonly Source[];
  now: () => string;
  metrics: HttpMetrics;
  limits: RateLimits;
  /** The network, for senders whose proof or handshake is elsewhere. */
  fetch: typeof fetch;
};

/** What became of one request, all of it durable. */
export type Received = {
  request: SourceRequest;
  alerts: AlertOutcome[];
  changes: ChangeOutcome[];
  lineage: LineageOutcome[];
  rejected: Reading["rejected"];
};

/** Which of a source's two readings an address is for. */
export type Reader = "read" | "readChanges" | "readLineage";

/**
 * Makes a scope read bodies as bytes, whatever their type, and gives what every ingest address does. What can be
 * refused cheaply is refused first: the type, the announced size and a source without a secret before a byte of the
 * body is read (`checkHeaders`, for onRequest), the signature before the body is parsed (`receive`).
 */
export function intakeOf(scope: Scope, deps: IntakeDeps) {
  const body = bodyReader(deps.config.maxBodyBytes);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", body.parse);
  return {
    prepareBody: body.prepare,
    checkRate: (source: Source, request: FastifyRequest): void => deps.limits.check(source.name, request.ip),
    checkHeaders(source: Source, request: FastifyRequest): void {
      deps.limits.check(source.name, request.ip);
      checkMediaType(source, request.headers["content-type"]);
      checkBodyHeaders(request.headers, deps.config.maxBodyBytes);
      checkOpen(source, deps.config);
    },
    /** Authenticates, reads and stores; what `check` finds wrong with the parsed body is thrown before it is read. */
    receive: (source: Source, reader: Reader | null, request: FastifyRequest, check?: Check) =>
      receive(source, reader, request, deps, check),
  };
}
export type Intake = ReturnType<typeof intakeOf>;

type Check = (request: SourceRequest) => HttpProblem | null;

async function receive(
  source: Source,
  reader: Reader | null,
  request: FastifyRequest,
  deps: IntakeDeps,
  check?: Check,
): Promise<Received> {
  const asked = sourceRequest(request, deps);
  checkShape(asked.rawBody);
  const secrets = deps.config.sourceSecrets.get(source.name) ?? [];
  if (secrets.length > 0) await authenticate(source, asked, secrets, request, deps.limits);
  else checkOpen(source, deps.config);
  deps.limits.accepted(source.name);
  if (reader === null) return { request: asked, alerts: [], changes: [], lineage: [], rejected: [] };
  const received = { ...asked, body: source.parse?.(asked) ?? parseJson(asked.rawBody) };
  const nothing = { request: received, alerts: [], changes: [], lineage: [], rejected: [] };
  const wrong = check?.(received);
  if (wrong) throw wrong;
  if (await source.handshake?.(received)) return nothing;
  const { rejected, ...read } = source[reader]!(received);
  const { redaction, assetNames } = deps.config;
  const alerts = read.alerts.map((alert) => renameSignal(redactAlert(alert, redaction), assetNames));
  const changes = (read.changes ?? []).map((change) =>
    renameSignal(redactChange(change, redaction), assetNames),
  );
  const { lineage = [] } = read;
  if (alerts.length + changes.length + lineage.length === 0 && rejected.length > 0) {
    throw new HttpProblem("invalid", "Nothing in this body could be read.", { errors: rejected });
  }
  // First what depends on what, as it says which of the alerts belong together.
  const lineageOutcomes = await deps.engine.learn(lineage, received.receivedAt);
  const [alertOutcomes, changeOutcomes] = await Promise.all([
    alerts.length === 0 ? [] : deps.engine.ingest(alerts, received.receivedAt),
    changes.length === 0 ? [] : deps.engine.record(changes, received.receivedAt),
  ]);
  countOutcomes(deps.metrics.alerts, source, alertOutcomes);
  countOutcomes(deps.metrics.changes, source, changeOutcomes);
  deps.metrics.alerts.inc({ source: source.name, outcome: REJECTED }, rejected.length);
  return { ...nothing, alerts: alertOutcomes, changes: changeOutcomes, lineage: lineageOutcomes, rejected };
}

/** Once for each outcome, as finding the series costs more than the rest. */
function countOutcomes(counter: HttpMetrics["alerts"], source: Source, parts: { outcome: string }[]): void {
  const counts = new Map<string, number>();
  for (const { outcome } of parts) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  for (const [outcome, count] of counts) counter.inc({ source: source.name, outcome }, count);
}

/**
 * A source takes its own types and, where one is JSON, every `+json` (RFC 6839), and JSON of which nothing is said: many
 * tools and scripts send it as text/plain or without a type. A source that names no types takes all.
 */
function checkMediaType(source: Source, contentType: string | undefined): void {
  const accepted = source.contentTypes;
  const given = (contentType ?? "").split(";", 1)[0]!.trim().toLowerCase();
  if (accepted.length === 0 || accepted.includes(given)) return;
  if (accepted.includes("application/json") && (given === "" || given === "text/plain")) return;
  if (accepted.includes("application/json") && /^application\/[\w.!#$&^-]+\+json$/.test(given)) return;
  const wrong = `Content-Type ${given.slice(0, 100) || "(none)"} is not taken by this source. Send ${accepted.join(" or ")}.`;
  throw new HttpProblem("unsupported_media_type", wrong, {
    headers: { accept: accepted.join(", ") }, // RFC 9110 §15.5.16
  });
}

async function authenticate(
  source: Source,
  asked: SourceRequest,
  secrets: readonly string[],
  request: FastifyRequest,
  limits: RateLimits,
): Promise<void> {
  try {
    await source.authenticate(asked, [...secrets]);
  } catch (error) {
    if (error instanceof Refusal && error.code === "unauthorized") limits.failed(source.name, request.ip);
    throw error;
  }
}

/** Without a secret a source is closed, whoever asks, unless the configuration leaves it open. */
function checkOpen(source: Source, config: IntakeDeps["config"]): void {
  if (config.sandbox || config.openSources.has(source.name)) return;
  if ((config.sourceSecrets.get(source.name) ?? []).length > 0) return;
  throw new HttpProblem(
    "unauthorized",
    `This source is closed. Set ${secretVariable(source.name)} and restart.`,
  );
}

/** `body` is still unread when a source authenticates: a source whose proof is in the body looks into `rawBody`. */
function sourceRequest(request: FastifyRequest, deps: IntakeDeps): SourceRequest {
  return {
    path: request.url.split("?", 1)[0]!,
    headers: firstValues(request.headers),
    query: firstValues(request.query as Record<string, string | string[]>),
    rawBody: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    body: undefined,
    receivedAt: deps.now(),
    fetch: deps.fetch,
  };
}

/** Of a header or parameter given several times, the first counts. */
function firstValues(
  values: Record<string, string | string[] | undefined>,
): Record<string, string | undefined> {
  const first: Record<string, string | undefined> = {};
  for (const name of Object.keys(values)) {
    const value = values[name];
    // An own `__proto__` stays out: a text is no prototype.
    first[name] = Array.isArray(value) ? value[0] : value;
  }
  return first;
}
