import { describe, expect, test } from "vitest";
import { datasetKey, type NamespaceRule, renameAsset } from "../../src/core/signal/dataset.ts";
import { SOURCES } from "../../src/source/registry.ts";
import { request } from "./fixtures.ts";

/** The namespaces that only this team knows the meaning of, as breakwater.yaml's `assetNames` says them. */
const RULES: NamespaceRule[] = [
  { from: "warehouse", to: "postgres://db.fernhollow.example:5432", prefix: "shop.core" },
  { from: "postgres", to: "postgres://db.fernhollow.example:5432", prefix: "shop.core" },
];

/** What each tool says when the table `shop.core.orders` of one Postgres is broken, each in its own way of naming it. */
const SAID: Record<
  string,
  { body: unknown; headers?: Record<string, string>; query?: Record<string, string> }
> = {
  dbt: {
    body: {
      run_results: {
        metadata: { invocation_id: "i1", generated_at: "2026-11-22T03:00:00Z" },
        args: { which: "build" },
        results: [{ unique_id: "model.shop.orders", status: "error", message: "boom", timing: [] }],
      },
      manifest: {
        metadata: { adapter_type: "postgres", project_name: "shop" },
        nodes: {
          "model.shop.orders": {
            unique_id: "model.shop.orders",
            resource_type: "model",
            name: "orders",
            database: "shop",
            schema: "core",
            alias: "orders",
            relation_name: '"shop"."core"."orders"',
            depends_on: { nodes: [] },
            config: {},
          },
        },
        sources: {},
      },
    },
  },
  openlineage: {
    body: {
      eventType: "FAIL",
      eventTime: "2026-11-22T03:00:00.000Z",
      run: { runId: "0192f2b0-0000-7000-8000-000000000001" },
      job: { namespace: "airflow", name: "orders_daily.load" },
      outputs: [{ namespace: "postgres://DB.fernhollow.example", name: "shop.core.orders" }],
    },
  },
  airflow: {
    body: {
      dag_id: "orders_daily",
      task_id: "load",
      status: "firing",
      outlets: [{ uri: "postgresql://db.fernhollow.example/shop/core/orders" }],
    },
  },
  datahub: {
    body: {
      entityUrn: "urn:li:incident:1",
      entityType: "incident",
      category: "INCIDENT",
      operation: "ACTIVE",
      parameters: {
        entities: "[urn:li:dataset:(urn:li:dataPlatform:postgres,shop.core.orders,PROD)]",
        title: "late",
      },
      auditStamp: { actor: "urn:li:corpuser:maya", time: 1_795_316_400_000 },
      version: 0,
    },
  },
  "great-expectations": {
    body: {
      success: false,
      suite_name: "orders",
      meta: {
        batch_spec: { schema_name: "core", table_name: "orders" },
        run_id: { run_name: "r" },
        active_batch_definition: { datasource_name: "warehouse", data_asset_name: "orders" },
      },
      results: [
        {
          success: false,
          expectation_config: {
            type: "expect_column_values_to_not_be_null",
            kwargs: { column: "id", batch_id: "warehouse-orders" },
          },
          result: { element_count: 10, unexpected_count: 1 },
        },
      ],
    },
  },
  soda: {
    body: {
      event: "checkEvaluation",
      checkResults: [
        {
          id: "c1",
          definition: "row_count > 0",
          outcome: "fail",
          datasets: [{ id: "d1", name: "orders", datasource: { name: "warehouse" } }],
        },
      ],
    },
  },
  openmetadata: {
    body: {
      eventType: "entityUpdated",
      entityType: "testCase",
      entityFullyQualifiedName: "warehouse.shop.core.orders.rows",
      timestamp: 1_795_316_400_000,
      entity: {
        name: "rows",
        fullyQualifiedName: "warehouse.shop.core.orders.rows",
        entityLink: "<#E::table::warehouse.shop.core.orders>",
        testCaseResult: { testCaseStatus: "Failed", result: "0 rows" },
      },
    },
  },
  alertmanager: {
    body: {
      version: "4",
      status: "firing",
      alerts: [
        {
          status: "firing",
          labels: { alertname: "OrdersLate", dataset_namespace: "warehouse", table: "SHOP.CORE.ORDERS" },
          annotations: {},
          startsAt: "2026-11-22T03:00:00Z",
          endsAt: "0001-01-01T00:00:00Z",
          fingerprint: "a1b2c3d4e5f60718",
        },
      ],
    },
  },
  generic: { body: { title: "orders is late", assets: ["warehouse/orders"] } },
};

describe("one table has one name, whichever tool reports it", () => {
  test.each(Object.entries(SAID))("%s", (name, { body, headers, query }) => {
    const { read } = SOURCES.find((source) => source.name === name)!;
    const { alerts } = read!(
      request(body, { headers: { "content-type": "application/json", ...headers }, query: query ?? {} }),
    );
    expect(alerts.length).toBeGreaterThan(0);
    for (const { assets } of alerts) {
      expect(assets.map((asset) => datasetKey(renameAsset(asset, RULES)))).toEqual([
        datasetKey({ namespace: "postgres://db.fernhollow.example:5432", name: "shop.core.orders" }),
      ]);
    }
  });
});
