import { once } from "node:events";
import { Worker } from "node:worker_threads";

export type LoadOptions = {
  port: number;
  connections: number;
  /** Alerts in one request. */
  perRequest: number;
  /** Time before answers count, in ms. */
  warmMs: number;
  /** How long they count, in ms; null: until stopped, or until so many `alerts` were sent. */
  forMs: number | null;
  alerts: number | null;
  /** Requests a second, sent whatever becomes of the ones before; null: each connection sends as soon as it is answered. */
  perSecond: number | null;
  /** Alerts are numbered from here. */
  firstId: number;
  /** So many alerts are sent over and over; null: each is new. */
  distinct: number | null;
  /** They are of so many tables, and so of so many groups; null: each of its own. */
  groups: number | null;
  firstGroup: number;
  severity: string;
  /** The same at every sending, or a repeat would be news. */
  startsAt: string;
};

/** Times in ms. `alerts`, `requests`, times and `rate` (alerts a second) are of what was answered 2xx after warming up. */
export type LoadResult = {
  requests: number;
  alerts: number;
  /** Answered 429 or 503. */
  refused: number;
  refusedWithoutRetryAfter: number;
  /** Any other answer, or none. */
  errors: number;
  /** Due in an open loop, and not sent as all connections were busy. */
  unsent: number;
  /** How many alerts were numbered. */
  ids: number;
  seconds: number;
  rate: number;
  p50: number;
  p99: number;
  max: number;
};

const STARTS_AT = new Date(Date.now() - 60_000).toISOString();

const DEFAULTS: Omit<LoadOptions, "port"> = {
  connections: 64,
  perRequest: 1,
  warmMs: 0,
  forMs: null,
  alerts: null,
  perSecond: null,
  firstId: 0,
  distinct: null,
  groups: 50,
  firstGroup: 0,
  severity: "critical",
  startsAt: STARTS_AT,
};

/** `startedAt`: when the first request was sent, on the clock of `performance.now()`. */
export type Load = { startedAt: number; stop(): void; done: Promise<LoadResult> };

/** Starts sending; resolves when the connections stand. `done` resolves with what was measured. */
export async function startLoad(options: Partial<LoadOptions> & { port: number }): Promise<Load> {
  const workerData: LoadOptions = { ...DEFAULTS, ...options };
  const worker = new Worker(new URL("./load-worker.ts", import.meta.url), { workerData });
  const done = new Promise<LoadResult>((resolve, reject) => {
    worker.on("message", (message: { type: string; result?: LoadResult }) => {
      if (message.result) resolve(message.result);
    });
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the load generator ended without a result")));
  });
  done.catch(() => {}); // Whoever awaits it is told; until then it must not end the bench.
  const [{ at }] = (await once(worker, "message")) as [{ at: number }];
  return { startedAt: at - performance.timeOrigin, stop: () => worker.postMessage("stop"), done };
}

/** Sends, and resolves with what was measured. Rejects where nothing at all was taken, as then there is nothing to compare. */
export async function load(
  options: Partial<LoadOptions> & { port: number },
): Promise<LoadResult & { startedAt: number }> {
  const { startedAt, done } = await startLoad(options);
  const result = { ...(await done), startedAt };
  if (result.requests === 0) throw new Error(`no request was taken: ${JSON.stringify(result)}`);
  return result;
}
