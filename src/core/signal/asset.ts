import { z } from "zod";

/**
 * A dataset, model, pipeline or dashboard, named as OpenLineage names datasets: a namespace (where it lives) and a
 * name that is unique in it. Source: https://openlineage.io/docs/spec/naming.
 */
export const Asset = z.object({
  namespace: z.string().min(1).max(500),
  name: z.string().min(1).max(1000),
});
export type Asset = z.infer<typeof Asset>;

/** One string for an asset, usable as a map key and in a database column. */
export function assetId(asset: Asset): string {
  return `${asset.namespace}/${asset.name}`;
}
