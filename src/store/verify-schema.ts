import { sql } from "kysely";
import { migrate, refuseOtherVersion } from "./migrate.ts";
import { type Database, isPostgres, openInMemory } from "./open.ts";
import type { Fault } from "./verify.ts";

/** The logs that nothing may change. */
const LOGS = ["event", "signal", "signal_batch", "audit"];

/** Whether what guards the logs is in its place: the schema is what the migrations make it, triggers and all. */
export async function schemaFaults(db: Database): Promise<Fault[]> {
  await refuseOtherVersion(db);
  return isPostgres(db) ? triggersOf(db) : differences(db);
}

type Part = { name: string; sql: string };

async function partsOf(db: Database): Promise<Map<string, string>> {
  const { rows } = await sql<Part>`select type || ' ' || name as name, sql from sqlite_schema
    where sql is not null and name not like 'sqlite_%'`.execute(db);
  return new Map(rows.map((row) => [row.name, row.sql]));
}

async function differences(db: Database): Promise<Fault[]> {
  const fresh = openInMemory();
  try {
    await migrate(fresh);
    const [expected, found] = [await partsOf(fresh), await partsOf(db)];
    const wrong = [...expected].flatMap(([name, text]) =>
      found.get(name) === text
        ? []
        : [{ place: `schema, ${name}`, what: found.has(name) ? "it was changed" : "it is gone" }],
    );
    const foreign = [...found.keys()].filter((name) => name.startsWith("trigger ") && !expected.has(name));
    return [...wrong, ...foreign.map((name) => ({ place: `schema, ${name}`, what: "it is not ours" }))];
  } finally {
    await fresh.destroy();
  }
}

async function triggersOf(db: Database): Promise<Fault[]> {
  const { rows } = await sql<{ name: string }>`select tgname as name from pg_trigger
    where not tgisinternal and tgenabled in ('O', 'A')`.execute(db);
  const found = new Set(rows.map(({ name }) => name));
  return LOGS.flatMap((log) => [`${log}_append_only`, `${log}_no_truncate`])
    .filter((name) => !found.has(name))
    .map((name) => ({ place: `schema, trigger ${name}`, what: "it is gone or switched off" }));
}
