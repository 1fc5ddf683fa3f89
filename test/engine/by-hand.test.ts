import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { draftDocument } from "../../src/core/correlate/lineage-document.ts";
import type { ByHand, Command } from "../../src/core/incident/command.ts";
import { fold } from "../../src/core/incident/state.ts";
import { drawing } from "../../src/core/report/drawing.ts";
import { replyFor } from "../../src/core/report/replies.ts";
import { fingerprint } from "../../src/core/signal/alert.ts";
import { faultsIn } from "../store/filled.ts";
import { alertOn, ana, openWorld, temporaryFile, type World } from "./world.ts";

const asset = (name: string) => ({ namespace: "snowflake://acme", name: `analytics.core.${name}` });
const HOUR_MS = 3_600_000;

let place: ReturnType<typeof temporaryFile>;
let world: World;

/** Edges as `upstream>downstream`. */
async function start(edges: string[] = [], grouping: object = {}, routing: object = {}): Promise<void> {
  world = await openWorld(place.database, "C1", grouping, routing);
  const draft = draftDocument();
  const add = (name: string) => draft.add({ ...asset(name), kind: "model" })!;
  for (const edge of edges) {
    const [from, to] = edge.split(">");
    draft.link(add(from!), add(to!));
  }
  const document = draft.finish({ provider: "yaml", key: "test", at: null });
  await world.engine.learn([{ document, run: null, complete: true, warnings: [] }], world.now());
}
beforeEach(() => {
  place = temporaryFile();
});
afterEach(async () => {
  await isSound();
  expect(await faultsIn(place.database)).toEqual([]);
  await world.close();
  place.remove();
});

/** Every log folds to what is stored, and counts what the incident has. */
async function isSound(): Promise<void> {
  const { incidents } = await world.reads.list({}, 100, null);
  for (const { key, phase } of incidents) {
    const state = (await world.reads.state(key, { entries: true }))!;
    expect(fold(await world.reads.events(key)), key).toEqual(state);
    if (phase !== "merged") expect(await world.reads.alerts(key, 100)).toHaveLength(state.alerts.total);
  }
}

const split = (alerts: string, about: Partial<ByHand> = {}): ByHand =>
  ({ type: "split", alerts, all: false, reason: null, ...about }) as ByHand;
const move = (alerts: string, into: string, about: Partial<ByHand> = {}): ByHand =>
  ({ type: "move", into, alerts, all: false, reason: null, ...about }) as ByHand;

const by = (incident: string, command: ByHand, key?: string) =>
  world.engine.command({ incident, command, actor: ana, via: "mention", idempotencyKey: key ?? null });

async function fires(table: string, changes: object = {}): Promise<string> {
  const [outcome] = await world.ingest(alertOn(table, changes));
  return `${outcome!.outcome} ${outcome!.incident}`;
}
const passes = (table: string) => fires(table, { status: "resolved" });

async function titles(key: string): Promise<string[]> {
  return (await world.reads.alerts(key, 100)).map(({ title }) => title.split(" ")[2]!).sort();
}

