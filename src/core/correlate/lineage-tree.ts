import type { Lineage, Reached } from "./lineage.ts";

/** What is above or below an asset, as a tree in which each asset stands once, under one that is a step nearer. */
export type LineageTree = { id: number; distance: number; branches: LineageTree[] };

/**
 * The tree over what was reached from `root`. Where several are a step nearer, the first by name has the asset for its
 * branch, so that the same lineage makes the same tree. What `leaves` holds stands in it only on the way to others.
 */
export function lineageTree(
  lineage: Lineage,
  root: number,
  direction: "up" | "down",
  reached: readonly Reached[],
  leaves: ReadonlySet<number> = new Set(),
): LineageTree {
  const top: LineageTree = { id: root, distance: 0, branches: [] };
  const placed = new Map([[root, top]]);
  const nearer = (id: number) => (direction === "down" ? lineage.parents(id) : lineage.children(id));
  const first = (a: number, b: number) => (lineage.name(a) < lineage.name(b) ? -1 : 1);
  const ordered = reached.toSorted((a, b) => a.distance - b.distance || first(a.id, b.id));
  for (const { id, distance } of ordered) {
    const [under] = nearer(id)
      .filter((each) => placed.get(each)?.distance === distance - 1)
      .sort(first);
    if (under === undefined) continue;
    const branch = { id, distance, branches: [] };
    placed.get(under)!.branches.push(branch);
    placed.set(id, branch);
  }
  // From the farthest, so that what has lost its branches goes too.
  for (const { id } of ordered.toReversed()) {
    const tree = placed.get(id);
    if (tree)
      tree.branches = tree.branches.filter((each) => each.branches.length > 0 || !leaves.has(each.id));
  }
  top.branches = top.branches.filter((each) => each.branches.length > 0 || !leaves.has(each.id));
  return top;
}
