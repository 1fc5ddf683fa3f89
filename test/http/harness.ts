import { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { Registry } from "prom-client";
import { afterEach } from "vitest";
import type { AlertSignal } from "../../src/core/signal/alert.ts";
import { fingerprint } from "../../src/core/signal/alert.ts";
import { type ChangeSignal, changeId } from "../../src/core/signal/change.ts";
import type { Engine, Reads } from "../../src/engine/ports.ts";
import { buildServer, type ServerDeps } from "../../src/http/server.ts";
import { generic } from "../../src/source/generic.ts";

export const NOW = "2026-11-22T03:10:00.000Z";
export const SECRET = "ingest-secret-1";
export const TOKEN = "read-token-1";

/** An engine that only remembers what it was given; the edge is what is tested here. */
export type FakeEngine = Pick<Engine, "ingest" | "record" | "learn" | "reads"> & {
  ingested: AlertSignal[];
  recorded: ChangeSignal[];
  failWith: Error | null;
};

const NOTHING: Reads = {
  state: async () => null,
  byThread: async () => null,
  openIn: async () => [],
  list: async () => ({ incidents: [], next: null }),
  length: async () => 0,
  events: async () => [],
  story: async () => [],
  timeline: async () => null,
  relations: async () => new Map(),
  held: async () => [],
  silences: async () => ({ silences: [], held: [], counts: new Map() }),
  alerts: async () => [],
  changes: async () => [],
  lineage: async () => [],
  lineageStatements: async () => [],
  runbookText: async () => null,
};

function fakeEngine(reads: Partial<Reads>): FakeEngine {
  const engine: FakeEngine = {
    ingested: [],
    recorded: [],
    failWith: null,
    reads: { ...NOTHING, ...reads },
    learn: async () => [],
    record: async (changes) => {
      if (engine.failWith) throw engine.failWith;
      engine.recorded.push(...changes);
      return changes.map((change) => ({ id: changeId(change), outcome: "recorded", reason: "new" }));
    },
    ingest: async (signals) => {
      if (engine.failWith) throw engine.failWith;
      engine.ingested.push(...signals);
      return signals.map((signal) => ({
        fingerprint: fingerprint(signal),
        outcome: "opened",
        incident: "INC-1",
        reason: "no open incident has this asset",
      }));
    },
  };
  return engine;
}

export type Edge = {
  app: FastifyInstance;
  url: string;
  engine: FakeEngine;
  log: () => string;
  registry: Registry;
};

const running: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

export function edgeDeps(more: Partial<ServerDeps> & { reads?: Partial<Reads> } = {}) {
  const { reads = {}, config, ...rest } = more;
  const lines: string[] = [];
  const engine = fakeEngine(reads);
  const deps: ServerDeps = {
    engine,
    config: {
      apiTokens: [TOKEN],
      openSources: new Set(),
      sandbox: false,
      redaction: { allow: {} },
      assetNames: [],
      sourceSecrets: new Map([["generic", [SECRET]]]),
      maxBodyBytes: 64 * 1024,
      rateLimit: { requestsPerSecond: 5000, failuresPerMinute: 600 },
      ...config,
    },
    sources: [generic],
    now: () => NOW,
    log: { level: "info", stream: { write: (line) => void lines.push(line) } },
    health: async () => ({ checks: [{ name: "database", ok: true, detail: null }] }),
    metrics: new Registry(),
    report: async () => null,
    fetch: () => Promise.reject(new Error("nothing here asks the network")),
    ...rest,
  };
  return { deps, engine, log: () => lines.join("") };
}

/** The real server on a real socket, closed after the test. */
export async function startEdge(more: Parameters<typeof edgeDeps>[0] = {}): Promise<Edge> {
  const { deps, engine, log } = edgeDeps(more);
  const app = buildServer(deps);
  running.push(app);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { app, url, engine, log, registry: deps.metrics };
}

export const ALERT = { title: "orders is late", assets: ["bigquery/shop.core.orders"] };

/** Sends an alert as a well-behaved sender would, with whatever the test makes different. */
export function sendAlert(
  edge: Edge,
  { path = "/v1/alerts/generic", body = JSON.stringify(ALERT), headers = {} }: Alert = {},
) {
  const sent = { authorization: `Bearer ${SECRET}`, "content-type": "application/json", ...headers };
  const kept = Object.entries(sent).filter((entry): entry is [string, string] => entry[1] !== null);
  return fetch(edge.url + path, {
    method: "POST",
    body: typeof body === "string" ? Buffer.from(body) : body,
    headers: kept,
  });
}
type Alert = { path?: string; body?: string | Buffer<ArrayBuffer>; headers?: Record<string, string | null> };

export function read(
  edge: Edge,
  path: string,
  headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
) {
  return fetch(edge.url + path, { headers });
}

/** A bare connection, for what fetch would never send. `received` resolves with all that came once it closes. */
export function connect(edge: Edge): { socket: Socket; seen: () => string; received: Promise<string> } {
  const socket = new Socket();
  const { port } = new URL(edge.url);
  const chunks: Buffer[] = [];
  const seen = () => Buffer.concat(chunks).toString("utf8");
  const received = new Promise<string>((resolve) => {
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => undefined); // a cut connection may show as a reset
    socket.on("close", () => resolve(seen()));
  });
  socket.connect(Number(port), "127.0.0.1");
  return { socket, seen, received };
}
