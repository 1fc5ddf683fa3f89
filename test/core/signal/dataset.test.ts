import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assetId } from "../../../src/core/signal/asset.ts";
import {
  datasetFromParts,
  datasetFromRelation,
  datasetFromUri,
  datasetKey,
  type NamespaceRule,
  parseAssetId,
  platformNamespace,
  relationParts,
  renameAsset,
  renameSignal,
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
    ["postgresql+psycopg2://db/shop/public/orders", "postgres://db:5432", "shop.public.orders"],
    ["teradata://td/shop/orders", "teradata://td:1025", "shop.orders"],
    ["s3a://lake/orders", "s3://lake", "orders"],
    [
      "abfss://raw@fernhollow.dfs.core.windows.net/orders/day",
      "abfss://raw@fernhollow.dfs.core.windows.net",
      "orders/day",
    ],
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

test("a Glue table is named as OpenLineage names it", () => {
  const arn = "arn:aws:glue:eu-west-1:123456789012";
  const named = { namespace: arn, name: "table/shop/orders" };
  expect(datasetFromRelation(arn, "shop.orders")).toEqual(named);
  expect(datasetFromParts(arn, ["AwsDataCatalog", "shop", "orders"])).toEqual(named);
});

test("a table that dbt and Athena speak of is the Glue table, where assetNames says so", () => {
  const arn = "arn:aws:glue:eu-west-1:123456789012";
  const table = datasetKey({ namespace: arn, name: "table/shop/orders" });
  for (const name of [
    "awsdatacatalog.shop.orders",
    '"awsdatacatalog"."shop"."orders"',
    "AwsDataCatalog.shop.orders",
  ])
    expect(datasetKey(renameAsset({ namespace: "athena", name }, [{ from: "athena", to: arn }]))).toBe(table);
  expect(datasetKey({ namespace: arn, name: "awsdatacatalog_old.orders" })).not.toBe(
    datasetKey({ namespace: arn, name: "orders" }),
  );
});

/** Written as one tool and as another; the key of both. */
const SAME_TABLE: [platform: string, string, string, string, string, string][] = [
  [
    "snowflake",
    "snowflake://Fernhollow-PROD",
    "SHOP.PUBLIC.ORDERS",
    "snowflake://fernhollow-prod.snowflakecomputing.com",
    '"shop"."public"."orders"',
    "snowflake://fernhollow-prod/shop.public.orders",
  ],
  [
    "snowflake, by locator",
    "snowflake://xy12345.us-east-1",
    "A.B.C",
    "snowflake://XY12345.us-east-1.aws",
    "a.b.c",
    "snowflake://xy12345.us-east-1.aws/a.b.c",
  ],
  [
    "bigquery",
    "bigquery",
    "fernhollow-prod.Shop.Orders",
    "bigquery://fernhollow-prod",
    "`Shop`.`Orders`",
    "bigquery/fernhollow-prod.Shop.Orders",
  ],
  ["bigquery, legacy SQL", "bigquery", "proj:ds.T", "BigQuery", "proj.ds.T", "bigquery/proj.ds.T"],
  [
    "redshift",
    "redshift://shop.eu-west-1:5439",
    "dev.public.orders",
    "redshift://shop.abc123.eu-west-1.redshift.amazonaws.com",
    "DEV.public.Orders",
    "redshift://shop.eu-west-1:5439/dev.public.orders",
  ],
  [
    "postgres",
    "postgresql+psycopg2://app:pw@DB",
    '"Shop".public.orders',
    "jdbc:postgresql://db:5432/",
    "shop.public.orders",
    "postgres://db:5432/shop.public.orders",
  ],
  [
    "databricks",
    "databricks://dbc-1.cloud.databricks.com",
    "Main.Shop.Orders",
    "unitycatalog://dbc-1.cloud.databricks.com:443",
    "main.shop.orders",
    "unitycatalog://dbc-1.cloud.databricks.com/main.shop.orders",
  ],
  [
    "athena",
    "awsathena://athena.eu-west-1.amazonaws.com",
    "AwsDataCatalog.shop.orders",
    "athena://athena.eu-west-1.amazonaws.com",
    "awsdatacatalog.shop.orders",
    "awsathena://athena.eu-west-1.amazonaws.com/awsdatacatalog.shop.orders",
  ],
  [
    "glue",
    "arn:aws:glue:eu-west-1:123456789012",
    "table/Shop/orders",
    "arn:aws:glue:eu-west-1:123456789012",
    "shop.orders",
    "arn:aws:glue:eu-west-1:123456789012/shop.orders",
  ],
  [
    "trino",
    "trino://t:8080",
    "Hive.shop.orders",
    "TRINO://T:8080",
    "hive.shop.orders",
    "trino://t:8080/hive.shop.orders",
  ],
  [
    "mssql",
    "sqlserver://db",
    "[Shop].[dbo].[Orders]",
    "mssql://db,1433",
    "shop.dbo.orders",
    "mssql://db:1433/shop.dbo.orders",
  ],
  ["synapse", "synapse://s", "dbo.Orders", "sqlserver://S:1433", "dbo.orders", "mssql://s:1433/dbo.orders"],
  ["mysql", "mysql://db", "`shop`.`Orders`", "mysql://DB:3306", "shop.Orders", "mysql://db:3306/shop.Orders"],
  [
    "oracle",
    "oracle://o",
    "svc\\\\.example.SHOP.ORDERS",
    "oracle://O:1521",
    "SVC\\.EXAMPLE.shop.orders",
    "oracle://o:1521/svc.example.shop.orders",
  ],
  [
    "clickhouse",
    "clickhouse://c:8123",
    "shop.`Orders`",
    "clickhouse://C:8123",
    "shop.Orders",
    "clickhouse://c:8123/shop.Orders",
  ],
  ["duckdb", "duckdb", "Main.Orders", "DuckDB", '"main"."orders"', "duckdb/main.orders"],
  [
    "teradata",
    "teradata://t",
    "Shop.Orders",
    "teradata://t:1025",
    "shop.orders",
    "teradata://t:1025/shop.orders",
  ],
  ["vertica", "vertica://v", "a.b.C", "vertica://v:5433", "A.B.c", "vertica://v:5433/a.b.c"],
  ["s3", "s3a://Lake", "/Orders/Day/", "s3://lake", "Orders/Day", "s3://lake/Orders/Day"],
  ["gs", "gcs://lake", "/", "gs://lake/", "/", "gs://lake//"],
  [
    "abfss",
    "abfs://Raw@fernhollow.dfs.core.windows.net",
    "Orders/",
    "abfss://raw@fernhollow.dfs.core.windows.net",
    "Orders",
    "abfss://raw@fernhollow.dfs.core.windows.net/Orders",
  ],
  ["kafka", "kafka://b1:9092,b2:9092", "Orders", "kafka://B1", "Orders", "kafka://b1:9092/Orders"],
  ["a tool's own name", "Warehouse", "orders", "warehouse", "orders", "warehouse/orders"],
];

describe("datasetKey is the same for one table, whichever tool speaks of it", () => {
  test.each(SAME_TABLE)("%s", (_platform, namespace, name, otherNamespace, otherName, key) => {
    expect(datasetKey({ namespace, name })).toBe(key);
    expect(datasetKey({ namespace: otherNamespace, name: otherName })).toBe(key);
  });

  test.each([
    ["BigQuery tells case apart", "bigquery", "p.d.Orders", "bigquery", "p.d.orders"],
    ["so does an object store", "s3://lake", "Orders", "s3://lake", "orders"],
    ["and a DAG", "airflow", "Orders", "airflow", "orders"],
    ["two hosts are two databases", "postgres://a", "s.p.t", "postgres://b", "s.p.t"],
    ["two ports too", "postgres://a", "s.p.t", "postgres://a:6432", "s.p.t"],
    ["two containers of one account", "abfss://a@x.net", "t", "abfss://b@x.net", "t"],
  ])("%s", (_why, namespace, name, otherNamespace, otherName) => {
    expect(datasetKey({ namespace, name })).not.toBe(
      datasetKey({ namespace: otherNamespace, name: otherName }),
    );
  });

  const identifier = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_$]{0,12}$/);
  const namespace = fc.constantFrom(
    "snowflake://org-acct",
    "postgres://db.example",
    "redshift://c.eu-west-1",
    "unitycatalog://h",
    "mssql",
    "trino://t:1",
    "oracle://o",
    "duckdb",
  );
  test("whatever the case, on platforms that fold", () => {
    fc.assert(
      fc.property(namespace, fc.array(identifier, { minLength: 1, maxLength: 3 }), (place, parts) => {
        const name = parts.join(".");
        const key = datasetKey({ namespace: place, name });
        expect(datasetKey({ namespace: place.toUpperCase(), name: name.toUpperCase() })).toBe(key);
        expect(datasetKey({ namespace: place, name: name.toLowerCase() })).toBe(key);
        expect(datasetKey({ namespace: place, name: parts.map((part) => `"${part}"`).join(".") })).toBe(key);
      }),
    );
  });
});

