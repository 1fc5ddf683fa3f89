import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fold } from "../../src/core/incident/state.ts";
import { type AlertSignal, fingerprint } from "../../src/core/signal/alert.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FLAPPING = { changes: 4, within: "1h", quiet: "30m" };
const TWO_RUNS = { name: "two runs", match: "all", passes: 2 };
const BY_ITSELF = { name: "staging", match: "asset=*.staging_*", autoResolve: true };

let place: ReturnType<typeof temporaryFile>;
let world: World;
const start = async (routes: object[] = [], grouping: object = { flapping: FLAPPING }) => {
  world = await openWorld(place.database, "C1", grouping, { routes });
};
beforeEach(() => {
  place = temporaryFile();
});
afterEach(async () => {
  await holds();
  await world.close();
  place.remove();
});

/** Whatever happened: the stored state is what the log folds to, and what is counted is what the rows say. */
async function holds(): Promise<void> {
  const { incidents } = await world.reads.list({}, 100, null);
  for (const { key } of incidents) {
    const state = (await world.reads.state(key, { entries: true }))!;
    expect(fold(await world.reads.events(key))).toEqual(state);
    if (state.phase === "merged") continue;
    const rows = await world.reads.alerts(key, 100);
    const firing = rows.filter(({ status }) => status === "firing");
    expect([firing.length, rows.length]).toEqual([state.alerts.firing, state.alerts.total]);
    const flapping = rows.filter(({ flapping }) => flapping).map((row) => row.fingerprint);
    expect(flapping.sort()).toEqual(Object.keys(state.flapping).sort());
  }
}

const state = async (key = "INC-1") => (await world.reads.state(key))!;
const types = async (key = "INC-1") => (await world.reads.events(key)).map(({ body }) => body.type);
const fires = (table: string, about: Partial<AlertSignal> = {}) => world.ingest(alertOn(table, about));
const passes = (table: string, about: Partial<AlertSignal> = {}) =>
  world.ingest(alertOn(table, { status: "resolved", ...about }));
const tick = () => world.submit({ type: "tick", now: world.now() });

/** Everything the thread was told, in words. */
async function told(key = "INC-1"): Promise<string[]> {
  const due = await world.reads.due(world.now(), 1000, []);
  const replies = due.filter((row) => row.kind === "reply" && row.incident === key);
  return replies.map(({ payload }) => JSON.stringify(payload));
}
const toldOf = async (words: string | RegExp, key = "INC-1") =>
  (await told(key)).filter((text) => (typeof words === "string" ? text.includes(words) : words.test(text)));

/** An alert on a table changes so many times, ten minutes apart. */
async function change(times: number, table = "orders", minutes = 10): Promise<void> {
  for (let i = 0; i < times; i++) {
    world.advance(minutes * MINUTE);
    const said = (await world.readDb.selectFrom("alert").selectAll().execute()).find(
      ({ fingerprint: print }) => print === fingerprint(alertOn(table)),
    );
    await (said!.status === "firing" ? passes(table) : fires(table));
  }
}

describe("tomorrow night's failure", () => {
  it("joins the open incident, and keeps who has it, the lead and the severity that was chosen", async () => {
    await start();
    await fires("orders");
    await world.command("INC-1", { type: "acknowledge" });
    await world.command("INC-1", { type: "assign_role", role: "lead", person: { id: "U1", name: "Ana" } });
    await world.command("INC-1", { type: "set_severity", severity: "SEV4", reason: "known" });
    const before = await state();
    world.advance(24 * HOUR);
    await fires("orders", { severity: "critical", startsAt: world.now() });
    await passes("orders");
    world.advance(24 * HOUR);
    const [outcome] = await fires("orders", { severity: "critical" });
    expect(outcome).toMatchObject({ outcome: "grouped", incident: "INC-1" });
    const { phase, acknowledgedAt, acknowledgedBy, roles, severity } = await state();
    expect({ phase, acknowledgedAt, acknowledgedBy, roles, severity }).toEqual({
      phase: "acknowledged",
      acknowledgedAt: before.acknowledgedAt,
      acknowledgedBy: before.acknowledgedBy,
      roles: before.roles,
      severity: "SEV4",
    });
    expect((await world.reads.list({}, 10, null)).incidents).toHaveLength(1);
  });

  it("reopens what was resolved within the window, still acknowledged; after it, it is a new incident", async () => {
    await start();
    const end = async (key: string) => {
      await passes("orders");
      await world.command(key, { type: "restore", assets: [], reason: null });
      await world.command(key, { type: "resolve", text: "reran" });
    };
    await fires("orders");
    await world.command("INC-1", { type: "acknowledge" });
    await end("INC-1");
    world.advance(20 * HOUR);
    expect(await fires("orders")).toMatchObject([{ outcome: "grouped", incident: "INC-1" }]);
    expect(await state()).toMatchObject({ phase: "acknowledged", resolvedAt: null });
    await end("INC-1");
    world.advance(25 * HOUR);
    expect(await fires("orders")).toMatchObject([{ outcome: "opened", incident: "INC-2" }]);
    expect(await state()).toMatchObject({ phase: "resolved" });
  });
});

