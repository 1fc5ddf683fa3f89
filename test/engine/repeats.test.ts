/** An alert that comes again and says nothing new: counted, kept in the log, and written nowhere anew. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Config } from "../../src/config.ts";
import type { Command } from "../../src/core/incident/command.ts";
import { replayReadsOf } from "../../src/store/replay-reads.ts";
import { type Postgres, startPostgres } from "../harness/postgres.ts";
import { faultsIn } from "../store/filled.ts";
import { alertOn, ana, openWorld, temporaryFile, type World } from "./world.ts";

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describe.each(["sqlite", "postgres"] as const)("on %s", (type) => {
  let place: ReturnType<typeof temporaryFile> | null = null;
  let database: Config["database"];
  let world: World;
  async function open(): Promise<void> {
    place = type === "sqlite" ? temporaryFile() : null;
    database = place?.database ?? { type: "postgres", url: await postgres.createDatabase() };
    world = await openWorld(database);
  }
  afterEach(async () => {
    await world.close();
    place?.remove();
  });

  const bodies = async () =>
    (await world.readDb.selectFrom("signal").select("body").orderBy("id").execute()).map(({ body }) => body);
  const rowOf = async () => world.readDb.selectFrom("incident_alert").selectAll().executeTakeFirstOrThrow();

  it("is counted and seen when it was last heard, though its row stays as it was", async () => {
    await open();
    await world.ingest(alertOn("orders"));
    const written = await rowOf();
    for (let n = 0; n < 3; n++) {
      world.advance(60_000);
      expect(await world.ingest(alertOn("orders"))).toMatchObject([
        { outcome: "deduplicated", incident: "INC-1" },
      ]);
    }
    expect(await rowOf()).toEqual(written);
    const [alert] = await world.reads.alerts("INC-1", 10);
    expect(alert).toMatchObject({ count: 4, lastSeenAt: world.now(), status: "firing" });
    expect(await faultsIn(database)).toEqual([]);
  });

  it("is kept in the log as what it repeats, also within one batch, and read in full", async () => {
    await open();
    await world.ingest(alertOn("orders"), alertOn("orders"), alertOn("users"), alertOn("orders"));
    await world.ingest(alertOn("users"));
    const [orders, again, users, third, usersAgain] = await bodies();
    expect([again, third, usersAgain]).toEqual(['{"as":1}', '{"as":1}', '{"as":3}']);
    expect(JSON.parse(orders!)).toEqual(alertOn("orders"));
    expect(JSON.parse(users!)).toEqual(alertOn("users"));
    const logged = await replayReadsOf(world.readDb).signals(2, 6, 10);
    expect(logged.map(({ signal }) => signal.dedupKey)).toEqual([
      "test.orders",
      "test.users",
      "test.orders",
      "test.users",
    ]);
    expect(await faultsIn(database)).toEqual([]);
  });

  it("counts all of it once something new is said, and goes on from there", async () => {
    await open();
    await world.ingest(alertOn("orders"), alertOn("orders"), alertOn("orders"));
    await world.ingest(alertOn("orders", { title: "12 rows are null now" }));
    await world.ingest(alertOn("orders", { title: "12 rows are null now" }));
    const [alert] = await world.reads.alerts("INC-1", 10);
    expect(alert).toMatchObject({ count: 5, title: "12 rows are null now" });
    await world.ingest(alertOn("orders", { status: "resolved" }));
    expect((await world.reads.alerts("INC-1", 10))[0]).toMatchObject({ count: 5, status: "resolved" });
    expect((await bodies()).filter((body) => body.startsWith('{"as":')).length).toBe(3);
    expect(await faultsIn(database)).toEqual([]);
  });

  it("is written in full once a day, as retention takes whole days away", async () => {
    await open();
    await world.ingest(alertOn("orders"));
    world.advance(24 * 3_600_000);
    await world.ingest(alertOn("orders"));
    await world.ingest(alertOn("orders"));
    expect((await bodies()).map((body) => body.startsWith('{"as":'))).toEqual([false, false, true]);
    expect((await bodies())[2]).toBe('{"as":2}');
  });

  it("stays counted in an incident that it has left for another", async () => {
    await open();
    await world.ingest(alertOn("orders"));
    for (let n = 0; n < 3; n++) {
      world.advance(60_000);
      await world.ingest(alertOn("orders"));
    }
    const last = world.now();
    await world.command("INC-1", { type: "cancel", reason: "known" });
    world.advance(48 * 3_600_000);
    expect(await world.ingest(alertOn("orders"))).toMatchObject([{ incident: "INC-2" }]);
    expect(await world.reads.alerts("INC-1", 10)).toMatchObject([{ count: 4, lastSeenAt: last }]);
    expect(await world.reads.alerts("INC-2", 10)).toMatchObject([{ count: 1, lastSeenAt: world.now() }]);
    expect(await faultsIn(database)).toEqual([]);
  });

  it("takes its count along when a person moves it", async () => {
    await open();
    await world.ingest(alertOn("orders"), alertOn("users"), alertOn("users"), alertOn("users"));
    const [users] = await world.reads.alerts("INC-2", 10);
    await world.command("INC-2", { type: "merge_into", into: "INC-1", reason: "one load" });
    const moved = (await world.reads.alerts("INC-1", 10)).find(
      (each) => each.fingerprint === users!.fingerprint,
    );
    expect([users!.count, moved!.count]).toEqual([3, 3]);
    expect(await faultsIn(database)).toEqual([]);
  });
});

/** What may happen to a few alerts, in any order; what comes together is one batch. */
const DEEDS = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        deed: fc.constant("alerts" as const),
        alerts: fc.array(
          fc.record({
            table: fc.constantFrom("orders", "users", "payments"),
            test: fc.constantFrom("not_null", "unique"),
            status: fc.constantFrom("firing", "firing", "firing", "resolved" as const),
            words: fc.constantFrom("failed", "failed", "failed badly"),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        /** Somebody speaks to an incident between these alerts and the same once more. */
        between: fc.option(
          fc.record({ incident: fc.integer({ min: 1, max: 4 }), command: fc.constantFrom(...commands()) }),
        ),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ deed: fc.constant("wait" as const), minutes: fc.constantFrom(1, 10, 1500) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        deed: fc.constant("silence" as const),
        table: fc.constantFrom("orders", "users"),
      }),
    },
    { weight: 1, arbitrary: fc.record({ deed: fc.constant("restart" as const) }) },
  ),
  { minLength: 3, maxLength: 20 },
);
type Deeds = typeof DEEDS extends fc.Arbitrary<infer Value> ? Value : never;

