import { hash, randomUUID } from "node:crypto";
import { sql } from "kysely";
import { canonicalJson } from "../core/incident/log.ts";
import { type Database, isPostgres } from "./open.ts";
import type { Schema } from "./schema.ts";

/** What people and the bot do to Breakwater itself, rather than to an incident. */
export const ACTS = [
  "started",
  "config_changed",
  "migrated",
  "backed_up",
  "restored",
  "retention",
  "erased",
  "delivery_retried",
] as const;

/**
 * `by` is who: `bot`, `cli:<login>`, or a Slack user id; it can be erased. `details` cannot, so no name and no secret
 * stands there. `at` (ISO 8601 UTC) is now unless given.
 */
export type Act = {
  act: (typeof ACTS)[number];
  by: string;
  details: Record<string, unknown>;
  at?: string;
};

export type RecordedAct = {
  seq: number;
  at: string;
  act: string;
  by: string;
  details: Record<string, unknown>;
  hash: string;
};

/** Puts an act into the audit log. Within a transaction it becomes durable with it, else by itself. */
export async function recordAct(db: Database, act: Act): Promise<RecordedAct> {
  return db.isTransaction ? appendAct(db, act) : db.transaction().execute((trx) => appendAct(trx, act));
}

/** The same, for callers whose transaction Kysely does not know of. */
export async function appendAct(db: Database, { act, by, details, at }: Act): Promise<RecordedAct> {
  // Two at once would continue the same link, and one of them fail.
  if (isPostgres(db)) await sql`lock table audit in share row exclusive mode`.execute(db);
  const tail = await db
    .selectFrom("audit")
    .select(["seq", "hash"])
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  const salt = randomUUID();
  const row = {
    seq: (tail?.seq ?? 0) + 1,
    at: at ?? new Date().toISOString(),
    act,
    by,
    details: canonicalJson(details),
    salt,
    digest: digestOf(salt, by),
  };
  const link = linkOf(tail?.hash ?? "", row);
  await db
    .insertInto("audit")
    .values({ ...row, hash: link })
    .execute();
  return { seq: row.seq, at: row.at, act, by, details, hash: link };
}

/** The acts, oldest first. */
export async function acts(db: Database): Promise<RecordedAct[]> {
  const rows = await db.selectFrom("audit").selectAll().orderBy("seq").execute();
  return rows.map(({ seq, at, act, by, details, hash }) => ({
    ...{ seq, at, act, by, hash },
    details: JSON.parse(details),
  }));
}

/** The last act of a kind, or null. */
export async function lastAct(db: Database, act: Act["act"]): Promise<RecordedAct | null> {
  const row = await db
    .selectFrom("audit")
    .selectAll()
    .where("act", "=", act)
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ? { ...row, details: JSON.parse(row.details) } : null;
}

/** What is wrong with the chain, in words; null where it is whole. Whose name was erased has no salt any more. */
export function auditFaults(rows: Schema["audit"][]): string[] {
  let previous = "";
  return rows.flatMap((row, index) => {
    const follows = row.seq === index + 1 && linkOf(previous, row) === row.hash;
    const named = row.salt === null || digestOf(row.salt, row.by) === row.digest;
    previous = row.hash;
    return follows && named ? [] : [`act ${row.seq} (${row.act}) is not as it was recorded`];
  });
}

function digestOf(salt: string, by: string): string {
  return hash("sha256", `${salt}\n${by}`);
}

function linkOf(
  previous: string,
  { seq, at, act, details, digest }: Pick<Schema["audit"], "seq" | "at" | "act" | "details" | "digest">,
) {
  return hash("sha256", `${previous}\n${canonicalJson({ seq, at, act, details, digest })}`);
}
