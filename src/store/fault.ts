import { Refusal } from "../core/refusal.ts";
import { StoreFault } from "../engine/ledger.ts";

/** SQLite's result codes, the extended ones by their beginning. */
const SQLITE_CONFLICT = /^SQLITE_(BUSY_SNAPSHOT|CONSTRAINT_(PRIMARYKEY|UNIQUE))$/;
const SQLITE_UNAVAILABLE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN)(_|$)/;

/** What SQLite says of a file that the disk, or somebody, has spoilt. */
const SQLITE_DAMAGED = /^SQLITE_CORRUPT(_|$)/;
const GO_BACK = "Stop the bot and go back to a backup with `db restore`";

/** Postgres: unique violation, serialization failure, deadlock. */
const POSTGRES_CONFLICT = /^(23505|40001|40P01)$/;
/**
 * Connection exceptions, out of resources, cancelled or shutting down, the system's errors, read-only (a standby), what
 * took longer than its settings allow, a password that was changed; and the socket's own errors.
 */
const POSTGRES_UNAVAILABLE =
  /^(08...|53...|57...|58...|25006|25P0[34]|55P03|28...|E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN))$/;
/** What pg says without any code. */
const POSTGRES_AWAY =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered)/;

/** An error of a transaction as StoreFault where the database is its reason; any other comes back as it is. */
export function storeFault(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  if (SQLITE_CONFLICT.test(code) || POSTGRES_CONFLICT.test(code))
    return new StoreFault("conflict", "Another writer was first", error);
  if (SQLITE_DAMAGED.test(code))
    return new StoreFault("unavailable", `The database is damaged (${error.message}). ${GO_BACK}`, error);
  if (SQLITE_UNAVAILABLE.test(code) || POSTGRES_UNAVAILABLE.test(code) || POSTGRES_AWAY.test(error.message))
    return new StoreFault(
      "unavailable",
      `The database takes no writes just now (${code || error.message})`,
      error,
    );
  return error;
}

/** A file that is no database; a folder that cannot be made or written; no such database. */
const NOT_THERE = /^(SQLITE_NOTADB|E(NOENT|NOTDIR|ACCES|PERM|ROFS|EXIST)|3D000)$/;

/**
 * An error of opening or reading a database as a Refusal where its address, its host or its file is the reason; any other
 * comes back as it is.
 */
export function openingFault(error: unknown, path: string | null = null): unknown {
  if (!(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  const which = path === null ? "The database" : `The database ${path}`;
  if (SQLITE_DAMAGED.test(code))
    return new Refusal("unavailable", `${which} is damaged: ${error.message}. ${GO_BACK}.`);
  const fault = storeFault(error);
  const isAway = fault instanceof StoreFault && fault.kind === "unavailable";
  if (!isAway && !NOT_THERE.test(code)) return error;
  const why = error.message || code;
  return new Refusal("unavailable", `${which} cannot be opened: ${why}. DATABASE_URL says which it is.`);
}
