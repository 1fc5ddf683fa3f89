/** An asset with firing alerts, as the grouping sees it: by the name that is the same in every tool's words. */
export type Unit = { name: string };

/** What explains a unit: the name of the one that broke first, as far as lineage says; its own where nothing does. */
export type Explained<U extends Unit> = { root: U; members: U[] };

/**
 * Which of the assets that are broken at one time are one problem. An asset without a broken ancestor is a root; every
 * other one belongs to the nearest root above it. Roots that are broken side by side, as children of one parent, are one
 * problem too: then the parent is what broke, and no alert says so.
 *
 * The answer does not depend on the order of the units: what is as near is chosen by name.
 *
 * - `above` gives the units that are ancestors of one, with the number of steps.
 * - `beside` gives the units that share a parent with one.
 */
export function partition<U extends Unit>(
  units: U[],
  above: (unit: U) => { unit: U; steps: number }[],
  beside: (unit: U) => U[],
): Explained<U>[] {
  const sorted = [...units].sort(byName);
  const ancestors = new Map(sorted.map((unit) => [unit, above(unit)]));
  const isAbove = (one: U, other: U) => ancestors.get(other)!.some(({ unit }) => unit === one);
  // In a cycle each is above the other; the first by name then counts as the one that broke first.
  const explains = (one: U, other: U) =>
    isAbove(one, other) && !(isAbove(other, one) && byName(other, one) < 0);
  const roots = new Set(
    sorted.filter((unit) => !ancestors.get(unit)!.some((each) => explains(each.unit, unit))),
  );
  const leader = leaders([...roots], beside);
  const groups = new Map<U, U[]>();
  for (const unit of sorted) {
    const nearest = roots.has(unit)
      ? unit
      : ancestors
          .get(unit)!
          .filter((each) => roots.has(each.unit))
          .sort((a, b) => a.steps - b.steps || byName(a.unit, b.unit))[0]?.unit;
    const root = leader.get(nearest ?? unit) ?? unit;
    groups.set(root, [...(groups.get(root) ?? []), unit]);
  }
  return [...groups].map(([root, members]) => ({ root, members }));
}

/** For each root the first by name of those that it is broken beside, over any number of hops. */
function leaders<U extends Unit>(roots: U[], beside: (unit: U) => U[]): Map<U, U> {
  const leader = new Map<U, U>();
  const known = new Set(roots);
  const neighbours = new Map(roots.map((root) => [root, new Set<U>()]));
  for (const root of roots) {
    for (const other of beside(root).filter((each) => known.has(each))) {
      neighbours.get(root)!.add(other);
      neighbours.get(other)!.add(root);
    }
  }
  for (const root of roots) {
    const waiting = leader.has(root) ? [] : [root];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      if (leader.has(next)) continue;
      leader.set(next, root);
      waiting.push(...neighbours.get(next)!);
    }
  }
  return leader;
}

function byName(a: Unit, b: Unit): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
