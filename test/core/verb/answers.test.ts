import { describe, expect, test } from "vitest";
import type { EventBody } from "../../../src/core/incident/events.ts";
import { type Document, type Span, spans, type Text } from "../../../src/core/report/document.ts";
import {
  LISTED,
  listDocument,
  rolesDocument,
  runbooksDocument,
  type ShownEntry,
  searchDocument,
  statsDocument,
  summaryDocument,
  tasksDocument,
  timelineDocument,
  whichIncidentDocument,
} from "../../../src/core/verb/answers.ts";
import { parseLine } from "../../../src/core/verb/line.ts";
import { incident, NOW } from "./incident.ts";

function word(span: Span): string {
  if (typeof span === "string") return span;
  if ("strong" in span) return span.strong;
  if ("code" in span) return `\`${span.code}\``;
  if ("link" in span) return `[${span.link}]`;
  return "time" in span ? span.time : "?";
}
const say = (text: Text) => spans(text).map(word).join("");

/** A document as lines of words, to read in a test. */
function lines(document: Document): string[] {
  return document.blocks.flatMap((block): string[] => {
    if (block.type === "list") return block.items.map(say);
    if (block.type === "facts") return block.facts.map((fact) => `${fact.label}: ${say(fact.value)}`);
    if (block.type === "table") return block.rows.map((row) => row.map(say).join(" | "));
    if (block.type === "heading") return [`# ${block.text}`];
    return block.type === "paragraph" || block.type === "context" ? [say(block.text)] : [];
  });
}

const ana = { id: "U0ANA", name: "Ana" };
const asset = (name: string) => ({ namespace: "warehouse", name });

/** Detected on 22 November at 03:00; each number of minutes is when that step was reached. */
function walked(
  key: string,
  minutes: { ack?: number; fix?: number; end?: number },
  opened: Parameters<typeof incident>[2] = {},
) {
  const from = opened?.from ?? "2026-11-22T03:00:00.000Z";
  const at = (minute: number) => new Date(Date.parse(from) + minute * 60_000).toISOString();
  const steps: { at: string; body: EventBody }[] = [];
  if (minutes.ack !== undefined) steps.push({ at: at(minutes.ack), body: { type: "acknowledged" } });
  if (minutes.fix !== undefined) steps.push({ at: at(minutes.fix), body: { type: "mitigated", text: "x" } });
  if (minutes.end !== undefined) steps.push({ at: at(minutes.end), body: { type: "resolved", text: "x" } });
  return incident(key, steps, opened);
}

describe("list", () => {
  test("the worst and longest open ones come first, with state, age, title and lead", () => {
    const document = listDocument(
      [
        incident("INC-3", [], { severity: "SEV3" }),
        walked("INC-4", { ack: 1, fix: 2, end: 61 }),
        incident("INC-2", [{ type: "acknowledged" }, { type: "role_assigned", role: "lead", person: ana }]),
        incident(
          "INC-1",
          [{ type: "thread_opened", channel: "C1", ts: "1", permalink: "https://slack.example/1" }],
          {
            from: "2026-11-20T03:00:00.000Z",
          },
        ),
      ],
      NOW,
    );
    expect(document.title).toBe("3 open incidents, 1 over");
    expect(lines(document)).toEqual([
      "🔴 [INC-1] SEV2 triggered, open for 2 d 6 h · Orders are late",
      "🟠 INC-2 SEV2 acknowledged, open for 6 h · Orders are late · Ana leads",
      "🔴 INC-3 SEV3 triggered, open for 6 h · Orders are late",
      "🟢 INC-4 SEV2 resolved after 1 h 1 min · Orders are late",
    ]);
  });
  test("none, and too many for one message", () => {
    expect(listDocument([], NOW).title).toBe("No open incidents");
    const many = Array.from({ length: LISTED + 3 }, (_, i) => incident(`INC-${i + 1}`));
    expect(lines(listDocument(many, NOW)).at(-1)).toMatch(/^and 3 more; search/);
    const over = walked("INC-99", { ack: 1, fix: 2, end: 61 });
    const all = listDocument([incident("INC-1"), over], NOW, true);
    expect(all.title).toBe("1 open incident, and the last 1 that ended");
    expect(lines(all).at(-1)).toMatch(/^and more; search/);
  });
  test("a title as long as a screen of a phone leaves room for the next", () => {
    const long = incident("INC-1", [{ type: "title_changed", title: "late ".repeat(60).trim() }]);
    expect(lines(listDocument([long], NOW))[0]!.length).toBeLessThan(200);
    const { blocks } = whichIncidentDocument([{ state: long, line: "ack" }], "", "/incident");
    expect(JSON.stringify(blocks[0]).length).toBeLessThan(300);
  });
  test("a search keeps its order, and finding nothing says what to try", () => {
    const found = searchDocument(
      [incident("INC-9"), incident("INC-1", [], { severity: "SEV1" })],
      "orders",
      NOW,
    );
    expect(found.summary).toBe("2 incidents found for “orders”: INC-9, INC-1");
    expect(searchDocument([incident("INC-9")], "orders", NOW, true).title).toBe(
      "The newest 1 incident found for “orders”",
    );
    expect(lines(searchDocument([], "orders", NOW))).toEqual([
      "Try fewer words, and whole ones: a table's name, or its last part. An incident's key finds it too.",
    ]);
  });
});

