import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorWords, normalizeErrorText } from "../../../src/core/correlate/error-text.ts";

describe("an error is the same error although", () => {
  test.each([
    ["counts differ", "Got 71 of 501 rows (14.2%)", "got <number> of <number> rows (<number>%)"],
    ["numbers are written in groups", "expected 1,234,567.89", "expected <number>"],
    ["the run has another id", "run 6b1d2e30-c4a5-11f0-8d9e-0a1b2c3d4e5f failed", "run <id> failed"],
    ["it came at another time", "at 2026-11-22T03:04:05.123+01:00, not 03:10", "at <time>, not <time>"],
    ["the hash is another", "commit a1b2c3d4 at 0xDEADbeef", "commit <hex> at <hex>"],
    ["the value is another", "value 'ORD-12 x' is not allowed", "value <text> is not allowed"],
    ["the shard is another", "orders_20261122 is empty", "orders_<number> is empty"],
    ["it is laid out in another way", "  Timed\n\tout ", "timed out"],
  ])("%s", (_, text, normal) => {
    expect(normalizeErrorText(text)).toBe(normal);
  });
});

test("the names that it is about stay", () => {
  expect(normalizeErrorText(`relation "orders" of 'Analytics.STG_orders_v2' on s3`)).toBe(
    "relation orders of analytics.stg_orders_v2 on s3",
  );
  expect(normalizeErrorText("it doesn't match, it can't")).toBe("it doesn't match, it can't");
  expect(normalizeErrorText("a defaced facade")).toBe("a defaced facade");
});

test("its words are those that tell errors apart", () => {
  expect([...errorWords("Got 71 rows at 03:10: column \"customer_id\" is NULL in 'A b'")]).toEqual([
    "got",
    "rows",
    "at",
    "column",
    "customer_id",
    "is",
    "null",
    "in",
  ]);
});

test("any text can be read, and of a long one only the beginning", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      expect(normalizeErrorText(text)).not.toMatch(/[0-9]{4}/);
    }),
  );
  for (const part of ["'", '"', "“", "1", "1.", "f", "1f", "0x", "2026-", "1:", "deadbeef-", " '"])
    expect(normalizeErrorText(part.repeat(200_000)).length).toBeLessThan(100_000);
});
