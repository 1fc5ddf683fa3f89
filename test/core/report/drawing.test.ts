import { describe, expect, test } from "vitest";
import type { EventOf } from "../../../src/core/incident/events.ts";
import { drawing } from "../../../src/core/report/drawing.ts";
import { ana, attached, dbt, inputOf, Log, on, opened, story, warehouse } from "./late-orders.ts";

const begun = () => new Log().add("22 03:10", dbt, "alert", opened({ startedAt: on("22 02:00") }));
const draw = (log: Log, asOf = on("22 09:00")) => drawing(log.state, log.events, asOf);
/** The band's stretches, as their titles say them. */
const stretches = (log: Log, asOf?: string) =>
  [
    ...draw(log, asOf).svg.matchAll(
      /<title>((?:Not noticed|Triggered|Acknowledged|Mitigated|Resolved): [^<]*)/g,
    ),
  ].map(([, title]) => title);

describe("the state band", () => {
  test("tells each state with its times, from the data breaking on", () => {
    const log = begun()
      .add("22 03:20", ana, "button", { type: "acknowledged" })
      .add("22 05:00", ana, "slash", { type: "mitigated", text: "fixed" });
    expect(stretches(log)).toEqual([
      "Not noticed: 22 Nov 2026 02:00 UTC to 22 Nov 2026 03:10 UTC (1 h 10 min)",
      "Triggered: 22 Nov 2026 03:10 UTC to 22 Nov 2026 03:20 UTC (10 min)",
      "Acknowledged: 22 Nov 2026 03:20 UTC to 22 Nov 2026 05:00 UTC (1 h 40 min)",
      "Mitigated: 22 Nov 2026 05:00 UTC to 22 Nov 2026 09:00 UTC (4 h)",
    ]);
  });

  test("a corrected time moves the state", () => {
    const log = begun().add("22 05:00", ana, "slash", { type: "mitigated", text: "fixed" });
    log.add("22 06:00", ana, "modal", { type: "entry_edited", seq: 2, text: null, at: on("22 04:00") });
    expect(stretches(log)[1]).toContain("to 22 Nov 2026 04:00 UTC (50 min)");
  });

  test("a reopened incident goes back to where it was", () => {
    const log = begun()
      .add("22 03:20", ana, "button", { type: "acknowledged" })
      .add("22 04:00", ana, "slash", { type: "resolved", text: "done" });
    log.add("22 05:00", ana, "slash", { type: "reopened", reason: "again" });
    expect(stretches(log).map((title) => title!.split(":")[0])).toEqual([
      "Not noticed",
      "Triggered",
      "Acknowledged",
      "Resolved",
      "Acknowledged",
    ]);
  });

  test("ends when the incident was cancelled", () => {
    const log = begun().add("22 04:00", ana, "slash", { type: "cancelled", reason: "planned" });
    expect(stretches(log, on("29 00:00")).at(-1)).toContain("to 22 Nov 2026 04:00 UTC");
  });

  test("was noticed when the incident that it took in was", () => {
    const log = begun().add("22 03:20", ana, "slash", {
      ...{ type: "absorbed", incident: "INC-2", title: "late", groupingKeys: [], assets: [] },
      alerts: { total: 0, firing: 0, resolved: 0 },
      detectedAt: on("22 02:10"),
    });
    log.add("22 03:30", ana, "button", { type: "acknowledged" });
    log.add("22 03:40", ana, "modal", { type: "entry_edited", seq: 3, text: null, at: on("22 03:00") });
    expect(stretches(log)).toEqual([
      "Not noticed: 22 Nov 2026 02:00 UTC to 22 Nov 2026 02:10 UTC (10 min)",
      "Triggered: 22 Nov 2026 02:10 UTC to 22 Nov 2026 03:00 UTC (50 min)",
      "Acknowledged: 22 Nov 2026 03:00 UTC to 22 Nov 2026 09:00 UTC (6 h)",
    ]);
  });

  test("that was noticed at once has no unnoticed part", () => {
    const log = new Log().add("22 03:10", dbt, "alert", opened({ startedAt: on("22 03:10") }));
    expect(stretches(log)[0]).toMatch(/^Triggered/);
  });
});

describe("can be seen by who sees colours badly: at least 3 to 1", () => {
  const { svg } = drawing(story().state, story().events, inputOf(story()).asOf);
  /** Paper and ink of the report. */
  const READERS = { light: ["#ffffff", "#1d1c1d"], dark: ["#17181c", "#e9e8ec"] } as const;

  test.each(Object.entries(READERS))("in the %s", (_, [paper, ink]) => {
    const shapes = [...svg.matchAll(/<(?:rect|circle) ([^>]*?)\/?>/g)].map(([, attributes]) => attributes!);
    const band = shapes.filter((shape) => shape.includes('height="30"'));
    for (const shape of shapes.filter((each) => !band.includes(each))) {
      const opacity = /stroke-opacity="([^"]*)"/.exec(shape)?.[1];
      const edge = opacity ? mixed(ink, paper, Number(opacity)) : rgb(/fill="(#\w{6})"/.exec(shape)![1]!);
      expect(contrast(edge, rgb(paper)), shape).toBeGreaterThanOrEqual(3);
    }
    // The stretches of the state touch one another, so one outline is around all of them.
    const around = band.find((shape) => shape.includes('fill="none"'));
    expect(around).toContain('stroke="currentColor"');
  });

  function rgb(hex: string): number[] {
    return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  }
  function mixed(over: string, under: string, opacity: number): number[] {
    const below = rgb(under);
    return rgb(over).map((part, at) => part * opacity + below[at]! * (1 - opacity));
  }
  /** As WCAG 2 counts it. */
  function contrast(a: number[], b: number[]): number {
    const light = (colour: number[]) => {
      const [r, g, blue] = colour
        .map((part) => part / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * blue!;
    };
    const [brighter, darker] = [light(a), light(b)].sort((x, y) => y - x);
    return (brighter! + 0.05) / (darker! + 0.05);
  }
});

