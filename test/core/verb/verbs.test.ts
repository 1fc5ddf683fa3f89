import { describe, expect, test } from "vitest";
import { Refusal } from "../../../src/core/refusal.ts";
import { parseLine } from "../../../src/core/verb/line.ts";
import type { Ask, VerbContext } from "../../../src/core/verb/verb.ts";
import { context, incident } from "./incident.ts";

/** A line as Slack sends it, to what it asks for. */
function ask(text: string, part: Partial<VerbContext> = {}): Ask {
  const line = parseLine(text, { command: "/incident" });
  if ("empty" in line) throw new Error("an empty line");
  return line.verb.parse(line.rest, context(part));
}

/** The commands of a line that asks for nothing else. */
function commands(text: string, part: Partial<VerbContext> = {}) {
  const asked = ask(text, part);
  return asked.kind === "commands" ? asked.commands : asked;
}

function refusal(text: string, part: Partial<VerbContext> = {}): string {
  try {
    ask(text, part);
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal);
    expect((error as Refusal).code).toBe("invalid");
    return (error as Refusal).message;
  }
  throw new Error(`\`${text}\` was not refused`);
}

test.each([
  ["unsilence 1", { type: "unsilence", id: "S-1", reason: null }],
  ["unsilence #12 the load is over", { type: "unsilence", id: "S-12", reason: "the load is over" }],
  ["silence extend 1 2h", { type: "extend", id: "S-1", byMs: 7_200_000, reason: null }],
])("a silence is known by its number: %j", (text, expected) => {
  expect(ask(text)).toEqual({ kind: "silence", ask: expected });
  expect(refusal("silence")).toMatch(/Write `silence <matcher> <duration> <reason>`/);
  expect(refusal("silence extend 2h")).toMatch(/^Which silence\?/);
});

const form = (name: string, typed?: object) => ({ kind: "form", form: name, ...(typed && { typed }) });
const query = (query: object) => ({ kind: "query", query });

describe("new", () => {
  test.each([
    ["new Orders are late", { kind: "open", title: "Orders are late", severity: null }],
    ["declare sev2 Orders are late", { kind: "open", title: "Orders are late", severity: "SEV2" }],
    ["open SEV-1: Orders  are late", { kind: "open", title: "Orders are late", severity: "SEV1" }],
    ["new Orders are late sev3", { kind: "open", title: "Orders are late", severity: "SEV3" }],
    ["new sev 2 Orders are late", { kind: "open", title: "Orders are late", severity: "SEV2" }],
    ["new P1: Orders are late", { kind: "open", title: "Orders are late", severity: "SEV1" }],
    ["new p7 topic is late", { kind: "open", title: "p7 topic is late", severity: null }],
    ["new “Orders are late”", { kind: "open", title: "Orders are late", severity: null }],
    ["create a &lt; b", { kind: "open", title: "a < b", severity: null }],
    ["new several things", { kind: "open", title: "several things", severity: null }],
    ["new", form("declare")],
    ["new sev2", form("declare", { severity: "SEV2" })],
  ])("%j", (text, expected) => {
    expect(ask(text)).toEqual(expected);
  });
  test("an unknown severity and a long title are refused", () => {
    expect(refusal("new sev7 Orders")).toMatch(
      /^There is no SEV7: severities go from SEV1, the highest, to SEV4\./,
    );
    expect(refusal(`new ${"x".repeat(163)}`)).toBe(
      "The title is 163 characters long and may have 150. Shorten it by 13.",
    );
  });
});

