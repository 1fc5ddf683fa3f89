import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { circlesOf } from "../../../src/core/correlate/circles.ts";
import { type FiringAlert, InhibitRule, inhibition } from "../../../src/core/correlate/inhibit.ts";
import { buildLineage, type Lineage } from "../../../src/core/correlate/lineage.ts";
import { draftDocument } from "../../../src/core/correlate/lineage-document.ts";
import { matchable } from "../../../src/core/correlate/matcher.ts";
import type { AlertSignal } from "../../../src/core/signal/alert.ts";
import { datasetKey } from "../../../src/core/signal/dataset.ts";
import { alertOn } from "../../engine/world.ts";

/** Written as entries, since an object with a `then` looks like a promise. */
const rule = (when: string, held: string, same: string[] = [], name = "rule") =>
  InhibitRule.parse(Object.fromEntries(Object.entries({ name, when, same }).concat([["then", held]])));
/** An alert on a table, whose fingerprint is that table's name. */
const on = (table: string, changes: Partial<AlertSignal> = {}): FiringAlert => ({
  ...matchable(alertOn(table, changes)),
  fingerprint: table,
});

function lineageOf(...edges: [string, string][]): Lineage {
  const draft = draftDocument();
  const add = (table: string) =>
    draft.add({ kind: "table", namespace: "snowflake://acme", name: `analytics.core.${table}` })!;
  for (const [from, to] of edges) draft.link(add(from), add(to));
  return buildLineage([draft.finish({ provider: "dbt", key: "shop", at: null })], datasetKey);
}
/** As each alert by itself would be asked about. */
const inhibitedBy = (
  target: FiringAlert,
  firing: FiringAlert[],
  rules: InhibitRule[],
  lineage: Lineage | null,
) => inhibition([...firing, target], rules, lineage).by(target);
const by = (
  target: FiringAlert,
  firing: FiringAlert[],
  rules: InhibitRule[],
  lineage: Lineage | null = null,
) => inhibitedBy(target, firing, rules, lineage)?.by ?? null;

describe("a rule by labels", () => {
  const down = on("warehouse", { source: "grafana", title: "Warehouse is down", labels: { env: "prod" } });
  const orders = on("orders", { labels: { env: "prod" } });
  const rules = [rule("title=*down*", "source=dbt", ["env"], "warehouse down")];

  test("holds what fits while the other fires, and says by what", () => {
    expect(inhibitedBy(orders, [down, orders], rules, null)).toEqual({
      rule: "warehouse down",
      by: "warehouse",
      reason: "rule “warehouse down”: “Warehouse is down” fires (same env)",
    });
    expect(by(down, [down, orders], rules)).toBeNull();
  });
  test("holds nothing once the other has resolved, or where the label differs or is not there", () => {
    expect(by(orders, [{ ...down, status: "resolved" }], rules)).toBeNull();
    expect(by(on("orders", { labels: { env: "dev" } }), [down], rules)).toBeNull();
    expect(by(on("orders"), [on("warehouse", { title: "down" })], rules)).toBeNull();
  });
  test("never holds a resolve, nor an alert by itself", () => {
    expect(by(on("orders", { status: "resolved", labels: { env: "prod" } }), [down], rules)).toBeNull();
    const self = [rule("source=dbt", "source=dbt")];
    expect(by(orders, [orders], self)).toBeNull();
  });
  test("may ask for an asset in common", () => {
    const rules = [rule("source=soda", "source=dbt", ["asset"])];
    expect(by(orders, [on("x", { source: "soda", assets: alertOn("orders").assets })], rules)).toBe("x");
    expect(by(orders, [on("x", { source: "soda" })], rules)).toBeNull();
  });
});

describe("a rule along lineage", () => {
  const lineage = lineageOf(["raw", "staging"], ["staging", "orders"], ["orders", "board"]);
  const rules = [rule("source=dbt", "source=dbt", ["upstream"], "upstream")];
  const [raw, staging, orders, other] = ["raw", "staging", "orders", "other"].map((table) => on(table));

  test("holds what is downstream, by the nearest that fires", () => {
    const firing = [raw!, staging!, orders!, other!];
    expect(inhibitedBy(orders!, firing, rules, lineage)?.reason).toBe(
      "rule “upstream”: “not_null on staging failed” fires (analytics.core.staging is 1 step upstream of analytics.core.orders)",
    );
    expect(by(orders!, [raw!, orders!], rules, lineage)).toBe("raw");
    expect(by(staging!, firing, rules, lineage)).toBe("raw");
    expect(by(raw!, firing, rules, lineage)).toBeNull();
    expect(by(other!, firing, rules, lineage)).toBeNull();
  });
  test("holds nothing where no lineage is known", () => {
    expect(by(orders!, [raw!], rules, null)).toBeNull();
  });
  test("does not go round in circles", () => {
    const round = lineageOf(["raw", "staging"], ["staging", "raw"], ["staging", "orders"]);
    expect(by(raw!, [raw!, staging!], rules, round)).toBeNull();
    expect(by(staging!, [raw!, staging!], rules, round)).toBeNull();
    expect(by(orders!, [raw!, staging!, orders!], rules, round)).toBe("staging");
  });
});

