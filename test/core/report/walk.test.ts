import { describe, expect, it } from "vitest";
import { alertsDocument } from "../../../src/core/report/alerts.ts";
import { walkDocument } from "../../../src/core/report/walk.ts";
import { renderText } from "../../harness/plain-text.ts";
import { expectMessage } from "../../slack/golden.ts";
import { acknowledged, jonas, lateTable, resolved, STEPS, type Story, triggered } from "./incident-story.ts";

const body = [
  "Ask the warehouse **when it last loaded**:",
  "",
  "```sql",
  "select max(loaded_at) from analytics.marts.orders where loaded_at < now()",
  "```",
  "",
  "- Nothing since midnight: it is the *source*. See [its status page](https://status.example.com).",
  "- Fresh rows: it is the test. Go on with step 4.",
].join("\n");

function walk(story: Story, step: { title: string; body: string } | null = null) {
  return walkDocument({ state: story.incident, walk: story.incident.walks["late-table"]!, step });
}

function values(story: Story): string[] {
  return walk(story).blocks.flatMap((block) =>
    block.type === "actions" ? block.buttons.map((one) => `${one.action} ${one.value}`) : [],
  );
}

function finish(
  story: Story,
  step: string,
  outcome: "done" | "skipped" | "failed",
  note: string | null = null,
) {
  story.does({ type: "finish_step", runbook: "late-table", step, outcome, note }, { by: jonas });
}

describe("the walk", () => {
  it("begins at the first step, with nothing to go back to", async () => {
    const story = triggered();
    story.does(lateTable);
    expect(values(story)).toEqual([
      "step_done INC-1|late-table|check-the-source",
      "step_skip INC-1|late-table|check-the-source",
      "step_fail INC-1|late-table|check-the-source",
    ]);
    await expectMessage("walk-start", walk(story, { title: STEPS[0]!.title, body }));
  });

  it("shows what was done, by whom, and what to do now", async () => {
    const story = acknowledged();
    finish(story, "rerun-the-load", "failed", "no permission on the loader");
    finish(story, "tell-consumers", "skipped", "nobody reads it at night");
    expect(values(story)).toContain("step_back INC-1|late-table|verify");
    await expectMessage(
      "walk-middle",
      walk(story, { title: STEPS[3]!.title, body: "Compare with **yesterday**." }),
    );
  });

  it("of one step is carried out in one step", () => {
    const story = triggered();
    story.does({ ...lateTable, steps: STEPS.slice(0, 1) } as typeof lateTable);
    finish(story, STEPS[0]!.id, "done");
    expect(renderText(walk(story))).toContain("1 of 1 step carried out");
  });

  it("ends with its coverage, and can still go back", async () => {
    const story = acknowledged();
    for (const { id } of STEPS.slice(1)) finish(story, id, "done");
    expect(values(story)).toEqual(["step_back INC-1|late-table|"]);
    await expectMessage("walk-end", walk(story));
  });

  it("cannot be walked on in an incident that is closed", () => {
    const story = resolved();
    story.does({ type: "close", reason: null });
    expect(values(story)).toEqual([]);
  });
});

describe("the alerts", () => {
  it("show what each tool said, the held ones too", async () => {
    const story = triggered();
    const alert = {
      fingerprint: "f",
      source: "dbt",
      status: "firing" as const,
      title: "orders is 3 hours late",
      description: "\nmax(loaded_at) is 00:04 & `expected` < 60 min ago\nsecond line",
      links: [{ title: "dbt run 4711", url: "https://dbt.example.com/runs/4711" }],
      firstSeenAt: "2026-11-22T03:10:00.000Z",
      lastSeenAt: "2026-11-22T03:40:00.000Z",
      count: 4,
      outcome: "opened",
      reason: "no open incident concerns it",
    };
    const document = alertsDocument({
      state: story.incident,
      alerts: [
        alert,
        {
          ...alert,
          source: "airflow",
          title: "DAG load_orders failed",
          description: "AirflowException: <timeout>",
          count: 1,
          links: [],
        },
        { ...alert, outcome: "silenced", reason: "silenced by Jonas until 06:00" },
        { ...alert, status: "resolved", description: null },
      ],
      total: 14,
    });
    expect(JSON.stringify(document)).toContain("…and 10 more alerts; ");
    await expectMessage("alerts", document);
  });
});