describe("an alert that two incidents have, as it came to one after the other", () => {
  /** It passed in INC-1, which ended and is open again; INC-2 is where it came since, with one on u. */
  async function twice(status: "firing" | "resolved"): Promise<void> {
    await start();
    await fires("t");
    await passes("t");
    await world.command("INC-1", { type: "cancel", reason: "nothing" });
    world.advance(30 * HOUR_MS);
    await fires("t");
    await fires("t", { dedupKey: "another test of t" });
    await fires("u");
    await by("INC-2", move(fingerprint(alertOn("t")), "INC-3"));
    await world.command("INC-2", { type: "cancel", reason: "nothing" });
    await world.command("INC-1", { type: "reopen", reason: "it was something" });
    if (status === "resolved") await passes("t");
  }
  const firing = async (key: string) =>
    [...(await world.reads.state(key))!.assets.values()].map(({ asset: { name }, firing }) => [name, firing]);

  it("goes with the one it came to last into the other, as it is there", async () => {
    await twice("firing");
    await world.command("INC-3", { type: "merge_into", into: "INC-1", reason: null });
    expect((await world.reads.state("INC-1"))!.alerts).toMatchObject({ total: 2, firing: 2, resolved: 0 });
    expect(await firing("INC-1")).toEqual([
      ["analytics.core.t", 1],
      ["analytics.core.u", 1],
    ]);
    expect(await passes("t")).toBe("resolved INC-1");
    expect(await firing("INC-1")).toEqual([
      ["analytics.core.t", 0],
      ["analytics.core.u", 1],
    ]);
  });

  it("stays in the one it came to last when the other is merged into that, and counts once", async () => {
    await twice("resolved");
    await world.command("INC-1", { type: "merge_into", into: "INC-3", reason: null });
    expect((await world.reads.state("INC-3"))!.alerts).toMatchObject({ total: 2, firing: 1, resolved: 1 });
    expect(await firing("INC-3")).toEqual([
      ["analytics.core.t", 0],
      ["analytics.core.u", 1],
    ]);
    expect(await fires("t")).toBe("grouped INC-3");
  });
});

describe("an incident that another takes in", () => {
  it("brings its severity, its clocks, how long its data was wrong, its people and what they have to do", async () => {
    await start();
    const since = world.now();
    await fires("aa", { severity: "critical" });
    await world.command("INC-1", { type: "assign_role", role: "lead", person: { id: "U2", name: "Bo" } });
    await world.command("INC-1", { type: "assign_role", role: "comms", person: { id: "U3", name: "Cy" } });
    await world.command("INC-1", { type: "add_task", text: "alert on it", owner: null, due: null });
    await world.command("INC-1", { type: "add_task", text: "done by now", owner: null, due: null });
    await world.command("INC-1", { type: "finish_task", task: 2 });
    await world.engine.index();
    world.advance(5 * HOUR_MS);
    await fires("bb", { severity: "info" });
    await world.command("INC-2", { type: "assign_role", role: "lead", person: { id: "U4", name: "Di" } });
    await world.command("INC-2", { type: "add_task", text: "its own", owner: null, due: null });
    await world.command("INC-1", { type: "merge_into", into: "INC-2", reason: "one load" });

    const state = (await world.reads.state("INC-2"))!;
    expect(state).toMatchObject({
      severity: "SEV1",
      startedAt: since,
      detectedAt: since,
      roles: { lead: { name: "Di" }, comms: { name: "Cy" } },
      tasks: [
        { task: 1, text: "its own" },
        { task: 2, text: "alert on it", doneAt: null },
      ],
    });
    expect(state.assets.get("snowflake://acme/analytics.core.aa")!.downtime).toEqual([
      { from: since, to: null },
    ]);
    const found = async (text: string) =>
      (await world.reads.list({ text }, 9, null)).incidents.map(({ key }) => key);
    expect([await found("core aa"), await found("core bb")]).toEqual([["INC-2", "INC-1"], ["INC-2"]]);
    await world.engine.index();
    expect([await found("core aa"), await found("core bb")]).toEqual([["INC-2", "INC-1"], ["INC-2"]]);
  });

  it("brings who acknowledged it and when, where nobody had done so earlier", async () => {
    await start();
    const noticed = world.now();
    await fires("aa");
    world.advance(60_000);
    const acknowledged = world.now();
    await world.command("INC-1", { type: "acknowledge" });
    await world.engine.index();
    world.advance(HOUR_MS);
    await fires("bb");
    await world.command("INC-1", { type: "merge_into", into: "INC-2", reason: null });
    const clocks = {
      detectedAt: noticed,
      acknowledgedAt: acknowledged,
      acknowledgedBy: { name: "Ana Diaz" },
    };
    expect((await world.reads.state("INC-2"))!).toMatchObject({ phase: "acknowledged", ...clocks });

    await world.engine.index();
    await fires("cc");
    await world.command("INC-3", { type: "mitigate", text: "paused it" });
    await world.command("INC-2", { type: "merge_into", into: "INC-3", reason: null });
    const state = (await world.reads.state("INC-3"))!;
    expect(state).toMatchObject({ phase: "mitigated", ...clocks });

    world.advance(60_000);
    expect(drawing(state, await world.reads.events("INC-3"), world.now()).alt).toMatch(
      /: triggered for 1 min, acknowledged for 1 h, mitigated for 1 min\./,
    );
    await fires("dd");
    await world.command("INC-3", { type: "merge_into", into: "INC-4", reason: null });
    await world.command("INC-4", { type: "unacknowledge", reason: null });
    expect((await world.reads.state("INC-4"))!).toMatchObject({ phase: "triggered", acknowledgedAt: null });
  });

  it("posts no list of alerts where neither has one", async () => {
    await start();
    const declared: Command = {
      ...{ type: "open", kind: "incident", severity: "SEV3", title: "reports are empty", channel: "C1" },
      ...{
        startedAt: world.now(),
        origin: null,
        groupingKey: null,
        assets: [],
        summary: null,
        reason: "told",
      },
    };
    await world.command(null, declared);
    await world.command(null, declared);
    await world.command("INC-1", { type: "merge_into", into: "INC-2", reason: null });
    const kinds = (await world.reads.due(world.now(), 10, [])).map(({ kind }) => kind);
    expect(kinds).toContain("card");
    expect(kinds).not.toContain("alerts");
  });

  it("leaves what a person chose, and what was worse or earlier", async () => {
    await start();
    await fires("bb", { severity: "critical" });
    await world.command("INC-1", { type: "set_severity", severity: "SEV3", reason: "a test table" });
    const { startedAt, detectedAt } = (await world.reads.state("INC-1"))!;
    world.advance(HOUR_MS);
    await fires("aa", { severity: "critical" });
    await world.command("INC-2", { type: "merge_into", into: "INC-1", reason: null });
    expect((await world.reads.state("INC-1"))!).toMatchObject({ severity: "SEV3", startedAt, detectedAt });
  });
});

