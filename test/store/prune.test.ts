import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Config } from "../../src/config.ts";
import type { Retention } from "../../src/engine/retention.ts";
import { cutoffs } from "../../src/engine/retention.ts";
import { acts } from "../../src/store/audit.ts";
import { ledgerOf } from "../../src/store/ledger.ts";
import { type Database, openForWriting } from "../../src/store/open.ts";
import { countDue, pruneAll } from "../../src/store/prune.ts";
import { alertOn, openWorld, temporaryFile } from "../engine/world.ts";
import { type Postgres, startPostgres } from "../harness/postgres.ts";
import { faultsIn, fill } from "./filled.ts";

const DAY = 86_400_000;
const KEPT: Retention = {
  signals: 90 * DAY,
  changes: 365 * DAY,
  deliveries: 30 * DAY,
  answers: 30 * DAY,
  lineage: 365 * DAY,
};
const NOW = "2027-02-22T12:00:00.000Z";

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

it("counts in whole days, and never where it is off", () => {
  expect(cutoffs({ ...KEPT, signals: DAY, changes: null }, NOW)).toEqual({
    signals: "2027-02-21T00:00:00.000Z",
    changes: null,
    deliveries: "2027-01-23T00:00:00.000Z",
    answers: "2027-01-23T00:00:00.000Z",
    lineage: "2026-02-22T00:00:00.000Z",
  });
});

describe.each(["sqlite", "postgres"] as const)("retention on %s", (type) => {
  let place: ReturnType<typeof temporaryFile> | null = null;
  let database: Config["database"];
  let db: Database;
  beforeEach(async () => {
    place = type === "sqlite" ? temporaryFile() : null;
    database = place?.database ?? { type: "postgres", url: await postgres.createDatabase() };
    await fill(database);
    const world = await openWorld(database);
    for (let day = 0; day < 5; day++) {
      world.advance(20 * DAY);
      await world.ingest(alertOn(`day${day}`));
    }
    await world.close();
    db = openForWriting(database);
  });
  afterEach(async () => {
    await db.destroy();
    place?.remove();
  });
  const count = async (
    table: "signal" | "signal_batch" | "change" | "outbox" | "processed" | "lineage_version",
  ) => {
    const { n } = await db
      .selectFrom(table)
      .select((e) => e.fn.countAll<number>().as("n"))
      .executeTakeFirstOrThrow();
    return Number(n);
  };

  it("takes what is too old, keeps the rest, and the proofs of it", async () => {
    const replies = Number(
      (
        await db
          .selectFrom("outbox")
          .select((e) => e.fn.countAll<number>().as("n"))
          .where("kind", "in", ["reply", "file"])
          .where("state", "=", "done")
          .executeTakeFirstOrThrow()
      ).n,
    );
    const before = { signals: await count("signal"), outbox: await count("outbox") };
    expect(replies).toBeGreaterThan(3);
    expect(await countDue(db, KEPT, NOW)).toEqual({
      signals: 4,
      changes: 0,
      deliveries: replies,
      answers: 1,
      lineage: 0,
    });
    expect(await pruneAll(db, KEPT, NOW)).toBe(5 + replies);
    expect(await count("signal")).toBe(before.signals - 4);
    expect(await count("outbox")).toBe(before.outbox - replies);
    expect(await faultsIn(database)).toEqual([]);
    expect(await pruneAll(db, KEPT, NOW)).toBe(0);
    const year = "2028-03-01T00:00:00.000Z";
    await pruneAll(db, KEPT, year);
    // The newest link stays, as the next continues it; so does the lineage in force.
    expect([await count("signal_batch"), await count("change"), await count("lineage_version")]).toEqual([
      1, 0, 1,
    ]);
    expect(await faultsIn(database)).toEqual([]);
  });

  it("goes in steps, is whole after each of them, and writes one line a day", async () => {
    const before = cutoffs(KEPT, NOW);
    let steps = 0;
    while ((await db.transaction().execute((trx) => ledgerOf(trx).prune(before, 1))) > 0) {
      steps++;
      expect(await faultsIn(database)).toEqual([]);
    }
    expect(steps).toBeGreaterThan(3);
    const said = (await acts(db)).filter(({ act }) => act === "retention");
    expect(said.map(({ details }) => details)).toEqual([
      { before, signals: { through: 2, lastId: 4, hash: expect.any(String) } },
    ]);
  });

  it("is no cover for taking more, nor for taking from the middle", async () => {
    await pruneAll(db, KEPT, NOW);
    const remove = async (id: number, seq: number) => {
      await db
        .insertInto("log_permit")
        .values([{ log: "signal" }, { log: "signal_batch" }])
        .execute();
      await db.deleteFrom("signal").where("id", "<=", id).execute();
      await db.deleteFrom("signal_batch").where("seq", "<=", seq).execute();
      await db.deleteFrom("log_permit").execute();
    };
    await remove(6, 4);
    expect((await faultsIn(database)).join()).toMatch(/^signals 5 to 7: the chain of hashes breaks here/);
  });

  it("lets the bot go on, and alerts be known that came before", async () => {
    await pruneAll(db, KEPT, NOW);
    const world = await openWorld(database);
    world.advance(101 * DAY);
    expect(await world.ingest(alertOn("day4"))).toMatchObject([{ outcome: "deduplicated" }]);
    await world.close();
    expect(await faultsIn(database)).toEqual([]);
  });
});
