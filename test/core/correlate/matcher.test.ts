import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isTooBroad, type Matcher, matchable } from "../../../src/core/correlate/matcher.ts";
import { parseMatcher, takeMatcher } from "../../../src/core/correlate/matcher-words.ts";
import { Match, NarrowMatch } from "../../../src/core/correlate/matcher-yaml.ts";
import type { AlertSignal } from "../../../src/core/signal/alert.ts";
import { alertOn } from "../../engine/world.ts";

function typed(text: string): Matcher {
  const parsed = parseMatcher(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed.matcher;
}
const problem = (text: string) => {
  const parsed = parseMatcher(text);
  return "problem" in parsed ? parsed.problem : null;
};
const orders = (changes: Partial<AlertSignal> = {}, teams: string[] = []) =>
  matchable(alertOn("orders", { labels: { env: "prod", "run id": "7" }, ...changes }), teams);
const fits = (text: string, alert = orders()) => typed(text).try(alert).fits;

describe("a matcher as people type it", () => {
  test.each([
    ["source=dbt", true],
    ["source=airflow", false],
    ["source!=airflow", true],
    ["SOURCE=DBT", true],
    ["source=dbt, severity=warning", false],
    ["source=dbt severity=warning|error", true],
    ["severity!=warning|error", false],
    ["asset=orders", true],
    ["asset=core.orders", true],
    ["asset=rders", false],
    ["asset=*.orders", true],
    ["asset=snowflake://acme/*", true],
    ["asset=snowflake://ACME.snowflakecomputing.com/*", true],
    ["asset=snowflake://acme/Analytics.Core.Orders", true],
    ["asset=snowflake://other/*", false],
    ["asset!=*.{orders,returns}", false],
    ['title="not_null on orders failed"', true],
    ["title=“not_null on *”", true],
    ["title=”not_null on *”", true],
    ["title=not_null", false],
    ["env=prod", true],
    ["labels.env=p*", true],
    ['labels."run id"=7', true],
    ["Env=prod", false],
    ["region=*", false],
    ["region!=eu", true],
    ["toString=*", false],
    ["team=payments", false],
    ["all", true],
    ["all, source!=dbt", false],
  ])("%s: %s", (text, expected) => {
    expect(fits(text)).toBe(expected);
  });

  test("an asset fits under the name that any tool has for it", () => {
    const alert = orders({
      assets: [{ namespace: "postgres://db.example:5432", name: '"shop"."public"."Orders"' }],
    });
    expect(fits("asset=postgres://db.example/shop.*", alert)).toBe(true);
    expect(fits("asset=postgresql://DB.example/shop.public.orders", alert)).toBe(true);
    expect(fits("asset=public.orders", alert)).toBe(true);
  });
  test("fields with several values fit where one does, and are not something where none is", () => {
    const both = orders({
      assets: ["a.orders", "a.returns"].map((name) => ({ namespace: "bigquery", name })),
    });
    expect(fits("asset=*.returns asset=*.orders", both)).toBe(true);
    expect(fits("asset!=*.returns", both)).toBe(false);
    expect(fits("team=pay*", orders({}, ["core", "payments"]))).toBe(true);
    expect(fits("asset=*", orders({ assets: [] }))).toBe(false);
  });
  test("says why", () => {
    const why = (text: string) => typed(text).try(orders()).why;
    expect(why("source=dbt asset=*.orders")).toBe("source is dbt, asset is analytics.core.orders");
    expect(why("source=dbt severity=info|warning")).toBe("severity is error, not info or warning");
    expect(why("region=eu")).toBe("it has no region");
    expect(why("env!=prod")).toBe("env is prod");
    expect(why("all")).toBe("it is for all alerts");
  });

  test.each([
    ["", "nothing is `name=value`; write what it is about, such as `source=dbt asset=*.orders`, or `all`"],
    ["orders", "`orders` is not `name=value`"],
    ["source=dbt and asset=x", "`and` is not `name=value`; put a value with spaces in quotes"],
    ["asset=", "`asset=` has no value; write it right behind"],
    ['title=""', "`title=` has an empty value; write * for any"],
    ['title="late', "the quote behind `title=` is not closed"],
    ['title="late"again', "text follows the closing quote of `title=`"],
    ["asset=a||b", "empty value beside a |"],
    ["asset=a[b]", "asset: "],
    ["severity=high", "severity is one of critical, error, warning, info, as senders say it; `high` is none"],
    ["severity=SEV1", "is one of critical"],
    ["severity=~warn", "`severity=~` is not understood; write = or !="],
    ["severity>=error", "`severity>=` is not understood"],
    ["asest=orders", "`asest` is not a field; write asset, or labels.asest for the label"],
    ["sources=dbt", "write source, or labels.sources"],
    ["status=firing", "`status` can't be matched, since only firing alerts are ever held or routed"],
    ["labels.=x", "`labels.` names no label"],
    [Array.from({ length: 21 }, (_, n) => `l${n}=x`).join(" "), "has 21 terms and may have 20"],
  ])("%s is refused with what to do", (text, words) => {
    expect(problem(text)).toContain(words);
  });

  test.each([
    ["asset=*.orders,SOURCE=dbt", "asset=*.orders source=dbt"],
    ["source=dbt ALL", "all source=dbt"],
    ["labels.env=prod", "env=prod"],
    ["labels.Team=x", "labels.Team=x"],
    ["asset={a,b} x=1", "asset={a,b} x=1"],
    ["title='a, b'", 'title="a, b"'],
    ['title=a"b', 'title=a\\"b'],
    ["title=a\\|b|c", "title=a\\|b|c"],
  ])("%s is printed as %s", (text, printed) => {
    expect(typed(text).text).toBe(printed);
    expect(typed(printed).text).toBe(printed);
  });

  test("ends where the words behind it begin", () => {
    expect(takeMatcher("source=dbt asset=*.orders 2h backfill env=prod")).toMatchObject({
      matcher: { text: "source=dbt asset=*.orders" },
      rest: "2h backfill env=prod",
    });
  });
  test.each([
    ["all", false],
    ["source=dbt", false],
    ["title=*", true],
    ["asset=* severity=*", true],
    ["source={x,*}", true],
    ["source!=nobody", true],
    ["all source!=dbt", false],
    ["title=* env=prod", false],
  ])("%s is too broad: %s", (text, expected) => {
    expect(isTooBroad(typed(text))).toBe(expected);
  });

  test("any text is read or refused, and what is read is printed so that it reads the same", () => {
    const word = fc.constantFrom(
      "source",
      "asset",
      "title",
      "env",
      "labels.",
      "=",
      "!=",
      "all",
      " ",
      ",",
      "|",
      "{",
      "}",
      '"',
      "“",
      "'",
      "\\",
      "*",
      "a",
      "dbt",
      "run id",
      "é",
    );
    const text = fc.oneof(
      fc.array(word, { maxLength: 14 }).map((words) => words.join("")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(text, (text) => {
        const parsed = parseMatcher(text);
        if ("problem" in parsed) return;
        const again = typed(parsed.matcher.text);
        expect(again.terms).toEqual(parsed.matcher.terms);
        expect(again.text).toBe(parsed.matcher.text);
        again.try(orders());
      }),
      { numRuns: 3000 },
    );
  });
  test("takes no more than length times length", () => {
    const matcher = typed(`title=${"*a".repeat(90)}*b asset=${"*a".repeat(90)}*b`);
    const alert = orders({ title: "a".repeat(300) });
    const started = performance.now();
    for (let n = 0; n < 100; n += 1) matcher.try(alert);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("a matcher in a file", () => {
  const Rule = z.strictObject({ match: Match });
  const read = (match: unknown) => Rule.parse({ match }).match.text;
  const issues = (match: unknown, schema: z.ZodType = Rule) =>
    schema.safeParse({ match }).error?.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);

  test("is the text that people type, or fields that come to the same", () => {
    expect(read("source=dbt asset=*.orders")).toBe("source=dbt asset=*.orders");
    expect(
      read({ source: "dbt", asset: ["*.orders", "*.returns"], labels: { env: "prod", "run id": "7" } }),
    ).toBe('source=dbt asset=*.orders|*.returns env=prod labels."run id"=7');
    expect(read({ title: 'a \\| "b"' })).toBe('title="a \\| \\"b\\""');
    expect(read("all")).toBe("all");
  });
  test("has bars between values in its fields too, as in what people type", () => {
    const fields = { source: "dbt | airflow", asset: ["*.a|*.b", "*.{c|d}"], labels: { env: "prod|dev" } };
    expect(read(fields)).toBe("source=dbt|airflow asset=*.a|*.b|*.{c|d} env=prod|dev");
    const { match } = Rule.parse({ match: { source: "soda|dbt", severity: "warning|info" } });
    expect(match.try(orders()).why).toBe("severity is error, not warning or info");
    expect(Rule.parse({ match: { title: "a\\|b\\*" } }).match.try(orders()).why).toMatch(/, not a\|b\\\*$/);
    expect(issues({ source: "dbt|" })).toEqual([
      "match.source: has an empty value beside a |; write \\| for the character",
    ]);
  });
  test("is refused with the path of the wrong field", () => {
    expect(issues({ sauce: "dbt" })).toEqual([
      "match.sauce: is not a field; the fields are source, asset, title, severity, team, labels",
    ]);
    expect(issues({ severity: "high", labels: { tier: 1, x: "a[" } })).toEqual([
      "match.severity: severity is one of critical, error, warning, info, as senders say it; `high` is none of them",
      'match.labels.tier: write a glob as text, such as "*.orders", or a list of them; put numbers in quotes',
      expect.stringMatching(/^match\.labels\.x: x: "a\[" has \[/),
    ]);
    expect(issues({})).toEqual(["match: is empty; write all where every alert is meant"]);
    expect(issues("source dbt")).toEqual([expect.stringMatching(/^match: `source` is not `name=value`/)]);
    expect(issues(undefined)).toEqual([expect.stringMatching(/^match: write fields such as/)]);
    expect(issues({ title: "*" }, z.strictObject({ match: NarrowMatch }))).toEqual([
      "match: fits every alert; say more, or write all where that is meant",
    ]);
  });
  test("never throws, and prints what reads the same", () => {
    const glob = fc.string({
      unit: fc.constantFrom("a", "*", '"', "|", "{", "}", ",", "\\", " ", "“", "="),
      maxLength: 8,
    });
    const label = fc.string({
      unit: fc.constantFrom("a", "t", "e", "m", '"', "\\", " ", ".", "é"),
      maxLength: 6,
    });
    const value = fc.oneof(glob, fc.array(glob, { maxLength: 3 }));
    const fields = fc.record(
      { source: value, asset: value, title: value, labels: fc.dictionary(label, value) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fields, fc.anything()), (said) => {
        const parsed = Match.safeParse(said);
        if (!parsed.success) return;
        const again = typed(parsed.data.text);
        expect(again.terms).toEqual(parsed.data.terms);
        expect(again.all).toBe(parsed.data.all);
      }),
      { numRuns: 3000 },
    );
  });
});
