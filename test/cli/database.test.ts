/** A database that commands cannot use: each says in one line what is wrong with it and what to do. */
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import type { Command } from "commander";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { dbCommand } from "../../src/cli/db.ts";
import { exportCommand } from "../../src/cli/export.ts";
import { lineageCommand } from "../../src/cli/lineage.ts";
import { outboxCommand } from "../../src/cli/outbox.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { type Postgres, startPostgres } from "../harness/postgres.ts";
import { fill } from "../store/filled.ts";
import { runCommand } from "./run.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "breakwater-database-"));
  path = join(folder, "breakwater.db");
  vi.stubEnv("DATABASE_URL", `sqlite:${path}`);
  vi.stubEnv("BREAKWATER_CONFIG", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

type Run = [(terminal: Terminal) => Command, ...string[]];

/** Commands that read or write what is stored. */
const USING: [string, Run][] = [
  ["db erase-person", [dbCommand, "erase-person", "U0BO", "--reason", "asked"]],
  ["db verify", [dbCommand, "verify"]],
  ["db audit", [dbCommand, "audit"]],
  ["db prune", [dbCommand, "prune"]],
  ["db prune --dry-run", [dbCommand, "prune", "--dry-run"]],
  ["outbox list", [outboxCommand, "list"]],
  ["outbox retry", [outboxCommand, "retry", "--all"]],
  ["export", [exportCommand, "INC-1"]],
  ["lineage show", [lineageCommand, "show"]],
];
const backup = (): [string, Run] => ["db backup", [dbCommand, "backup", join(folder, "copy.db")]];
const migrating: [string, Run] = ["db migrate", [dbCommand, "migrate"]];

/** What each command says, as `name: text`, and that it failed; one that throws is told by its error. */
async function said(runs: [string, Run][]): Promise<string[]> {
  const all: string[] = [];
  for (const [name, [command, ...args]] of runs) {
    const { err, code } = await runCommand(command, args).catch((error: unknown) => ({
      err: `threw ${error}\n`,
      code: 1,
    }));
    all.push(`${name}, ${code}: ${err.trimEnd().split("\n").at(-1)}`);
  }
  return all;
}

const each = (runs: [string, Run][], text: string | RegExp) =>
  runs.map(([name]) => (typeof text === "string" ? `${name}, 1: ${text}` : expect.stringMatching(text)));

describe("a damaged file", () => {
  let whole: string;
  let kept: string;
  beforeAll(async () => {
    kept = mkdtempSync(join(tmpdir(), "breakwater-whole-"));
    whole = join(kept, "whole.db");
    await fill({ type: "sqlite", path: whole });
  });
  afterAll(() => rmSync(kept, { recursive: true, force: true }));
  beforeEach(() => copyFileSync(whole, path));

  const DAMAGED = /, 1: The database.* is damaged: .+`db restore`\.$/;

  it("that was cut to half is called damaged, and `db restore` named", async () => {
    truncateSync(path, statSync(path).size / 2);
    const runs = [...USING, backup(), migrating];
    expect(await said(runs)).toEqual(each(runs, DAMAGED));
    expect(readdirSync(folder).filter((name) => name.startsWith("copy"))).toEqual([]);
  });

  it("that was overwritten from the third page on is so, too", async () => {
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xa5, 2 * 8192));
    const runs = [...USING, backup()];
    expect(await said(runs)).toEqual(each(runs, DAMAGED));
  });
});

/** A fresh database of each kind, empty, and what runs SQL on it. */
type Made = { address: string; run(text: string): Promise<void> };

function refusals(make: () => Promise<Made>): void {
  let made: Made;
  beforeEach(async () => {
    made = await make();
    vi.stubEnv("DATABASE_URL", made.address);
  });

  it("of another program is left as it is, by `db migrate` too", async () => {
    await made.run("create table users (id integer)");
    const runs = [...USING, migrating];
    expect(await said(runs)).toEqual(each(runs, /, 1: This is not a database of Breakwater: it has tables/));
    // It would fail if there were tables of ours.
    await made.run("create table incident (id integer)");
  });

  it("that is empty is to be migrated first", async () => {
    expect(await said(USING)).toEqual(
      each(USING, /, 1: This is not a database of Breakwater yet.+`db migrate`/),
    );
  });

  it("of a newer version is left to that", async () => {
    expect((await runCommand(dbCommand, ["migrate"])).code).toBe(0);
    await made.run("insert into kysely_migration (name, timestamp) values ('9999_later', '')");
    const runs = [...USING, migrating];
    expect(await said(runs)).toEqual(
      each(runs, /, 1: The database belongs to a newer version of Breakwater/),
    );
  });

  it("of the first days is refused with what to do", async () => {
    expect((await runCommand(dbCommand, ["migrate"])).code).toBe(0);
    await made.run("delete from kysely_migration where name > '0004'");
    const runs = [...USING, migrating, backup()];
    // A Postgres is backed up by its own tools, whatever it holds.
    expect(await said(runs)).toEqual(
      each(runs, /, 1: (The database was made before .+ Set DATABASE_URL to a new one\.|.*pg_dump)/),
    );
  });

  it("of an older version is to be migrated first", async () => {
    expect((await runCommand(dbCommand, ["migrate"])).code).toBe(0);
    await made.run("delete from kysely_migration where name like '0010%'");
    expect(await said(USING)).toEqual(
      each(USING, /, 1: The database belongs to an older version. Run `db migrate`/),
    );
  });
}

describe("a file", () => {
  refusals(async () => ({
    address: `sqlite:${path}`,
    async run(text) {
      const file = new SQLite(path);
      file.exec(text);
      file.close();
    },
  }));
  // Of nothing there is no file.
  beforeEach(() => writeFileSync(path, ""));

  it("that only Litestream has touched is as good as empty", async () => {
    const file = new SQLite(path);
    file.exec("create table _litestream_seq (id integer)");
    file.close();
    expect((await runCommand(dbCommand, ["migrate"])).code).toBe(0);
  });

  it("of another program is not backed up as ours", async () => {
    const file = new SQLite(path);
    file.exec("create table users (id integer)");
    file.close();
    expect(await said([backup()])).toEqual([expect.stringContaining("This is not a database of Breakwater")]);
    expect(readdirSync(folder)).not.toContain("copy.db");
  });
});

describe("a Postgres", () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  refusals(async () => {
    const address = await server.createDatabase();
    return {
      address,
      async run(text) {
        const client = new pg.Client({ connectionString: address });
        await client.connect();
        await client.query(text);
        await client.end();
      },
    };
  });

  it.each([
    ["refuses connections", () => "postgres://u:p@127.0.0.1:1/b", /ECONNREFUSED/],
    ["has no such database", () => server.url.replace(/[^/]+$/, "nobodys"), /"nobodys" does not exist/],
    ["knows another password", () => server.url.replace(":breakwater@", ":wrong@"), /password/],
  ])("that %s cannot be opened, and why", async (_, address, why) => {
    vi.stubEnv("DATABASE_URL", address());
    const runs = [...USING, migrating];
    const all = await said(runs);
    expect(all).toEqual(
      each(runs, /, 1: The database cannot be opened: .+ DATABASE_URL says which it is\.$/),
    );
    expect(all).toEqual(each(runs, why));
  });
});