describe("renameAsset", () => {
  const rules: NamespaceRule[] = [
    { from: "sodaspark", to: "snowflake://fernhollow-prod", prefix: "ANALYTICS.PUBLIC" },
    { from: "shop_mysql", to: "mysql://db:3306", prefix: "shop" },
    { from: "snowflake*", to: "snowflake://fernhollow-prod" },
  ];
  const PROD = "snowflake://fernhollow-prod";
  test.each([
    ["sodaspark", "orders", PROD, "ANALYTICS.PUBLIC.orders"],
    ["SodaSpark", "staging.orders", PROD, "ANALYTICS.staging.orders"],
    ["shop_mysql", "orders", "mysql://db:3306", "shop.orders"],
    ["shop_mysql", "crm.orders", "mysql://db:3306", "crm.orders"],
    ["snowflake", "A.B.C", PROD, "A.B.C"],
    ["snowflake://other", "C", PROD, "C"],
    ["warehouse", "orders", "warehouse", "orders"],
  ])("%s/%s", (namespace, name, toNamespace, toName) => {
    expect(renameAsset({ namespace, name }, rules)).toEqual({ namespace: toNamespace, name: toName });
  });

  test("a namespace that a rule leads to is renamed no further, not even by a rule for all the rest", () => {
    const chained = [
      { from: "shop", to: "postgres://db:5432" },
      { from: "*", to: "unsorted" },
    ];
    expect(renameAsset({ namespace: "shop", name: "s.p.t" }, chained).namespace).toBe("postgres://db:5432");
    expect(renameAsset({ namespace: "postgres://db:5432", name: "s.p.t" }, chained).namespace).toBe(
      "postgres://db:5432",
    );
    expect(renameAsset({ namespace: "else", name: "t" }, chained).namespace).toBe("unsorted");
  });

  test("a namespace can be led to itself to complete its names", () => {
    const own = [{ from: "snowflake", to: "snowflake", prefix: "A.B" }];
    expect(renameAsset({ namespace: "snowflake", name: "orders" }, own).name).toBe("A.B.orders");
  });

  test("a prefix that cannot give all that is missing gives nothing", () => {
    const half = [{ from: "soda", to: "snowflake", prefix: "A" }];
    expect(renameAsset({ namespace: "soda", name: "orders" }, half).name).toBe("orders");
    expect(renameAsset({ namespace: "soda", name: "s.orders" }, half).name).toBe("A.s.orders");
  });

  test("renaming again changes nothing, whatever the rules", () => {
    const place = fc.constantFrom(
      "a",
      "A",
      "b",
      "snowflake",
      "snowflake://x",
      "mysql://h",
      "s3://b",
      "a*",
      "*",
    );
    const text = fc.oneof(fc.constantFrom("t", "s.t", "d.s.t", '"q', "", "a.b"), fc.string());
    const rule = fc.record({ from: place, to: place, prefix: text }, { requiredKeys: ["from", "to"] });
    fc.assert(
      fc.property(place, text, fc.array(rule, { maxLength: 5 }), (namespace, name, rules) => {
        const once = renameAsset({ namespace, name }, rules);
        expect(renameAsset(once, rules)).toEqual(once);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("renameSignal", () => {
  const rules: NamespaceRule[] = [{ from: "warehouse", to: "postgres://db:5432", prefix: "shop.core" }];
  const warehouse = (name: string) => ({ namespace: "warehouse", name });
  const postgres = (name: string) => ({ namespace: "postgres://db:5432", name: `shop.core.${name}` });

  test("renames what is broken and what is hurt by it", () => {
    const signal = { title: "t", assets: [warehouse("orders")], impacted: [warehouse("revenue")] };
    expect(renameSignal(signal, rules)).toEqual({
      title: "t",
      assets: [postgres("orders")],
      impacted: [postgres("revenue")],
    });
    expect(renameSignal({ assets: [warehouse("orders")] }, rules)).toEqual({ assets: [postgres("orders")] });
  });

  test("a table that had two names is in it once, as broken where it is that", () => {
    const signal = {
      assets: [warehouse("orders"), postgres("orders")],
      impacted: [postgres("orders"), warehouse("revenue"), postgres("revenue")],
    };
    expect(renameSignal(signal, rules)).toEqual({
      assets: [postgres("orders")],
      impacted: [postgres("revenue")],
    });
  });

  test("without rules nothing is renamed", () => {
    const signal = { assets: [warehouse("orders")], impacted: [] };
    expect(renameSignal(signal, [])).toBe(signal);
  });
});
