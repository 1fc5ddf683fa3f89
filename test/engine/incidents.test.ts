import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Config } from "../../src/config.ts";
import type { Command } from "../../src/core/incident/command.ts";
import { brokenAt } from "../../src/core/incident/log.ts";
import { fold } from "../../src/core/incident/state.ts";
import { Refusal } from "../../src/core/refusal.ts";
import { clocks } from "../../src/core/report/clocks.ts";
import { fingerprint } from "../../src/core/signal/alert.ts";
import { startPostgres } from "../harness/postgres.ts";
import { alertOn, ana, openWorld, temporaryFile, type World } from "./world.ts";

const HOUR = 3_600_000;

/** The whole suite runs on both databases: what is promised does not depend on which one a team chose. */
function promises(name: string, database: () => Promise<{ database: Config["database"]; remove(): void }>) {
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

    const outcomes = async (...args: Parameters<World["ingest"]>) =>
      (await world.ingest(...args)).map((o) => `${o.outcome} ${o.incident}`);
    const refusal = async (promise: Promise<unknown>) =>
      promise.then(
        () => "accepted",
        (e: unknown) => (e instanceof Refusal ? e.message : Promise.reject(e)),
      );

    it("opens one incident for alerts on one asset, whichever tool reports them", async () => {
      expect(
        await outcomes(alertOn("orders"), alertOn("orders", { source: "soda", dedupKey: "rows" })),
      ).toEqual(["opened INC-1", "grouped INC-1"]);
      expect(await outcomes(alertOn("users"))).toEqual(["opened INC-2"]);
      const state = await world.reads.state("INC-1");
      expect(state).toMatchObject({
        phase: "triggered",
        severity: "SEV2",
        alerts: { total: 2, firing: 2, resolved: 0 },
      });
    });

    it("deduplicates an alert that fires twice and says so", async () => {
      await world.ingest(alertOn("orders"));
      expect(await world.ingest(alertOn("orders"))).toEqual([
        {
          fingerprint: fingerprint(alertOn("orders")),
          outcome: "deduplicated",
          incident: "INC-1",
          reason: "still firing in INC-1",
        },
      ]);
      expect(await world.reads.alerts("INC-1", 10)).toMatchObject([{ count: 2, outcome: "opened" }]);
    });

    it("takes a retried delivery as no news", async () => {
      await world.ingest(alertOn("orders", { deliveryId: "run-1" }));
      expect(await outcomes(alertOn("orders", { deliveryId: "run-1" }))).toEqual(["deduplicated INC-1"]);
      expect(await world.reads.alerts("INC-1", 10)).toMatchObject([{ count: 1 }]);
      expect(
        await outcomes(
          alertOn("orders", { deliveryId: "run-2" }),
          alertOn("orders", { deliveryId: "run-2" }),
        ),
      ).toEqual(["deduplicated INC-1", "deduplicated INC-1"]);
      expect(await world.reads.alerts("INC-1", 10)).toMatchObject([{ count: 2 }]);
    });

    it("keeps its clocks in order where that of the machine is set back, so that they can be corrected", async () => {
      await world.ingest(alertOn("orders"));
      const noticed = world.now();
      world.advance(-HOUR);
      const does = (command: Command) => world.command("INC-1", command);
      await does({ type: "acknowledge" });
      await does({ type: "mitigate", text: "reran" });
      await does({ type: "restore", assets: [], reason: "checked" });
      await does({ type: "resolve", text: "done" });
      const state = (await world.reads.state("INC-1"))!;
      const { detectedAt, acknowledgedAt, mitigatedAt, resolvedAt } = state;
      expect([detectedAt, acknowledgedAt, mitigatedAt, resolvedAt]).toEqual(Array(4).fill(noticed));
      expect(clocks(state)).toMatchObject({ tta: 0, ttm: 0, ttr: 0, total: 0 });
      const [, again] = await world.ingest(alertOn("orders", { status: "resolved" }), alertOn("orders"));
      expect(again!.reason).toBe("fires again 0 min after INC-1 was resolved");
      world.advance(2 * HOUR);
      await does({ type: "mitigate", text: "reran once more" });
      const events = await world.reads.events("INC-1");
      const { seq } = events.findLast(({ body }) => body.type === "mitigated")!;
      await does({
        type: "edit_entry",
        seq,
        text: null,
        at: new Date(Date.parse(noticed) + 60_000).toISOString(),
      });
      expect(await world.reads.state("INC-1")).toMatchObject({
        acknowledgedAt: noticed,
        mitigatedAt: "2026-11-22T03:01:00.000Z",
      });
    });

    it("keeps two different tests on one table apart", async () => {
      const [a, b] = await world.ingest(
        alertOn("orders", { dedupKey: "not_null" }),
        alertOn("orders", { dedupKey: "unique" }),
      );
      expect(a!.fingerprint).not.toBe(b!.fingerprint);
      expect((await world.reads.state("INC-1"))!.alerts.total).toBe(2);
    });

    it("records a resolved alert, and that one never seen opens nothing", async () => {
      expect(await outcomes(alertOn("orders", { status: "resolved" }))).toEqual(["ignored null"]);
      await world.ingest(alertOn("orders"));
      expect(await outcomes(alertOn("orders", { status: "resolved" }))).toEqual(["resolved INC-1"]);
      expect(await outcomes(alertOn("orders", { status: "resolved" }))).toEqual(["deduplicated INC-1"]);
      const state = await world.reads.state("INC-1");
      expect(state!.alerts).toMatchObject({ firing: 0, resolved: 1 });
      expect([...state!.assets.values()]).toMatchObject([{ recovery: "recovering" }]);
    });

    it("lets all data recover that an alert named when it began to fire, whatever it names by the time it passes", async () => {
      const dedupKey = "volume";
      const assets = alertOn("orders").assets;
      const both = [...alertOn("users").assets, ...assets];
      await world.ingest(alertOn("orders", { dedupKey, assets: both }));
      expect(await outcomes(alertOn("orders", { dedupKey, assets, title: "3 rows are null" }))).toEqual([
        "deduplicated INC-1",
      ]);
      await world.ingest(alertOn("orders", { dedupKey, assets, status: "resolved" }));
      expect([...(await world.reads.state("INC-1"))!.assets.values()]).toMatchObject([
        { firing: 0, recovery: "recovering" },
        { firing: 0, recovery: "recovering" },
      ]);
    });

    it("ignores news older than what is recorded", async () => {
      await world.ingest(alertOn("orders", { observedAt: "2026-11-22T02:00:00.000Z" }));
      await world.ingest(alertOn("orders", { status: "resolved", observedAt: "2026-11-22T02:30:00.000Z" }));
      expect(await outcomes(alertOn("orders", { observedAt: "2026-11-22T02:10:00.000Z" }))).toEqual([
        "ignored null",
      ]);
      expect((await world.reads.state("INC-1"))!.alerts).toMatchObject({ firing: 0 });
    });

    it("fires again within the open incident, keeping its acknowledgement", async () => {
      await world.ingest(alertOn("orders"));
      await world.command("INC-1", { type: "acknowledge" });
      await world.ingest(alertOn("orders", { status: "resolved" }));
      expect(await outcomes(alertOn("orders"))).toEqual(["grouped INC-1"]);
      expect(await world.reads.state("INC-1")).toMatchObject({
        phase: "acknowledged",
        alerts: { total: 1, firing: 1, resolved: 0 },
      });
    });

    it("does not resolve while data is wrong, and does once it is verified or waived", async () => {
      await world.ingest(
        alertOn("orders"),
        alertOn("orders", { dedupKey: "other", impacted: [{ namespace: "bi", name: "revenue" }] }),
      );
      expect(await refusal(world.command("INC-1", { type: "resolve", text: "fixed" }))).toContain(
        "cannot be resolved while data is still wrong",
      );
      await world.command("INC-1", { type: "mitigate", text: "reran the load" });
      expect(
        await refusal(world.command("INC-1", { type: "restore", assets: ["orders"], reason: null })),
      ).toContain("Alerts still fire");
      await world.ingest(
        alertOn("orders", { status: "resolved" }),
        alertOn("orders", { dedupKey: "other", status: "resolved" }),
      );
      await world.command("INC-1", { type: "restore", assets: ["orders"], reason: null });
      await world.command("INC-1", { type: "waive", assets: ["revenue"], reason: "rebuilt at noon" });
      await world.command("INC-1", { type: "resolve", text: "fixed" });
      expect(await world.reads.state("INC-1")).toMatchObject({ phase: "resolved" });
    });

    it("reopens within the window and opens anew after it", async () => {
      const asset = { assets: [] as never[], groupHint: "g" };
      await world.ingest(alertOn("orders", asset));
      await world.ingest(alertOn("orders", { ...asset, status: "resolved" }));
      await world.command("INC-1", { type: "resolve", text: "fixed" });
      world.advance(23 * HOUR);
      const [again] = await world.ingest(alertOn("orders", asset));
      expect(again).toMatchObject({
        outcome: "grouped",
        incident: "INC-1",
        reason: "fires again 1380 min after INC-1 was resolved",
      });
      expect(await world.reads.state("INC-1")).toMatchObject({ phase: "triggered", resolvedAt: null });
      await world.ingest(alertOn("orders", { ...asset, status: "resolved" }));
      await world.command("INC-1", { type: "resolve", text: "fixed" });
      world.advance(25 * HOUR);
      expect(await outcomes(alertOn("orders", asset))).toEqual(["opened INC-2"]);
      expect(await refusal(world.command("INC-1", { type: "reopen", reason: "no" }))).toContain(
        "INC-2 is open for the same problem",
      );
    });

    it("lets the database refuse a second open incident for a grouping key", async () => {
      await world.ingest(alertOn("orders"));
      const writing =
        place.database.type === "postgres"
          ? world.readDb
          : (await import("../../src/store/open.ts")).openForWriting(place.database);
      await expect(
        writing
          .insertInto("incident_group")
          .values({
            grouping_key: "asset:snowflake://acme/analytics.core.orders",
            incident: "INC-9",
            open: 1,
          })
          .execute(),
      ).rejects.toThrow(/unique/i);
      if (writing !== world.readDb) await writing.destroy();
    });

    it("holds the log append-only in the database", async () => {
      await world.ingest(alertOn("orders"));
      const writing =
        place.database.type === "postgres"
          ? world.readDb
          : (await import("../../src/store/open.ts")).openForWriting(place.database);
      await expect(sql`update event set via = 'api'`.execute(writing)).rejects.toThrow(/append-only/);
      await expect(sql`delete from signal`.execute(writing)).rejects.toThrow(/append-only/);
      if (writing !== world.readDb) await writing.destroy();
    });

    it("merges one incident into another with its alerts and what gathers there", async () => {
      await world.ingest(alertOn("orders"), alertOn("users"));
      await world.command("INC-2", { type: "merge_into", into: "INC-1", reason: "same load" });
      expect(await world.reads.state("INC-2")).toMatchObject({ phase: "merged", mergedInto: "INC-1" });
      expect(await world.reads.state("INC-1")).toMatchObject({
        alerts: { total: 2, firing: 2 },
        absorbed: ["INC-2"],
      });
      expect(await outcomes(alertOn("users", { dedupKey: "another" }))).toEqual(["grouped INC-1"]);
      expect(await outcomes(alertOn("users", { status: "resolved" }))).toEqual(["resolved INC-1"]);
      expect((await world.reads.state("INC-1"))!.alerts).toMatchObject({ total: 3, firing: 2, resolved: 1 });
    });

    it("opens anew what would reopen beside another that is open for the same problem", async () => {
      await world.ingest(alertOn("users"));
      await world.command("INC-1", { type: "cancel", reason: "planned" });
      await world.ingest(alertOn("orders"), alertOn("users", { dedupKey: "rows" }));
      await world.command("INC-3", { type: "merge_into", into: "INC-2", reason: null });
      await world.command("INC-2", { type: "waive", assets: [], reason: "gone" });
      await world.command("INC-2", { type: "resolve", text: "rerun" });
      await world.command("INC-1", { type: "reopen", reason: "it was one" });
      expect(await outcomes(alertOn("orders", { dedupKey: "rows" }))).toEqual(["opened INC-4"]);
      expect(await refusal(world.command("INC-2", { type: "reopen", reason: "no" }))).toMatch(
        /INC-[14] is open for the same problem.*`reopen INC-2 <reason>` works/,
      );
    });

    it("reopens the last that was resolved, whatever is said in an earlier one meanwhile", async () => {
      for (const key of ["INC-1", "INC-2"]) {
        await world.ingest(alertOn("orders"));
        await world.command(key, { type: "waive", assets: [], reason: "gone" });
        await world.command(key, { type: "resolve", text: "rerun" });
        world.advance(25 * HOUR);
        await world.ingest(alertOn("orders", { status: "resolved" }));
      }
      world.advance(-24 * HOUR);
      const [, [outcome]] = await Promise.all([
        world.command("INC-1", { type: "note", text: "seen before", at: null }),
        world.ingest(alertOn("orders")),
      ]);
      expect(outcome).toMatchObject({ outcome: "grouped", incident: "INC-2" });
    });

    it("is found by the sources of what it took in", async () => {
      await world.ingest(alertOn("orders"), alertOn("users", { source: "soda" }));
      await world.command("INC-2", { type: "merge_into", into: "INC-1", reason: null });
      const { incidents } = await world.reads.list({ source: "soda", open: true }, 10, null);
      expect(incidents.map((i) => [i.key, i.sources])).toEqual([["INC-1", ["dbt", "soda"]]]);
    });

    it("refuses more alerts at once than it ever takes, rather than asking for them again", async () => {
      expect(await refusal(world.ingest(...Array(50_001).fill(alertOn("orders"))))).toMatch(/in parts/);
    });

    it("finds nothing by a text without a word in it", async () => {
      await world.ingest(alertOn("orders"));
      expect((await world.reads.list({ text: "?" }, 10, null)).incidents).toEqual([]);
    });

    it("carries out a command once, however often its key comes", async () => {
      await world.ingest(alertOn("orders"));
      const note = () =>
        world.engine.command({
          incident: "INC-1",
          command: { type: "note", text: "hm", at: null },
          actor: { kind: "system" },
          via: "slash",
          idempotencyKey: "slash:1",
        });
      const [first, second] = await Promise.all([note(), note()]);
      expect(second).toEqual(first);
      expect(await note()).toEqual(first);
      expect((await world.reads.events("INC-1")).filter((e) => e.body.type === "noted")).toHaveLength(1);
    });

    it("lets one of two people acknowledge, and tells the other who it was", async () => {
      await world.ingest(alertOn("orders"));
      const both = await Promise.allSettled([
        world.command("INC-1", { type: "acknowledge" }),
        world.command("INC-1", { type: "acknowledge" }),
      ]);
      expect(both.map((r) => r.status).sort()).toEqual(["fulfilled", "rejected"]);
      expect(await refusal(world.command("INC-1", { type: "acknowledge" }))).toBe(
        "INC-1 was already acknowledged by Ana Diaz.",
      );
    });

    it("takes a storm in one batch as one card to draw, and folds to what is stored", async () => {
      const storm = Array.from({ length: 1200 }, (_, i) =>
        alertOn("orders", { dedupKey: `t${i}`, impacted: [{ namespace: "bi", name: `d${i % 50}` }] }),
      );
      await world.ingest(...storm);
      const state = await world.reads.state("INC-1", { entries: true });
      expect(state!.alerts.total).toBe(1200);
      expect(state!.assets.size).toBe(51);
      const events = await world.reads.events("INC-1");
      expect(fold(events)).toEqual(state);
      expect(brokenAt(events)).toBeNull();
      expect((await world.reads.due(world.now(), 100, [])).map((r) => r.kind).sort()).toEqual([
        "alerts",
        "card",
      ]);
    });

    it("lists posts before redraws, so many of each, and first what is about incidents that somebody attends to", async () => {
      await world.ingest(alertOn("orders"), alertOn("users"));
      for (const row of await world.reads.due(world.now(), 10, [])) {
        const outcome = {
          type: "sent",
          version: 1,
          channel: "C1",
          ts: `1.${row.id}`,
          permalink: null,
        } as const;
        await world.submit({ type: "settle", id: row.id, outcome, now: world.now() });
      }
      await world.command("INC-1", { type: "acknowledge" });
      await world.ingest(alertOn("payments"));
      const due = await world.reads.due(world.now(), 2, []);
      expect(due.map((row) => row.key)).toEqual(["card:INC-3", "reply:INC-1:4", "card:INC-1", "card:INC-2"]);
      const attended = await world.reads.due(world.now(), 1, ["INC-1"]);
      expect(attended.map((row) => row.key)).toEqual(["reply:INC-1:4", "card:INC-1"]);
    });

    it("knows after a restart what it knew before", async () => {
      await world.ingest(alertOn("orders"));
      await world.command("INC-1", {
        type: "assign_role",
        role: "lead",
        person: { id: "U1", name: "Ana Diaz" },
      });
      await world.restart();
      expect(await outcomes(alertOn("orders"))).toEqual(["deduplicated INC-1"]);
      await world.command("INC-1", { type: "acknowledge" });
      const state = await world.reads.state("INC-1", { entries: true });
      expect(state).toMatchObject({ phase: "acknowledged", roles: { lead: { name: "Ana Diaz" } } });
      expect(fold(await world.reads.events("INC-1"))).toEqual(state);
    });

    it("hands its assets on in the same order after a restart as before it", async () => {
      const handedOn = async (key: string, into: string) => {
        await world.command(key, { type: "merge_into", into, reason: null });
        const { body } = (await world.reads.events(into)).at(-1)!;
        return body.type === "absorbed" ? body.assets.map(({ name }) => name.split(".").at(-1)) : [];
      };
      const also = (table: string) => alertOn(table, { impacted: alertOn("daily").assets });
      await world.ingest(also("orders"), also("payments"), alertOn("users"));
      expect(await handedOn("INC-1", "INC-3")).toEqual(["orders", "daily"]);
      await world.restart();
      expect(await handedOn("INC-2", "INC-3")).toEqual(["payments", "daily"]);
    });

    it("tells what was held longest first, also after a restart", async () => {
      await world.engine.silence({
        ask: { type: "silence", matcher: "asset=*orders", lengthMs: HOUR, reason: "backfill" },
        ...{ incident: null, channel: "C1", actor: ana, via: "slash", permalink: null, idempotencyKey: null },
      });
      const ways = ["unique", "freshness", "volume"];
      // The first of them says more later on, which makes it no younger.
      for (const way of [...ways, "unique"]) {
        world.advance(60_000);
        await world.ingest(alertOn("orders", { dedupKey: way, title: way, startsAt: world.now() }));
      }
      await world.restart();
      world.advance(2 * HOUR);
      await world.engine.tick();
      const told = (await world.reads.events("INC-1")).flatMap(({ body }) =>
        body.type === "alert_attached" ? [body.title] : [],
      );
      expect(told).toEqual(ways);
    });

    it("closes by itself what stayed resolved", async () => {
      const quiet = { assets: [] as never[], groupHint: "g" };
      await world.ingest(alertOn("orders", quiet));
      await world.command("INC-1", { type: "resolve", text: "fixed" });
      await world.engine.tick();
      expect(await world.reads.state("INC-1")).toMatchObject({ phase: "resolved" });
      world.advance(15 * 24 * HOUR);
      await world.engine.tick();
      expect(await world.reads.state("INC-1")).toMatchObject({ phase: "closed" });
    });

    it("lists newest first in pages, by word, asset, source and state", async () => {
      for (const table of ["orders", "users", "payments"]) {
        await world.ingest(alertOn(table));
        world.advance(1000);
      }
      await world.command("INC-2", { type: "cancel", reason: "a test" });
      const keys = async (
        filter: Parameters<typeof world.reads.list>[0],
        limit = 10,
        cursor: string | null = null,
      ) => {
        const page = await world.reads.list(filter, limit, cursor);
        return { keys: page.incidents.map((i) => i.key), next: page.next };
      };
      const first = await keys({}, 2);
      expect(first.keys).toEqual(["INC-3", "INC-2"]);
      expect(await keys({}, 2, first.next)).toEqual({ keys: ["INC-1"], next: null });
      expect((await keys({ open: true })).keys).toEqual(["INC-3", "INC-1"]);
      expect((await keys({ phases: ["cancelled"] })).keys).toEqual(["INC-2"]);
      expect((await keys({ text: "Payments failed" })).keys).toEqual(["INC-3"]);
      expect((await keys({ asset: "snowflake://acme/analytics.core.users" })).keys).toEqual(["INC-2"]);
      expect((await keys({ source: "dbt", since: "2026-11-22T03:00:01.000Z" })).keys).toEqual([
        "INC-3",
        "INC-2",
      ]);
      expect((await keys({ source: "soda" })).keys).toEqual([]);
      expect(await refusal(keys({}, 2, "nonsense"))).toContain("cursor");
      for (const place of [
        ["\0", "INC-1"],
        ["2026-11-22T03:10:00.000Z", "INC-1\0"],
      ]) {
        const forged = Buffer.from(JSON.stringify(place)).toString("base64url");
        expect(await refusal(keys({}, 2, forged))).toContain("cursor");
      }
    });

    it("has what people write apart from the rest, so that a note does not cost more for those before it", async () => {
      await world.ingest(alertOn("orders"));
      const stored = async () =>
        (await world.readDb.selectFrom("incident").select("state").executeTakeFirstOrThrow()).state.length;
      await world.command("INC-1", { type: "note", text: "note 1000", at: null });
      const before = await stored();
      for (let n = 1001; n <= 1100; n++)
        await world.command("INC-1", { type: "note", text: `note ${n}`, at: null });
      // Its version has a digit more or two.
      expect((await stored()) - before).toBeLessThan(10);
      await world.command("INC-1", { type: "edit_entry", seq: 60, text: "another text", at: null });
      await world.restart();
      const { entries } = (await world.reads.state("INC-1", { entries: true }))!;
      expect(Object.keys(entries).length).toBe(101);
      expect(entries[60]).toMatchObject({ text: "another text", kind: "noted" });
      expect((await world.reads.state("INC-1"))!.entries).toEqual({});
    });

    describe("what it is searched by", () => {
      const found = async (text: string) => {
        const keys: string[] = [];
        let cursor: string | null = null;
        do {
          const page = await world.reads.list({ text }, 1, cursor);
          keys.push(...page.incidents.map(({ key }) => key));
          cursor = page.next;
        } while (cursor !== null);
        return keys;
      };
      const indexed = async () => {
        const rows = await world.readDb.selectFrom("incident_term").select("incident").distinct().execute();
        return rows.map(({ incident }) => incident).sort();
      };

      it("finds it at once, and is indexed later", async () => {
        await world.ingest(alertOn("orders"));
        await world.command("INC-1", { type: "set_title", title: "Duplicates at the till" });
        const words = ["orders", "duplicates", "orders duplicates", "orders users", "unheard"];
        const answers = [["INC-1"], ["INC-1"], ["INC-1"], [], []];
        expect(await indexed()).toEqual([]);
        expect(await Promise.all(words.map(found))).toEqual(answers);
        await world.engine.index();
        expect(await indexed()).toEqual(["INC-1"]);
        expect(await Promise.all(words.map(found))).toEqual(answers);
      });

      it("finds it by words of which only some are indexed yet", async () => {
        await world.ingest(alertOn("orders"));
        await world.engine.index();
        await world.command("INC-1", { type: "set_title", title: "Duplicates at the till" });
        expect(await found("duplicates orders")).toEqual(["INC-1"]);
        expect(await found("duplicates")).toEqual(["INC-1"]);
        expect(await found("orders")).toEqual(["INC-1"]);
      });

      it("lists indexed ones and others newest first, each once, page after page", async () => {
        for (const table of ["a1", "a2", "a3", "a4", "a5", "a6"]) {
          await world.ingest(alertOn(table));
          world.advance(1000);
          if (table === "a3") await world.engine.index();
        }
        await world.command("INC-2", { type: "set_title", title: "failed again" });
        expect(await found("failed")).toEqual(["INC-6", "INC-5", "INC-4", "INC-3", "INC-2", "INC-1"]);
      });

      it("is indexed as soon as it is over", async () => {
        await world.ingest(alertOn("orders"), alertOn("users"));
        await world.command("INC-1", { type: "cancel", reason: "an exercise" });
        expect(await indexed()).toEqual(["INC-1"]);
        expect(await found("exercise")).toEqual(["INC-1"]);
        expect(await found("failed")).toEqual(["INC-2", "INC-1"]);
      });

      it("is the titles of its first alerts, not only of the one that opened it", async () => {
        const table = alertOn("orders").assets;
        const tests = Array.from({ length: 25 }, (_, i) =>
          alertOn(`test_${i}`, { title: `check${i} failed`, assets: table }),
        );
        await world.ingest(...tests);
        expect(await found("check0")).toEqual(["INC-1"]);
        expect(await found("check19 failed")).toEqual(["INC-1"]);
        expect(await found("check20")).toEqual([]);
        await world.engine.index();
        expect(await found("check19")).toEqual(["INC-1"]);
      });

      it("is indexed however much has gathered", async () => {
        await world.ingest(...Array.from({ length: 230 }, (_, i) => alertOn(`t${i}`)));
        await world.engine.index();
        expect((await indexed()).length).toBe(230);
        await world.engine.index();
        expect(await found("t229")).toEqual(["INC-230"]);
      });
    });
  });
}

promises("on SQLite", async () => temporaryFile());

describe("with Postgres", () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());
  promises("on Postgres", async () => ({
    database: { type: "postgres", url: await postgres.createDatabase() },
    remove: () => {},
  }));
});
