import { sql } from "kysely";
import { Refusal } from "../core/refusal.ts";
import { type Database, isPostgres } from "./open.ts";

/** Where Kysely keeps which migrations there were. */
const MIGRATED = "kysely_migration";

/** With it logs got the hashes that they have now; what is older cannot be proved, and is never brought up to date. */
const PROOFS = "0004_proofs";

/** The tables where ours are or would be, but for Litestream's in a file and those of Postgres's extensions. */
async function tablesOf(db: Database): Promise<string[]> {
  const tables = isPostgres(db)
    ? sql<{ name: string }>`select relname as name from pg_class join pg_namespace n on n.oid = relnamespace
        where nspname = current_schema() and relkind in ('r', 'p')
        and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')`
    : sql<{ name: string }>`select name from sqlite_schema
        where type = 'table' and name not like 'sqlite\\_%' escape '\\' and name not like '\\_litestream%' escape '\\'`;
  return (await tables.execute(db)).rows.map(({ name }) => name);
}

/**
 * The migrations that a database has had, oldest first; null for one that is empty. Refuses one of somebody else's, and one
 * of the first days.
 */
export async function migrationsOf(db: Database): Promise<string[] | null> {
  const tables = await tablesOf(db);
  if (tables.length === 0) return null;
  if (!tables.includes(MIGRATED))
    throw new Refusal(
      "invalid",
      "This is not a database of Breakwater: it has tables of something else. DATABASE_URL says which it is; give Breakwater one of its own.",
    );
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(MIGRATED)} order by name`.execute(
    db,
  );
  const had = rows.map(({ name }) => name);
  if (had.length > 0 && !had.includes(PROOFS))
    throw new Refusal(
      "invalid",
      "The database was made before 23 November 2026, when logs were hashed in another way, and cannot be brought to this version. `export` of the version that made it still reads it. Set DATABASE_URL to a new one.",
    );
  return had;
}

/** Refuses a database that knows more than this version does. */
export function refuseNewer(has: string[], known: string[]): void {
  if (has.some((name) => !known.includes(name)))
    throw new Refusal(
      "invalid",
      "The database belongs to a newer version of Breakwater. Use that one, or a newer.",
    );
}
