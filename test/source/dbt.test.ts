import { describe, expect, test } from "vitest";
import { fingerprint } from "../../src/core/signal/alert.ts";
import { assetId } from "../../src/core/signal/asset.ts";
import { dbt } from "../../src/source/dbt.ts";
import { fixture, request } from "./fixtures.ts";

type Node = Record<string, unknown>;

function read(results: Node[], manifest?: Node, query: Record<string, string> = {}) {
  const run_results = { metadata: { invocation_id: "inv-1", generated_at: "2026-11-22T03:05:00Z" }, results };
  return dbt.read(request(manifest ? { run_results, manifest } : run_results, { query }));
}

const firing = (reading: ReturnType<typeof dbt.read>) =>
  reading.alerts.filter((alert) => alert.status === "firing");
const resolved = (reading: ReturnType<typeof dbt.read>) =>
  reading.alerts.filter((alert) => alert.status === "resolved");

describe("a build in which one model errors and one test fails", () => {
  const reading = dbt.read(fixture("dbt", "build-with-cascade"));
  const [model, test1, warned] = firing(reading);

  test("fires for what failed and resolves what succeeded; skipped is neither", () => {
    expect(firing(reading)).toHaveLength(3);
    expect(resolved(reading)).toHaveLength(3);
    expect(reading.rejected).toEqual([]);
  });

  test("the model's alert names its table, and what was skipped because of it, past a model outside the selection", () => {
    expect(model!.assets.map(assetId)).toEqual(["bigquery/shop-prod.analytics.stg_payments"]);
    expect(model!.impacted.map(assetId)).toEqual([
      "bigquery/shop-prod.analytics.orders",
      "bigquery/shop-prod.analytics.revenue",
    ]);
    expect(model!.title).toBe(
      "stg_payments errored: Unrecognized name: amuont; Did you mean amount? at [7:5]",
    );
    expect(model!.labels).toMatchObject({
      owner: "payments@example.com, @pay-team",
      run_id: model!.deliveryId,
      target: "prod",
    });
  });

  test("a test's alert is about the table it is attached to, not the table of its failing rows", () => {
    expect(test1!.assets.map(assetId)).toEqual(["bigquery/shop-prod.analytics.stg_orders"]);
    expect(test1!.labels).toMatchObject({
      test_name: "not_null",
      column_name: "order_id",
      group: "sales",
      owner: "Sales Data",
    });
  });

  test("a warning fires as one and blocks nothing; a relationships test is about the table that refers", () => {
    expect(warned).toMatchObject({ severity: "warning", impacted: [] });
    expect(warned!.assets.map(assetId)).toEqual(["bigquery/shop-prod.analytics.stg_orders"]);
  });
});

test("run_results.json alone has the same identities, without tables", () => {
  const both = fixture("dbt", "build-with-cascade");
  const alone = request((both.body as Node).run_results);
  expect(dbt.read(alone).alerts.map(fingerprint)).toEqual(dbt.read(both).alerts.map(fingerprint));
  const [model, failedTest] = firing(dbt.read(alone));
  expect(model!.assets).toEqual([{ namespace: "dbt", name: "shop-prod.analytics.stg_payments" }]);
  expect(failedTest!.assets).toEqual([]);
  expect(failedTest!.warnings.join()).toContain("manifest.json");
});

test("without a manifest every failure is given all that was skipped", () => {
  const [model] = firing(dbt.read(fixture("dbt", "run-results-alone")));
  expect(model!.impacted.map(assetId)).toEqual(["dbt/model.shop.orders"]);
});

test("odd results: no message, failures in words, no id, a status dbt does not have", () => {
  const reading = dbt.read(fixture("dbt", "odd-test-results"));
  expect(firing(reading).map((alert) => alert.title)).toEqual([
    "unique_customers_id failed: Test failure",
    "not_null_customers_id failed",
  ]);
  expect(reading.rejected.map((each) => each.path)).toEqual([
    "run_results.results[3].unique_id",
    "run_results.results[4].status",
  ]);
});

test("the parameters of the URL name the place, the project, the target and the run", () => {
  const [alert] = firing(dbt.read(fixture("dbt", "odd-test-results")));
  expect(alert!.assets.map(assetId)).toEqual(["snowflake://acme-prod/SHOP.public.customers"]);
  expect(alert!.dedupKey).toBe("shop/prod/test.shop.unique_customers_id.d48e126d80");
  expect(alert!.links).toEqual([{ title: "dbt run", url: "https://ci.example.com/runs/77" }]);
});

test("a run of passing tests fires nothing and resolves each of them", () => {
  const reading = dbt.read(fixture("dbt", "all-tests-pass"));
  expect(firing(reading)).toEqual([]);
  expect(new Set(resolved(reading).map((alert) => alert.dedupKey)).size).toBe(5);
});

test("a stale source is broken since its threshold passed; a check that failed never resolves", () => {
  const reading = dbt.read(fixture("dbt", "source-freshness"));
  expect(reading.alerts.map((alert) => [alert.status, alert.severity, alert.startsAt])).toEqual([
    ["resolved", "error", null],
    ["firing", "warning", "2026-11-22T02:00:00.000Z"],
    ["firing", "error", "2026-11-21T21:30:00.000Z"],
    ["firing", "error", "2026-11-22T03:00:12.000Z"],
  ]);
});

