import type { Asset } from "./asset.ts";

/**
 * One table, one name, whichever tool speaks of it. Names follow OpenLineage (https://openlineage.io/docs/spec/naming):
 * the namespace is the data source, `scheme://authority`, the name its parts joined by dots, unquoted, in the case in
 * which the sender writes them (folding the case here would break warehouses that tell `Orders` from `orders`).
 */

/** What tools call a platform, where OpenLineage's scheme for it is another word. */
const PLATFORM_SCHEMES: Record<string, string> = {
  postgresql: "postgres",
  sqlserver: "mssql",
  athena: "awsathena",
};

/** Schemes whose path is a relation (`/db/schema/table`), and the port that their namespace carries when left out. */
const RELATIONAL_PORTS: Record<string, string> = {
  postgres: ":5432",
  mysql: ":3306",
  mssql: ":1433",
  redshift: ":5439",
  snowflake: "",
  trino: "",
  clickhouse: "",
  databricks: "",
  unitycatalog: "",
  oracle: "",
  hive: "",
  awsathena: "",
};

/**
 * The namespace of a platform when its account or host is not known: the scheme alone. For BigQuery, which is one
 * place for everybody, that is the whole of OpenLineage's namespace.
 */
export function platformNamespace(platform: string): string {
  const scheme = platform.trim().toLowerCase();
  return PLATFORM_SCHEMES[scheme] ?? scheme;
}

/** The parts of a relation as SQL writes it, without its quotes: `"db"."schema"."t"`, `` `p`.`d`.`t` ``, `[d].[s].[t]`. */
export function relationParts(relation: string): string[] {
  const parts: string[] = [];
  let part = "";
  let quote: string | null = null;
  for (let i = 0; i < relation.length; i += 1) {
    const char = relation[i]!;
    if (quote !== null) {
      if (char !== quote) part += char;
      else if (relation[i + 1] === quote) {
        part += char;
        i += 1;
      } else quote = null;
    } else if (char === '"' || char === "`" || char === "[") quote = char === "[" ? "]" : char;
    else if (char === ".") {
      parts.push(part);
      part = "";
    } else part += char;
  }
  return [...parts, part].map((each) => each.trim()).filter((each) => each !== "");
}

/** A relation as SQL writes it, as an asset; null where nothing is left of it. */
export function datasetFromRelation(namespace: string, relation: string): Asset | null {
  return datasetFromParts(namespace, relationParts(relation));
}

/** Database, schema and table, the missing ones left out, as an asset. */
export function datasetFromParts(namespace: string, parts: (string | null)[]): Asset | null {
  const name = parts.filter((part) => part !== null && part !== "").join(".");
  return namespace === "" || name === "" ? null : { namespace, name };
}

/**
 * A dataset's URI as an asset, with Airflow's forms of it
 * (https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/assets.html):
 * `snowflake://org-acct/db/schema/t` → `snowflake://org-acct` + `db.schema.t`, `s3://bucket/path` → `s3://bucket` +
 * `path`. A user and password in it are dropped. Null for text that is no URI.
 */
export function datasetFromUri(uri: string): Asset | null {
  const match = /^([a-z][a-z0-9+.-]{0,40}):\/\/([^/?#]*)([^?#]*)/i.exec(uri.trim());
  if (!match) return null;
  const scheme = platformNamespace(match[1]!);
  const authority = match[2]!.replace(/^.*@/, "");
  const segments = match[3]!.split("/").filter((segment) => segment !== "");
  if (scheme === "bigquery") return datasetFromParts("bigquery", [authority, ...segments]);
  if (scheme === "file") return { namespace: "file", name: `/${segments.join("/")}` };
  const port = RELATIONAL_PORTS[scheme];
  if (port === undefined) return { namespace: `${scheme}://${authority}`, name: segments.join("/") || "/" };
  const host = /:\d+$/.test(authority) ? authority : `${authority}${port}`;
  return datasetFromParts(`${scheme}://${host}`, segments);
}

/**
 * The asset that `namespace/name` writes (`assetId`, read back). A namespace with an authority ends at the first slash
 * after it (`s3://bucket/path/to` is `s3://bucket` + `path/to`), any other at the first slash.
 */
export function parseAssetId(text: string): Asset | null {
  const match = /^([a-z][a-z0-9+.-]{0,40}:\/\/[^/]+|(?![a-z][a-z0-9+.-]{0,40}:\/\/)[^/]+)\/(.+)$/is.exec(
    text.trim(),
  );
  return match ? { namespace: match[1]!, name: match[2]! } : null;
}
