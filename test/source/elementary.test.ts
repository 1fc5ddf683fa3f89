import { expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { elementary } from "../../src/source/elementary.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => elementary.read(fixture("elementary", name)).alerts;
const of = (row: object, query = {}) => elementary.read(request(row, { query })).alerts[0];
const ROW = {
  id: "1",
  alert_class_id: "test.a.b.None.generic",
  status: "fail",
  test_short_name: "unique",
  table_name: "t",
};

test("a test's pass from elementary_test_results, which has no class id, ends its alert", () => {
  const [failed] = read("test-failed");
  const [passed] = read("test-results-pass");
  expect(passed).toMatchObject({ status: "resolved", dedupKey: failed!.dedupKey });
  expect(passed!.deliveryId).not.toBe(failed!.deliveryId);
});

test("two tests of one table are two alerts, one test of two columns as well", () => {
  const key = (test_unique_id: string, column_name: string | null) =>
    of({ test_unique_id, column_name, test_sub_type: "generic", status: "fail" })!.dedupKey;
  expect(key("test.a", null)).toBe("test.a.None.generic");
  expect(new Set([key("test.a", null), key("test.a", "c"), key("test.b", null)]).size).toBe(3);
});

test("the row that is sent again is no news, the next failure is", () => {
  expect(of(ROW)!.deliveryId).toBe(of(ROW)!.deliveryId);
  expect(of({ ...ROW, id: "2" })!.deliveryId).not.toBe(of(ROW)!.deliveryId);
});

test("lists and objects that are texts of JSON are read, broken ones are kept as they are", () => {
  expect(read("test-failed")[0]!.labels).toMatchObject({
    owner: "logistics, data-platform",
    tags: "hourly",
    subscribers: "@night-shift",
  });
  expect(of({ ...ROW, owners: ["a", "b"], tags: "one" })!.labels).toMatchObject({
    owner: "a, b",
    tags: "one",
  });
  expect(of({ ...ROW, owners: '["a"', test_meta: "{" })!.labels.owner).toBe('["a"');
});

test.each([
  ["fail", "ERROR", "firing", "error"],
  ["warn", "ERROR", "firing", "warning"],
  ["fail", "WARN", "firing", "warning"],
  ["error", undefined, "firing", "error"],
  ["Pass", "ERROR", "resolved", "error"],
])("status %s with severity %s is %s, %s", (status, severity, reads, as) => {
  expect(of({ ...ROW, status, severity })).toMatchObject({ status: reads, severity: as });
});

test("what was skipped is no alert", () => expect(of({ ...ROW, status: "skipped" })).toBeUndefined());

test("of the table alerts_v2 the alert counts, not whether it was sent", () => {
  const row = {
    alert_id: "9",
    alert_class_id: ROW.alert_class_id,
    type: "test",
    status: "sent",
    data: JSON.stringify(ROW),
  };
  expect(of(row)).toMatchObject({ status: "firing", dedupKey: ROW.alert_class_id });
  expect(of({ ...row, data: JSON.stringify({ ...ROW, status: "pass" }) })!.status).toBe("resolved");
  expect(() => of({ ...row, data: "{}" })).toThrow(/status/);
});

test("a row, a list of rows and {alerts} read alike", () => {
  const keys = [ROW, [ROW], { alerts: [ROW] }].map((body) =>
    elementary.read(request(body)).alerts.map((alert) => alert.dedupKey),
  );
  expect(keys).toEqual([[ROW.alert_class_id], [ROW.alert_class_id], [ROW.alert_class_id]]);
});

test("the table is named as far as the row names it, where ?namespace= says", () => {
  const row = { ...ROW, database_name: "d", schema_name: "s" };
  expect(of(row)!.assets.map(assetId)).toEqual(["elementary/d.s.t"]);
  expect(of({ ...row, database_name: null }, { namespace: "bigquery" })!.assets.map(assetId)).toEqual([
    "bigquery/s.t",
  ]);
  expect(read("alerts-batch").map((alert) => alert.assets.map(assetId).join())).toEqual([
    "elementary/lake.logistics.returns",
    "elementary/lake.raw.tracking",
    "elementary/lake.logistics.shipments",
    "elementary/lake.raw.rates",
  ]);
});

test("environments are kept apart", () =>
  expect(of(ROW, { environment: "dev" })!.dedupKey).not.toBe(of(ROW, { environment: "prod" })!.dedupKey));

test("freshness that could not be measured is told as that", () => {
  const row = {
    model_unique_id: "source.a.b",
    source_name: "a",
    identifier: "b",
    status: "error",
    original_status: "runtime error",
  };
  expect(of(row)!.title).toBe("The freshness of source a.b could not be checked");
  expect(of({ ...row, original_status: "error" })!.title).toBe("Source a.b is not fresh");
});

test("rows without identity or status, or with a template for one, are refused by name", () => {
  expect(() => of({ status: "fail" })).toThrow(/alert_class_id/);
  expect(() => of({ ...ROW, alert_class_id: "{{ id }}" })).toThrow(/alert_class_id/);
  expect(() => of({ ...ROW, status: null })).toThrow(/status/);
  for (const body of [null, 7, "x", { alerts: {} }]) expect(() => elementary.read(request(body))).toThrow();
});