describe("an asset that a person names as affected", () => {
  const named = (...names: string[]) =>
    world.engine.command({
      incident: "INC-1",
      command: { type: "name_assets", assets: names, reason: null },
      actor: ana,
      via: "mention",
      idempotencyKey: null,
    });
  const assets = async () =>
    [...(await world.reads.state("INC-1"))!.assets.values()].map(({ asset: { name } }) => name).sort();

  it("is one that lineage or an alert has, by the end of its name", async () => {
    await start(["orders>customer_value"]);
    await fires("t");
    await fires("payments");
    await named("customer_value");
    await named("core.PAYMENTS");
    await named("t");
    // One that nothing has refuses those before it, too.
    await expect(named("orders", "foo")).rejects.toThrow("`foo`");
    expect(await assets()).toEqual([
      "analytics.core.customer_value",
      "analytics.core.payments",
      "analytics.core.t",
    ]);
    const { summary } = replyFor(
      (await world.reads.events("INC-1")).slice(-1),
      (await world.reads.state("INC-1"))!,
    )!;
    expect(summary).toMatch(/ ➕ Added: analytics\.core\.payments – Ana Diaz$/);
  });

  it("is asked about where nothing has it, or several", async () => {
    await start(["orders>customer_value", "orders>payments"]);
    await fires("t", { assets: [{ namespace: "postgres://db:5432", name: "shop.payments" }] });
    await fires("t", { dedupKey: "2", assets: [{ namespace: "postgres://db:5432", name: "old.payments" }] });
    await expect(named("foo")).rejects.toThrow(
      /^Neither INC-1 nor lineage nor another open incident has `foo`\. .* is written in full: `postgres:\/\/db:5432\/foo`/,
    );
    await expect(named("custmer_value")).rejects.toThrow(
      "Did you mean `snowflake://acme/analytics.core.customer_value`?",
    );
    await named("payments");
    expect(await assets()).toEqual(["shop.payments"]);
    await world.command("INC-1", {
      type: "add_assets",
      assets: [{ namespace: "a", name: "b.payments" }],
      reason: null,
    });
    await expect(named("payments")).rejects.toThrow(
      "`payments` is one of several: `postgres://db:5432/shop.payments`, `a/b.payments`. Write it in full",
    );
  });
});

