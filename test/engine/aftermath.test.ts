/** What is looked up once an incident stands in Slack: what changed before it, and what was like it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Config } from "../../src/config.ts";
import { draftDocument } from "../../src/core/correlate/lineage-document.ts";
import type { Command } from "../../src/core/incident/command.ts";
import type { EventOf, EventType } from "../../src/core/incident/events.ts";
import { brokenAt } from "../../src/core/incident/log.ts";
import { fold } from "../../src/core/incident/state.ts";
import type { ChangeSignal } from "../../src/core/signal/change.ts";
import type { OutboxOutcome } from "../../src/engine/ledger.ts";
import { startPostgres } from "../harness/postgres.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse("2026-11-22T03:00:00.000Z");
const ago = (ms: number) => new Date(START - ms).toISOString();
const at = (table: string) => ({ namespace: "snowflake://acme", name: `analytics.core.${table}` });

/** A change that took effect so long before the world's clock begins. */
function changed(dedupKey: string, ms: number, over: Partial<ChangeSignal> = {}): ChangeSignal {
  return {
    source: "github",
    dedupKey,
    deliveryId: null,
    kind: "merge",
    status: "succeeded",
    title: `Merge ${dedupKey}`,
    description: null,
    actor: "mira-oak",
    repository: null,
    revision: null,
    environment: null,
    paths: [],
    assets: [],
    labels: {},
    links: [],
    startedAt: null,
    endedAt: ago(ms),
    warnings: [],
    raw: { much: "more" },
    ...over,
  };
}

