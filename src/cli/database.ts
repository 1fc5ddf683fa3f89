import { existsSync } from "node:fs";
import type { Config } from "../config.ts";
import { Refusal } from "../core/refusal.ts";
import { openingFault } from "../store/fault.ts";
import { refuseOtherVersion } from "../store/migrate.ts";
import type { Database } from "../store/open.ts";

/**
 * Does work on the database there is, and closes it. Refuses where there is none, where it cannot be read, and what `check`
 * refuses: unless said otherwise, what is not ours or not of this version.
 */
export async function withDatabase<T>(
  { database }: Config,
  open: (database: Config["database"]) => Database | Promise<Database>,
  work: (db: Database) => Promise<T>,
  check: (db: Database) => Promise<unknown> = refuseOtherVersion,
): Promise<T> {
  const path = database.type === "sqlite" ? database.path : null;
  if (path !== null && !existsSync(path))
    throw new Refusal(
      "not_found",
      `There is no database at ${path} yet. \`npm start\` creates it, or set DATABASE_URL.`,
    );
  try {
    const db = await open(database);
    try {
      await check(db);
      return await work(db);
    } finally {
      await db.destroy();
    }
  } catch (error) {
    throw openingFault(error, path);
  }
}
