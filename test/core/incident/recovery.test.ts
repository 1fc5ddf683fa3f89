import { describe, expect, it } from "vitest";
import type { Command } from "../../../src/core/incident/command.ts";
import { decide } from "../../../src/core/incident/decide.ts";
import type { EventBody, RecoveryRule } from "../../../src/core/incident/events.ts";
import { record } from "../../../src/core/incident/log.ts";
import type { Actor } from "../../../src/core/incident/person.ts";
import { evolve, type IncidentState } from "../../../src/core/incident/state.ts";

const ana: Actor = { kind: "person", id: "U1", name: "Ana Diaz" };
const dbt: Actor = { kind: "source", name: "dbt" };
const AT = "2026-11-22T03:00:00.000Z";
const orders = { namespace: "snowflake://acme", name: "core.orders" };
const staging: RecoveryRule = { passes: 2, autoResolve: true, rules: ["staging"] };

const opened: EventBody = {
  type: "opened",
  kind: "incident",
  severity: "SEV3",
  title: "Orders are late",
  channel: "C1",
  startedAt: AT,
  origin: null,
  groupingKey: "asset:orders",
  reason: "no open incident",
};
const attached = (fingerprint: string, recovery?: RecoveryRule): EventBody => ({
  type: "alert_attached",
  fingerprint,
  source: "dbt",
  severity: "warning",
  title: fingerprint,
  assets: [orders],
  impacted: [],
  brokenAt: AT,
  reason: "grouped",
  ...(recovery ? { recovery } : {}),
});
const resolved = (fingerprint: string): EventBody => ({
  type: "alert_resolved",
  fingerprint,
  title: fingerprint,
  assets: [orders],
});
const flapping = (fingerprint: string): EventBody => ({
  ...{ type: "flapping_began", fingerprint, title: fingerprint },
  ...{ changes: 6, overMs: 1, quietMs: 1 },
});

/** The state after events of a source, or of whom they are given with. */
function given(...said: (EventBody | [EventBody, Actor])[]): IncidentState {
  let state: IncidentState | null = null;
  for (const each of said) {
    const [body, actor] = Array.isArray(each) ? each : [each, dbt];
    const asked = { actor, via: "alert", now: AT, permalink: null } as const;
    const tail = state ?? { version: 0, hash: "" };
    for (const event of record("INC-1", tail, [{ body }], asked)) state = evolve(state, event);
  }
  return state!;
}

function when(state: IncidentState, command: Command): EventBody[] {
  return decide(state, command, { actor: dbt, via: "alert", now: AT, permalink: null }).map(
    ({ body }) => body,
  );
}
const types = (state: IncidentState, command: Command) => when(state, command).map(({ type }) => type);
const run = (runs: number): Command => ({ type: "count_runs", runs });

