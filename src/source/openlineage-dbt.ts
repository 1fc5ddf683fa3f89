import type { Asset } from "../core/signal/asset.ts";
import { datasetFromParts } from "../core/signal/dataset.ts";
import { textAt } from "./json.ts";

/** What OpenLineage's dbt integration (https://openlineage.io/docs/integrations/dbt) says of a job that is a dbt node. */

/** Not the statements that a node runs (`SQL`), nor the command that runs the nodes (`JOB`). */
export function isDbtNode(event: unknown): boolean {
  const type = textAt(event, "job", "facets", "jobType", "jobType")?.toUpperCase();
  if (type === "SQL" || type === "JOB") return false;
  const integration = textAt(event, "job", "facets", "jobType", "integration")?.toUpperCase();
  return integration === "DBT" || textAt(event, "job", "facets", "dbt_node", "unique_id") !== null;
}

export function isDbtTest(event: unknown): boolean {
  return isDbtNode(event) && textAt(event, "job", "facets", "jobType", "jobType")?.toUpperCase() === "TEST";
}

/**
 * The relation that a node is, in a namespace that only its datasets tell: a node that failed has no outputs. The facet
 * dbt_node names it; without that the job's name does, as `db.schema.project.model`, with the command behind it.
 */
export function dbtRelation(event: unknown, namespace: string | null): Asset | null {
  if (namespace === null) return null;
  const node = (name: string) => textAt(event, "job", "facets", "dbt_node", name);
  if (node("alias") !== null)
    return datasetFromParts(namespace, [node("database"), node("schema"), node("alias")]);
  const name = (textAt(event, "job", "name") ?? "").replace(/(\.build)?\.(run|test|snapshot)$/, "");
  const parts = name.split(".");
  // With fewer the name is a node's id (`model.project.orders`), which tells no schema.
  if (parts.length < 4) return null;
  const [model, , ...around] = parts.reverse();
  return datasetFromParts(namespace, [...around.reverse(), model!]);
}