describe("summary", () => {
  const state = incident(
    "INC-1",
    [
      { type: "acknowledged" },
      { type: "role_assigned", role: "lead", person: ana },
      { type: "summary_set", text: "The loader read an empty bucket" },
      { type: "asset_added", asset: asset("orders"), reason: "x" },
      { type: "asset_added", asset: asset("customers"), reason: "x" },
      { type: "asset_verified", asset: asset("customers"), reason: null },
      { type: "asset_recovering", asset: asset("orders"), reason: "x" },
      { type: "status_posted", text: "backfill runs" },
      {
        type: "runbook_started",
        runbook: "late",
        title: "Late table",
        hash: "h",
        steps: [
          { id: "a", title: "Look" },
          { id: "b", title: "Rerun" },
        ],
      },
      { type: "step_finished", runbook: "late", step: "a", title: "Look", outcome: "done", note: null },
      { type: "task_added", task: 1, text: "add a check", owner: ana, due: "2026-12-01" },
      { type: "task_added", task: 2, text: "tell finance", owner: null, due: null },
      { type: "task_done", task: 2 },
    ],
    { startedAt: "2026-11-21T22:00:00.000Z" },
  );
  const entry: ShownEntry = {
    seq: 9,
    at: NOW,
    text: "Status: backfill runs",
    actor: "Ana",
    via: "slash",
    permalink: null,
    edited: false,
  };

  test("says what it is, where it stands, who leads, what is wrong and what is left", () => {
    const document = summaryDocument(state, [entry], NOW, "UTC");
    expect(document.summary).toBe("INC-1 SEV2 acknowledged: Orders are late; open for 6 h, Ana leads");
    expect(lines(document)).toEqual([
      "The loader read an empty bucket",
      "State: 🟠 acknowledged, SEV2",
      "Since: 2026-11-22T03:00:00.000Z, open for 6 h",
      "Data broke: 2026-11-21T22:00:00.000Z",
      "Lead: Ana",
      "Last status: backfill runs (Ana, 2026-11-22T03:08:00.000Z)",
      "Thread: INC-1",
      "# Data still wrong",
      "`orders` recovering",
      "# Runbook",
      "Late table: 1 of 2 steps, at step 2, Rerun",
      "# Action items",
      "`1` add a check (Ana, due 2026-12-01)",
      "# Latest",
      "`9` 2026-11-22T09:00:00.000Z · Status: backfill runs (Ana, slash command)",
    ]);
  });
  test("of what was merged it says where it went, and leaves the rest to that", () => {
    const told = lines(
      summaryDocument({ ...state, phase: "merged", mergedInto: "INC-7" }, [entry], NOW, "UTC"),
    );
    expect(told).toContain("State: 🔗 merged into INC-7, SEV2");
    expect(told.filter((words) => /still wrong|recovering|firing/.test(words))).toEqual([]);
  });
  test("a false alarm has no data that broke or is wrong", () => {
    const told = lines(summaryDocument({ ...state, phase: "cancelled", closedAt: NOW }, [entry], NOW, "UTC"));
    expect(told.filter((words) => /broke|wrong|orders/.test(words))).toEqual([]);
  });
  test("two people are told the same", () => {
    expect(summaryDocument(state, [entry], NOW, "UTC")).toEqual(
      summaryDocument(structuredClone(state), [entry], NOW, "UTC"),
    );
  });
  test("of a fresh one it says what is missing", () => {
    const told = lines(summaryDocument(incident("INC-1"), [], NOW, "UTC"));
    expect(told).toContain("Lead: nobody leads");
    expect(told).toContain("Last status: none yet");
  });
});

