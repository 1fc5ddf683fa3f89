import { type Asset, assetId } from "../signal/asset.ts";
import type { Lineage } from "./lineage.ts";

/** An origin that lies above or below the asset that was asked for, and how far. */
export type OriginAt = { origin: Asset; id: number; distance: number };

/**
 * Answers, for a small and changing set of assets (the origins: those in open incidents), which of them lie above or
 * below another one.
 *
 * Most assets have few ancestors, and looking at those is quicker than anything kept. Where there are more than
 * `searchEdges`, every origin's own reach is kept instead, and to look an asset up in it takes no search. What is kept
 * is bounded by `keptBytes`, and so is the work of one question: where not all origins have their reach yet, some more
 * get theirs, and one search through the graph answers.
 *
 * An origin is not above or below itself. One that the lineage does not know is kept until a lineage does.
 */
export type Reach = {
  readonly lineage: Lineage;
  readonly origins: Asset[];
  /** Memory that the kept reaches take. */
  readonly keptBytes: number;
  add(origin: Asset): void;
  remove(origin: Asset): void;
  /** Nearest first, by name where several are as near. */
  originsAbove(asset: Asset): OriginAt[];
  originsBelow(asset: Asset): OriginAt[];
  /** Goes on with another lineage, keeping every reach that the difference does not touch. */
  follow(lineage: Lineage): void;
};

export type ReachLimits = {
  searchEdges?: number;
  keptBytes?: number;
  /** How an origin or asset is found in the lineage. */
  locate?: (lineage: Lineage, asset: Asset) => number | null;
};

/** How much one question may work out: in assets reached, where each reach costs as much as some assets by itself. */
const NEW_REACHES = { assets: 100_000, each: 2000 } as const;

type Direction = "up" | "down";
type Origin = { asset: Asset; id: number | null; down: NodeSet | null; up: NodeSet | null };

export function createReach(
  start: Lineage,
  {
    searchEdges = 1000,
    keptBytes = 128 * 1024 * 1024,
    locate = (lineage, asset) => lineage.find(asset),
  }: ReachLimits = {},
): Reach {
  let lineage = start;
  let bytes = 0;
  const origins = new Map<string, Origin>();
  /** Origins by number, as several names may be one asset. */
  const byId = new Map<number, Origin[]>();

  const enlist = (origin: Origin) => {
    if (origin.id !== null) byId.set(origin.id, [...(byId.get(origin.id) ?? []), origin]);
  };
  const forget = (origin: Origin, direction: Direction) => {
    bytes -= origin[direction]?.bytes ?? 0;
    origin[direction] = null;
  };
  const keep = (origin: Origin, direction: Direction) => {
    origin[direction] = nodeSet(lineage, origin.id!, direction);
    bytes += origin[direction].bytes;
  };

  /** Looks from the asset; null where that took too long. */
  const search = (id: number, direction: Direction, maxEdges: number): OriginAt[] | null => {
    const found: OriginAt[] = [];
    const visit = (node: number, distance: number) => {
      const here = byId.get(node);
      if (here) found.push(...here.map(({ asset }) => ({ origin: asset, id: node, distance })));
      return false;
    };
    return lineage.walk(id, direction, visit, { maxEdges }) === "cut" ? null : found;
  };

  /** Looks from the origins: what is above the asset is what has it in its reach downward. */
  const lookUp = (id: number, direction: Direction): OriginAt[] => {
    const away = direction === "up" ? "down" : "up";
    let room: number = NEW_REACHES.assets;
    for (const [origin] of byId.values()) {
      if (origin![away] !== null) continue;
      if (room <= 0 || bytes >= keptBytes) return search(id, direction, Number.POSITIVE_INFINITY)!;
      keep(origin!, away);
      room -= NEW_REACHES.each + origin![away]!.size;
    }
    const found: OriginAt[] = [];
    for (const [node, here] of byId) {
      const distance = node === id ? null : here[0]![away]!.distanceTo(id);
      if (distance !== null) found.push(...here.map(({ asset }) => ({ origin: asset, id: node, distance })));
    }
    return found;
  };

  const ask = (asset: Asset, direction: Direction): OriginAt[] => {
    const id = byId.size === 0 ? null : locate(lineage, asset);
    if (id === null) return [];
    const found = search(id, direction, searchEdges) ?? lookUp(id, direction);
    const name = ({ origin }: OriginAt) => assetId(origin);
    return found.sort((a, b) => a.distance - b.distance || (name(a) < name(b) ? -1 : 1));
  };

  return {
    get lineage() {
      return lineage;
    },
    get origins() {
      return [...origins.values()].map(({ asset }) => asset);
    },
    get keptBytes() {
      return bytes;
    },
    add(asset) {
      if (origins.has(assetId(asset))) return;
      const origin: Origin = { asset, id: locate(lineage, asset), down: null, up: null };
      origins.set(assetId(asset), origin);
      enlist(origin);
    },
    remove(asset) {
      const origin = origins.get(assetId(asset));
      if (!origin) return;
      origins.delete(assetId(asset));
      forget(origin, "down");
      forget(origin, "up");
      if (origin.id === null) return;
      const others = byId.get(origin.id)!.filter((other) => other !== origin);
      if (others.length > 0) byId.set(origin.id, others);
      else byId.delete(origin.id);
    },
    originsAbove: (asset) => ask(asset, "up"),
    originsBelow: (asset) => ask(asset, "down"),
    follow(next) {
      const changed = next.changedSince(lineage);
      lineage = next;
      byId.clear();
      for (const origin of origins.values()) {
        const id = locate(lineage, origin.asset);
        const moved = id !== origin.id || changed === null;
        if (moved || origin.down?.holdsAny(id!, changed.children)) forget(origin, "down");
        if (moved || origin.up?.holdsAny(id!, changed.parents)) forget(origin, "up");
        origin.id = id;
        enlist(origin);
      }
    },
  };
}

/** What one node reaches in one direction, with the distances. */
type NodeSet = {
  size: number;
  bytes: number;
  distanceTo(node: number): number | null;
  /** Whether the reach starts at, or leads over, one of these. */
  holdsAny(from: number, nodes: ReadonlySet<number>): boolean;
};

/** A small reach is a sorted list searched by halves, a large one a distance for every node. */
function nodeSet(lineage: Lineage, from: number, direction: Direction): NodeSet {
  const { byNode, reached } = lineage.distances(from, direction);
  const isSmall = reached.length * 5 < byNode.length;
  const find = isSmall ? sparse(reached, byNode) : (node: number) => byNode[node] || null;
  return {
    size: reached.length,
    bytes: isSmall ? reached.length * 5 : byNode.length,
    distanceTo: find,
    holdsAny: (origin, others) => others.has(origin) || some(others, (node) => find(node) !== null),
  };
}

function some(nodes: ReadonlySet<number>, test: (node: number) => boolean): boolean {
  for (const node of nodes) if (test(node)) return true;
  return false;
}

function sparse(reached: Int32Array, byNode: Uint8Array): (node: number) => number | null {
  const nodes = reached.sort();
  const far = Uint8Array.from(nodes, (node) => byNode[node]!);
  return (node) => {
    let low = 0;
    let high = nodes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (nodes[middle]! < node) low = middle + 1;
      else high = middle;
    }
    return nodes[low] === node ? far[low]! : null;
  };
}
