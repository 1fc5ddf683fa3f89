import { sql } from "kysely";
import type { Database } from "./open.ts";
import type { Schema } from "./schema.ts";

const PAGE = 500;

/** The key by which a table is walked from its beginning to its end. */
export const KEYS = {
  counter: ["name"],
  event: ["incident", "seq"],
  signal: ["id"],
  signal_batch: ["seq"],
  audit: ["seq"],
  silence: ["id"],
  held_alert: ["fingerprint"],
  alert: ["fingerprint"],
  incident_term: ["term", "detected_at", "incident"],
  incident_alert: ["alert", "incident"],
  outbox: ["id"],
  change: ["id"],
  lineage: ["provider", "key"],
  lineage_version: ["provider", "key", "version"],
  processed: ["key"],
  runbook_version: ["hash"],
} as const satisfies { [T in keyof Schema]?: readonly (keyof Schema[T])[] };
export type WalkedTable = keyof typeof KEYS;

/** All rows of a table, some hundred at a time, so that a table of any size is walked in little memory. */
export async function* pages<T extends WalkedTable>(
  db: Database,
  table: T,
  size = PAGE,
): AsyncGenerator<Schema[T][]> {
  const keys: readonly string[] = KEYS[table];
  const columns = sql.join(keys.map((key) => sql.ref(key)));
  let after: unknown[] | null = null;
  for (;;) {
    const from: ReturnType<typeof sql> = after ? sql`where (${columns}) > (${sql.join(after)})` : sql``;
    const { rows } = await sql<
      Schema[T]
    >`select * from ${sql.table(table)} ${from} order by ${columns} limit ${size}`.execute(db);
    if (rows.length > 0) yield rows;
    if (rows.length < size) return;
    const last = rows.at(-1)!;
    after = keys.map((key) => (last as Record<string, unknown>)[key]);
  }
}
