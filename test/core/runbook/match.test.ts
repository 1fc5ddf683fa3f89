import { describe, expect, test } from "vitest";
import { compileRunbooks, type MatchSubject, matchRunbooks } from "../../../src/core/runbook/match.ts";
import { parseRunbook, type Runbook } from "../../../src/core/runbook/parse.ts";

function runbook(slug: string, ...rules: string[]): Runbook {
  const match = rules.length === 0 ? "" : `match:\n${rules.map((rule) => `  - ${rule}\n`).join("")}`;
  const { runbook, problems } = parseRunbook(slug, `---\ntitle: About ${slug}\n${match}---\n## Do\nIt.\n`);
  expect(problems).toEqual([]);
  return runbook!;
}

const ORDERS: MatchSubject = {
  source: "dbt",
  assets: [{ namespace: "snowflake://acme", name: "analytics.marts.orders" }],
  labels: { resource_type: "test", test_name: "unique" },
  severity: "SEV2",
  title: "unique_orders_id failed",
};

function slugs(runbooks: Runbook[], subject: Partial<MatchSubject> = {}): string[] {
  return matchRunbooks(compileRunbooks(runbooks), { ...ORDERS, ...subject }).map((match) => match.slug);
}

describe("a runbook matches", () => {
  test("when every field of one of its rules does", () => {
    const both = runbook(
      "both",
      "{ sources: [dbt], severities: [SEV1] }",
      "{ sources: [dbt], titles: ['*FAILED*'] }",
    );
    expect(slugs([both])).toEqual(["both"]);
    expect(slugs([both], { title: "late" })).toEqual([]);
    expect(slugs([both], { title: "late", severity: "SEV1" })).toEqual(["both"]);
  });

  test("an asset with or without its namespace", () => {
    expect(slugs([runbook("a", "{ assets: ['*.orders'] }")])).toEqual(["a"]);
    expect(slugs([runbook("a", "{ assets: ['snowflake://*/analytics.*'] }")])).toEqual(["a"]);
    expect(slugs([runbook("a", "{ assets: ['orders'] }")])).toEqual([]);
  });

  test("a label only if it is there, whatever objects inherit", () => {
    expect(slugs([runbook("a", "{ labels: { owner: '*' } }")])).toEqual([]);
    expect(slugs([runbook("a", "{ labels: { constructor: '*' } }")])).toEqual([]);
    expect(slugs([runbook("a", "{ labels: { resource_type: 't*', test_name: unique } }")])).toEqual(["a"]);
  });

  test("never without rules", () => {
    expect(slugs([runbook("a")])).toEqual([]);
  });
});

describe("of several that match", () => {
  test("the more specific comes first, at most three", () => {
    const all = [
      runbook("by-source", "{ sources: [dbt] }"),
      runbook("by-severity", "{ severities: [SEV2] }"),
      runbook("by-title", "{ titles: ['*'] }"),
      runbook("by-label", "{ labels: { resource_type: test } }"),
      runbook("by-asset", "{ assets: ['*.orders'] }"),
    ];
    expect(slugs(all)).toEqual(["by-asset", "by-label", "by-title"]);
    expect(slugs(all.toReversed())).toEqual(["by-asset", "by-label", "by-title"]);
  });

  test("the glob that spells out more wins, then the name", () => {
    expect(
      slugs([
        runbook("wide", "{ assets: ['*'] }"),
        runbook("b", "{ assets: ['*.orders'] }"),
        runbook("a", "{ assets: ['*.orders'] }"),
      ]),
    ).toEqual(["a", "b", "wide"]);
  });

  test("each counts once, by its best rule", () => {
    const matches = matchRunbooks(
      compileRunbooks([runbook("a", "{ sources: [dbt] }", "{ assets: ['*.orders', '*'] }")]),
      ORDERS,
    );
    expect(matches).toEqual([
      {
        slug: "a",
        title: "About a",
        reason: "about analytics.marts.orders",
      },
    ]);
  });

  test("a catch-all stands only where nothing else does", () => {
    const both = [runbook("basics", "{}"), runbook("dbt", "{ sources: [dbt] }")];
    expect(slugs(both)).toEqual(["dbt"]);
    const [match] = matchRunbooks(compileRunbooks(both), { ...ORDERS, source: "airflow" });
    expect(match).toEqual({ slug: "basics", title: "About basics", reason: "no other runbook fits" });
  });
});

test("the reason says each thing that matched, in words", () => {
  const rule =
    "{ sources: [dbt], severities: [SEV2], labels: { resource_type: test, test_name: 'uni*' }, titles: ['*{test,check}*failed', '*failed'] }";
  expect(matchRunbooks(compileRunbooks([runbook("a", rule)]), ORDERS)[0]!.reason).toBe(
    "alert from dbt, severity SEV2, resource_type is test, test_name is unique, title says “failed”",
  );
});

test("an alert with two hundred assets against two hundred runbooks takes milliseconds", () => {
  const catalog = compileRunbooks(
    Array.from({ length: 200 }, (_, n) =>
      runbook(`r-${n}`, `{ assets: ['*.table_${n}', '*://*/x.*.y${n}'] }`),
    ),
  );
  const assets = Array.from({ length: 200 }, (_, n) => ({
    namespace: "snowflake://acme",
    name: `analytics.marts.model_${n}`,
  }));
  const started = performance.now();
  matchRunbooks(catalog, { ...ORDERS, assets });
  expect(performance.now() - started).toBeLessThan(5000);
});