describe("a run that all alerts pass", () => {
  it("counts only where nothing fires and somebody still works on it", () => {
    expect(types(given(opened, attached("a"), attached("b"), resolved("a")), run(1))).toEqual([]);
    const passed = given(opened, attached("a"), resolved("a"));
    expect(types(passed, run(1))).toEqual(["checks_passed"]);
    const over: EventBody = { type: "cancelled", reason: "planned" };
    expect(types(given(opened, attached("a"), resolved("a"), over), run(1))).toEqual([]);
  });

  it("is counted up to the most that its alerts need, and asked about once", () => {
    const log = [
      opened,
      attached("a"),
      attached("b", { ...staging, passes: 3 }),
      resolved("a"),
      resolved("b"),
    ];
    expect(when(given(...log), run(1))).toEqual([{ type: "run_passed", runs: 1, of: 3 }]);
    const once = given(...log, { type: "run_passed", runs: 1, of: 3 });
    expect(types(once, run(1))).toEqual([]);
    expect(types(once, run(3))).toEqual(["checks_passed"]);
    const asked = [...log, { type: "checks_passed", runs: 3 } as const];
    expect(types(given(...asked), run(4))).toEqual([]);
    const reopened: EventBody[] = [
      { type: "resolved", text: "" },
      { type: "reopened", reason: "wrong" },
    ];
    expect(types(given(...asked, ...reopened), run(4))).toEqual(["checks_passed"]);
  });

  it("ends an incident where every rule says so, nobody has acted and nothing is held back", () => {
    const passed = [opened, attached("a", staging), resolved("a")];
    expect(when(given(...passed), run(2))).toEqual([
      { type: "checks_passed", runs: 2 },
      { type: "asset_verified", asset: orders, reason: "its checks passed 2 runs in a row" },
      { type: "resolved", text: "its checks passed 2 runs in a row (rule “staging”)" },
    ]);
    const silenced: EventBody = {
      ...{ type: "alert_held", fingerprint: "c", source: "dbt", title: "c", assets: [] },
      ...{ holder: "S-1", reason: "silenced" },
    };
    for (const state of [
      given(...passed, [{ type: "noted", text: "looking" }, ana]),
      given([opened, ana], attached("a", staging), resolved("a")),
      given(...passed, attached("b"), resolved("b")),
      given(opened, attached("b"), attached("a", staging), resolved("a"), resolved("b")),
      given(...passed, silenced),
    ])
      expect(types(state, run(2))).toEqual(["checks_passed"]);
  });
});

describe("what an incident takes in", () => {
  const absorbed = (recovery?: RecoveryRule): EventBody => ({
    ...{ type: "absorbed", incident: "INC-2", title: "b", groupingKeys: [], assets: [] },
    alerts: { total: 1, firing: 1, resolved: 0 },
    ...(recovery ? { recovery } : {}),
  });
  it("raises the runs that have to pass, and ends by itself only where both may", () => {
    const own = [opened, attached("a", staging)];
    expect(given(...own, absorbed({ passes: 5, autoResolve: true, rules: ["b"] })).recovery).toEqual({
      ...{ passes: 5, autoResolve: true, rules: ["staging", "b"] },
    });
    expect(given(...own, absorbed()).recovery).toMatchObject({ passes: 2, autoResolve: false });
  });
  it("goes on flapping here, and not where it was", () => {
    const held = { b: { title: "b", since: AT } };
    expect(given(opened, { ...absorbed(), flapping: held } as EventBody).flapping).toEqual(held);
    const merged: EventBody = { type: "merged", into: "INC-1", reason: null };
    expect(given(opened, attached("a"), flapping("a"), merged).flapping).toEqual({});
  });
});

describe("flapping", () => {
  const begin: Command = {
    ...{ type: "begin_flapping", fingerprint: "a", title: "a" },
    ...{ changes: 6, overMs: 1, quietMs: 1 },
  };
  const end = (status: "firing" | "resolved", known: "firing" | "resolved" = "firing"): Command => ({
    type: "end_flapping",
    status,
    alert: {
      ...{ fingerprint: "a", source: "dbt", severity: "info", title: "a", assets: [orders] },
      ...{ known, reason: "quiet" },
    },
  });
  it("begins once, and only in an incident that is open", () => {
    expect(types(given(opened, attached("a")), begin)).toEqual(["flapping_began"]);
    expect(types(given(opened, attached("a"), flapping("a")), begin)).toEqual([]);
    const over: EventBody = { type: "cancelled", reason: "planned" };
    expect(() => types(given(opened, attached("a"), over), begin)).toThrow("Cannot hold an alert");
  });
  it("ends once, and lets the alert pass that had passed", () => {
    const held = given(opened, attached("a"), flapping("a"));
    expect(types(held, end("resolved"))).toEqual(["flapping_ended", "alert_resolved", "asset_recovering"]);
    expect(types(held, end("firing"))).toEqual(["flapping_ended"]);
    expect(types(held, end("resolved", "resolved"))).toEqual(["flapping_ended"]);
    expect(types(given(opened, attached("a")), end("resolved"))).toEqual([]);
  });
});
