import { type Expression, type SqlBool, sql } from "kysely";
import { type Database, isPostgres, statementsOf } from "./open.ts";
import type { Schema } from "./schema.ts";

type Rule<Column extends string> = {
  /** By what a row is known. */
  key: readonly Column[];
  /** What of a known row becomes as it is in the one that comes; where nothing does, the known one stays. */
  renewed: readonly Column[];
  /** An assignment that needs more than the row that comes. */
  also?: string;
  /** A column whose value is looked up by that of another. */
  lookedUp?: { column: Column; select: string; by: Column };
  /** What of it an index has: SQLite writes an index anew for any column that is set, also to what it was. */
  indexed?: { columns: readonly Column[]; where?: string };
};

/** What becomes of a row that is there already. Into the logs, which are not named here, nothing comes twice. */
const RULES: { [T in keyof Schema]?: Rule<keyof Schema[T] & string> } = {
  incident: {
    key: ["key"],
    renewed: [
      "phase",
      "open",
      "severity",
      "channel",
      "thread_ts",
      "detected_at",
      "resolved_at",
      "version",
      "state",
    ],
    indexed: { columns: ["phase", "open", "channel", "thread_ts", "detected_at"] },
  },
  incident_group: { key: ["grouping_key", "incident"], renewed: ["open"] },
  incident_asset: { key: ["incident", "asset"], renewed: ["recovery", "state"] },
  incident_entry: { key: ["incident", "seq"], renewed: ["body"] },
  incident_term: { key: ["term", "detected_at", "incident"], renewed: [] },
  alert: {
    key: ["fingerprint"],
    renewed: [
      "status",
      "incident",
      "starts_at",
      "observed_at",
      "last_seen_at",
      "count",
      "said",
      "signal_id",
      "repeats",
      "seal",
    ],
  },
  incident_alert: {
    key: ["alert", "incident"],
    renewed: ["status", "last_seen_at", "body", "seal"],
    lookedUp: { column: "alert", select: "select no from alert where fingerprint =", by: "fingerprint" },
  },
  outbox: {
    key: ["key"],
    renewed: ["wanted", "payload", "seal"],
    // One that is wanted again is pending again, unless a post of it is under way: that settles it.
    also: "state = case when outbox.state = 'sending' then 'sending' else 'pending' end",
    indexed: { columns: ["state"], where: "state <> 'sending'" },
  },
  change: { key: ["id"], renewed: ["at", "body", "seal"] },
  silence: { key: ["id"], renewed: ["open", "body", "seal"] },
  held_alert: { key: ["fingerprint"], renewed: ["holder", "incident", "body", "signal", "seal"] },
  lineage: { key: ["provider", "key"], renewed: ["version", "hash", "received_at", "body", "seal"] },
  lineage_version: { key: ["provider", "key", "version"], renewed: [] },
  runbook_version: { key: ["hash"], renewed: [] },
};

/** Rows a statement of Postgres writes; it takes 65,535 parameters. */
const CHUNK = 500;

/** A row as it is written; what the database counts or looks up by itself is left out. */
export type NewRow<T extends keyof Schema> = T extends "outbox"
  ? Omit<Schema[T], "id">
  : T extends "alert"
    ? Omit<Schema[T], "no">
    : T extends "incident_alert"
      ? Omit<Schema[T], "alert">
      : Schema[T];

/** How the rows of a table are written. */
type Written = {
  rule: Rule<string> | undefined;
  /** What is taken of a row, in the order of the places. */
  given: string[];
  /** Up to the values. */
  into: string;
  /** What becomes of a row that is there already. */
  known: string;
  /** The whole statement for one row of a file, and the one for what its indexes have. */
  one: string;
  renew: string | null;
};

/** It comes with every transaction, so it is put together once. All rows of a table have all of its columns. */
const written = new Map<keyof Schema, Written>();

function writtenAs(table: keyof Schema, row: object): Written {
  const before = written.get(table);
  if (before) return before;
  const rule: Rule<string> | undefined = RULES[table];
  const columns = Object.keys(row);
  const lookedUp = rule?.lookedUp;
  const named = lookedUp ? [...columns, lookedUp.column] : columns;
  const into = `insert into "${table}" (${named.map((column) => `"${column}"`).join(", ")}) values `;
  const places = [...columns.map(() => "?"), ...(lookedUp ? [`(${lookedUp.select} ?)`] : [])];
  const now: Written = {
    rule,
    given: lookedUp ? [...columns, lookedUp.by] : columns,
    into,
    known: onConflict(rule),
    one: `${into}(${places.join(", ")})${onConflict(rule && withoutIndexed(rule))}`,
    renew: rule?.indexed ? renewIndexed(table, rule.key, rule.indexed) : null,
  };
  written.set(table, now);
  return now;
}