describe("an alert that is split off", () => {
  it("has an incident of its own, which both logs say, with who and why", async () => {
    await start(["x>m", "m>z"]);
    await fires("x");
    await fires("m");
    await fires("z");
    const result = await by("INC-1", split("core.z", { reason: "another warehouse" }));
    expect(result.incident).toBe("INC-2");
    expect(await titles("INC-1")).toEqual(["m", "x"]);
    expect(await titles("INC-2")).toEqual(["z"]);
    expect((await world.reads.alerts("INC-2", 1))[0]!.reason).toBe(
      "split off INC-1 by Ana Diaz: another warehouse",
    );
    const moved = (await world.reads.events("INC-1")).at(-1)!;
    expect(moved).toMatchObject({
      actor: ana,
      body: { type: "alerts_moved", to: "INC-2", reason: "another warehouse" },
    });
    const own = (await world.reads.state("INC-2"))!;
    expect(own).toMatchObject({
      title: "not_null on z failed",
      severity: "SEV2",
      openedBy: ana,
      openedReason: "split off INC-1 by Ana Diaz: another warehouse",
      roots: [asset("z")],
      apart: ["INC-1"],
      alerts: { total: 1, firing: 1 },
    });
    expect([...own.assets.values()]).toMatchObject([
      { asset: asset("z"), firing: 1, downtime: [{ to: null }] },
    ]);
    expect((await world.reads.state("INC-1"))!.assets.size).toBe(2);
  });

  it("keeps how long its data has been wrong", async () => {
    await start(["x>z"]);
    await fires("x");
    await fires("z");
    const since = world.now();
    world.advance(HOUR_MS);
    await by("INC-1", split("core.z"));
    const own = (await world.reads.state("INC-2"))!;
    expect(own.startedAt).toBe(since);
    // It was noticed when its alert came, not when somebody took it apart.
    expect(own.detectedAt).toBe(since);
    expect([...own.assets.values()][0]!.downtime).toEqual([{ from: since, to: null }]);
  });

  it("began with its alert, also where that fired again since", async () => {
    await start(["x>z"]);
    await fires("x");
    const since = world.now();
    await fires("z");
    world.advance(HOUR_MS);
    await passes("z");
    await world.command("INC-1", { type: "restore", assets: ["core.z"], reason: null });
    const whole = world.now();
    world.advance(HOUR_MS);
    const again = world.now();
    await fires("z", { startsAt: again });
    await by("INC-1", split("core.z"));
    const own = (await world.reads.state("INC-2"))!;
    expect(own).toMatchObject({ startedAt: since, detectedAt: since });
    expect([...own.assets.values()][0]!.downtime).toEqual([
      { from: since, to: whole },
      { from: again, to: null },
    ]);
  });

  it("leaves behind how long the data was wrong for another reason", async () => {
    await start();
    await fires("t");
    world.advance(HOUR_MS);
    const since = world.now();
    await fires("t", { dedupKey: "another test of t" });
    await by("INC-1", split(fingerprint(alertOn("t", { dedupKey: "another test of t" }))));
    const own = (await world.reads.state("INC-2"))!;
    expect(own).toMatchObject({ startedAt: since, detectedAt: since });
    expect([...own.assets.values()][0]!.downtime).toEqual([{ from: since, to: null }]);
  });

  it("goes back to its own incident when it fires again, also once that was resolved", async () => {
    await start(["x>z"]);
    await fires("x");
    await fires("z");
    await by("INC-1", split("core.z"));
    await passes("z");
    expect(await fires("z")).toBe("grouped INC-2");
    await passes("z");
    await world.command("INC-2", { type: "waive", assets: [], reason: "known" });
    await world.command("INC-2", { type: "resolve", text: "done" });
    await world.restart();
    expect(await fires("z")).toBe("grouped INC-2");
    expect((await world.reads.state("INC-2"))!.phase).toBe("triggered");
  });

  it("opens a new incident rather than join what it was split off, once its own is over for good", async () => {
    await start(["x>z"]);
    await fires("x");
    await fires("z");
    await by("INC-1", split("core.z"));
    await passes("z");
    await world.command("INC-2", { type: "cancel", reason: "false alarm" });
    expect(await fires("z")).toBe("opened INC-3");
  });

  it("shares a table with one that stays: each goes to its own", async () => {
    await start();
    await fires("x");
    await fires("x", { dedupKey: "freshness.x", title: "freshness of x late" });
    await by("INC-1", split("freshness"));
    for (const key of ["INC-1", "INC-2"])
      expect([...(await world.reads.state(key))!.assets.keys()], key).toHaveLength(1);
    expect((await world.reads.state("INC-2"))!.groupingKeys).toEqual([]);
    await fires("x", { dedupKey: "freshness.x", status: "resolved" });
    expect(await fires("x", { dedupKey: "freshness.x" })).toBe("grouped INC-2");
    // What nobody has seen before goes where the table is.
    expect(await fires("x", { dedupKey: "volume.x" })).toBe("grouped INC-1");
    await fires("x", { dedupKey: "freshness.x", status: "resolved" });
    await world.command("INC-2", { type: "waive", assets: [], reason: "known" });
    await world.command("INC-2", { type: "resolve", text: "done" });
    expect(await fires("x", { dedupKey: "freshness.x" })).toBe("grouped INC-2");
    await fires("x", { dedupKey: "freshness.x", status: "resolved" });
    await world.command("INC-2", { type: "cancel", reason: "false alarm" });
    expect(await fires("x", { dedupKey: "freshness.x" })).toBe("opened INC-3");
  });

  it("takes the keys along that only it had, so that others on its table follow it", async () => {
    await start(["x>z"]);
    await fires("x");
    await fires("z");
    await by("INC-1", split("core.z"));
    expect(await fires("z", { dedupKey: "freshness.z" })).toBe("grouped INC-2");
    expect(await fires("x", { dedupKey: "freshness.x" })).toBe("grouped INC-1");
  });

  it("takes configured keys and those of alerts without a table along too", async () => {
    await start([], { keys: [{ match: { source: "dbt" }, by: ["labels.project"] }] });
    const a = { labels: { project: "a" } };
    await fires("x", a);
    await fires("x2", a);
    await fires("cron", { source: "cron", assets: [] });
    await fires("lamp", { source: "cron", assets: [] });
    await by("INC-2", move("cron", "INC-3")).catch(() => {});
    await by("INC-1", split("core.x"));
    // The project has another alert that stays.
    expect(await fires("x3", a)).toBe("grouped INC-1");
    await world.command("INC-2", { type: "merge_into", into: "INC-3", reason: null });
    await by("INC-3", move("cron", "INC-4"));
    await fires("cron", { source: "cron", assets: [], status: "resolved" });
    const { groupingKeys } = (await world.reads.state("INC-4"))!;
    expect(groupingKeys).toContain("alert:cron:test.cron");
    expect((await world.reads.state("INC-3"))!.groupingKeys).toEqual(["alert:cron:test.lamp"]);
    await by("INC-1", move("core.x2", "INC-3"));
    await by("INC-1", move("core.x3", "INC-3")).catch(() => {});
    expect((await world.reads.state("INC-1"))!.groupingKeys).toEqual(['by:[["labels.project","a"]]']);
  });

  it("leaves the rest with a title and an origin of its own, where it was what the incident began with", async () => {
    await start(["x>z"]);
    await fires("x");
    await fires("z");
    await by("INC-1", split("core.x"));
    expect(await world.reads.state("INC-1")).toMatchObject({
      title: "not_null on z failed",
      titleSetByPerson: false,
      roots: [asset("z")],
      origin: { title: "not_null on z failed", asset: asset("z") },
    });
  });

  it("is as severe as its rules say, not as what it left", async () => {
    await start(
      ["x>z"],
      {},
      { routes: [{ name: "z", match: { asset: "*.z" }, severity: "SEV4", channel: "#z" }] },
    );
    await fires("x", { severity: "critical" });
    await fires("z");
    await by("INC-1", split("core.z"));
    expect(await world.reads.state("INC-2")).toMatchObject({ severity: "SEV4", channel: "#z" });
  });
});

