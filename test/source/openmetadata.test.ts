import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { datasetKey, renameAsset } from "../../src/core/signal/dataset.ts";
import { openmetadata } from "../../src/source/openmetadata.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => openmetadata.read(fixture("openmetadata", name));
const nothing = { alerts: [], rejected: [] };

function result(fqn: string, more: { entityLink?: string; status?: string } = {}) {
  return {
    id: "e1",
    eventType: "entityUpdated",
    entityType: "testCase",
    entityFullyQualifiedName: fqn,
    changeDescription: {
      fieldsUpdated: [{ name: "testCaseResult", newValue: { testCaseStatus: more.status ?? "Failed" } }],
    },
    ...(more.entityLink ? { entity: { entityLink: more.entityLink } } : {}),
  };
}

const one = (body: unknown) => openmetadata.read(request(body)).alerts[0]!;

test("a table of a data source without databases is the one that dbt speaks of", () => {
  const [asset] = one(result("shop_mysql.default.core.orders.rows")).assets;
  expect(asset).toEqual({ namespace: "shop_mysql", name: "core.orders" });
  for (const to of ["mysql", "mysql://db.fernhollow.example:3306", "clickhouse", "hive"]) {
    const named = renameAsset(asset!, [{ from: "shop_mysql", to }]);
    expect(datasetKey(named)).toBe(datasetKey({ namespace: to, name: "core.orders" }));
  }
  expect(one(result("warehouse.shop.default.orders.rows")).assets.map(assetId)).toEqual([
    "warehouse/shop.default.orders",
  ]);
});

test("a test that passes closes the one that failed, whether values come as JSON or as its text", () => {
  const [failed] = read("column-test-failed").alerts;
  const [passed] = read("column-test-passed-as-text").alerts;
  expect([failed!.status, passed!.status]).toEqual(["firing", "resolved"]);
  expect(passed!.dedupKey).toBe(failed!.dedupKey);
  expect(passed!.assets).toEqual(failed!.assets);
  expect(passed!.deliveryId).not.toBe(failed!.deliveryId);
});

test("the incident of a test has the test's identity", () => {
  const [failed] = read("column-test-failed").alerts;
  const [assigned] = read("incident-assigned").alerts;
  const [resolved] = read("incident-resolved").alerts;
  expect([assigned!.dedupKey, resolved!.dedupKey]).toEqual([failed!.dedupKey, failed!.dedupKey]);
  expect([assigned!.status, assigned!.severity, resolved!.status]).toEqual([
    "firing",
    "critical",
    "resolved",
  ]);
});

test("an incident whose test is not named goes by its own state", () => {
  const entity = { stateId: "s1", testCaseResolutionStatusType: "New" };
  const alert = one({ entityType: "testCaseResolutionStatus", entityId: "changes-every-time", entity });
  expect(alert.dedupKey).toBe("incident/s1");
});

test("two tests of one table are two alerts", () => {
  const keys = ["db.s.c.orders.rows", "db.s.c.orders.fresh"].map((fqn) => one(result(fqn)).dedupKey);
  expect(new Set(keys).size).toBe(2);
});

test("a test that was aborted is a warning, and resolves nothing", () => {
  expect(read("test-aborted").alerts[0]).toMatchObject({ status: "firing", severity: "warning" });
});

test.each([
  ["dw.SHOP.core.orders.rows", undefined, "dw/SHOP.core.orders", undefined],
  ["dw.SHOP.core.orders.amount.not_null", undefined, "dw/SHOP.core.orders", "amount"],
  ['dw.SHOP."a.b".orders.rows', undefined, "dw/SHOP.a.b.orders", undefined],
  [
    "dw.SHOP.core.orders.amount.t",
    "<#E::table::dw.SHOP.core.orders::columns::amount>",
    "dw/SHOP.core.orders",
    "amount",
  ],
  ['dw.SHOP."a.b"."or.ders".t', '<#E::table::dw.SHOP."a.b"."or.ders">', "dw/SHOP.a.b.or.ders", undefined],
  ["SHOP.core.orders.rows", undefined, "openmetadata/SHOP.core.orders", undefined],
])("%s with the link %s looks at %s", (fqn, entityLink, asset, column) => {
  const alert = one(result(fqn, { entityLink }));
  expect(alert.assets.map(assetId)).toEqual([asset]);
  expect(alert.labels.column).toBe(column);
});

