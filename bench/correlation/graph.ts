import {
  draftDocument,
  type LineageDocument,
  type LineageKind,
} from "../../src/core/correlate/lineage-document.ts";
import type { Asset } from "../../src/core/signal/asset.ts";
import { PLATFORMS, type PlatformName, tableOf, uniqueNames } from "./names.ts";
import type { Random } from "./random.ts";

export type Layer = "job" | "source" | "staging" | "intermediate" | "mart" | "exposure";

export type GraphNode = {
  id: number;
  asset: Asset;
  /** As people call it: `stg_shopify__orders`. */
  name: string;
  layer: Layer;
  domain: string;
  /** dbt's unique id, or the job's name. */
  uniqueId: string;
};

/** A dbt project of Fernhollow Outfitters with the jobs that load its sources. */
export type Graph = {
  platform: PlatformName;
  nodes: GraphNode[];
  parents: number[][];
  children: number[][];
  documents: LineageDocument[];
  /** All above or below a node, without itself. */
  above(id: number): Set<number>;
  below(id: number): Set<number>;
};

/** What a system of record is for, and what its tables hold. */
const SYSTEMS: Record<string, { domain: string; entities: string[] }> = {
  shopify: {
    domain: "orders",
    entities: ["orders", "order_lines", "refunds", "customers", "products", "discounts"],
  },
  pos: { domain: "orders", entities: ["tickets", "ticket_lines", "tills", "stores", "returns"] },
  stripe: {
    domain: "payments",
    entities: ["charges", "payouts", "disputes", "refunds", "balance_transactions"],
  },
  netsuite: { domain: "finance", entities: ["invoices", "gl_entries", "vendors", "accounts", "budgets"] },
  shiphero: { domain: "logistics", entities: ["shipments", "parcels", "carriers", "returns", "warehouses"] },
  wms: {
    domain: "inventory",
    entities: ["stock_levels", "stock_moves", "bins", "purchase_orders", "products"],
  },
  klaviyo: { domain: "marketing", entities: ["campaigns", "sends", "opens", "clicks", "lists"] },
  google_ads: { domain: "marketing", entities: ["campaigns", "ad_groups", "keywords", "clicks", "costs"] },
  segment: { domain: "web", entities: ["pages", "tracks", "identifies", "sessions", "carts"] },
  zendesk: { domain: "support", entities: ["tickets", "users", "ticket_events", "satisfaction", "macros"] },
  crm: {
    domain: "customers",
    entities: ["customers", "addresses", "loyalty_members", "segments", "consents"],
  },
  workday: { domain: "people", entities: ["employees", "shifts", "absences", "positions"] },
};

const PERIODS = [
  "",
  "_daily",
  "_weekly",
  "_monthly",
  "_by_store",
  "_by_region",
  "_history",
  "_snapshot",
  "_current",
];
const STEPS = [
  "joined",
  "pivoted",
  "deduplicated",
  "enriched",
  "filtered",
  "aggregated",
  "unioned",
  "sessionized",
];
const MART_WORDS = ["fct", "dim", "rpt", "agg"];

/** The share of each layer among all nodes; jobs come on top, one for each system. */
const SHARES = { source: 0.2, staging: 0.22, intermediate: 0.24, mart: 0.26 } as const;

/** A real-shaped project of about `size` nodes: domains that mostly keep to themselves, and a few tables that all join. */
export function drawGraph(random: Random, size: number): Graph {
  const sketch = sketchOf(random);
  const sources = drawSources(sketch, Math.round(size * SHARES.source));
  const staging = drawStaging(sketch, sources, Math.round(size * SHARES.staging));
  const hubs = drawHubs(sketch, staging);
  const intermediate = drawModels(
    sketch,
    "intermediate",
    staging,
    hubs,
    Math.round(size * SHARES.intermediate),
  );
  const built = [...intermediate, ...random.sample(staging, Math.round(staging.length / 4))];
  const marts = drawModels(sketch, "mart", built, hubs, Math.round(size * SHARES.mart));
  drawExposures(sketch, [...marts, ...hubs], Math.max(3, size - sketch.nodes.length));
  return graphOf(sketch);
}

type Sketch = {
  random: Random;
  platform: PlatformName;
  upper: boolean;
  nodes: GraphNode[];
  edges: Map<number, Set<number>>;
  unique: (make: () => string) => string;
};