describe("rules that hold each other's alerts", () => {
  const [a, b, c] = [
    on("a", { labels: { n: "a" } }),
    on("b", { labels: { n: "b" } }),
    on("c", { labels: { n: "c" } }),
  ];

  test("hold neither", () => {
    const rules = [rule("n=a", "n=b"), rule("n=b", "n=a")];
    expect([a, b].map((each) => by(each, [a, b], rules))).toEqual([null, null]);
  });
  test("in a longer circle hold none, and one from outside holds what it is told to", () => {
    const circle = [
      ["a", "b"],
      ["b", "c"],
      ["c", "a"],
    ].map(([x, y]) => rule(`n=${x}`, `n=${y}`));
    expect([a, b, c].map((each) => by(each, [a, b, c], circle))).toEqual([null, null, null]);
    const outside = on("d", { labels: { n: "d" } });
    const rules = [...circle, rule("n=d", "n=b")];
    expect([a, b, c].map((each) => by(each, [a, b, c, outside], rules))).toEqual([null, "d", null]);
  });
  test("in a chain hold on, whether or not the one that holds is held", () => {
    const rules = [rule("n=a", "n=b"), rule("n=b", "n=c")];
    expect([a, b, c].map((each) => by(each, [a, b, c], rules))).toEqual([null, "a", "b"]);
  });
});

const tables = ["a", "b", "c", "d", "e", "f"];
const edge = fc
  .tuple(fc.constantFrom(...tables), fc.constantFrom(...tables))
  .filter(([from, to]) => from !== to);
const side = fc.constantFrom("source=dbt", "asset=a|b|c", "asset=b|d", "asset=e|f", "env=x");
const anyRule = fc
  .record({
    when: side,
    held: side,
    same: fc.constantFrom([], ["env"], ["upstream"], ["asset"], ["env", "upstream"]),
  })
  .map(({ when, held, same }) => rule(when, held, [...same], `${when} ${held} ${same}`));
const anyAlert = fc
  .record({ table: fc.constantFrom(...tables), env: fc.constantFrom("x", "y"), n: fc.nat(2) })
  .map(({ table, env, n }) => ({ ...on(table, { labels: { env } }), fingerprint: `${table}${n}` }));
const world = fc.record({
  lineage: fc.array(edge, { minLength: 1, maxLength: 10 }).map((edges) => lineageOf(...edges)),
  rules: fc.array(anyRule, { maxLength: 4 }),
  firing: fc.uniqueArray(anyAlert, { selector: ({ fingerprint }) => fingerprint, maxLength: 10 }),
});

test("behind each held alert there is one that fires and is not held", () => {
  fc.assert(
    fc.property(world, ({ lineage, rules, firing }) => {
      const inhibited = inhibition(firing, rules, lineage);
      for (const alert of firing) {
        let at = alert.fingerprint;
        for (let steps = 0; ; steps += 1) {
          expect(steps).toBeLessThanOrEqual(firing.length);
          const holder = inhibited.by({ fingerprint: at, status: "firing" });
          if (!holder) break;
          at = holder.by;
        }
        expect(firing.some(({ fingerprint }) => fingerprint === at)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test("the order of alerts makes no difference, and neither does asking one at a time", () => {
  fc.assert(
    fc.property(world, ({ lineage, rules, firing }) => {
      const forward = inhibition(firing, rules, lineage);
      const backward = inhibition(firing.toReversed(), rules, lineage);
      for (const alert of firing) {
        expect(backward.by(alert)).toEqual(forward.by(alert));
        expect(inhibitedBy(alert, firing, rules, lineage)).toEqual(forward.by(alert));
        expect(forward.by({ ...alert, status: "resolved" })).toBeNull();
      }
    }),
    { numRuns: 200 },
  );
});

test("circles are what can be reached from each other", () => {
  const size = 7;
  const edges = fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 14 });
  fc.assert(
    fc.property(edges, (edges) => {
      const next = (node: number) => edges.filter(([from]) => from === node).map(([, to]) => to);
      const reach = (start: number) => {
        const seen = new Set([start]);
        for (const node of seen) for (const to of next(node)) seen.add(to);
        return seen;
      };
      const circles = circlesOf(size, next);
      for (let a = 0; a < size; a += 1)
        for (let b = 0; b < size; b += 1)
          expect(circles[a] === circles[b]).toBe(reach(a).has(b) && reach(b).has(a));
    }),
  );
});

test("a storm of a thousand alerts on a deep graph is answered at once", () => {
  const names = Array.from({ length: 1000 }, (_, n) => `t${n}`);
  const lineage = lineageOf(
    ...names.slice(1).map((name, n): [string, string] => [names[Math.floor(n / 3)]!, name]),
  );
  const rules = [rule("source=dbt", "source=dbt", ["upstream"])];
  const firing = names.map((name) => on(name));
  const started = performance.now();
  const inhibited = inhibition(firing, rules, lineage);
  expect(firing.filter((alert) => !inhibited.by(alert)).map(({ fingerprint }) => fingerprint)).toEqual([
    "t0",
  ]);
  expect(performance.now() - started).toBeLessThan(3000);
});

test("a wrong rule is refused with the path of the field", () => {
  const parsed = InhibitRule.safeParse(
    parse("{ name: x, when: {}, then: { sorce: dbt }, same: env, also: 1 }"),
  );
  expect(parsed.error?.issues.map((each) => `${each.path.join(".")}: ${each.message}`)).toEqual([
    "when: is empty; write all where every alert is meant",
    "then.sorce: is not a field; the fields are source, asset, title, severity, team, labels",
    "same: write a list, such as [asset] or [env, upstream]",
    ': Unrecognized key: "also"',
  ]);
});
