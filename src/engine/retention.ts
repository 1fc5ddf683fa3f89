/** How long what is not an incident is kept, in milliseconds; null for ever. Incidents and their logs are always kept. */
export type Retention = {
  signals: number | null;
  changes: number | null;
  deliveries: number | null;
  answers: number | null;
  lineage: number | null;
};

/** Before when each is taken away (ISO 8601 UTC); null where it never is. */
export type Cutoffs = { [Kind in keyof Retention]: string | null };

const DAY_MS = 86_400_000;

/** Whole days, so that the audit log has one line a day and not one a minute. */
export function cutoffs(retention: Retention, now: string): Cutoffs {
  const today = Math.floor(Date.parse(now) / DAY_MS) * DAY_MS;
  const before = (kept: number | null) => (kept === null ? null : new Date(today - kept).toISOString());
  return {
    signals: before(retention.signals),
    changes: before(retention.changes),
    deliveries: before(retention.deliveries),
    answers: before(retention.answers),
    lineage: before(retention.lineage),
  };
}
