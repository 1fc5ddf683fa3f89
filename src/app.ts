import { setInterval } from "node:timers";
import type { FastifyBaseLogger, FastifyInstance, FastifyLoggerOptions } from "fastify";
import { Registry } from "prom-client";
import type { Config } from "./config.ts";
import { type LineageFile, readLineageFiles, withdrawals } from "./configured-lineage.ts";
import { RoutingSections } from "./core/correlate/sections.ts";
import { compileRunbooks } from "./core/runbook/match.ts";
import type { Runbook } from "./core/runbook/parse.ts";
import { createAlarm } from "./engine/alarm.ts";
import { createConversation } from "./engine/converse.ts";
import { createDeliverer } from "./engine/deliver.ts";
import { createEngine } from "./engine/engine.ts";
import type { Engine, Reads } from "./engine/ports.ts";
import { show } from "./engine/show.ts";
import { spoken } from "./engine/troubles.ts";
import { createWatch, type Watch } from "./engine/watch.ts";
import type { Writer } from "./engine/writer.ts";
import { startHeartbeat } from "./http/heartbeat.ts";
import type { HealthReport } from "./http/operations.ts";
import { outboxMetrics } from "./http/outbox-metrics.ts";
import { buildServer } from "./http/server.ts";
import { POSTMORTEM_FORMATS, type PostmortemFormat, renderPostmortem } from "./render/postmortem.ts";
import { loadRunbooks } from "./runbooks.ts";
import { connectSlack, type SlackConnection } from "./slack/connect.ts";
import type { DoorDeps } from "./slack/doors/interaction.ts";
import { createMessenger, slackClient } from "./slack/messenger.ts";
import { createPeople } from "./slack/people.ts";
import { workspaceAddress } from "./slack/permalink.ts";
import { SOURCES } from "./source/registry.ts";
import { openForReading } from "./store/open.ts";
import { waitingOf } from "./store/parked.ts";
import { type OutboxReads, readsOf } from "./store/reads.ts";
import { startOf } from "./store/start.ts";
import { DEFAULT_CHANNEL, startWriter, writerSettings } from "./writer.ts";

const TICK_MS = 60_000;
/** How often the bot looks at itself. */
const WATCH_MS = 10_000;
/** How many alerts a report lists; the log has all of them. */
const REPORTED_ALERTS = 1000;

export type AppOptions = {
  log: FastifyLoggerOptions;
  /** The sandbox's page shows Slack's date markup as text, cannot choose among people by itself, and is not at its workspace's address. */
  local?: { people: { id: string; name: string }[]; url: string };
  now?: () => number;
  /** Milliseconds that only ever grow, by which the connection to Slack is judged. */
  clock?: () => number;
};

export type App = { url: string; engine: Engine; stop(): Promise<void> };

