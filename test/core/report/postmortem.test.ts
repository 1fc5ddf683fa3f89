import { describe, expect, test } from "vitest";
import type { EventOf, NumberedSuspect } from "../../../src/core/incident/events.ts";
import type { Block, Document } from "../../../src/core/report/document.ts";
import { type PostmortemInput, postmortem, prepare } from "../../../src/core/report/postmortem.ts";
import { renderMarkdown } from "../../../src/render/markdown.ts";
import {
  alertsOf,
  ana,
  attached,
  dbt,
  inputOf,
  Log,
  on,
  opened,
  story,
  system,
  warehouse,
} from "./late-orders.ts";

const begun = (given = {}) => new Log().add("22 03:10", dbt, "alert", opened(given));
const report = (log: Log, given: Partial<PostmortemInput> = {}) =>
  postmortem({ ...inputOf(log, on("22 09:00")), ...given });
/** What stands under a heading, as Markdown. */
function under(title: string, document: Document): string {
  const start = document.blocks.findIndex(
    (block) => block.type === "heading" && block.level === 1 && block.text === title,
  );
  const after = document.blocks.slice(start + 1);
  const end = after.findIndex((block) => block.type === "heading" && block.level === 1);
  return renderMarkdown({ summary: "", title: null, blocks: after.slice(0, end < 0 ? undefined : end) });
}
const beginning = (document: Document) =>
  renderMarkdown({ ...document, blocks: document.blocks.slice(0, 3) });

test("of many alerts the one that it is about comes first, then of one moment the worst", () => {
  const { origin } = opened() as EventOf<"opened">;
  const log = begun({ origin: { ...origin, fingerprint: "aaaaaaaaaaaaaa1e" } });
  const levels = ["info", "warning", "error", "critical"] as const;
  for (let n = 0; n < 40; n++)
    log.add("22 03:11", dbt, "alert", {
      ...(attached(n, "dbt", `${n} failed`) as EventOf<"alert_attached">),
      severity: levels[n % 4]!,
    });
  const rows = under("Alerts", report(log)).trimEnd().split("\n");
  expect(rows.filter((row) => row.includes(" failed |")).map((row) => row.split(" | ")[2])).toEqual([
    ...["error", ...Array(10).fill("critical"), ...Array(9).fill("error")],
  ]);
  expect(rows.find((row) => row.includes(" failed |"))).toContain("30 failed");
  expect(rows.at(-1)).toBe("and 20 more alerts; the JSON export lists them.");
  const some = report(log, { alerts: alertsOf(log).slice(0, 30) });
  expect(under("Alerts", some).trimEnd().split("\n").at(-1)).toBe(
    "and 20 more alerts; the JSON export lists 10 of them, `/incident alerts INC-12` all.",
  );
});

test("the step that people are at is under way while the incident lasts, and was not reached once it is over", () => {
  const steps = ["Look", "Repair", "Verify"].map((title) => ({ id: title.toLowerCase(), title }));
  const log = begun();
  log.add("22 03:12", ana, "button", {
    ...{ type: "runbook_started", runbook: "late-table", title: "Late table", hash: "5f2d9c0e7b1a", steps },
  });
  log.add("22 03:15", ana, "button", {
    ...{
      type: "step_finished",
      runbook: "late-table",
      step: "look",
      title: "Look",
      outcome: "done",
      note: null,
    },
  });
  expect(under("Runbooks", report(log))).toContain("(of 3 steps 1 done, 1 under way, 1 not reached)");
  expect(under("Runbooks", report(log))).toContain("| 2. Repair | **under way** |");
  log.add("22 03:20", ana, "button", { type: "cancelled", reason: "the threshold was wrong" });
  expect(under("Runbooks", report(log))).toContain("(of 3 steps 1 done, 2 not reached)");
});

test("has its sections in the order of reading", () => {
  const titles = report(story()).blocks.filter(
    (block): block is Extract<Block, { type: "heading" }> => block.type === "heading" && block.level === 1,
  );
  expect(titles.map(({ text }) => text)).toEqual([
    ...[
      "Summary",
      "Impact",
      "Clocks",
      "Timeline",
      "Runbooks",
      "What changed",
      "What went well",
      "What went badly",
    ],
    ...["Where we got lucky", "Contributing factors", "Action items", "Links", "Alerts", "Integrity"],
  ]);
});

