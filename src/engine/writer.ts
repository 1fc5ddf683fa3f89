import type { CommitSettings } from "./batch.ts";
import { commitJobs, type Job, type JobResult } from "./commit.ts";
import { type Ledger, StoreFault } from "./ledger.ts";
import { commitMemory, emptyMemory, forget, forgetStates } from "./memory.ts";

/**
 * Runs work in one transaction of the database: all of it durable when the promise resolves, none of it otherwise.
 * Where the database is the reason, it rejects with StoreFault.
 */
export type Transact = <T>(work: (ledger: Ledger) => Promise<T>) => Promise<T>;

/** The one way anything is written. Resolves when the job is durable; rejects only for faults, not refusals. */
export type Writer = { submit(job: Job): Promise<JobResult>; close(): Promise<void> };

type Waiting = { job: Job; resolve(result: JobResult): void; reject(error: unknown): void };

/** Bounds on one transaction, so that a flood cannot hold back the first of it for long. */
const MAX_JOBS = 512;
const SIGNALS = { least: 50, most: 2000 };
/** How long one is to take, as far as the one before it tells: in a new process an alert takes ten times as long. */
const LONG_MS = 30;
/** Storing more alerts than these takes long enough for somebody who waits to notice. */
const MANY_SIGNALS = 20;
/** What a person or a message to Slack waits for. Of what comes in beside it, none can have been told of yet. */
const AWAITED: ReadonlySet<Job["type"]> = new Set([
  "command",
  "silence",
  "explain",
  "claim",
  "settle",
] as const);
/** How often a batch that another writer forestalled is tried, each time on what is stored then. */
const MAX_TRIES = 10;

/**
 * Group commit: while one transaction runs, jobs gather, and the next takes them all; in a storm of alerts what people
 * and Slack wait for has every other one for itself. There is no timer; the batch grows by itself with the cost of a
 * commit, as far as that leaves it short. States of incidents stay in memory between batches; a failed batch drops them.
 * Should there be a second writer, the log's unique `(incident, seq)` shows whose states are stale, and the batch is
 * tried again on fresh ones. After any other fault its jobs are tried one by one, so that one bad job fails alone.
 * `clock` gives milliseconds.
 */
export function createWriter(
  transact: Transact,
  settings: CommitSettings,
  { maxCached = 5000, clock = () => performance.now() } = {},
): Writer {
  const memory = emptyMemory();
  let queue: Waiting[] = [];
  /** Whether the last transaction had only what is awaited; the next one then takes all in order. */
  let wasAhead = false;
  let running: Promise<void> | null = null;
  /** So many alerts the next one may take. */
  let mostSignals = SIGNALS.least;

  async function commit(batch: Waiting[], tries = 1): Promise<void> {
    forgetStates(memory, maxCached);
    try {
      const results = await transact((ledger) =>
        commitJobs(
          ledger,
          batch.map((w) => w.job),
          settings,
          memory,
        ),
      );
      commitMemory(memory);
      for (const [i, waiting] of batch.entries()) waiting.resolve(results[i]!);
    } catch (error) {
      forget(memory);
      await recover(batch, error, tries);
    }
  }

  async function recover(batch: Waiting[], error: unknown, tries: number): Promise<void> {
    const kind = error instanceof StoreFault ? error.kind : null;
    if (kind === "conflict" && tries < MAX_TRIES) return commit(batch, tries + 1);
    // All are told at once: one by one, each would wait for the lock or the network by itself.
    if (kind === "unavailable") for (const waiting of batch) waiting.resolve(unavailable(error as Error));
    else if (batch.length === 1) batch[0]!.reject(error);
    else for (const waiting of batch) await commit([waiting]);
  }

  function takeBatch(): Waiting[] {
    const awaited = wasAhead || signalsIn(queue) <= MANY_SIGNALS ? [] : queue.filter(isAwaited);
    wasAhead = awaited.length > 0;
    const batch = firstOf(wasAhead ? awaited : queue, mostSignals);
    const taken = new Set(batch);
    queue = queue.filter((waiting) => !taken.has(waiting));
    return batch;
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      // The next turn of the loop: what is read from the sockets together is committed together.
      await new Promise<void>((go) => setImmediate(go));
      const batch = takeBatch();
      const signals = signalsIn(batch);
      const startedAt = clock();
      await commit(batch);
      const fitting = (signals * LONG_MS) / (clock() - startedAt);
      if (signals > 0) mostSignals = Math.min(Math.max(fitting, SIGNALS.least), SIGNALS.most);
    }
    running = null;
  }

  return {
    submit(job) {
      return new Promise((resolve, reject) => {
        queue.push({ job, resolve, reject });
        running ??= drain();
      });
    },
    async close() {
      while (running) await running;
    },
  };
}

function unavailable({ message }: Error): JobResult {
  const text = `${message}. Nothing of this was stored; send it again.`;
  return { ok: false, refusal: { code: "unavailable", message: text, issues: [] } };
}

function isAwaited({ job }: Waiting): boolean {
  return AWAITED.has(job.type);
}

function signalsIn(waiting: Waiting[]): number {
  return waiting.reduce((sum, { job }) => sum + signalsOf(job), 0);
}

function signalsOf(job: Job): number {
  return job.type === "ingest" ? job.alerts.length : 0;
}

/** As many as one transaction may take, at least one. */
function firstOf(waiting: Waiting[], mostSignals: number): Waiting[] {
  let signals = 0;
  let jobs = 0;
  for (const { job } of waiting) {
    signals += signalsOf(job);
    if (jobs > 0 && (jobs >= MAX_JOBS || signals > mostSignals)) break;
    jobs++;
  }
  return waiting.slice(0, jobs);
}
