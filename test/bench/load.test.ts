import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, it, test } from "vitest";
import { requestTemplate } from "../../bench/load/alerts.ts";
import { CASES, caseOf } from "../../bench/load/cases.ts";
import { gateVerdict, leastOf, REACHED } from "../../bench/load/gate.ts";
import type { Line } from "../../bench/load/lines/line.ts";
import { LINES } from "../../bench/load/lines.ts";
import { measureLines } from "../../bench/load/measure.ts";
import { median, noise, quantile, ratios, summarize } from "../../bench/load/stats.ts";
import { markdownTable, rowOf, short, textTable } from "../../bench/load/table.ts";

describe("the numbers of several rounds", () => {
  it("have a middle, also where there is an even number of them", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  it("have a value below which a share of them lies", () => {
    const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
    expect(quantile(hundred, 0.5)).toBe(50);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile(hundred, 1)).toBe(100);
    expect(quantile([5], 0.99)).toBe(5);
  });

  it("are summed up with how far they lie apart, and nothing is made of nothing", () => {
    expect(summarize([90, 100, 120])).toEqual({ median: 100, min: 90, max: 120, spread: 0.3, rounds: 3 });
    expect(summarize([])).toBeNull();
  });

  it("are compared within a round, never across, so that a slow minute slows both", () => {
    expect(ratios([50, 100], [100, 200])).toEqual([0.5, 0.5]);
    expect(ratios([50, null, 30], [100, 100, null])).toEqual([0.5]);
    expect(ratios([1], [0])).toEqual([]);
  });

  it("say whether the machine was too noisy; one round says nothing", () => {
    expect(noise([100, 110, 105])).toEqual({ spread: 10 / 105, noisy: false });
    expect(noise([100, 200, 150])?.noisy).toBe(true);
    expect(noise([100])).toBeNull();
  });
});

const line: Line = {
  id: "X1",
  what: "alerts",
  unit: "alerts/s",
  ours: "a.ours.rate",
  reference: { key: "a.floor.rate", name: "bare floor" },
  goal: { at: "least", value: 0.85 },
};

describe("a line", () => {
  it("shows ours, the reference, the ratio and whether the goal is met", () => {
    const row = rowOf(line, [
      { "a.ours.rate": 900, "a.floor.rate": 1000 },
      { "a.ours.rate": 400, "a.floor.rate": 500 },
      { "a.ours.rate": 1900, "a.floor.rate": 2000 },
    ]);
    expect(row.ratio).toEqual({ median: 0.9, min: 0.8, max: 0.95 });
    expect(row.goal).toEqual({ text: "≥ 0.85×", met: true });
    expect(textTable([row]).split("\n")[1]).toMatch(
      /^X1 +alerts +alerts\/s +900 \(400–1,900\) +bare floor 1,000 \(500–2,000\) +0.9× \(0.8–0.95\) +≥ 0.85× ✓$/,
    );
  });

  it("says why it has no number, and never shows one that was not measured", () => {
    const missing = rowOf(line, [{ "a.ours": "failed: no disk", "a.floor.rate": 5 }]);
    expect(missing).toMatchObject({ ours: null, ratio: null, goal: null, reason: "failed: no disk" });
    expect(textTable([missing])).toContain("not measured: failed: no disk");
    const alone = rowOf(line, [{ "a.ours.rate": 5, "a.floor": "not installed" }]);
    expect(alone).toMatchObject({ ratio: null, reason: "bare floor: not installed" });
    expect(markdownTable([alone])).toContain("not measured: bare floor: not installed");
    expect(rowOf(line, []).reason).toBe("it was not run");
  });

  it("is held against its value where the goal is one, whatever it is compared with", () => {
    const goal = { at: "most", value: 20, of: "value" } as const;
    const row = rowOf({ ...line, goal }, [{ "a.ours.rate": 25, "a.floor.rate": 1000 }]);
    expect(row.goal).toEqual({ text: "≤ 20", met: false });
  });

  it("writes numbers as they are read", () => {
    expect([0, 0.123, 2.5, 10, 400, 1234.5].map(short)).toEqual(["0", "0.12", "2.5", "10", "400", "1,235"]);
  });
});

