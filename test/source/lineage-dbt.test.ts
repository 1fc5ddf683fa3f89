import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { documentHash, LineageDocument } from "../../src/core/correlate/lineage-document.ts";
import { assetId } from "../../src/core/signal/asset.ts";
import { dbt } from "../../src/source/dbt.ts";
import { type DbtLineageOptions, readDbtLineage } from "../../src/source/lineage-dbt.ts";
import { RECEIVED_AT, request } from "./fixtures.ts";

type Json = Record<string, unknown>;
const OPTIONS: DbtLineageOptions = { namespace: null, project: null, target: null, receivedAt: RECEIVED_AT };
const MANIFEST = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/lineage/fernhollow-manifest.json"), "utf8"),
);
const read = (manifest: unknown, options: Partial<DbtLineageOptions> = {}) =>
  readDbtLineage(manifest, { ...OPTIONS, ...options });

function edgesOf(document: LineageDocument): string[] {
  const name = (at: number) => assetId(document.assets[at]!);
  return document.edges.map(([from, to]) => `${name(from)} → ${name(to)}`).sort();
}

describe("a manifest with every sort of node", () => {
  const { document, warnings } = read(MANIFEST);
  const asset = (name: string) => document.assets.find((each) => each.name === name)!;

  test("is a document of its project, at the time it was generated", () => {
    expect(document).toMatchObject({ provider: "dbt", key: "fernhollow", at: "2026-11-22T02:15:07.412Z" });
    expect(LineageDocument.parse(document)).toEqual(document);
  });

  test("edges lead from sources over ephemeral models, semantic models and metrics to exposures", () => {
    const snowflake = (name: string) => `snowflake/FERN_PROD.${name}`;
    expect(edgesOf(document)).toEqual(
      [
        `snowflake/FERN_RAW.shop.orders_v2 → ${snowflake("staging.stg_orders")}`,
        `snowflake/FERN_RAW.shop.orders_v2 → ${snowflake("snapshots.orders_history")}`,
        `${snowflake("staging.stg_orders")} → ${snowflake("analytics.int_paid_orders")}`,
        `${snowflake("seeds.payment_methods")} → ${snowflake("analytics.int_paid_orders")}`,
        `${snowflake("analytics.int_paid_orders")} → ${snowflake("analytics.daily_revenue")}`,
        `${snowflake("analytics.daily_revenue")} → dbt/semantic_model.fernhollow.revenue`,
        "dbt/semantic_model.fernhollow.revenue → dbt/metric.fernhollow.revenue",
        "dbt/metric.fernhollow.revenue → dbt/exposure.fernhollow.weekly_revenue",
      ].sort(),
    );
  });

  test("tests, analyses and disabled nodes are no assets", () => {
    expect(document.assets.map(({ kind }) => kind).sort()).toEqual(
      ["exposure", "metric", "metric", "model", "model", "model", "seed", "snapshot", "source"].sort(),
    );
  });

  test("a model says whose it is, how much depends on it, what defines it and what watches it", () => {
    expect(asset("FERN_PROD.analytics.daily_revenue")).toEqual({
      namespace: "snowflake",
      name: "FERN_PROD.analytics.daily_revenue",
      kind: "model",
      title: "revenue",
      type: "incremental",
      owner: "Finance Data",
      ownerEmail: "finance-data@fernhollow.example",
      group: "finance",
      tier: "gold",
      description: "One row a day.",
      paths: ["models/marts/revenue.sql", "models/marts/_marts.yml"],
      tests: [
        "test.fernhollow.not_null_revenue_day.5a1c0e7b21",
        "test.fernhollow.relationships_revenue_order.91d3f2aa04",
        "unit_test.fernhollow.revenue.sums_up",
      ],
    });
  });

  test("an exposure is a consumer with its owner and page", () => {
    expect(asset("exposure.fernhollow.weekly_revenue")).toMatchObject({
      namespace: "dbt",
      kind: "exposure",
      title: "Weekly revenue",
      type: "dashboard",
      maturity: "high",
      owner: "Finance",
      ownerEmail: "finance@fernhollow.example",
      url: "https://bi.fernhollow.example/dashboards/12",
    });
  });

  test("owners and tiers are found in all the places where dbt lets them be written", () => {
    expect(asset("FERN_RAW.shop.orders_v2")).toMatchObject({
      owner: "Shop",
      ownerEmail: "shop@fernhollow.example",
      tier: "1",
    });
    expect(asset("FERN_PROD.seeds.payment_methods")).toMatchObject({ owner: "Payments, Shop", tier: "2" });
    expect(asset("FERN_PROD.snapshots.orders_history")).toMatchObject({
      tags: ["weekly"],
      paths: ["snapshots/orders_history.sql"],
    });
  });

  test("a reference to a node that is not there is left out and said", () => {
    expect(warnings).toEqual([
      "1 nodes that others read are not in the manifest: model.fernhollow.gone_last_week.",
    ]);
  });
});

