import { expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { openlineage } from "../../src/source/openlineage.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => openlineage.read(fixture("openlineage", name));
const byKey = (name: string) => new Map(read(name).alerts.map((alert) => [alert.dedupKey, alert]));

test("the bearer token is what proves an event", () => {
  openlineage.authenticate(request({}, { headers: { authorization: "Bearer s3cret" } }), ["s3cret"]);
  expect(() => openlineage.authenticate(request({}), ["s3cret"])).toThrow(/secret/);
});

test("the next run that completes closes the failure, and is no retry of it", () => {
  const failed = read("dbt-cascade").alerts.find(({ assets }) => assets.length > 0)!;
  const [completed] = read("dbt-model-completed").alerts;
  expect([failed.status, completed!.status]).toEqual(["firing", "resolved"]);
  expect(completed!.dedupKey).toBe(failed.dedupKey);
  expect(completed!.deliveryId).not.toBe(failed.deliveryId);
});

test("checks that pass later close the checks that failed, one by one", () => {
  const failed = byKey("dbt-tests-failed");
  const passed = byKey("dbt-tests-passed");
  expect([...passed.keys()]).toEqual([...failed.keys()]);
  expect([...failed.values()].map((alert) => alert.status)).toEqual([
    "firing",
    "firing",
    "firing",
    "resolved",
    "resolved",
  ]);
  expect([...passed.values()].every((alert) => alert.status === "resolved")).toBe(true);
});

test("two tests of one kind on one column are two checks, told once though two facets hold them", () => {
  const onStatus = read("dbt-tests-failed").alerts.filter((alert) => alert.labels.column === "STATUS");
  expect(onStatus.map((alert) => [alert.labels.assertion, alert.status, alert.severity])).toEqual([
    ["accepted_values", "firing", "warning"],
    ["accepted_values", "resolved", "error"],
  ]);
});

test("a test's job is broken on the data it checks, not on where it keeps the failures", () => {
  const [job] = read("dbt-test-of-structured-logs").alerts;
  expect(job!.assets.map(assetId)).toEqual(["snowflake://fernhollow-prod/SHOP.CORE.ORDERS"]);
});

test("statement, model and command of one failing dbt run belong together, and only the model has data", () => {
  const { alerts } = read("dbt-cascade");
  expect(new Set(alerts.map((alert) => alert.groupHint)).size).toBe(1);
  expect(alerts.map((alert) => alert.assets.length)).toEqual([0, 1, 0]);
});

test("a try of an Airflow task after which there is another is a warning, the last one the error", () => {
  const failed = (try_number: unknown, retries: unknown) => {
    const event = {
      eventType: "FAIL",
      eventTime: "2026-11-22T02:03:09Z",
      run: {
        runId: `run-${try_number}`,
        facets: { airflow: { taskInstance: { try_number }, task: { retries } } },
      },
      job: { namespace: "prod", name: "orders_daily.load" },
    };
    const [alert] = openlineage.read(request(event)).alerts;
    return [alert!.status, alert!.severity, alert!.title, alert!.labels.try_number];
  };
  expect(failed(1, 2)).toEqual(["firing", "warning", "orders_daily.load failed (try 1 of 3)", "1"]);
  expect(failed("2", "2")).toEqual(["firing", "warning", "orders_daily.load failed (try 2 of 3)", "2"]);
  expect(failed(3, 2)).toEqual(["firing", "error", "orders_daily.load failed", "3"]);
  expect(failed(1, 0)).toEqual(["firing", "error", "orders_daily.load failed", "1"]);
  // Cleared, it counts on.
  expect(failed(4, 2)).toEqual(["firing", "error", "orders_daily.load failed", "4"]);
  // Older providers tell neither.
  expect(failed(undefined, undefined)).toEqual(["firing", "error", "orders_daily.load failed", undefined]);
});

test("one instance of a mapped Airflow task that completes does not end the failure of another", () => {
  const event = (eventType: string, map_index: number | null) => ({
    eventType,
    eventTime: "2026-11-22T02:03:09Z",
    run: { runId: `run-${map_index}-${eventType}`, facets: { airflow: { taskInstance: { map_index } } } },
    job: { namespace: "prod", name: "orders_daily.load_shop" },
  });
  const [failed, other, passed] = openlineage.read(
    request([event("FAIL", 3), event("COMPLETE", 4), event("COMPLETE", 3)]),
  ).alerts;
  expect(other!.dedupKey).not.toBe(failed!.dedupKey);
  expect([passed!.dedupKey, passed!.status]).toEqual([failed!.dedupKey, "resolved"]);
  expect(failed!.labels.map_index).toBe("3");
  const plain = (index: number | null) => openlineage.read(request(event("FAIL", index))).alerts[0]!.dedupKey;
  expect([plain(null), plain(-1)]).toEqual(["prod/orders_daily.load_shop", "prod/orders_daily.load_shop"]);
});

test("task and DAG run of one failing Airflow run belong together", () => {
  const { alerts } = read("airflow-cascade");
  expect(alerts).toHaveLength(2);
  expect(alerts[1]!.groupHint).toBe(alerts[0]!.groupHint);
});

const dbtJob = (name: string, more: { inputs?: object[]; facets?: object } = {}) =>
  openlineage
    .read(
      request({
        eventType: "FAIL",
        job: {
          namespace: "dbt",
          name,
          facets: { jobType: { integration: "DBT", jobType: "MODEL" }, ...more.facets },
        },
        run: { runId: "1" },
        inputs: more.inputs ?? [{ namespace: "bigquery", name: "p.raw.orders" }],
      }),
    )
    .alerts[0]!.assets.map(assetId);

test("a dbt model that failed, and so has no outputs, is the relation that it would have made", () => {
  expect(dbtJob("p.core.warehouse.orders")).toEqual(["bigquery/p.core.orders"]);
  expect(dbtJob("p.core.warehouse.orders.build.run")).toEqual(["bigquery/p.core.orders"]);
  const facets = { dbt_node: { database: "p", schema: "core", alias: "orders_v2" } };
  expect(dbtJob("p.core.warehouse.orders", { facets })).toEqual(["bigquery/p.core.orders_v2"]);
});

test("where nothing tells its namespace or schema, the dbt model itself is what is broken", () => {
  expect(dbtJob("p.core.warehouse.orders", { inputs: [] })).toEqual(["dbt/p.core.warehouse.orders"]);
  expect(dbtJob("model.warehouse.orders")).toEqual(["dbt/model.warehouse.orders"]);
});

test("a dbt test that could not run is about what it reads, not about the table of its failing rows", () => {
  const [alert] = openlineage.read(
    request({
      eventType: "FAIL",
      run: { runId: "1" },
      job: {
        namespace: "dbt",
        name: "test.shop.assert_totals",
        facets: { jobType: { integration: "DBT", jobType: "TEST" } },
      },
      inputs: [{ namespace: "bigquery", name: "p.core.orders" }],
      outputs: [{ namespace: "bigquery", name: "p.core_dbt_test__audit.assert_totals" }],
    }),
  ).alerts;
  expect(alert!.assets.map(assetId)).toEqual(["bigquery/p.core.orders"]);
});

const testRun = (status: string, inputs: string[]) =>
  openlineage.read(
    request({
      eventType: "COMPLETE",
      run: {
        runId: "1",
        facets: {
          test: {
            tests: [
              {
                name: "rows_arrived",
                status,
                severity: "warn",
                type: "row_count",
                expected: ">0",
                actual: "0",
              },
              { name: "not_reached", status: "skip" },
            ],
          },
        },
      },
      job: { namespace: "quality", name: "orders_checks" },
      inputs: inputs.map((name) => ({ namespace: "bigquery", name })),
    }),
  ).alerts;

test("tests of a run, which name no dataset, are about the one that the run reads", () => {
  const [job, failed, ...none] = testRun("fail", ["p.core.orders"]);
  expect(none).toEqual([]);
  expect(job!.status).toBe("resolved");
  expect(failed).toMatchObject({
    status: "firing",
    severity: "warning",
    title: "rows_arrived on p.core.orders failed (0, expected >0)",
  });
  expect(failed!.assets.map(assetId)).toEqual(["bigquery/p.core.orders"]);
  expect(testRun("pass", ["p.core.orders"])[1]).toMatchObject({
    status: "resolved",
    dedupKey: failed!.dedupKey,
  });
  expect(testRun("fail", ["p.core.orders", "p.core.items"])[1]!.assets).toEqual([]);
});

test("START, RUNNING, ABORT, OTHER and static events say nothing", () => {
  expect(read("start-running-abort-other")).toMatchObject({ alerts: [], rejected: [] });
  expect(read("static-events")).toMatchObject({ alerts: [], rejected: [] });
});

test("in a batch, what is no event is told by its place", () => {
  const { alerts, rejected } = read("batch-with-one-wrong");
  expect(alerts).toHaveLength(2);
  expect(rejected).toEqual([{ path: "[0].eventType", message: "is required" }]);
});

test("a body that is no event is refused", () => {
  for (const body of [null, {}, "x", { eventType: "FAIL" }, { eventType: "FAIL", job: { name: "j" } }])
    expect(() => openlineage.read(request(body))).toThrow();
});
