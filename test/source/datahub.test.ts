import { expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { assetOfUrn, datahub, parseUrn, urnsIn } from "../../src/source/datahub.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => datahub.read(fixture("datahub", name));
const ORDERS = "urn:li:dataset:(urn:li:dataPlatform:snowflake,shop.core.orders,PROD)";

test("an incident that is resolved closes the one that was active", () => {
  const [active] = read("incident-active").alerts;
  const [resolved] = read("incident-resolved").alerts;
  expect([active!.status, resolved!.status]).toEqual(["firing", "resolved"]);
  expect(resolved!.dedupKey).toBe(active!.dedupKey);
  expect(resolved!.deliveryId).not.toBe(active!.deliveryId);
});

test("an assertion that passes closes the one that failed; one that errs closes nothing", () => {
  const [failed] = read("assertion-failed").alerts;
  const [passed] = read("assertion-passed").alerts;
  const [erred] = read("assertion-error").alerts;
  expect([failed!.status, passed!.status, erred!.status]).toEqual(["firing", "resolved", "firing"]);
  expect(new Set([failed, passed, erred].map((alert) => alert!.dedupKey)).size).toBe(1);
  expect(new Set([failed, passed, erred].map((alert) => alert!.deliveryId)).size).toBe(3);
  expect(erred!.severity).toBe("warning");
});

test("a run of a task goes by the task, not by the run", () => {
  expect(read("task-run-failed").alerts[0]!.dedupKey).toContain("dataJob");
  const nameless = { entityUrn: "urn:li:dataProcessInstance:1", category: "RUN", operation: "COMPLETED" };
  expect(datahub.read(request({ ...nameless, parameters: { runResult: "FAILURE" } })).alerts).toEqual([]);
});

test("columns are changes, each with its own identity", () => {
  const { alerts, changes } = read("columns-changed");
  expect(alerts).toEqual([]);
  expect(changes!.map((change) => [change.kind, change.title])).toEqual([
    ["schema", "Column coupon removed from shop.core.orders"],
    ["schema", "Column promo_code added to shop.core.orders"],
  ]);
  expect(new Set(changes!.map((change) => change.dedupKey)).size).toBe(2);
});

test("tags, owners and metadata change logs are no news", () => {
  expect(read("tag-added")).toEqual({ alerts: [], rejected: [] });
  const log = { event_type: "MetadataChangeLogEvent_v1", event: { entityUrn: ORDERS, aspectName: "status" } };
  expect(datahub.read(request(log))).toEqual({ alerts: [], rejected: [] });
});

test("a body that is no event is refused with the missing field", () => {
  expect(() => datahub.read(request({ category: "INCIDENT" }))).toThrow(/entityUrn/);
  expect(() => datahub.read(request({ entityUrn: ORDERS }))).toThrow(/category/);
});

test.each([
  ["[urn:li:tag:a, urn:li:tag:b]", ["urn:li:tag:a", "urn:li:tag:b"]],
  [`[${ORDERS}]`, [ORDERS]],
  [`["${ORDERS}","urn:li:tag:a"]`, [ORDERS, "urn:li:tag:a"]],
  [[ORDERS, ORDERS, 1], [ORDERS]],
  [ORDERS, [ORDERS]],
  ["nothing", []],
  [null, []],
])("the urns in %j", (value, urns) => expect(urnsIn(value)).toEqual(urns));

test("a urn in a urn is one part", () => {
  expect(parseUrn(`urn:li:schemaField:(${ORDERS},amount)`)).toEqual({
    type: "schemaField",
    parts: [ORDERS, "amount"],
  });
  expect(parseUrn("urn:li:corpuser:ines")).toEqual({ type: "corpuser", parts: ["ines"] });
  for (const text of ["", "orders", "urn:li:", "urn:li:dataset:"]) expect(parseUrn(text)).toBeNull();
});

test.each([
  [ORDERS, "snowflake/shop.core.orders"],
  ["urn:li:dataset:(urn:li:dataPlatform:postgresql,shop.public.orders,DEV)", "postgres/shop.public.orders"],
  ["urn:li:dataset:(urn:li:dataPlatform:s3,lake/raw/orders,PROD)", "s3://lake/raw/orders"],
  ["urn:li:dataset:(urn:li:dataPlatform:gcs,lake/raw/orders,PROD)", "gs://lake/raw/orders"],
  ["urn:li:dataset:abc", "datahub/abc"],
  [`urn:li:schemaField:(${ORDERS},amount)`, "snowflake/shop.core.orders"],
  ["urn:li:dashboard:(looker,dashboards.42)", "looker/dashboards.42"],
  ["urn:li:dataJob:(urn:li:dataFlow:(airflow,orders_daily,prod),load)", "airflow/orders_daily.load"],
])("%s is %s", (urn, asset) => expect(assetId(assetOfUrn(urn)!)).toBe(asset));

test("what is no thing of data is no asset", () => {
  for (const urn of ["urn:li:corpuser:ines", "urn:li:dataset:()", "urn:li:schemaField:(x,y)", "orders"])
    expect(assetOfUrn(urn)).toBeNull();
});
