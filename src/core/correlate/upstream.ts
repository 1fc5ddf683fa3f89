import type { Asset } from "../signal/asset.ts";
import { datasetKey } from "../signal/dataset.ts";
import type { Lineage } from "./lineage.ts";
import { type AssetKey, keyIn } from "./touched.ts";

/** How many edges an asset lies above the nearest of some assets (0: it is one of them), and which that is. */
export type Above = { distance: number; of: Asset };

/** What lies farther up is no neighbour any more; the number bounds what a graph of any size may cost. */
const LIMITS = { depth: 20, assets: 50_000 } as const;

/** All that lies above any of the assets, themselves included. Of several as near, the first by name is told. */
export function upstreamOf(assets: Asset[], lineage: Lineage): Map<AssetKey, Above> {
  const roots = assets.toSorted((a, b) => (datasetKey(a) < datasetKey(b) ? -1 : 1));
  const found = new Map<AssetKey, { distance: number; root: number }>();
  let level: number[] = [];
  for (const [root, asset] of roots.entries()) {
    const key = keyIn(lineage, asset);
    if (found.has(key)) continue;
    found.set(key, { distance: 0, root });
    if (typeof key === "number") level.push(key);
  }
  for (
    let distance = 1;
    level.length > 0 && distance <= LIMITS.depth && found.size < LIMITS.assets;
    distance += 1
  ) {
    const next: number[] = [];
    for (const id of level) {
      const { root } = found.get(id)!;
      for (const parent of lineage.parents(id)) {
        const known = found.get(parent);
        if (!known) {
          found.set(parent, { distance, root });
          next.push(parent);
        } else if (known.distance === distance) known.root = Math.min(known.root, root);
      }
    }
    level = next;
  }
  return new Map([...found].map(([key, { distance, root }]) => [key, { distance, of: roots[root]! }]));
}
