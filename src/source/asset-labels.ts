import type { Asset } from "../core/signal/asset.ts";
import { datasetFromParts, relationParts } from "../core/signal/dataset.ts";
import { textAt } from "./json.ts";

/** Labels that name what is broken, best first. `dataset` beside `table` is BigQuery's word for the schema. */
const ASSET_LABELS = ["table", "relation", "dataset", "dbt_model", "model", "asset"];

/**
 * The asset that labels (or tags, or other facts that users choose) name. `dataset_namespace` goes before `namespace`,
 * which in Kubernetes is something else; where neither is there the asset is named under the tool itself.
 */
export function assetOfLabels(labels: unknown, tool: string): Asset | null {
  const found = ASSET_LABELS.find((name) => textAt(labels, name) !== null);
  if (found === undefined) return null;
  const parts = relationParts(textAt(labels, found)!);
  const schema = textAt(labels, "schema") ?? (found === "table" ? textAt(labels, "dataset") : null);
  const database = textAt(labels, "database") ?? (schema === null ? null : textAt(labels, "project"));
  const namespace = textAt(labels, "dataset_namespace") ?? textAt(labels, "namespace") ?? tool;
  const around = parts.length >= 3 ? [] : parts.length === 2 ? [database] : [database, schema];
  return datasetFromParts(namespace, [...around, ...parts]);
}
