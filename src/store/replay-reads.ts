import type { AlertSignal, Outcome } from "../core/signal/alert.ts";
import type { Database } from "./open.ts";
import { repeatedBy } from "./signal-log.ts";

/** A signal as it came, and the incident it went to then. Ids count up in the order in which signals came. */
export type LoggedSignal = {
  id: number;
  receivedAt: string;
  fingerprint: string;
  incident: string | null;
  signal: AlertSignal;
};

/** A message that an incident asked for: what becomes of the outbox where nothing is delivered. */
export type QueuedPost = { id: number; incident: string; kind: string; notBefore: string };

/** What was said by the signals that some rows repeat, by id. */
async function bodiesOf(db: Database, rows: { body: string }[]): Promise<Map<number, string>> {
  const ids = [...new Set(rows.flatMap(({ body }) => repeatedBy(body) ?? []))];
  if (ids.length === 0) return new Map();
  const found = await db.selectFrom("signal").select(["id", "body"]).where("id", "in", ids).execute();
  return new Map(found.map(({ id, body }) => [id, body]));
}

/** What a replay reads: the first two of the log of what came in, the others of the database that it fills. */
export function replayReadsOf(db: Database) {
  return {
    /** The id of the first signal received at or after an instant (ISO 8601 UTC), or the id that the next one will have. */
    async signalSince(instant: string): Promise<number> {
      const { last } = await db
        .selectFrom("signal")
        .select((e) => e.fn.max("id").as("last"))
        .executeTakeFirstOrThrow();
      let [from, to] = [1, (last ?? 0) + 1];
      // Times count up with the ids, so that halving finds it without an index on time.
      while (from < to) {
        const middle = Math.floor((from + to) / 2);
        const row = await db
          .selectFrom("signal")
          .select(["id", "received_at"])
          .where("id", ">=", middle)
          .orderBy("id")
          .limit(1)
          .executeTakeFirstOrThrow();
        if (row.received_at >= instant) to = middle;
        else from = row.id + 1;
      }
      return from;
    },
    /** Signals from an id on and before another, oldest first. */
    async signals(from: number, before: number, limit: number): Promise<LoggedSignal[]> {
      const rows = await db
        .selectFrom("signal")
        .select(["id", "received_at", "fingerprint", "incident", "body"])
        .where("id", ">=", from)
        .where("id", "<", before)
        .orderBy("id")
        .limit(limit)
        .execute();
      const repeated = await bodiesOf(db, rows);
      return rows.flatMap(({ received_at: receivedAt, body, ...row }) => {
        const id = repeatedBy(body);
        const said = id === null ? body : repeated.get(id);
        return said === undefined ? [] : [{ ...row, receivedAt, signal: JSON.parse(said) }];
      });
    },
    /** Where signals went as they came, from an id on. */
    async placed(from: number, limit: number) {
      const rows = await db
        .selectFrom("signal")
        .select(["id", "fingerprint", "incident", "outcome", "received_at as receivedAt"])
        .where("id", ">=", from)
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows;
    },
    /** What became of one signal, and why. */
    async verdict(id: number): Promise<{ outcome: Outcome; incident: string | null; reason: string }> {
      const row = await db
        .selectFrom("signal")
        .select(["outcome", "incident", "reason"])
        .where("id", "=", id)
        .executeTakeFirstOrThrow();
      return { ...row, outcome: row.outcome as Outcome };
    },
    /** The incidents that alerts are in now. */
    async holders(fingerprints: string[]): Promise<string[]> {
      const found = new Set<string>();
      for (let i = 0; i < fingerprints.length; i += 500) {
        const rows = await db
          .selectFrom("alert")
          .select("incident")
          .where("fingerprint", "in", fingerprints.slice(i, i + 500))
          .execute();
        for (const { incident } of rows) if (incident !== null) found.add(incident);
      }
      return [...found];
    },
    async fingerprintsIn(incident: string): Promise<string[]> {
      const rows = await db
        .selectFrom("incident_alert")
        .select("fingerprint")
        .where("incident", "=", incident)
        .execute();
      return rows.map(({ fingerprint }) => fingerprint);
    },
    /** Messages asked for after one, in their order. */
    async queuedAfter(id: number): Promise<QueuedPost[]> {
      const rows = await db
        .selectFrom("outbox")
        .select(["id", "incident", "kind", "not_before"])
        .where("id", ">", id)
        .orderBy("id")
        .execute();
      return rows.map(({ not_before: notBefore, ...row }) => ({ ...row, notBefore }));
    },
  };
}
export type ReplayReads = ReturnType<typeof replayReadsOf>;
