import { describe, expect, it } from "vitest";
import type { Command } from "../../../src/core/incident/command.ts";
import { decide } from "../../../src/core/incident/decide.ts";
import type { EventBody, NumberedSuspect } from "../../../src/core/incident/events.ts";
import { brokenAt, record } from "../../../src/core/incident/log.ts";
import type { Actor } from "../../../src/core/incident/person.ts";
import { fold, type IncidentState } from "../../../src/core/incident/state.ts";
import { Refusal } from "../../../src/core/refusal.ts";
import { assetId } from "../../../src/core/signal/asset.ts";

const ana: Actor = { kind: "person", id: "U1", name: "Ana Diaz" };
const ben: Actor = { kind: "person", id: "U2", name: "Ben Okafor" };
const at = (minute: number) => `2026-11-22T03:${String(minute).padStart(2, "0")}:00.000Z`;
const orders = { namespace: "snowflake://acme", name: "core.orders" };
const revenue = { namespace: "bi", name: "revenue" };

const opened: EventBody = {
  type: "opened",
  kind: "incident",
  severity: "SEV3",
  title: "Orders are late",
  channel: "C1",
  startedAt: at(0),
  origin: {
    source: "dbt",
    fingerprint: "f1",
    title: "Orders are late",
    description: null,
    asset: orders,
    labels: {},
    links: [],
  },
  groupingKey: "asset:orders",
  reason: "no open incident",
};
const attached = (fingerprint: string, assets = [orders]): EventBody => ({
  type: "alert_attached",
  fingerprint,
  source: "dbt",
  severity: "warning",
  title: fingerprint,
  assets,
  impacted: [],
  brokenAt: at(0),
  reason: "grouped",
});
const steps = [
  { id: "look", title: "Look" },
  { id: "rerun", title: "Rerun" },
];
const started: EventBody = {
  type: "runbook_started",
  runbook: "late",
  title: "Late table",
  hash: "h",
  steps,
};

/** The state after events of Ana's, one a minute from 03:01. */
function given(...bodies: EventBody[]): IncidentState {
  const tail = { version: 0, hash: "" };
  const events = bodies.flatMap((body, i) => {
    const [event] = record("INC-1", tail, [{ body }], {
      actor: ana,
      via: "button",
      now: at(i + 1),
      permalink: null,
    });
    tail.version = event!.seq;
    tail.hash = event!.hash;
    return event!;
  });
  return fold(events)!;
}

function when(state: IncidentState | null, command: Command, by = ben): EventBody[] {
  return decide(state, command, { actor: by, via: "button", now: at(59), permalink: null }).map(
    (e) => e.body,
  );
}

