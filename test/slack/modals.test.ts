import { describe, expect, it } from "vitest";
import type { IncidentState } from "../../src/core/incident/state.ts";
import { ACTION_NAMES, readTarget, targetValue } from "../../src/core/report/action-name.ts";
import { FORMS, type FormName } from "../../src/core/verb/verb.ts";
import { ACTIONS, effectOf } from "../../src/slack/actions.ts";
import { chosenPeople, SubmittedView } from "../../src/slack/fields.ts";
import { SlackView } from "../../src/slack/limits.ts";
import { formOf, MODALS, type ModalContext, metadataOf, type Submitter } from "../../src/slack/modals.ts";
import {
  acknowledged,
  alert,
  dbt,
  lateTable,
  mitigated,
  resolved,
  type Story,
  table,
  triggered,
} from "../core/report/incident-story.ts";
import { expectView } from "./golden.ts";

const PEOPLE = [
  { id: "U0MAYA", name: "Maya Okafor" },
  { id: "U0JONAS", name: "Jonas Lindqvist" },
];

function context(story: Story | null, over: Partial<ModalContext> = {}): ModalContext {
  return { incident: story?.incident ?? null, channel: "C0INCIDENTS", threadTs: "1.1", ...over };
}

/** What Slack would send when these fields are filled in and the others left as they are. */
function submit(view: SlackView, entered: Record<string, unknown> = {}): SubmittedView {
  const values = Object.fromEntries(Object.entries(entered).map(([id, state]) => [id, { value: state }]));
  return SubmittedView.parse({ ...view, state: { values } });
}

const text = (value: string | null) => ({ type: "plain_text_input", value });
const option = (value: string) => ({ type: "static_select", selected_option: { value } });
const ticked = (...values: string[]) => ({
  type: "checkboxes",
  selected_options: values.map((value) => ({ value })),
});

function parse(
  form: FormName,
  story: Story | null,
  entered: Record<string, unknown>,
  over: Partial<ModalContext> = {},
) {
  return MODALS[form].parse(submit(MODALS[form].build(context(story, over)), entered), submitterOf(story));
}

function submitterOf(story: Story | null): Submitter {
  return {
    now: "2026-11-22T04:00:00.000Z",
    timeZone: "Europe/London",
    asker: { id: "U0MAYA", name: "Maya Okafor" },
    names: { U0JONAS: "Jonas Lindqvist" },
    incident: (story?.incident ?? null) as IncidentState | null,
  };
}

function commands(...expected: unknown[]) {
  return { ok: true, ask: { kind: "commands", commands: expected } };
}

function storm(): Story {
  const story = triggered();
  const impacted = Array.from({ length: 120 }, (_, index) =>
    table(`analytics.marts.${"long_".repeat(30)}model_${index}`),
  );
  story.does(alert({ fingerprint: "f2", assets: [], impacted }), { by: dbt, via: "alert" });
  return story;
}

const STEP = { incident: "INC-1", runbook: "late-table", step: "rerun-the-load" };
const seen: [string, FormName, () => Story | null, Partial<ModalContext>?][] = [
  ["declare", "declare", () => null, { typed: { title: "Orders are late" } }],
  ["severity", "severity", triggered],
  ["status", "status", acknowledged],
  ["note", "note", triggered],
  ["mitigate", "mitigate", acknowledged],
  ["restored", "restored", acknowledged],
  ["restored-storm", "restored", storm],
  ["restored-nothing", "restored", () => settled()],
  ["waive", "waive", mitigated],
  ["resolve-blocked", "resolve", mitigated],
  ["resolve", "resolve", () => settled()],
  ["reopen", "reopen", resolved],
  ["cancel", "cancel", triggered],
  ["step-skip", "step_skip", acknowledged, { target: STEP }],
  ["step-fail", "step_fail", acknowledged, { target: STEP }],
  ["role", "role", acknowledged],
  ["role-with-people", "role", acknowledged, { people: PEOPLE }],
  ["task", "task", triggered],
  ["link", "link", triggered],
  ["change", "change", triggered],
  ["review", "review", () => reviewed()],
  ["more", "more", acknowledged],
];

function settled(): Story {
  const story = mitigated();
  story.does({ type: "restore", assets: [], reason: "checked" });
  return story;
}

function reviewed(): Story {
  const story = resolved();
  story.does({
    type: "write_review",
    section: "well",
    statements: ["The test caught it", "The runbook fitted"],
    append: false,
  });
  return story;
}

