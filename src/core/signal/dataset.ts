import { type Asset, assetId } from "./asset.ts";
import { type Platform, platformOf, schemeOf } from "./platform.ts";

/**
 * One table, one name, whichever tool speaks of it. Names follow OpenLineage (https://openlineage.io/docs/spec/naming):
 * the namespace is the data source, `scheme://authority`, the name its parts joined by dots, unquoted, in the case in
 * which the sender writes them. Two names that may be one table are compared by `datasetKey`; what is stored and shown
 * stays as it was sent.
 */

/**
 * The namespace of a platform when its account or host is not known: the scheme alone. For BigQuery, which is one
 * place for everybody, that is the whole of OpenLineage's namespace.
 */
export function platformNamespace(platform: string): string {
  return schemeOf(platform);
}

/** A Glue catalog, whose tables OpenLineage names `table/{database}/{table}`. */
const GLUE_ARN = /^arn:[a-z-]{1,20}:glue:([^:/]*):([^:/]*)/i;

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

/** Database, schema and table, the missing ones left out, as an asset; in Glue's form where the namespace is Glue's. */
export function datasetFromParts(namespace: string, parts: (string | null)[]): Asset | null {
  const present = parts.filter((part) => part !== null && part !== "");
  const glue = GLUE_ARN.test(namespace) && present.length >= 2;
  const name = glue ? `table/${present.slice(-2).join("/")}` : present.join(".");
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
  const scheme = schemeOf(match[1]!);
  const platform = platformOf(scheme);
  const authority = withoutUser(match[2]!, platform);
  const segments = match[3]!.split("/").filter((segment) => segment !== "");
  if (scheme === "bigquery") return datasetFromParts("bigquery", [authority, ...segments]);
  if (scheme === "file" && authority === "") return { namespace: "file", name: `/${segments.join("/")}` };
  // DuckDB and SQLite are files: their path is the data source, and no table.
  if (platform?.names !== "relation" || authority === "")
    return { namespace: `${scheme}://${authority}`, name: segments.join("/") || "/" };
  return datasetFromParts(`${scheme}://${withPort(authority, platform)}`, segments);
}

/** In Azure's storage (`abfss://container@account…`) what stands before the `@` is no user. */
function withoutUser(authority: string, platform: Platform | null): string {
  if (platform?.names === "path" && !/:[^@]*@/.test(authority)) return authority;
  return authority.slice(authority.lastIndexOf("@") + 1);
}

