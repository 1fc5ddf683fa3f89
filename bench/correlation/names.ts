import type { Asset } from "../../src/core/signal/asset.ts";
import type { Random } from "./random.ts";

/** Where Fernhollow Outfitters keeps its data; a storm has one of them. */
export const PLATFORMS = ["snowflake", "bigquery", "postgres"] as const;
export type PlatformName = (typeof PLATFORMS)[number];

/**
 * How a tool writes the name of a table:
 * - `exact`: as lineage has it.
 * - `case`: in another case, where the platform folds.
 * - `bare`: under the platform's name alone (`snowflake`), without account or host.
 * - `short`: under the tool's own name of the data source, without the database.
 * - `host`: account, host or scheme in another of their usual forms.
 */
export const WRITINGS = ["exact", "case", "bare", "short", "host"] as const;
export type Writing = (typeof WRITINGS)[number];

const HOMES: Record<PlatformName, string> = {
  snowflake: "snowflake://fernhollow-eu_prod",
  bigquery: "bigquery",
  postgres: "postgres://warehouse.fernhollow.example:5432",
};

const OTHER_HOMES: Record<PlatformName, string> = {
  snowflake: "snowflake://FERNHOLLOW-EU-PROD.snowflakecomputing.com",
  bigquery: "bigquery://fernhollow-prod",
  postgres: "postgresql://Warehouse.fernhollow.example",
};

/** A table as the lineage names it. On BigQuery sources and models are datasets of one project. */
export function tableOf(
  platform: PlatformName,
  upper: boolean,
  database: string,
  schema: string,
  table: string,
): Asset {
  const parts = platform === "bigquery" ? ["fernhollow-prod", schema, table] : [database, schema, table];
  const name = parts.join(".");
  return { namespace: HOMES[platform], name: upper && platform === "snowflake" ? name.toUpperCase() : name };
}

/** A table as a tool writes it. What is no table (a job, an exposure) has one name only. */
export function written(asset: Asset, platform: PlatformName, writing: Writing): Asset {
  if (asset.namespace !== HOMES[platform]) return asset;
  const { namespace, name } = asset;
  switch (writing) {
    case "exact":
      return asset;
    case "case":
      return platform === "bigquery" ? asset : { namespace, name: swapCase(name) };
    case "bare":
      return { namespace: platform, name };
    case "short":
      return { namespace: "fernhollow_dw", name: name.split(".").slice(1).join(".") };
    case "host":
      return platform === "bigquery"
        ? { namespace: OTHER_HOMES.bigquery, name: name.split(".").slice(1).join(".") }
        : { namespace: OTHER_HOMES[platform], name };
    default:
      return writing satisfies never;
  }
}

function swapCase(name: string): string {
  return name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
}

/** Hands out names that no two tables share: words first, numbers once these are used up. */
export function uniqueNames(random: Random): (make: () => string) => string {
  const used = new Set<string>();
  return (make) => {
    for (let tries = 0; tries < 12; tries += 1) {
      const name = make();
      if (!used.has(name)) {
        used.add(name);
        return name;
      }
    }
    let name = make();
    while (used.has(name)) name = `${make()}_${random.int(2, 9999)}`;
    used.add(name);
    return name;
  };
}
