import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { activeWindows, heldByWindow, MaintenanceWindow } from "../../../src/core/correlate/maintenance.ts";
import { matchable } from "../../../src/core/correlate/matcher.ts";
import { alertOn } from "../../engine/world.ts";

const HOUR = 3_600_000;
const recurring = (changes: object = {}) =>
  MaintenanceWindow.parse({
    name: "Sunday load",
    match: { source: "dbt" },
    days: ["sun"],
    at: "02:00",
    for: "3h",
    timezone: "Europe/Berlin",
    ...changes,
  });
const spanAt = (window: MaintenanceWindow, now: string) => {
  const [active] = activeWindows([window], now);
  return active ? `${active.from.slice(0, 16)} ${active.to.slice(0, 16)}` : null;
};
const orders = matchable(alertOn("orders"));

test("a window holds what fits, and names itself and its end", () => {
  const once = MaintenanceWindow.parse({
    name: "Migration",
    match: "asset=snowflake://acme/*",
    from: "2026-11-22T02:00:00+01:00",
    to: "2026-11-22T04:00:00.000Z",
  });
  const at = (now: string, alert = orders) => heldByWindow(alert, activeWindows([once], now))?.reason ?? null;
  expect(at("2026-11-22T00:59:59.999Z")).toBeNull();
  expect(at("2026-11-22T01:00:00.000Z")).toBe(
    "maintenance “Migration” until 22 Nov 2026 04:00 UTC (asset=snowflake://acme/*)",
  );
  expect(at("2026-11-22T04:00:00.000Z")).toBeNull();
  expect(at("2026-11-22T03:00:00.000Z", matchable(alertOn("orders", { assets: [] })))).toBeNull();
  expect(at("2026-11-22T03:00:00.000Z", matchable(alertOn("orders", { status: "resolved" })))).toBeNull();
});

test("of several the one that ends last is named", () => {
  const windows = [recurring({ name: "short", for: "1h" }), recurring({ name: "long" })];
  expect(heldByWindow(orders, activeWindows(windows, "2026-11-22T01:30:00.000Z"))?.window.name).toBe("long");
});

