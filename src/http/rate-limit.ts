import type { Config } from "../config.ts";
import { HttpProblem } from "./problem.ts";

/** Tokens come in at `perSecond`, and at most `burst` are kept for later. */
type Rate = { perSecond: number; burst: number };

/** After so many keys those that were not used since as many before are forgotten, and begin again with a full bucket. */
const GENERATION = 10_000;

/** Token buckets by key, in memory. `nowMs` is a clock that only goes forward. */
export function tokenBuckets({ perSecond, burst }: Rate, nowMs: () => number = () => performance.now()) {
  type Buckets = Map<string, { tokens: number; at: number }>;
  let buckets: Buckets = new Map();
  let before: Buckets = new Map();
  function tokensOf(key: string): number {
    const bucket = buckets.get(key) ?? before.get(key);
    return bucket ? Math.min(burst, bucket.tokens + ((nowMs() - bucket.at) / 1000) * perSecond) : burst;
  }
  return {
    /** Seconds until there is a token, 0 where there is one. */
    waitSeconds: (key: string): number => Math.max(0, Math.ceil((1 - tokensOf(key)) / perSecond)),
    /** Takes a token where there is one. */
    take(key: string): void {
      buckets.set(key, { tokens: Math.max(0, tokensOf(key) - 1), at: nowMs() });
      if (buckets.size < GENERATION) return;
      before = buckets;
      buckets = new Map();
    },
  };
}

/** How many seconds' worth of requests a source may send at once. */
const BURST_SECONDS = 2;

/**
 * What keeps one sender from taking the time of all others, and secrets from being guessed. Failures are counted for an
 * address and what it asked for: behind one proxy, a sender with a wrong secret shuts out nobody but its own kind. The
 * address is the socket's: what a header says of it could be made up.
 */
export function rateLimits({ requestsPerSecond, failuresPerMinute }: Config["rateLimit"]) {
  const requests = tokenBuckets({
    perSecond: requestsPerSecond,
    burst: BURST_SECONDS * requestsPerSecond,
  });
  const failures = tokenBuckets({ perSecond: failuresPerMinute / 60, burst: failuresPerMinute });
  return {
    /** Refuses an address that has failed too often, and a source that has sent too much. Costs no token. */
    check(what: string, address: string): void {
      refuseFor(failures.waitSeconds(`${what} ${address}`), "Too many requests without a right secret.");
      refuseFor(requests.waitSeconds(what), "Too many requests at once.");
    },
    /** Counts an authentic request. Others do not count for the source: anybody could use up what it may send. */
    accepted: (what: string): void => requests.take(what),
    failed: (what: string, address: string): void => failures.take(`${what} ${address}`),
  };
}
export type RateLimits = ReturnType<typeof rateLimits>;

function refuseFor(seconds: number, why: string): void {
  if (seconds === 0) return;
  throw new HttpProblem(
    "rate_limited",
    `${why} Send this again in ${seconds} s; rateLimit in breakwater.yaml has the limits.`,
    { headers: { "retry-after": String(seconds) } },
  );
}
