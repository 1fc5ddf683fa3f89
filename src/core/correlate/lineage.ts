import { type Asset, assetId } from "../signal/asset.ts";
import { type AssetAttributes, mergeAttributes, type Statement } from "./lineage-attributes.ts";
import {
  byPrecedence,
  type DocumentName,
  type LineageAsset,
  type LineageDocument,
  type LineageKind,
} from "./lineage-document.ts";
import { type FileIndex, fileIndex } from "./lineage-files.ts";
import { type NameIndex, nameIndex, type Resolution } from "./lineage-names.ts";
import {
  distances,
  patchRows,
  type Row,
  type Rows,
  rowAt,
  rowsOf,
  type Scratch,
  scratchFor,
  shortest,
  someCell,
  spread,
  trail,
  type WalkEnd,
  type WalkLimits,
} from "./lineage-rows.ts";

export type Reached = { id: number; distance: number };
export type ReachedLimits = { maxDepth?: number; limit?: number };
export type Consumer = AssetAttributes & Reached;

/**
 * The lineage of all documents as one graph in memory, immutable: `with` and `without` give the next one. Assets of the
 * same name are one, whichever document names them, and carry a number, valid for the lineage that gave it (and never
 * to be stored). Cycles are allowed; an asset is never its own ancestor or descendant. Within a distance, assets come
 * in no particular order.
 */
export type Lineage = {
  /** Assets that some document names; edges, counted once for each document that states them; documents. */
  readonly counts: { assets: number; edges: number; documents: number };
  documents(): DocumentName[];
  /** Every asset that some document names. */
  ids(): number[];
  find(asset: Asset): number | null;
  /** As `find`, and where that finds nothing, by what is left when a tool does not know or say the whole name. */
  resolve(asset: Asset): Resolution | null;
  asset(id: number): Asset;
  /** The name that assets are matched by: it puts equals into an order that does not depend on which came first. */
  name(id: number): string;
  attributes(id: number): AssetAttributes;
  parents(id: number): number[];
  children(id: number): number[];
  /** The documents that state an edge. */
  statedBy(from: number, to: number): DocumentName[];
  ancestors(id: number, limits?: ReachedLimits): Reached[];
  descendants(id: number, limits?: ReachedLimits): Reached[];
  /** Visits the ancestors ("up") or descendants ("down") nearest first; a visitor that answers true ends the walk. */
  walk(
    id: number,
    direction: "up" | "down",
    visit: (id: number, distance: number) => boolean | undefined,
    limits?: WalkLimits,
  ): WalkEnd;
  /** The distance of all that is above or below an asset, by number (0: it is not), and those assets, nearest first. */
  distances(id: number, direction: "up" | "down"): { byNode: Uint8Array; reached: Int32Array };
  /** A shortest way downstream, both ends included; null where there is none. */
  path(from: number, to: number): number[] | null;
  /** The nearest of some targets above an asset, by name where several are as near, with the path down from it. */
  distanceUp(from: number, targets: ReadonlySet<number>): (Reached & { path: number[] }) | null;
  /** The exposures and dashboards downstream of an asset, nearest first, with their owners. */
  consumersOf(id: number, limits?: ReachedLimits): Consumer[];
  /**
   * The assets that files of a repository define, by path as given. A project may be a folder of the repository, so
   * that `analytics/models/orders.sql` is its `models/orders.sql`.
   */
  pathsToAssets(paths: string[]): Map<string, number[]>;
  /** With a document in place of the one of the same provider and key. */
  with(document: LineageDocument): Lineage;
  without(document: Pick<DocumentName, "provider" | "key">): Lineage;
  /**
   * The assets whose children or parents may differ from those in an earlier lineage that this one grew from, and
   * whose numbers are still the same; null where all may differ and numbers with them.
   */
  changedSince(earlier: Lineage): { children: Set<number>; parents: Set<number> } | null;
};