test("dbt 2 writes its states with a capital, and a stale model is another alert than its failed run", () => {
  const [model, source] = firing(dbt.read(fixture("dbt", "freshness-of-dbt-2")));
  expect(model).toMatchObject({
    dedupKey: "shop/model.shop.fct_orders/freshness",
    severity: "error",
    startsAt: "2026-11-21T20:00:00.000Z",
  });
  expect(model!.title).toMatch(/^fct_orders is stale: Last loaded at/);
  expect(source).toMatchObject({ dedupKey: "shop/source.shop.crm.payments", severity: "warning" });
  expect(source!.startsAt).toBe("2026-11-22T02:00:00.000Z");
  const passed = resolved(read([{ unique_id: "model.shop.fct_orders", status: "success" }]))[0];
  expect(passed!.dedupKey).not.toBe(model!.dedupKey);
});

test("a model that dbt 2 built with warnings is built, which ends its failure; a test that warns does not pass", () => {
  const model = { unique_id: "model.shop.fct_orders", message: "Warn", failures: null };
  const failed = firing(read([{ ...model, status: "error" }]))[0]!;
  const built = read([{ ...model, status: "warn" }]).alerts[0]!;
  expect([built.dedupKey, built.status]).toEqual([failed.dedupKey, "resolved"]);
  expect(built.title).toBe("fct_orders succeeded with warnings");
  const tested = read([{ unique_id: "test.shop.unique_orders_id.d48e126d80", status: "warn" }]).alerts[0]!;
  expect([tested.status, tested.severity]).toEqual(["firing", "warning"]);
});

test("sources.json of old, by unique id, has the identities of today's", () => {
  const state = (state: string) => ({ state, max_loaded_at: "2026-11-20T00:00:00Z" });
  const body = {
    meta: { generated_at: "2026-11-22T03:00:00Z" },
    sources: { "source.shop.crm.orders": state("error"), "source.shop.crm.customers": state("pass") },
  };
  const reading = dbt.read(request(body));
  expect(firing(reading).map(({ dedupKey }) => dedupKey)).toEqual(["shop/source.shop.crm.orders"]);
  expect(resolved(reading)).toHaveLength(1);
  expect(dbt.read(request({ sources: body })).alerts).toEqual(reading.alerts);
  expect(() => dbt.read(request({ nodes: {}, sources: { "source.shop.crm.orders": {} } }))).toThrow(
    "no dbt artifact",
  );
});

test("a unit test is about its model, whatever else it reads", () => {
  const manifest = {
    metadata: { adapter_type: "duckdb" },
    nodes: { "model.shop.orders": { database: "shop", schema: "main", name: "orders" } },
    unit_tests: {
      "unit_test.shop.orders.totals": {
        name: "totals",
        depends_on: { nodes: ["model.shop.orders", "model.shop.stg_orders"] },
        tested_node_unique_id: "model.shop.orders",
      },
    },
  };
  const [alert] = read([{ unique_id: "unit_test.shop.orders.totals", status: "fail" }], manifest).alerts;
  expect(alert!.assets.map(assetId)).toEqual(["duckdb/shop.main.orders"]);
});

test("sources.json beside run_results.json is read too", () => {
  const results = fixture("dbt", "all-tests-pass").body;
  const sources = fixture("dbt", "source-freshness").body;
  expect(dbt.read(request({ run_results: results, sources })).alerts).toHaveLength(9);
});

test("a singular test is about all the tables it reads", () => {
  const table = (name: string) => ({ resource_type: "model", relation_name: `"shop"."public"."${name}"` });
  const manifest = {
    metadata: { adapter_type: "postgres" },
    nodes: {
      "model.shop.a": table("a"),
      "model.shop.b": table("b"),
      "test.shop.a_matches_b": {
        depends_on: { nodes: ["model.shop.a", "model.shop.b"] },
        config: { severity: "warn" },
      },
    },
  };
  const [alert] = read([{ unique_id: "test.shop.a_matches_b", status: "fail" }], manifest).alerts;
  expect(alert!.assets.map(assetId)).toEqual(["postgres/shop.public.a", "postgres/shop.public.b"]);
  expect(alert!.severity).toBe("warning");
});

test("a body that is no artifact is refused with what to send", () => {
  for (const body of [null, [], {}, { run_results: { results: {} } }, { metadata: {} }, "x"]) {
    expect(() => dbt.read(request(body))).toThrow(/run_results\.json/);
  }
});

test("a big project is read in a moment", () => {
  const count = 10_000;
  const node = (i: number) => ({
    relation_name: `a.b.m${i}`,
    depends_on: { nodes: i === 0 ? [] : [`model.shop.m${i % 100}`, `model.shop.m${i - 1}`] },
  });
  const nodes = Object.fromEntries(Array.from({ length: count }, (_, i) => [`model.shop.m${i}`, node(i)]));
  const results = Array.from({ length: count }, (_, i) => ({
    unique_id: `model.shop.m${i}`,
    status: i % 2 === 0 ? "error" : "skipped",
  }));
  const started = performance.now();
  const reading = read(results, { metadata: { adapter_type: "snowflake" }, nodes });
  expect(performance.now() - started).toBeLessThan(5000);
  expect(reading.alerts).toHaveLength(count / 2);
});