describe("asking for the end", () => {
  it("happens once all have passed, where no rule asks for more", async () => {
    await start();
    await world.ingest(alertOn("orders"), alertOn("orders", { dedupKey: "rows" }));
    await passes("orders");
    expect(await toldOf("have resolved")).toEqual([]);
    await passes("orders", { dedupKey: "rows" });
    expect(await toldOf("All 2 alerts have resolved.")).toHaveLength(1);
    expect((await types()).at(-1)).toBe("checks_passed");
    // Told again by a sender, it is asked once.
    await passes("orders");
    await passes("orders", { dedupKey: "rows" });
    expect((await types()).filter((type) => type === "checks_passed")).toHaveLength(1);
    await fires("orders");
    await passes("orders");
    expect((await types()).filter((type) => type === "checks_passed")).toHaveLength(2);
  });

  it("waits for as many runs in a row as the rule says, of every alert", async () => {
    await start([TWO_RUNS]);
    const both = (status: "firing" | "resolved", run: string) =>
      world.ingest(
        alertOn("orders", { status, deliveryId: run }),
        alertOn("orders", { status, dedupKey: "rows", deliveryId: run }),
      );
    await both("firing", "run 1");
    expect((await state()).recovery).toEqual({ passes: 2, autoResolve: false, rules: [] });
    await both("resolved", "run 2");
    expect(await toldOf("Passed 1 of 2 runs.")).toHaveLength(1);
    await both("resolved", "run 2");
    expect(await state()).toMatchObject({ runs: 1 });
    await both("firing", "run 3");
    expect(await state()).toMatchObject({ runs: 0 });
    await both("resolved", "run 4");
    await world.restart();
    await world.ingest(alertOn("orders", { status: "resolved", deliveryId: "run 5" }));
    expect(await toldOf("Checks pass")).toEqual([]);
    await world.ingest(alertOn("orders", { status: "resolved", dedupKey: "rows", deliveryId: "run 5" }));
    expect(await toldOf("Checks pass: 2 runs in a row.")).toHaveLength(1);
    await both("resolved", "run 6");
    expect(await toldOf("Checks pass")).toHaveLength(1);
  });

  it("takes the same run for one run, however often it is told", async () => {
    await start([TWO_RUNS]);
    const run = (status: "firing" | "resolved", at: string, deliveryId: string) =>
      world.ingest(alertOn("orders", { status, observedAt: `2026-11-22T${at}:00.000Z`, deliveryId }));
    await run("firing", "01:00", "a");
    await run("resolved", "02:00", "b");
    await run("resolved", "02:00", "c");
    expect(await state()).toMatchObject({ runs: 1 });
    await run("resolved", "03:00", "d");
    expect(await state()).toMatchObject({ runs: 2 });
  });

  it("waits for the most that any of its alerts needs", async () => {
    await start([{ ...TWO_RUNS, match: "title=rows*" }]);
    await fires("orders");
    await fires("orders", { dedupKey: "rows", title: "rows are missing" });
    await passes("orders", { dedupKey: "rows" });
    await passes("orders");
    expect(await types()).not.toContain("checks_passed");
    await passes("orders");
    expect(await types()).not.toContain("checks_passed");
    await passes("orders", { dedupKey: "rows" });
    expect(await types()).toContain("checks_passed");
  });
});