describe("a window that comes again", () => {
  test.each<[string, object, string, string | null]>([
    ["on its day", {}, "2026-11-22T01:00:00.000Z", "2026-11-22T01:00 2026-11-22T04:00"],
    ["before it", {}, "2026-11-22T00:59:00.000Z", null],
    ["on another day", {}, "2026-11-23T02:00:00.000Z", null],
    ["over midnight", { at: "23:00" }, "2026-11-23T00:30:00.000Z", "2026-11-22T22:00 2026-11-23T01:00"],
    ["over days", { for: "2d" }, "2026-11-23T23:00:00.000Z", "2026-11-22T01:00 2026-11-24T01:00"],
    ["a whole week", { for: "7d" }, "2026-11-29T00:30:00.000Z", "2026-11-22T01:00 2026-11-29T01:00"],
    ["every day", { days: undefined }, "2026-11-25T02:00:00.000Z", "2026-11-25T01:00 2026-11-25T04:00"],
    [
      "days by their names",
      { days: ["Wednesday"] },
      "2026-11-25T02:00:00.000Z",
      "2026-11-25T01:00 2026-11-25T04:00",
    ],
    [
      "a day that is another in UTC",
      { timezone: "Asia/Tokyo" },
      "2026-11-21T18:00:00.000Z",
      "2026-11-21T17:00 2026-11-21T20:00",
    ],
    ["in summer time", {}, "2026-07-05T00:00:00.000Z", "2026-07-05T00:00 2026-07-05T03:00"],
  ])("%s", (_, changes, now, span) => {
    expect(spanAt(recurring(changes), now)).toBe(span);
  });

  // Berlin: 2026-03-29 02:00 → 03:00 and 2026-10-25 03:00 → 02:00, both at 01:00Z.
  // New York: 2026-03-08 02:00 → 03:00 at 07:00Z and 2026-11-01 02:00 → 01:00 at 06:00Z.
  const newYork = { timezone: "America/New_York" };
  test.each<[string, object, string, string | null]>([
    [
      "Berlin, spring, the hour that is left out",
      { at: "02:30" },
      "2026-03-29T01:00:00.000Z",
      "2026-03-29T01:00 2026-03-29T04:00",
    ],
    ["Berlin, spring, just before the change", { at: "02:30" }, "2026-03-29T00:59:59.000Z", null],
    [
      "Berlin, spring, begun before the change",
      { at: "01:30" },
      "2026-03-29T03:29:00.000Z",
      "2026-03-29T00:30 2026-03-29T03:30",
    ],
    [
      "Berlin, spring, after the change",
      { at: "03:00" },
      "2026-03-29T01:00:00.000Z",
      "2026-03-29T01:00 2026-03-29T04:00",
    ],
    [
      "Berlin, autumn, the hour that comes twice",
      { at: "02:30" },
      "2026-10-25T00:30:00.000Z",
      "2026-10-25T00:30 2026-10-25T03:30",
    ],
    ["Berlin, autumn, the second time of it", { at: "02:30", for: "30m" }, "2026-10-25T01:30:00.000Z", null],
    [
      "New York, spring, the hour that is left out",
      { at: "02:15", ...newYork },
      "2026-03-08T07:00:00.000Z",
      "2026-03-08T07:00 2026-03-08T10:00",
    ],
    [
      "New York, spring, begun before the change",
      { at: "01:00", ...newYork },
      "2026-03-08T08:59:00.000Z",
      "2026-03-08T06:00 2026-03-08T09:00",
    ],
    [
      "New York, autumn, the hour that comes twice",
      { at: "01:30", ...newYork },
      "2026-11-01T05:30:00.000Z",
      "2026-11-01T05:30 2026-11-01T08:30",
    ],
    [
      "New York, autumn, after it",
      { at: "02:00", ...newYork },
      "2026-11-01T07:00:00.000Z",
      "2026-11-01T07:00 2026-11-01T10:00",
    ],
  ])("%s", (_, changes, now, span) => {
    expect(spanAt(recurring(changes), now)).toBe(span);
  });

  test("is under way for its length, each week once, whatever the clocks do", () => {
    const time = fc.record({ hour: fc.nat(23), minute: fc.nat(59) });
    const zone = fc.constantFrom(
      "Europe/Berlin",
      "America/New_York",
      "Australia/Lord_Howe",
      "Asia/Kolkata",
      "UTC",
    );
    fc.assert(
      fc.property(
        time,
        zone,
        fc.integer({ min: 1, max: 30 }),
        fc.nat(364),
        ({ hour, minute }, timezone, hours, day) => {
          const two = (n: number) => String(n).padStart(2, "0");
          const window = recurring({ at: `${two(hour)}:${two(minute)}`, for: `${hours}h`, timezone });
          const start = Date.UTC(2026, 0, 1) + day * 24 * HOUR;
          const spans = Array.from({ length: 14 * 24 }, (_, n) =>
            spanAt(window, new Date(start + n * HOUR).toISOString()),
          );
          const found = new Set(spans.filter((span) => span !== null));
          expect(found.size).toBeGreaterThanOrEqual(2);
          expect(found.size).toBeLessThanOrEqual(3);
          for (const span of found) {
            const [from, to] = span.split(" ").map((each) => Date.parse(`${each}Z`));
            expect(to! - from!).toBe(hours * HOUR);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

test.each<[string, object, string]>([
  ["no length", { for: undefined }, "for: is missing; write how long it lasts, such as 3h"],
  ["no zone", { timezone: undefined }, "timezone: is missing; write one such as Europe/Berlin or UTC"],
  [
    "a zone that is none",
    { timezone: "Berlin" },
    "timezone: is no time zone; write one such as Europe/Berlin or UTC",
  ],
  ["a day that is none", { days: ["sunny"] }, "days.0: is no day; write sun, mon, tue, wed, thu, fri, sat"],
  ["no days", { days: [] }, "days: is empty; leave it out for every day"],
  ["a wrong time", { at: "2:00" }, 'at: write a time of day such as "02:00"'],
  ["too long", { for: "8d" }, "for: write a duration from 1m to 7d"],
  [
    "both forms",
    { from: "2026-11-22T02:00:00Z", to: "2026-11-22T03:00:00Z" },
    "days: does not go with from and to; write either those or days, at and for",
  ],
  [
    "no offset",
    { from: "2026-11-22 02:00" },
    "from: write an instant with its offset, such as 2026-11-22T02:00:00+01:00",
  ],
  [
    "everything",
    { match: { title: "*" } },
    "match: fits every alert; say more, or write all where that is meant",
  ],
])("a window with %s is refused", (_, changes, issue) => {
  const parsed = MaintenanceWindow.safeParse({
    name: "x",
    match: "source=dbt",
    days: ["sun"],
    at: "02:00",
    for: "3h",
    timezone: "UTC",
    ...changes,
  });
  expect(parsed.error?.issues.map((each) => `${each.path.join(".")}: ${each.message}`)).toContain(issue);
});
