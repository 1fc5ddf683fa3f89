import { sql } from "kysely";
import { Migrator } from "kysely/migration";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Config } from "../../src/config.ts";
import { MIGRATIONS, migrate, refuseOtherVersion } from "../../src/store/migrate.ts";
import { type Database, openForReading, openForWriting } from "../../src/store/open.ts";
import { type SealedTable, sealed } from "../../src/store/seal.ts";
import { alertOn, openWorld, temporaryFile } from "../engine/world.ts";
import { type Postgres, startPostgres } from "../harness/postgres.ts";
import { waitFor } from "../harness/wait.ts";
import { faultsIn, fill } from "./filled.ts";

const STEPS = Object.keys(MIGRATIONS);
/** Before it, logs were hashed in another way. */
const PROOFS = STEPS.indexOf("0004_proofs");
/** Before it, what people wrote was a part of an incident's state. */
const ENTRIES = STEPS.indexOf("0009_entries");
const TABLES = [
  ...["counter", "event", "signal", "incident", "incident_group", "incident_asset", "incident_term", "alert"],
  ...["incident_alert", "outbox", "processed", "runbook_version", "change", "lineage", "lineage_version"],
  ...["signal_batch", "audit", "incident_telling", "incident_entry"],
];
type Row = Record<string, unknown>;

let postgres: Postgres;
let filled: Map<string, Row[]>;
beforeAll(async () => {
  postgres = await startPostgres();
  const place = temporaryFile();
  await fill(place.database);
  const db = openForReading(place.database);
  filled = await rowsOf(db);
  await db.destroy();
  place.remove();
}, 60_000);
afterAll(() => postgres.stop());

async function rowsOf(db: Database): Promise<Map<string, Row[]>> {
  const tables = new Map<string, Row[]>();
  for (const table of TABLES)
    tables.set(table, (await sql<Row>`select * from ${sql.table(table)}`.execute(db)).rows);
  return tables;
}

async function columnsOf(db: Database, table: string): Promise<string[]> {
  const tables = await db.introspection.getTables();
  return tables.find(({ name }) => name === table)?.columns.map(({ name }) => name) ?? [];
}

/** An incident as it was stored when what people wrote in it was a part of its state. */
function withEntries(row: Row): Row {
  const rows = filled.get("incident_entry")!.filter(({ incident }) => incident === row.key);
  const entries = Object.fromEntries(rows.map(({ seq, body }) => [seq, JSON.parse(String(body))]));
  return { ...row, state: JSON.stringify({ ...JSON.parse(String(row.state)), entries }) };
}

/** A database as a version with only the first migrations left it. */
async function oldDatabase(database: Config["database"], steps: string[]): Promise<Map<string, Row[]>> {
  const db = openForWriting(database);
  const provider = {
    getMigrations: async () => Object.fromEntries(steps.map((step) => [step, MIGRATIONS[step]!])),
  };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error) throw error;
  const old = new Map<string, Row[]>();
  for (const [table, rows] of filled) {
    const columns = await columnsOf(db, table);
    if (columns.length === 0) continue;
    const kept = rows
      .map((row): Row => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])))
      // Sealed over the columns that there were.
      .map((row) => (row.seal ? sealed(table as SealedTable, row) : row));
    for (const row of table === "incident" && steps.length <= ENTRIES ? kept.map(withEntries) : kept)
      await sql`insert into ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))}) values (${sql.join(columns.map((column) => row[column]))})`.execute(
        db,
      );
    old.set(table, kept);
  }
  await db.destroy();
  return old;
}

/** Rows without what later migrations added, in an order of their own. */
function comparable(rows: Row[], columns: string[]): string[] {
  return rows.map((row) => JSON.stringify(columns.map((column) => row[column]))).sort();
}