function sketchOf(random: Random): Sketch {
  return {
    random,
    platform: random.pick(PLATFORMS),
    upper: random.chance(0.5),
    nodes: [],
    edges: new Map(),
    unique: uniqueNames(random),
  };
}

function addNode(sketch: Sketch, node: Omit<GraphNode, "id">, parents: GraphNode[]): GraphNode {
  const added = { ...node, id: sketch.nodes.length };
  sketch.nodes.push(added);
  for (const parent of parents) {
    const below = sketch.edges.get(parent.id) ?? new Set();
    sketch.edges.set(parent.id, below.add(added.id));
  }
  return added;
}

/** Each system's tables, with the job that loads them above. Tables of one name in two systems are common. */
function drawSources(sketch: Sketch, count: number): GraphNode[] {
  const { random } = sketch;
  const systems = random.sample(Object.keys(SYSTEMS), Math.min(12, Math.max(5, Math.round(count / 12))));
  const jobs = new Map(systems.map((system) => [system, addNode(sketch, jobNode(system), [])]));
  return Array.from({ length: count }, (_, at) => {
    const system = systems[at % systems.length]!;
    const { domain, entities } = SYSTEMS[system]!;
    const id = sketch.unique(() => `${system}.${random.pick(entities)}${random.pick(PERIODS)}`);
    const [, name] = id.split(".");
    const asset = tableOf(sketch.platform, sketch.upper, "raw", system, name!);
    const node = { asset, name: id, layer: "source" as const, domain, uniqueId: `source.fernhollow.${id}` };
    return addNode(sketch, node, [jobs.get(system)!]);
  });
}

function jobNode(system: string): Omit<GraphNode, "id"> {
  const name = `ingest_${system}.load_tables`;
  const { domain } = SYSTEMS[system]!;
  return { asset: { namespace: "prod", name }, name, layer: "job", domain, uniqueId: name };
}

function modelNode(sketch: Sketch, layer: Layer, schema: string, domain: string, make: () => string) {
  const name = sketch.unique(make);
  const asset = tableOf(sketch.platform, sketch.upper, "analytics", schema, name);
  return { asset, name, layer, domain, uniqueId: `model.fernhollow.${name}` };
}

/** One staging model for a source, and for some sources more that read them directly. */
function drawStaging(sketch: Sketch, sources: GraphNode[], count: number): GraphNode[] {
  const { random } = sketch;
  const readTwice = random.sample(sources, Math.max(2, Math.round(sources.length / 7)));
  return Array.from({ length: Math.max(count, sources.length) }, (_, at) => {
    const source = sources[at] ?? random.pick(readTwice);
    const [system, table] = source.name.split(".");
    const make = () =>
      at < sources.length ? `stg_${system}__${table}` : `stg_${system}__${table}_${random.pick(STEPS)}`;
    return addNode(sketch, modelNode(sketch, "staging", "staging", source.domain, make), [source]);
  });
}

/** Tables that half of the project joins. */
function drawHubs(sketch: Sketch, staging: GraphNode[]): GraphNode[] {
  const { random } = sketch;
  return ["dim_date", "dim_customers", "dim_products", "dim_stores"].map((name) => {
    const seed = name === "dim_date" ? seedNode(sketch) : null;
    const parents = seed ? [addNode(sketch, seed, [])] : random.sample(staging, random.int(2, 3));
    return addNode(
      sketch,
      modelNode(sketch, "mart", "core", "core", () => name),
      parents,
    );
  });
}

function seedNode(sketch: Sketch): Omit<GraphNode, "id"> {
  const asset = tableOf(sketch.platform, sketch.upper, "analytics", "seeds", "calendar");
  return { asset, name: "calendar", layer: "source", domain: "core", uniqueId: "seed.fernhollow.calendar" };
}

