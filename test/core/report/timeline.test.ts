import { describe, expect, test } from "vitest";
import type { EventBody, NumberedSuspect, SeenBefore } from "../../../src/core/incident/events.ts";
import { curatedTimeline, timeline } from "../../../src/core/report/timeline.ts";
import {
  ANA,
  airflow,
  ana,
  attached,
  BEN,
  ben,
  dbt,
  Log,
  on,
  opened,
  story,
  system,
  warehouse,
} from "./late-orders.ts";

const SUSPECT: NumberedSuspect = {
  number: 1,
  change: "c7",
  title: "dbt deploy 7",
  url: null,
  actor: "mira-oak",
  source: "github",
  at: on("21 22:00"),
  confidence: "likely",
  reason: "touched marts.fct_orders",
};
const SEEN: SeenBefore = {
  key: "INC-3",
  title: "Orders are late",
  severity: "SEV2",
  resolvedAt: on("01 09:00"),
  outcome: "reran the export",
  causeChange: null,
  url: null,
  reason: "same alert",
};
const begun = () => new Log().add("22 03:10", dbt, "alert", opened());
const lastText = (log: Log) => timeline(log.events).at(-1)?.text;

describe("sentences", () => {
  const asset = warehouse("marts.fct_orders");
  const runbook = "late-table";
  const steps = [{ id: "look", title: "Look" }];
  const cases: [EventBody, string][] = [
    [{ type: "acknowledged" }, "Ana Diaz acknowledged"],
    [
      { type: "severity_changed", from: "SEV3", to: "SEV2", reason: "finance dashboard is affected" },
      "Severity SEV3 → SEV2: finance dashboard is affected",
    ],
    [{ type: "role_assigned", role: "lead", person: BEN }, "Ben Okafor became lead"],
    [{ type: "mitigated", text: "" }, "Mitigated"],
    [{ type: "mitigated", text: "export paused" }, "Mitigated: export paused"],
    [{ type: "cancelled", reason: "planned maintenance" }, "Cancelled as a false alarm: planned maintenance"],
    [{ type: "merged", into: "INC-3", reason: null }, "Merged into INC-3"],
    [{ type: "asset_waived", asset, reason: "retired" }, "marts.fct_orders was waived: retired"],
    [
      { type: "started_at_set", startedAt: on("21 20:00"), reason: "the gap in the source begins there" },
      "Start of the problem set to 21 Nov 2026 20:00 UTC: the gap in the source begins there",
    ],
    [
      { type: "runbook_started", runbook, title: "Late table", hash: "h", steps },
      "Runbook started: Late table (1 step)",
    ],
    [
      { type: "change_linked", text: "dbt deploy 7", url: null, changedAt: on("21 22:00") },
      "Change: dbt deploy 7 (21 Nov 2026 22:00 UTC)",
    ],
    [
      { type: "changes_suspected", suspects: [SUSPECT, { ...SUSPECT, number: 3, title: "dbt deploy 8" }] },
      "Changes suspected: 1. dbt deploy 7 (likely: touched marts.fct_orders); 3. dbt deploy 8 (likely: touched marts.fct_orders)",
    ],
    [{ type: "changes_suspected", suspects: [] }, "Changes suspected: none any more"],
    [
      { type: "cause_named", change: "c7", text: "dbt deploy 7", url: null, changedAt: on("21 22:00") },
      "Ana Diaz named the cause: dbt deploy 7 (21 Nov 2026 22:00 UTC)",
    ],
    [{ type: "similar_found", incidents: [SEEN] }, "Seen before: INC-3 Orders are late (same alert)"],
    [
      { type: "task_added", task: 1, text: "Add a test", owner: ANA, due: null },
      "Action item 1: Add a test (Ana Diaz)",
    ],
  ];
  test.each(cases)("%o", (body, text) => {
    expect(lastText(begun().add("22 03:20", ana, "button", body))).toBe(text);
  });

  test("a runbook that is finished is called as it was when it was started", () => {
    const log = begun()
      .add("22 03:20", ana, "button", {
        type: "runbook_started",
        runbook,
        title: "Late table",
        hash: "h",
        steps,
      })
      .add("22 03:25", ana, "button", { type: "runbook_finished", runbook });
    expect(lastText(log)).toBe("Runbook finished: Late table");
  });

  test("a source's alert names the source", () => {
    expect(
      lastText(
        begun().add("22 03:20", dbt, "alert", attached(1, "dbt", "not_null_orders_customer_id failed")),
      ),
    ).toBe("dbt alert: not_null_orders_customer_id failed");
  });

  test("who declared it stands in the first line when a person did", () => {
    const log = new Log().add(
      "22 03:10",
      ana,
      "modal",
      opened({ origin: null, title: "Numbers look wrong" }),
    );
    expect(lastText(log)).toBe("Ana Diaz declared INC-12 as SEV3: Numbers look wrong");
  });
});

