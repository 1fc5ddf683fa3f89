import { type Migration, Migrator } from "kysely/migration";
import * as incidents from "../../migrations/0001_incidents.ts";
import type { Database } from "./open.ts";

/** Forward only, in order; a test compares this list with the folder. */
export const MIGRATIONS: Record<string, Migration> = { "0001_incidents": incidents };

/** Brings the database to this version of the code; on one that is there already it does nothing. Returns what it ran. */
export async function migrate(db: Database): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw new Error("the database could not be migrated", { cause: error });
  return (results ?? []).map((r) => r.migrationName);
}
