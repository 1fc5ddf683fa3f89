import { hash } from "node:crypto";
import { sql } from "kysely";
import type { Database } from "./open.ts";
import { KEYS, pages, type WalkedTable } from "./pages.ts";
import type { Schema } from "./schema.ts";

/**
 * The columns of working tables that only we write, in the order in which they are sealed. A row whose seal does not
 * fit was changed by somebody else. What is left out of `outbox` is bookkeeping of delivery, which changes by itself.
 */
export const SEALED = {
  alert: [
    "fingerprint",
    "source",
    "dedup_key",
    "status",
    "incident",
    "starts_at",
    "observed_at",
    "first_seen_at",
    "last_seen_at",
    "count",
    "said",
    "signal_id",
    "repeats",
  ],
  incident_alert: ["incident", "fingerprint", "status", "last_seen_at", "body"],
  outbox: ["key", "incident", "kind", "payload", "wanted"],
  change: ["id", "source", "at", "body"],
  lineage: ["provider", "key", "version", "hash", "received_at", "body"],
  lineage_version: ["provider", "key", "version", "hash", "received_at", "assets", "edges"],
  processed: ["key", "result", "at"],
  runbook_version: ["hash", "slug", "text"],
  silence: ["id", "open", "body"],
  held_alert: ["fingerprint", "holder", "incident", "body", "signal"],
} as const satisfies { [T in keyof Schema]?: readonly (keyof Schema[T])[] };
export type SealedTable = keyof typeof SEALED;

/**
 * What a row of a working table is sealed with: 132 bits of a SHA-256. Nulls at the end are left out, so that a row
 * sealed before a column was added is sealed still.
 */
export function sealOf(table: SealedTable, row: object): string {
  let text: string = table;
  let nulls = "";
  for (const column of SEALED[table]) {
    const value = (row as Record<string, unknown>)[column] ?? null;
    if (value === null) {
      nulls += "\n-";
      continue;
    }
    // The length says where a value ends, which costs less than quoting it.
    text += `${nulls}\n${String(value).length} ${value}`;
    nulls = "";
  }
  return hash("sha256", text, "base64url").slice(0, 22);
}

export function sealed<T extends object>(table: SealedTable, row: T): T & { seal: string } {
  return { ...row, seal: sealOf(table, row) };
}

/** A lineage statement may have tens of megabytes. */
const PAGE = 20;

/** All rows of the sealed tables, with their table. */
export async function* sealedRows(
  db: Database,
): AsyncGenerator<{ table: SealedTable; rows: Record<string, unknown>[] }> {
  for (const table of Object.keys(SEALED) as SealedTable[])
    for await (const rows of pages(db, table, table === "lineage" ? PAGE : undefined)) yield { table, rows };
}

/** Sets columns of one row, found by its key. */
export async function updateRow(
  db: Database,
  table: WalkedTable,
  row: object,
  set: Record<string, unknown>,
): Promise<void> {
  const columns = (values: [string, unknown][], joint: string) =>
    sql.join(
      values.map(([column, value]) => sql`${sql.ref(column)} = ${value}`),
      sql.raw(joint),
    );
  const key = KEYS[table].map((column): [string, unknown] => [
    column,
    (row as Record<string, unknown>)[column],
  ]);
  await sql`update ${sql.table(table)} set ${columns(Object.entries(set), ", ")} where ${columns(key, " and ")}`.execute(
    db,
  );
}