test("changed columns are a change; new descriptions of them are not", () => {
  const { alerts, changes } = read("columns-changed");
  expect(alerts).toEqual([]);
  expect(changes).toHaveLength(1);
  expect(changes![0]).toMatchObject({
    kind: "schema",
    actor: "ingestion-bot",
    labels: { columns_added: "promo_code", columns_removed: "coupon, legacy_id", columns_changed: "amount" },
  });
  expect(read("table-described")).toEqual(nothing);
});

test.each(["test-message", "thread-created", "description-edited", "test-queued"])("%s is no news", (name) =>
  expect(read(name)).toEqual(nothing),
);

test("nothing is refused for being unknown, as OpenMetadata gives up an endpoint that refuses", () => {
  for (const body of [{}, [], null, "text", { entityType: "pipeline", eventType: "entityDeleted" }])
    expect(openmetadata.read(request(body))).toEqual(nothing);
});

test("older versions send a list of events", () => {
  const events = [
    result("dw.s.c.orders.a"),
    result("dw.s.c.orders.b", { status: "Success" }),
    { entityType: "tag" },
  ];
  expect(openmetadata.read(request(events)).alerts.map((alert) => alert.status)).toEqual([
    "firing",
    "resolved",
  ]);
});

test("a result without any name is refused with the field's path", () => {
  const { entityFullyQualifiedName: _, ...nameless } = result("x");
  expect(() => openmetadata.read(request(nameless))).toThrow(/entityFullyQualifiedName|which test case/);
});

const rawBody = Buffer.from(JSON.stringify(result("dw.s.c.orders.rows")));
const signed = (encoding: "base64" | "hex", secret = "om-secret") =>
  `sha256=${createHmac("sha256", secret).update(rawBody).digest(encoding)}`;
const authenticate = (headers: Record<string, string>, secrets: string[], body = rawBody) =>
  openmetadata.authenticate(request({}, { rawBody: body, headers }), secrets);

test("a signature is taken in Base64, as OpenMetadata writes it, and in hex", () => {
  for (const encoding of ["base64", "hex"] as const)
    authenticate({ "x-om-signature": signed(encoding) }, ["new-secret", "om-secret"]);
});

test("a wrong signature is refused, also beside a right bearer token", () => {
  const bearer = { authorization: "Bearer om-secret" };
  const right = signed("base64");
  expect(() => authenticate({ "x-om-signature": right }, ["om-secret"], Buffer.from("{}"))).toThrow(
    /signature/,
  );
  expect(() => authenticate({ "x-om-signature": right }, ["other"])).toThrow(/signature/);
  expect(() => authenticate({ "x-om-signature": right.slice(7) }, ["om-secret"])).toThrow(/signature/);
  expect(() => authenticate({ ...bearer, "x-om-signature": "sha256=00" }, ["om-secret"])).toThrow(
    /signature/,
  );
  expect(() => authenticate({ "x-om-signature": signed("hex", "") }, [""])).toThrow(/closed/);
});

test("without a signature the secret may come as a bearer token", () => {
  authenticate({ authorization: "Bearer om-secret" }, ["om-secret"]);
  expect(() => authenticate({}, ["om-secret"])).toThrow(/no secret/);
});

test("a result that is an entity of its own has the identity of its test case", () => {
  const fqn = "warehouse.shop.core.orders.amount.amount_is_positive";
  const event = (entityType: string, entity: object) =>
    openmetadata.read(request({ id: "1", eventType: "entityCreated", entityType, entity })).alerts;
  const result = { testCaseFQN: fqn, testCaseStatus: "Failed", result: "min = -3", timestamp: 1769896400000 };
  const [own] = event("testCaseResult", result);
  const [usual] = event("testCase", {
    name: "amount_is_positive",
    fullyQualifiedName: fqn,
    testCaseResult: { ...result, testCaseStatus: "Success" },
  });
  expect([own!.status, usual!.status]).toEqual(["firing", "resolved"]);
  expect(own!.dedupKey).toBe(usual!.dedupKey);
  expect(own!.assets.map(assetId)).toEqual(usual!.assets.map(assetId));
  expect(own!.assets).toHaveLength(1);
  expect(event("testCaseResult", { testCaseStatus: "Failed" })).toEqual([]);
});
