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

/** FNV-1a with 64 bits, as its authors write it down: http://www.isthe.com/chongo/tech/comp/fnv/. */
function fnv1a(bytes: Buffer): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

test("an alert that Prometheus sends itself has the identity that Alertmanager gives it", () => {
  const labels = { job: "café", alertname: "LoadLate", table: "orders" };
  // Names in their order, and behind every name and value a byte that is in no text.
  const bytes = ["alertname", "LoadLate", "job", "café", "table", "orders"].flatMap((part) => [
    ...Buffer.from(part),
    0xff,
  ]);
  const expected = fnv1a(Buffer.from(bytes));
  const list = (sent: object) => alertmanager.read(request([sent])).alerts[0]!;
  expect(list({ labels }).dedupKey).toBe(expected);
  expect(list({ labels: { ...labels, empty: "" } }).dedupKey).toBe(expected);
  expect(one({ status: "resolved", labels }).dedupKey).toBe(expected);
  expect(list({ labels: { ...labels, job: "cafe" } }).dedupKey).not.toBe(expected);
});

test("in a list an alert fires until its end is past", () => {
  const { alerts, rejected } = read("list-from-prometheus");
  expect(alerts.map((alert) => [alert.status, alert.endsAt])).toEqual([
    ["firing", null],
    ["resolved", "2026-11-22T11:58:00.000Z"],
    ["firing", null],
  ]);
  expect(rejected.map((each) => each.path)).toEqual(["[3].labels"]);
  expect(alertmanager.read(request([]))).toEqual({ alerts: [], rejected: [] });
});

test("the secret may be the password of HTTP Basic", () => {
  const check = (pair: string) =>
    alertmanager.authenticate(
      request({}, { headers: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` } }),
      ["old", "new"],
    );
  check("prometheus:new");
  expect(() => check("prometheus:other")).toThrow(/password/);
});

test("Watchdog is no alert", () => expect(read("watchdog")).toEqual({ alerts: [], rejected: [] }));

test("a body without a list of alerts is refused", () => {
  for (const body of [null, {}, { alerts: {} }])
    expect(() => alertmanager.read(request(body))).toThrow(/alerts/);
});

test("an alert without a status of its own has the group's once all is resolved, and else fires until its end", () => {
  const statuses = (status: string | undefined, ...ends: (string | undefined)[]) => {
    const alerts = ends.map((endsAt, index) => ({ labels: { alertname: `A${index}` }, endsAt }));
    return alertmanager.read(request({ status, alerts })).alerts.map((alert) => alert.status);
  };
  const past = "2026-11-22T11:00:00Z";
  expect(statuses("firing", undefined, "0001-01-01T00:00:00Z", past)).toEqual([
    "firing",
    "firing",
    "resolved",
  ]);
  expect(statuses("resolved", undefined, past)).toEqual(["resolved", "resolved"]);
  expect(() => statuses(undefined, past)).toThrow(/status/);
  expect(() => statuses("pending", past)).toThrow(/status/);
});
