import { sql } from "kysely";
import { type Migration, type MigrationResultSet, Migrator } from "kysely/migration";
import * as incidents from "../../migrations/0001_incidents.ts";
import * as changes from "../../migrations/0002_changes.ts";
import * as lineage from "../../migrations/0003_lineage.ts";
import * as proofs from "../../migrations/0004_proofs.ts";
import * as silences from "../../migrations/0005_silences.ts";
import * as repeats from "../../migrations/0006_repeats.ts";
import * as alertNumbers from "../../migrations/0007_alert_numbers.ts";
import * as telling from "../../migrations/0008_telling.ts";
import * as entries from "../../migrations/0009_entries.ts";
import * as titles from "../../migrations/0010_titles.ts";
import * as likelyOrigin from "../../migrations/0011_likely_origin.ts";
import { Refusal } from "../core/refusal.ts";
import { appendAct } from "./audit.ts";
import { openingFault } from "./fault.ts";
import { retell } from "./models.ts";
import { type Database, isPostgres } from "./open.ts";
import { migrationsOf, refuseNewer } from "./version.ts";

/** Forward only, in order; a test compares this list with the folder. */
export const MIGRATIONS: Record<string, Migration> = {
  "0001_incidents": incidents,
  "0002_changes": changes,
  "0003_lineage": lineage,
  "0004_proofs": proofs,
  "0005_silences": silences,
  "0006_repeats": repeats,
  "0007_alert_numbers": alertNumbers,
  "0008_telling": telling,
  "0009_entries": entries,
  "0010_titles": titles,
  "0011_likely_origin": likelyOrigin,
};

/** The migration after which an incident is found by the titles of more than one alert. */
const TITLES = "0010_titles";

/**
 * Brings the database to this version of the code; on one that is there already it does nothing. Returns what it ran.
 * Refuses one of a newer version, one of the first days, and one of somebody else's.
 */
export async function migrate(db: Database): Promise<string[]> {
  const had = (await hasHad(db)) ?? [];
  refuseNewer(had, Object.keys(MIGRATIONS));
  const work = (on: Database) => toLatest(on, had);
  const { error, results } = isPostgres(db) ? await work(db) : await inOneTransaction(db, work);
  if (error) {
    const fault = openingFault(error);
    throw fault === error ? new Error("the database could not be migrated", { cause: error }) : fault;
  }
  return (results ?? []).map(({ migrationName }) => migrationName);
}

/** Refuses a database that is not of this version, as whoever only uses it has to. */
export async function refuseOtherVersion(db: Database): Promise<void> {
  const has = await hasHad(db);
  const wants = Object.keys(MIGRATIONS);
  if (has === null)
    throw new Refusal(
      "invalid",
      "This is not a database of Breakwater yet: it is empty. Run `db migrate` first, or set DATABASE_URL.",
    );
  refuseNewer(has, wants);
  if (has.length < wants.length)
    throw new Refusal("invalid", "The database belongs to an older version. Run `db migrate` first.");
}

/** The first that is asked of a database, so this finds out whether it can be reached. */
function hasHad(db: Database): Promise<string[] | null> {
  return migrationsOf(db).catch((error: unknown) => {
    throw openingFault(error);
  });
}

/** What needs more than SQL: words folded from logs, the act on record. */
async function settleIn(db: Database, ran: string[]): Promise<void> {
  if (ran.includes(TITLES)) await retell(db);
  await appendAct(db, { act: "migrated", by: "bot", details: { ran } });
}

/**
 * What is to be settled is a part of the last migration, and so of the transaction that Kysely takes Postgres through: a
 * process killed in between would leave a database that counts as migrated, and that nobody settles any more.
 */
function toLatest(db: Database, had: string[]): Promise<MigrationResultSet> {
  const names = Object.keys(MIGRATIONS);
  const last = names.at(-1)!;
  const settling: Migration = {
    async up(on) {
      await MIGRATIONS[last]!.up(on);
      await settleIn(
        on,
        names.filter((name) => !had.includes(name)),
      );
    },
  };
  const migrations = { ...MIGRATIONS, [last]: settling };
  return new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest();
}

/**
 * Kysely takes Postgres through a lock and a transaction, and SQLite through neither: a process killed half-way would
 * leave half a schema that no later start could mend, and two starting at once would collide.
 */
async function inOneTransaction(
  db: Database,
  work: (db: Database) => Promise<MigrationResultSet>,
): Promise<MigrationResultSet> {
  return db.connection().execute(async (connection) => {
    await sql`begin immediate`.execute(connection);
    let settled = false;
    try {
      const result = await work(connection);
      settled = !result.error;
      return result;
    } finally {
      await (settled ? sql`commit` : sql`rollback`).execute(connection);
    }
  });
}
