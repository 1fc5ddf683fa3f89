import { describe, expect, it } from "vitest";
import type { Command } from "../../../src/core/incident/command.ts";
import { replyFor, splitOffDocument } from "../../../src/core/report/replies.ts";
import { renderText } from "../../harness/plain-text.ts";
import { expectMessage } from "../../slack/golden.ts";
import {
  acknowledged,
  alert,
  dbt,
  jonas,
  lateTable,
  mitigated,
  opening,
  passed,
  resolved,
  STEPS,
  Story,
  suspected,
  triggered,
} from "./incident-story.ts";

type Options = Parameters<Story["does"]>[1];

function reply(story: Story, command: Command, options?: Options) {
  const events = story.does(command, options);
  return replyFor(events, story.incident);
}

function moved(fingerprint: string, title: string) {
  return { fingerprint, title, status: "firing" as const, assets: [] };
}

const told: [string, () => Story, Command, Options?][] = [
  ["acknowledged", triggered, { type: "acknowledge" }, { after: 3 }],
  ["acknowledged-with-a-note", triggered, { type: "acknowledge", note: "looking at the <loader>" }],
  ["unacknowledged", acknowledged, { type: "unacknowledge", reason: "my shift is over" }],
  [
    "mitigated",
    acknowledged,
    { type: "mitigate", text: "Restarted the export, see https://ci.example.com/1." },
  ],
  ["mitigated-at-once", triggered, { type: "mitigate", text: "Rolled back" }],
  ["reopened", resolved, { type: "reopen", reason: "two hours of rows are missing" }],
  ["closed", resolved, { type: "close", reason: "postmortem is written" }],
  ["cancelled", triggered, { type: "cancel", reason: "the test was wrong" }],
  ["merged", triggered, { type: "merge_into", into: "INC-2", reason: "same table" }],
  [
    "absorbed",
    triggered,
    {
      type: "absorb",
      incident: "INC-3",
      title: "revenue is <late>",
      groupingKeys: [],
      sources: [],
      roots: [],
      alerts: { total: 2, firing: 2, resolved: 0 },
      assets: [],
    },
  ],
  [
    "alerts-moved",
    triggered,
    {
      ...{ type: "move_alerts", to: "INC-3", alerts: [moved("f1", "revenue is <late>"), moved("f2", "x")] },
      ...{ groupingKeys: [], released: [], reason: "the export, see https://ci.example.com/1" },
    },
  ],
  [
    "alerts-received",
    triggered,
    {
      ...{ type: "receive_alerts", from: "INC-3", alerts: [moved("f9", "revenue is <late>")] },
      ...{ groupingKeys: [], sources: ["dbt"], assets: [], reason: null },
    },
  ],
  ["severity", triggered, { type: "set_severity", severity: "SEV1", reason: "customers see it" }],
  [
    "role-given",
    triggered,
    { type: "assign_role", role: "comms", person: { id: "U0JONAS", name: "Jonas Lindqvist" } },
  ],
  [
    "role-taken",
    triggered,
    { type: "assign_role", role: "lead", person: { id: "U0MAYA", name: "Maya Okafor" } },
  ],
  [
    "status",
    triggered,
    { type: "post_status", text: "Orders are late.\nNext word at 04:00, see https://wiki.example/late" },
  ],
  ["note", triggered, { type: "note", text: "The lock is *gone*", at: null }],
  [
    "verified-some",
    mitigated,
    { type: "restore", assets: ["analytics.marts.orders"], reason: "row counts match" },
  ],
  ["verified-all", mitigated, { type: "restore", assets: [], reason: null }],
  ["waived", mitigated, { type: "waive", assets: [], reason: "rebuilt tonight anyway" }],
  [
    "task",
    triggered,
    {
      type: "add_task",
      text: "Give the export a time-out",
      owner: { id: "U0JONAS", name: "Jonas Lindqvist" },
      due: "2026-12-01",
    },
  ],
  [
    "link",
    triggered,
    { type: "add_link", link: { title: "Dashboard", url: "https://grafana.example.com/d/1" } },
  ],
  [
    "change",
    triggered,
    {
      type: "link_change",
      text: "Deployed orders v2",
      url: "https://git.example.com/pull/7",
      changedAt: "2026-11-22T02:55:00.000Z",
    },
  ],
  ["cause", () => suspected(), { type: "name_cause", number: 1 }],
  [
    "seen-before",
    triggered,
    {
      type: "tell_similar",
      incidents: [
        {
          key: "INC-0",
          title: "orders is late",
          severity: "SEV2",
          resolvedAt: "2026-11-15T05:00:00.000Z",
          outcome: "The export hung on a lock; it was restarted",
          causeChange: "Deployed orders-export v1",
          url: "https://fernhollow.slack.example/archives/C0/p1",
          reason: "same alert, same data (analytics.marts.orders)",
        },
      ],
    },
  ],
  [
    "started-at",
    triggered,
    { type: "set_started_at", startedAt: "2026-11-22T00:05:00.000Z", reason: "the last good row" },
  ],
];

