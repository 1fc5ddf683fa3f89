import type { Asset } from "../signal/asset.ts";

/**
 * How sure it is that an asset is the one meant:
 * - `exact`: the names are the same.
 * - `platform`: the same name, and one side knows only the platform (`snowflake`) where the other knows the account.
 * - `suffix`: one name is the other without its first parts (`analytics.orders`, `shop.analytics.orders`), and the
 *   namespaces do not contradict.
 */
export type Certainty = "exact" | "platform" | "suffix";
export type Resolution = { id: number; certainty: Certainty };

/** Names by their last two parts. Built when first asked, and grown as assets come. */
export type NameIndex = {
  /** The one dataset that an asset can only be; null where there is none or more than one. */
  resolve(asset: Asset, assets: readonly Asset[], isDataset: (node: number) => boolean): Resolution | null;
};

export function nameIndex(): NameIndex {
  const byTail = new Map<string, number[]>();
  let indexed = 0;
  const extend = (assets: readonly Asset[]) => {
    for (; indexed < assets.length; indexed += 1) {
      const tail = tailOf(partsOf(assets[indexed]!.name));
      const known = byTail.get(tail);
      if (known) known.push(indexed);
      else byTail.set(tail, [indexed]);
    }
  };
  return {
    resolve(asset, assets, isDataset) {
      extend(assets);
      const parts = partsOf(asset.name);
      const candidates = (byTail.get(tailOf(parts)) ?? []).filter(isDataset);
      for (const { certainty, fits } of RULES) {
        const fitting = candidates.filter((node) => {
          const other = assets[node]!;
          return fits(kinship(asset.namespace, other.namespace), parts, partsOf(other.name));
        });
        if (fitting.length > 0) return fitting.length === 1 ? { id: fitting[0]!, certainty } : null;
      }
      return null;
    },
  };
}

/** From the strictest; the first under which anything fits decides. */
const RULES: {
  certainty: Certainty;
  fits: (namespaces: Kinship, a: string[], b: string[]) => boolean;
}[] = [
  {
    certainty: "platform",
    fits: (namespaces, a, b) =>
      (namespaces === "same" || namespaces === "platform") && a.length === b.length && isSuffix(a, b),
  },
  {
    certainty: "suffix",
    fits: (namespaces, a, b) =>
      namespaces !== "contradict" && Math.min(a.length, b.length) >= 2 && (isSuffix(a, b) || isSuffix(b, a)),
  },
];

function partsOf(name: string): string[] {
  return name.toLowerCase().split(".");
}

function tailOf(parts: string[]): string {
  return parts.slice(-2).join(".");
}

function isSuffix(short: string[], long: string[]): boolean {
  return short.length <= long.length && short.every((part, at) => part === long.at(at - short.length));
}

/** Platforms as namespaces name them. Any other bare word is a tool's own name for a data source, and says nothing. */
const PLATFORMS = new Set([
  "athena",
  "awsathena",
  "azurecosmos",
  "bigquery",
  "cassandra",
  "clickhouse",
  "databricks",
  "db2",
  "dremio",
  "druid",
  "duckdb",
  "gcs",
  "glue",
  "hive",
  "kafka",
  "mssql",
  "mysql",
  "oracle",
  "postgres",
  "presto",
  "redshift",
  "s3",
  "snowflake",
  "spanner",
  "spark",
  "sqlite",
  "starrocks",
  "synapse",
  "teradata",
  "trino",
  "unitycatalog",
  "vertica",
]);

type Kinship = "same" | "platform" | "unsaid" | "contradict";

/** Two different accounts or platforms contradict each other; a word that is neither leaves it unsaid. */
function kinship(one: string, other: string): Kinship {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  if (a === b) return "same";
  const [platformA, platformB] = [platformOf(a), platformOf(b)];
  if (platformA === null || platformB === null) return "unsaid";
  return platformA === platformB && (a === platformA || b === platformB) ? "platform" : "contradict";
}

function platformOf(namespace: string): string | null {
  const end = namespace.indexOf("://");
  if (end > 0) return namespace.slice(0, end);
  return PLATFORMS.has(namespace) ? namespace : null;
}
