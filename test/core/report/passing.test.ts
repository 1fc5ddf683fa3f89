import { describe, expect, it } from "vitest";
import type { Command } from "../../../src/core/incident/command.ts";
import type { RecoveryRule } from "../../../src/core/incident/events.ts";
import { card } from "../../../src/core/report/card.ts";
import { replyFor } from "../../../src/core/report/replies.ts";
import { curatedTimeline } from "../../../src/core/report/timeline.ts";
import { expectMessage } from "../../slack/golden.ts";
import { acknowledged, alert, dbt, opening, passed, Story } from "./incident-story.ts";

const SYSTEM = { by: { kind: "system" }, via: "alert", after: 0 } as const;
const ran = (runs: number): Command => ({ type: "count_runs", runs });
const flaps = (fingerprint: string, title = "orders is 3 hours late"): Command => {
  const often = { changes: 6, overMs: 40 * 60_000, quietMs: 30 * 60_000 };
  return { type: "begin_flapping", fingerprint, title, ...often };
};
const ends = (status: "firing" | "resolved"): Command => {
  const { alert: news } = passed() as Extract<Command, { type: "alert_passed" }>;
  return { type: "end_flapping", alert: news, status };
};

/** An incident whose alert came with what a rule says of its end. */
function routed(recovery: RecoveryRule): Story {
  const story = new Story();
  story.does(opening(), { by: dbt, via: "alert", after: 0 });
  story.does(alert({ recovery }), { by: dbt, via: "alert", after: 0 });
  return story;
}

/** What the thread hears of commands that are one job. */
const heard = (story: Story, ...commands: Command[]) =>
  replyFor(
    commands.flatMap((command) => story.does(command, SYSTEM)),
    story.incident,
  );
const words = (document: unknown) => JSON.stringify(document);

describe("the thread hears", () => {
  it("that all has passed, and is asked whether the data is right", async () => {
    await expectMessage("reply-all-resolved", heard(acknowledged(), passed(), ran(1))!);
  });

  it("the first of the runs that have to pass, and the last; the card counts those between", async () => {
    const story = routed({ passes: 3, autoResolve: false, rules: [] });
    await expectMessage("reply-passed-one-run", heard(story, passed(), ran(1))!);
    expect(heard(story, ran(2))).toBeNull();
    expect(words(card(story.card))).toContain("1 resolved, passed 2 of 3 runs");
    await expectMessage("reply-checks-pass", heard(story, ran(3))!);
    expect(heard(story, ran(4))).toBeNull();
  });

  it("that it ended by itself, why, and how to undo it", async () => {
    const story = routed({ passes: 2, autoResolve: true, rules: ["staging"] });
    await expectMessage("reply-resolved-by-itself", heard(story, passed(), ran(2))!);
  });

  it("that an alert flaps, and how it stands once it is quiet", async () => {
    const story = acknowledged();
    await expectMessage("reply-flapping-began", heard(story, flaps("f1"))!);
    expect(words(card(story.card))).toContain("1 firing (1 flapping)");
    await expectMessage("reply-flapping-ended", heard(story, ends("resolved"), ran(1))!);
    const again = acknowledged();
    heard(again, flaps("f1"));
    expect(words(heard(again, ends("firing")))).toContain("is quiet again: it fires.");
  });

  it("of what is quiet again as it stands after all that the same message says", () => {
    const story = acknowledged();
    heard(story, flaps("f1"));
    const said = words(heard(story, ends("resolved"), ran(1), alert({ known: "resolved" })));
    expect(said).toContain("is quiet again: it fires.");
    expect(said).not.toContain("have resolved");
  });

  it("of many that begin to flap at once in one line", () => {
    const story = acknowledged();
    const said = heard(story, flaps("f1"), ...["a", "b", "c"].map((name) => flaps(name, `test ${name}`)));
    expect(said!.blocks).toHaveLength(1);
    expect(words(said)).toContain('" and 1 more"');
    expect(words(said)).toContain("held until they are quiet for 30 min.");
  });

  it("nothing of a pass that the same message takes back", () => {
    const story = acknowledged();
    expect(heard(story, passed(), ran(1), alert({ known: "resolved" }))).toBeNull();
  });
});

it("the timeline has what people want to know of it, and not each run", () => {
  const story = routed({ passes: 2, autoResolve: true, rules: ["staging"] });
  const log: Command[] = [flaps("f1"), ends("resolved"), ran(1), ran(2)];
  const told = new Story();
  const events = [
    ...told.does(opening(), { by: dbt, via: "alert", after: 0 }),
    ...told.does(alert({ recovery: story.incident.recovery }), { by: dbt, via: "alert", after: 0 }),
    ...log.flatMap((command) => told.does(command, SYSTEM)),
  ];
  expect(curatedTimeline(events).map(({ text }) => text)).toEqual([
    "INC-1 opened as SEV2: orders is 3 hours late",
    "Alert flaps: orders is 3 hours late (6 changes in 40 min), held until it is quiet for 30 min",
    "Alert stopped flapping: orders is 3 hours late (it passes)",
    "Alert resolved: orders is 3 hours late",
    "analytics.marts.orders is recovering: its alerts have resolved",
    "Checks passed 2 runs in a row",
    "analytics.marts.orders was verified: its data is right again (its checks passed 2 runs in a row)",
    "analytics.marts.daily_revenue was verified: its data is right again (its checks passed 2 runs in a row)",
    "Resolved: its checks passed 2 runs in a row (rule “staging”)",
  ]);
});