describe("the thread hears of", () => {
  it.each(told)("%s", async (name, begin, command, options) => {
    const document = reply(begin(), command, options);
    expect(document).not.toBeNull();
    expect(document!.summary).toMatch(/^INC-1: ./);
    await expectMessage(`reply-${name}`, document!);
  });

  it("a resolution, with its clocks and the postmortem", async () => {
    const story = mitigated();
    story.does({ type: "restore", assets: [], reason: null });
    const document = reply(story, { type: "resolve", text: "A time-out was missing" });
    expect(JSON.stringify(document)).toMatch(/resolved in .* · data wrong or unproven for/);
    await expectMessage("reply-resolved", document!);
  });

  it("a resolution counts what was wrong, not the hours between in which it was right, and says what still fires", () => {
    const story = mitigated();
    story.does({ type: "restore", assets: [], reason: null });
    const first = JSON.stringify(reply(story, { type: "resolve", text: "A time-out was missing" }));
    expect(first).toContain("data wrong or unproven for 1 h 11 min");
    story.does({ type: "reopen", reason: "one late alert" }, { after: 24 * 60 });
    story.does(alert({ fingerprint: "f9", assets: [], impacted: [] }));
    const again = JSON.stringify(reply(story, { type: "resolve", text: "It is right" }));
    expect(again).toMatch(/data wrong or unproven for 1 h 11 min · 1 alert still fires"/);
  });

  it("a resolution where nothing was named as wrong", () => {
    const story = new Story("INC-1");
    story.does(opening(), { after: 0 });
    const told = JSON.stringify(reply(story, { type: "resolve", text: "It is right" }, { after: 5 }));
    expect(told).toMatch(/resolved in 5 min · broken for 13 min"/);
  });

  it("a finished runbook", async () => {
    const story = triggered();
    story.does(lateTable);
    for (const { id } of STEPS.slice(0, -1))
      story.does({ type: "finish_step", runbook: null, step: id, outcome: "done", note: null });
    const last = {
      type: "finish_step",
      runbook: null,
      step: STEPS.at(-1)!.id,
      outcome: "skipped",
      note: "later",
    } as const;
    await expectMessage("reply-runbook-finished", reply(story, last)!);
  });

  it("a finished action item", async () => {
    const story = triggered();
    story.does({ type: "add_task", text: "Give the export a time-out", owner: null, due: null });
    await expectMessage("reply-task-done", reply(story, { type: "finish_task", task: 1 })!);
  });

  it("the time of a note where one was given, also in the thread", () => {
    const note: Command = { type: "note", text: "the bucket was empty", at: "2026-11-22T02:50:00.000Z" };
    for (const via of ["slash", "mention"] as const)
      expect(reply(triggered(), note, { via })!.summary).toMatch(/: 📝 Note of 22 Nov 2026 02:50 UTC by /);
  });

  it("severity that an alert raised", () => {
    const story = triggered();
    story.does({ type: "record_thread", channel: "C1", ts: "1.1", permalink: null });
    const document = reply(story, alert({ fingerprint: "f2", severity: "critical" }), {
      by: dbt,
      via: "alert",
    });
    expect(document!.summary).toBe("INC-1: ⬆️ SEV2 → SEV1 by dbt: an alert of level critical joined");
  });

  it("nothing of suspects, which a living message shows, and of what was seen before once", () => {
    const story = triggered();
    const before = story.incident.version;
    expect(replyFor(suspected().does({ type: "suspect_changes", suspects: [] }), story.incident)).toBeNull();
    expect(story.incident.version).toBe(before);
    const drill = triggered("DRILL-1", { kind: "drill" });
    const incident = {
      ...{ key: "INC-0", title: "orders is late", severity: "SEV2", resolvedAt: "2026-11-15T05:00:00.000Z" },
      ...{ outcome: null, causeChange: null, url: null, reason: "same alert" },
    };
    const told = reply(drill, { type: "tell_similar", incidents: [incident] });
    expect(JSON.stringify(told).match(/🟣 DRILL/g)).toHaveLength(1);
    expect(drill.does({ type: "tell_similar", incidents: [incident] })).toEqual([]);
  });

  it("where alerts were moved, as a link where its thread stands", () => {
    const story = triggered();
    const events = story.does({
      ...{ type: "move_alerts", to: "INC-3", alerts: [moved("f1", "revenue is late")] },
      ...{ groupingKeys: [], released: [], reason: null },
    });
    const url = "https://acme.slack.com/archives/C1/p1";
    const document = replyFor(events, story.incident, (key) => ({
      key,
      thread: { channel: "C1", ts: "1.1", permalink: url },
    }))!;
    expect(renderText(document)).toContain(`“revenue is late” moved to INC-3 (${url}) by Maya Okafor`);
  });

  it("where an incident was split off, once its thread stands", async () => {
    const story = triggered();
    story.does(
      { type: "record_thread", channel: "C1", ts: "1.1", permalink: "https://acme.slack.com/archives/C1/p1" },
      {},
    );
    await expectMessage("reply-split-off", splitOffDocument(story.incident));
  });

  it("a drill as a drill", () => {
    const document = reply(triggered("DRILL-1", { kind: "drill" }), { type: "acknowledge" });
    expect(document!.blocks[0]).toMatchObject({ text: expect.arrayContaining(["🟣 DRILL · "]) });
  });
});

describe("the thread does not hear of", () => {
  it("an alert that joins, since the alerts message shows it", () => {
    expect(reply(triggered(), alert({ fingerprint: "f2" }), { by: dbt, via: "alert" })).toBeNull();
  });

  it("one of several alerts that pass", () => {
    const story = triggered();
    story.does(alert({ fingerprint: "f2" }), { by: dbt, via: "alert" });
    expect(reply(story, passed(), { by: dbt, via: "alert" })).toBeNull();
  });

  it("a runbook's steps, since the walk shows them", () => {
    const story = triggered();
    expect(reply(story, lateTable)).toBeNull();
    expect(
      reply(story, { type: "finish_step", runbook: null, step: null, outcome: "done", note: null }),
    ).toBeNull();
  });

  it("a note that was typed in the thread", () => {
    expect(reply(triggered(), { type: "note", text: "looking", at: null }, { via: "mention" })).toBeNull();
  });

  it("pins, edits and reviews", () => {
    const story = triggered();
    expect(
      reply(story, {
        type: "pin",
        messageTs: "1.1",
        author: jonas,
        text: "found it",
        at: "2026-11-22T03:11:00.000Z",
      }),
    ).toBeNull();
    expect(reply(story, { type: "set_title", title: "orders is late" })).toBeNull();
    expect(
      reply(story, { type: "write_review", section: "well", statements: ["x"], append: false }),
    ).toBeNull();
  });

  it("the opening, which the card is", () => {
    const story = triggered();
    expect(replyFor([], story.incident)).toBeNull();
  });
});

describe("a storm that comes from below", () => {
  const rule = { by: dbt, via: "alert" } as const;
  const stands: Command = { type: "record_thread", channel: "C1", ts: "1.1", permalink: null };
  const found = (name: string): Command => ({
    type: "find_origin",
    asset: { namespace: "snowflake://acme", name },
    fingerprint: `f-${name}`,
    title: `${name} was not loaded`,
    description: null,
    replaces: [],
    confidence: "high",
    reason: "1 step upstream of orders",
  });
  const worse: Command = {
    type: "set_severity",
    severity: "SEV1",
    reason: "an alert of level critical joined",
  };

  it("tells nothing of what nobody saw, and the origin once the thread stands", () => {
    const story = triggered();
    expect(reply(story, found("stg_orders"), rule)).toBeNull();
    expect(reply(story, worse, rule)).toBeNull();
    expect(reply(story, found("raw_orders"), rule)).toBeNull();
    const told = renderText(reply(story, stands)!);
    expect(told).toContain("raw_orders was not loaded");
    expect(told).not.toContain("stg_orders");
    expect(reply(story, { ...worse, severity: "SEV2", reason: "an alert joined" }, rule)).not.toBeNull();
  });

  it("tells nothing at the opening where there is no likely origin", () => {
    expect(reply(triggered(), stands)).toBeNull();
  });

  it("tells the last of several origins that come together", () => {
    const story = triggered();
    story.does(stands);
    const events = [...story.does(found("stg_orders"), rule), ...story.does(found("raw_orders"), rule)];
    const told = renderText(replyFor(events, story.incident)!);
    expect(told.match(/Likely origin/g)).toHaveLength(1);
    expect(told).toContain("raw_orders was not loaded");
  });
});

it("what was merged leads to the thread where it goes on", () => {
  const story = triggered();
  const events = story.does({ type: "merge_into", into: "INC-2", reason: null });
  const thread = { channel: "C1", ts: "1.2", permalink: "https://acme.slack.com/archives/C1/p12" };
  const told = replyFor(events, story.incident, (key) => ({ key, thread }));
  expect(told!.blocks.at(-1)).toMatchObject({
    text: ["Carry on in the thread of ", { link: "INC-2", url: thread.permalink }, "."],
  });
});

it("what was noticed at once is said to have been, as on the card", () => {
  const story = new Story();
  story.does(opening({ startedAt: new Date(Date.parse(story.now) + 300_000).toISOString() }));
  const told = renderText(reply(story, { type: "resolve", text: "It was late, and came" })!);
  expect(told).toContain("noticed at once · resolved in 5 min");
});

describe("a change with a link", () => {
  const url = "https://git.example.com/7";
  it.each([
    ["merged #7", [{ link: "merged #7", url }]],
    [url, [{ link: url, url }]],
    [
      "merged #7 and #8 (https://git.example.com/8)",
      [
        "merged #7 and #8 (",
        { link: "https://git.example.com/8", url: "https://git.example.com/8" },
        ")",
        " ",
        { link: url, url },
      ],
    ],
  ])("is shown with all its words: %j", (text, spans) => {
    const told = reply(acknowledged(), { type: "link_change", text, url, changedAt: null });
    expect(told!.blocks[0]).toMatchObject({ text: ["🔧 ", { strong: "Change" }, ": ", ...spans] });
  });
});