describe("a modal", () => {
  it.each(seen)("%s is one that Slack accepts, and looks as reviewed", async (name, form, begin, over) => {
    await expectView(`modal-${name}`, MODALS[form].build(context(begin(), over)));
  });

  it.each(FORMS)("%s is known by its callback id and keeps what it is about", (form) => {
    const story = form === "declare" ? null : form === "reopen" ? resolved() : acknowledged();
    const view = MODALS[form].build(context(story, { target: STEP }));
    expect(formOf(view.callback_id)).toBe(form);
    expect(metadataOf(submit(view))).toEqual({
      incident: story ? "INC-1" : null,
      channel: "C0INCIDENTS",
      threadTs: "1.1",
      runbook: "late-table",
      step: "rerun-the-load",
    });
  });

  it("survives a hostile title", () => {
    const story = triggered("INC-1", { title: `<!channel> ${"&".repeat(280)} :tada:` });
    const fits = (form: FormName) =>
      expect(() => SlackView.parse(MODALS[form].build(context(story)))).not.toThrow();
    for (const form of FORMS.filter((name) => name !== "reopen")) fits(form);
    story.does({ type: "cancel", reason: "a test" });
    fits("reopen");
  });
});

describe("a button of an old message", () => {
  it.each(["mitigate", "restored", "waive", "resolve"] as const)(
    "opens no %s form when all is over",
    (form) => {
      expect(() => MODALS[form].build(context(resolved()))).toThrow("INC-1 is resolved already.");
    },
  );
});

describe("declaring", () => {
  it("opens an incident in the channel it was asked for in", () => {
    const entered = {
      title: text(" Orders are late "),
      severity: option("SEV2"),
      known: text("since midnight"),
      assets: text("snowflake://acme/a.b.orders\n\nsnowflake://acme/a.b.orders"),
    };
    expect(parse("declare", null, entered)).toEqual(
      commands({
        type: "open",
        kind: "incident",
        severity: "SEV2",
        title: "Orders are late",
        channel: "C0INCIDENTS",
        startedAt: "2026-11-22T04:00:00.000Z",
        origin: null,
        groupingKey: null,
        assets: [{ namespace: "snowflake://acme", name: "a.b.orders" }],
        summary: "since midnight",
        reason: "declared by Maya Okafor",
      }),
    );
  });

  it("takes what was set for the person and left alone", () => {
    const parsed = parse("declare", null, {}, { typed: { title: "Orders are late" } });
    expect(parsed).toMatchObject({
      ok: true,
      ask: { commands: [{ title: "Orders are late", severity: "SEV3" }] },
    });
  });

  it("says beside each field what is wrong with it", () => {
    const parsed = parse("declare", null, {
      title: text("  "),
      severity: { selected_option: null },
      assets: text("orders"),
    });
    expect(Object.keys(parsed.ok ? {} : parsed.errors)).toEqual(["title", "severity", "assets"]);
  });
});

