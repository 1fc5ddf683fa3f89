import fc from "fast-check";
import { expect, test } from "vitest";
import { Refusal } from "../../../src/core/refusal.ts";
import { parseLine } from "../../../src/core/verb/line.ts";
import { VERBS } from "../../../src/core/verb/registry.ts";
import { plainText } from "../../../src/core/verb/words.ts";
import { context, incident } from "./incident.ts";

/** Pieces that lines are made of, and that break parsers: tokens whole and torn, entities, times, quotes, odd spaces. */
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...VERBS.flatMap((verb) => [verb.name, ...verb.aliases, ...(verb.also ?? []).map((f) => f.example)]),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "<@U0ANA>",
      "<@U0ANA|ana>",
      "<@U9>",
      "<@",
      "<",
      ">",
      "|",
      "<@U0ANA|<@U9>",
      "&lt;@U0ANA&gt;",
      "&amp;lt;@U9>",
      "<!here>",
      "<!channel|x>",
      "<#C1|chan>",
      "<https://x.example/a?b&amp;c|label>",
      "https://x.example/<@U9>",
      "<https://[|x>",
      "https://x.example/&lt;@U9&gt;\ud800",
      "<mailto:a@b|<@U9>",
      "INC-1",
      "#inc-2",
      "DRILL-3",
      "at 03:10",
      "at 99:99",
      "2026-02-30 03:10",
      "03/04",
      "in 3 days",
      "sunday",
      "by",
      "all",
      ",",
      "“",
      "”",
      "`",
      "\u3000",
      "\u200b",
      "\u0000",
      "\ud800",
      "__proto__",
      "constructor",
      "-1",
      "0",
      "12",
      "sev2",
      "sev9",
      "edit 3",
      "edit 3 at",
      "hide",
      "started",
      "set",
      "done",
      "fail",
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
);
const anyLine = fc
  .array(piece, { maxLength: 8 })
  .chain((pieces) => fc.constantFrom("", " ", "  ", "\n").map((gap) => pieces.join(gap)));
const known = incident("INC-1", [
  { type: "asset_added", asset: { namespace: "n", name: "constructor" }, reason: "x" },
  { type: "noted", text: "x" },
]);

/** Every string anywhere in a value. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return value && typeof value === "object" ? Object.values(value).flatMap(texts) : [];
}

test("any line is understood or refused, and no raw mention is left in what it asks for", () => {
  fc.assert(
    fc.property(
      anyLine,
      fc.constantFrom(known, null),
      fc.constantFrom("Europe/Berlin", "America/St_Johns", "UTC"),
      (line, state, timeZone) => {
        try {
          const read = parseLine(line, { command: "/incident" });
          if ("empty" in read) return;
          const asked = read.verb.parse(read.rest, context({ incident: state, timeZone }));
          for (const text of texts(asked)) {
            expect(text).not.toMatch(/<@[UW]|<!(?:here|channel|everyone)/i);
            expect(text).not.toContain("\u0000");
            expect(text.isWellFormed()).toBe(true);
            expect(text.length).toBeLessThanOrEqual(3000);
          }
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          expect(error.code).toBe("invalid");
          expect(error.message).not.toMatch(/<@[UW]/);
        }
      },
    ),
    { numRuns: 5000 },
  );
});

test("plain text stays what it is when it is read again without entities in it", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }).filter((text) => !/[&<>]/.test(text)),
      (text) => {
        const once = plainText(text, {});
        expect(plainText(once, {})).toBe(once);
      },
    ),
  );
});

test("a very long line is refused in no time", () => {
  const started = performance.now();
  for (const long of [
    "<@U1|".repeat(8000),
    "`".repeat(40_000),
    "a, ".repeat(13_000),
    "at ".repeat(13_000),
    "1".repeat(40_000),
    "<".repeat(40_000),
    `${" ".repeat(40_000)}x`,
  ]) {
    for (const verb of VERBS) {
      try {
        const read = parseLine(`${verb.name} ${long}`, { command: "/incident" });
        if (!("empty" in read)) read.verb.parse(read.rest, context());
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
    }
  }
  expect(performance.now() - started).toBeLessThan(10_000);
});