test("the words say what the picture shows", () => {
  expect(drawing(story().state, story().events, inputOf(story()).asOf).alt).toBe(
    "INC-12 over time, from 21 Nov 2026 22:40 UTC: not noticed for 4 h 30 min, triggered for 6 min, acknowledged for 2 h 15 min, mitigated for 1 d 3 h 41 min, resolved at 23 Nov 2026 09:12 UTC. 5 assets affected.",
  );
});

test("the axis has round times and says the day wherever it changes", () => {
  const { svg } = draw(begun(), on("24 02:00"));
  expect([...svg.matchAll(/>(\d\d:\d\d)</g)].map(([, time]) => time)).toEqual([
    "06:00",
    "12:00",
    "18:00",
    "00:00",
    "06:00",
    "12:00",
    "18:00",
    "00:00",
  ]);
  expect([...svg.matchAll(/>(\d+ Nov)</g)].map(([, day]) => day)).toEqual(["22 Nov", "23 Nov", "24 Nov"]);
});

test.each([["22 03:11"], ["22 23:00"], ["29 23:00"]])(
  "between 1 and 9 ticks for an incident until %s",
  (until) => {
    const ticks = [...draw(begun(), on(until)).svg.matchAll(/y1="32"/g)].length;
    expect(ticks).toBeGreaterThan(0);
    expect(ticks).toBeLessThanOrEqual(9);
  },
);

test("at most twelve assets are drawn, the longest first, and the others counted", () => {
  const log = begun();
  for (let n = 0; n < 30; n++)
    log.add(
      `22 04:${10 + n}`,
      dbt,
      "alert",
      attached(n, "dbt", "late", [warehouse(`t${n}`)], on(`22 03:${10 + n}`)),
    );
  const { svg } = draw(log);
  expect([...svg.matchAll(/still wrong/g)]).toHaveLength(12);
  expect(svg).toContain("t0: 22 Nov 2026 03:10 UTC");
  expect(svg).toContain("and 18 more");
});

test("an asset is still wrong only in an incident that is open; a false alarm has no bar for it", () => {
  const broken = () => begun().add("22 03:11", dbt, "alert", attached(1, "dbt", "late"));
  expect(draw(broken()).svg).toContain("still wrong");
  const merged = draw(
    broken().add("22 04:00", ana, "slash", { type: "merged", into: "INC-3", reason: null }),
  );
  expect(merged.svg).toContain("21 Nov 2026 22:40 UTC to 22 Nov 2026 04:00 UTC (5 h 20 min)");
  expect(merged.svg).not.toContain("still wrong");
  const cancelled = draw(broken().add("22 04:00", ana, "slash", { type: "cancelled", reason: "planned" }));
  expect(cancelled.svg).not.toContain("stg_orders: ");
  expect(cancelled.svg).toContain(">none</text>");
});

test("a storm of five thousand alerts is still a small picture", () => {
  const log = new Log();
  log.add(
    "22 03:10",
    dbt,
    "alert",
    opened(),
    ...Array.from({ length: 5000 }, (_, n) => attached(n, "dbt", `model ${n} failed`, [])),
  );
  const { svg } = draw(log);
  expect(svg.length).toBeLessThan(20_000);
  expect(svg).toContain("5000 alerts");
});

test("an alert that fires again is one alert, and those of an incident that was taken in count", () => {
  const { fingerprint, title, assets, brokenAt } = attached(1, "dbt", "late") as EventOf<"alert_attached">;
  const again = { fingerprint, title, assets, brokenAt, reason: "it fires again" };
  const log = begun()
    .add("22 03:11", dbt, "alert", attached(1, "dbt", "late"))
    .add("22 04:00", dbt, "alert", { type: "alert_resolved", fingerprint, title, assets })
    .add("22 05:00", dbt, "alert", { type: "alert_refired", ...again });
  expect(draw(log).svg).toContain(">1 alert</text>");
  log.add("22 06:00", ana, "slash", {
    ...{ type: "absorbed", incident: "INC-2", title: "late", groupingKeys: [], assets: [] },
    alerts: { total: 2, firing: 2, resolved: 0 },
  });
  expect(draw(log).svg).toContain(">3 alerts</text>");
});

test("an incident of no length can be drawn", () => {
  const log = new Log().add("22 03:10", dbt, "alert", opened({ startedAt: on("22 03:10") }));
  expect(draw(log, on("22 03:10")).svg).not.toMatch(/NaN|Infinity/);
});

test("text from an alert is text", () => {
  const log = begun().add(
    "22 03:11",
    dbt,
    "alert",
    attached(1, "dbt", "x", [warehouse('"><script>&\u202e\u0007')]),
  );
  const { svg } = draw(log);
  expect(svg).toContain("&quot;&gt;&lt;script&gt;&amp;");
  expect(svg.replaceAll("\n", "")).not.toMatch(/<script|[\p{Cc}\p{Bidi_Control}]/u);
});