/** The composition root: joins store, engine, sources, HTTP and Slack, in the order in which each can do its work. */
export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const now = options.now ?? Date.now;
  const iso = () => new Date(now()).toISOString();
  const channel = config.channel ?? DEFAULT_CHANNEL;
  const { runbooks, problems } = await loadRunbooks(config.runbooksDir);
  const lineage = await readLineageFiles(config.lineageFiles);
  const opened = await openStore(config, runbooks, (error) => {
    // Without the writer nothing can be stored, so nothing may be answered 2xx: end, and be restarted.
    server.log.fatal({ err: error }, "the writer is gone; ending");
    process.exit(1);
  });
  let wake = () => {};
  let slack: SlackConnection | null = null;
  const watch = createWatch({
    writer: opened.writer,
    outbox: { undelivered: opened.reads.undelivered, waiting: opened.waiting },
    slack: () => (config.slack ? (slack?.health() ?? { ok: false, detail: "starting" }) : null),
    afterMs: config.selfAlarm.afterMs,
    clock: options.clock ?? (() => performance.now()),
  });
  const store = { ...opened, writer: watch.writer };
  const health = () => healthOf(watch, slack, config.slack !== null);
  const engine = createEngine({ ...store, now: iso, committed: () => wake() });
  const report: Report = (format, key) => reportOf(store.reads, format, key, iso(), config.command);
  const metrics = new Registry();
  const server = buildServer({
    engine,
    config,
    sources: SOURCES,
    now: iso,
    log: options.log,
    metrics,
    report,
    fetch,
    health,
  });
  server.addHook("onResponse", async (request, reply) => {
    const { source } = request.params as { source?: string };
    if (source && SOURCES.some(({ name }) => name === source)) watch.answered(source, reply.statusCode);
  });
  for (const { file, line, message } of problems) server.log.warn(`${file}:${line}: ${message}`);
  slackRoute(server, () => slack);
  // Lineage first: it says where the first alert belongs.
  const listening = learnFiles(engine, lineage, iso(), server.log).then(() =>
    server.listen({ host: config.host, port: config.port }),
  );
  const url = await listening.catch(async (error: unknown) => {
    await store.close();
    throw error;
  });

  const parts: Part = { config, options, engine, channel, runbooks, report, now, iso, log: server.log };
  const stops: (() => Promise<void>)[] = [];
  let alarm: ReturnType<typeof createAlarm> | null = null;
  if (config.slack) {
    const client = slackClient(config.slack.botToken, config.slack.apiUrl);
    const address = options.local ? async () => `${options.local!.url}/` : workspaceAddress(client);
    const messenger = createMessenger(client, renderOptions(options), address);
    const deliverer = delivererOf(parts, store, messenger);
    wake = deliverer.wake;
    await deliverer.start();
    slack = await connectSlack(
      config.slack,
      client,
      server.log,
      address,
      doorsOf(parts, client),
      options.clock,
    );
    stops.push(slack.stop, deliverer.stop);
    const { troubles: look } = watch;
    alarm = createAlarm({
      look,
      messenger,
      channel: config.selfAlarm.channel ?? channel,
      now,
      log: server.log,
    });
  }
  outboxMetrics(metrics, async () => {
    const { waiting, parked, oldestMs } = await watch.outbox();
    return {
      waiting,
      parked,
      oldestSeconds: oldestMs / 1000,
      writerLagSeconds: watch.lagMs() / 1000,
      slackConnected: slack?.health().ok ?? false,
      troubles: alarm?.raised() ?? [],
    };
  });
  const timers = [
    // At once for what came due while no process ran, then every minute.
    repeat(TICK_MS, () => engine.tick(), server.log),
    repeat(WATCH_MS, async () => alarm?.tick(), server.log),
  ];
  const { url: heartbeat, everyMs } = config.heartbeat;
  const ready = async () => (await health()).checks.every(({ ok }) => ok);
  const endHeartbeat = heartbeat
    ? startHeartbeat({ url: heartbeat, everyMs, ready, fetch, log: server.log })
    : () => {};
  return {
    url,
    engine,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      endHeartbeat();
      await server.close();
      for (const stop of stops) await stop();
      await store.close();
    },
  };
}

/** Does it now, and again and again. */
function repeat(everyMs: number, work: () => Promise<void>, log: FastifyBaseLogger): NodeJS.Timeout {
  const run = () =>
    void work().catch((error: unknown) => log.error({ err: error }, "the clock's work failed"));
  run();
  return setInterval(run, everyMs);
}

/** What the parts below are made from. */
type Part = {
  config: Config;
  options: AppOptions;
  engine: Engine;
  channel: string;
  runbooks: Runbook[];
  report: Report;
  now: () => number;
  iso: () => string;
  log: FastifyBaseLogger;
};
type Client = ReturnType<typeof slackClient>;
type Report = (format: string, key: string) => ReturnType<typeof reportOf>;
type Store = {
  writer: Writer;
  reads: Reads & OutboxReads;
  waiting(): ReturnType<typeof waitingOf>;
  close(): Promise<void>;
};

async function openStore(
  config: Config,
  runbooks: Runbook[],
  failed: (error: Error) => void,
): Promise<Store> {
  const settings = { ...writerSettings(config, runbooks), start: startOf(config) };
  const writer = await startWriter(settings, failed);
  const db = openForReading(config.database);
  return {
    writer,
    reads: readsOf(db),
    waiting: () => waitingOf(db),
    async close() {
      await db.destroy();
      await writer.close();
    },
  };
}