function refused(state: IncidentState | null, command: Command): string {
  try {
    when(state, command);
  } catch (error) {
    if (error instanceof Refusal) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}

describe("acknowledging", () => {
  it("is told who was first", () => {
    expect(when(given(opened), { type: "acknowledge" })).toEqual([{ type: "acknowledged" }]);
    expect(refused(given(opened, { type: "acknowledged" }), { type: "acknowledge" })).toBe(
      "conflict: INC-1 was already acknowledged by Ana Diaz.",
    );
  });
  it("comes with mitigating, which nobody does unseen", () => {
    expect(when(given(opened), { type: "mitigate", text: "rerun" }).map((e) => e.type)).toEqual([
      "acknowledged",
      "mitigated",
    ]);
  });
  it("is not for what is over", () => {
    const over = given(opened, { type: "resolved", text: "fixed" });
    expect(refused(over, { type: "acknowledge" })).toBe(
      "wrong_state: Cannot acknowledge: INC-1 is resolved. `reopen INC-1 <reason>` opens it again.",
    );
  });
});

describe("the resolve gate", () => {
  it("names what is left, and what to type", () => {
    expect(refused(given(opened, attached("f1")), { type: "resolve", text: "x" })).toMatch(
      /blocked: .*`core.orders` \(impacted\).*waive/,
    );
  });
  it("opens when all data is verified or waived", () => {
    const state = given(
      opened,
      attached("f1"),
      attached("f2", [revenue]),
      { type: "asset_verified", asset: orders, reason: null },
      { type: "asset_waived", asset: revenue, reason: "rebuilt daily" },
    );
    expect(when(state, { type: "resolve", text: "fixed" })).toEqual([{ type: "resolved", text: "fixed" }]);
    expect(state.assets.get("bi/revenue")).toMatchObject({
      waivedReason: "rebuilt daily",
      downtime: [{ from: at(0), to: at(5) }],
    });
  });
  it("needs a reason to call data right while alerts fire on it", () => {
    const state = given(opened, attached("f1"));
    expect(refused(state, { type: "restore", assets: [], reason: null })).toMatch(
      /^blocked: Alerts still fire on/,
    );
    expect(when(state, { type: "restore", assets: ["orders"], reason: "counted" })).toEqual([
      { type: "asset_verified", asset: orders, reason: "counted" },
    ]);
  });
  it("asks which, never guesses", () => {
    const state = given(opened, attached("f1"), attached("f2", [{ namespace: "pg", name: "shop.orders" }]));
    expect(refused(state, { type: "waive", assets: ["orders"], reason: "x" })).toBe(
      "not_found: `orders` could be `core.orders` or `shop.orders`. Write the full name.",
    );
    expect(refused(state, { type: "waive", assets: ["users"], reason: "x" })).toMatch(
      /no asset `users`. It has `core.orders`/,
    );
  });
  it("tells two of one name apart by where they live, and takes that for an answer", () => {
    const elsewhere = { namespace: "pg", name: "core.orders" };
    const state = given(opened, attached("f1"), attached("f2", [elsewhere]));
    expect(refused(state, { type: "waive", assets: ["core.orders"], reason: "x" })).toMatch(
      "`snowflake://acme/core.orders` or `pg/core.orders`",
    );
    const waive = { type: "waive", assets: ["pg/core.orders", "pg/core.orders"], reason: "x" } as const;
    expect(when(state, { ...waive, assets: [...waive.assets] })).toEqual([
      { type: "asset_waived", asset: elsewhere, reason: "x" },
    ]);
  });
  it("does not change the data of an incident that was merged", () => {
    const merged = given(opened, attached("f1"), { type: "merged", into: "INC-7", reason: null });
    expect(refused(merged, { type: "waive", assets: [], reason: "x" })).toMatch("Use INC-7 instead");
    expect(refused(merged, { type: "set_started_at", startedAt: at(-60), reason: "x" })).toMatch(
      "Use INC-7 instead",
    );
  });
});

describe("data that was right and is wrong again", () => {
  const over = given(
    opened,
    attached("f1"),
    { type: "asset_verified", asset: orders, reason: null },
    { type: "resolved", text: "rerun" },
    { type: "reopened", reason: "still wrong" },
  );
  const add: Command = { type: "add_assets", assets: [orders], reason: "rows are missing" };
  it("can be said by a person, and keeps the incident open", () => {
    const [added] = when(over, add);
    expect(added).toMatchObject({ type: "asset_impacted", asset: orders, reason: "rows are missing" });
    const again = given(opened, attached("f1"), { type: "asset_verified", asset: orders, reason: null }, {
      ...added!,
      brokenAt: at(4),
    } as EventBody);
    expect(refused(again, { type: "resolve", text: "done" })).toMatch(/blocked.*core.orders/);
    // Not over again the time before it was right.
    expect([...again.assets.values()][0]!.downtime).toEqual([
      { from: at(0), to: at(3) },
      { from: at(4), to: null },
    ]);
    expect(when(again, add)).toEqual([]);
  });
});

describe("data downtime", () => {
  const broke = (fingerprint: string, minute: number): EventBody => ({
    ...(attached(fingerprint) as EventBody & { type: "alert_attached" }),
    brokenAt: at(minute),
  });
  const downtime = (state: IncidentState) => [...state.assets.values()][0]!.downtime;
  it("begins with the earliest break that any alert tells", () => {
    expect(downtime(given(opened, broke("f1", 2), broke("f2", 1)))).toEqual([{ from: at(1), to: null }]);
  });
  it("counts no minute twice", () => {
    const state = given(
      opened,
      broke("f1", 0),
      { type: "asset_verified", asset: orders, reason: null },
      broke("f2", 1),
    );
    expect(downtime(state)).toEqual([
      { from: at(0), to: at(3) },
      { from: at(3), to: null },
    ]);
  });
  it("begins where a person said that it does", () => {
    const told: EventBody = { type: "started_at_set", startedAt: at(2), reason: "the last good load" };
    expect(downtime(given(opened, told, broke("f1", 1)))).toEqual([{ from: at(2), to: null }]);
  });
});

describe("taking another incident in", () => {
  const absorbed = (recovery: string, firing = 0): EventBody => ({
    type: "absorbed",
    incident: "INC-2",
    title: "Revenue is odd",
    groupingKeys: ["asset:revenue"],
    alerts: { total: firing, firing, resolved: 0 },
    assets: [{ ...revenue, firing, recovery }],
    sources: ["dbt", "soda"],
  });
  const found = (...bodies: EventBody[]) => given(opened, ...bodies).assets.get("bi/revenue")!;
  it.each(["impacted", "recovering", "verified", "waived"])("keeps data %s as it was there", (recovery) => {
    expect(found(absorbed(recovery))).toMatchObject({ recovery, firing: 0 });
  });
  it("lets what was settled there be, and what is wrong here stay wrong", () => {
    const wrongHere = attached("f9", [revenue]);
    for (const recovery of ["recovering", "verified"])
      expect(found(wrongHere, absorbed(recovery, 1))).toMatchObject({ recovery: "impacted", firing: 2 });
    const rightHere: EventBody[] = [wrongHere, { type: "asset_verified", asset: revenue, reason: null }];
    expect(found(...rightHere, absorbed("verified")).recovery).toBe("verified");
    expect(found(...rightHere, absorbed("recovering"))).toMatchObject({
      recovery: "recovering",
      downtime: [
        { from: at(0), to: at(3) },
        { from: at(4), to: null },
      ],
    });
  });
  it("knows who sent its alerts", () => {
    expect(given(opened, attached("f1"), absorbed("impacted")).sources).toEqual(["dbt", "soda"]);
  });
});

describe("alerts", () => {
  const news = {
    fingerprint: "f2",
    source: "soda",
    title: "rows",
    assets: [orders],
    impacted: [revenue],
    brokenAt: at(0),
    reason: "grouped",
  };
  it("raise the severity, until a person has chosen one", () => {
    const fired: Command = { type: "alert_fired", alert: { ...news, severity: "critical", known: "never" } };
    expect(when(given(opened), fired).at(-1)).toMatchObject({
      type: "severity_changed",
      from: "SEV3",
      to: "SEV1",
    });
    const chosen = given(opened, {
      type: "severity_changed",
      from: "SEV3",
      to: "SEV4",
      reason: "a test table",
    });
    expect(when(chosen, fired).map((e) => e.type)).toEqual(["alert_attached"]);
  });
  it("reopen what was resolved", () => {
    const state = given(
      opened,
      attached("f2"),
      { type: "alert_resolved", fingerprint: "f2", title: "f2", assets: [orders] },
      { type: "resolved", text: "" },
    );
    const fired: Command = {
      type: "alert_fired",
      alert: { ...news, severity: "warning", known: "resolved" },
    };
    expect(when(state, fired).map((e) => e.type)).toEqual(["reopened", "alert_refired"]);
  });
  it("name further data while they fire on, which was not wrong before; what is hurt is news only once", () => {
    const state = given(opened, attached("f1"));
    const further = { assets: [revenue], brokenAt: at(9) };
    const alert = {
      ...news,
      severity: "warning" as const,
      known: "firing" as const,
      assets: [orders, revenue],
      impacted: [],
      further,
    };
    const widened = {
      ...{ type: "alert_widened", fingerprint: news.fingerprint, title: news.title },
      ...{ assets: [revenue], impacted: [], brokenAt: at(9) },
    };
    expect(when(state, { type: "alert_fires_on", alert })).toEqual([widened]);
    const named = given(opened, attached("f1"), widened as EventBody);
    expect(named.assets.get(assetId(revenue))).toMatchObject({
      firing: 1,
      downtime: [{ from: at(9), to: null }],
    });
    const repeat = { ...alert, impacted: [revenue], further: { assets: [], brokenAt: at(10) } };
    expect(when(named, { type: "alert_fires_on", alert: repeat })).toEqual([]);
  });
  it("leave data recovering, not recovered, when the last of them passes", () => {
    const passed = (fingerprint: string): Command => ({
      type: "alert_passed",
      alert: {
        fingerprint,
        source: "dbt",
        severity: "warning",
        title: fingerprint,
        assets: [orders],
        known: "firing",
        reason: "",
      },
    });
    const two = given(opened, attached("f1"), attached("f2"));
    expect(when(two, passed("f1")).map((e) => e.type)).toEqual(["alert_resolved"]);
    const one = given(opened, attached("f1"), attached("f2"), {
      type: "alert_resolved",
      fingerprint: "f1",
      title: "f1",
      assets: [orders],
    });
    expect(when(one, passed("f2")).map((e) => e.type)).toEqual(["alert_resolved", "asset_recovering"]);
  });
});

describe("walking a runbook", () => {
  const done = (step: string | null): Command => ({
    type: "finish_step",
    runbook: "late",
    step,
    outcome: "done",
    note: null,
  });
  it("refuses the second of two who press Done on the same step, and says who was first", () => {
    const moved = given(opened, started, {
      type: "step_finished",
      runbook: "late",
      step: "look",
      title: "Look",
      outcome: "done",
      note: null,
    });
    expect(refused(moved, done("look"))).toBe(
      "conflict: Ana Diaz already marked “Look” done. The walk stands at step 2: Rerun.",
    );
  });
  it("finishes with its last step, and can go back", () => {
    const last = given(opened, started, {
      type: "step_finished",
      runbook: "late",
      step: "look",
      title: "Look",
      outcome: "skipped",
      note: "n/a",
    });
    expect(when(last, done("rerun")).map((e) => e.type)).toEqual(["step_finished", "runbook_finished"]);
    expect(when(last, { type: "step_back", runbook: "late", step: "rerun" })).toEqual([
      { type: "step_reopened", runbook: "late", step: "look", title: "Look" },
    ]);
    expect(refused(given(opened, started), { type: "step_back", runbook: "late", step: "look" })).toMatch(
      /at its first step/,
    );
  });
  it("is started once at a time", () => {
    expect(
      refused(given(opened, started), {
        type: "start_runbook",
        runbook: "late",
        title: "Late table",
        hash: "h",
        steps,
      }),
    ).toBe("conflict: “Late table” was already started by Ana Diaz and stands at step 1: Look.");
  });
  it("is not begun where its message would have no buttons", () => {
    const start: Command = { type: "start_runbook", runbook: "late", title: "Late table", hash: "h", steps };
    const resolved: EventBody = { type: "resolved", text: "rerun" };
    expect(when(given(opened, resolved), start)).toHaveLength(1);
    for (const end of [
      { type: "closed", reason: null },
      { type: "cancelled", reason: "x" },
    ] as const)
      expect(refused(given(opened, resolved, end), start)).toMatch(
        /^wrong_state: Cannot start a runbook: INC-1 is (closed|cancelled)\. `reopen INC-1 <reason>`/,
      );
  });
});

describe("correcting the timeline", () => {
  const state = given(
    opened,
    { type: "acknowledged" },
    { type: "noted", text: "teh bucket" },
    { type: "mitigated", text: "rerun" },
  );
  it("moves a clock with its entry, in order only", () => {
    expect(when(state, { type: "edit_entry", seq: 4, text: null, at: at(3) })).toEqual([
      { type: "entry_edited", seq: 4, text: null, at: at(3) },
    ]);
    expect(refused(state, { type: "edit_entry", seq: 4, text: null, at: at(1) })).toMatch(
      /cannot be mitigated .* before it was acknowledged/,
    );
  });
  it("leaves alone a clock that has moved on since", () => {
    const reopened = given(
      opened,
      { type: "resolved", text: "rerun" },
      { type: "reopened", reason: "no" },
      { type: "entry_edited", seq: 2, text: null, at: at(1) },
    );
    expect(reopened).toMatchObject({ phase: "triggered", resolvedAt: null });
    const again = given(
      opened,
      { type: "resolved", text: "rerun" },
      { type: "reopened", reason: "no" },
      { type: "resolved", text: "reloaded" },
    );
    expect(when(again, { type: "edit_entry", seq: 2, text: null, at: at(0) })).toHaveLength(1);
    expect(
      given(
        opened,
        { type: "resolved", text: "rerun" },
        { type: "reopened", reason: "no" },
        { type: "resolved", text: "reloaded" },
        { type: "entry_edited", seq: 2, text: null, at: at(0) },
      ).resolvedAt,
    ).toBe(at(4));
  });
  it("does not look into the future", () => {
    expect(
      refused(state, { type: "edit_entry", seq: 3, text: null, at: "2026-11-23T00:00:00.000Z" }),
    ).toMatch(/future/);
    expect(refused(state, { type: "note", text: "x", at: "2026-11-23T00:00:00.000Z" })).toMatch(/future/);
  });
  it("says which entries there are to correct", () => {
    expect(refused(state, { type: "edit_entry", seq: 1, text: "x", at: null })).toMatch(
      /no entry 1 that can be changed/,
    );
    expect(when(state, { type: "edit_entry", seq: 3, text: "teh bucket", at: null })).toEqual([]);
  });
  it("stands corrected wherever the old words stood", () => {
    const over = given(
      opened,
      { type: "resolved", text: "password: hunter2" },
      { type: "entry_edited", seq: 2, text: "rotated the key", at: null },
    );
    expect(JSON.stringify({ ...over, assets: [] })).not.toContain("hunter2");
    const said = given(
      opened,
      { type: "status_posted", text: "oops" },
      { type: "entry_hidden", seq: 2, reason: null },
    );
    expect(said.lastStatus).toBeNull();
    const moved = given(
      opened,
      { type: "status_posted", text: "oops" },
      { type: "entry_edited", seq: 2, text: null, at: at(1) },
      { type: "entry_hidden", seq: 2, reason: null },
    );
    expect(moved.lastStatus).toBeNull();
  });
});

it("keeps roles by name only, even one called constructor", () => {
  const person = { id: "U2", name: "Ben Okafor" };
  expect(when(given(opened), { type: "assign_role", role: "constructor", person })).toHaveLength(1);
  expect(when(given(opened), { type: "clear_role", role: "toString" })).toEqual([]);
});

it("changes no role of an incident that was merged", () => {
  const person = { id: "U2", name: "Ben Okafor" };
  const merged = given(
    opened,
    { type: "role_assigned", role: "lead", person },
    { type: "merged", into: "INC-7", reason: null },
  );
  expect(refused(merged, { type: "clear_role", role: "lead" })).toMatch("Use INC-7 instead");
});

it("shows where a log was tampered with", () => {
  const asked = { actor: ana, via: "slash", now: at(1), permalink: null } as const;
  const events = record(
    "INC-1",
    { version: 0, hash: "" },
    [{ body: opened }, { body: { type: "noted", text: "a" } }, { body: { type: "acknowledged" } }],
    asked,
  );
  expect(brokenAt(events)).toBeNull();
  expect(
    brokenAt(events.map((e, i) => (i === 1 ? { ...e, body: { type: "noted", text: "b" } as const } : e))),
  ).toBe(2);
  expect(brokenAt([events[0]!, events[2]!])).toBe(2);
});

it("logs only what it can read back, so that the chain holds", () => {
  const asked = { actor: ana, via: "button", now: at(1), permalink: null } as const;
  const person = { id: "U1", name: "Ana Diaz", timeZone: "UTC" };
  const [event] = record(
    "INC-1",
    { version: 0, hash: "" },
    [{ body: { type: "role_assigned", role: "lead", person } }],
    asked,
  );
  expect(event!.body).toEqual({
    type: "role_assigned",
    role: "lead",
    person: { id: "U1", name: "Ana Diaz" },
  });
});

describe("what may have been the cause", () => {
  const suspect = (number: number, change = `c${number}`): NumberedSuspect => ({
    ...{
      number,
      change,
      title: `Deploy ${change}`,
      url: `https://git.example.com/${change}`,
      actor: "mira-oak",
    },
    ...{ source: "github", at: at(0), confidence: "likely", reason: "touched orders" },
  });
  const suspected = (...suspects: NumberedSuspect[]): EventBody => ({ type: "changes_suspected", suspects });
  const caused = (number: number): EventBody => ({
    ...{ type: "cause_named", change: `c${number}`, text: `Deploy c${number}` },
    ...{ url: `https://git.example.com/c${number}`, changedAt: at(0) },
  });

  it("is told once, and again only where the list has changed", () => {
    const suspects = [suspect(2), suspect(1)];
    expect(when(given(opened), { type: "suspect_changes", suspects })).toEqual([suspected(...suspects)]);
    expect(when(given(opened), { type: "suspect_changes", suspects: [] })).toEqual([]);
    const state = given(opened, suspected(...suspects));
    expect(when(state, { type: "suspect_changes", suspects })).toEqual([]);
    expect(when(state, { type: "suspect_changes", suspects: suspects.toReversed() })).toHaveLength(1);
    expect(when(state, { type: "suspect_changes", suspects: [] })).toEqual([suspected()]);
  });

  it("is not looked for any more in an incident that is over", () => {
    const command: Command = { type: "suspect_changes", suspects: [suspect(1)] };
    expect(when(given(opened, { type: "resolved", text: "ok" }), command)).toHaveLength(1);
    for (const end of [
      { type: "merged", into: "INC-2", reason: null },
      { type: "cancelled", reason: "test" },
    ] satisfies EventBody[])
      expect(when(given(opened, end), command)).toEqual([]);
  });

  it("keeps its number when it leaves the list", () => {
    const state = given(opened, suspected(suspect(1), suspect(2)), suspected(suspect(3), suspect(1)));
    expect(state.suspects.map(({ number, change }) => `${number} ${change}`)).toEqual([
      "1 c1",
      "2 c2",
      "3 c3",
    ]);
    expect(state.shownSuspects).toEqual([3, 1]);
    expect(when(state, { type: "name_cause", number: 2 })).toEqual([caused(2)]);
  });

  it("is named by its number, once, also when it is over", () => {
    const state = given(opened, suspected(suspect(1)), { type: "resolved", text: "ok" }, caused(1));
    expect(when(state, { type: "name_cause", number: 1 })).toEqual([]);
    expect(state.changes).toEqual([
      {
        ...{ text: "Deploy c1", url: "https://git.example.com/c1", changedAt: at(0), seq: 4, change: "c1" },
        cause: true,
      },
    ]);
  });

  it("is refused under a number that there is not", () => {
    const listed = (...suspects: NumberedSuspect[]) =>
      refused(given(opened, suspected(...suspects)), { type: "name_cause", number: 4 });
    expect(listed(suspect(1), suspect(2), suspect(3))).toBe(
      "not_found: INC-1 has no suspected change 4. It lists 1 to 3.",
    );
    expect(listed(suspect(1))).toBe("not_found: INC-1 has no suspected change 4. It lists only 1.");
    expect(refused(given(opened), { type: "name_cause", number: 4 })).toBe(
      "not_found: INC-1 has no suspected change 4. It lists none. `change <what changed>` notes one, and `change cause noted 1` then names it.",
    );
  });
});

describe("a change that people noted", () => {
  const said = (text: string) => ({ text, url: null, changedAt: null });
  const noted = (text: string): EventBody => ({ type: "change_linked", ...said(text) });
  const blamed = (text: string): EventBody => ({ type: "cause_named", change: null, ...said(text) });

  it("is named as the cause by a number of its own, once, and stays one change", () => {
    const state = given(opened, noted("paused the export"), noted("new model"));
    expect(when(state, { type: "name_cause", number: 2, noted: true })).toEqual([blamed("new model")]);
    const named = given(opened, noted("paused the export"), noted("new model"), blamed("new model"));
    expect(named.changes.map(({ text, cause }) => [text, cause])).toEqual([
      ["paused the export", false],
      ["new model", true],
    ]);
    expect(when(named, { type: "name_cause", number: 2, noted: true })).toEqual([]);
  });

  it("is told of where another number was meant", () => {
    const state = given(opened, noted("new model"));
    expect(refused(state, { type: "name_cause", number: 1 })).toBe(
      "not_found: INC-1 has no suspected change 1. It lists none. People noted “new model”: `change cause noted 1`.",
    );
    expect(refused(state, { type: "name_cause", number: 3, noted: true })).toBe(
      "not_found: INC-1 has no noted change 3. People noted “new model”: `change cause noted 1`.",
    );
    expect(refused(given(opened), { type: "name_cause", number: 1, noted: true })).toBe(
      "not_found: INC-1 has no noted change 1. `change <what changed>` notes one, and `change cause noted 1` then names it.",
    );
  });
});

it.each(["constructor", "toString"])("walks a runbook called %s, and knows of none before", (runbook) => {
  const start: Command = { type: "start_runbook", runbook, title: "Late table", hash: "h", steps };
  const suggested: EventBody = {
    type: "runbook_suggested",
    runbooks: [{ slug: runbook, title: "Late table", reason: "table" }],
  };
  expect(
    refused(given(opened, suggested), {
      type: "finish_step",
      runbook,
      step: "look",
      outcome: "done",
      note: null,
    }),
  ).toMatch(/^not_found: No runbook has been started/);
  expect(when(given(opened, suggested), start)).toEqual([{ ...started, runbook }]);
});

it("leads from an action item that there is not to those that there are", () => {
  expect(refused(given(opened), { type: "finish_task", task: 9 })).toBe(
    "not_found: INC-1 has no action item 9. `tasks` lists them.",
  );
});

it("is refused with the next step where the state does not allow it", () => {
  const ack: EventBody = { type: "acknowledged" };
  const mitigated: EventBody = { type: "mitigated", text: "paused it" };
  const asset: EventBody = { type: "asset_added", asset: { namespace: "n", name: "t" }, reason: "x" };
  const unack: Command = { type: "unacknowledge", reason: null };
  const mitigate: Command = { type: "mitigate", text: "again" };
  expect(refused(given(opened), unack)).toBe(
    "wrong_state: Cannot unacknowledge: INC-1 is not acknowledged yet. `ack INC-1` takes it.",
  );
  expect(refused(given(opened, ack), { type: "reopen", reason: "x" })).toBe(
    "wrong_state: Cannot reopen: INC-1 is acknowledged. Once the cause is stopped, `mitigate INC-1 <what was done>`.",
  );
  expect(refused(given(opened, asset, mitigated), mitigate)).toBe(
    "wrong_state: Cannot mitigate: INC-1 is mitigated. Once its data is right again, `restored INC-1 <asset>`.",
  );
  expect(refused(given(opened, mitigated), { type: "acknowledge" })).toBe(
    "wrong_state: Cannot acknowledge: INC-1 is mitigated. `resolve INC-1 <what fixed it>` ends it.",
  );
});

it("tells of past incidents like it once", () => {
  const incident = {
    ...{ key: "INC-0", title: "Orders are late", severity: "SEV2", resolvedAt: at(0) },
    ...{ outcome: null, causeChange: null, url: null, reason: "same alert" },
  };
  const told: EventBody = { type: "similar_found", incidents: [incident] };
  expect(when(given(opened), { type: "tell_similar", incidents: [incident] })).toEqual([told]);
  expect(when(given(opened, told), { type: "tell_similar", incidents: [incident] })).toEqual([]);
  expect(when(given(opened), { type: "tell_similar", incidents: [] })).toEqual([]);
});