/** Models of the own domain for the most part, built upon one another, joined with a hub more often than not. */
function drawModels(
  sketch: Sketch,
  layer: "intermediate" | "mart",
  from: GraphNode[],
  hubs: GraphNode[],
  count: number,
): GraphNode[] {
  const { random } = sketch;
  const byDomain = Map.groupBy(from, (node) => node.domain);
  const domains = [...byDomain.keys()];
  return Array.from({ length: count }, () => {
    const domain = random.pick(domains);
    const own = byDomain.get(domain)!;
    const parents = random.sample(own.slice(-60), random.int(1, 3));
    if (random.chance(0.12)) parents.push(random.pick(from));
    if (random.chance(layer === "mart" ? 0.5 : 0.12)) parents.push(random.pick(hubs));
    const entity = entityOf(parents[0]!.name);
    const make = () =>
      layer === "mart"
        ? `${random.pick(MART_WORDS)}_${domain}_${entity}${random.pick(PERIODS)}`
        : `int_${domain}__${entity}_${random.pick(STEPS)}`;
    const schema = layer === "mart" ? `marts_${domain}` : "intermediate";
    const node = addNode(sketch, modelNode(sketch, layer, schema, domain, make), parents);
    own.push(node);
    return node;
  });
}

/** What a model is about, in no more words than people would put into a name. */
function entityOf(name: string): string {
  const about = name.replace(/^(stg|int|fct|dim|rpt|agg)_/, "").replace(/^.*__/, "");
  return about.split("_").slice(0, 3).join("_");
}

function drawExposures(sketch: Sketch, marts: GraphNode[], count: number): void {
  const { random } = sketch;
  for (let at = 0; at < count; at += 1) {
    const read = random.sample(marts, random.int(1, 5));
    const name = sketch.unique(
      () => `${read[0]!.domain}_${random.pick(["board", "weekly_review", "forecast", "mailing", "cockpit"])}`,
    );
    const uniqueId = `exposure.fernhollow.${name}`;
    const asset = { namespace: "dbt", name: uniqueId };
    addNode(sketch, { asset, name, layer: "exposure", domain: read[0]!.domain, uniqueId }, read);
  }
}

function graphOf({ nodes, edges, platform }: Sketch): Graph {
  const children = nodes.map((node) => [...(edges.get(node.id) ?? [])]);
  const parents = nodes.map((): number[] => []);
  for (const [from, below] of children.entries()) for (const to of below) parents[to]!.push(from);
  return {
    platform,
    nodes,
    parents,
    children,
    documents: documentsOf(nodes, children),
    above: (id) => reach(parents, id),
    below: (id) => reach(children, id),
  };
}

function reach(next: number[][], id: number): Set<number> {
  const found = new Set<number>();
  const queue = [id];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const other of next[at]!) {
      if (found.has(other)) continue;
      found.add(other);
      queue.push(other);
    }
  }
  return found;
}

/** dbt states the project, OpenLineage each of the jobs that load the sources. */
function documentsOf(nodes: GraphNode[], children: number[][]): LineageDocument[] {
  const at = "2026-11-22T22:00:00.000Z";
  const jobs = nodes.filter(({ layer }) => layer === "job");
  const project = nodes.filter(({ layer }) => layer !== "job");
  return [
    documentOf(project, nodes, children, { provider: "dbt", key: "fernhollow/prod", at }),
    ...jobs.map((job) =>
      documentOf([job, ...children[job.id]!.map((id) => nodes[id]!)], nodes, children, {
        provider: "openlineage",
        key: `prod/${job.name}`,
        at,
      }),
    ),
  ];
}

function documentOf(
  members: GraphNode[],
  nodes: GraphNode[],
  children: number[][],
  head: Pick<LineageDocument, "provider" | "key" | "at">,
): LineageDocument {
  const draft = draftDocument();
  const handles = new Map(
    members.map((node) => [
      node.id,
      draft.add({
        ...node.asset,
        kind: head.provider === "dbt" ? kindOf(node) : node.layer === "job" ? "job" : "dataset",
        title: node.name,
      })!,
    ]),
  );
  for (const from of handles.keys()) {
    for (const to of children[nodes[from]!.id]!) {
      if (handles.has(to)) draft.link(handles.get(from)!, handles.get(to)!);
    }
  }
  return draft.finish(head);
}

function kindOf({ layer, uniqueId }: GraphNode): LineageKind {
  if (layer === "exposure") return "exposure";
  return uniqueId.startsWith("seed.") ? "seed" : layer === "source" ? "source" : "model";
}

/** Whether it is a table that tools look at. */
export function isTable({ layer }: GraphNode): boolean {
  return layer !== "exposure" && layer !== "job";
}
