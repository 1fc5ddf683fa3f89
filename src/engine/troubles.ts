import type { Job } from "./commit.ts";
import type { Writer } from "./writer.ts";

/** Something about the bot itself that people should know. `name` stays the same while it lasts. */
export type Trouble = { name: string; words: string };

/** A row of the outbox that is not delivered yet. */
export type Waiting = { id: number; sent: number; attempts: number; notBefore: string };

/** A writer that is asked for longer than this is in trouble: a commit takes milliseconds. */
const WRITER_LAG_MS = 10_000;
/** So many requests of one source in a row that were refused are no slip of somebody's. */
const REFUSED_IN_A_ROW = 10;
/** A source of which nothing more was heard for this long is not failing now, but silent. */
const REFUSED_WITHIN_MS = 15 * 60_000;

/** How long messages have been waiting, as far as this process has seen. Times are milliseconds. */
export function createBacklog(now: () => number) {
  let since = new Map<string, number>();
  return {
    /** Looks at what waits now; returns for how long the oldest of it has. */
    look(rows: Waiting[]): number {
      const seen = new Map<string, number>();
      for (const { id, sent, attempts, notBefore } of rows) {
        // Each version that is not shown yet waits for itself; what gathers before its first message is not late.
        const key = `${id}:${sent}`;
        const from = attempts === 0 && notBefore ? Math.max(now(), Date.parse(notBefore)) : now();
        seen.set(key, since.get(key) ?? from);
      }
      since = seen;
      return Math.max(0, ...[...seen.values()].map((at) => now() - at));
    },
  };
}

/** A writer of which it is known how long the oldest job under way has taken, and whether the database refuses writes. */
export function watched(writer: Writer, now: () => number) {
  const running = new Set<{ since: number }>();
  let refusedSince: number | null = null;
  return {
    writer: {
      async submit(job: Job) {
        const mine = { since: now() };
        running.add(mine);
        try {
          const result = await writer.submit(job);
          if (result.ok || result.refusal.code !== "unavailable") refusedSince = null;
          else refusedSince ??= now();
          return result;
        } finally {
          running.delete(mine);
        }
      },
      close: () => writer.close(),
    },
    lagMs(): number {
      const oldest = running.values().next();
      return oldest.done ? 0 : now() - oldest.value.since;
    },
    troubles(): Trouble[] {
      const lag = this.lagMs();
      const troubles: Trouble[] = [];
      if (lag > WRITER_LAG_MS)
        troubles.push({ name: "writer", words: `the database has not answered for ${spoken(lag)}` });
      if (refusedSince !== null)
        troubles.push({
          name: "database",
          words: "the database takes no writes, so alerts are refused (503). Is its disk full?",
        });
      return troubles;
    },
  };
}

/** Which sources are refused again and again: a wrong secret, or bodies that cannot be read. */
export function createSourceWatch(now: () => number) {
  const rows = new Map<string, { count: number; last: number; status: number }>();
  return {
    answered(source: string, status: number): void {
      if (status < 400) rows.delete(source);
      // What was refused because of us says nothing of the sender.
      else if (status < 500 && status !== 429)
        rows.set(source, { count: (rows.get(source)?.count ?? 0) + 1, last: now(), status });
    },
    troubles(): Trouble[] {
      return [...rows]
        .filter(([, row]) => row.count >= REFUSED_IN_A_ROW && now() - row.last < REFUSED_WITHIN_MS)
        .map(([source, { count, status }]) => ({
          name: `source ${source}`,
          words: `${count} requests of the source ${source} in a row were refused (${reasonOf(status)})`,
        }));
    },
  };
}

function reasonOf(status: number): string {
  if (status === 401) return "401: the secret is missing or wrong";
  if (status === 413) return "413: too large";
  return `${status}: they could not be read`;
}

/** `40 s`, `12 min`, `3 h`. */
export function spoken(ms: number): string {
  if (ms < 90_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 90 * 60_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
