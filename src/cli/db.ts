import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import SQLite from "better-sqlite3";
import { Command } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { brokenAt, canonicalJson } from "../core/incident/log.ts";
import { fold } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { migrate } from "../store/migrate.ts";
import { openForReading, openForWriting } from "../store/open.ts";
import { readsOf } from "../store/reads.ts";
import { guarded, processTerminal, type Terminal } from "./terminal.ts";

/** `breakwater db migrate|backup|verify`. */
export function dbCommand(terminal: Terminal = processTerminal): Command {
  const command = new Command("db").description("Look after the database");
  command
    .command("migrate")
    .description("Bring the database to this version; `serve` does it by itself")
    .action(guarded(terminal, async () => runMigrations(terminal, loadConfig(process.env))));
  command
    .command("backup")
    .description("Copy the database file, beside the running bot; for Postgres use pg_dump")
    .argument("<file>", "the copy")
    .action(guarded(terminal, async (file: string) => backup(terminal, loadConfig(process.env), file)));
  command
    .command("verify")
    .description("Check every incident's log: the chain of hashes, and that it folds to what is stored")
    .action(guarded(terminal, async () => verify(terminal, loadConfig(process.env))));
  return command;
}

async function runMigrations(terminal: Terminal, { database }: Config): Promise<void> {
  const db = openForWriting(database);
  try {
    const ran = await migrate(db);
    terminal.out(ran.length > 0 ? `Ran ${ran.join(", ")}.` : "Nothing to do: the database is up to date.");
  } finally {
    await db.destroy();
  }
}

function existingFile({ database }: Config): string {
  if (database.type === "postgres")
    throw new Refusal("invalid", "This is for the database file. For Postgres, use pg_dump.");
  if (!existsSync(database.path))
    throw new Refusal("not_found", `There is no database at ${database.path}. Set DATABASE_URL.`);
  return database.path;
}

async function backup(terminal: Terminal, config: Config, file: string): Promise<void> {
  const path = existingFile(config);
  if (existsSync(file))
    throw new Refusal("conflict", `${file} exists already. Name another file, or remove it first.`);
  mkdirSync(dirname(file), { recursive: true });
  const db = new SQLite(path, { readonly: true });
  try {
    await db.backup(file);
  } finally {
    db.close();
  }
  terminal.out(
    `${file} is a whole copy. To go back to it: stop the bot, put it in the place of ${path}, remove ${path}-wal and -shm.`,
  );
}

async function verify(terminal: Terminal, config: Config): Promise<void> {
  if (config.database.type === "sqlite") existingFile(config);
  const db = openForReading(config.database);
  const reads = readsOf(db);
  let checked = 0;
  let wrong = 0;
  try {
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof reads.list>> = await reads.list({}, 200, cursor);
      for (const { key } of page.incidents) {
        checked++;
        const events = await reads.events(key);
        const broken = brokenAt(events);
        const same =
          canonicalJson(comparable(fold(events))) === canonicalJson(comparable(await reads.state(key)));
        if (broken === null && same) continue;
        wrong++;
        terminal.err(
          broken !== null
            ? `${key}: the chain of hashes breaks at entry ${broken}`
            : `${key}: the log does not fold to what is stored`,
        );
      }
      cursor = page.next;
    } while (cursor);
  } finally {
    await db.destroy();
  }
  if (wrong > 0) throw new Refusal("conflict", `${wrong} of ${checked} incidents are not as their log says.`);
  terminal.out(`${checked} incidents: every chain is whole, and folds to what is stored.`);
}

function comparable(state: ReturnType<typeof fold>) {
  return state && { ...state, assets: Object.fromEntries(state.assets) };
}