/**
 * Writes rows, in this order. Into a file they go one by one through a statement that is kept: it costs less than the
 * text of a wide one, and nothing is awaited. Postgres is a network away, and gets many at a time.
 */
export async function put<T extends keyof Schema>(
  db: Database,
  table: T,
  rows: readonly NewRow<T>[],
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const { rule, given, into, known, one, renew } = writtenAs(table, first);
  const valuesOf = (row: NewRow<T>) => given.map((column) => (row as Record<string, unknown>)[column]);
  const prepare = statementsOf(db);
  if (prepare) {
    const statement = prepare(one);
    for (const row of rows) statement.run(valuesOf(row));
    if (renew === null) return;
    const { key, indexed } = rule!;
    const again = prepare(renew);
    for (const row of rows as readonly Record<string, unknown>[]) {
      const values = indexed!.columns.map((column) => row[column]);
      again.run([...values, ...key.map((column) => row[column]), ...values]);
    }
    return;
  }
  for (let i = 0; i < rows.length; i += CHUNK) {
    const values = rows.slice(i, i + CHUNK).map((row) => {
      const places = valuesOf(row).map((value) => sql`${value}`);
      if (rule?.lookedUp) places.push(sql`(${sql.raw(rule.lookedUp.select)} ${places.pop()})`);
      return sql`(${sql.join(places)})`;
    });
    await sql`${sql.raw(into)}${sql.join(values)}${sql.raw(known)}`.execute(db);
  }
}

function onConflict(rule: Rule<string> | undefined): string {
  if (!rule) return "";
  const set = rule.renewed.map((column) => `"${column}" = excluded."${column}"`);
  if (rule.also) set.push(rule.also);
  const then = set.length > 0 ? `update set ${set.join(", ")}` : "nothing";
  return ` on conflict (${rule.key.map((column) => `"${column}"`).join(", ")}) do ${then}`;
}

/** What an index has is left to a statement of its own, which writes only where it changes. */
function withoutIndexed({ also, indexed, ...rule }: Rule<string>): Rule<string> {
  if (!indexed) return also ? { ...rule, also } : rule;
  return { ...rule, renewed: rule.renewed.filter((column) => !indexed.columns.includes(column)) };
}

function renewIndexed(
  table: string,
  key: readonly string[],
  { columns, where }: NonNullable<Rule<string>["indexed"]>,
): string {
  const set = columns.map((column) => `"${column}" = ?`).join(", ");
  const known = key.map((column) => `"${column}" = ?`).join(" and ");
  const list = columns.map((column) => `"${column}"`).join(", ");
  const changed = `(${list}) is not (${columns.map(() => "?").join(", ")})`;
  return `update "${table}" set ${set} where ${known} and ${changed}${where ? ` and ${where}` : ""}`;
}

/**
 * Rows whose columns have values that stand at one place of `known`: `{ incident: [a, b], fingerprint: [c, d] }` means
 * a with c, and b with d. The statement is the same for any number of them, so it is prepared once.
 */
export function isAmong(db: Database, known: Record<string, string[]>): Expression<SqlBool> {
  const columns = sql.join(Object.keys(known).map((column) => sql.ref(column)));
  return sql`(${columns}) in ${listOf(db, known)}`;
}

/** The same values as a table, for others to be joined to. */
export function listOf<Column extends string>(db: Database, known: Record<Column, string[]>) {
  const columns = Object.keys(known) as Column[];
  const values = columns.map((column) => known[column]);
  if (isPostgres(db)) {
    const names = sql.join(columns.map((column) => sql.ref(column)));
    const arrays = values.map((each) => sql`${each}::text[]`);
    return sql<
      Record<Column, string>
    >`(select ${names} from unnest(${sql.join(arrays)}) as listed(${names}))`;
  }
  // As they are stored: JSON would keep half a character apart from what it is replaced with there.
  const rows = values[0]!.map((_, row) => values.map((each) => each[row]!.toWellFormed()));
  const fields = columns.map((column, field) => sql`value ->> ${sql.lit(field)} as ${sql.ref(column)}`);
  return sql<Record<Column, string>>`(select ${sql.join(fields)} from json_each(${JSON.stringify(rows)}))`;
}