describe.each(["sqlite", "postgres"] as const)("a database on %s", (type) => {
  let place: ReturnType<typeof temporaryFile> | null = null;
  afterEach(() => place?.remove());

  const versions = STEPS.map((step, index) => [step, STEPS.slice(0, index + 1)] as const);

  it.each(versions.slice(0, PROOFS))("as %s left it is refused, and left as it was", async (_, steps) => {
    place = type === "sqlite" ? temporaryFile() : null;
    const database = place?.database ?? ({ type: "postgres", url: await postgres.createDatabase() } as const);
    const old = await oldDatabase(database, steps);
    const db = openForWriting(database);
    await expect(migrate(db)).rejects.toThrow(
      /^The database was made before .+ Set DATABASE_URL to a new one\.$/,
    );
    await expect(refuseOtherVersion(db)).rejects.toThrow(/^The database was made before/);
    const { rows: had } = await sql<Row>`select name from kysely_migration order by name`.execute(db);
    expect(had.map(({ name }) => name)).toEqual(steps);
    for (const [table, rows] of old)
      expect((await sql`select * from ${sql.table(table)}`.execute(db)).rows.length, table).toBe(rows.length);
    await db.destroy();
  });

  it.each(versions.slice(PROOFS))(
    "as %s left it comes to this version with all that is in it, and is proved from then on",
    { timeout: 30_000 },
    async (_, steps) => {
      place = type === "sqlite" ? temporaryFile() : null;
      const database =
        place?.database ?? ({ type: "postgres", url: await postgres.createDatabase() } as const);
      const old = await oldDatabase(database, steps);
      const db = openForWriting(database);
      expect(await migrate(db)).toEqual(STEPS.slice(steps.length));
      const now = await rowsOf(db);
      for (const [table, rows] of old) {
        if (table === "audit") continue;
        const columns = Object.keys(rows[0] ?? {}).filter((column) => column !== "seal");
        expect(rows.length, table).toBeGreaterThan(0);
        expect(comparable(now.get(table)!, columns), table).toEqual(comparable(rows, columns));
      }
      await db.destroy();
      expect(await faultsIn(database)).toEqual([]);
      const world = await openWorld(database);
      expect(await world.ingest(alertOn("orders"), alertOn("fresh"))).toMatchObject([
        { incident: "INC-1" },
        { outcome: "opened", incident: "INC-4" },
      ]);
      await world.close();
      expect(await faultsIn(database)).toEqual([]);
    },
  );

  it("finds an incident of before by the titles of the alerts that joined it", async () => {
    place = type === "sqlite" ? temporaryFile() : null;
    const database = place?.database ?? ({ type: "postgres", url: await postgres.createDatabase() } as const);
    const before = await openWorld(database);
    const { assets } = alertOn("orders");
    await before.ingest(
      alertOn("orders"),
      alertOn("users"),
      alertOn("late", { title: "kumquats are late", assets }),
    );
    await before.close();

    const db = openForWriting(database);
    const words = JSON.stringify(["inc", "1", "not_null", "on", "orders", "failed"]);
    await sql`update incident_telling set terms = ${words} where incident = 'INC-1'`.execute(db);
    await sql`delete from incident_term`.execute(db);
    await sql`update incident_telling set due = 1`.execute(db);
    await sql`delete from kysely_migration where name >= '0010_titles'`.execute(db);
    expect(await migrate(db)).toEqual(["0010_titles", "0011_likely_origin"]);
    await db.destroy();

    expect(await faultsIn(database)).toEqual([]);
    const after = await openWorld(database);
    const { incidents } = await after.reads.list({ text: "kumquats" }, 10, null);
    expect(incidents.map(({ key }) => key)).toEqual(["INC-1"]);
    await after.close();
  });
});

it("an incident of before knows the alert of its likely origin", async () => {
  const place = temporaryFile();
  const before = await openWorld(place.database);
  await before.ingest(alertOn("orders"));
  await before.command("INC-1", {
    type: "find_origin",
    asset: { namespace: "snowflake://acme", name: "raw.orders" },
    fingerprint: "f-raw-orders",
    title: "raw.orders was not loaded",
    description: null,
    replaces: [],
    confidence: "high",
    reason: "1 step upstream of orders",
  });
  await before.close();
  const db = openForWriting(place.database);
  await sql`update incident set state = replace(state, '"fingerprint":"f-raw-orders",', '')`.execute(db);
  const { state } = await db.selectFrom("incident").select("state").executeTakeFirstOrThrow();
  expect(state).not.toContain("f-raw-orders");
  await sql`delete from kysely_migration where name = '0011_likely_origin'`.execute(db);
  expect(await migrate(db)).toEqual(["0011_likely_origin"]);
  await db.destroy();
  expect(await faultsIn(place.database)).toEqual([]);
  place.remove();
});

it("a process that ends while it settles what it migrated leaves that to the next, on Postgres too", async () => {
  const database = { type: "postgres", url: await postgres.createDatabase() } as const;
  await fill(database);
  const other = openForWriting(database);
  await sql`delete from kysely_migration where name >= '0010_titles'`.execute(other);
  const db = openForWriting(database);
  const onlooker = openForReading(database);
  await other.transaction().execute(async (trx) => {
    // The act that says what ran is written last.
    await sql`lock table audit in exclusive mode`.execute(trx);
    const migrating = migrate(db).catch((error: Error) => error);
    await waitFor(
      async () => {
        const { rows } = await sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(onlooker);
        return rows.length > 0;
      },
      { what: "the migration to wait for the audit log" },
    );
    expect(await migrating).toBeInstanceOf(Error);
  });
  await Promise.all([db.destroy(), onlooker.destroy()]);
  expect(await migrate(other)).toEqual(["0010_titles", "0011_likely_origin"]);
  await other.destroy();
  expect(await faultsIn(database)).toEqual([]);
});
