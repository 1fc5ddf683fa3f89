import { setTimeout as sleep } from "node:timers/promises";
import SQLite from "better-sqlite3";
import { Kysely, PostgresAdapter, PostgresDialect, SqliteAdapter, SqliteDialect, sql } from "kysely";
import type { Pool } from "pg";
import type { Config } from "../config.ts";
import { Refusal } from "../core/refusal.ts";
import { StoreFault } from "../engine/ledger.ts";
import { openingFault } from "./fault.ts";
import { makeFolderFor } from "./folder.ts";
import { MOVED, stillThere } from "./place.ts";
import type { Schema } from "./schema.ts";
import { endWhenSilent } from "./silent-connection.ts";

export type Database = Kysely<Schema>;

export function isPostgres(db: Database): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

/**
 * A transaction that sees one moment of the database from its first query to its last, whatever others commit meanwhile.
 * In SQLite each does; Postgres has to be asked. Within a transaction it is that one.
 */
export function atOneMoment<T>(db: Database, work: (trx: Database) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db);
  const transaction = db.transaction();
  return (isPostgres(db) ? transaction.setIsolationLevel("repeatable read") : transaction).execute(work);
}

/** A statement of the file, from then on ready. */
type Prepare = (text: string) => SQLite.Statement;

/** What a database and its transactions have in common; ours knows the file. */
class FileAdapter extends SqliteAdapter {
  readonly prepare: Prepare;

  constructor(prepare: Prepare) {
    super();
    this.prepare = prepare;
  }
}

/**
 * Statements on the connection of the file itself, for what runs once for each of many rows: building a query and
 * awaiting it costs more than most of them do. There is one connection, so within a transaction they are part of it.
 * Null for Postgres.
 */
export function statementsOf(db: Database): Prepare | null {
  const { adapter } = db.getExecutor();
  return adapter instanceof FileAdapter ? adapter.prepare : null;
}

/**
 * Opens a connection to the file. A WAL database is reopened at `synchronous=NORMAL`, which would lose what a 2xx
 * promised on a power cut; so every connection sets FULL and checks that it took.
 */
function openFile(path: string, readonly: boolean): SQLite.Database {
  try {
    return connectTo(path, readonly);
  } catch (error) {
    throw openingFault(error, path);
  }
}

function connectTo(path: string, readonly: boolean): SQLite.Database {
  if (!readonly) makeFolderFor(path);
  const file = new SQLite(path, { readonly });
  try {
    settle(file, path, readonly);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function settle(file: SQLite.Database, path: string, readonly: boolean): void {
  if (!readonly) {
    // Of a new file; one that is there keeps its own. What a batch appends fills large pages, so there are fewer to write.
    file.pragma("page_size = 8192");
    file.pragma("journal_mode = WAL");
    // 16 MB of log before it is carried over into the file. A storm changes the same pages of an index again and again,
    // and each is carried over once.
    file.pragma("wal_autocheckpoint = 2000");
  }
  file.pragma("synchronous = FULL");
  file.pragma("busy_timeout = 5000");
  if (file.pragma("synchronous", { simple: true }) !== 2) {
    throw new Error(`${path}: synchronous is not FULL, so a confirmed alert would not survive a power cut`);
  }
}

function openPostgres(url: string, connections: number, patient: boolean): Database {
  return new Kysely<Schema>({
    dialect: new PostgresDialect({ pool: () => openPool(url, connections, patient) }),
  });
}

/** Its driver is loaded only where there is a Postgres: whoever has a file starts without it. */
async function openPool(url: string, connections: number, patient: boolean): Promise<Pool> {
  const { default: pg } = await import("pg");
  // Counts and ids fit a JavaScript number; pg hands bigint over as text otherwise.
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({ connectionString: url, max: connections, connectionTimeoutMillis: 10_000 });
  // A connection that dies is replaced at the next use. Without a listener it would end the process: the pool's is for
  // the idle ones, and one that a transaction has is told by itself when it dies between two queries.
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    client.on("error", () => {});
    if (!patient) endWhenSilent(client);
  });
  return pool;
}

/**
 * The one connection that writes. What is `patient` waits for a statement however long it takes; the running bot is not, as
 * it would wait for ever for a Postgres that has gone without a word.
 */