describe("incidents that a person took apart", () => {
  const REST = ["src>x", "x>z", "src>w"];

  it("are not merged by what fails upstream of both", async () => {
    await start(REST);
    await fires("x");
    await fires("z");
    await by("INC-1", split("core.z"));
    expect(await fires("src")).toBe("grouped INC-1");
    expect((await world.reads.state("INC-2"))!.phase).toBe("triggered");
    expect((await world.reads.state("INC-1"))!.likelyOrigin!.asset).toEqual(asset("src"));
  });

  it("stay apart where one of them is merged into a third", async () => {
    await start(REST);
    await fires("x");
    await fires("z");
    await by("INC-1", split("core.z"));
    expect(await fires("lonely")).toBe("opened INC-3");
    await world.command("INC-2", { type: "merge_into", into: "INC-3", reason: null });
    expect((await world.reads.state("INC-3"))!.apart).toEqual(["INC-1"]);
    expect(await fires("src")).toBe("grouped INC-1");
    expect((await world.reads.state("INC-3"))!.phase).toBe("triggered");
  });

  it("are not merged by an alert that names both", async () => {
    await start(REST);
    await fires("x");
    await fires("z");
    await by("INC-1", split("core.z"));
    const named = { assets: [asset("x"), asset("z"), asset("w")], dedupKey: "load" };
    expect(await fires("x", named)).toBe("grouped INC-1");
    expect((await world.reads.state("INC-2"))!.phase).toBe("triggered");
  });

  it("are one again once a person merges them", async () => {
    await start(REST);
    await fires("x");
    await fires("z");
    await by("INC-1", split("core.z"));
    await world.command("INC-2", { type: "merge_into", into: "INC-1", reason: "it was one after all" });
    expect(await world.reads.state("INC-1")).toMatchObject({ apart: [], alerts: { total: 2 } });
    await passes("z");
    expect(await fires("z")).toBe("grouped INC-1");
  });

  it("are not sorted together while nobody has seen them", async () => {
    await start(REST, { wait: "60s" });
    await fires("x");
    await fires("z");
    await by("INC-1", split("core.z"));
    await world.submit({ type: "tick", now: world.now() });
    expect(await titles("INC-2")).toEqual(["z"]);
  });
});

