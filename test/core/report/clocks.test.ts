import { describe, expect, test } from "vitest";
import { clocks, downtime, downtimeIntervals, formatDuration } from "../../../src/core/report/clocks.ts";
import { ana, attached, dbt, Log, on, opened, story, warehouse } from "./late-orders.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("durations in words", () => {
  test.each([
    [0, "0 s"],
    [-5, "0 s"],
    [999, "0 s"],
    [45_000, "45 s"],
    [59_999, "59 s"],
    [MINUTE, "1 min"],
    [61 * MINUTE, "1 h 1 min"],
    [HOUR, "1 h"],
    [2 * DAY + 3 * HOUR + 5 * MINUTE, "2 d 3 h 5 min"],
    [DAY + 5 * MINUTE, "1 d 5 min"],
    [400 * DAY, "400 d"],
  ])("%d ms is %s", (ms, words) => expect(formatDuration(ms)).toBe(words));

  test("the days of a long incident are not dropped", () => {
    expect(formatDuration(clocks(story().state).ttr!)).toBe("1 d 6 h 2 min");
  });
});

const begun = () => new Log().add("22 03:10", dbt, "alert", opened({ startedAt: on("21 22:40") }));

describe("clocks", () => {
  test("detection runs from the data breaking, the others from the first signal", () => {
    const log = begun().add("22 03:16", ana, "button", { type: "acknowledged" });
    log
      .add("22 05:10", ana, "slash", { type: "mitigated", text: "fixed" })
      .add("24 03:10", ana, "slash", { type: "resolved", text: "done" });
    expect(clocks(log.state)).toEqual({
      ttd: 4.5 * HOUR,
      tta: 6 * MINUTE,
      ttm: 2 * HOUR,
      ttr: 2 * DAY,
      total: 2 * DAY + 4.5 * HOUR,
    });
  });

  test("what has not happened has no duration", () => {
    expect(clocks(begun().state)).toEqual({ ttd: 4.5 * HOUR, tta: null, ttm: null, ttr: null, total: null });
  });

  test("what happens after the resolution does not lengthen it", () => {
    const log = begun().add("22 04:10", ana, "slash", { type: "resolved", text: "done" });
    const before = clocks(log.state);
    log.add(
      "23 09:00",
      ana,
      "slash",
      { type: "noted", text: "late thought" },
      { type: "summary_set", text: "s" },
    );
    log
      .add("24 09:00", ana, "modal", { type: "entry_edited", seq: 3, text: "a thought", at: null })
      .add("25 09:00", ana, "slash", { type: "closed", reason: null });
    expect(clocks(log.state)).toEqual(before);
  });

  test("a corrected time of the resolution moves it, the time of the correction does not", () => {
    const log = begun().add("22 04:10", ana, "slash", { type: "resolved", text: "done" });
    log.add("25 09:00", ana, "modal", { type: "entry_edited", seq: 2, text: null, at: on("22 03:40") });
    expect(clocks(log.state).ttr).toBe(30 * MINUTE);
  });

  test("after a reopening the last resolution counts", () => {
    const log = begun().add("22 04:10", ana, "slash", { type: "resolved", text: "done" });
    log.add("22 05:00", ana, "slash", { type: "reopened", reason: "failed again" });
    expect(clocks(log.state).ttr).toBeNull();
    log.add("22 06:10", ana, "slash", { type: "resolved", text: "done" });
    expect(clocks(log.state).ttr).toBe(3 * HOUR);
  });
});

describe("data downtime", () => {
  const asset = warehouse("analytics.staging.stg_orders");
  const broken = () => begun().add("22 03:10:01", dbt, "alert", attached(1, "dbt", "late"));
  const only = (log: Log) => [...log.state.assets.values()][0]!;

  test("runs from the data breaking until it is verified, whatever the time of asking", () => {
    const log = broken().add("22 06:40", ana, "button", { type: "asset_verified", asset, reason: null });
    expect(downtime(log.state, only(log), on("29 00:00"))).toBe(8 * HOUR);
  });

  test("that lasts is measured to the moment asked about", () => {
    const log = broken();
    expect(downtime(log.state, only(log), on("22 22:40"))).toBe(DAY);
    expect(downtimeIntervals(log.state, only(log), on("22 22:40"))).toEqual([
      { from: on("21 22:40"), to: null, until: on("22 22:40") },
    ]);
  });

  test("a second stretch is added, the hours between do not count", () => {
    const log = broken().add("22 06:40", ana, "button", { type: "asset_verified", asset, reason: null });
    const body = {
      type: "alert_refired" as const,
      fingerprint: "aaaaaaaaaaaaaaa1",
      title: "late",
      assets: [asset],
      brokenAt: on("22 10:00"),
      reason: "again",
    };
    log
      .add("22 10:00", dbt, "alert", body)
      .add("22 11:00", ana, "button", { type: "asset_waived", asset, reason: "retired" });
    expect(downtime(log.state, only(log), on("29 00:00"))).toBe(9 * HOUR);
  });

  test("is none from before the moment at which the data broke, where a person said which", () => {
    const later = warehouse("analytics.marts.orders");
    const log = broken().add(
      "22 03:10:02",
      dbt,
      "alert",
      attached(2, "dbt", "late too", [later], on("22 00:40")),
    );
    const from = () =>
      [...log.state.assets.values()].map(
        (each) => downtimeIntervals(log.state, each, on("22 22:40"))[0]?.from,
      );
    const told = (at: string) =>
      log.add("22 09:00", ana, "slash", {
        type: "started_at_set",
        startedAt: on(at),
        reason: "the last row",
      });
    told("22 01:40");
    expect(from()).toEqual([on("22 01:40"), on("22 01:40")]);
    expect(downtime(log.state, only(log), on("22 22:40"))).toBe(clocks(log.state).ttd + 19.5 * HOUR);
    // And a second word takes the first back.
    told("21 23:40");
    expect(from()).toEqual([on("21 23:40"), on("22 00:40")]);
  });

  test("ends with an incident that was merged away", () => {
    const log = broken().add("22 04:40", ana, "slash", { type: "merged", into: "INC-1", reason: null });
    expect(downtime(log.state, only(log), on("29 00:00"))).toBe(6 * HOUR);
  });

  test("of a false alarm is none, unless it was none after all", () => {
    const log = broken().add("22 04:40", ana, "slash", { type: "cancelled", reason: "planned" });
    expect(downtimeIntervals(log.state, only(log), on("29 00:00"))).toEqual([]);
    expect(downtime(log.state, only(log), on("29 00:00"))).toBe(0);
    log.add("22 05:40", ana, "slash", { type: "reopened", reason: "it was not planned" });
    expect(downtime(log.state, only(log), on("22 22:40"))).toBe(DAY);
  });
});
