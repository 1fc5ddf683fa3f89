import { type IncidentState, isOpen } from "../incident/state.ts";
import { type Asset, assetId } from "../signal/asset.ts";
import { datasetKey } from "../signal/dataset.ts";
import type { Lineage } from "./lineage.ts";
import { createReach, type OriginAt } from "./lineage-reach.ts";

/** An open incident that lies above or below an asset: by which of its roots, in how many steps. */
export type Kin = { incident: string; asset: Asset; steps: number };

/**
 * Where the open incidents stand in the lineage. An incident stands where its roots do: the assets that no other of its
 * assets explains. Kept in memory beside the states, and followed event by event.
 */
export type Topology = {
  /** Takes note of an incident as it is now. */
  note(state: IncidentState): void;
  /** Open incidents with a root upstream of an asset, nearest first; of several as near, the oldest. */
  above(asset: Asset): Kin[];
  below(asset: Asset): Kin[];
  /** Open incidents with a root that has a parent in common with an asset, where that parent feeds few. */
  beside(asset: Asset): Kin[];
  /** Whether lineage has an asset, so that it can lie above, below or beside another at all. */
  knows(asset: Asset): boolean;
  /** The name under which an asset is one with its namesakes in other tools' words. */
  name(asset: Asset): string;
  /** The same questions among some assets, each with what it stands for. */
  among<Item extends { asset: Asset }>(
    items: Item[],
  ): { above(item: Item): { unit: Item; steps: number }[]; beside(item: Item): Item[] };
  follow(lineage: Lineage): void;
};

/** A look upward among some assets gives up after so many edges; what is farther away explains little. */
const MAX_EDGES = 50_000;

/** A parent that feeds more than these says nothing of what its children have in common (a calendar, a hub). */
const MAX_SIBLINGS = 12;

/** So many names are remembered. */
const NAMES = 10_000;

export function createTopology(start: Lineage): Topology {
  let lineage = start;
  const locate = (graph: Lineage, asset: Asset) => graph.resolve(asset)?.id ?? null;
  const reach = createReach(start, { locate });
  /** Incidents by the id of a root, and the roots noted of each. */
  const holders = new Map<string, Set<string>>();
  const noted = new Map<string, Asset[]>();
  /** Canonical names as they were found, and whether in the lineage: alerts are about the same few assets all day. */
  const names = new Map<string, { name: string; isKnown: boolean }>();

  const enlist = (incident: string, root: Asset) => {
    const known = holders.get(assetId(root));
    if (known) known.add(incident);
    else {
      holders.set(assetId(root), new Set([incident]));
      reach.add(root);
    }
  };
  const strike = (incident: string, root: Asset) => {
    const known = holders.get(assetId(root));
    known?.delete(incident);
    if (known?.size !== 0) return;
    holders.delete(assetId(root));
    reach.remove(root);
  };
  const named = (asset: Asset) => {
    const key = assetId(asset);
    const known = names.get(key);
    if (known) return known;
    const id = locate(lineage, asset);
    const found = { name: id === null ? datasetKey(asset) : lineage.name(id), isKnown: id !== null };
    if (names.size >= NAMES) names.clear();
    names.set(key, found);
    return found;
  };
  const siblingsOf = (id: number): number[] =>
    lineage.parents(id).flatMap((parent) => {
      const children = lineage.children(parent);
      return children.length > MAX_SIBLINGS ? [] : children.filter((child) => child !== id);
    });
  const kin = (found: OriginAt[]): Kin[] =>
    found
      .flatMap(({ origin, distance }) =>
        [...(holders.get(assetId(origin)) ?? [])].map((incident) => ({
          incident,
          asset: origin,
          steps: distance,
        })),
      )
      .sort((a, b) => a.steps - b.steps || older(a.incident, b.incident));

  return {
    note(state) {
      const before = noted.get(state.key);
      const now = isOpen(state.phase) && state.kind === "incident" ? state.roots : [];
      if (before === now || (!before && now.length === 0)) return;
      for (const root of before ?? []) strike(state.key, root);
      for (const root of now) enlist(state.key, root);
      if (now.length > 0) noted.set(state.key, now);
      else noted.delete(state.key);
    },
    above: (asset) => kin(reach.originsAbove(asset)),
    below: (asset) => kin(reach.originsBelow(asset)),
    beside(asset) {
      const id = locate(lineage, asset);
      if (id === null) return [];
      const beside = new Set(siblingsOf(id));
      const found: Kin[] = [];
      for (const root of reach.origins) {
        if (!beside.has(locate(lineage, root) ?? -1)) continue;
        for (const incident of holders.get(assetId(root))!) found.push({ incident, asset: root, steps: 1 });
      }
      return found.sort((a, b) => older(a.incident, b.incident));
    },
    knows: (asset) => named(asset).isKnown,
    among(items) {
      const byId = Map.groupBy(items, ({ asset }) => locate(lineage, asset));
      const at = (id: number | null) => (id === null ? [] : (byId.get(id) ?? []));
      return {
        above(item) {
          const id = locate(lineage, item.asset);
          const found: { unit: typeof item; steps: number }[] = [];
          if (id === null) return found;
          const visit = (node: number, steps: number) => {
            for (const unit of at(node)) if (unit !== item) found.push({ unit, steps });
            return false;
          };
          lineage.walk(id, "up", visit, { maxEdges: MAX_EDGES });
          return found;
        },
        beside(item) {
          const id = locate(lineage, item.asset);
          return id === null ? [] : siblingsOf(id).flatMap((sibling) => at(sibling));
        },
      };
    },
    name: (asset) => named(asset).name,
    follow(next) {
      lineage = next;
      names.clear();
      reach.follow(next);
    },
  };
}

/** Incidents by their number: `INC-2` before `INC-10`. */
export function older(a: string, b: string): number {
  return Number(a.split("-")[1]) - Number(b.split("-")[1]);
}