/** A document in the graph: its assets as they were said, with their numbers, and edges as pairs of their indices. */
type Slot = DocumentName & {
  assets: LineageAsset[];
  nodes: Int32Array;
  edges: Int32Array;
  /** The versions of the graph from which and until which it holds. */
  born: number;
  died: number;
};

/**
 * What a lineage shares with those that grow from it. Only the newest may grow in place (`head`); a branch from an
 * older one is built anew.
 */
type Family = {
  sameName: (asset: Asset) => string;
  /** By number: the name an asset is matched by, and the asset as first named. */
  keys: string[];
  assets: Asset[];
  numbers: Map<string, number>;
  slots: Slot[];
  current: Map<string, number>;
  head: number;
  log: { version: number; children: number[]; parents: number[] }[];
  patchedRows: number;
  idle: Scratch[];
  files: FileIndex;
  names: NameIndex;
};

type Graph = {
  family: Family;
  version: number;
  children: Rows;
  parents: Rows;
  /** For each node the assets of documents that are it: `values` are indices into the slot's `assets`. */
  statements: Rows;
  counts: Lineage["counts"];
};

/** After so many patched rows, or that share of all, the graph is built anew: patches hold on to what they replaced. */
const PATCHED_ROWS = { least: 5000, share: 1 / 4 } as const;

/** `sameName` says which names are one asset. */
export function buildLineage(
  documents: LineageDocument[],
  sameName: (asset: Asset) => string = assetId,
): Lineage {
  const newest = new Map(documents.map((document) => [documentId(document), document]));
  return lineageOf(
    assemble(
      [...newest.values()].map((document) => ({ ...headOf(document), ...contentOf(document, sameName) })),
      sameName,
    ),
  );
}

type Content = { assets: LineageAsset[]; keys: string[]; edges: Int32Array };

function headOf({ provider, key, at }: DocumentName): DocumentName {
  return { provider, key, at };
}

function documentId({ provider, key }: Pick<DocumentName, "provider" | "key">): string {
  return `${provider} ${key}`;
}

function contentOf(document: LineageDocument, sameName: (asset: Asset) => string): Content {
  const edges = new Int32Array(document.edges.length * 2);
  for (let edge = 0; edge < document.edges.length; edge += 1) {
    edges[edge * 2] = document.edges[edge]![0];
    edges[edge * 2 + 1] = document.edges[edge]![1];
  }
  return { assets: document.assets, keys: document.assets.map(sameName), edges };
}

