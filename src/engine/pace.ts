/**
 * Slack's pace, kept by us so that its client never has to wait: token buckets per key. Times are milliseconds of the
 * clock that is passed in.
 */
export type Rate = { burst: number; perSecond: number };

/** Keys of messages come and go for as long as the process runs; beyond this the idle ones are forgotten. */
const MAX_BUCKETS = 10_000;

/**
 * A clock that goes on at its own pace where the given one is set back, so that nothing waits for the time to come
 * round again. Set forward, it follows: what was waited for is then done early, and once.
 */
export function neverBack(now: () => number): () => number {
  let last = now();
  let behind = 0;
  return () => {
    const read = now();
    if (read + behind < last) behind = last - read;
    last = read + behind;
    return last;
  };
}

type Bucket = { tokens: number; at: number; blockedUntil: number };

export class Pace {
  private readonly buckets = new Map<string, Bucket>();

  /** Milliseconds until one more call of this key is allowed; 0 means now. Takes nothing. */
  waitMs(key: string, rate: Rate, now: number): number {
    const bucket = this.refill(key, rate, now);
    const forToken = bucket.tokens >= 1 ? 0 : ((1 - bucket.tokens) / rate.perSecond) * 1000;
    return Math.ceil(Math.max(forToken, bucket.blockedUntil - now, 0));
  }

  take(key: string, rate: Rate, now: number): void {
    this.refill(key, rate, now).tokens -= 1;
  }

  /** What was taken has not been used. */
  giveBack(key: string, rate: Rate, now: number): void {
    const bucket = this.refill(key, rate, now);
    bucket.tokens = Math.min(rate.burst, bucket.tokens + 1);
  }

  /** Slack said 429: nothing of this key until then. */
  block(key: string, rate: Rate, now: number, forMs: number): void {
    const bucket = this.refill(key, rate, now);
    bucket.blockedUntil = Math.max(bucket.blockedUntil, now + forMs);
  }

  private refill(key: string, rate: Rate, now: number): Bucket {
    let bucket = this.buckets.get(key);
    if (!bucket) {
      if (this.buckets.size >= MAX_BUCKETS) this.forgetIdle(now);
      bucket = { tokens: rate.burst, at: now, blockedUntil: 0 };
      this.buckets.set(key, bucket);
    }
    bucket.tokens = Math.min(rate.burst, bucket.tokens + ((now - bucket.at) / 1000) * rate.perSecond);
    bucket.at = now;
    return bucket;
  }

  /** Of one that was not asked about for a minute, nothing is left to know: no rate here takes longer to refill. */
  private forgetIdle(now: number): void {
    for (const [key, bucket] of this.buckets)
      if (now - bucket.at > 60_000 && bucket.blockedUntil <= now) this.buckets.delete(key);
  }
}
