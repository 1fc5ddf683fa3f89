import { statSync } from "node:fs";
import type { Config } from "../config.ts";

/** What is wrong where `stillThere` says no, and what to do; it follows the name of what it is about. */
export const MOVED =
  "its file was removed or replaced while the bot runs. Stop the bot, go back to a backup with `db restore`, or leave the file as it is to begin with that, and start the bot again";

/**
 * Looks at the database file that has just been opened, and returns what says whether it still stands at its path. One that
 * does not goes on taking writes, and nobody finds them again. A look is a few microseconds. Postgres has no file of ours.
 */
export function stillThere(database: Config["database"]): () => boolean {
  if (database.type === "postgres") return () => true;
  const { path } = database;
  const opened = identityOf(path);
  return () => identityOf(path) === opened;
}

/** Null where nothing is, or nothing that may be looked at. */
function identityOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path);
    return `${dev} ${ino}`;
  } catch {
    return null;
  }
}