describe("what nobody has written yet", () => {
  test.each([
    ["Summary", "/incident summary INC-12 set <text>"],
    ["What changed", "/incident change INC-12"],
    ["What went well", "/incident postmortem INC-12 well <text>"],
    ["What went badly", "/incident postmortem INC-12 badly <text>"],
    ["Where we got lucky", "/incident postmortem INC-12 lucky <text>"],
    ["Contributing factors", "/incident postmortem INC-12 factor <text>"],
    ["Action items", "/incident task INC-12"],
  ])("%s says how to write it", (title, hint) => expect(under(title, report(begun()))).toContain(hint));

  test("with the slash command as it is called here", () => {
    expect(under("Summary", report(begun(), { slash: "/oops" }))).toContain("/oops summary");
  });

  test("the log tells the story in the meantime", () => {
    const log = begun()
      .add("22 03:16", ana, "button", { type: "acknowledged" })
      .add("22 05:10", ana, "slash", { type: "resolved", text: "slot created" });
    expect(under("Summary", report(log))).toContain(
      "The data broke at 21 Nov 2026 22:40 UTC. It was noticed 4 h 30 min later by dbt: “Source freshness of raw.orders failed.” Ana Diaz acknowledged after 6 min. It was resolved after 2 h: slot created.",
    );
  });
});

test("of a storm what broke first is named and listed, however late its alert came, and not every incident it took in", () => {
  const log = begun();
  for (let n = 0; n < 60; n++) log.add("22 03:11", dbt, "alert", attached(n, "dbt", `${n} failed`));
  const asset = { namespace: "snowflake://acme", name: "raw.shop" };
  log.add("22 03:12", dbt, "alert", {
    ...(attached(99, "dbt", "raw.shop was not loaded") as EventOf<"alert_attached">),
    assets: [asset],
    brokenAt: on("22 03:12"),
  });
  log.add("22 03:12", system, "alert", {
    ...{
      type: "origin_found",
      asset,
      fingerprint: "f99",
      title: "raw.shop was not loaded",
      description: null,
    },
    ...{ replaces: [], confidence: "high", reason: "1 step upstream of orders" },
  });
  for (let n = 2; n < 30; n++)
    log.add("22 03:12", system, "alert", {
      ...{ type: "absorbed", incident: `INC-${n}`, title: "x", groupingKeys: [], sources: [], roots: [] },
      ...{ alerts: { total: 0, firing: 0, resolved: 0 }, assets: [] },
    });
  const document = report(log);
  expect(under("Summary", document)).toContain(
    "What broke first is likely **raw.shop**: “raw.shop was not loaded.”",
  );
  expect(
    under("Impact", document)
      .split("\n")
      .find((row) => row.startsWith("| **")),
  ).toContain("raw.shop");
  expect(beginning(document)).toMatch(/INC-11 and 18 more$/m);
});

describe("kinds of incident", () => {
  test("a drill says so first", () =>
    expect(beginning(report(begun({ kind: "drill" })))).toContain("> **This was a drill.**"));
  test("an open one is a draft as of now", () =>
    expect(beginning(report(begun()))).toContain("> **Still open.** A draft as of 22 Nov 2026 09:00 UTC"));
  test("a false alarm says so", () => {
    expect(
      beginning(report(begun().add("22 04:00", ana, "slash", { type: "cancelled", reason: "planned load" }))),
    ).toContain("> **False alarm.** It was cancelled: planned load");
  });
  test("a merged one says where the story goes on", () => {
    expect(
      beginning(
        report(begun().add("22 04:00", ana, "slash", { type: "merged", into: "INC-3", reason: null })),
      ),
    ).toContain("It went on as INC-3");
  });
  test("one that people noticed has no alerts and says who declared it", () => {
    const log = new Log().add("22 03:10", ana, "modal", opened({ origin: null, startedAt: on("22 03:10") }));
    expect(under("Summary", report(log))).toContain("noticed at once by Ana Diaz");
    expect(under("Alerts", report(log))).toContain("No alert came");
  });
});

describe("as of when", () => {
  test("a finished incident is reported as of its last entry, an open one as of now", () => {
    const log = begun().add("22 05:10", ana, "slash", { type: "resolved", text: "done" });
    expect(prepare(inputOf(log, on("29 00:00"))).asOf).toBe(on("22 05:10"));
    expect(prepare(inputOf(begun(), on("29 00:00"))).asOf).toBe(on("29 00:00"));
  });

  test("data downtime that lasts is measured to then", () => {
    const log = begun().add("22 03:11", dbt, "alert", attached(1, "dbt", "late"));
    expect(under("Impact", report(log))).toContain("| 10 h 20 min | 21 Nov 2026 22:40 UTC to now |");
  });
});