describe("an alert that is moved", () => {
  it("is where it was put, and back again where it is moved back", async () => {
    await start();
    await fires("x");
    await fires("x", { dedupKey: "two", title: "rows on x2 low" });
    await fires("y");
    const { incident, events } = await by("INC-1", move("rows on x2", "INC-2"));
    expect(incident).toBe("INC-2");
    expect(events.map(({ body }) => body.type)).toEqual(["alerts_received"]);
    expect(await world.reads.state("INC-2")).toMatchObject({
      alerts: { total: 2, firing: 2 },
      apart: ["INC-1"],
      sources: ["dbt"],
    });
    expect((await world.reads.state("INC-2"))!.assets.size).toBe(2);
    await by("INC-2", move("rows on x2", "INC-1"));
    expect(await titles("INC-1")).toEqual(["x", "x2"]);
    expect((await world.reads.state("INC-2"))!.assets.size).toBe(1);
  });

  it("takes along when its data broke and when that was noticed", async () => {
    await start();
    await fires("t");
    const since = world.now();
    await fires("t", { dedupKey: "another test of t" });
    world.advance(HOUR_MS);
    await fires("u");
    await by("INC-1", move(fingerprint(alertOn("t", { dedupKey: "another test of t" })), "INC-2"));
    const { startedAt, detectedAt, assets } = (await world.reads.state("INC-2"))!;
    expect({ startedAt, detectedAt }).toEqual({ startedAt: since, detectedAt: since });
    expect(assets.get("snowflake://acme/analytics.core.t")!.downtime).toEqual([{ from: since, to: null }]);
  });

  it("raises the severity of where it goes", async () => {
    await start(["x>z"]);
    await fires("y", { severity: "warning" });
    await fires("x");
    await fires("z", { severity: "critical" });
    await by("INC-2", move("core.z", "INC-1"));
    expect((await world.reads.state("INC-1"))!.severity).toBe("SEV1");
  });

  it("is moved once, however often the same message comes", async () => {
    await start(["x>z"]);
    await fires("x");
    await fires("z");
    const first = await by("INC-1", split("core.z"), "event:1");
    expect(await by("INC-1", split("core.z"), "event:1")).toEqual(first);
    expect((await world.reads.list({}, 10, null)).incidents).toHaveLength(2);
  });

  it("may be one of two that are moved in one transaction", async () => {
    await start(["x>m", "m>z"]);
    await fires("x");
    await fires("m");
    await fires("z");
    await Promise.all([by("INC-1", split("core.m")), by("INC-1", split("core.z"))]);
    expect([await titles("INC-1"), await titles("INC-2"), await titles("INC-3")]).toEqual([
      ["x"],
      ["m"],
      ["z"],
    ]);
  });
});

