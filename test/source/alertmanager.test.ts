import { expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { alertmanager } from "../../src/source/alertmanager.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => alertmanager.read(fixture("alertmanager", name));
const one = (alert: object) => alertmanager.read(request({ alerts: [alert] })).alerts[0]!;

test("an open alert has no end, whatever year 1 says", () => {
  const [alert] = read("firing").alerts;
  expect(alert).toMatchObject({
    status: "firing",
    severity: "warning",
    dedupKey: "e9611b0598300001",
    endsAt: null,
  });
  expect(alert!.links.map((link) => link.title)).toEqual(["Source", "Runbook", "Dashboard", "Alertmanager"]);
});

test("in a group that fires, a resolved alert is resolved, with the identity of its firing", () => {
  const { alerts } = read("mixed-group");
  expect(alerts.map((alert) => [alert.status, alert.severity])).toEqual([
    ["firing", "critical"],
    ["resolved", "warning"],
  ]);
  expect(alerts[1]!.dedupKey).toBe(read("firing").alerts[0]!.dedupKey);
  expect(read("resolved").alerts[0]).toMatchObject({
    dedupKey: alerts[0]!.dedupKey,
    endsAt: "2026-11-22T02:28:42.000Z",
  });
});

test("fingerprints are trusted: the same labels with two of them are two alerts", () => {
  const { alerts } = read("same-labels-two-fingerprints");
  expect(new Set(alerts.map((alert) => alert.dedupKey)).size).toBe(2);
});

test("without a fingerprint the labels are the identity, in any order", () => {
  const key = one({ status: "firing", labels: { alertname: "A", host: "h" } }).dedupKey;
  expect(one({ status: "resolved", labels: { host: "h", alertname: "A" } }).dedupKey).toBe(key);
  expect(one({ status: "firing", labels: { host: "i", alertname: "A" } }).dedupKey).not.toBe(key);
});

test.each([
  [{ table: "shop-prod.analytics.orders", namespace: "bigquery" }, "bigquery/shop-prod.analytics.orders"],
  [
    { table: "orders", dataset: "analytics", project: "p", namespace: "bigquery" },
    "bigquery/p.analytics.orders",
  ],
  [
    {
      table: "orders",
      schema: "public",
      database: "shop",
      dataset_namespace: "postgres://db:5432",
      namespace: "k8s",
    },
    "postgres://db:5432/shop.public.orders",
  ],
  [
    { dbt_model: "public.orders", database: "SHOP", namespace: "snowflake://a" },
    "snowflake://a/SHOP.public.orders",
  ],
  [{ dataset: '"a"."b"."c"' }, "alertmanager/a.b.c"],
])("labels %j name %s", (labels, asset) => {
  expect(one({ status: "firing", labels: { alertname: "A", ...labels } }).assets.map(assetId)).toEqual([
    asset,
  ]);
});

test("labels of the cluster alone name no table", () => {
  expect(
    one({ status: "firing", labels: { alertname: "A", namespace: "data", job: "loader" } }).assets,
  ).toEqual([]);
});

test("what cannot be read is told by its path, the rest goes through", () => {
  const { alerts, rejected } = read("tables-and-oddities");
  expect(alerts.map((alert) => alert.title)).toEqual(["RowCountLow", "Late model"]);
  expect(rejected.map((each) => each.path)).toEqual(["alerts[3].status"]);
  expect(alerts[0]!.warnings.join()).toMatch(/sev9.*max_alerts/);
});

test("Watchdog is no alert", () => expect(read("watchdog")).toEqual({ alerts: [], rejected: [] }));

test("a body without a list of alerts is refused", () => {
  for (const body of [null, [], {}, { alerts: {} }])
    expect(() => alertmanager.read(request(body))).toThrow(/alerts/);
});
