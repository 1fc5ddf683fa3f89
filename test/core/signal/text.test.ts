import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanJson, cleanLine, cleanText } from "../../../src/core/signal/text.ts";

describe("cleanText", () => {
  test("removes NUL, mends lone surrogates and cuts", () => {
    expect(cleanText("a\u0000b\ud800c", 10)).toBe("ab\ufffdc");
    expect(cleanText("abcdef", 4)).toBe("abc…");
    expect(cleanText("ab😀", 3)).toBe("ab…");
  });

  test("always gives storable text within the limit", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 20 }), (text, limit) => {
        const cleaned = cleanText(text, limit);
        expect(cleaned.length).toBeLessThanOrEqual(limit);
        expect(cleaned.isWellFormed()).toBe(true);
        expect(cleaned).not.toContain("\u0000");
      }),
    );
  });
});

test("cleanLine puts everything on one line", () => {
  expect(cleanLine("  a\n\tb  c ", 10)).toBe("a b c");
});

test.each(["", " \n", "\u202e", "\u001b", "\u200b\u2060\u00ad", "\u3164", "\u2800"])(
  "cleanLine leaves nothing of %j, which shows nothing",
  (text) => expect(cleanLine(text, 10)).toBe(""),
);

describe("cleanJson", () => {
  test("keeps what is small as it is", () => {
    const value = { a: [1, true, null, "x"], b: { c: "d" } };
    expect(cleanJson(value)).toBe(value);
  });

  test("never changes what it was given", () => {
    const value = { a: ["x\u0000"], b: "y" };
    expect(cleanJson(value)).toEqual({ a: ["x"], b: "y" });
    expect(value).toEqual({ a: ["x\u0000"], b: "y" });
  });

  test("cleans texts and keys, and drops __proto__", () => {
    expect(cleanJson(JSON.parse('{"a\\u0000": "b\\u0000", "__proto__": {"x": 1}}'))).toEqual({ a: "b" });
  });

  test("bounds depth, number of values and length", () => {
    let deep: unknown = "end";
    for (let i = 0; i < 50_000; i += 1) deep = [deep];
    expect(JSON.stringify(cleanJson(deep)).length).toBeLessThan(100);
    expect(JSON.stringify(cleanJson(new Array(1_000_000).fill(1))).length).toBeLessThan(10_000);
    expect(JSON.stringify(cleanJson(new Array(1000).fill("x".repeat(10_000)))).length).toBeLessThan(70_000);
  });
});
