/** One bot runs on a database: who comes second waits for the first to end, and is refused where it does not. */
import { existsSync, mkdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Config } from "../../src/config.ts";
import { type Hold, holdForBot } from "../../src/store/hold.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openAlone, openForWriting } from "../../src/store/open.ts";
import { temporaryFile } from "../engine/world.ts";
import { type Postgres, startPostgres } from "../harness/postgres.ts";

type Database = Config["database"];

const holds: Hold[] = [];
async function hold(database: Database, more: Parameters<typeof holdForBot>[1] = {}): Promise<Hold> {
  const held = await holdForBot(database, { forMs: 300, ...more });
  holds.push(held);
  return held;
}
afterEach(async () => {
  for (const held of holds.splice(0)) await held.release();
});

/** What holds for both. `make` makes a database that is there. */
function once(make: () => Promise<Database>): void {
  it("refuses a second one while the first lives, and not after it", async () => {
    const database = await make();
    const first = await hold(database);
    let waited = 0;
    const said = { waits: () => void waited++ };
    await expect(hold(database, said)).rejects.toThrow(/^Another Breakwater runs on this database.+Stop it/);
    expect(waited).toBe(1);
    await first.release();
    await hold(database, said);
    expect(waited).toBe(1);
  });

  it("lets a second one in as soon as the first has ended", async () => {
    const database = await make();
    const first = await hold(database);
    const second = hold(database, { forMs: 20_000, waits: () => void first.release() });
    await expect(second).resolves.toBeDefined();
  });

  it("is nothing to commands", async () => {
    const database = await make();
    await hold(database);
    const db = openForWriting(database);
    await migrate(db);
    await db.destroy();
  });
}

describe("on a file", () => {
  let place: ReturnType<typeof temporaryFile>;
  let folder: string;
  let path: string;
  beforeEach(async () => {
    place = temporaryFile();
    path = place.database.type === "sqlite" ? place.database.path : "";
    folder = `${path}-elsewhere`;
    const db = openForWriting(place.database);
    await migrate(db);
    await db.destroy();
  });
  afterEach(() => {
    place.remove();
    for (const left of [`${path}-lock`, folder]) rmSync(left, { recursive: true, force: true });
  });

  once(async () => place.database);

  it("leaves an empty file beside it, and the database alone", async () => {
    await hold(place.database);
    expect(statSync(`${path}-lock`).size).toBe(0);
    expect(existsSync(`${path}-lock-journal`)).toBe(false);
    await (await openAlone(place.database)).destroy();
  });

  it("knows the file by any name", async () => {
    mkdirSync(folder);
    const link = join(folder, "linked.db");
    symlinkSync(path, link);
    await hold(place.database);
    await expect(hold({ type: "sqlite", path: link })).rejects.toThrow("Another Breakwater");
    expect(dirname(link)).toBe(folder);
  });
});

describe("on Postgres", () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());
  const fresh = async (): Promise<Database> => ({ type: "postgres", url: await server.createDatabase() });

  once(fresh);

  it("holds one schema, so that two bots can share a database", async () => {
    const url = await server.createDatabase();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("create schema other");
    await client.end();
    await hold({ type: "postgres", url });
    await hold({ type: "postgres", url: `${url}?options=-c%20search_path%3Dother` });
  });

  /** Ends every other connection, as a restart of the server does, and does `meanwhile` first on the one that is left. */
  async function cut(url: string, ...more: string[]): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    for (const text of more) await client.query(text);
    return client;
  }

  it("takes it again when the connection was cut", async () => {
    const database = await fresh();
    if (database.type !== "postgres") return;
    const failures: Error[] = [];
    await hold(database, { lost: (error) => failures.push(error) });
    await (await cut(database.url)).end();
    await expect
      .poll(
        () =>
          hold(database, { forMs: 0 }).then(
            () => "free",
            () => "held",
          ),
        { timeout: 10_000 },
      )
      .toBe("held");
    expect(failures).toEqual([]);
  });

  it("says so when somebody else was first then", async () => {
    const database = await fresh();
    if (database.type !== "postgres") return;
    const lost = Promise.withResolvers<Error>();
    await hold(database, { lost: lost.resolve });
    const other = await cut(
      database.url,
      `select pg_advisory_lock(${0x62726b77}, hashtext(current_schema()))`,
    );
    expect((await lost.promise).message).toContain("Another Breakwater");
    await other.end();
  });
});