/** Documents in order of name, so that the same documents make the same graph. */
function assemble(documents: (DocumentName & Content)[], sameName: (asset: Asset) => string): Graph {
  const family: Family = {
    sameName,
    keys: [],
    assets: [],
    numbers: new Map(),
    slots: [],
    current: new Map(),
    head: 0,
    log: [],
    patchedRows: 0,
    idle: [],
    files: fileIndex(),
    names: nameIndex(),
  };
  const ordered = documents
    .map((document) => ({ document, id: documentId(document) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const { document } of ordered) occupySlot(family, document, 0);
  const size = family.keys.length;
  const statements = columns(family.slots.reduce((sum, slot) => sum + slot.nodes.length, 0));
  const edges = columns(family.slots.reduce((sum, slot) => sum + slot.edges.length / 2, 0));
  let stated = 0;
  let edge = 0;
  for (const [index, slot] of family.slots.entries()) {
    for (let at = 0; at < slot.nodes.length; at += 1, stated += 1) {
      statements.a[stated] = slot.nodes[at]!;
      statements.b[stated] = at;
      statements.slots[stated] = index;
    }
    for (let at = 0; at < slot.edges.length; at += 2) {
      const from = slot.nodes[slot.edges[at]!]!;
      const to = slot.nodes[slot.edges[at + 1]!]!;
      if (from === to) continue;
      edges.a[edge] = from;
      edges.b[edge] = to;
      edges.slots[edge] = index;
      edge += 1;
    }
  }
  const cut = (column: Int32Array) => column.subarray(0, edge);
  return {
    family,
    version: 0,
    children: rowsOf(size, cut(edges.a), cut(edges.b), cut(edges.slots)),
    parents: rowsOf(size, cut(edges.b), cut(edges.a), cut(edges.slots)),
    statements: rowsOf(size, statements.a, statements.b, statements.slots),
    counts: { assets: size, edges: edge, documents: family.slots.length },
  };
}

function columns(length: number): { a: Int32Array; b: Int32Array; slots: Int32Array } {
  return { a: new Int32Array(length), b: new Int32Array(length), slots: new Int32Array(length) };
}

function occupySlot(family: Family, document: DocumentName & Content, version: number): number {
  const nodes = new Int32Array(document.assets.length);
  for (let at = 0; at < nodes.length; at += 1) {
    const key = document.keys[at]!;
    let node = family.numbers.get(key);
    if (node === undefined) {
      node = family.keys.push(key) - 1;
      family.assets.push(document.assets[at]!);
      family.numbers.set(key, node);
    }
    nodes[at] = node;
  }
  const { assets, edges } = document;
  const slot = { ...headOf(document), assets, edges, nodes, born: version, died: Number.POSITIVE_INFINITY };
  const index = family.slots.push(slot) - 1;
  family.current.set(documentId(document), index);
  return index;
}

function liveSlots({ family, version }: Graph): Slot[] {
  return family.slots.filter((slot) => slot.born <= version && version < slot.died);
}

/** The next graph, in which `document` stands in place of the one of that name, or nothing does. */
function replace(
  graph: Graph,
  name: Pick<DocumentName, "provider" | "key">,
  document: LineageDocument | null,
): Graph {
  const { family } = graph;
  const content = document ? contentOf(document, family.sameName) : null;
  const old = family.current.get(documentId(name));
  const goneSlot = old === undefined ? null : family.slots[old]!;
  const touched = [content?.assets, content?.edges, goneSlot?.assets, goneSlot?.edges].reduce(
    (sum, list) => sum + (list?.length ?? 0),
    0,
  );
  const room = Math.max(PATCHED_ROWS.least, family.keys.length * PATCHED_ROWS.share);
  if (graph.version !== family.head || family.patchedRows + touched > room) {
    const kept = liveSlots(graph)
      .filter((slot) => documentId(slot) !== documentId(name))
      .map((slot) => ({ ...slot, keys: Array.from(slot.nodes, (node) => family.keys[node]!) }));
    return assemble(
      document && content ? [...kept, { ...headOf(document), ...content }] : kept,
      family.sameName,
    );
  }
  return patch(
    graph,
    { old, goneSlot },
    document && content ? { ...headOf(document), ...content } : null,
    name,
  );
}

/** Lays the difference that one document makes over the rows that it touches. */
function patch(
  graph: Graph,
  { old, goneSlot }: { old: number | undefined; goneSlot: Slot | null },
  document: (DocumentName & Content) | null,
  name: Pick<DocumentName, "provider" | "key">,
): Graph {
  const { family } = graph;
  family.head += 1;
  const version = family.head;
  if (goneSlot) goneSlot.died = version;
  family.current.delete(documentId(name));
  const slot = document ? occupySlot(family, document, version) : -1;
  const gone = goneSlot ? cellsOf(goneSlot) : null;
  const added = document ? cellsOf(family.slots[slot]!) : NO_CELLS;
  const next = (rows: Rows, kind: "children" | "parents" | "statements") =>
    patchRows(rows, version, gone && { slot: old!, nodes: gone[kind].keys() }, { slot, values: added[kind] });
  const statements = next(graph.statements, "statements");
  const nodes = new Set([...(gone?.statements.keys() ?? []), ...added.statements.keys()]);
  const known = (rows: Rows) => [...nodes].filter((node) => rowAt(rows, node).values.length > 0).length;
  const changed = (kind: "children" | "parents") => [...(gone?.[kind].keys() ?? []), ...added[kind].keys()];
  family.log.push({ version, children: changed("children"), parents: changed("parents") });
  family.patchedRows += nodes.size + changed("children").length + changed("parents").length;
  return {
    family,
    version,
    children: next(graph.children, "children"),
    parents: next(graph.parents, "parents"),
    statements,
    counts: {
      assets: graph.counts.assets + known(statements) - known(graph.statements),
      edges: graph.counts.edges + added.edges - (gone?.edges ?? 0),
      documents: graph.counts.documents + (document ? 1 : 0) - (gone ? 1 : 0),
    },
  };
}

type Cells = Record<"children" | "parents" | "statements", Map<number, number[]>> & { edges: number };
const NO_CELLS: Cells = { children: new Map(), parents: new Map(), statements: new Map(), edges: 0 };

function cellsOf(slot: Slot): Cells {
  const cells: Cells = { children: new Map(), parents: new Map(), statements: new Map(), edges: 0 };
  const put = (map: Map<number, number[]>, node: number, value: number) => {
    const known = map.get(node);
    if (known) known.push(value);
    else map.set(node, [value]);
  };
  for (const [at, node] of slot.nodes.entries()) put(cells.statements, node, at);
  for (let at = 0; at < slot.edges.length; at += 2) {
    const from = slot.nodes[slot.edges[at]!]!;
    const to = slot.nodes[slot.edges[at + 1]!]!;
    if (from === to) continue;
    put(cells.children, from, to);
    put(cells.parents, to, from);
    cells.edges += 1;
  }
  return cells;
}

const GRAPHS = new WeakMap<Lineage, Graph>();

function lineageOf(graph: Graph): Lineage {
  const { family } = graph;
  const isKnown = (node: number) => someCell(graph.statements, node, () => true);
  const rowsTo = (direction: "up" | "down") => (direction === "up" ? graph.parents : graph.children);
  const find = (asset: Asset) => {
    const node = family.numbers.get(family.sameName(asset));
    return node !== undefined && isKnown(node) ? node : null;
  };
  const attributes = (id: number) => mergeAttributes(statementsOf(graph, id));
  const lineage: Lineage = {
    counts: graph.counts,
    documents: () => liveSlots(graph).map(headOf),
    ids: () => [...family.keys.keys()].filter(isKnown),
    find,
    resolve: (asset) => {
      const exact = find(asset);
      if (exact !== null) return { id: exact, certainty: "exact" };
      return family.names.resolve(
        asset,
        family.assets,
        (node) => isKnown(node) && !isAnyOf(graph, node, NO_DATASETS),
      );
    },
    asset: (id) => attributes(id).asset,
    name: (id) => family.keys[id]!,
    attributes,
    parents: (id) => distinct(rowAt(graph.parents, id)),
    children: (id) => distinct(rowAt(graph.children, id)),
    statedBy: (from, to) => {
      const { values, slots } = rowAt(graph.children, from);
      const stated = new Set([...slots].filter((_, cell) => values[cell] === to));
      return [...stated].map((slot) => headOf(family.slots[slot]!)).sort(byPrecedence);
    },
    ancestors: (id, limits) => reached(graph, graph.parents, id, limits),
    descendants: (id, limits) => reached(graph, graph.children, id, limits),
    walk: (id, direction, visit, limits) =>
      withScratch(graph, (scratch) => spread(rowsTo(direction), scratch, id, visit, limits)),
    distances: (id, direction) =>
      withScratch(graph, (scratch) => distances(rowsTo(direction), scratch, family.keys.length, id)),
    path: (from, to) =>
      withScratch(graph, (one) =>
        withScratch(graph, (two) => shortest(graph.children, graph.parents, [one, two], from, to)),
      ),
    distanceUp: (from, targets) => nearestAbove(graph, from, targets),
    consumersOf: (id, limits) => consumers(graph, id, limits),
    pathsToAssets: (paths) => {
      family.files.extend(family.slots);
      const live = (slot: number) =>
        family.slots[slot]!.born <= graph.version && graph.version < family.slots[slot]!.died;
      return new Map(paths.map((path) => [path, family.files.find(path, family.slots, live)]));
    },
    with: (document) => lineageOf(replace(graph, document, document)),
    without: (name) =>
      liveSlots(graph).some((slot) => documentId(slot) === documentId(name))
        ? lineageOf(replace(graph, name, null))
        : lineage,
    changedSince: (earlier) => changedSince(graph, GRAPHS.get(earlier)),
  };
  GRAPHS.set(lineage, graph);
  return lineage;
}

function statementsOf({ family, statements }: Graph, id: number): Statement[] {
  const { values, slots } = rowAt(statements, id);
  return Array.from(values, (at, cell) => {
    const slot = family.slots[slots[cell]!]!;
    return { document: headOf(slot), asset: slot.assets[at]! };
  });
}

const NO_DATASETS = new Set<LineageKind>(["job", "exposure", "dashboard", "metric"]);
const CONSUMERS = new Set<LineageKind>(["exposure", "dashboard"]);

function isAnyOf({ family, statements }: Graph, id: number, kinds: ReadonlySet<LineageKind>): boolean {
  return someCell(statements, id, (at, slot) => kinds.has(family.slots[slot]!.assets[at]!.kind));
}

function distinct({ values }: Row): number[] {
  return [...new Set(values)];
}

/** Searches may nest (a visitor may search too), so each takes its memory from those that lie idle. */
function withScratch<Answer>({ family }: Graph, search: (scratch: Scratch) => Answer): Answer {
  const idle = family.idle.pop();
  const size = family.keys.length;
  // Some room to grow, as every new asset would otherwise cost new memory.
  const scratch = idle && idle.stamp.length >= size ? idle : scratchFor(size + 1000);
  try {
    return search(scratch);
  } finally {
    family.idle.push(scratch);
  }
}

function reached(
  graph: Graph,
  rows: Rows,
  id: number,
  { maxDepth, limit = Number.POSITIVE_INFINITY }: ReachedLimits = {},
): Reached[] {
  const found: Reached[] = [];
  if (limit <= 0) return found;
  const visit = (node: number, distance: number) => found.push({ id: node, distance }) >= limit;
  withScratch(graph, (scratch) => spread(rows, scratch, id, visit, { maxDepth }));
  return found;
}

function nearestAbove(
  graph: Graph,
  from: number,
  targets: ReadonlySet<number>,
): (Reached & { path: number[] }) | null {
  const { keys } = graph.family;
  return withScratch(graph, (scratch) => {
    let best: Reached | null = null;
    spread(graph.parents, scratch, from, (id, distance) => {
      if (best !== null && distance > best.distance) return true;
      if (targets.has(id) && (best === null || keys[id]! < keys[best.id]!)) best = { id, distance };
      return false;
    });
    // The compiler does not see that the visitor sets it.
    const nearest = best as Reached | null;
    return nearest && { ...nearest, path: trail(scratch, from, nearest.id).reverse() };
  });
}

function consumers(
  graph: Graph,
  id: number,
  { maxDepth, limit = Number.POSITIVE_INFINITY }: ReachedLimits = {},
): Consumer[] {
  const found: Reached[] = [];
  withScratch(graph, (scratch) =>
    spread(
      graph.children,
      scratch,
      id,
      (node, distance) => {
        return isAnyOf(graph, node, CONSUMERS) && found.push({ id: node, distance }) >= limit;
      },
      { maxDepth },
    ),
  );
  const { keys } = graph.family;
  return found
    .sort((a, b) => a.distance - b.distance || (keys[a.id]! < keys[b.id]! ? -1 : 1))
    .map((each) => ({ ...each, ...mergeAttributes(statementsOf(graph, each.id)) }));
}

function changedSince(
  graph: Graph,
  earlier: Graph | undefined,
): { children: Set<number>; parents: Set<number> } | null {
  if (earlier?.family !== graph.family || earlier.version > graph.version) return null;
  const since = graph.family.log.filter(
    ({ version }) => earlier.version < version && version <= graph.version,
  );
  return {
    children: new Set(since.flatMap(({ children }) => children)),
    parents: new Set(since.flatMap(({ parents }) => parents)),
  };
}