describe("what was entered", () => {
  it.each<[FormName, () => Story, Record<string, unknown>, Record<string, unknown>]>([
    [
      "severity",
      triggered,
      { severity: option("SEV1"), reason: text("customers see it") },
      { type: "set_severity", severity: "SEV1", reason: "customers see it" },
    ],
    ["status", triggered, { text: text("Late\nuntil 5") }, { type: "post_status", text: "Late\nuntil 5" }],
    [
      "note",
      triggered,
      { text: text("x"), when: text("03:30") },
      { type: "note", text: "x", at: "2026-11-22T03:30:00.000Z" },
    ],
    ["note", triggered, { text: text("x"), when: text(null) }, { type: "note", text: "x", at: null }],
    ["mitigate", triggered, { text: text("rolled back") }, { type: "mitigate", text: "rolled back" }],
    ["resolve", settled, { text: text("a time-out") }, { type: "resolve", text: "a time-out" }],
    ["reopen", resolved, { reason: text("still wrong") }, { type: "reopen", reason: "still wrong" }],
    ["cancel", triggered, { reason: text("a test") }, { type: "cancel", reason: "a test" }],
    [
      "role",
      triggered,
      { role: option("comms"), person: { selected_user: "U0JONAS" } },
      { type: "assign_role", role: "comms", person: { id: "U0JONAS", name: "Jonas Lindqvist" } },
    ],
    [
      "task",
      triggered,
      { text: text("add a time-out"), owner: { selected_user: null }, due: { selected_date: "2026-12-01" } },
      { type: "add_task", text: "add a time-out", owner: null, due: "2026-12-01" },
    ],
    [
      "link",
      triggered,
      { url: text("https://a.example/x"), title: text(null) },
      { type: "add_link", link: { title: "a.example/x", url: "https://a.example/x" } },
    ],
    [
      "change",
      triggered,
      { text: text("deployed"), when: text("20 min ago"), url: text(null) },
      { type: "link_change", text: "deployed", url: null, changedAt: "2026-11-22T03:40:00.000Z" },
    ],
  ])("in %s becomes its command", (form, begin, entered, command) => {
    expect(parse(form, begin(), entered)).toEqual(commands(command));
  });

  it.each<[FormName, string]>([
    ["step_skip", "skipped"],
    ["step_fail", "failed"],
  ])("in %s is about the step that was seen", (form, outcome) => {
    const story = triggered();
    story.does(lateTable);
    expect(parse(form, story, { reason: text("no access") }, { target: STEP })).toEqual(
      commands({
        type: "finish_step",
        runbook: "late-table",
        step: "rerun-the-load",
        outcome,
        note: "no access",
      }),
    );
  });

  it.each<[FormName, string, Record<string, unknown>]>([
    ["severity", "reason", { severity: option("SEV1"), reason: text(" ") }],
    ["severity", "severity", { severity: option("SEV9"), reason: text("x") }],
    ["reopen", "reason", { reason: text(" ") }],
    ["cancel", "reason", { reason: text(null) }],
    ["mitigate", "text", { text: text("\n") }],
    ["step_skip", "reason", { reason: text(" ") }],
    ["note", "when", { text: text("x"), when: text("soon") }],
    ["note", "when", { text: text("x"), when: text("2027-01-01 10:00") }],
    ["role", "person", { role: option("lead"), person: { selected_user: null } }],
    ["role", "person", { role: option("lead"), person: { selected_user: "__proto__" } }],
    ["task", "owner", { text: text("x"), owner: { selected_user: "__proto__" } }],
    ["task", "due", { text: text("x"), due: { selected_date: "9999-99-99" } }],
    ["link", "url", { url: text("javascript:alert(1)") }],
    ["change", "url", { text: text("x"), url: text("nowhere") }],
    ["more", "what", { what: option("nothing") }],
  ])("in %s is refused beside %s", (form, id, entered) => {
    const story = form === "reopen" ? resolved() : acknowledged();
    const parsed = parse(form, story, entered, { target: STEP });
    expect(Object.keys(parsed.ok ? {} : parsed.errors)).toEqual([id]);
  });
});

describe("recovery", () => {
  it("means every asset unless some are unticked", () => {
    expect(parse("restored", mitigated(), { reason: text("counts match") })).toEqual(
      commands({
        type: "restore",
        assets: [
          "snowflake://fernhollow/analytics.marts.orders",
          "snowflake://fernhollow/analytics.marts.daily_revenue",
        ],
        reason: "counts match",
      }),
    );
  });

  it("is refused when nothing is ticked: an empty list would mean all", () => {
    expect(parse("restored", mitigated(), { reason: text("x"), assets_0: ticked() })).toEqual({
      ok: false,
      errors: { assets_0: "Tick what is right again." },
    });
  });

  it("says so where somebody else was first", () => {
    const story = mitigated();
    const restored = submit(MODALS.restored.build(context(story)), { reason: text("counted") });
    const more = submit(MODALS.more.build(context(story)), { what: option("waive") });
    story.does({ type: "restore", assets: [], reason: "checked" });
    story.does({ type: "resolve", text: "restarted" });
    const errors = [
      MODALS.restored.parse(restored, submitterOf(story)),
      MODALS.more.parse(more, submitterOf(story)),
    ].map((parsed) => (parsed.ok ? {} : parsed.errors));
    expect(errors).toEqual([
      { assets_0: "By now this is verified or waived. Nothing is left to do." },
      { what: "By now INC-1 is resolved. Choose something else." },
    ]);
  });

  it("begins with empty boxes where ticked ones cannot be shown", () => {
    const parsed = parse("restored", mitigated(), { reason: text("x") }, { people: PEOPLE });
    expect(parsed).toMatchObject({ ok: false, errors: { assets_0: expect.any(String) } });
  });

  it("wants to know how, where alerts still fire", () => {
    const parsed = parse("restored", acknowledged(), { reason: text(null) });
    expect(parsed).toMatchObject({
      ok: false,
      errors: { reason: expect.stringContaining("analytics.marts.orders") },
    });
  });

  it("offers a hundred of many, whatever their names' length", () => {
    const parsed = parse("waive", storm(), { reason: text("rebuilt"), assets_9: { selected_options: [] } });
    expect(parsed.ok).toBe(false);
    const all = parse("restored", storm(), { reason: text("checked") });
    expect(
      all.ok &&
        all.ask.kind === "commands" &&
        all.ask.commands[0]?.type === "restore" &&
        all.ask.commands[0].assets.length,
    ).toBe(100);
  });

  it("is where a blocked resolve leads to", () => {
    expect(parse("resolve", mitigated(), { next: option("waive") })).toEqual({
      ok: true,
      ask: { kind: "form", form: "waive" },
    });
  });
});

