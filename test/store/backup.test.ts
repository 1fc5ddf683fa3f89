import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dbCommand } from "../../src/cli/db.ts";
import { openForReading } from "../../src/store/open.ts";
import { readsOf } from "../../src/store/reads.ts";
import { runCommand } from "../cli/run.ts";
import { alertOn, openWorld } from "../engine/world.ts";
import { faultsIn, fill } from "./filled.ts";

let folder: string;
let path: string;
const database = () => ({ type: "sqlite", path }) as const;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "breakwater-backup-"));
  path = join(folder, "breakwater.db");
  vi.stubEnv("DATABASE_URL", `sqlite:${path}`);
  vi.stubEnv("BREAKWATER_CONFIG", undefined);
  await fill(database());
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const db = (...args: string[]) => runCommand(dbCommand, args);
const incidents = async (file = path) => {
  const reading = openForReading({ type: "sqlite", path: file });
  const { incidents } = await readsOf(reading).list({}, 100, null);
  await reading.destroy();
  return incidents.length;
};

describe("db backup", () => {
  it("makes a whole copy beside a bot that goes on writing", async () => {
    const world = await openWorld(database());
    let writing = true;
    let sent = 0;
    const bot = (async () => {
      while (writing) {
        world.advance(1000);
        await world.ingest(alertOn(`t${sent++}`, { description: "x".repeat(2000) }));
      }
    })();
    while (sent < 50) await new Promise((go) => setImmediate(go));
    const copy = join(folder, "copies", "today.db");
    const before = sent;
    const said = await db("backup", copy);
    expect(said).toMatchObject({
      code: 0,
      out: expect.stringMatching(/is a whole copy, and was checked: \d{5,} bytes/),
    });
    writing = false;
    await bot;
    await world.close();
    expect(readdirSync(join(folder, "copies"))).toEqual(["today.db"]);
    expect(await faultsIn({ type: "sqlite", path: copy })).toEqual([]);
    expect(await incidents(copy)).toBeGreaterThanOrEqual(before);
    expect(await faultsIn(database())).toEqual([]);
  });

  it("says of a place that cannot be written that it is that, leaves nothing there, and is no less a backup elsewhere", async () => {
    writeFileSync(join(folder, "file"), "");
    for (const to of [join(folder, "file", "b.db"), "/proc/b.db", ""]) {
      const { code, err } = await db("backup", to);
      expect([code, err]).toEqual([1, expect.stringMatching(/cannot be written: .+ Name a file|is empty/)]);
      expect(err).not.toContain("DATABASE_URL");
    }
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it("overwrites nothing, and says so where there is no database", async () => {
    const copy = join(folder, "copy.db");
    writeFileSync(copy, "mine");
    expect(await db("backup", copy)).toMatchObject({
      code: 1,
      err: expect.stringContaining("exists already"),
    });
    expect(await db("backup", path)).toMatchObject({
      code: 1,
      err: expect.stringContaining("exists already"),
    });
    vi.stubEnv("DATABASE_URL", `sqlite:${folder}/none.db`);
    expect(await db("backup", join(folder, "b.db"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("no database at"),
    });
  });
});

describe("db restore", () => {
  let copy: string;
  beforeEach(async () => {
    copy = join(folder, "copy.db");
    await db("backup", copy);
    const world = await openWorld(database());
    await world.ingest(alertOn("later"));
    await world.close();
  });

  it("puts a backup in place, keeps what was there, and both are whole", async () => {
    expect(await incidents()).toBe(4);
    const said = await db("restore", copy);
    expect(said).toMatchObject({ code: 0, err: "" });
    const kept = /kept as (\S+)\. /.exec(said.out)![1]!;
    expect([await incidents(), await incidents(kept)]).toEqual([3, 4]);
    expect([await faultsIn(database()), await faultsIn({ type: "sqlite", path: kept })]).toEqual([[], []]);
    expect((await db("audit")).out).toMatch(/ {2}restored {2}cli:\w+ {2}/);
    expect(existsSync(copy)).toBe(true);
  });

  it("goes on from there", async () => {
    await db("restore", copy);
    const world = await openWorld(database());
    expect(await world.ingest(alertOn("new"))).toMatchObject([{ outcome: "opened", incident: "INC-4" }]);
    await world.close();
    expect(await faultsIn(database())).toEqual([]);
  });

  it("refuses while the bot runs on it", async () => {
    const world = await openWorld(database());
    expect(await db("restore", copy)).toMatchObject({
      code: 1,
      err: expect.stringContaining("Stop the bot"),
    });
    await world.close();
    expect(await incidents()).toBe(4);
  });

  it.each([
    ["beside the file", () => {}],
    ["of a file that is gone", () => rmSync(path)],
  ])("never mixes in a journal that was left %s", async (_, make) => {
    const killed = new SQLite(path);
    killed.pragma("wal_autocheckpoint = 0");
    killed.exec("update counter set value = value + 7");
    const journal = readFileSync(`${path}-wal`);
    killed.close();
    make();
    writeFileSync(`${path}-wal`, journal);
    expect((await db("restore", copy)).err).toBe("");
    expect(await incidents()).toBe(3);
    expect(await faultsIn(database())).toEqual([]);
  });

  it("takes the place of one that is damaged beyond opening", async () => {
    writeFileSync(path, "no database at all".repeat(1000));
    expect((await db("restore", copy)).code).toBe(0);
    expect(await incidents()).toBe(3);
  });

  it("takes the place of none", async () => {
    rmSync(path);
    expect((await db("restore", copy)).out).not.toContain("kept");
    expect(await incidents()).toBe(3);
  });

  const wrong: [string, (file: string) => void, string][] = [
    ["is not there", () => {}, "There is no file"],
    [
      "is no database",
      (file) => writeFileSync(file, "hello ".repeat(5000)),
      "is damaged (file is not a database)",
    ],
    [
      "is somebody else's",
      (file) => new SQLite(file).exec("create table t (x)").close(),
      "is not a database of Breakwater",
    ],
    ["is cut off", (file) => cutOff(file), "is damaged"],
    ["is of a newer version", (file) => newer(file), "is of a newer version of Breakwater (0999_future)"],
  ];
  it.each(wrong)("refuses a file that %s, and leaves everything as it was", async (_, make, says) => {
    const file = join(folder, "given.db");
    make(file);
    expect(await db("restore", file)).toMatchObject({ code: 1, err: expect.stringContaining(says) });
    expect(await incidents()).toBe(4);
    expect(readdirSync(folder).filter((name) => name.includes("restoring"))).toEqual([]);
  });

  function cutOff(file: string) {
    const source = new SQLite(copy, { readonly: true });
    const bytes = source.serialize();
    source.close();
    writeFileSync(file, bytes.subarray(0, bytes.length - 3 * 4096));
  }
  function newer(file: string) {
    const source = new SQLite(copy, { readonly: true });
    writeFileSync(file, source.serialize());
    source.close();
    new SQLite(file).exec("insert into kysely_migration values ('0999_future', '2030-01-01')").close();
  }
});

it("names the tools of Postgres where the database is one", async () => {
  vi.stubEnv("DATABASE_URL", "postgres://u:p@127.0.0.1:1/b");
  expect((await db("backup", "x")).err).toContain("pg_dump --format=custom");
  expect((await db("restore", "x")).err).toContain("pg_restore --clean");
});

describe("db verify, audit and prune", () => {
  it("say what they found, and end in an error where something is wrong", async () => {
    expect(await db("verify")).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^3 incidents, 4 signals, 1 act of administration, \d+ working rows: every chain/,
      ),
    });
    const file = new SQLite(path);
    file.exec("update incident set severity = 'SEV4' where key = 'INC-1'");
    file.close();
    expect(await db("verify")).toMatchObject({ code: 1, err: expect.stringContaining("INC-1, incident: ") });
    expect((await db("audit")).out).toMatch(
      /^1 {2}\S+Z {2}migrated {2}bot {2}\{"ran":\[.*\]\} {2}[0-9a-f]{64}\n$/,
    );
    expect((await db("prune", "--dry-run")).out).toContain("signals");
    expect((await db("prune")).out).toMatch(/gone|Nothing/);
  });
});
