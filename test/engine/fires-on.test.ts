/** What an alert says beside what its incident knows of it, while it fires on and when it fires again. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fold } from "../../src/core/incident/state.ts";
import type { AlertSignal } from "../../src/core/signal/alert.ts";
import { assetId } from "../../src/core/signal/asset.ts";
import { faultsIn } from "../store/filled.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./world.ts";

const MINUTE = 60_000;
let place: ReturnType<typeof temporaryFile>;
let world: World;
beforeEach(async () => {
  place = temporaryFile();
  world = await openWorld(place.database, "C1", { flapping: { changes: 3, within: "1h", quiet: "30m" } });
});
afterEach(async () => {
  const { incidents } = await world.reads.list({}, 100, null);
  for (const { key } of incidents) {
    const kept = await world.reads.state(key, { entries: true });
    expect(fold(await world.reads.events(key))).toEqual(kept);
  }
  expect(await faultsIn(place.database)).toEqual([]);
  await world.close();
  place.remove();
});

const named = (...tables: string[]) => tables.flatMap((table) => alertOn(table).assets);
const volume = (tables: string[], changes: Partial<AlertSignal> = {}) =>
  alertOn("orders", { dedupKey: "volume", assets: named(...tables), ...changes });
const says = async (tables: string[], changes: Partial<AlertSignal> = {}) => {
  const [outcome] = await world.ingest(volume(tables, changes));
  return `${outcome!.outcome} ${outcome!.incident}`;
};
/** `orders impacted 1`: a table, how it is, how many alerts fire on it. */
const assets = async (key = "INC-1") =>
  [...(await world.reads.state(key))!.assets.values()]
    .map(({ asset, recovery, firing }) => `${asset.name.split(".").at(-1)} ${recovery} ${firing}`)
    .sort();
const types = async (key = "INC-1") => (await world.reads.events(key)).map(({ body }) => body.type);
const does = (command: Parameters<World["command"]>[1], key = "INC-1") => world.command(key, command);
const restore = (table: string) => does({ type: "restore", assets: [table], reason: "looked at it" });

