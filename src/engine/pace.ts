/**
 * Slack's pace, kept by us so that its client never has to wait: token buckets per key. Times are milliseconds of the
 * clock that is passed in.
 */
export type Rate = { burst: number; perSecond: number };

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

  /** Slack said 429: nothing of this key until then. */
  block(key: string, rate: Rate, now: number, forMs: number): void {
    const bucket = this.refill(key, rate, now);
    bucket.blockedUntil = Math.max(bucket.blockedUntil, now + forMs);
  }

  private refill(key: string, rate: Rate, now: number): Bucket {
    let bucket = this.buckets.get(key);
    if (!bucket) {
      bucket = { tokens: rate.burst, at: now, blockedUntil: 0 };
      this.buckets.set(key, bucket);
    }
    bucket.tokens = Math.min(rate.burst, bucket.tokens + ((now - bucket.at) / 1000) * rate.perSecond);
    bucket.at = now;
    return bucket;
  }
}