/** The whole suite runs on both databases: what is read back is read in their own words. */
function looksBack(name: string, database: () => Promise<{ database: Config["database"]; remove(): void }>) {
  describe(name, () => {
    let world: World;
    let place: { database: Config["database"]; remove(): void };
    beforeEach(async () => {
      place = await database();
      world = await openWorld(place.database);
    });
    afterEach(async () => {
      await world.close();
      place.remove();
    });

    const record = (...changes: ChangeSignal[]) => world.engine.record(changes, world.now());

    /** Slack has taken the first message of every incident that waits for it. */
    async function post(): Promise<void> {
      for (const row of await world.reads.due(world.now(), 100, [])) {
        if (row.kind !== "card" || row.ts !== null) continue;
        const permalink = `https://acme.slack.example/p${row.id}`;
        const place = { channel: "C1", ts: `1.${row.id}`, permalink };
        const outcome: OutboxOutcome = { type: "sent", version: row.wanted, ...place };
        await world.submit({ type: "settle", id: row.id, outcome, now: world.now() });
      }
    }

    async function open(...signals: Parameters<typeof alertOn>): Promise<string> {
      const [outcome] = await world.ingest(alertOn(...signals));
      await post();
      return outcome!.incident!;
    }

    async function events<T extends EventType>(key: string, type: T): Promise<EventOf<T>[]> {
      const log = await world.reads.events(key);
      expect(brokenAt(log)).toBeNull();
      expect(await world.reads.state(key, { entries: true })).toEqual(fold(log));
      return log.flatMap(({ body }) => (body.type === type ? [body as EventOf<T>] : []));
    }
    const suspected = async (key: string) =>
      (await events(key, "changes_suspected")).map(({ suspects }) =>
        suspects.map(({ number, title }) => `${number} ${title}`),
      );
    const outbox = async (kind: string) =>
      (await world.reads.due(world.now(), 100, [])).filter((row) => row.kind === kind).map(({ key }) => key);

    async function learn(): Promise<void> {
      const draft = draftDocument();
      const add = (table: string, paths: string[]) => draft.add({ kind: "model", ...at(table), paths })!;
      const raw = add("raw_orders", []);
      const orders = add("orders", ["models/orders.sql"]);
      draft.link(raw, orders);
      draft.link(orders, add("revenue", ["models/revenue.sql"]));
      const document = draft.finish({ provider: "dbt", key: "shop", at: null });
      await world.engine.learn([{ document, run: null, complete: true, warnings: [] }], world.now());
    }

    describe("what changed", () => {
      it("is told when the first message stands, not before: what touches the data, with the reason", async () => {
        await learn();
        await record(
          changed("orders", 30 * MINUTE, { paths: ["models/orders.sql"] }),
          changed("loader", 2 * HOUR, { assets: [at("raw_orders")] }),
          changed("long ago", 80 * HOUR, { assets: [at("orders")] }),
        );
        const [outcome] = await world.ingest(alertOn("orders"));
        const key = outcome!.incident!;
        expect(await suspected(key)).toEqual([]);
        await post();
        const [told] = await events(key, "changes_suspected");
        expect(told!.suspects.map(({ number, title, confidence }) => [number, title, confidence])).toEqual([
          [1, "Merge orders", "likely"],
          [2, "Merge loader", "likely"],
        ]);
        expect(told!.suspects[0]).toMatchObject({
          at: ago(30 * MINUTE),
          actor: "mira-oak",
          source: "github",
          reason: expect.stringContaining("changed models/orders.sql, which defines core.orders"),
        });
        expect(await outbox("suspects")).toEqual([`suspects:${key}`]);
        const [entry] = (await world.reads.events(key)).filter((e) => e.body.type === "changes_suspected");
        expect(entry).toMatchObject({ actor: { kind: "system" }, via: "clock" });
      });

      it("is nothing where nothing changed", async () => {
        const key = await open("orders");
        expect(await suspected(key)).toEqual([]);
        expect(await outbox("suspects")).toEqual([]);
      });

      it("is looked at again when a change that took effect before comes late, and only then", async () => {
        await record(changed("first", HOUR, { assets: [at("orders")] }));
        const key = await open("orders");
        world.advance(10 * MINUTE);
        await record(changed("after it", -8 * MINUTE, { assets: [at("orders")] }));
        await record(changed("years ago", 9000 * HOUR, { assets: [at("orders")] }));
        await record(changed("elsewhere", HOUR, { assets: [at("users")] }));
        expect(await suspected(key)).toEqual([["1 Merge first"]]);
        await record(changed("late", 10 * MINUTE, { assets: [at("orders")] }));
        await record(changed("late", 10 * MINUTE, { assets: [at("orders")] }));
        expect(await suspected(key)).toEqual([["1 Merge first"], ["2 Merge late", "1 Merge first"]]);
        // The sender says more of it: its list is told anew, under the same number.
        await record(changed("first", HOUR, { assets: [at("orders")], status: "failed" }));
        const last = (await events(key, "changes_suspected")).at(-1)!;
        expect(last.suspects.find(({ number }) => number === 1)!.reason).toContain("and it failed");
      });

      it("is what was known, also after a restart and with what the same batch brings", async () => {
        await record(changed("first", HOUR, { assets: [at("orders")] }));
        await world.restart();
        const key = await open("orders");
        const other = changed("second", 20 * MINUTE, { assets: [at("orders")] });
        await Promise.all([record(other), record(changed("third", 10 * MINUTE, { assets: [at("orders")] }))]);
        expect((await suspected(key)).at(-1)).toEqual(["2 Merge third", "3 Merge second", "1 Merge first"]);
      });

      it("is looked at again when the likely origin is found", async () => {
        await learn();
        await record(changed("loader", HOUR, { assets: [at("raw_orders")] }));
        await record(changed("revenue", HOUR, { paths: ["models/revenue.sql"] }));
        const key = await open("revenue");
        expect(await suspected(key)).toEqual([["1 Merge revenue", "2 Merge loader"]]);
        await world.ingest(alertOn("raw_orders"));
        expect(await events(key, "origin_found")).toHaveLength(1);
        expect((await suspected(key)).at(-1)).toEqual(["2 Merge loader", "1 Merge revenue"]);
      });

      it("is looked at again when the data is said to have broken earlier", async () => {
        await record(changed("first", HOUR, { assets: [at("orders")] }));
        const key = await open("orders");
        await world.command(key, {
          type: "set_started_at",
          startedAt: ago(5 * HOUR),
          reason: "the last good row",
        });
        expect(await suspected(key)).toEqual([["1 Merge first"], []]);
        await expect(world.command(key, { type: "name_cause", number: 1 })).resolves.toMatchObject({
          events: [{ body: { type: "cause_named" } }],
        });
      });

      it("waits in one that a person declared until it is known what is affected", async () => {
        await record(changed("first", HOUR, { assets: [at("orders")] }));
        const { incident: key } = await world.command(null, declared());
        await post();
        expect(await suspected(key)).toEqual([]);
        await world.command(key, { type: "add_assets", assets: [at("orders")], reason: "named" });
        expect(await suspected(key)).toEqual([["1 Merge first"]]);
      });

      it("is told in a drill as well", async () => {
        await record(changed("first", HOUR, { assets: [at("orders")] }));
        const { incident: key } = await world.command(null, {
          ...declared(),
          kind: "drill",
          assets: [at("orders")],
        });
        await post();
        expect(await suspected(key)).toEqual([["1 Merge first"]]);
      });

      it("is named as the cause by its number, and found by its words", async () => {
        const link = { title: "Pull request", url: "https://git.example.com/7" };
        await record(changed("reworked", HOUR, { assets: [at("orders")], links: [link] }));
        const key = await open("orders");
        const { events: told } = await world.command(key, { type: "name_cause", number: 1 });
        expect(told.map(({ body }) => body)).toMatchObject([
          { type: "cause_named", text: "Merge reworked", url: link.url, changedAt: ago(HOUR) },
        ]);
        expect(await world.command(key, { type: "name_cause", number: 1 })).toMatchObject({ events: [] });
        await expect(world.command(key, { type: "name_cause", number: 2 })).rejects.toThrow(
          `${key} has no suspected change 2. It lists only 1.`,
        );
        const { incidents } = await world.reads.list({ text: "reworked" }, 10, null);
        expect(incidents.map((incident) => incident.key)).toEqual([key]);
      });

      it("leaves what is over, and what has been open for days, as it was", async () => {
        const key = await open("orders");
        await world.command(key, { type: "cancel", reason: "a test" });
        const old = await open("users");
        world.advance(96 * HOUR);
        await record(
          changed("late", HOUR, { assets: [at("orders")] }),
          changed("late too", HOUR, { assets: [at("users")] }),
        );
        expect(await suspected(key)).toEqual([]);
        expect(await suspected(old)).toEqual([]);
      });
    });

    describe("what was seen before", () => {
      async function resolve(key: string, text: string): Promise<void> {
        await world.command(key, { type: "restore", assets: [], reason: "checked" });
        await world.command(key, { type: "resolve", text });
      }
      const seen = async (key: string) =>
        (await events(key, "similar_found")).map(({ incidents }) => incidents.map((each) => each.key));

      it("is told once, with how it ended, what caused it and where it stands", async () => {
        const error = { description: "Got 71 results, configured to fail if != 0" };
        await record(changed("reworked", HOUR, { assets: [at("orders")] }));
        const first = await open("orders", error);
        expect(await seen(first)).toEqual([]);
        await world.command(first, { type: "name_cause", number: 1 });
        await resolve(first, "took the merge back");
        world.advance(48 * HOUR);
        await world.ingest(alertOn("orders", { status: "resolved" }));
        const [, second] = [await open("users"), await open("orders", error)];
        expect(second).not.toBe(first);
        expect(await events(second, "similar_found")).toEqual([
          {
            type: "similar_found",
            incidents: [
              {
                key: first,
                title: "not_null on orders failed",
                severity: "SEV2",
                resolvedAt: ago(0),
                outcome: "took the merge back",
                causeChange: "Merge reworked",
                url: expect.stringContaining("acme.slack.example"),
                reason: "same alert, same data (analytics.core.orders), same error",
              },
            ],
          },
        ]);
        const { similar, version } = (await world.reads.state(second))!;
        expect(similar).toHaveLength(1);
        expect(await outbox("reply")).toContain(`reply:${second}:${version}`);
        await post();
        await world.ingest(alertOn("orders", { dedupKey: "another" }));
        expect(await seen(second)).toEqual([[first]]);
      });

      it("is neither what is open, nor a false alarm, nor a drill, nor what only shares a common word", async () => {
        const keys = [];
        for (const table of ["baskets", "refunds", "payouts"]) keys.push(await open(table));
        await world.command(keys[0]!, { type: "cancel", reason: "a false alarm" });
        await resolve(keys[2]!, "reran");
        const drill = await world.command(null, { ...declared(), kind: "drill", assets: [at("returns")] });
        await post();
        await resolve(drill.incident, "well played");
        world.advance(48 * HOUR);
        await world.ingest(alertOn("baskets", { status: "resolved" }));
        for (const table of ["baskets", "returns"]) expect(await seen(await open(table))).toEqual([]);
      });
    });
  });
}

function declared(): Extract<Command, { type: "open" }> {
  return {
    type: "open",
    kind: "incident",
    severity: "SEV3",
    title: "Numbers look wrong",
    channel: "C1",
    startedAt: ago(0),
    origin: null,
    groupingKey: null,
    assets: [],
    summary: null,
    reason: "declared by Ana Diaz",
  };
}

looksBack("on SQLite", async () => temporaryFile());

describe("with Postgres", () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());
  looksBack("on Postgres", async () => ({
    database: { type: "postgres", url: await postgres.createDatabase() },
    remove: () => {},
  }));
});
