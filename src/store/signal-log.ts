import { createHash, hash, randomUUID } from "node:crypto";
import type { Database } from "./open.ts";
import { put } from "./put.ts";
import type { Schema } from "./schema.ts";

/** Signals to be stored behind a link of the chain, null for the first; their ids go on from it without a gap. */
export type AppendedSignals = { tail: Schema["signal_batch"] | null; rows: Schema["signal"][] };
type Link = Omit<Schema["signal_batch"], "hash">;

/**
 * Appends signals, and one link over all of them to the chain: what a storm pays for the proof is one hash over its
 * bytes and one row a transaction.
 */
export async function appendSignals(db: Database, { tail, rows }: AppendedSignals): Promise<void> {
  if (rows.length === 0) return;
  await put(db, "signal", rows);
  await appendLink(db, tail, rows);
}

/** What is stored of a signal that says what another said: that one's id. */
export function repeatOf(id: number): string {
  return JSON.stringify({ as: id });
}

/** The id that such a body names; null for a signal of its own. */
export function repeatedBy(body: string): number | null {
  return body.startsWith('{"as":') ? (JSON.parse(body) as { as: number }).as : null;
}

async function appendLink(
  db: Database,
  tail: Schema["signal_batch"] | null,
  rows: Schema["signal"][],
): Promise<void> {
  const salt = randomUUID();
  const last = rows.at(-1)!;
  const link = {
    seq: (tail?.seq ?? 0) + 1,
    at: last.received_at,
    last_id: last.id,
    rows: rows.length,
    salt,
    digest: digestSignals(salt, rows),
  };
  await put(db, "signal_batch", [{ ...link, hash: linkHash(tail?.hash ?? "", link) }]);
}

export async function lastLink(db: Database): Promise<Schema["signal_batch"] | null> {
  const row = await db
    .selectFrom("signal_batch")
    .selectAll()
    .where("seq", "=", (e) => e.selectFrom("signal_batch").select((f) => f.fn.max("seq").as("seq")))
    .executeTakeFirst();
  return row ?? null;
}

/** Over the rows of one link, with their ids. */
export function digestSignals(salt: string, rows: Schema["signal"][]): string {
  const sum = createHash("sha256").update(salt);
  for (const row of rows)
    sum.update(
      `\n${JSON.stringify([row.id, row.received_at, row.source, row.fingerprint, row.delivery_id, row.outcome, row.incident, row.reason])}\n${row.body}`,
    );
  return sum.digest("hex");
}

/** The salt is left out: erasing something of a link's rows takes it away. */
export function linkHash(previous: string, { seq, at, last_id, rows, digest }: Omit<Link, "salt">): string {
  return hash("sha256", `${previous}\n${JSON.stringify([seq, at, last_id, rows, digest])}`);
}

/** The rows of a link, in order: those behind the link before it. */
export function signalsOf(db: Database, after: number, last: number): Promise<Schema["signal"][]> {
  return db
    .selectFrom("signal")
    .selectAll()
    .where("id", ">", after)
    .where("id", "<=", last)
    .orderBy("id")
    .execute();
}
