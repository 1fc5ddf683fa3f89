import { Worker } from "node:worker_threads";
import type { Config } from "./config.ts";
import { Grouping } from "./core/correlate/grouping.ts";
import { RoutingSections } from "./core/correlate/sections.ts";
import type { PathRule } from "./core/correlate/touched.ts";
import { compileRunbooks, matchRunbooks } from "./core/runbook/match.ts";
import { parseRunbook, type Runbook } from "./core/runbook/parse.ts";
import type { Job, JobResult } from "./engine/commit.ts";
import type { Retention } from "./engine/retention.ts";
import { createWriter, type Transact, type Writer } from "./engine/writer.ts";
import { storeFault } from "./store/fault.ts";
import { ledgerOf } from "./store/ledger.ts";
import { migrate } from "./store/migrate.ts";
import { type Database, isPostgres, openForWriting } from "./store/open.ts";
import { recordStart, type Start } from "./store/start.ts";

/** What the writer needs, as plain data: it crosses a thread. */
export type WriterSettings = {
  database: Config["database"];
  /** Where incidents open: a channel id. */
  channel: string;
  reopenWithinMs: number;
  closeAfterMs: number;
  /** Grouping of breakwater.yaml, as it was validated; its matchers are compiled in the writer's thread. */
  grouping: unknown;
  pathRules: PathRule[];
  /** Routes, tiers, maintenance windows and inhibition rules, likewise. */
  routing: Config["routing"];
  runbooks: { slug: string; text: string }[];
  /** How long traces are kept; for ever where it is left out. */
  retention?: Retention;
  /** What starts: its version, and a hash of each setting, for the audit log. A replay is no start. */
  start?: Start;
};

/** Where incidents open unless something else is configured. */
export const DEFAULT_CHANNEL = "#data-incidents";

/** The one place where what is configured is passed on to the writer, for the bot and for a replay alike. */
export function writerSettings(config: Config, runbooks: readonly Runbook[]): WriterSettings {
  const { database, channel, reopenWithinMs, closeAfterMs, grouping, pathRules, routing, retention } = config;
  return {
    database,
    retention,
    channel: channel ?? DEFAULT_CHANNEL,
    reopenWithinMs,
    closeAfterMs,
    grouping,
    pathRules,
    routing,
    runbooks: runbooks.map(({ slug, text }) => ({ slug, text })),
  };
}

/** What passes between this thread and the writer's (src/writer-thread.ts), many at once. */
export type ThreadRequest = { id: number; job: Job } | { close: true };
export type ThreadAnswer =
  | { ready: true }
  | { id: number; result: JobResult }
  | { id: number; fault: string }
  | { closed: true };

/**
 * Puts what is handed over together into one message: each message between threads costs a turn of both their loops, and
 * what comes alone makes whoever hears of it act alone.
 */
export function together<Item>(
  post: (items: Item[]) => void,
  schedule: (run: () => void) => void,
): (item: Item) => void {
  let items: Item[] = [];
  return (item) => {
    if (items.push(item) > 1) return;
    schedule(() => {
      const gathered = items;
      items = [];
      post(gathered);
    });
  };
}

/** Opens the database for writing, brings it up to date, and joins it with the commit loop. Runs wherever it is called. */
export async function openWriter(
  settings: WriterSettings,
  db: Database = openForWriting(settings.database),
): Promise<Writer> {
  await migrate(db);
  if (settings.start) await recordStart(db, settings.start);
  const catalog = compileRunbooks(
    settings.runbooks.flatMap(({ slug, text }) => parseRunbook(slug, text).runbook ?? []),
  );
  const writer = createWriter(transactOn(db), {
    channel: settings.channel,
    reopenWithinMs: settings.reopenWithinMs,
    closeAfterMs: settings.closeAfterMs,
    grouping: Grouping.parse(settings.grouping),
    pathRules: settings.pathRules,
    routing: RoutingSections.parse(settings.routing),
    ...(settings.retention ? { retention: settings.retention } : {}),
    suggestRunbooks: (signal, severity, routed) => {
      const fitting = matchRunbooks(catalog, { ...signal, severity });
      const named = settings.runbooks.find(({ slug }) => slug === routed);
      if (!named) return fitting;
      const { title } = parseRunbook(named.slug, named.text).runbook!;
      const first = { slug: named.slug, title, reason: "a routing rule names it" };
      return [first, ...fitting.filter(({ slug }) => slug !== routed)];
    },
  });
  return {
    submit: writer.submit,
    async close() {
      await writer.close();
      await db.destroy();
    },
  };
}

function transactOn(db: Database): Transact {
  return async (work) => {
    // A transaction of SQLite sees one moment by itself; Postgres has to be asked, or a second writer's change between
    // our reading a row and writing it would be overwritten unseen.
    const transaction = isPostgres(db)
      ? db.transaction().setIsolationLevel("repeatable read")
      : db.transaction();
    try {
      return await transaction.execute((trx) => work(ledgerOf(trx)));
    } catch (error) {
      throw storeFault(error);
    }
  };
}

/**
 * Starts the one writer: in a thread of its own for a file (a commit waits for the disk there), in this thread for
 * Postgres (which waits for the network). `failed` is called if the thread dies; nothing can be stored after that.
 */
export async function startWriter(settings: WriterSettings, failed: (error: Error) => void): Promise<Writer> {
  return settings.database.type === "postgres" ? openWriter(settings) : startThread(settings, failed);
}

function startThread(settings: WriterSettings, failed: (error: Error) => void): Promise<Writer> {
  const thread = new Worker(new URL("./writer-thread.ts", import.meta.url), { workerData: settings });
  const waiting = new Map<number, { resolve(result: JobResult): void; reject(error: Error): void }>();
  // What the sockets bring in one turn of the loop.
  const send = together<ThreadRequest>((requests) => thread.postMessage(requests), setImmediate);
  let started = false;
  let closing = false;
  /** Why there is no thread any more; what is submitted then would wait for ever. */
  let gone: Error | null = null;
  let next = 1;

  return new Promise((ready, refuse) => {
    const fail = (error: Error) => {
      if (gone) return;
      gone = error;
      refuse(error);
      for (const job of waiting.values()) job.reject(error);
      waiting.clear();
      closed();
      // Whoever is still waiting for the start is told by the refusal above.
      if (started && !closing) failed(error);
    };
    let closed: () => void = () => {};
    thread.on("error", fail);
    thread.on("exit", (code) => fail(new Error(`the writer thread ended with code ${code}`)));
    const hear = (response: ThreadAnswer) => {
      if ("ready" in response) {
        started = true;
        return ready({ submit, close });
      }
      if ("closed" in response) return void thread.terminate();
      const job = waiting.get(response.id);
      waiting.delete(response.id);
      if ("fault" in response) job?.reject(new Error(response.fault));
      else job?.resolve(response.result);
    };
    thread.on("message", (responses: ThreadAnswer[]) => responses.forEach(hear));
    const submit = (job: Job) =>
      new Promise<JobResult>((resolve, reject) => {
        if (gone) return reject(gone);
        const id = next++;
        waiting.set(id, { resolve, reject });
        send({ id, job });
      });
    const close = () => {
      closing = true;
      return new Promise<void>((done) => {
        if (gone) return done();
        closed = done;
        send({ close: true });
      });
    };
  });
}