describe("the review", () => {
  it("writes what changed, one statement per line", () => {
    const entered = {
      summary: text("It hung."),
      well: text("The test caught it\nThe runbook fitted"),
      badly: text("- no time-out\n\n* no owner"),
    };
    expect(parse("review", reviewed(), entered)).toEqual(
      commands(
        { type: "set_summary", text: "It hung." },
        { type: "write_review", section: "badly", statements: ["no time-out", "no owner"], append: true },
      ),
    );
  });

  it("leaves what somebody else wrote while it was open", () => {
    const story = reviewed();
    const view = MODALS.review.build(context(story));
    const write = (section: "well" | "badly", ...statements: string[]) =>
      story.does({ type: "write_review", section, statements, append: true });
    write("well", "Jonas was quick");
    write("badly", "no owner");
    story.does({ type: "set_summary", text: "Written by Jonas." });
    const send = (entered: Record<string, unknown>) =>
      MODALS.review.parse(submit(view, entered), submitterOf(story));
    expect(send({ summary: text(null), badly: text("no time-out") })).toEqual(
      commands({ type: "write_review", section: "badly", statements: ["no time-out"], append: true }),
    );
    const well = ["The test caught it", "Jonas was quick", "The runbook fitted well"];
    expect(send({ well: text("The test caught it\nThe runbook fitted well") })).toEqual(
      commands({ type: "write_review", section: "well", statements: well, append: false }),
    );
  });

  it("adds to what is too long to be shown", () => {
    const story = resolved();
    story.does({
      type: "write_review",
      section: "well",
      statements: Array.from({ length: 5 }, () => "x".repeat(900)),
      append: false,
    });
    expect(parse("review", story, { well: text("and this") })).toEqual(
      commands({ type: "write_review", section: "well", statements: ["and this"], append: true }),
    );
    expect(parse("review", story, {})).toEqual(commands());
  });
});

describe("more", () => {
  it("leads to a form or does it", () => {
    expect(parse("more", acknowledged(), { what: option("task") })).toEqual({
      ok: true,
      ask: { kind: "form", form: "task" },
    });
    expect(parse("more", acknowledged(), { what: option("unack") })).toEqual(
      commands({ type: "unacknowledge", reason: null }),
    );
  });
});

describe("buttons", () => {
  it("all have an effect, and only ours do", () => {
    expect(Object.keys(ACTIONS).sort()).toEqual([...ACTION_NAMES].sort());
    expect(effectOf("constructor")).toBeNull();
  });

  it("carry what they are about", () => {
    expect(readTarget(targetValue("INC-1", "late-table", "verify"))).toEqual({
      incident: "INC-1",
      runbook: "late-table",
      step: "verify",
    });
    expect(readTarget("INC-1")).toEqual({ incident: "INC-1", runbook: null, step: null });
  });

  it("name the people to look up", () => {
    const view = MODALS.role.build(context(triggered()));
    expect(chosenPeople(submit(view, { person: { selected_user: "U0JONAS" } }))).toEqual(["U0JONAS"]);
  });
});

describe("what was typed already stands in the form", () => {
  it("a severity, also where it is a new incident's", () => {
    const typed = { severity: "SEV1" } as const;
    expect(parse("severity", triggered(), { reason: text("worse") }, { typed })).toEqual(
      commands({ type: "set_severity", severity: "SEV1", reason: "worse" }),
    );
    expect(parse("declare", null, { title: text("Orders are late") }, { typed })).toMatchObject({
      ask: { commands: [{ severity: "SEV1" }] },
    });
  });

  it("the data that is waived, or what it could be", () => {
    const story = mitigated();
    const id = [...story.incident.assets.keys()][0]!;
    const name = story.incident.assets.get(id)!.asset.name;
    expect(parse("waive", story, { reason: text("rebuilt") }, { typed: { assets: [name] } })).toEqual(
      commands({ type: "waive", assets: [id], reason: "rebuilt" }),
    );
    expect(() => MODALS.waive.build(context(story, { typed: { assets: ["nonsense"] } }))).toThrow(
      "INC-1 has no asset `nonsense`.",
    );
  });

  it("when it was", () => {
    expect(parse("note", triggered(), { text: text("empty") }, { typed: { when: "03:10" } })).toEqual(
      commands({ type: "note", text: "empty", at: "2026-11-22T03:10:00.000Z" }),
    );
  });
});

it("reopening what is open, and cancelling what is over, is refused before anything is typed", () => {
  expect(() => MODALS.reopen.build(context(triggered()))).toThrow("INC-1 is open already: it is triggered.");
  expect(() => MODALS.cancel.build(context(resolved()))).toThrow("INC-1 is resolved already.");
});