test("the timeline shows numbers, full dates, who, how and whether it was edited; the latest of many", () => {
  const entries = Array.from(
    { length: 40 },
    (_, i): ShownEntry => ({
      seq: i + 1,
      at: new Date(Date.UTC(2026, 10, 20 + i)).toISOString(),
      text: `entry ${i + 1}`,
      actor: "Ana",
      via: "mention",
      permalink: i === 39 ? "https://slack.example/40" : null,
      edited: i === 38,
    }),
  );
  const told = lines(timelineDocument("INC-1", entries, "UTC"));
  expect(told[0]).toBe("10 earlier entries: the postmortem has all of them");
  expect(told.slice(-3)).toEqual([
    "`39` 2026-12-28T00:00:00.000Z · entry 39 (Ana, mention, edited)",
    "`40` 2026-12-29T00:00:00.000Z · entry 40 (Ana, [mention])",
    "Correct one with `timeline edit <n> <text>`, `timeline edit <n> at <time>` or `timeline hide <n>`",
  ]);
});

test("the date stands once a day, of the asker's days", () => {
  const at = (time: string): ShownEntry => ({
    ...{ seq: 1, at: time, text: "t", actor: "Ana", via: "slash", permalink: null, edited: false },
  });
  const entries = ["2026-11-21T22:30:00Z", "2026-11-21T23:30:00Z", "2026-11-22T01:00:00Z"].map(at);
  const styles = (timeZone: string) =>
    timelineDocument("INC-1", entries, timeZone).blocks.flatMap((block) =>
      block.type === "list" ? block.items.map((item) => (item as { style?: string }[])[2]?.style) : [],
    );
  expect(styles("UTC")).toEqual(["datetime", "time", "datetime"]);
  expect(styles("Europe/Stockholm")).toEqual(["datetime", "datetime", "time"]);
});

describe("stats", () => {
  test("median and 90th percentile, without drills, cancelled and merged ones, and what is still open", () => {
    const took = Array.from({ length: 10 }, (_, i) =>
      walked(
        `INC-${i + 1}`,
        { ack: i + 1, fix: 60, end: 1440 * (i + 1) },
        { from: "2026-11-10T03:00:00.000Z" },
      ),
    );
    const document = statsDocument(
      [
        ...took,
        incident("INC-20", [], { severity: "SEV1", startedAt: "2026-11-22T02:00:00.000Z" }),
        walked("DRILL-1", { ack: 5000 }, { kind: "drill" }),
        incident("INC-21", [{ type: "cancelled", reason: "x" }]),
        incident("INC-22", [{ type: "merged", into: "INC-20", reason: null }]),
        walked("INC-23", { ack: 9999 }, { from: "2026-09-01T00:00:00.000Z" }),
      ],
      30,
      NOW,
    );
    expect(document.title).toBe("11 incidents in 30 days, 1 still open");
    expect(lines(document)).toEqual([
      "SEV1 | 1 | 1 | 0",
      "SEV2 | 10 | 0 | 10",
      "detect | 0 s | 0 s | 11",
      "acknowledge | 5 min | 9 min | 10",
      "mitigate | 1 h | 1 h | 10",
      "resolve | 5 d | 9 d | 10",
      "Not counted: 1 drill, 1 cancelled, 1 merged. Nine of ten took no longer than 90 %. To detect counts from when the data broke, the others from the detection.",
    ]);
  });
  test("nothing yet", () => {
    expect(statsDocument([], 7, NOW)).toEqual({
      summary: "0 incidents in 7 days, 0 still open",
      title: "0 incidents in 7 days, 0 still open",
      blocks: [],
    });
    const told = lines(statsDocument([incident("INC-1")], 7, NOW));
    expect(told).toContain("acknowledge | – | – | 0");
  });
});