describe("respond", () => {
  test.each([
    ["ack", [{ type: "acknowledge" }]],
    ["ack looking at the loader", [{ type: "acknowledge", note: "looking at the loader" }]],
    ["unack", [{ type: "unacknowledge", reason: null }]],
    ["unack my shift is over", [{ type: "unacknowledge", reason: "my shift is over" }]],
    ["lead", [{ type: "assign_role", role: "lead", person: { id: "U0BEN", name: "Ben" } }]],
    ["lead me", [{ type: "assign_role", role: "lead", person: { id: "U0BEN", name: "Ben" } }]],
    ["lead <@U0ANA|ana>", [{ type: "assign_role", role: "lead", person: { id: "U0ANA", name: "Ana" } }]],
    [
      "lead <@U0EVE>",
      [{ type: "assign_role", role: "lead", person: { id: "U0EVE", name: "unlinked U0EVE" } }],
    ],
    ["lead none", [{ type: "clear_role", role: "lead" }]],
    ["role comms <@U0ANA>", [{ type: "assign_role", role: "comms", person: { id: "U0ANA", name: "Ana" } }]],
    [
      "role <@U0ANA> Data  Owner",
      [{ type: "assign_role", role: "data owner", person: { id: "U0ANA", name: "Ana" } }],
    ],
    [
      "assign Incident Commander <@U0ANA>",
      [{ type: "assign_role", role: "lead", person: { id: "U0ANA", name: "Ana" } }],
    ],
    ["role scribe me", [{ type: "assign_role", role: "scribe", person: { id: "U0BEN", name: "Ben" } }]],
    ["role scribe nobody", [{ type: "clear_role", role: "scribe" }]],
    ["role", query({ type: "role", role: null })],
    ["roles", query({ type: "role", role: null })],
    ["role comms", query({ type: "role", role: "comms" })],
    ["severity 2 finance reads it", [{ type: "set_severity", severity: "SEV2", reason: "finance reads it" }]],
    ["sev SEV1 money", [{ type: "set_severity", severity: "SEV1", reason: "money" }]],
    ["sev sev-3: less", [{ type: "set_severity", severity: "SEV3", reason: "less" }]],
    ["severity", form("severity")],
    ["severity 2", form("severity", { severity: "SEV2" })],
    ["resolve reran the load", [{ type: "resolve", text: "reran the load" }]],
    ["fixed reran the load", [{ type: "resolve", text: "reran the load" }]],
    ["resolve", form("resolve")],
    ["reopen it failed again", [{ type: "reopen", reason: "it failed again" }]],
    ["reopen", form("reopen")],
    ["cancel a test", [{ type: "cancel", reason: "a test" }]],
    ["cancel", form("cancel")],
    ["merge INC-2", { kind: "merge", into: "INC-2", reason: null }],
    ["merge into inc-02: the same load", { kind: "merge", into: "INC-2", reason: "the same load" }],
    ["merge INC-1 into INC-2 same", { kind: "merge", into: "INC-2", reason: "same" }],
  ])("%j", (text, expected) => {
    expect(commands(text)).toEqual(expected);
  });

  test("`close` resolves what is open and closes what is resolved", () => {
    const resolved = incident("INC-1", [{ type: "resolved", text: "reran it" }]);
    expect(commands("close reran the load")).toEqual([{ type: "resolve", text: "reran the load" }]);
    expect(commands("close")).toEqual(form("resolve"));
    expect(commands("close", { incident: resolved })).toEqual([{ type: "close", reason: null }]);
    expect(commands("close reviewed", { incident: resolved })).toEqual([
      { type: "close", reason: "reviewed" },
    ]);
    expect(commands("resolve again", { incident: resolved })).toEqual([{ type: "resolve", text: "again" }]);
  });

  test.each([
    ["lead ana", /I cannot tell who `ana` is/],
    ["lead @ana", /I do not know who `@ana` is: type `@` and choose the person/],
    ["lead <@U0ANA> <@U0BEN>", /Several people/],
    ["role <@U0ANA>", /Which role\?/],
    ["role __proto__ <@U0ANA>", /A role is one or two words/],
    [`role ${"x".repeat(41)} me`, /The role is 41 characters long and may have 40/],
    [
      "severity 5 worse",
      /from 1, the highest, to 4\. Write `severity <1-4> <reason>`, for example `severity 2/,
    ],
    ["severity high money", /from 1, the highest, to 4/],
    ["merge", /Into which incident\? Write `merge <INC-n> \[reason\]`/],
    ["merge the other one", /Into which incident\?/],
  ])("%j is refused", (text, words) => {
    expect(refusal(text)).toMatch(words);
  });
});

describe("what belongs together", () => {
  const split = (alerts: string, reason: string | null = null, all = false) => [
    { type: "split", alerts, all, reason },
  ];
  const move = (alerts: string, into: string, reason: string | null = null, all = false) => [
    { type: "move", alerts, all, into, reason },
  ];
  test.each([
    ["split orders", split("orders")],
    ["split off not_null on  orders", split("not_null on orders")],
    ["split INC-1 orders because another load", split("orders", "another load")],
    ["split all orders because: another load", split("orders", "another load", true)],
    [
      "split “failed because of a lock” because it is another lock",
      split("failed because of a lock", "it is another lock"),
    ],
    ["split analytics.marts.orders", split("analytics.marts.orders")],
    ["move orders to INC-2", move("orders", "INC-2")],
    ["move INC-1 not_null on users into inc-02.", move("not_null on users", "INC-2")],
    ["move all users to #INC-2 because the form broke it", move("users", "INC-2", "the form broke it", true)],
    ["move “users” to INC-2: the form", move("users", "INC-2", "the form")],
    ["move back to source to INC-3 see INC-4", move("back to source", "INC-3", "see INC-4")],
  ])("%j", (text, expected) => {
    expect(commands(text)).toEqual(expected);
  });
  test.each([
    ["split", /Which alerts\? A part of a title, an asset, or a fingerprint\. Write `split \[all\] <alert>/],
    ["split because another load", /Which alerts\?/],
    ["move orders", /Which alerts, and into which incident\? Write `move \[all\] <alert> to <INC-n>/],
    ["move to INC-2", /into which incident\?/],
    [`split ${"x".repeat(201)}`, /The alert is 201 characters long and may have 200/],
  ])("%j is refused", (text, words) => {
    expect(refusal(text)).toMatch(words);
  });
});

describe("data", () => {
  const sales = incident("INC-1", [
    { type: "asset_added", asset: { namespace: "looker", name: "Weekly sales" }, reason: "x" },
    { type: "asset_added", asset: { namespace: "looker", name: "Weekly sales EU" }, reason: "x" },
  ]);

  test.each([
    ["mitigate rolled back", [{ type: "mitigate", text: "rolled back" }]],
    ["mitigate", form("mitigate")],
    ["restored orders", [{ type: "restore", assets: ["orders"], reason: null }]],
    ["restored orders rows match", [{ type: "restore", assets: ["orders"], reason: "rows match" }]],
    ["restored orders: rows match", [{ type: "restore", assets: ["orders"], reason: "rows match" }]],
    [
      "recovered orders, customers checked",
      [{ type: "restore", assets: ["orders", "customers"], reason: "checked" }],
    ],
    ["restored orders,customers", [{ type: "restore", assets: ["orders", "customers"], reason: null }]],
    ["restored all backfilled", [{ type: "restore", assets: [], reason: "backfilled" }]],
    ["restored `orders` ok", [{ type: "restore", assets: ["orders"], reason: "ok" }]],
    ["restored “monthly report” ok", [{ type: "restore", assets: ["monthly report"], reason: "ok" }]],
    [
      "restored <http://shop.orders|shop.orders> ok",
      [{ type: "restore", assets: ["shop.orders"], reason: "ok" }],
    ],
    ["restored Weekly sales EU ok", [{ type: "restore", assets: ["Weekly sales EU"], reason: "ok" }]],
    ["restored looker/Weekly sales", [{ type: "restore", assets: ["looker/Weekly sales"], reason: null }]],
    ["restored", form("restored")],
    ["restored ,", form("restored")],
    ["waive orders nobody reads it", [{ type: "waive", assets: ["orders"], reason: "nobody reads it" }]],
    ["waive orders", form("waive", { assets: ["orders"] })],
    ["waive all", form("waive", { assets: [] })],
    ["waive", form("waive")],
    [
      "impacted snowflake://acme/shop.orders reads it",
      [
        {
          type: "name_assets",
          assets: [{ namespace: "snowflake://acme", name: "shop.orders" }],
          reason: "reads it",
        },
      ],
    ],
    [
      "impacted bigquery/p.d.orders",
      [{ type: "name_assets", assets: [{ namespace: "bigquery", name: "p.d.orders" }], reason: null }],
    ],
    ["impacted Orders", [{ type: "name_assets", assets: ["Orders"], reason: null }]],
    [
      "impacted orders_daily, snowflake://acme/sales.orders_weekly: they read it",
      [
        {
          type: "name_assets",
          assets: ["orders_daily", { namespace: "snowflake://acme", name: "sales.orders_weekly" }],
          reason: "they read it",
        },
      ],
    ],
    ["impacted orders_daily,", [{ type: "name_assets", assets: ["orders_daily"], reason: null }]],
    ["impacted “Weekly sales” old", [{ type: "name_assets", assets: ["Weekly sales"], reason: "old" }]],
    [
      "change deployed orders v2",
      [{ type: "link_change", text: "deployed orders v2", url: null, changedAt: null }],
    ],
    [
      "change at 09:30 deployed <https://git.example.com/7|#7>",
      [
        {
          type: "link_change",
          text: "deployed #7",
          url: "https://git.example.com/7",
          changedAt: "2026-11-22T08:30:00.000Z",
        },
      ],
    ],
    [
      "change merged <https://git.example.com/7|#7 rename the tier>, then <https://git.example.com/8|#8>",
      [
        {
          type: "link_change",
          text: "merged #7 rename the tier, then #8 (https://git.example.com/8)",
          url: "https://git.example.com/7",
          changedAt: null,
        },
      ],
    ],
    [
      "change <https://git.example.com/7|fix &amp; go>",
      [{ type: "link_change", text: "fix & go", url: "https://git.example.com/7", changedAt: null }],
    ],
    ["change cause 2", [{ type: "name_cause", number: 2 }]],
    ["change cause noted 2", [{ type: "name_cause", number: 2, noted: true }]],
    ["change Cause #12", [{ type: "name_cause", number: 12 }]],
    [
      "change cause 2 of the outage was fixed",
      [{ type: "link_change", text: "cause 2 of the outage was fixed", url: null, changedAt: null }],
    ],
    ["change", form("change")],
  ])("%j", (text, expected) => {
    expect(commands(text, { incident: sales })).toEqual(expected);
  });

  test.each([
    ["change cause", /^Which change\? .* Write `change cause <n>`, for example `change cause 1`\.$/],
    ["change cause noted", /^Which change\?/],
    ["change cause because we upgraded", /^Which change\?/],
    ["change cause 1 because it dropped the column", /^Only the number .* `note`/],
    ["change cause noted #2, because it did", /^Only the number/],
  ])("%j names no cause, and is not noted as another change", (text, words) => {
    expect(refusal(text)).toMatch(words);
  });

  test("an asset with a namespace and no name is refused", () => {
    expect(refusal("impacted snowflake://acme")).toMatch(/parted by a slash/);
    expect(refusal("impacted orders, snowflake://acme")).toMatch(/parted by a slash/);
    for (const text of ["impacted", "impacted all"]) expect(refusal(text)).toMatch(/Which asset\?/);
  });
});

describe("words", () => {
  test.each([
    ["status all good", [{ type: "post_status", text: "all good" }]],
    ["update ask <@U0ANA>", [{ type: "post_status", text: "ask @Ana" }]],
    ["status", form("status")],
    ["note it is empty", [{ type: "note", text: "it is empty", at: null }]],
    ["note at 03:10 it was empty", [{ type: "note", text: "it was empty", at: "2026-11-22T02:10:00.000Z" }]],
    [
      "note at 03:10 UTC it was empty",
      [{ type: "note", text: "it was empty", at: "2026-11-22T03:10:00.000Z" }],
    ],
    ["note 2026-11-21T03:10Z empty", [{ type: "note", text: "empty", at: "2026-11-21T03:10:00.000Z" }]],
    ["note at 20 min ago paged them", [{ type: "note", text: "paged them", at: "2026-11-22T08:40:00.000Z" }]],
    ["note yesterday 23:50 empty", [{ type: "note", text: "empty", at: "2026-11-21T22:50:00.000Z" }]],
    ["note at 3pm yesterday empty", [{ type: "note", text: "empty", at: "2026-11-21T14:00:00.000Z" }]],
    ["note 3pm yesterday, empty", [{ type: "note", text: "empty", at: "2026-11-21T14:00:00.000Z" }]],
    ["note yesterday 3 tables", [{ type: "note", text: "yesterday 3 tables", at: null }]],
    ["note tomorrow 05:00 we rerun", [{ type: "note", text: "tomorrow 05:00 we rerun", at: null }]],
    ["note at least 3 tables", [{ type: "note", text: "at least 3 tables", at: null }]],
    ["note 10:30 job failed", [{ type: "note", text: "10:30 job failed", at: null }]],
    [
      "note 2026-11-21 partition is empty",
      [{ type: "note", text: "2026-11-21 partition is empty", at: null }],
    ],
    ["note two\nlines", [{ type: "note", text: "two\nlines", at: null }]],
    ["note", form("note")],
    ["note at 03:10", form("note", { when: "03:10" })],
    ["timeline", query({ type: "timeline" })],
    ["timeline edit 12 better words", [{ type: "edit_entry", seq: 12, text: "better words", at: null }]],
    [
      "timeline edit #12 at 02:10",
      [{ type: "edit_entry", seq: 12, text: null, at: "2026-11-22T01:10:00.000Z" }],
    ],
    [
      "timeline edit 12 at 02:10 empty",
      [{ type: "edit_entry", seq: 12, text: "empty", at: "2026-11-22T01:10:00.000Z" }],
    ],
    ["timeline hide 12", [{ type: "hide_entry", seq: 12, reason: null }]],
    ["timeline hide 12 wrong one", [{ type: "hide_entry", seq: 12, reason: "wrong one" }]],
    [
      "timeline started 02:10 last load",
      [{ type: "set_started_at", startedAt: "2026-11-22T01:10:00.000Z", reason: "last load" }],
    ],
    [
      "timeline started yesterday 23:50 last load",
      [{ type: "set_started_at", startedAt: "2026-11-21T22:50:00.000Z", reason: "last load" }],
    ],
    ["timeline add at 03:10 paged", [{ type: "note", text: "paged", at: "2026-11-22T02:10:00.000Z" }]],
    ["title Empty bucket", [{ type: "set_title", title: "Empty bucket" }]],
    ["rename “Empty bucket”", [{ type: "set_title", title: "Empty bucket" }]],
    ["summary", query({ type: "summary" })],
    ["catchup", query({ type: "summary" })],
    ["summary set It was empty", [{ type: "set_summary", text: "It was empty" }]],
    [
      "link <https://x.example/a|Board>",
      [{ type: "add_link", link: { title: "Board", url: "https://x.example/a" } }],
    ],
    [
      "link https://x.example/a?b=1",
      [{ type: "add_link", link: { title: "x.example/a", url: "https://x.example/a?b=1" } }],
    ],
    [
      "link <https://x.example/a> the board",
      [{ type: "add_link", link: { title: "the board", url: "https://x.example/a" } }],
    ],
    ["link", form("link")],
  ])("%j", (text, expected) => {
    expect(commands(text)).toEqual(expected);
  });

  test("`at 02:10` in an edit is the one nearest to the entry, days later too", () => {
    const noted = incident(
      "INC-1",
      [{ at: "2026-11-19T23:30:00.000Z", body: { type: "noted", text: "x" } }],
      { from: "2026-11-19T20:00:00.000Z" },
    );
    expect(commands("timeline edit 2 at 02:10", { incident: noted })).toEqual([
      { type: "edit_entry", seq: 2, text: null, at: "2026-11-20T01:10:00.000Z" },
    ]);
    expect(commands("timeline edit 2 at 23:10", { incident: noted })).toEqual([
      { type: "edit_entry", seq: 2, text: null, at: "2026-11-19T22:10:00.000Z" },
    ]);
  });

  test("the data broke before it was noticed, so a bare time is the last one before that", () => {
    const noticed = incident("INC-1", [], { from: "2026-11-20T05:00:00.000Z" });
    expect(commands("timeline started 23:50 last load", { incident: noticed })).toEqual([
      { type: "set_started_at", startedAt: "2026-11-19T22:50:00.000Z", reason: "last load" },
    ]);
  });

  test.each([
    ["timeline edit", /Which entry\? `timeline` shows their numbers\. Write `timeline edit <n> <text>`/],
    ["timeline edit 12", /What should the entry say\?/],
    ["timeline hide it", /Which entry\?.*Write `timeline hide <n> \[reason\]`/],
    ["timeline started 02:10", /How do you know\?/],
    ["timeline started at night, somehow", /When did the data break\? Give the time of day\./],
    ["timeline paged the vendor", /`note <text>` adds to it/],
    ["note at 25:00 empty", /`25:00` is no time of day/],
    ["note at tomorrow 05:00 empty", /`tomorrow 05:00` is still to come/],
    ["title", /What should it be called\?/],
    [`title ${"x".repeat(151)}`, /Shorten it by 1\./],
    ["summary It was empty", /begin with `set`\. Write `summary set <text>`/],
    ["summary set", /What should the summary say\?/],
    ["link Board", /holds no link that begins with `https:\/\/`/],
    [`status ${"x".repeat(2501)}`, /The status is 2501 characters long and may have 2500/],
  ])("%j is refused", (text, words) => {
    expect(refusal(text)).toMatch(words);
  });
});

describe("runbook", () => {
  const step = (outcome: string, note: string | null) => [
    { type: "finish_step", runbook: null, step: null, outcome, note },
  ];
  test.each([
    ["runbook", query({ type: "runbooks" })],
    ["runbooks", query({ type: "runbooks" })],
    ["runbook list", query({ type: "runbooks" })],
    ["runbook show", query({ type: "step", slug: null })],
    ["runbook show Late Table", query({ type: "step", slug: "late-table" })],
    ["runbook start", { kind: "start_runbook", slug: null }],
    ["runbook start late-table", { kind: "start_runbook", slug: "late-table" }],
    ["runbook start Late Table", { kind: "start_runbook", slug: "late-table" }],
    ["runbook start `late-table.md`", { kind: "start_runbook", slug: "late-table" }],
    ["runbook next", step("done", null)],
    ["runbook done it was empty", step("done", "it was empty")],
    ["runbook skip no access", step("skipped", "no access")],
    ["runbook skip", form("step_skip")],
    ["runbook fail same error", step("failed", "same error")],
    ["runbook failed", form("step_fail")],
    ["runbook BACK", [{ type: "step_back", runbook: null, step: null }]],
  ])("%j", (text, expected) => {
    expect(commands(text)).toEqual(expected);
  });
  test("anything else is refused with what there is", () => {
    expect(refusal("runbook dance")).toContain("`runbook [start|done|skip|fail|back|show]`");
    expect(refusal("runbook start ../secrets")).toMatch(/That is no name of a runbook/);
  });
});

describe("afterwards", () => {
  const ana = { id: "U0ANA", name: "Ana" };
  const task = (text: string, owner: object | null, due: string | null) => [
    { type: "add_task", text, owner, due },
  ];
  test.each([
    ["task add a check", task("add a check", null, null)],
    ["task add a check <@U0ANA|ana> 2026-12-01", task("add a check", ana, "2026-12-01")],
    ["task add a check <@U0ANA> fri", task("add a check", ana, "2026-11-27")],
    ["task add a check <@U0ANA> 2d", task("add a check", ana, "2026-11-24")],
    ["task add a check <@U0ANA> by in 3 days", task("add a check", ana, "2026-11-25")],
    ["task add a check in 3 days <@U0ANA>", task("add a check", ana, "2026-11-25")],
    ["task add a check by fri <@U0ANA>", task("add a check", ana, "2026-11-27")],
    ["task ask <@U0BEN|ben> by 31 dec <@U0ANA>", task("ask @ben", ana, "2026-12-31")],
    ["task add a check <@U0ANA> Dec 1st", task("add a check", ana, "2026-12-01")],
    ["task add a check by 1 march", task("add a check", null, "2027-03-01")],
    ["task add a check in a week", task("add a check", null, "2026-11-29")],
    ["task see what broke yesterday", task("see what broke yesterday", null, null)],
    ["task count the rows by hand", task("count the rows by hand", null, null)],
    [
      "task rename what was written by this loader",
      task("rename what was written by this loader", null, null),
    ],
    ["task <@U0ANA> add a check tomorrow", task("add a check", ana, "2026-11-23")],
    ["task add a check by friday", task("add a check", null, "2026-11-27")],
    ["followup ask <@U0ANA> about it fri", task("ask @Ana about it", ana, "2026-11-27")],
    ["todo backfill the last 2d", task("backfill the last 2d", null, null)],
    ["todo say what happened on 2026-11-01", task("say what happened on 2026-11-01", null, null)],
    ["task ask <@U0BEN|ben> for a key <@U0ANA> today", task("ask @ben for a key", ana, "2026-11-22")],
    ["task done 2", [{ type: "finish_task", task: 2 }]],
    ["task done #2", [{ type: "finish_task", task: 2 }]],
    ["task list", query({ type: "tasks" })],
    ["tasks", query({ type: "tasks" })],
    ["task", form("task")],
    ["postmortem", { kind: "export", format: "html" }],
    ["export MD", { kind: "export", format: "md" }],
    ["retro markdown", { kind: "export", format: "md" }],
    ["postmortem csv", { kind: "export", format: "csv" }],
    ["postmortem edit", form("review")],
    ["postmortem well", form("review")],
    [
      "postmortem well it paged",
      [{ type: "write_review", section: "well", statements: ["it paged"], append: true }],
    ],
    [
      "postmortem factor <@U0ANA> left",
      [{ type: "write_review", section: "factor", statements: ["@Ana left"], append: true }],
    ],
  ])("%j", (text, expected) => {
    expect(commands(text)).toEqual(expected);
  });
  test.each([
    ["task done", /Which action item\?/],
    ["task done soon", /Which action item\?/],
    ["task <@U0ANA> fri", /What is to be done\?/],
    ["task check @ana fri", /I do not know who `@ana` is/],
    ["task ask <@U0BEN|ben> and <@U0ANA> again", /put the one who does it last/],
    ["task add a check <@U0ANA> 2026-11-01", /2026-11-01 has passed/],
    ["task add a check <@U0ANA> by someday", /I cannot read the due date `someday`/],
    ["task add a check by yesterday", /2026-11-21 has passed/],
    ["task add a check 2026-01-01", /2026-01-01 has passed.*`on 2026-01-01`/],
    ["task add a check by 2026-13-45", /There is no 2026-13-45/],
    ["task add a check by 31 feb", /There is no 2026-02-31/],
    [
      "task add a check by next week",
      /I cannot read the due date `next week`\. `2027-01-31`, `31 jan`, `tomorrow`, `fri`, `in 3 days` and `2w` work/,
    ],
    ["task add a check <@U0ANA> next week", /I cannot read the due date `next week`/],
    ["task add a check until the end of the month", /I cannot read the due date `the end of the month`/],
    ["task add a check by friday 5pm", /I cannot read the due date `friday 5pm`/],
    ["task add a check before 17:00", /I cannot read the due date `17:00`/],
    ["task add a check in 2 months", /I cannot read the due date `in 2 months`/],
    ["task add a check <@U0ANA> sunday", /Today is Sunday/],
    [
      "postmortem pdf",
      /neither a format nor a part of the postmortem, which are well, badly, lucky, factor\./,
    ],
    ["postmortem constructor", /neither a format nor a part/],
  ])("%j is refused", (text, words) => {
    expect(refusal(text)).toMatch(words);
  });
});

describe("look up", () => {
  test.each([
    ["list", query({ type: "list", all: false })],
    ["list ALL", query({ type: "list", all: true })],
    ["alerts", query({ type: "alerts", page: 1 })],
    ["alerts page 3", query({ type: "alerts", page: 3 })],
    ["search  Orders   late", query({ type: "search", text: "Orders late" })],
    ["find “orders”", query({ type: "search", text: "orders" })],
    ["explain not_null  on orders", query({ type: "explain", text: "not_null on orders" })],
    ["why “orders”", query({ type: "explain", text: "orders" })],
    ["stats", query({ type: "stats", days: 30 })],
    ["stats 7d", query({ type: "stats", days: 7 })],
    ["stats 2 weeks", query({ type: "stats", days: 14 })],
    ["help", query({ type: "help", verb: null })],
    ["help `Severity`", query({ type: "help", verb: "severity" })],
    ["?", query({ type: "help", verb: null })],
  ])("%j", (text, expected) => {
    expect(ask(text, { incident: null })).toEqual(expected);
  });
  test.each([
    ["list orders", /use `search <text>`/],
    ["alerts 0", /Which page\? They count from 1/],
    ["search", /What are you looking for\?/],
    ["explain", /Which alert\?/],
    ["stats forever", /from 1 to 366 days/],
    ["stats 400d", /from 1 to 366 days/],
    ["stats 0", /from 1 to 366 days/],
  ])("%j is refused", (text, words) => {
    expect(refusal(text, { incident: null })).toMatch(words);
  });
});

test("somebody without a Slack account takes the lead under their own name", () => {
  expect(commands("lead me", { asker: { id: null, name: "cli" } })).toEqual([
    { type: "assign_role", role: "lead", person: { id: null, name: "cli" } },
  ]);
});
