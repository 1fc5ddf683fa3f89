import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import SQLite from "better-sqlite3";
import { Kysely, PostgresAdapter, PostgresDialect, SqliteDialect } from "kysely";
import pg from "pg";
import type { Config } from "../config.ts";
import type { Schema } from "./schema.ts";

export type Database = Kysely<Schema>;

export function isPostgres(db: Database): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

/**
 * Opens a connection to the file. A WAL database is reopened at `synchronous=NORMAL`, which would lose what a 2xx
 * promised on a power cut; so every connection sets FULL and checks that it took.
 */
function openFile(path: string, readonly: boolean): SQLite.Database {
  if (!readonly) mkdirSync(dirname(path), { recursive: true });
  const file = new SQLite(path, { readonly });
  if (!readonly) file.pragma("journal_mode = WAL");
  file.pragma("synchronous = FULL");
  file.pragma("busy_timeout = 5000");
  if (file.pragma("synchronous", { simple: true }) !== 2) {
    throw new Error(`${path}: synchronous is not FULL, so a confirmed alert would not survive a power cut`);
  }
  return file;
}

function openPostgres(url: string, connections: number): Database {
  // Counts and ids fit a JavaScript number; pg hands bigint over as text otherwise.
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({ connectionString: url, max: connections, connectionTimeoutMillis: 10_000 });
  // An idle connection that dies is replaced at the next use; without a listener it would end the process.
  pool.on("error", () => {});
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}

/** The one connection that writes. */
export function openForWriting(database: Config["database"]): Database {
  if (database.type === "postgres") return openPostgres(database.url, 1);
  const file = openFile(database.path, false);
  return new Kysely<Schema>({
    dialect: new SqliteDialect({
      database: {
        // Having read, a transaction can no longer wait for another's lock and fails at once; so it takes it to begin with.
        prepare: (text) => file.prepare(text === "begin" ? "begin immediate" : text),
        close: () => file.close(),
      },
    }),
  });
}

/** Connections that only read; of a file that the writer has opened and migrated before. */
export function openForReading(database: Config["database"]): Database {
  if (database.type === "postgres") return openPostgres(database.url, 4);
  return new Kysely<Schema>({ dialect: new SqliteDialect({ database: openFile(database.path, true) }) });
}