describe("what is refused", () => {
  const refused = async (incident: string, command: ByHand) => {
    const before = (await world.reads.list({}, 10, null)).incidents.length;
    const error = await by(incident, command).catch((each: Error) => each);
    expect((await world.reads.list({}, 10, null)).incidents).toHaveLength(before);
    return (error as Error).message;
  };

  it("says what to do instead", async () => {
    await start(["x>z"]);
    await fires("x");
    await fires("z");
    await fires("y");
    expect(await refused("INC-1", split("revenue"))).toMatch(
      /^INC-1 has no alert called “revenue”\. It has “not_null on x failed” \(`\w{16}`\), “not_null/,
    );
    expect(await refused("INC-1", split("not_null"))).toMatch(
      /^“not_null” fits 2 alerts of INC-1: .*`split all not_null` for all of them\.$/,
    );
    expect(await refused("INC-1", split("not_null", { all: true }))).toMatch(
      /^Those are all the alerts of INC-1; nothing of it would stay\./,
    );
    expect(await refused("INC-3", split("y"))).toMatch(/There is no INC-3/);
    expect(await refused("INC-2", move("y", "INC-1"))).toMatch(/`merge INC-2 into INC-1` moves it whole\.$/);
    expect(await refused("INC-1", move("core.z", "INC-1"))).toMatch(/^They are in INC-1 already/);
    expect(await refused("INC-1", move("core.z", "INC-9"))).toMatch(/There is no INC-9/);
    await world.command("INC-2", { type: "cancel", reason: "nothing" });
    expect(await refused("INC-1", move("core.z", "INC-2"))).toBe(
      "Alerts go only into open incidents, and INC-2 is cancelled. `reopen INC-2 <reason>` opens it again, `split` gives them an incident of their own.",
    );
    expect(await refused("INC-2", split("y"))).toMatch(/^Cannot split alerts of INC-2: it is cancelled\./);
  });

  it("a drill takes no real alert", async () => {
    await start(["x>z"]);
    await fires("x");
    await fires("z");
    await world.command(null, {
      ...{ type: "open", kind: "drill", severity: "SEV3", title: "practice", channel: "C1" },
      ...{
        startedAt: world.now(),
        origin: null,
        groupingKey: null,
        assets: [],
        summary: null,
        reason: "drill",
      },
    });
    expect(await refused("INC-1", move("core.z", "DRILL-1"))).toMatch(/^DRILL-1 is a drill/);
    await expect(
      world.command("INC-1", { type: "merge_into", into: "DRILL-1", reason: null }),
    ).rejects.toThrow("DRILL-1 is a drill");
  });
});
