import type { IncidentState } from "../core/incident/state.ts";
import { type CommitSettings, commitJobs, type Job, type JobResult } from "./commit.ts";
import type { Ledger } from "./ledger.ts";

/** Runs work in one transaction of the database: all of it durable when the promise resolves, none of it otherwise. */
export type Transact = <T>(work: (ledger: Ledger) => Promise<T>) => Promise<T>;

/** The one way anything is written. Resolves when the job is durable; rejects only for faults, not refusals. */
export type Writer = { submit(job: Job): Promise<JobResult>; close(): Promise<void> };

type Waiting = { job: Job; resolve(result: JobResult): void; reject(error: unknown): void };

/** Bounds on one transaction, so that a flood cannot hold back the first of it for long. */
const MAX_JOBS = 512;
const MAX_SIGNALS = 2000;

/**
 * Group commit: while one transaction runs, jobs gather, and the next takes them all. There is no timer; the batch
 * grows by itself with the cost of a commit. States of incidents stay in memory between batches (this is the only
 * writer); a failed batch drops them, and its jobs are tried again one by one, so that one bad job fails alone.
 */
export function createWriter(transact: Transact, settings: CommitSettings, maxCached = 5000): Writer {
  const cache = new Map<string, IncidentState>();
  const queue: Waiting[] = [];
  let running: Promise<void> | null = null;

  async function commit(batch: Waiting[]): Promise<void> {
    if (cache.size > maxCached) cache.clear();
    try {
      const results = await transact((ledger) =>
        commitJobs(
          ledger,
          batch.map((w) => w.job),
          settings,
          cache,
        ),
      );
      for (const [i, waiting] of batch.entries()) waiting.resolve(results[i]!);
    } catch (error) {
      cache.clear();
      if (batch.length === 1) return batch[0]!.reject(error);
      for (const waiting of batch) await commit([waiting]);
    }
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) await commit(takeBatch(queue));
    running = null;
  }

  return {
    submit(job) {
      return new Promise((resolve, reject) => {
        queue.push({ job, resolve, reject });
        // The next turn of the loop, so that requests read from the sockets together are committed together.
        running ??= new Promise<void>((go) => setImmediate(go)).then(drain);
      });
    },
    async close() {
      while (running) await running;
    },
  };
}

function takeBatch(queue: Waiting[]): Waiting[] {
  let signals = 0;
  let jobs = 0;
  for (const { job } of queue) {
    signals += job.type === "ingest" ? job.signals.length : 0;
    if (jobs > 0 && (jobs >= MAX_JOBS || signals > MAX_SIGNALS)) break;
    jobs++;
  }
  return queue.splice(0, jobs);
}