describe("an alert that fires on and names further data", () => {
  it("has it tracked: it keeps the incident from being resolved, and recovers when the alert passes", async () => {
    await says(["orders"]);
    expect(await says(["orders", "users"])).toBe("deduplicated INC-1");
    expect(await assets()).toEqual(["orders impacted 1", "users impacted 1"]);
    expect((await world.reads.state("INC-1"))!.alerts).toMatchObject({ total: 1, firing: 1 });
    await restore("orders");
    await expect(does({ type: "resolve", text: "done" })).rejects.toThrow(/users/);
    await expect(does({ type: "restore", assets: ["users"], reason: null })).rejects.toThrow(/still fire/);
    await says(["orders"], { status: "resolved" });
    expect(await assets()).toEqual(["orders verified 0", "users recovering 0"]);
    expect(await world.reads.alerts("INC-1", 10)).toMatchObject([{ assets: named("orders", "users") }]);
  });

  it("says so once, whatever is repeated after that, and also after a restart", async () => {
    await says(["orders"]);
    await says(["orders", "users"]);
    await says(["orders"]);
    await world.restart();
    await says(["users", "orders"]);
    expect(await assets()).toEqual(["orders impacted 1", "users impacted 1"]);
    expect((await types()).filter((type) => type === "alert_widened")).toHaveLength(1);
  });

  it("had it wrong since it was named, by its own times only where they are later than what it said before", async () => {
    const startsAt = world.now();
    await says(["orders"], { startsAt });
    world.advance(30 * MINUTE);
    const namedAt = world.now();
    await says(["orders", "users"], { startsAt });
    world.advance(30 * MINUTE);
    const seenAt = world.now();
    world.advance(MINUTE);
    await says(["orders", "users", "payments"], { startsAt, observedAt: seenAt });
    const known = (await world.reads.state("INC-1"))!.assets;
    const downtime = named("orders", "users", "payments").map((asset) => known.get(assetId(asset))!.downtime);
    expect(downtime).toEqual([startsAt, namedAt, seenAt].map((from) => [{ from, to: null }]));
  });

  it("says that data is wrong again which somebody had proven right", async () => {
    await says(["orders"]);
    await world.ingest(alertOn("users"));
    await does({ type: "merge_into", into: "INC-1", reason: null }, "INC-2");
    await world.ingest(alertOn("users", { status: "resolved" }));
    await restore("users");
    world.advance(MINUTE);
    await says(["orders", "users"]);
    expect(await assets()).toEqual(["orders impacted 1", "users impacted 1"]);
    expect(await types()).toContain("asset_impacted");
  });

  it("leaves alone what was proven right of the data that it named before", async () => {
    const startsAt = world.now();
    await says(["orders"], { startsAt });
    await restore("orders");
    world.advance(MINUTE);
    await says(["orders", "users"], { startsAt });
    expect(await assets()).toEqual(["orders verified 1", "users impacted 1"]);
  });

  it("brings along what alerts are gathered by, so that the next one on that data joins", async () => {
    await says(["orders"]);
    await says(["orders", "users"]);
    expect(await world.ingest(alertOn("users"))).toMatchObject([{ outcome: "grouped", incident: "INC-1" }]);
    expect(await assets()).toEqual(["orders impacted 1", "users impacted 2"]);
  });

  it("does not take data away from the incident that is about it", async () => {
    await says(["orders"]);
    await world.ingest(alertOn("users"));
    await says(["orders", "users"]);
    expect([await assets("INC-1"), await assets("INC-2")]).toEqual([
      ["orders impacted 1", "users impacted 1"],
      ["users impacted 1"],
    ]);
    const unique = alertOn("users", { dedupKey: "unique" });
    expect(await world.ingest(unique)).toMatchObject([{ outcome: "grouped", incident: "INC-2" }]);
  });

  it("that names what several incidents are about says that they are one, as one does that fires anew", async () => {
    await says(["orders"]);
    await world.ingest(alertOn("users"));
    await says(["orders", "users", "payments"]);
    expect(await world.reads.state("INC-2")).toMatchObject({ phase: "merged", mergedInto: "INC-1" });
    expect(await assets()).toEqual(["orders impacted 1", "payments impacted 1", "users impacted 2"]);
  });

  it("where it had named none is what its incident is about from then on", async () => {
    await says([]);
    await says(["orders"]);
    expect((await world.reads.state("INC-1"))!.roots).toEqual(named("orders"));
  });

  it("has it tracked also while it flaps, and while its incident is taken over by another", async () => {
    await world.ingest(alertOn("users"));
    await says(["orders"]);
    for (const status of ["resolved", "firing", "resolved"] as const) await says(["orders"], { status });
    expect(await says(["orders", "payments"])).toBe("deduplicated INC-2");
    expect(await assets("INC-2")).toEqual(["orders impacted 1", "payments impacted 1"]);
    await does({ type: "merge_into", into: "INC-1", reason: null }, "INC-2");
    expect(await says(["orders", "payments", "refunds"])).toBe("deduplicated INC-1");
    world.advance(31 * MINUTE);
    await says(["orders"], { status: "resolved" });
    expect(await assets()).toEqual([
      "orders recovering 0",
      "payments recovering 0",
      "refunds recovering 0",
      "users impacted 1",
    ]);
  });

  it("takes it along when a person splits it off", async () => {
    await world.ingest(alertOn("orders"));
    await says(["orders"], { title: "volume fell" });
    await says(["orders", "users"], { title: "volume fell" });
    await does({ type: "split", alerts: "volume fell", all: false, reason: null });
    expect(await says(["orders", "users", "payments"], { title: "volume fell" })).toBe("deduplicated INC-2");
    expect(await assets("INC-1")).toEqual(["orders impacted 1"]);
    expect(await assets("INC-2")).toEqual(["orders impacted 1", "payments impacted 1", "users impacted 1"]);
  });

  it("tells nothing in an incident that is over, and all of it once that is reopened by a new failure", async () => {
    const startsAt = world.now();
    await says(["orders"], { startsAt });
    await restore("orders");
    await does({ type: "resolve", text: "done" });
    world.advance(MINUTE);
    await says(["orders", "users"], { startsAt });
    expect(await assets()).toEqual(["orders verified 1"]);
    expect(await says(["orders", "users"], { startsAt: world.now() })).toBe("grouped INC-1");
    expect(await assets()).toEqual(["orders impacted 1", "users impacted 1"]);
  });

  it("is about no more data than one message may name", async () => {
    const many = (prefix: string) => Array.from({ length: 150 }, (_, index) => `${prefix}${index}`);
    await says(many("a"));
    await says(many("b"));
    await says(many("c"));
    expect(await assets()).toHaveLength(200);
    await says([], { status: "resolved" });
    expect((await assets()).filter((each) => !each.endsWith("recovering 0"))).toEqual([]);
  });
});

