import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Instant } from "../../../src/core/signal/alert.ts";
import { readInstant } from "../../../src/core/signal/instant.ts";

const NOW = "2026-11-22T12:00:00.000Z";
const at = (value: unknown) => readInstant(value, NOW).at;

describe("reads", () => {
  test.each([
    ["2026-11-22T03:10:00Z", "2026-11-22T03:10:00.000Z"],
    ["2026-11-22T03:10:00.123456789Z", "2026-11-22T03:10:00.123Z"],
    ["2026-11-22T04:10:00+01:00", "2026-11-22T03:10:00.000Z"],
    ["2026-11-21T21:40:00.5-0530", "2026-11-22T03:10:00.500Z"],
    ["2026-11-22 03:10:00.781634", "2026-11-22T03:10:00.781Z"], // naive is UTC
    ["2026-11-22 03:10:00 UTC", "2026-11-22T03:10:00.000Z"],
    ["2026-11-22 03:10:00.112013015 +0000 UTC m=+8560.285724134", "2026-11-22T03:10:00.112Z"], // as Go prints it
    ["2026-11-22 04:10:00 +0100 CET", "2026-11-22T03:10:00.000Z"],
    ["2026-11-22 00:10:00 -0300 -03", "2026-11-22T03:10:00.000Z"],
    ["20261122T031000.701100Z", "2026-11-22T03:10:00.701Z"],
    ["20261122T041000+0100", "2026-11-22T03:10:00.000Z"],
    ["2026-11-22T03:10", "2026-11-22T03:10:00.000Z"],
    ["2026-11-22", "2026-11-22T00:00:00.000Z"],
    [1795317000, "2026-11-22T03:10:00.000Z"],
    ["1795317000", "2026-11-22T03:10:00.000Z"],
    [1795317000123, "2026-11-22T03:10:00.123Z"],
    [1795317000.5, "2026-11-22T03:10:00.500Z"],
    ["1795317000123000000", "2026-11-22T03:10:00.123Z"],
  ])("%j as %s", (value, expected) => expect(at(value)).toBe(expected));
});

test.each([null, undefined, "", " ", "None", "null", 0, "0001-01-01T00:00:00Z"])(
  "%j is no time, and no problem",
  (value) => {
    expect(readInstant(value, NOW)).toEqual({ at: null, problem: null });
  },
);

test.each([
  "tomorrow",
  "2026-02-31T00:00:00Z",
  "2026-11-22T25:00:00Z",
  "20261122T256100Z",
  "9999-12-31T23:59:59Z",
  "1970-01-01T00:00:01Z",
  "2026-11-24",
  true,
  [],
  {},
  Number.NaN,
  -5,
  "x".repeat(1e6),
])("a wrong time is left out and said (%#)", (value) => {
  const { at, problem } = readInstant(value, NOW);
  expect(at).toBeNull();
  expect(problem!.length).toBeLessThan(200);
});

test("whatever comes, the answer is an instant or null", () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.date().map(String), fc.double().map(String)), (value) => {
      const { at } = readInstant(value, NOW);
      if (at !== null) Instant.parse(at);
    }),
  );
});