test("lineage names tables exactly as dbt's alerts do, with and without a namespace", () => {
  const ids = Object.keys({ ...MANIFEST.nodes, ...MANIFEST.sources });
  for (const namespace of [null, "snowflake://fernhollow"]) {
    const results = ids.map((unique_id) => ({ unique_id, status: "error" }));
    const query = namespace === null ? {} : { namespace };
    const body = { run_results: { metadata: {}, results }, manifest: MANIFEST };
    const alerts = dbt.read(request(body, { query })).alerts.flatMap(({ assets }) => assets.map(assetId));
    const known = new Set(read(MANIFEST, { namespace }).document.assets.map(assetId));
    expect(alerts.length).toBeGreaterThan(5);
    expect(alerts.filter((id) => !known.has(id))).toEqual([]);
  }
});

test("the same project in another order, generated later, states the same; a new edge does not", () => {
  const reversed = (map: Json) => Object.fromEntries(Object.entries(map).reverse());
  const again = {
    ...MANIFEST,
    metadata: { ...MANIFEST.metadata, generated_at: "2026-11-23T02:15:00Z" },
    nodes: reversed(MANIFEST.nodes),
  };
  const hash = documentHash(read(MANIFEST).document);
  expect(documentHash(read(again).document)).toBe(hash);
  const model = { ...MANIFEST.nodes["model.fernhollow.stg_orders"], depends_on: { nodes: [] } };
  const less = { ...MANIFEST, nodes: { ...MANIFEST.nodes, "model.fernhollow.stg_orders": model } };
  expect(documentHash(read(less).document)).not.toBe(hash);
});

test("the key holds the target, and the project given wins over the manifest's", () => {
  expect(read(MANIFEST, { target: "prod" }).document.key).toBe("fernhollow/prod");
  expect(read(MANIFEST, { project: "shop", target: "ci" }).document.key).toBe("shop/ci");
});

test("an old manifest names no project: it is the package of most models", () => {
  const { project_name, ...metadata } = MANIFEST.metadata;
  expect(read({ ...MANIFEST, metadata }).document.key).toBe("fernhollow");
  expect(() => read({ metadata, nodes: {} })).toThrow("send ?project=");
});

test("a slimmed manifest without adapter: tables under dbt, edges from parent_map", () => {
  const { document, warnings } = read({
    manifest: {
      nodes: { "model.shop.a": { schema: "x", name: "a" }, "model.shop.b": { schema: "x", name: "b" } },
      parent_map: { "model.shop.b": ["model.shop.a"] },
    },
  });
  expect(edgesOf(document)).toEqual(["dbt/x.a → dbt/x.b"]);
  expect(warnings.join()).toContain("adapter_type");
});

test("models that depend on each other are kept, and said", () => {
  const model = (name: string, parent: string) => ({ schema: "x", name, depends_on: { nodes: [parent] } });
  const { document, warnings } = read({
    metadata: { adapter_type: "bigquery" },
    nodes: {
      "model.shop.a": model("a", "model.shop.b"),
      "model.shop.b": model("b", "model.shop.a"),
      "model.shop.c": model("c", "model.shop.c"),
    },
  });
  expect(edgesOf(document)).toEqual(["bigquery/x.a → bigquery/x.b", "bigquery/x.b → bigquery/x.a"]);
  expect(warnings.join()).toContain("2 assets are in or between cycles");
});

test.each([null, 3, "manifest", [[]], {}, { nodes: [] }, { results: [] }])("%j is no manifest", (body) => {
  expect(() => read(body)).toThrow("no dbt manifest");
});

test("odd nodes harm nobody", () => {
  const { document } = read({
    metadata: { adapter_type: "postgres", project_name: "shop", generated_at: "yesterday" },
    nodes: {
      "model.shop.null": null,
      "model.shop.list": [],
      "model.shop.long": { name: "x".repeat(2000) },
      "model.shop.odd": {
        name: "odd",
        tags: [1, null, {}],
        meta: "gold",
        depends_on: { nodes: "no", macros: 3 },
      },
      __proto__: { name: "p" },
      model: { name: "no id" },
    },
    exposures: { "exposure.shop.x": { url: "javascript:alert(1)", owner: "nobody", depends_on: null } },
  });
  expect(document.at).toBeNull();
  expect(document.assets.find(({ kind }) => kind === "exposure")).toEqual({
    namespace: "dbt",
    name: "exposure.shop.x",
    kind: "exposure",
    title: "x",
    owner: "nobody",
  });
  expect(LineageDocument.safeParse(document).success).toBe(true);
});
