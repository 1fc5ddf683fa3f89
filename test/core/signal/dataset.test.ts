import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assetId } from "../../../src/core/signal/asset.ts";
import {
  datasetFromRelation,
  datasetFromUri,
  parseAssetId,
  platformNamespace,
  relationParts,
} from "../../../src/core/signal/dataset.ts";

describe("relationParts", () => {
  test.each([
    ['"db"."schema"."orders"', ["db", "schema", "orders"]],
    ["`shop-prod`.`analytics`.`orders`", ["shop-prod", "analytics", "orders"]],
    ["[db].[dbo].[order lines]", ["db", "dbo", "order lines"]],
    ["DEMO_DB.public.orders", ["DEMO_DB", "public", "orders"]],
    ['"we""ird"."a.b"', ['we"ird', "a.b"]],
    ["..orders.", ["orders"]],
    ["", []],
  ])("%s", (relation, parts) => expect(relationParts(relation)).toEqual(parts));
});

test("the same table has one name, whoever quotes it how", () => {
  const named = { namespace: "bigquery", name: "shop-prod.analytics.orders" };
  expect(datasetFromRelation(platformNamespace("BigQuery"), "`shop-prod`.`analytics`.`orders`")).toEqual(
    named,
  );
  expect(datasetFromRelation("bigquery", "`shop-prod.analytics.orders`")).toEqual(named);
  expect(datasetFromUri("bigquery://shop-prod/analytics/orders")).toEqual(named);
  expect(parseAssetId("bigquery/shop-prod.analytics.orders")).toEqual(named);
});

test("platformNamespace uses OpenLineage's word for a platform", () => {
  expect(["snowflake", "postgresql", "sqlserver", "duckdb"].map(platformNamespace)).toEqual([
    "snowflake",
    "postgres",
    "mssql",
    "duckdb",
  ]);
});

describe("datasetFromUri", () => {
  test.each([
    ["snowflake://org-acct/SHOP/PUBLIC/ORDERS", "snowflake://org-acct", "SHOP.PUBLIC.ORDERS"],
    [
      "postgresql://user:secret@db.example.com/shop/public/orders",
      "postgres://db.example.com:5432",
      "shop.public.orders",
    ],
    ["postgres://db:6432/shop/public/orders?x=1#y", "postgres://db:6432", "shop.public.orders"],
    ["mysql://db/shop/orders", "mysql://db:3306", "shop.orders"],
    ["s3://lake/orders/2026/", "s3://lake", "orders/2026"],
    ["gs://lake", "gs://lake", "/"],
    ["file:///tmp/orders.csv", "file", "/tmp/orders.csv"],
  ])("%s", (uri, namespace, name) => expect(datasetFromUri(uri)).toEqual({ namespace, name }));

  test("text that is no URI is null", () => {
    for (const text of ["orders", "", "://x", "a b://c/d", "snowflake://acct"])
      expect(datasetFromUri(text)).toBeNull();
  });
});

describe("parseAssetId", () => {
  test.each([
    ["snowflake://org-acct/db.schema.table", "snowflake://org-acct", "db.schema.table"],
    ["s3://bucket/path/to", "s3://bucket", "path/to"],
    ["arn:aws:glue:eu-west-1:123/table/db/t", "arn:aws:glue:eu-west-1:123", "table/db/t"],
  ])("%s", (text, namespace, name) => {
    expect(parseAssetId(text)).toEqual({ namespace, name });
    expect(assetId(parseAssetId(text)!)).toBe(text);
  });

  test("text without both parts is null", () => {
    for (const text of ["orders", "", "/orders", "bigquery/", "s3://bucket"])
      expect(parseAssetId(text)).toBeNull();
  });
});

test("no text makes any of them throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      relationParts(text);
      datasetFromUri(text);
      parseAssetId(text);
    }),
  );
});
