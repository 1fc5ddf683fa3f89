import { setInterval } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import type { FastifyBaseLogger, FastifyLoggerOptions } from "fastify";
import { readLater } from "./app-reads.ts";
import type { SlackSide } from "./app-slack.ts";
import type { Config } from "./config.ts";
import { type LineageFile, readLineageFiles, withdrawals } from "./configured-lineage.ts";
import { createEngine } from "./engine/engine.ts";
import type { Engine, StatementInForce } from "./engine/ports.ts";
import { createWatch, type Watch } from "./engine/watch.ts";
import { startHeartbeat } from "./http/heartbeat.ts";
import { outlineRunbooks, readRunbookFiles } from "./runbooks.ts";
import type { SlackConnection } from "./slack/connect.ts";
import { MOVED, stillThere } from "./store/place.ts";
import { DEFAULT_CHANNEL, startOf, writerSettings } from "./writer-settings.ts";
import { startWriter } from "./writer-start.ts";

const TICK_MS = 60_000;
/** How long what incidents told gathers before it is indexed; searches look at it by itself until then. */
const INDEX_MS = 1_000;
/** How often the bot looks at itself. */
const WATCH_MS = 10_000;

/**
 * Loading Slack's side holds the process for a while. So each half of it waits this long, and again while alerts are
 * being stored.
 */
const FIRST_ALERTS_MS = 25;

/** Half of the time in which the process is to end; a request that has not come in whole by then is cut off. */
const CUT_AFTER_MS = 15_000;

export type AppOptions = {
  log: FastifyLoggerOptions;
  /** The sandbox's page shows Slack's date markup as text, cannot choose among people by itself, and is not at its workspace's address. */
  local?: { people: { id: string; name: string }[]; url: string };
  now?: () => number;
  /** Milliseconds that only ever grow, by which the connection to Slack is judged. */
  clock?: () => number;
};

export type App = { url: string; engine: Engine; stop(): Promise<void> };

/**
 * The composition root: joins store, engine, sources, HTTP and Slack, in the order in which each can do its work. What an
 * alert needs comes first, and everything else is loaded when alerts are taken already. `thread` is one that was loaded
 * before the settings were known.
 */
export async function startApp(config: Config, options: AppOptions, thread?: Worker): Promise<App> {
  const now = options.now ?? Date.now;
  const iso = () => new Date(now()).toISOString();
  const channel = config.channel ?? DEFAULT_CHANNEL;
  const leftOut: string[] = [];
  const runbooks = await readRunbookFiles([config.runbooksDir], (line) => leftOut.push(line));
  const lineage = await readLineageFiles(config.lineageFiles);
  const settings = { ...writerSettings(config, await outlineRunbooks(runbooks)), start: startOf(config) };
  const gone = Promise.withResolvers<Error>();
  // The database is opened while what answers HTTP is loaded. What goes wrong with either is told below.
  const held = Promise.withResolvers<void>();
  const opening = startWriter(settings, gone.resolve, thread, held.resolve);
  opening.catch(() => {});
  const stored = readLater(config.database);
  const { reads } = stored;
  let committed: SlackSide["committed"] = () => {};
  let slack: SlackConnection | null = null;
  let alarm: SlackSide["alarm"] | null = null;
  let isThere = () => true;
  const watch = createWatch({
    writer: {
      submit: async (job) => (await opening).submit(job),
      close: async () => (await opening).close(),
    },
    outbox: { undelivered: reads.undelivered, waiting: stored.waiting },
    place: () => (isThere() ? null : MOVED),
    slack: () => (config.slack ? (slack?.health() ?? { ok: false, detail: "starting" }) : null),
    afterMs: config.selfAlarm.afterMs,
    clock: options.clock ?? (() => performance.now()),
  });
  const { writer } = watch;
  const engine = createEngine({
    writer,
    reads,
    now: iso,
    committed: (attended) => committed(attended),
    lagMs: watch.lagMs,
  });
  const close = async () => {
    await stored.close();
    await writer.close();
  };
  const listening = async () => {
    const { httpSide } = await import("./app-http.ts");
    const side = httpSide({
      config,
      engine,
      watch,
      report: stored.report,
      log: options.log,
      iso,
      slack: () => slack,
      alarm: () => alarm,
    });
    void held.promise.then(() =>
      side.server.log.warn("another bot has the database; waiting until it has ended, at most 30 s"),
    );
    for (const line of leftOut) side.server.log.warn(line);
    // What it does before it listens, while the database is opened.
    await side.server.ready();
    const { statements } = await opening;
    isThere = stillThere(config.database);
    // Lineage first: it says where the first alert belongs.
    await learnFiles(engine, statements, lineage, iso(), side.server.log);
    return { ...side, url: await side.server.listen({ host: config.host, port: config.port }) };
  };
  const { server, health, report, url } = await listening().catch(async (error: unknown) => {
    await close().catch(() => {});
    throw error;
  });
  void gone.promise.then((error) => {
    // Without the writer nothing can be stored, so nothing may be answered 2xx: end, and be restarted.
    server.log.fatal({ err: error }, "the writer is gone; ending");
    process.exit(1);
  });

  const stops: (() => Promise<void>)[] = [];
  if (config.slack) {
    await firstAlerts(watch);
    const { startSlackSide } = await import("./app-slack.ts");
    const side = await startSlackSide({
      slack: config.slack,
      config,
      options,
      engine,
      writer,
      reads,
      watch,
      channel,
      runbooks,
      report,
      now,
      iso,
      log: server.log,
    });
    committed = side.committed;
    alarm = side.alarm;
    await firstAlerts(watch);
    slack = await side.join();
    stops.push(slack.stop, side.stop);
  }
  const timers = [
    // At once for what came due while no process ran, then every minute.
    repeat(TICK_MS, () => engine.tick(), server.log),
    repeat(INDEX_MS, () => engine.index(), server.log),
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
      const cutting = setTimeout(() => server.server.closeAllConnections(), CUT_AFTER_MS);
      await server.close();
      clearTimeout(cutting);
      for (const stop of stops) await stop();
      await close();
    },
  };
}

/** Senders that found nobody here are tried first, and what they sent is answered. */
async function firstAlerts(watch: Watch): Promise<void> {
  for (let looks = 0; looks < 40; looks += 1) {
    await sleep(FIRST_ALERTS_MS);
    if (watch.lagMs() === 0) return;
  }
}

/** Does it now, and again and again. */
function repeat(everyMs: number, work: () => Promise<void>, log: FastifyBaseLogger): NodeJS.Timeout {
  const run = () =>
    void work().catch((error: unknown) => log.error({ err: error }, "the clock's work failed"));
  run();
  return setInterval(run, everyMs);
}

/** What the files say holds from now on; what files said that are named no longer does not. */
async function learnFiles(
  engine: Engine,
  inForce: StatementInForce[],
  files: LineageFile[],
  at: string,
  log: FastifyBaseLogger,
): Promise<void> {
  const gone = withdrawals(inForce, files);
  for (const { file, statement } of files)
    for (const warning of statement.warnings) log.warn(`${file}: ${warning}`);
  const outcomes = await engine.learn([...files.map(({ statement }) => statement), ...gone], at);
  for (const { key, outcome, assets, edges } of outcomes)
    log.info({ key, outcome, assets, edges }, "lineage");
}
