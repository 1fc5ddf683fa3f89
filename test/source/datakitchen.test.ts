import { expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { datakitchen } from "../../src/source/datakitchen.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => datakitchen.read(fixture("datakitchen", name));
const nothing = { alerts: [], rejected: [] };

test("a test that passes the next day closes the one that failed", () => {
  const [failed] = read("v1-outcomes").alerts;
  const [passed] = read("v1-outcomes-next-day").alerts;
  expect([failed!.status, passed!.status]).toEqual(["firing", "resolved"]);
  expect(passed!.dedupKey).toBe(failed!.dedupKey);
  expect(passed!.deliveryId).not.toBe(failed!.deliveryId);
});

test("tests of one kind on one table are told apart by their keys", () => {
  const [first, second] = read("v1-outcomes").alerts;
  expect(first!.labels.test).toBe(second!.labels.test);
  expect(first!.dedupKey).not.toBe(second!.dedupKey);
  expect([first!.severity, second!.severity]).toEqual(["error", "warning"]);
  expect(first!.assets.map(assetId)).toEqual(["snowflake/SHOP.core.orders"]);
});

test("without keys they are told apart by table and columns", () => {
  const on = (columns: string[]) => ({
    name: "No missing values",
    status: "FAILED",
    integrations: { testgen: { table: "orders", columns, test_suite: "s" } },
  });
  const body = { dataset_key: "d", test_outcomes: [on(["a"]), on(["b"]), on(["a"])] };
  const keys = datakitchen.read(request(body)).alerts.map((alert) => alert.dedupKey);
  expect(keys[0]).not.toBe(keys[1]);
  expect(keys[2]).toBe(keys[0]);
});

test("the empty list of the connection test is taken, whatever else it holds", () => {
  expect(read("v1-outcomes-empty")).toEqual(nothing);
  expect(datakitchen.read(request({ test_outcomes: [] }))).toEqual(nothing);
});

test("one outcome that cannot be read takes none of the others with it", () => {
  const body = {
    dataset_key: "d",
    test_outcomes: [
      { name: "a", status: "PASSED" },
      { name: "b", status: "BROKEN" },
    ],
  };
  const { alerts, rejected } = datakitchen.read(request(body));
  expect(alerts).toHaveLength(1);
  expect(rejected.map((each) => each.path)).toEqual(["test_outcomes[1].status"]);
});

test("a run that completes closes the run that failed; one that runs says nothing", () => {
  const [failed] = read("v1-run-failed").alerts;
  const [completed] = read("v1-run-completed").alerts;
  expect(completed).toMatchObject({ status: "resolved", dedupKey: failed!.dedupKey });
  expect(completed!.deliveryId).not.toBe(failed!.deliveryId);
  expect(read("v1-run-running")).toEqual(nothing);
});

test("both versions of the API speak of one pipeline", () => {
  expect(read("v2-pipeline-failed").alerts[0]!.dedupKey).toBe(read("v1-run-failed").alerts[0]!.dedupKey);
});

test("a task is another thing than its pipeline", () => {
  const [task] = read("v1-task-with-warnings").alerts;
  expect(task).toMatchObject({
    dedupKey: "orders-nightly/copy-orders",
    status: "firing",
    severity: "warning",
  });
});

test("times without a zone are UTC", () => {
  expect(read("v1-run-failed").alerts[0]!.startsAt).toBe("2026-11-22T03:08:22.000Z");
});

test("of a log only warnings and worse fire, as one alert of the worst level", () => {
  expect(read("v2-message-log").alerts).toHaveLength(1);
  expect(read("v2-message-log").alerts[0]).toMatchObject({
    severity: "error",
    dedupKey: "orders-nightly/message-log",
  });
  expect(read("v2-message-log-info")).toEqual(nothing);
  const critical = { pipeline_key: "p", run_key: "r", log_level: "CRITICAL", message: "Disk full" };
  expect(datakitchen.read(request(critical)).alerts[0]!.severity).toBe("critical");
});

test.each(["v1-metric-log", "v2-dataset-operation"])("%s is no news", (name) =>
  expect(read(name)).toEqual(nothing),
);

test("the address says what is posted, under whatever base", () => {
  const body = { pipeline_key: "p", run_key: "r", status: "FAILED", metric_key: "rows" };
  for (const path of [
    "/events/v1/run-status",
    "/api/events/v1/run-status",
    "/events/v2/batch-pipeline-status/",
  ])
    expect(datakitchen.read(request(body, { path })).alerts).toHaveLength(1);
  expect(datakitchen.read(request(body, { path: "/events/v1/metric-log" }))).toEqual(nothing);
  expect(datakitchen.read(request({ agent_key: "a" }, { path: "/agent/v1/heartbeat" }))).toEqual(nothing);
});

test("a webhook of the rules engine is sent to the generic source", () => {
  expect(() => datakitchen.read(request({ task_status: "status: SOME STATUS" }))).toThrow(/generic/);
  expect(() => datakitchen.read(request({ status: "FAILED" }, { path: "/events/v1/run-status" }))).toThrow(
    /component/,
  );
});

test("the key comes in DataKitchen's own header, bare, or as a bearer token", async () => {
  const header = "serviceaccountauthenticationkey";
  await datakitchen.authenticate(request({}, { headers: { [header]: "new" } }), ["old", "new"]);
  await datakitchen.authenticate(request({}, { headers: { authorization: "Bearer old" } }), ["old", "new"]);
  const refused = async (headers: Record<string, string>) =>
    datakitchen.authenticate(request({}, { headers }), ["old"]);
  await expect(refused({ [header]: "wrong", authorization: "Bearer old" })).rejects.toThrow(/secret/);
  await expect(refused({})).rejects.toThrow(/no secret/);
});

test("a log without warnings is no alert, also where it names no component", () => {
  const body = { component: { dataset: null }, log_entries: [{ level: "INFO", message: "loaded" }] };
  expect(datakitchen.read(request(body)).alerts).toEqual([]);
  expect(() =>
    datakitchen.read(request({ ...body, log_entries: [{ level: "ERROR", message: "x" }] })),
  ).toThrow();
});