function withPort(authority: string, platform: Platform): string {
  return authority === "" || /:\d+$/.test(authority) ? authority : `${authority}${platform.port}`;
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

/** A namespace taken apart; `known` is null for one that is no platform: a tool's own name of a data source. */
type Place = { scheme: string; authority: string; known: Platform | null };

/**
 * The key under which two tools' names for one table are equal: the platform's word is OpenLineage's, its account or
 * host is in lower case with the usual port, the name is unquoted, and in lower case where the platform folds.
 *
 * A namespace that is no platform (`warehouse`, `airflow`) is typed by hand in a tool, and nobody has two that differ
 * in case, so it is folded; names in it are kept, as what they belong to (a table, a DAG, a topic) is not known.
 */
export function datasetKey(asset: Asset): string {
  const place = placeOf(asset.namespace);
  return assetId({ namespace: namespaceOf(place), name: nameIn(place, asset.name) });
}

function placeOf(namespace: string): Place {
  const text = namespace.trim().replace(/^jdbc:/i, "");
  const arn = GLUE_ARN.exec(text);
  if (arn)
    return { scheme: "glue", authority: `${arn[1]}:${arn[2]}`.toLowerCase(), known: platformOf("glue") };
  const uri = /^([a-z][a-z0-9+.-]{0,40}):\/\/([^/?#]*)([^?#]*)/i.exec(text);
  const said = schemeOf(uri?.[1] ?? text);
  // OpenLineage's own producers write either; a workspace is the same under both.
  const scheme = said === "databricks" ? "unitycatalog" : said;
  const known = platformOf(scheme);
  if (!uri) return { scheme, authority: "", known };
  const host = hostOf(scheme, withoutUser(uri[2]!, known).toLowerCase());
  const path = trimSlashes(uri[3]!);
  const authority = known === null ? host : withPort(host, known);
  return { scheme, authority: path === "" ? authority : `${authority}/${path}`, known };
}

/** The one form of hosts that are written in several. */
function hostOf(scheme: string, host: string): string {
  if (scheme === "snowflake") {
    // An underscore of an account's name is a hyphen in its host; a locator without a cloud is on AWS.
    const account = host
      .replace(/(?:\.privatelink)?(?:\.snowflakecomputing\.com(?::443)?)?$/, "")
      .replaceAll("_", "-");
    return /^[^.]+\.[^.]+$/.test(account) ? `${account}.aws` : account;
  }
  // OpenLineage shortens a cluster's endpoint to `cluster.region`.
  if (scheme === "redshift")
    return host.replace(/^([^.]+)\.[^.]+\.([^.]+)\.redshift(?:-serverless)?\.amazonaws\.com/, "$1.$2");
  if (scheme === "mssql") return host.replace(/,(\d+)$/, ":$1");
  // Of a list of brokers OpenLineage takes the first.
  if (scheme === "kafka") return host.split(",", 1)[0]!;
  return scheme === "unitycatalog" ? host.replace(/:443$/, "") : host;
}

function namespaceOf({ scheme, authority }: Place): string {
  // BigQuery is one place for everybody: a project that stands in the namespace belongs to the name.
  if (authority === "" || scheme === "bigquery") return scheme;
  return scheme === "glue" ? `arn:aws:glue:${authority}` : `${scheme}://${authority}`;
}

function nameIn(place: Place, name: string): string {
  const { scheme, authority, known } = place;
  if (known === null || known.names === "word") return name.trim();
  if (known.names === "path") return trimSlashes(name.trim()) || "/";
  // `\.` is OpenLineage's dot inside of a part; `project:dataset.t` is BigQuery's legacy SQL.
  let plain = name.replace(/\\{1,2}\./g, ".");
  // In Athena, and so in dbt's names, the catalog that Glue is goes by a name of its own.
  if (scheme === "glue")
    plain = plain.replace(/^table\/([^/]+)\/(.+)$/is, "$1.$2").replace(/^"?awsdatacatalog"?\./i, "");
  if (scheme === "bigquery") plain = plain.replace(/^([a-z][a-z0-9-]{0,62}):/, "$1.");
  const bare = relationParts(plain).join(".") || name;
  const full = scheme === "bigquery" && authority !== "" ? underProject(authority, bare) : bare;
  return known.folds ? full.toLowerCase() : full;
}

function underProject(project: string, name: string): string {
  return name.startsWith(`${project}.`) ? name : `${project}.${name}`;
}

function trimSlashes(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && text[from] === "/") from += 1;
  while (to > from && text[to - 1] === "/") to -= 1;
  return text.slice(from, to);
}

/**
 * What an operator knows and the tools do not: assets in the namespace `from` (a trailing `*` stands for any ending)
 * are in `to`, and a name that is not full stands under `prefix`.
 */
export type NamespaceRule = { from: string; to: string; prefix?: string };

/**
 * An asset under the name that the rules give it. The first rule that matches counts, and a namespace that some rule
 * leads to is home: it is renamed no further, so that renaming again changes nothing and a last rule from `*` catches
 * only what no other rule has named. (Rules are not chained.)
 *
 * With the prefix `ANALYTICS.PUBLIC`, `orders` becomes `ANALYTICS.PUBLIC.orders` and `staging.orders` becomes
 * `ANALYTICS.staging.orders`. A name of which the prefix cannot give all that is missing is left as it is: half a
 * name would be another table's.
 */
export function renameAsset(asset: Asset, rules: NamespaceRule[]): Asset {
  const home = homeOf(asset.namespace, rules);
  const rule = home === null ? rules.find(({ from }) => matches(from, asset.namespace)) : undefined;
  if (home === null && rule === undefined) return asset;
  const namespace = home ?? homeOf(rule!.to, rules) ?? rule!.to;
  const own = rules.find(({ from, to }) => equalFolded(to, namespace) && matches(from, namespace));
  const name = complete(complete(asset.name, rule?.prefix, namespace), own?.prefix, namespace);
  return namespace === asset.namespace && name === asset.name ? asset : { namespace, name };
}

/**
 * An alert or a change with all its assets under the names that the rules give them. Where two names are one after that,
 * it stands once, and what is broken is not listed as hurt too: an asset that counts twice would never be whole again.
 */
export function renameSignal<Signal extends { assets: Asset[]; impacted?: Asset[] }>(
  signal: Signal,
  rules: NamespaceRule[],
): Signal {
  if (rules.length === 0) return signal;
  const listed = new Set<string>();
  const renamed = (assets: Asset[]) =>
    assets
      .map((asset) => renameAsset(asset, rules))
      .filter((asset) => !listed.has(assetId(asset)) && listed.add(assetId(asset)));
  const assets = renamed(signal.assets);
  return { ...signal, assets, ...(signal.impacted ? { impacted: renamed(signal.impacted) } : {}) };
}

function homeOf(namespace: string, rules: NamespaceRule[]): string | null {
  return rules.find(({ to }) => equalFolded(to, namespace))?.to ?? null;
}

function matches(from: string, namespace: string): boolean {
  if (!from.endsWith("*")) return equalFolded(from, namespace);
  return namespace.toLowerCase().startsWith(from.slice(0, -1).toLowerCase());
}

function equalFolded(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function complete(name: string, prefix: string | undefined, namespace: string): string {
  const missing = (placeOf(namespace).known?.parts ?? 3) - name.split(".").length;
  const around = relationParts(prefix ?? "");
  if (missing <= 0 || around.length < missing) return name;
  const full = [...around.slice(0, missing), name].join(".");
  return full.length > 1000 ? name : full;
}