describe("data downtime of what is over", () => {
  const broken = () => begun().add("22 03:11", dbt, "alert", attached(1, "dbt", "late"));

  test("a false alarm has none, and says so", () => {
    const document = report(broken().add("22 04:00", ana, "slash", { type: "cancelled", reason: "planned" }));
    expect(renderMarkdown(document)).toContain("| none, a false alarm |");
    const impact = under("Impact", document);
    expect(impact).toMatch(/\| \*none\* \| *\|/);
    expect(impact).not.toContain("to now");
  });

  test("of a false alarm nothing says that data broke, and for how long", () => {
    const document = report(broken().add("22 04:00", ana, "slash", { type: "cancelled", reason: "planned" }));
    const said = ["Summary", "Impact", "Clocks"].map((title) => under(title, document)).join();
    expect(said).not.toMatch(/data broke|impacted|TTD|noticed/i);
    expect(said).toContain("It was raised by dbt at 22 Nov 2026 03:10 UTC");
    expect(said).toContain("It was cancelled as a false alarm after 50 min.");
    expect(said).toContain("| **was right** |");
    expect(renderMarkdown(document)).not.toMatch(/Unnoticed for|Broken until/);
  });

  test("where it lasted when the incident went on as another, it lasts to the end of this one", () => {
    const document = report(
      broken().add("22 04:00", ana, "slash", { type: "merged", into: "INC-3", reason: null }),
    );
    expect(under("Impact", document)).toContain("21 Nov 2026 22:40 UTC to the end");
  });
});

describe("people", () => {
  test("are named wherever someone mentioned them", () => {
    const log = begun().add("22 03:16", ana, "button", { type: "acknowledged" });
    const text = "<@U0ANA> and <@U9GONE>";
    log.add(
      "22 03:20",
      ana,
      "slash",
      { type: "summary_set", text },
      { type: "task_added", task: 1, text, owner: null, due: null },
      { type: "review_written", section: "well", statements: [text] },
    );
    log.add(
      "22 03:30",
      ana,
      "slash",
      { type: "change_linked", text, url: null, changedAt: null },
      { type: "asset_added", asset: warehouse("t"), reason: "r" },
      { type: "asset_waived", asset: warehouse("t"), reason: text },
    );
    const markdown = renderMarkdown(report(log));
    expect(markdown.match(/`@Ana` Diaz and `@someone`/g)).toHaveLength(7);
    expect(markdown).not.toMatch(/U0ANA|U9GONE/);
  });
});

describe("what changed", () => {
  const suspect = (number: number, title: string): NumberedSuspect => ({
    ...{ number, change: `c${number}`, title, url: null, actor: null, source: "github", at: on("21 22:00") },
    ...{ confidence: "likely", reason: "touched stg_orders, which is broken itself" },
  });
  const suspects = [suspect(1, "Deploy 7"), suspect(2, "Deploy 8")];
  const suspected = () => begun().add("22 03:11", system, "clock", { type: "changes_suspected", suspects });

  test("tells what is suspected as long as nobody has named the cause, and how to", () => {
    const section = under("What changed", report(suspected()));
    expect(section).toContain("`/incident change INC-12 cause 1`");
    expect(section).toContain(
      "**1** · Deploy 7, 21 Nov 2026 22:00 UTC (40 min before the data broke) – likely: touched",
    );
  });

  test("begins with the cause, wherever it came in the log", () => {
    const log = suspected().add(
      "22 04:00",
      ana,
      "mention",
      { type: "change_linked", text: "Restarted the loader", url: null, changedAt: null },
      {
        type: "cause_named",
        change: "c2",
        text: "Deploy 8",
        url: "https://git.example.com/8",
        changedAt: on("21 22:00"),
      },
    );
    expect(under("What changed", report(log)).trim().split("\n")).toEqual([
      "- **Cause**: [Deploy 8](https://git.example.com/8), 21 Nov 2026 22:00 UTC (40 min before the data broke)",
      "- Restarted the loader",
    ]);
  });
});

test("a long list of assets is cut, and says so", () => {
  const log = begun().add(
    "22 03:11",
    dbt,
    "alert",
    attached(
      1,
      "dbt",
      "late",
      Array.from({ length: 60 }, (_, n) => warehouse(`t${n}`)),
    ),
  );
  expect(under("Impact", report(log))).toContain("and 10 more assets; the JSON export lists them.");
});

test("a log that was tampered with is not called whole", () => {
  const log = begun().add("22 03:16", ana, "slash", { type: "noted", text: "all fine" });
  log.events[1] = { ...log.events[1]!, body: { type: "noted", text: "all is well" } };
  expect(under("Integrity", report(log))).toContain("broken at entry 2");
  expect(under("Integrity", report(story()))).toContain("**whole**");
});
