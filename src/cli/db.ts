import { Command } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { plural } from "../core/plural.ts";
import { Refusal } from "../core/refusal.ts";
import { acts, recordAct } from "../store/audit.ts";
import { backUp, restore } from "../store/backup.ts";
import { erasePerson } from "../store/erase.ts";
import { migrate } from "../store/migrate.ts";
import { type Database, openAlone, openForReading, openForWriting } from "../store/open.ts";
import { countDue, pruneAll } from "../store/prune.ts";
import { type Fault, verifyDatabase } from "../store/verify.ts";
import { migrationsOf } from "../store/version.ts";
import { withDatabase } from "./database.ts";
import { guarded, operator, processTerminal, repeatable, type Terminal } from "./terminal.ts";

/** `breakwater db …`: what is done to the database rather than to an incident. */
export function dbCommand(terminal: Terminal = processTerminal): Command {
  const command = new Command("db").description("Look after the database");
  const config = () => loadConfig(process.env);
  command
    .command("migrate")
    .description("Bring the database to this version; `serve` does it by itself")
    .action(guarded(terminal, async () => runMigrations(terminal, config())));
  command
    .command("backup")
    .description("Copy the database file, beside the running bot; for Postgres use pg_dump")
    .argument("<file>", "the copy")
    .action(guarded(terminal, async (file: string) => backup(terminal, config(), file)));
  command
    .command("restore")
    .description("Put a backup in the place of the database; what was there is kept beside it")
    .argument("<file>", "a backup")
    .action(guarded(terminal, async (file: string) => putBack(terminal, config(), file)));
  command
    .command("verify")
    .description("Check all that is stored: nothing damaged, nothing changed beside the bot")
    .action(guarded(terminal, async () => verify(terminal, config())));
  command
    .command("audit")
    .description("Print the acts of administration: starts, migrations, backups, retention, erasures")
    .action(guarded(terminal, async () => audit(terminal, config())));
  command
    .command("prune")
    .description("Take away what is older than `retention` keeps it; `serve` does it by itself")
    .option("--dry-run", "only say how much there is")
    .action(guarded(terminal, async (options: { dryRun?: boolean }) => prune(terminal, config(), options)));
  command
    .command("erase-person")
    .description("Erase a person from all logs, which stay provable; the bot must be stopped")
    .argument("<slack-user-id>", "as `Copy member ID` in their Slack profile gives it")
    .requiredOption("--reason <text>", "why, for the audit log; without the name")
    .option("--name <name>", "another name they go by in texts; may be given again", repeatable)
    .option("--texts", "also what they wrote: notes, reasons, updates, pinned messages")
    .action(
      guarded(terminal, async (id: string, options: { reason: string; name?: string[]; texts?: boolean }) =>
        erase(terminal, config(), id, options),
      ),
    );
  return command;
}

async function runMigrations(terminal: Terminal, { database }: Config): Promise<void> {
  const db = openForWriting(database);
  const ran = await migrate(db).finally(() => db.destroy());
  terminal.out(ran.length > 0 ? `Ran ${ran.join(", ")}.` : "Nothing to do: the database is up to date.");
}

/** The file, for commands that Postgres has tools of its own for. */
function fileOf({ database }: Config, instead: string): string {
  if (database.type === "postgres")
    throw new Refusal("invalid", `This is for the database file. For Postgres, use ${instead}`);
  return database.path;
}

async function backup(terminal: Terminal, config: Config, to: string): Promise<void> {
  const path = fileOf(config, 'pg_dump: pg_dump --format=custom --file=FILE "$DATABASE_URL"');
  let said = Date.now();
  const copy = () =>
    backUp(path, to, (done, total) => {
      if (Date.now() - said < 1000) return;
      said = Date.now();
      terminal.err(`${Math.floor((100 * done) / total)} % of ${total} pages`);
    });
  // Of an older version, too: it is what a backup is made of before an upgrade.
  const bytes = await withDatabase(config, openForReading, copy, refuseNotOurs);
  const whole = `${to} is a whole copy, and was checked: ${bytes} bytes.`;
  const act = { act: "backed_up", by: operator(), details: { file: to, bytes } } as const;
  await withDatabase(config, openForWriting, (db) => recordAct(db, act), refuseNotOurs).catch((error) => {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.code, `${whole} The audit log does not say so: ${error.message}`);
  });
  terminal.out(`${whole} \`db restore ${to}\` goes back to it.`);
}

