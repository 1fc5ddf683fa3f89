import fc from "fast-check";
import { expect, test } from "vitest";
import {
  Duration,
  durationBetween,
  printDuration,
  readDuration,
  takeDuration,
} from "../../src/core/duration.ts";

test("durations are read as they are written in files, and printed back", () => {
  expect(readDuration("90s")).toBe(90_000);
  expect(readDuration("14d")).toBe(14 * 86_400_000);
  expect(["", "5", "5 m", "-5m", "5w", "1h30m", "9999999d"].map(readDuration)).toEqual(Array(7).fill(null));
  expect(["0s", "90s", "15m", "36h", "14d"].map((text) => printDuration(readDuration(text)!))).toEqual([
    "0s",
    "90s",
    "15m",
    "36h",
    "14d",
  ]);
  fc.assert(
    fc.property(fc.nat(10_000_000), (seconds) => {
      const text = printDuration(seconds * 1000);
      if (readDuration(text) !== null) expect(readDuration(text)).toBe(seconds * 1000);
      else expect(text).toMatch(/^\d{7,}s$/);
    }),
  );
});

test("a wrong one is refused with what to write", () => {
  expect(Duration.safeParse(10).error?.issues[0]?.message).toBe(
    "write a duration such as 90s, 15m, 24h or 14d",
  );
  expect(Duration.safeParse("soon").error?.issues[0]?.message).toBe(
    "write a duration such as 90s, 15m, 24h or 14d",
  );
  const bounded = durationBetween("0s", "10m");
  expect(bounded.parse("10m")).toBe(600_000);
  expect(bounded.safeParse("11m").error?.issues[0]?.message).toBe("write a duration from 0s to 10m");
});

test.each([
  ["2h backfill", 2 * 3600, "backfill"],
  ["for 90 min: reload", 90 * 60, "reload"],
  ["1h30m", 5400, ""],
  ["2 days because", 2 * 86_400, "because"],
  ["1w", 7 * 86_400, ""],
  ["45sec, x", 45, "x"],
  ["1h 30m backfill", 5400, "backfill"],
  ["for 1 day 2 hours 5 min", 93_900, ""],
  ["1h30m 10s", 5410, ""],
  // The same length or a longer one is what the words are about, and so is what another break stands before.
  ["2h 3 days of rows", 2 * 3600, "3 days of rows"],
  ["1h 2h of rows", 3600, "2h of rows"],
  ["1h: 30m backfill", 3600, "30m backfill"],
  ["1h 5 s3 buckets", 3600, "5 s3 buckets"],
])("%j is a length and what is behind it", (words, seconds, rest) => {
  expect(takeDuration(words)).toEqual({ milliseconds: seconds * 1000, rest });
});
test.each(["", "soon", "2 months", "2hx", "h", "-2h", "2"])("%j is none", (words) => {
  expect(takeDuration(words)).toBeNull();
});