describe("an incident that may end by itself", () => {
  it("does once its checks pass, its data verified, and says which rule lets it and how to reopen", async () => {
    await start([{ ...BY_ITSELF, passes: 2 }]);
    await fires("staging_orders", { impacted: [{ namespace: "bi", name: "revenue" }] });
    await passes("staging_orders");
    expect(await state()).toMatchObject({ phase: "triggered" });
    await passes("staging_orders");
    const { phase, outcome, assets } = await state();
    expect(phase).toBe("resolved");
    expect(outcome).toBe("its checks passed 2 runs in a row (rule “staging”)");
    expect([...assets.values()].map(({ recovery }) => recovery)).toEqual(["verified", "verified"]);
    const [said, ...more] = await toldOf("by itself");
    expect(more).toEqual([]);
    expect(said).toMatch(/reopen <reason>.*"action":"reopen"/);
    expect(await toldOf("Check that the data is right")).toEqual([]);
  });

  it("asks instead where a person has done anything in it, and after a reopening still does", async () => {
    await start([BY_ITSELF]);
    await fires("staging_orders");
    await world.command("INC-1", { type: "note", text: "looking", at: null });
    await passes("staging_orders");
    expect(await state()).toMatchObject({ phase: "triggered" });
    expect(await toldOf("The alert has resolved.")).toHaveLength(1);
    await world.command("INC-1", { type: "restore", assets: [], reason: null });
    await world.command("INC-1", { type: "resolve", text: "fixed" });
    await fires("staging_orders");
    await passes("staging_orders");
    expect(await state()).toMatchObject({ phase: "triggered" });
  });

  it("asks instead where one of its alerts may not, and where a person's incident was merged in", async () => {
    await start([BY_ITSELF]);
    await world.ingest(alertOn("staging_orders"), alertOn("staging_users"));
    await fires("staging_orders", { dedupKey: "mixed", assets: [alertOn("orders").assets[0]!] });
    await world.command("INC-3", { type: "merge_into", into: "INC-1", reason: null });
    await passes("staging_orders");
    await passes("staging_orders", { dedupKey: "mixed" });
    expect(await state()).toMatchObject({ phase: "triggered", recovery: { autoResolve: false } });
    await passes("staging_users");
    expect(await state("INC-2")).toMatchObject({ phase: "resolved" });
  });
});

