import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGlob } from "../../../src/core/runbook/glob.ts";

function matches(glob: string, text: string): boolean {
  const compiled = compileGlob(glob);
  if ("problem" in compiled) throw new Error(compiled.problem);
  return compiled.glob.matches(text);
}

describe("a glob", () => {
  test.each([
    ["*.orders", "analytics.marts.orders", true],
    ["*.orders", "analytics.marts.orders_v2", false],
    ["snowflake://*/analytics.*", "snowflake://acme/analytics.marts.orders", true],
    ["orders", "ORDERS", true],
    ["order?", "orders", true],
    ["order?", "order", false],
    ["{stg,int}_*", "int_orders", true],
    ["{stg,int}_*", "fct_orders", false],
    ["order{s,}", "order", true],
    ["\\[FIRING\\] *", "[firing] late", true],
    ["a**b", "a--b", true],
    ["*", "", true],
    ["a,b}", "a,b}", true],
  ])("%s and %s: %s", (glob, text, expected) => {
    expect(matches(glob, text)).toBe(expected);
  });

  test.each([
    ["", "empty"],
    ["{a,b", "close it"],
    ["{a,{b,c}}", "braces inside braces"],
    ["[ab]*", "character classes"],
    ["!orders", "starts with !"],
    ["orders\\", "backslash"],
    ["x".repeat(201), "200 characters"],
    ["{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "split it"],
  ])("%s is refused with what to do", (glob, words) => {
    expect(compileGlob(glob)).toMatchObject({ problem: expect.stringContaining(words) });
  });

  test("agrees with a plain regular expression", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 12 });
    const glob = fc.string({ unit: fc.constantFrom("a", "b", ".", "*", "?"), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(glob, letters, (glob, text) => {
        const regex = new RegExp(
          `^${glob.replaceAll(".", "\\.").replaceAll("*", ".*").replaceAll("?", ".")}$`,
        );
        expect(matches(glob, text)).toBe(regex.test(text));
      }),
      { numRuns: 2000 },
    );
  });

  test("takes no more than length times length, where a backtracking matcher would never end", () => {
    const started = performance.now();
    expect(matches(`${"*a".repeat(90)}*b`, "a".repeat(1500))).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