export function openForWriting(database: Config["database"], patient = true): Database {
  if (database.type === "postgres") return openPostgres(database.url, 1, patient);
  const file = openFile(database.path, false);
  const isThere = stillThere(database);
  const begin = () => {
    if (!isThere()) throw new StoreFault("unavailable", `The database takes no writes: ${MOVED}`, null);
  };
  // Having read, a transaction can no longer wait for another's lock and fails at once; so it takes it to begin with.
  return kyselyOver(file, (text) => (text === "begin" ? "begin immediate" : text), begin);
}

/** Statements kept ready. Most queries are few and come again and again; the widest are made anew each time. */
const MAX_PREPARED = 300;
const MAX_PREPARED_CHARS = 20_000;

/**
 * Kysely prepares each query afresh, which costs more than most of them; so what is short and comes again is kept.
 * `begin` is called before each transaction, and may refuse it.
 */
function kyselyOver(
  file: SQLite.Database,
  rewrite: (text: string) => string,
  begin: () => void = () => {},
): Database {
  const prepared = new Map<string, SQLite.Statement>();
  function prepare(text: string): SQLite.Statement {
    if (text === "begin") begin();
    // A full disk ends the transaction by itself; rolling it back once more would fail, and hide why the first did.
    if (text === "rollback" && !file.inTransaction) return prepare("select 1");
    const known = prepared.get(text);
    if (known) return known;
    const statement = file.prepare(rewrite(text));
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    if (text.length <= MAX_PREPARED_CHARS) prepared.set(text, statement);
    return statement;
  }
  const dialect = new SqliteDialect({ database: { prepare, close: () => file.close() } });
  dialect.createAdapter = () => new FileAdapter(prepare);
  const db = new Kysely<Schema>({ dialect });
  // Kysely closes only what it has queried, and a file that stays open keeps others from having it alone.
  const destroy = db.destroy.bind(db);
  db.destroy = async () => {
    await destroy();
    file.close();
  };
  return db;
}

/** Whoever has closed a connection is still listed by Postgres, or holds a file's lock, for a moment. */
const LEAVING_MS = 500;

/**
 * The one connection there is: refuses while anybody else has the database open, and lets nobody in until it is closed.
 * For what must not happen beside the running bot.
 */
export async function openAlone(database: Config["database"]): Promise<Database> {
  if (database.type === "postgres") {
    const db = openPostgres(database.url, 1, true);
    try {
      await refuseOthers(db);
      return db;
    } catch (error) {
      await db.destroy();
      throw openingFault(error);
    }
  }
  try {
    return kyselyOver(openLocked(database.path), (text) => text);
  } catch (error) {
    throw openingFault(error, database.path);
  }
}

async function refuseOthers(db: Database): Promise<void> {
  const until = performance.now() + LEAVING_MS;
  do {
    const { rows } = await sql<{ others: number }>`select count(*) as others from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`.execute(
      db,
    );
    if (Number(rows[0]?.others) === 0) return;
    await sleep(20);
  } while (performance.now() < until);
  throw inUse("the database");
}

/** Opens a file for one connection only; what is locked so has no `-shm` file, and nobody else gets in. */
export function openLocked(path: string): SQLite.Database {
  const file = new SQLite(path, { timeout: LEAVING_MS });
  try {
    file.pragma("locking_mode = EXCLUSIVE");
    file.exec("begin exclusive; commit");
    file.pragma("synchronous = FULL");
    return file;
  } catch (error) {
    file.close();
    throw error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY")
      ? inUse(path)
      : error;
  }
}

function inUse(what: string): Refusal {
  return new Refusal(
    "conflict",
    `Somebody has ${what} open. Stop the bot (and Litestream, or whatever else reads it), then try again.`,
  );
}

/** A database that is gone with its connection: to compare with, and to try things in. */
export function openInMemory(): Database {
  return kyselyOver(new SQLite(":memory:"), (text) => text);
}

/** Connections that only read; of a file that the writer has opened and migrated before. `patient` as above. */
export function openForReading(database: Config["database"], patient = true): Database {
  if (database.type === "postgres") return openPostgres(database.url, 4, patient);
  return kyselyOver(openFile(database.path, true), (text) => text);
}
