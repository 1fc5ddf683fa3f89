import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import SQLite from "better-sqlite3";
import { Refusal } from "../core/refusal.ts";
import { recordAct } from "./audit.ts";
import { openingFault } from "./fault.ts";
import { makeFolderFor } from "./folder.ts";
import { MIGRATIONS, migrate } from "./migrate.ts";
import { openForWriting, openLocked } from "./open.ts";

/** Pages copied between two looks at the clock: some 8 MB. */
const PAGES = 2000;

/**
 * Copies a database file as it is at this moment, beside a bot that goes on writing, and checks the copy. It gets its
 * name only once it is whole. Returns its size in bytes.
 */
export async function backUp(
  path: string,
  to: string,
  progress: (done: number, total: number) => void,
): Promise<number> {
  if (to === "") throw new Refusal("invalid", "The file's name is empty. Name a file that is not there yet.");
  if (existsSync(to))
    throw new Refusal("conflict", `${to} exists already. Name another file, or remove it first.`);
  const partial = `${to}.partial`;
  claim(partial, to);
  try {
    await copy(path, partial, progress);
    refuseDamaged(partial, to);
    settle(partial);
    renameSync(partial, to);
  } catch (error) {
    rmSync(partial, { force: true });
    throw placeFault(error, to) ?? openingFault(error, path);
  }
  syncFolder(to);
  return statSync(to).size;
}

/** Makes the file that is to be written, so that a place that cannot be written is not taken for a fault of the database. */
function claim(partial: string, to: string): void {
  try {
    makeFolderFor(to);
    rmSync(partial, { force: true });
    closeSync(openSync(partial, "wx"));
  } catch (error) {
    throw new Refusal(
      "invalid",
      `${to} cannot be written: ${(error as Error).message}. Name a file in a folder that can be.`,
    );
  }
}

/** What reading the database never says, so it is about the copy. */
function placeFault(error: unknown, to: string): Refusal | null {
  const full = error instanceof Error && "code" in error && /^(SQLITE_FULL|ENOSPC)$/.test(String(error.code));
  return full ? new Refusal("unavailable", `${to} has no room: ${error.message}. Name another place.`) : null;
}

async function copy(
  path: string,
  partial: string,
  progress: (done: number, total: number) => void,
): Promise<void> {
  const file = new SQLite(path, { readonly: true });
  try {
    // A moment held on to: without it, every commit of the bot would begin the copy anew.
    file.exec("begin");
    file.prepare("select count(*) from sqlite_schema").get();
    await file.backup(partial, {
      progress: ({ totalPages, remainingPages }) => {
        progress(totalPages - remainingPages, totalPages);
        return PAGES;
      },
    });
  } finally {
    file.close();
  }
}

/** Writes what is in a file's journal into it, and makes it durable. */
function settle(path: string): void {
  const file = new SQLite(path);
  file.pragma("journal_mode = DELETE");
  file.close();
  sync(path);
}

function sync(path: string): void {
  const handle = openSync(path, "r");
  fsyncSync(handle);
  closeSync(handle);
}

/** A rename is durable once its folder is. */
function syncFolder(path: string): void {
  sync(dirname(resolve(path)));
}

/** What a file says of itself; it is named as people know it. */
function refuseDamaged(path: string, name: string): void {
  let said: unknown;
  try {
    const file = new SQLite(path, { readonly: true });
    try {
      said = file.pragma("quick_check(1)", { simple: true });
    } finally {
      file.close();
    }
  } catch (error) {
    said = error instanceof Error ? error.message : error;
  }
  if (said !== "ok") throw new Refusal("invalid", `${name} is damaged (${said}), and was not taken.`);
}

/** Refuses what is not a database of ours, or is of a version that we do not know. */
function refuseForeign(path: string, name: string): void {
  const file = new SQLite(path, { readonly: true });
  try {
    const ours = file
      .prepare("select count(*) from sqlite_schema where name in ('kysely_migration', 'event', 'incident')")
      .pluck()
      .get();
    if (ours !== 3) throw new Refusal("invalid", `${name} is not a database of Breakwater.`);
    const ran = file.prepare("select name from kysely_migration").pluck().all() as string[];
    const unknown = ran.filter((migration) => !(migration in MIGRATIONS));
    if (unknown.length > 0)
      throw new Refusal(
        "invalid",
        `${name} is of a newer version of Breakwater (${unknown.join(", ")}). Restore it with that one.`,
      );
  } finally {
    file.close();
  }
}

/**
 * Puts a backup in the place of the database and brings it up to date. Refuses while the bot runs. What was there is
 * kept beside it, under a name with the time; that name is returned, null where nothing was there.
 */
export async function restore(path: string, from: string, by: string, now: Date): Promise<string | null> {
  if (!existsSync(from)) throw new Refusal("not_found", `There is no file ${from}.`);
  if (statSync(from).isDirectory())
    throw new Refusal("invalid", `${from} is a folder. Name the backup file.`);
  if (existsSync(path) && statSync(path).ino === statSync(from).ino)
    throw new Refusal("invalid", `${from} is the database itself.`);
  const lock = lockIfThere(path);
  const fresh = `${path}.restoring`;
  try {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(fresh + suffix, { force: true });
    makeFolderFor(path);
    copyFileSync(from, fresh);
    // A copy that was made by hand has its newest part beside it.
    if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${fresh}-wal`);
    refuseDamaged(fresh, from);
    refuseForeign(fresh, from);
    const before = `${path}.${stamp(now)}`;
    const kept = existsSync(path) ? before : null;
    const db = openForWriting({ type: "sqlite", path: fresh });
    try {
      await migrate(db);
      await recordAct(db, { act: "restored", by, details: { from, kept }, at: now.toISOString() });
    } finally {
      await db.destroy();
    }
    settle(fresh);
    // Whatever is left of a journal belongs to the database that goes, never to the one that comes.
    for (const suffix of ["-wal", "-shm"])
      if (existsSync(path + suffix)) renameSync(path + suffix, before + suffix);
    if (kept) linkSync(path, kept);
    renameSync(fresh, path);
    syncFolder(path);
    return kept;
  } finally {
    lock?.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(fresh + suffix, { force: true });
  }
}

/** Holds the database that is to go, so that no bot starts on it; one that is too damaged to be opened nobody can use. */
function lockIfThere(path: string): SQLite.Database | null {
  if (!existsSync(path)) return null;
  try {
    const file = openLocked(path);
    // Its journal goes into it, so that what is kept is one file.
    file.pragma("journal_mode = DELETE");
    return file;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    return null;
  }
}

/** `20261122T030000Z`. */
function stamp(now: Date): string {
  return now.toISOString().replace(/[-:]|\.\d+/g, "");
}
