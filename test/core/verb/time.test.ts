import { describe, expect, test } from "vitest";
import { readDay, takePastTime } from "../../../src/core/verb/time.ts";

// A Sunday, 10:00 in Berlin (UTC+1).
const clock = { now: "2026-11-22T09:00:00.000Z", timeZone: "Europe/Berlin" };
const at = (text: string, c = clock) => takePastTime(text, c)?.at ?? null;

test.each([
  ["09:30", "2026-11-22T08:30:00.000Z"],
  ["9:30 the load hung", "2026-11-22T08:30:00.000Z"],
  ["10:30", "2026-11-21T09:30:00.000Z"],
  ["10:00", "2026-11-22T09:00:00.000Z"],
  ["3:10am", "2026-11-22T02:10:00.000Z"],
  ["3 pm", "2026-11-21T14:00:00.000Z"],
  ["12am", "2026-11-21T23:00:00.000Z"],
  ["12:05 pm", "2026-11-21T11:05:00.000Z"],
  ["03:10:30", "2026-11-22T02:10:30.000Z"],
  ["03:10 UTC", "2026-11-22T03:10:00.000Z"],
  ["03:10Z", "2026-11-22T03:10:00.000Z"],
  ["yesterday 23:50", "2026-11-21T22:50:00.000Z"],
  ["yesterday at 11pm", "2026-11-21T22:00:00.000Z"],
  ["today 01:00", "2026-11-22T00:00:00.000Z"],
  ["3pm yesterday", "2026-11-21T14:00:00.000Z"],
  ["03:10 UTC today", "2026-11-22T03:10:00.000Z"],
  ["03:10 on 2026-11-20", "2026-11-20T02:10:00.000Z"],
  ["2026-11-20 03:10", "2026-11-20T02:10:00.000Z"],
  ["2026-11-20T03:10:00Z", "2026-11-20T03:10:00.000Z"],
  ["2026-11-20T03:10:00.123456+05:30", "2026-11-19T21:40:00.000Z"],
  ["2026-07-01 03:10", "2026-07-01T01:10:00.000Z"],
  ["20 min ago", "2026-11-22T08:40:00.000Z"],
  ["2h ago", "2026-11-22T07:00:00.000Z"],
  ["1 day ago", "2026-11-21T09:00:00.000Z"],
])("%j was %s", (text, expected) => {
  expect(at(text)).toBe(expected);
});

test.each([
  "least three tables",
  "3 tables",
  "3",
  "1/2 of the rows",
  "10:30-11:00 it hung",
  "noon",
  "",
  "2026-11-20 it began",
])("%j begins with no time", (text) => {
  expect(at(text)).toBeNull();
});

test("what is behind the time is handed back", () => {
  expect(takePastTime("03:10, the bucket was empty", clock)?.rest).toBe("the bucket was empty");
  expect(takePastTime("03:10: empty", clock)?.rest).toBe("empty");
});

test.each([
  ["25:10", /`25:10` is no time of day/],
  ["13pm", /no time of day/],
  ["2026-02-30 03:10", /There is no 2026-02-30/],
  ["2026-11-23 03:10", /still to come/],
  ["today 23:00", /still to come/],
  ["tomorrow 05:00", /`tomorrow 05:00` is still to come/],
  ["5am tomorrow", /`5am tomorrow` is still to come/],
  ["03/04 03:10", /two ways. Write the date as `2026-03-04` or `2026-04-03`/],
  ["22.11.2026 03:10", /Write the date as `2026-11-22`/],
])("%j is refused", (text, words) => {
  expect(() => at(text)).toThrow(words);
});

