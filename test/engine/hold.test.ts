import { describe, expect, test } from "vitest";
import type { Config } from "../../src/config.ts";
import { fold } from "../../src/core/incident/state.ts";
import type { AlertSignal } from "../../src/core/signal/alert.ts";
import type { SilenceAsk } from "../../src/core/verb/verb.ts";
import { faultsOf } from "../store/filled.ts";
import { alertOn, ana, openWorld, temporaryFile, type World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A world over a database of its own, closed and removed when the test is over. */
async function inWorld(
  play: (world: World) => Promise<void>,
  routing: Config["routing"] = {},
  grouping: object = {},
): Promise<void> {
  const file = temporaryFile();
  const world = await openWorld(file.database, "C1", grouping, routing);
  try {
    await play(world);
  } finally {
    await world.close();
    file.remove();
  }
}

const ask = (world: World, silence: SilenceAsk, incident: string | null = null, key: string | null = null) =>
  world.engine.silence({
    ask: silence,
    incident,
    channel: "C1",
    actor: ana,
    via: "slash",
    permalink: null,
    idempotencyKey: key,
  });
const forTwoHours = (matcher: string): SilenceAsk => ({
  type: "silence",
  matcher,
  lengthMs: 2 * HOUR,
  reason: "backfill is running",
});
const passed = (table: string, changes: Partial<AlertSignal> = {}) =>
  alertOn(table, { status: "resolved", ...changes });

async function counts(world: World, key: string) {
  const { alerts } = (await world.reads.state(key))!;
  return alerts;
}
const held = async (world: World) =>
  (await world.reads.silences()).held.map(({ title, incident, holder }) => ({ title, incident, holder }));
const outbox = (world: World, kind: string) =>
  world.readDb
    .selectFrom("outbox")
    .select(["incident", "payload", "channel"])
    .where("kind", "=", kind)
    .execute();

describe("a silence", () => {
  test("holds an alert: it is stored and listed, and opens nothing", () =>
    inWorld(async (world) => {
      const { silence } = await ask(world, forTwoHours("asset=*.orders"));
      const [outcome] = await world.ingest(alertOn("orders"));
      expect(outcome).toMatchObject({ outcome: "silenced", incident: null });
      expect(outcome!.reason).toContain(
        "silenced by Ana Diaz until 22 Nov 2026 05:00 UTC (S-1, asset=*.orders)",
      );
      expect(await world.reads.state("INC-1")).toBeNull();
      expect(await held(world)).toEqual([
        { title: "not_null on orders failed", incident: null, holder: silence.id },
      ]);
      expect((await world.ingest(alertOn("customers")))[0]!.outcome).toBe("opened");
    }));

  test("counts what would have joined an open incident on that incident", () =>
    inWorld(async (world) => {
      await world.ingest(alertOn("orders"));
      await ask(world, forTwoHours("title=unique*"));
      const [outcome] = await world.ingest(
        alertOn("orders", { dedupKey: "unique", title: "unique on orders failed" }),
      );
      expect(outcome).toMatchObject({ outcome: "silenced", incident: "INC-1" });
      expect(await counts(world, "INC-1")).toEqual({ total: 1, firing: 1, resolved: 0, held: 1 });
      const listed = await world.reads.alerts("INC-1", 10);
      expect(listed.map((alert) => alert.outcome)).toEqual(["opened", "silenced"]);
    }));

  test("holds no pass, and an alert that passes while it is held is held no more", () =>
    inWorld(async (world) => {
      await world.ingest(alertOn("orders"));
      await ask(world, forTwoHours("source=dbt"));
      expect((await world.ingest(passed("orders")))[0]).toMatchObject({
        outcome: "resolved",
        incident: "INC-1",
      });
      expect((await world.ingest(alertOn("orders")))[0]).toMatchObject({
        outcome: "silenced",
        incident: "INC-1",
      });
      expect(await counts(world, "INC-1")).toEqual({ total: 1, firing: 0, resolved: 1, held: 1 });
      expect((await world.ingest(passed("orders")))[0]!.outcome).toBe("resolved");
      expect(await counts(world, "INC-1")).toEqual({ total: 1, firing: 0, resolved: 1, held: 0 });
      expect(await held(world)).toEqual([]);
    }));

  test("is no end: of what it holds an earlier start is heard, and told the moment that nothing holds it", () =>
    inWorld(async (world) => {
      await ask(world, forTwoHours("asset=*.orders"));
      await world.ingest(alertOn("orders", { startsAt: "2026-11-22T02:00:00.000Z" }));
      const earlier = alertOn("orders", { startsAt: "2026-11-22T01:30:00.000Z" });
      expect((await world.ingest(earlier))[0]!.outcome).toBe("silenced");
      world.advance(MINUTE);
      await ask(world, { type: "unsilence", id: "S-1", reason: null });
      await world.submit({ type: "tick", now: world.now() });
      expect(await held(world)).toEqual([]);
      expect(await world.reads.state("INC-1")).toMatchObject({ startedAt: "2026-11-22T01:30:00.000Z" });
    }));

  test("of a firing between two runs that passed lets them count anew all the same", () =>
    inWorld(
      async (world) => {
        const asked = async () =>
          (await world.reads.events("INC-1")).some(({ body }) => body.type === "checks_passed");
        const run = (status: "firing" | "resolved", hour: number) =>
          world.ingest(alertOn("orders", { status, observedAt: `2026-11-22T0${hour}:00:00.000Z` }));
        await run("firing", 1);
        await run("resolved", 2);
        await ask(world, forTwoHours("source=dbt"));
        expect((await run("firing", 3))[0]!.outcome).toBe("silenced");
        await run("resolved", 4);
        expect(await asked()).toBe(false);
        await run("resolved", 5);
        expect(await asked()).toBe(true);
      },
      { routes: [{ name: "nightly", match: "source=dbt", passes: 2 }] },
    ));

  test("tells what still fires when it ends by the clock, and lays itself down", () =>
    inWorld(async (world) => {
      await ask(world, forTwoHours("source=dbt"));
      const heardAt = world.now();
      await world.ingest(alertOn("orders"), alertOn("customers"));
      await world.ingest(passed("customers"));
      world.advance(2 * HOUR - 1);
      await world.engine.tick();
      expect(await world.reads.state("INC-1")).toBeNull();
      world.advance(1);
      await world.engine.tick();
      expect(await counts(world, "INC-1")).toEqual({ total: 1, firing: 1, resolved: 0, held: 0 });
      // The data was wrong all the while; noticed is when people were told.
      const { startedAt, detectedAt, assets } = (await world.reads.state("INC-1"))!;
      expect([startedAt, detectedAt]).toEqual([heardAt, world.now()]);
      expect([...assets.values()].map(({ downtime }) => downtime)).toEqual([[{ from: heardAt, to: null }]]);
      const { silences, held } = await world.reads.silences();
      expect([silences, held]).toEqual([[], []]);
    }));

  test("tells what still fires at once where a person ends it, in the incident it belongs to", () =>
    inWorld(async (world) => {
      await world.ingest(alertOn("orders"));
      await ask(world, forTwoHours("title=unique*"));
      await world.ingest(alertOn("orders", { dedupKey: "unique", title: "unique on orders failed" }));
      await ask(world, { type: "unsilence", id: "S-1", reason: "done" });
      expect(await counts(world, "INC-1")).toEqual({ total: 2, firing: 2, resolved: 0, held: 0 });
      await expect(ask(world, { type: "unsilence", id: "S-1", reason: null })).rejects.toThrow(
        "No silence S-1 is under way",
      );
    }));

  test("holds over a restart, also what it held before", () =>
    inWorld(async (world) => {
      await ask(world, forTwoHours("source=dbt"));
      await world.ingest(alertOn("orders"));
      await world.restart();
      expect((await world.ingest(alertOn("customers")))[0]!.outcome).toBe("silenced");
      world.advance(3 * HOUR);
      await world.restart();
      await world.engine.tick();
      expect((await world.reads.list({ open: true }, 10, null)).incidents).toHaveLength(2);
    }));

  test("is extended, and says before it ends that it does, once", () =>
    inWorld(async (world) => {
      await world.ingest(alertOn("orders"));
      await ask(world, forTwoHours("source=airflow"), "INC-1");
      await ask(world, { type: "extend", id: "S-1", byMs: HOUR, reason: null });
      const told = async () =>
        (await outbox(world, "reply")).filter(({ payload }) => payload.includes("ends in")).length;
      world.advance(2.8 * HOUR);
      await world.engine.tick();
      await world.engine.tick();
      expect(await told()).toBe(1);
      const events = await world.reads.events("INC-1");
      expect(events.filter(({ body }) => body.type === "silence_set")).toHaveLength(2);
    }));

  test("tells at its end what it held as it was heard, and `db verify` misses no signal for that", () =>
    inWorld(async (world) => {
      await ask(world, forTwoHours("asset=*orders"));
      await world.ingest(alertOn("orders"));
      const heard = world.now();
      world.advance(3 * HOUR);
      await world.engine.tick();
      expect((await counts(world, "INC-1")).firing).toBe(1);
      const row = await world.readDb.selectFrom("alert").select(["last_seen_at", "count"]).executeTakeFirst();
      expect(row).toEqual({ last_seen_at: heard, count: 1 });
      expect(await faultsOf(world.readDb)).toEqual([]);
    }));

  test("asked for outside a thread is told in the channel, and its end too", () =>
    inWorld(async (world) => {
      await ask(world, forTwoHours("source=dbt"));
      world.advance(1.8 * HOUR);
      await world.engine.tick();
      const notices = await outbox(world, "notice");
      expect(notices.map(({ incident, channel }) => [incident, channel])).toEqual([
        ["S-1", "C1"],
        ["S-1", "C1"],
      ]);
      expect(notices[1]!.payload).toContain("ends in 12 min");
      // Such a notice is of no incident, and nothing is wrong with that.
      expect(await faultsOf(world.readDb)).toEqual([]);
    }));

  test("asked for twice by one click is one", () =>
    inWorld(async (world) => {
      const first = await ask(world, forTwoHours("source=dbt"), null, "click-1");
      expect(await ask(world, forTwoHours("source=dbt"), null, "click-1")).toEqual(first);
      expect((await world.reads.silences()).silences).toHaveLength(1);
    }));

  test("that is refused takes no number and changes nothing", () =>
    inWorld(async (world) => {
      const tooShort: SilenceAsk = { type: "silence", matcher: "source=dbt", lengthMs: 1, reason: "x" };
      await expect(ask(world, tooShort)).rejects.toThrow("lasts 1m at least");
      expect((await ask(world, forTwoHours("source=dbt"))).silence.id).toBe("S-1");
    }));

  test("of more alerts than one transaction takes lets them all go", () =>
    inWorld(async (world) => {
      await ask(world, forTwoHours("source=dbt"));
      const many = Array.from({ length: 1200 }, (_, i) => alertOn("orders", { dedupKey: `test.${i}` }));
      await world.ingest(...many);
      expect((await world.reads.silences()).counts.get("S-1")).toBe(1200);
      world.advance(2 * HOUR);
      await world.engine.tick();
      expect(await counts(world, "INC-1")).toEqual({ total: 1200, firing: 1200, resolved: 0, held: 0 });
    }));
});

describe("a maintenance window", () => {
  const windows = {
    maintenance: [
      { name: "migration", match: "source=dbt", from: "2026-11-22T03:00:00Z", to: "2026-11-22T04:00:00Z" },
    ],
  };
  test("holds what fits until it is over, and never a pass", () =>
    inWorld(async (world) => {
      const [outcome] = await world.ingest(alertOn("orders"));
      expect(outcome).toMatchObject({ outcome: "silenced", incident: null });
      expect(outcome!.reason).toContain("maintenance “migration” until 22 Nov 2026 04:00 UTC");
      await world.ingest(alertOn("customers"));
      await world.ingest(passed("customers"));
      world.advance(HOUR);
      await world.engine.tick();
      expect((await world.reads.state("INC-1"))!.title).toBe("not_null on orders failed");
      expect(await world.reads.state("INC-2")).toBeNull();
    }, windows));
});

describe("inhibition", () => {
  const rules = {
    // biome-ignore lint/suspicious/noThenProperty: it is the word in the file.
    inhibit: [{ name: "platform down", when: "source=cloudwatch", then: "source=dbt" }],
  };
  const platform = (changes: Partial<AlertSignal> = {}) =>
    alertOn("platform", {
      source: "cloudwatch",
      dedupKey: "cluster",
      title: "The cluster is down",
      assets: [],
      ...changes,
    });

  test("holds alerts while another fires, counts them on its incident, and tells them when it resolves", () =>
    inWorld(async (world) => {
      await world.ingest(platform());
      const [outcome] = await world.ingest(alertOn("orders"));
      expect(outcome).toMatchObject({ outcome: "inhibited", incident: "INC-1" });
      expect(outcome!.reason).toBe("rule “platform down”: “The cluster is down” fires");
      expect((await counts(world, "INC-1")).held).toBe(1);
      await world.ingest(platform({ status: "resolved" }));
      expect((await counts(world, "INC-1")).held).toBe(0);
      expect((await world.reads.state("INC-2"))!.title).toBe("not_null on orders failed");
    }, rules));

  test("does not depend on the order within a request", () =>
    inWorld(async (world) => {
      const outcomes = await world.ingest(alertOn("orders"), platform());
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(["inhibited", "opened"]);
    }, rules));

  test("hears nothing anew from what a sender delivers again", () =>
    inWorld(async (world) => {
      const fired = platform({ deliveryId: "d1" });
      const passed = platform({ deliveryId: "d2", status: "resolved" });
      await world.ingest(fired);
      await world.ingest(passed);
      await world.ingest(fired);
      expect((await world.ingest(alertOn("orders")))[0]!.outcome).toBe("opened");
      await world.ingest(platform({ deliveryId: "d3" }));
      await world.ingest(passed);
      expect((await world.ingest(alertOn("refunds")))[0]!.outcome).toBe("inhibited");
    }, rules));

  test("of an alert that came a moment before, and that nobody has seen, holds it too", () =>
    inWorld(
      async (world) => {
        await world.ingest(alertOn("orders"), alertOn("customers"));
        world.advance(2000);
        await world.ingest(platform());
        await world.engine.tick();
        const open = (await world.reads.list({ open: true }, 10, null)).incidents;
        expect(open.map(({ title }) => title)).toEqual(["The cluster is down"]);
        expect(await counts(world, open[0]!.key)).toEqual({ total: 1, firing: 1, resolved: 0, held: 2 });
        await world.ingest(platform({ status: "resolved" }));
        expect((await world.reads.list({ open: true }, 10, null)).incidents).toHaveLength(3);
      },
      rules,
      { wait: "5s" },
    ));

  test("of all that an incident has takes along what a silence held there", () =>
    inWorld(
      async (world) => {
        await world.ingest(alertOn("orders"));
        await ask(world, forTwoHours("title=unique*"));
        await world.ingest(alertOn("orders", { dedupKey: "unique", title: "unique on orders failed" }));
        expect((await counts(world, "INC-1")).held).toBe(1);
        await world.ingest(platform());
        await world.engine.tick();
        expect((await world.reads.state("INC-1"))!.mergedInto).toBe("INC-2");
        expect((await counts(world, "INC-1")).held).toBe(0);
        expect((await counts(world, "INC-2")).held).toBe(2);
        expect((await held(world)).map(({ incident, holder }) => [incident, holder])).toEqual(
          expect.arrayContaining([
            ["INC-2", "S-1"],
            ["INC-2", "platform down"],
          ]),
        );
        expect(await faultsOf(world.readDb)).toEqual([]);
      },
      rules,
      { wait: "5s" },
    ));

  test("keeps what is known of an alert that came a moment before, and `db verify` finds all in order", () =>
    inWorld(
      async (world) => {
        const before = world.now();
        await world.ingest(alertOn("orders"));
        world.advance(2000);
        await world.ingest(platform());
        world.advance(1000);
        await world.engine.tick();
        expect(await held(world)).toMatchObject([{ title: "not_null on orders failed" }]);
        const row = await world.readDb
          .selectFrom("alert")
          .select(["first_seen_at", "last_seen_at", "count"])
          .where("source", "=", "dbt")
          .executeTakeFirst();
        expect(row).toEqual({ first_seen_at: before, last_seen_at: before, count: 1 });
        expect(await faultsOf(world.readDb)).toEqual([]);
      },
      rules,
      { wait: "5s" },
    ));

  test("holds over a restart, and ends with the incident of what inhibits", () =>
    inWorld(async (world) => {
      await world.ingest(platform());
      await world.restart();
      expect((await world.ingest(alertOn("orders")))[0]!.outcome).toBe("inhibited");
      await world.restart();
      await world.engine.tick();
      expect(await held(world)).toEqual([
        { title: "not_null on orders failed", incident: "INC-1", holder: "platform down" },
      ]);
      await world.command("INC-1", { type: "cancel", reason: "a test of the alarm" });
      await world.engine.tick();
      expect(await held(world)).toEqual([]);
      expect((await world.reads.state("INC-2"))!.title).toBe("not_null on orders failed");
    }, rules));

  test("by what an alert is about goes on while that fires, though it names less by then, as it does after a restart", () =>
    inWorld(
      async (world) => {
        const load = (...tables: string[]) =>
          alertOn("load", {
            ...{ source: "airflow", severity: "critical" },
            assets: tables.flatMap((table) => alertOn(table).assets),
          });
        await world.ingest(load("raw", "users"));
        await world.ingest(load("users"));
        expect((await world.ingest(alertOn("orders")))[0]!.outcome).toBe("inhibited");
        await world.restart();
        await world.ingest(load("users"));
        expect((await world.ingest(alertOn("refunds")))[0]!.outcome).toBe("inhibited");
        await world.ingest({ ...load("users"), status: "resolved" });
        expect(await held(world)).toEqual([]);
      },
      // biome-ignore lint/suspicious/noThenProperty: the word of breakwater.yaml
      { inhibit: [{ name: "load", when: "source=airflow asset=*.raw", then: "source=dbt" }] },
    ));

  test("by an alert that flaps goes on until that is quiet, as it does after a restart", () =>
    inWorld(
      async (world) => {
        for (const status of ["firing", "resolved", "firing", "resolved"] as const) {
          world.advance(MINUTE);
          await world.ingest(platform({ status }));
        }
        expect(await counts(world, "INC-1")).toMatchObject({ firing: 1 });
        expect((await world.ingest(alertOn("orders")))[0]!.outcome).toBe("inhibited");
        await world.ingest(platform({ status: "firing" }), platform({ status: "resolved" }));
        await world.engine.tick();
        expect((await world.ingest(alertOn("refunds")))[0]!.outcome).toBe("inhibited");
        await world.restart();
        await world.engine.tick();
        expect(await held(world)).toHaveLength(2);
        world.advance(31 * MINUTE);
        await world.engine.tick();
        await world.engine.tick();
        expect(await held(world)).toEqual([]);
        expect(await counts(world, "INC-2")).toMatchObject({ firing: 1 });
      },
      rules,
      { flapping: { changes: 3, within: "1h", quiet: "30m" } },
    ));

  test("follows its incident into another that takes it in", () =>
    inWorld(async (world) => {
      await world.ingest(platform());
      await world.ingest(alertOn("orders"));
      await world.ingest(alertOn("invoices", { source: "airflow", dedupKey: "dag" }));
      await world.command("INC-1", { type: "merge_into", into: "INC-2", reason: null });
      expect((await counts(world, "INC-2")).held).toBe(1);
      expect((await held(world))[0]!.incident).toBe("INC-2");
      expect(fold(await world.reads.events("INC-2"))).toEqual(
        await world.reads.state("INC-2", { entries: true }),
      );
    }, rules));

  test("stays where it is when taking its incident in is refused", () =>
    inWorld(async (world) => {
      await world.ingest(platform());
      await world.ingest(alertOn("orders"));
      await world.ingest(alertOn("invoices", { source: "airflow", dedupKey: "dag" }));
      await world.command("INC-2", { type: "cancel", reason: "nothing" });
      await expect(
        world.command("INC-1", { type: "merge_into", into: "INC-2", reason: null }),
      ).rejects.toThrow(
        "Cannot take another incident in: INC-2 is cancelled. `reopen INC-2 <reason>` opens it again.",
      );
      expect((await held(world))[0]!.incident).toBe("INC-1");
      await world.command("INC-1", { type: "cancel", reason: "a test of the alarm" });
      await world.engine.tick();
      expect([(await counts(world, "INC-1")).held, (await counts(world, "INC-2")).held]).toEqual([0, 0]);
    }, rules));
});