/** What the files say holds from now on; what files said that are named no longer does not. */
async function learnFiles(
  engine: Engine,
  files: LineageFile[],
  at: string,
  log: FastifyBaseLogger,
): Promise<void> {
  const gone = withdrawals(await engine.reads.lineageStatements(), files);
  for (const { file, statement } of files)
    for (const warning of statement.warnings) log.warn(`${file}: ${warning}`);
  const outcomes = await engine.learn([...files.map(({ statement }) => statement), ...gone], at);
  for (const { key, outcome, assets, edges } of outcomes)
    log.info({ key, outcome, assets, edges }, "lineage");
}

/** HTTP mode: Slack's requests come in through the one server, as the bytes that are signed. */
function slackRoute(server: FastifyInstance, slack: () => SlackConnection | null): void {
  server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.post("/slack/events", { schema: { hide: true } }, async (request, reply) => {
      const connection = slack();
      if (!connection) return reply.code(503).header("retry-after", "5").send();
      if (!connection.handle) return reply.code(404).send();
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const answer = await connection.handle(request.headers, body);
      return reply.code(answer.status).type(answer.contentType).send(answer.body);
    });
  });
}

/** The sandbox's page shows Slack's date markup as text. */
function renderOptions(options: AppOptions) {
  return { dates: options.local ? "plain" : "slack" } as const;
}

function delivererOf(
  { report, now, iso, log }: Part,
  store: Pick<Store, "reads" | "writer">,
  messenger: ReturnType<typeof createMessenger>,
) {
  const { reads, writer } = store;
  const showing = {
    reads,
    now: iso,
    report: async (key: string, format: string) => fileOf(await report(format, key)),
  };
  return createDeliverer({
    messenger,
    reads,
    show: (row, state) => show(showing, row, state),
    submit: async (job) => {
      const result = await writer.submit(job);
      // What could not be recorded did not happen, as far as the deliverer is concerned.
      if (!result.ok) throw new Error(result.refusal.message);
      return result.value;
    },
    now,
    log,
  });
}

function doorsOf(parts: Part, client: Client): Omit<DoorDeps, "workspaceUrl"> {
  const { config, options, engine, channel, runbooks, now, iso, log } = parts;
  const people = createPeople(client, now);
  const { command } = config;
  const conversation = createConversation({
    routing: RoutingSections.parse(config.routing),
    engine,
    catalog: compileRunbooks(runbooks),
    names: people.names,
    command,
    channel,
    now: iso,
  });
  const everybody = options.local?.people ?? null;
  const render = renderOptions(options);
  const { access } = config;
  return { engine, conversation, people, access, client, render, command, channel, everybody, now: iso, log };
}

async function healthOf(watch: Watch, slack: SlackConnection | null, wanted: boolean): Promise<HealthReport> {
  const outbox = await watch.outbox().catch(() => null);
  const oldest = outbox && outbox.waiting > 0 ? `, the oldest for ${spoken(outbox.oldestMs)}` : "";
  const connection = slack?.health() ?? {
    ok: !wanted,
    detail: wanted ? "starting" : "no Slack is configured",
  };
  return {
    checks: [
      { name: "database", ok: outbox !== null, detail: outbox ? null : "it cannot be read" },
      { name: "slack", ...connection },
      {
        name: "outbox",
        ok: outbox !== null && !outbox.late,
        detail: outbox && `${outbox.waiting} waiting${oldest}, ${outbox.parked} given up`,
      },
    ],
  };
}

function isFormat(format: string): format is PostmortemFormat {
  return POSTMORTEM_FORMATS.some((known) => known === format);
}

/** The postmortem of an incident as a file, or null where there is no such incident. */
export async function reportOf(
  reads: Reads,
  format: string,
  key: string,
  asOf: string,
  slash: string,
): Promise<ReturnType<typeof renderPostmortem> | null> {
  const state = await reads.state(key);
  if (!state || !isFormat(format)) return null;
  return renderPostmortem(format, {
    state,
    events: await reads.events(key),
    alerts: await reads.alerts(key, REPORTED_ALERTS),
    asOf,
    slash,
  });
}

function fileOf(report: Awaited<ReturnType<typeof reportOf>>) {
  return report && { ...report, title: report.filename };
}
