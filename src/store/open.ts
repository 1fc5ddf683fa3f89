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
  // Having read, a transaction can no longer wait for another's lock and fails at once; so it takes it to begin with.
  return kyselyOver(openFile(database.path, false), (text) => (text === "begin" ? "begin immediate" : text));
}

/** Statements kept ready. Most queries are few and come again and again; the widest inserts are made anew each time. */
const MAX_PREPARED = 300;
const MAX_PREPARED_CHARS = 20_000;

/** Kysely prepares each query afresh, which costs more than most of them; so what is short and comes again is kept. */
function kyselyOver(file: SQLite.Database, rewrite: (text: string) => string): Database {
  const prepared = new Map<string, SQLite.Statement>();
  function prepare(text: string): SQLite.Statement {
    const known = prepared.get(text);
    if (known) return known;
    const statement = file.prepare(rewrite(text));
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    if (text.length <= MAX_PREPARED_CHARS) prepared.set(text, statement);
    return statement;
  }
  return new Kysely<Schema>({
    dialect: new SqliteDialect({ database: { prepare, close: () => file.close() } }),
  });
}

/** Connections that only read; of a file that the writer has opened and migrated before. */
export function openForReading(database: Config["database"]): Database {
  if (database.type === "postgres") return openPostgres(database.url, 4);
  return kyselyOver(openFile(database.path, true), (text) => text);
}