describe("data that is hurt by an alert", () => {
  const skipped = (...tables: string[]) => ({ impacted: named(...tables) });

  it("is tracked when the alert names it only later, or when it fires again", async () => {
    await says(["orders"], skipped("users"));
    await says(["orders"], skipped("users", "payments"));
    await says(["orders"], { status: "resolved" });
    await says(["orders"], skipped("refunds"));
    expect(await assets()).toEqual([
      "orders impacted 1",
      "payments impacted 0",
      "refunds impacted 0",
      "users impacted 0",
    ]);
  });

  it("stays right where a repeat names it, and is wrong again where the alert fires again", async () => {
    await says(["orders"], skipped("users"));
    await restore("users");
    await says(["orders"], { ...skipped("users"), title: "worse" });
    expect(await assets()).toEqual(["orders impacted 1", "users verified 0"]);
    await says(["orders"], { status: "resolved" });
    await says(["orders"], skipped("users"));
    expect(await assets()).toEqual(["orders impacted 1", "users impacted 0"]);
    expect(await types()).toContain("asset_impacted");
  });
});

describe("what alerts are gathered by", () => {
  it("includes the run of an alert that fires again or on: what else fails in that run joins", async () => {
    await says([], { groupHint: "run 1" });
    await says([], { groupHint: "run 2" });
    expect(await world.ingest(alertOn("users", { assets: [], groupHint: "run 2" }))).toMatchObject([
      { outcome: "grouped", incident: "INC-1" },
    ]);
    await says([], { groupHint: "run 2", status: "resolved" });
    await says([], { groupHint: "run 3" });
    await world.restart();
    expect(
      await world.ingest(alertOn("users", { assets: [], dedupKey: "other", groupHint: "run 3" })),
    ).toMatchObject([{ outcome: "grouped", incident: "INC-1" }]);
  });

  it("stops growing with an alert that fires on with run after run", async () => {
    await says([], { groupHint: "run 0" });
    const runs = Array.from({ length: 600 }, (_, run) => volume([], { groupHint: `run ${run}` }));
    await world.ingest(...runs);
    expect((await world.reads.state("INC-1"))!.groupingKeys).toHaveLength(500);
    expect(await world.ingest(alertOn("users"))).toMatchObject([{ outcome: "opened" }]);
  });
});

describe("how severe an alert is", () => {
  const severity = async () => (await world.reads.state("INC-1"))!.severity;

  it("raises its incident when it becomes worse while it fires on, and never lowers it", async () => {
    await says(["orders"], { severity: "warning" });
    expect(await severity()).toBe("SEV3");
    await says(["orders"], { severity: "critical" });
    expect(await severity()).toBe("SEV1");
    expect((await world.reads.events("INC-1")).at(-1)!.body).toMatchObject({
      type: "severity_changed",
      reason: "an alert of level critical fires",
    });
    await says(["orders"], { severity: "info" });
    expect(await severity()).toBe("SEV1");
  });

  it("leaves alone what a person chose", async () => {
    await says(["orders"], { severity: "warning" });
    await does({ type: "set_severity", severity: "SEV4", reason: "a copy" });
    await says(["orders"], { severity: "critical" });
    expect(await severity()).toBe("SEV4");
  });
});