describe("corrections", () => {
  test("an edit moves and rewords the entry, says who did it, and is no entry of its own", () => {
    const log = begun().add("22 04:00", ana, "slash", { type: "noted", text: "backfil started" });
    log.add("22 05:00", ben, "modal", {
      type: "entry_edited",
      seq: 2,
      text: "backfill started",
      at: on("22 03:30"),
    });
    expect(timeline(log.events).slice(1)).toMatchObject([
      {
        seq: 2,
        at: on("22 03:30"),
        recordedAt: on("22 04:00"),
        text: "backfill started",
        actor: "Ana Diaz",
        edited: true,
        editedBy: "Ben Okafor",
      },
    ]);
  });

  test("a message pinned in Slack stands at its own time, under its author, and follows edits", () => {
    const log = begun().add("22 04:00", ana, "emoji", {
      body: { type: "pinned", messageTs: "1.1", author: ben, text: "slot is gone" },
      at: on("22 03:40"),
      permalink: "https://slack.example/p1",
    });
    log.add("22 04:01", ben, "emoji", { type: "pin_edited", messageTs: "1.1", text: "the slot is gone" });
    expect(timeline(log.events)[1]).toMatchObject({
      at: on("22 03:40"),
      actor: "Ben Okafor",
      via: "emoji",
      text: "the slot is gone",
      permalink: "https://slack.example/p1",
      editedBy: "Ben Okafor",
    });
  });

  test.each(["unpinned", "pin_deleted"] as const)(
    "%s takes the message off, and the full timeline still has it, flagged",
    (type) => {
      const log = begun().add("22 04:00", ana, "emoji", {
        type: "pinned",
        messageTs: "1.1",
        author: ben,
        text: "brb",
      });
      log.add("22 04:01", ana, "emoji", { type, messageTs: "1.1" });
      expect(timeline(log.events).map((entry) => entry.kind)).toEqual(["opened"]);
      expect(timeline(log.events, { includeHidden: true }).map(({ kind, hidden }) => [kind, hidden])).toEqual(
        [
          ["opened", false],
          ["pinned", true],
          [type, true],
        ],
      );
    },
  );

  test("a hidden entry is left out and flagged", () => {
    const log = begun().add("22 04:00", ana, "slash", { type: "noted", text: "password is hunter2" });
    log.add("22 04:01", ana, "modal", { type: "entry_hidden", seq: 2, reason: "a secret" });
    expect(timeline(log.events)).toHaveLength(1);
    expect(timeline(log.events, { includeHidden: true })[1]).toMatchObject({
      hidden: true,
      text: "password is hunter2",
    });
  });
});

describe("people's names", () => {
  test("a mention becomes the name the log knows, and no raw id is left", () => {
    const log = begun().add("22 04:00", ana, "slash", {
      type: "noted",
      text: "<@U0ANA> asked <@U9NOBODY> and <@U8|cleo> in <#C1|data>, <!here>, see <https://x.example/a|the docs>",
    });
    expect(lastText(log)).toBe(
      "@Ana Diaz asked @someone and @cleo in #data, @here, see the docs (https://x.example/a)",
    );
  });

  test("a mention hidden inside another one is found as well", () => {
    const log = begun().add("22 04:00", ana, "slash", {
      type: "noted",
      text: "<@U9|<@U0ANA>> <@<@U0ANA>U1>",
    });
    expect(lastText(log)).not.toMatch(/<@[UW]/);
  });
});

describe("order", () => {
  test("by time of happening, then by order of writing", () => {
    const log = begun().add(
      "22 05:00",
      ana,
      "slash",
      { type: "noted", text: "b" },
      { type: "noted", text: "c" },
    );
    log.add("22 06:00", ana, "slash", { body: { type: "noted", text: "a" }, at: on("22 04:00") });
    expect(
      timeline(log.events)
        .slice(1)
        .map((entry) => entry.text),
    ).toEqual(["a", "b", "c"]);
  });

  test("an empty log has an empty timeline", () => expect(timeline([])).toEqual([]));
});