function commands(): Command[] {
  return [
    { type: "acknowledge" },
    { type: "resolve", text: "mended" },
    { type: "cancel", reason: "known" },
    { type: "reopen", reason: "again" },
    { type: "merge_into", into: "INC-1", reason: "one load" },
  ];
}

/**
 * Does all of it, and tells what became of it. With `nonce` each alert has a label that no other has, which means nothing to
 * any rule: it is news then, and placed by all of them.
 */
async function tellOf(deeds: Deeds, nonce: boolean): Promise<object> {
  const place = temporaryFile();
  const world = await openWorld(place.database, "C1", { flapping: { changes: 4 } });
  let sent = 0;
  const told: unknown[] = [];
  const hear = async (answers: Promise<unknown>[]) =>
    told.push(
      (await Promise.allSettled(answers)).map((each) =>
        each.status === "fulfilled" ? each.value : each.reason.message,
      ),
    );
  for (const deed of deeds) {
    if (deed.deed === "wait") world.advance(deed.minutes * 60_000);
    else if (deed.deed === "restart") await world.restart();
    else if (deed.deed === "silence")
      await world.engine.silence({
        ask: { type: "silence", matcher: `asset=*.${deed.table}`, lengthMs: 1_200_000, reason: "backfill" },
        ...{ incident: null, channel: "C1", actor: ana, via: "slash", permalink: null, idempotencyKey: null },
      });
    else {
      const signals = () =>
        deed.alerts.map(({ table, test, status, words }) =>
          alertOn(table, {
            dedupKey: `${test}.${table}`,
            title: `${test} on ${table} ${words}`,
            status,
            labels: nonce ? { nonce: String(sent++) } : {},
          }),
        );
      const { between } = deed;
      const said = between
        ? [world.command(`INC-${between.incident}`, between.command).then(() => "done")]
        : [];
      await hear([world.ingest(...signals()), ...said, world.ingest(...signals())]);
    }
  }
  const incidents = await world.readDb
    .selectFrom("incident")
    .select(["key", "phase"])
    .orderBy("key")
    .execute();
  const counts = await world.readDb
    .selectFrom("alert")
    .select(["fingerprint", "status", "incident", "count", "last_seen_at"])
    .orderBy("fingerprint")
    .execute();
  const listed = [];
  for (const { key } of incidents)
    listed.push(
      (await world.reads.alerts(key, 100))
        .map(({ fingerprint, title, status, count, lastSeenAt }) => ({
          key,
          fingerprint,
          title,
          status,
          count,
          lastSeenAt,
        }))
        .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
    );
  const faults = await faultsIn(place.database);
  await world.close();
  place.remove();
  return { told, incidents, counts, listed, faults };
}

it("comes to the same as if all the rules had been asked", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(DEEDS, async (deeds) => {
      const short = await tellOf(deeds, false);
      expect(short).toEqual(await tellOf(deeds, true));
      expect(short).toMatchObject({ faults: [] });
    }),
    { numRuns: 40 },
  );
});
