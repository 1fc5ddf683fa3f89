import { sql } from "kysely";
import { type Migration, type MigrationResultSet, Migrator } from "kysely/migration";
import * as incidents from "../../migrations/0001_incidents.ts";
import * as changes from "../../migrations/0002_changes.ts";
import * as lineage from "../../migrations/0003_lineage.ts";
import { type Database, isPostgres } from "./open.ts";

/** Forward only, in order; a test compares this list with the folder. */
export const MIGRATIONS: Record<string, Migration> = {
  "0001_incidents": incidents,
  "0002_changes": changes,
  "0003_lineage": lineage,
};

/** Brings the database to this version of the code; on one that is there already it does nothing. Returns what it ran. */
export async function migrate(db: Database): Promise<string[]> {
  const { error, results } = isPostgres(db) ? await toLatest(db) : await inOneTransaction(db, toLatest);
  if (error) throw new Error("the database could not be migrated", { cause: error });
  return (results ?? []).map((r) => r.migrationName);
}

function toLatest(db: Database): Promise<MigrationResultSet> {
  return new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } }).migrateToLatest();
}

/**
 * Kysely takes Postgres through a lock and a transaction, and SQLite through neither: a process killed half-way would
 * leave half a schema that no later start could mend, and two starting at once would collide.
 */
async function inOneTransaction(
  db: Database,
  work: (db: Database) => Promise<MigrationResultSet>,
): Promise<MigrationResultSet> {
  return db.connection().execute(async (connection) => {
    await sql`begin immediate`.execute(connection);
    let result: MigrationResultSet | null = null;
    try {
      result = await work(connection);
      return result;
    } finally {
      await (result && !result.error ? sql`commit` : sql`rollback`).execute(connection);
    }
  });
}
