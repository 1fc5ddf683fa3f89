import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { logThread } from "../src/app-logs.ts";
import { readLater } from "../src/app-reads.ts";
import { type Papers, papersOf } from "../src/app-report.ts";
import type { Config } from "../src/config.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./engine/world.ts";
import { type Postgres, startPostgres } from "./harness/postgres.ts";

const ORDERS = { assets: [{ namespace: "snowflake://acme", name: "analytics.core.orders" }] };
const AS_OF = "2026-11-22T04:00:00.000Z";
const FORMATS = ["md", "html", "json", "csv"];

/** INC-1 with a log of some 600 events, and INC-2 with a short one. */
async function fill(database: Config["database"]): Promise<World> {
  const world = await openWorld(database);
  const storm = Array.from({ length: 600 }, (_, n) => alertOn(`check_${n}`, ORDERS));
  await world.ingest(alertOn("orders"), ...storm);
  await world.command("INC-1", { type: "note", text: "the load ran twice", at: null });
  await world.ingest(alertOn("users"));
  return world;
}

/** What becomes of work, and how often everything else in this thread had its turn meanwhile. */
async function turnsWhile<T>(work: Promise<T>): Promise<{ value: T; turns: number }> {
  let isOver = false;
  const value = work.finally(() => {
    isOver = true;
  });
  let turns = 0;
  for (; !isOver; turns += 1) await turn();
  return { value: await value, turns };
}

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describe.each(["sqlite", "postgres"])("what is drawn from a long log, on %s", (type) => {
  let database: Config["database"];
  let world: World;
  let remove = () => {};
  beforeAll(async () => {
    if (type === "sqlite") ({ database, remove } = temporaryFile());
    else database = { type: "postgres", url: postgres.url };
    world = await fill(database);
  });
  afterAll(async () => {
    await world.close();
    remove();
  });

  it("is what it would be here, and is drawn elsewhere", async () => {
    const { reads, report, close } = readLater(database);
    const drawn = (from: Papers) =>
      Promise.all([
        from.story("INC-1"),
        from.timeline("INC-1"),
        from.relations("INC-1", ["none"]),
        ...FORMATS.map((format) => from.report("INC-1", format, AS_OF, "/incident")),
      ]);
    const { value, turns } = await turnsWhile(drawn({ ...papersOf(reads), report }));
    expect(value).toEqual(await drawn(papersOf(world.reads)));
    expect(turns).toBeGreaterThan(10);
    await close();
  });

  it("and what is asked of a short one, or of none, is answered as well", async () => {
    const { reads, report, close } = readLater(database);
    expect(await reads.timeline("INC-2")).toBe(await world.reads.timeline("INC-2"));
    expect(JSON.parse((await reads.timeline("INC-2"))!).entries).toHaveLength(await reads.length("INC-2"));
    expect(await reads.timeline("INC-9")).toBeNull();
    expect(await report("INC-9", "md", AS_OF, "/incident")).toBeNull();
    await close();
  });
});

describe("the thread that reads logs", () => {
  it("tells who waits for it that it is gone, and is another the next time", async () => {
    const { database, remove } = temporaryFile();
    const logs = logThread(database);
    await expect(logs.ask("timeline", ["INC-1"])).rejects.toThrow("cannot be opened");
    const world = await openWorld(database);
    await world.ingest(alertOn("orders"));
    expect(await logs.ask("timeline", ["INC-1"])).toBe(await world.reads.timeline("INC-1"));
    const late = logs.ask("timeline", ["INC-1"]);
    const refused = expect(late).rejects.toThrow("ended");
    await logs.close();
    await refused;
    await world.close();
    remove();
  });
});