describe("when the clocks change", () => {
  // Berlin: 2026-03-29 02:00 → 03:00, 2026-10-25 03:00 → 02:00.
  const spring = { now: "2026-03-29T10:00:00.000Z", timeZone: "Europe/Berlin" };
  const autumn = { now: "2026-10-25T10:00:00.000Z", timeZone: "Europe/Berlin" };

  test("times around the change are read right", () => {
    expect(at("01:59", spring)).toBe("2026-03-29T00:59:00.000Z");
    expect(at("03:00", spring)).toBe("2026-03-29T01:00:00.000Z");
    expect(at("01:59", autumn)).toBe("2026-10-24T23:59:00.000Z");
    expect(at("03:00", autumn)).toBe("2026-10-25T02:00:00.000Z");
  });
  test("an hour that did not happen is refused with what to write", () => {
    expect(() => at("02:30", spring)).toThrow(
      "There was no 2026-03-29 02:30 in Europe/Berlin: the clocks were changed. Write it in UTC, such as `2026-03-29T00:30Z` or `2026-03-29T01:30Z`.",
    );
  });
  test("an hour that happened twice is asked about", () => {
    expect(() => at("02:30", autumn)).toThrow("`2026-10-25T00:30Z` or `2026-10-25T01:30Z`");
  });
  test("of the repeated hour, the one that has passed is meant while the other is to come", () => {
    expect(at("02:30", { ...autumn, now: "2026-10-25T00:45:00.000Z" })).toBe("2026-10-25T00:30:00.000Z");
  });
  test("a skipped hour still ahead means yesterday's", () => {
    expect(at("02:30", { ...spring, now: "2026-03-29T00:15:00.000Z" })).toBe("2026-03-28T01:30:00.000Z");
  });
  test("what is written in UTC is never unclear", () => {
    expect(at("02:30 UTC", autumn)).toBe("2026-10-25T02:30:00.000Z");
  });
  test("zones with half hours, and the other hemisphere", () => {
    expect(at("09:30", { ...clock, timeZone: "Asia/Kolkata" })).toBe("2026-11-22T04:00:00.000Z");
    expect(at("19:30", { ...clock, timeZone: "Australia/Lord_Howe" })).toBe("2026-11-22T08:30:00.000Z");
  });
});

describe("days", () => {
  test.each([
    ["today", "2026-11-22"],
    ["tomorrow", "2026-11-23"],
    ["fri", "2026-11-27"],
    ["Thurs", "2026-11-26"],
    ["monday", "2026-11-23"],
    ["2026-12-01", "2026-12-01"],
    ["in 3 days", "2026-11-25"],
    ["in 2 weeks", "2026-12-06"],
    ["2d", "2026-11-24"],
    ["10 days", "2026-12-02"],
    ["yesterday", "2026-11-21"],
    ["31 dec", "2026-12-31"],
    ["December 31st", "2026-12-31"],
    ["22 nov", "2026-11-22"],
    ["21 nov", "2027-11-21"],
    ["3 jan 2028", "2028-01-03"],
    ["29 feb", "2028-02-29"],
  ])("%j is %s", (words, expected) => {
    expect(readDay(words, clock, { bare: true })).toBe(expected);
  });
  test.each(["soon", "fr", "", "2 tables", "may"])("%j is no day", (words) => {
    expect(readDay(words, clock, { bare: true })).toBeNull();
  });
  test("`2d` may be part of a sentence", () => {
    expect(readDay("2d", clock, { bare: false })).toBeNull();
  });
  test("the asker's day counts, not the server's", () => {
    const late = { now: "2026-11-22T23:30:00.000Z", timeZone: "Europe/Berlin" };
    expect(readDay("today", late, { bare: true })).toBe("2026-11-23");
    expect(readDay("today", { ...late, timeZone: "America/New_York" }, { bare: true })).toBe("2026-11-22");
  });
  test("a weekday on that very weekday is asked about", () => {
    expect(() => readDay("sunday", clock, { bare: true })).toThrow(
      "Today is Sunday. Write `today` or `2026-11-29`.",
    );
  });
  test("03/04 is asked about", () => {
    expect(() => readDay("03/04", clock, { bare: true })).toThrow("`2026-03-04` or `2026-04-03`");
  });
});