test("runbooks: what is under way, what fits and why, with a button each, and the others", () => {
  const state = incident("INC-1", [
    {
      type: "runbook_started",
      runbook: "late",
      title: "Late table",
      hash: "h",
      steps: [{ id: "a", title: "Look" }],
    },
  ]);
  const fit = [{ slug: "dag", title: "Failed DAG", reason: "the source is airflow" }];
  const document = runbooksDocument(state, fit, [
    ...fit,
    { slug: "late", title: "Late table" },
    { slug: "schema", title: "Schema change" },
  ]);
  expect(lines(document)).toEqual([
    "# Under way",
    "Late table at step 1 of 1: Look",
    "# These fit",
    "`dag` Failed DAG: the source is airflow",
    "# Others",
    "`schema` Schema change",
    "Begin one with `runbook start dag`",
  ]);
  expect(document.summary).toBe("INC-1: 1 runbook that fits, the best is Failed DAG");
  expect(document.blocks.find((block) => block.type === "actions")).toEqual({
    type: "actions",
    buttons: [{ action: "runbook_start", label: "Start: Failed DAG", value: "INC-1|dag" }],
  });
  expect(lines(runbooksDocument(incident("INC-1"), [], []))[0]).toMatch(/^There are no runbooks yet/);
});

test("action items: open first, with owner and due date or their absence", () => {
  const state = incident("INC-1", [
    { type: "task_added", task: 1, text: "tell finance", owner: null, due: null },
    { type: "task_added", task: 2, text: "add a check", owner: ana, due: "2026-12-01" },
    { at: NOW, body: { type: "task_done", task: 1 } },
  ]);
  expect(lines(tasksDocument(state)).slice(0, 2)).toEqual([
    "`2` add a check (Ana, due 2026-12-01)",
    `\`1\` tell finance (no owner, no due date, done ${NOW})`,
  ]);
  expect(lines(tasksDocument(incident("INC-1")))[0]).toBe("None yet.");
});

test("roles: all, one, and none", () => {
  const state = incident("INC-1", [{ type: "role_assigned", role: "lead", person: ana }]);
  expect(rolesDocument(state, null).summary).toBe("INC-1: Ana is lead");
  expect(rolesDocument(state, "comms").summary).toBe("INC-1: nobody is comms");
  expect(rolesDocument(state, "constructor").summary).toBe("INC-1: nobody is constructor");
  expect(rolesDocument(incident("INC-1"), null).summary).toBe("INC-1: nobody has a role yet");
});

describe("which incident", () => {
  const choices = (line: string) => [
    { state: incident("INC-1"), line },
    { state: incident("INC-2"), line },
  ];
  const why = "2 are open here: INC-1, INC-2.";

  test("each with the line to type and a button that sends it", () => {
    const document = whichIncidentDocument(choices("note ask <@U0ANA|ana>"), why, "/incident");
    expect(lines(document)).toEqual([
      "INC-1 SEV2 triggered · Orders are late · `/incident INC-1 note ask @ana`",
      "INC-2 SEV2 triggered · Orders are late · `/incident INC-2 note ask @ana`",
    ]);
    const actions = document.blocks.find((block) => block.type === "actions")!;
    expect(actions.buttons.map((button) => button.value)).toEqual([
      "INC-1 note ask <@U0ANA|ana>",
      "INC-2 note ask <@U0ANA|ana>",
    ]);
    const read = parseLine(actions.buttons[1]!.value, { command: "/incident" });
    expect("empty" in read ? null : [read.verb.name, read.key, read.rest]).toEqual([
      "note",
      "INC-2",
      "ask <@U0ANA|ana>",
    ]);
  });

  test("a line that no button can hold is not cut and sent", () => {
    const document = whichIncidentDocument(choices(`note ${"x".repeat(2400)}`), why, "/incident");
    expect(document.blocks.some((block) => block.type === "actions")).toBe(false);
    expect(lines(document)[0]!.length).toBeLessThan(250);
  });
});