describe("the curated timeline", () => {
  test("a storm is told in one line after its first three alerts", () => {
    const log = begun();
    for (let n = 0; n < 33; n++)
      log.add(`22 03:10:${10 + n}`, dbt, "alert", attached(n, "dbt", `model ${n} failed`));
    for (let n = 33; n < 41; n++)
      log.add(`22 03:14:${n}`, airflow, "alert", attached(n, "airflow", `DAG ${n} failed`));
    const lines = curatedTimeline(log.events);
    expect(lines.map((entry) => entry.text).slice(1)).toEqual([
      "dbt alert: model 0 failed",
      "dbt alert: model 1 failed",
      "dbt alert: model 2 failed",
      "38 more alerts joined between 03:10 and 03:14 UTC: 30 dbt, 8 airflow",
    ]);
    expect(lines.at(-1)).toMatchObject({
      count: 38,
      at: on("22 03:10:13"),
      recordedAt: on("22 03:14:40"),
      actor: "dbt, airflow",
    });
    expect(timeline(log.events)).toHaveLength(42);
  });

  test("the alert that the opening quotes is not told again", () => {
    const log = new Log().add("22 03:10", dbt, "alert", opened({ title: "orders failed" }));
    log.add(
      "22 03:10",
      dbt,
      "alert",
      attached(0, "dbt", "orders failed"),
      attached(1, "dbt", "orders failed"),
    );
    expect(curatedTimeline(log.events).map((entry) => entry.kind)).toEqual(["opened", "alert_attached"]);
  });

  test("a storm within a minute says that minute once", () => {
    const log = begun();
    for (let n = 0; n < 20; n++) log.add("22 03:10", dbt, "alert", attached(n, "dbt", `model ${n} failed`));
    expect(curatedTimeline(log.events).at(-1)?.text).toBe("17 more alerts joined at 03:10 UTC: 17 dbt");
  });

  test("a storm over midnight says its dates", () => {
    const log = begun();
    for (let n = 0; n < 20; n++)
      log.add(
        n < 10 ? `22 23:5${n}` : `23 00:0${n - 10}`,
        dbt,
        "alert",
        attached(n, "dbt", `model ${n} failed`),
      );
    expect(curatedTimeline(log.events).at(-1)?.text).toBe(
      "17 more alerts joined between 22 Nov 23:53 and 23 Nov 00:09 UTC: 17 dbt",
    );
  });

  test("twelve alerts are no storm", () => {
    const log = begun();
    for (let n = 0; n < 12; n++)
      log.add(`22 03:10:${10 + n}`, dbt, "alert", attached(n, "dbt", `model ${n} failed`));
    expect(curatedTimeline(log.events)).toHaveLength(13);
  });

  test("what people do in the middle of a storm is never swallowed", () => {
    const log = begun();
    for (let n = 0; n < 40; n++) {
      log.add(`22 03:10:${10 + n}`, dbt, "alert", attached(n, "dbt", `model ${n} failed`));
      if (n === 20) log.add("22 03:10:30", ana, "button", { type: "acknowledged" });
    }
    expect(curatedTimeline(log.events).map((entry) => entry.kind)).toContain("acknowledged");
  });

  test("bookkeeping is left out", () => {
    const log = begun().add("22 03:11", system, "clock", {
      type: "runbook_suggested",
      runbooks: [{ slug: "a", title: "A", reason: "r" }],
    });
    log.add(
      "22 03:12",
      ana,
      "slash",
      { type: "postmortem_exported", format: "md" },
      { type: "summary_set", text: "s" },
    );
    expect(curatedTimeline(log.events).map((entry) => entry.kind)).toEqual(["opened"]);
  });

  test("every entry of the story is on it once or counted", () => {
    const full = timeline(story().events);
    const told = curatedTimeline(story().events);
    const kinds = new Set(told.map((entry) => entry.kind));
    expect(told.reduce((sum, entry) => sum + entry.count, 0)).toBe(
      full.filter((entry) => kinds.has(entry.kind)).length,
    );
  });
});