describe("the lines", () => {
  it("are each of their own, and each is measured by a case", () => {
    expect(new Set(LINES.map(({ id }) => id)).size).toBe(LINES.length);
    for (const { ours, reference } of LINES) {
      expect(CASES).toContain(caseOf(ours));
      if (reference) expect(caseOf(reference.key)).toBe(caseOf(ours));
    }
  });

  it("name every goal that there is for speed", () => {
    const families = new Set(LINES.map(({ id }) => /^[A-Z]\d+/.exec(id)![0]));
    const wanted = { I: 8, L: 4, S: 3, N: 3, T: 7, H: 5, M: 2, C: 2 };
    for (const [letter, count] of Object.entries(wanted))
      for (let n = 1; n <= count; n += 1) expect(families).toContain(`${letter}${n}`);
  });
});

describe("the gate", () => {
  const at = (ratio: number | null) =>
    LINES.filter(({ id }) => Object.hasOwn(REACHED, id)).map((each) =>
      rowOf(each, ratio === null ? [] : [{ [each.ours]: ratio, [each.reference!.key]: 1 }]),
    );
  const least = Math.max(...Object.keys(REACHED).map(leastOf));

  it("passes what is within sight of the floor, and fails what is not", () => {
    expect(gateVerdict(at(least)).passed).toBe(true);
    expect(gateVerdict(at(least - 0.01)).passed).toBe(false);
  });

  it("wants half of the goal of a line that has reached it", () => {
    expect(leastOf("a line that nothing is known of")).toBe(0.85 / 2);
  });

  it("is about lines beside the bare floor, and of each of them it is known what it reached", () => {
    const beside = LINES.filter((line) => line.reference?.name === "bare floor" && line.goal);
    expect(Object.keys(REACHED)).toEqual(beside.map(({ id }) => id));
  });

  it("fails where nothing was measured", () => {
    expect(gateVerdict(at(null))).toMatchObject({ passed: false });
    expect(gateVerdict([]).passed).toBe(false);
  });
});

test("alerts of one request differ in their numbers and in nothing else", () => {
  const template = requestTemplate(2, "critical", "2026-11-22T03:00:00.000Z");
  const [head, body] = template.fill([7, 1_234_567_890], [3, 999_999]).toString().split("\r\n\r\n");
  expect(head).toContain(`content-length: ${body!.length}`);
  const alerts = JSON.parse(body!);
  expect(
    alerts.map(({ labels }: { labels: Record<string, string> }) => [labels.check, labels.table]),
  ).toEqual([
    ["check-0000000007", "analytics.marts.table_000003"],
    ["check-1234567890", "analytics.marts.table_999999"],
  ]);
  expect(alerts[0].annotations.summary).toBe("check-0000000007 failed on table_000003");
});

/** All lines take minutes, each of its cases some processes: a few stand for them, unless all are wanted. */
const FEW = ["same50", "overload", "slash", "idle", "core", "growth"];
const MEASURED = process.env.BREAKWATER_BENCH_ALL
  ? LINES
  : LINES.filter(({ ours }) => FEW.includes(caseOf(ours)!.name));

test("every line is measured, or says why not, by real processes that leave nothing behind", {
  timeout: 900_000,
}, async () => {
  const before = leftovers();
  const report = await measureLines(MEASURED, { rounds: 1, quick: true, full: false });
  expect(report.rows.map(({ id }) => id)).toEqual(MEASURED.map(({ id }) => id));
  const unmeasured = report.rows.filter(({ ours }) => ours === null);
  for (const { id, reason } of unmeasured)
    expect(reason, id).toMatch(/--full|quick runs|C compiler|local Slack/);
  for (const { id, reason } of report.rows.filter(({ ours, reason }) => ours && reason))
    expect(reason, id).toMatch(/Alertmanager: not installed; get it with apt-get|local Slack|C compiler/);
  const lines = textTable(report.rows).split("\n");
  expect(lines).toHaveLength(MEASURED.length + 1);
  for (const text of lines.slice(1)) expect(text).toMatch(/\d|not measured: \w/);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(report.rows.find(({ id }) => id === "L4a")?.ours?.median).toBe(0);
  expect(leftovers()).toEqual(before);
});

function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("breakwater-bench-"));
}
