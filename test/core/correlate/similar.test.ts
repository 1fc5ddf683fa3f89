import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Clues, type PastIncident, similarIncidents } from "../../../src/core/correlate/similar.ts";
import { table } from "./changes.ts";

const NEW: Clues = {
  fingerprints: ["f1"],
  assets: [table("core.orders")],
  texts: ["not_null on orders.customer_id failed (71 of 501 rows)", "Lock wait timeout in nightly export"],
  testNames: ["not_null_orders_customer_id"],
  sources: ["dbt"],
};
const NOTHING: Clues = { fingerprints: [], assets: [], texts: [], testNames: [], sources: [] };

function past(key: string, clues: Partial<Clues> = {}, over: Partial<PastIncident> = {}): PastIncident {
  return {
    ...NOTHING,
    key,
    title: "orders is late",
    severity: "SEV2",
    resolvedAt: "2026-11-12T03:00:00.000Z",
    outcome: "Restarted the export",
    causeChange: null,
    url: null,
    ...clues,
    ...over,
  };
}
const only = <Clue extends keyof Clues>(...names: Clue[]) =>
  Object.fromEntries(names.map((name) => [name, NEW[name]])) as Partial<Clues>;
const keys = (incidents: PastIncident[], current = NEW) =>
  similarIncidents(current, incidents).map(({ incident }) => incident.key);
const score = (clues: Partial<Clues>) => similarIncidents(NEW, [past("INC-1", clues)])[0]?.score ?? 0;

test("the same alert says more than table and error together, that more than either", () => {
  expect(score(only("fingerprints"))).toBeGreaterThan(score(only("assets", "texts")));
  expect(score(only("assets", "texts"))).toBeGreaterThan(score(only("assets")));
  expect(score(only("assets"))).toBeGreaterThan(score(only("texts")));
  expect(score(only("texts"))).toBeGreaterThan(0);
});

test("the likest three, the likest first; of those as like the latest", () => {
  expect(
    keys([
      past("INC-1", only("texts")),
      past("INC-2", only("fingerprints", "assets", "texts")),
      past("INC-3", only("assets", "texts"), { resolvedAt: "2026-11-01T03:00:00.000Z" }),
      past("INC-4", only("assets", "texts")),
    ]),
  ).toEqual(["INC-2", "INC-4", "INC-3"]);
});

describe("nothing is told of", () => {
  test.each<[string, Partial<Clues>]>([
    ["what has only the tool in common", only("sources")],
    [
      "a storm in which the table was one of many",
      {
        assets: [...NEW.assets, ...Array.from({ length: 40 }, (_, i) => table(`marts.m${i}`))],
      },
    ],
    ["an error that shares a few words", { texts: ["unique on customers.id failed (1 of 9 rows)"] }],
    ["what has nothing in common", {}],
  ])("%s", (_, clues) => {
    expect(keys([past("INC-1", clues)])).toEqual([]);
  });

  test("anything, where nothing is known", () => {
    expect(keys([past("INC-1", NEW)], NOTHING)).toEqual([]);
    expect(keys([])).toEqual([]);
  });
});

test("one table is the same however a tool writes its name", () => {
  const written = { assets: [{ namespace: "snowflake://FERNHOLLOW", name: "SHOP.CORE.ORDERS" }] };
  expect(keys([past("INC-1", written)])).toEqual(["INC-1"]);
});

test("a rare word counts more than one in every error", () => {
  const current = { ...NOTHING, assets: NEW.assets, texts: ["query failed deadlock"] };
  const noise = Array.from({ length: 20 }, (_, i) =>
    past(`INC-${i + 10}`, { texts: [`query failed w${i}x`] }),
  );
  const [first] = similarIncidents(current, [
    past("INC-1", { assets: NEW.assets, texts: ["query failed timeout"] }),
    past(
      "INC-2",
      { assets: NEW.assets, texts: ["insert stopped deadlock"] },
      { resolvedAt: "2020-01-01T00:00:00.000Z" },
    ),
    ...noise,
  ]);
  expect(first!.incident.key).toBe("INC-2");
});

test("it says what is alike", () => {
  const [all] = similarIncidents(NEW, [past("INC-1", NEW)]);
  expect(all!.reason).toBe("same alert, same data (shop.core.orders), same error");
  const [table_] = similarIncidents(NEW, [past("INC-1", only("assets", "testNames"))]);
  expect(table_!.reason).toBe("same data (shop.core.orders), same test (not_null_orders_customer_id)");
});

const some = (...values: string[]) => fc.subarray(values);
const anyClues: fc.Arbitrary<Clues> = fc.record({
  fingerprints: some("f1", "f2", "f3"),
  assets: some("core.orders", "core.products", "raw.orders").map((names) => names.map(table)),
  texts: fc.array(fc.oneof(fc.constantFrom(...NEW.texts), fc.string({ maxLength: 30 })), { maxLength: 3 }),
  testNames: some("t1", "t2"),
  sources: some("dbt", "soda"),
});

test("the order in which incidents and clues come makes no difference, and the likeness is between 0 and 1", () => {
  fc.assert(
    fc.property(anyClues, fc.array(anyClues, { maxLength: 8 }), (current, all) => {
      const incidents = all.map((clues, i) => past(`INC-${i}`, clues));
      const told = similarIncidents(current, incidents);
      const reversed = Object.fromEntries(
        Object.entries(current).map(([name, list]) => [name, list.toReversed()]),
      ) as Clues;
      expect(similarIncidents(reversed, incidents.toReversed())).toEqual(told);
      for (const { score: each, reason } of told) {
        expect(each >= 0 && each <= 1).toBe(true);
        expect(reason).not.toBe("");
      }
    }),
  );
});

test("one more thing in common never makes it less alike", () => {
  fc.assert(
    fc.property(anyClues, (clues) => {
      const without = { ...clues, fingerprints: [] };
      expect(score({ ...clues, fingerprints: ["f1"] })).toBeGreaterThanOrEqual(score(without));
    }),
  );
});