describe("an alert that flaps", () => {
  it("is said once, counts as firing, and leaves nothing behind until it is quiet", async () => {
    await start();
    await fires("orders");
    await change(3);
    expect(await types()).not.toContain("flapping_began");
    await change(1);
    expect(await state()).toMatchObject({ alerts: { firing: 1, resolved: 0 } });
    const [row] = await world.reads.alerts("INC-1", 1);
    expect(row).toMatchObject({ status: "firing", flapping: "firing" });
    expect(await toldOf("flaps: ")).toHaveLength(1);
    expect(await toldOf("4 changes in 30 min; held until it is quiet for 30 min.")).toHaveLength(1);
    const before = await types();
    world.advance(5 * MINUTE);
    const [outcome] = await fires("orders");
    expect(outcome).toEqual({
      fingerprint: fingerprint(alertOn("orders")),
      outcome: "deduplicated",
      incident: "INC-1",
      reason: "flaps; held in INC-1 until it is quiet for 30 min",
    });
    await change(9);
    await tick();
    expect(await types()).toEqual(before);
    expect((await world.reads.alerts("INC-1", 1))[0]).toMatchObject({ count: 8, flapping: "resolved" });
  });

  it("is held as firing also where it is a pass that makes it flap", async () => {
    await start([], { flapping: { ...FLAPPING, changes: 3 } });
    await fires("orders");
    await change(2);
    expect(await passes("orders")).toMatchObject([
      {
        outcome: "deduplicated",
        reason: expect.stringContaining("flaps: 3 changes in 10 min; held in INC-1"),
      },
    ]);
    expect(await state()).toMatchObject({ alerts: { firing: 1, resolved: 0 } });
    expect((await types()).at(-1)).toBe("flapping_began");
    expect((await world.reads.alerts("INC-1", 1))[0]).toMatchObject({
      status: "firing",
      flapping: "resolved",
    });
  });

  it("is told at once, and so is its end, though the alert says nothing that was not known", async () => {
    await start([], { flapping: { ...FLAPPING, changes: 3 } });
    let woken = 0;
    const writer = { submit: world.submit, close: async () => {} };
    const { reads, now } = world;
    const engine = createEngine({ writer, reads, now, committed: () => void woken++ });
    const wakes = async (minutes: number, status: AlertSignal["status"]) => {
      woken = 0;
      world.advance(minutes * MINUTE);
      const [answer] = await engine.ingest([alertOn("orders", { status })], now());
      return [answer!.outcome, (await types()).at(-1), woken];
    };
    await fires("orders");
    await change(2);
    expect(await wakes(1, "resolved")).toEqual(["deduplicated", "flapping_began", 1]);
    expect(await wakes(1, "firing")).toEqual(["deduplicated", "flapping_began", 0]);
    expect(await wakes(31, "firing")).toEqual(["deduplicated", "flapping_ended", 1]);
    expect(await wakes(1, "firing")).toEqual(["deduplicated", "flapping_ended", 0]);
  });

  it("stands again as it last was when it is quiet: passing, so that the end is asked for", async () => {
    await start();
    await fires("orders");
    await change(6);
    await change(1);
    world.advance(29 * MINUTE);
    await tick();
    expect((await types()).at(-1)).toBe("flapping_began");
    world.advance(MINUTE);
    // What flaps is known after a restart too.
    await world.restart();
    await tick();
    expect((await types()).slice(-4)).toEqual([
      "flapping_ended",
      "alert_resolved",
      "asset_recovering",
      "checks_passed",
    ]);
    expect(await toldOf("is quiet again: it passes.")).toHaveLength(1);
    await fires("orders");
    expect(await state()).toMatchObject({ alerts: { firing: 1 }, flapping: {} });
  });

  it("stands again as it last was when it is quiet: firing, also when the next signal is the first to find so", async () => {
    await start();
    await fires("orders");
    await change(6);
    world.advance(31 * MINUTE);
    await passes("orders");
    expect((await types()).slice(-4)).toEqual([
      "flapping_ended",
      "alert_resolved",
      "asset_recovering",
      "checks_passed",
    ]);
    const ended = (await world.reads.events("INC-1")).find(({ body }) => body.type === "flapping_ended");
    expect(ended!.body).toMatchObject({ status: "firing" });
  });

  it("does not end an incident by itself meanwhile, however often that is reopened", async () => {
    await start([{ ...BY_ITSELF, match: "all" }]);
    await fires("orders");
    await change(5);
    const phases = (await types()).filter((type) => type === "resolved" || type === "reopened");
    expect(phases).toEqual(["resolved", "reopened", "resolved", "reopened"]);
    expect(await state()).toMatchObject({ phase: "triggered" });
    await change(3);
    expect(await state()).toMatchObject({ phase: "triggered" });
    world.advance(30 * MINUTE);
    await tick();
    expect(await state()).toMatchObject({ phase: "triggered", alerts: { firing: 1 } });
    world.advance(HOUR);
    await passes("orders");
    expect(await state()).toMatchObject({ phase: "resolved" });
  });

  it("flaps on in the incident that its own is merged into", async () => {
    await start();
    await world.ingest(alertOn("orders"), alertOn("users"));
    await change(4, "users");
    await world.command("INC-2", { type: "merge_into", into: "INC-1", reason: null });
    expect(Object.keys((await state()).flapping)).toHaveLength(1);
    expect(await passes("users")).toMatchObject([{ outcome: "deduplicated", incident: "INC-1" }]);
    world.advance(30 * MINUTE);
    await tick();
    expect(await state()).toMatchObject({ flapping: {}, alerts: { firing: 1, resolved: 1 } });
  });

  it("is let go where a person ends the incident, without a word, and the next failure reopens it", async () => {
    await start();
    await fires("orders");
    await change(5);
    await world.command("INC-1", { type: "waive", assets: [], reason: "rebuilt" });
    await world.command("INC-1", { type: "resolve", text: "switched off" });
    expect(await state()).toMatchObject({
      phase: "resolved",
      flapping: {},
      alerts: { firing: 0, resolved: 1 },
    });
    expect(await toldOf("quiet again")).toEqual([]);
    await tick();
    await fires("orders");
    expect(await state()).toMatchObject({ phase: "triggered", alerts: { firing: 1 } });
  });

  it("is not one that somebody repeats a few times in a day", async () => {
    await start();
    await fires("orders");
    await change(20, "orders", 21);
    expect(await types()).not.toContain("flapping_began");
  });

  it("is told together with others that begin in the same message", async () => {
    await start();
    const all = (status: "firing" | "resolved") =>
      world.ingest(...["a", "b", "c", "d", "e"].map((key) => alertOn("orders", { dedupKey: key, status })));
    for (const status of ["firing", "resolved", "firing", "resolved", "firing"] as const) {
      world.advance(MINUTE);
      await all(status);
    }
    expect(await toldOf(/and 2 more.* flap: .*held until they are quiet/)).toHaveLength(1);
    expect(await toldOf("🌀")).toHaveLength(1);
  });
});