async function refuseNotOurs(db: Database): Promise<void> {
  if ((await migrationsOf(db)) === null)
    throw new Refusal("invalid", "This is not a database of Breakwater yet: it is empty. Set DATABASE_URL.");
}

async function putBack(terminal: Terminal, config: Config, from: string): Promise<void> {
  const path = fileOf(
    config,
    'pg_restore, with the bot stopped: pg_restore --clean --if-exists --dbname="$DATABASE_URL" FILE',
  );
  const kept = await restore(path, from, operator(), new Date());
  terminal.out(
    `${path} is what ${from} holds.${kept ? ` What was there before is kept as ${kept}.` : ""} Now \`db verify\`, then start the bot.`,
  );
}

async function verify(terminal: Terminal, config: Config): Promise<void> {
  let faults = 0;
  const checking = {
    fault({ place, what }: Fault) {
      faults++;
      terminal.err(`${place}: ${what}`);
    },
    progress: (line: string) => terminal.err(`… ${line}`),
  };
  // It looks at the file first, and then whose it is.
  const checked = await withDatabase(
    config,
    openForReading,
    (db) => verifyDatabase(db, checking),
    async () => {},
  );
  const { incidents, signals, acts, rows } = checked;
  const what = [
    plural(incidents, "incident"),
    plural(signals, "signal"),
    plural(acts, "act of administration", "acts of administration"),
    plural(rows, "working row"),
  ].join(", ");
  if (faults > 0) throw new Refusal("conflict", `${plural(faults, "fault")} in ${what}.`);
  terminal.out(`${what}: every chain is whole, and folds to what is stored.`);
}

async function audit(terminal: Terminal, config: Config): Promise<void> {
  await withDatabase(config, openForReading, async (db) => {
    for (const { seq, at, act, by, details, hash } of await acts(db))
      terminal.out([seq, at, act, by, JSON.stringify(details), hash].join("  "));
  });
}

async function prune(terminal: Terminal, config: Config, { dryRun }: { dryRun?: boolean }): Promise<void> {
  const now = new Date().toISOString();
  if (dryRun) {
    const due = await withDatabase(config, openForReading, (db) => countDue(db, config.retention, now));
    for (const [kind, count] of Object.entries(due)) terminal.out(`${kind.padEnd(10)} ${count}`);
    return;
  }
  const gone = await withDatabase(config, openForWriting, (db) => pruneAll(db, config.retention, now));
  terminal.out(
    gone > 0 ? `${plural(gone, "row")} ${gone === 1 ? "is" : "are"} gone.` : "Nothing is old enough.",
  );
}

async function erase(
  terminal: Terminal,
  config: Config,
  id: string,
  { reason, name = [], texts = false }: { reason: string; name?: string[]; texts?: boolean },
): Promise<void> {
  const asked = { id, names: name, reason, texts, by: operator() };
  const { events, incidents, signals, rows, left } = await withDatabase(config, openAlone, (db) =>
    erasePerson(db, asked),
  );
  terminal.out(
    `Erased from ${plural(events, "entry", "entries")} of ${plural(incidents, "log")}, ${plural(signals, "signal")} and ${plural(rows, "working row")}.`,
  );
  for (const place of left) terminal.err(`Still named in ${place}: it comes from outside; change it there.`);
  terminal.out(
    "Out of reach: what Slack shows already, exported reports, backups and replicas made before. `db verify` proves the rest.",
  );
}
