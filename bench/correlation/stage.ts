import { type AlertSignal, fingerprint } from "../../src/core/signal/alert.ts";
import type { Asset } from "../../src/core/signal/asset.ts";
import { drawGraph, type Graph, type GraphNode, isTable, type Layer } from "./graph.ts";
import { type Writing, written } from "./names.ts";
import { type Random, randomOf } from "./random.ts";
import type { StormAlert } from "./storms.ts";
import { type Symptom, signalOf, TOOLS, type Tool } from "./tools.ts";

export const MINUTE = 60_000;

/** The moment that all offsets of storms count from. */
export const STORM_START = Date.parse("2026-11-23T03:00:00.000Z");

/** A problem and where it comes from. */
export type Failure = { cause: string; node: GraphNode };

/** A run whose results arrive together, when it has ended. */
export type Run = { id: string; endsAt: number; arrivesAt: number };

/** A storm while it is written. */
export type Stage = {
  random: Random;
  graph: Graph;
  writing: Record<Tool, Writing>;
  /** Where each problem comes from; null for what has no table. */
  origins: Map<string, GraphNode | null>;
  drafts: { seen: number; at: number; signal: AlertSignal; cause: string; nodes: number[] }[];
};

/** Each tool has its way of writing names, the same for the length of a storm; dbt writes them as its lineage does. */
export function openStage(seed: string, writings: readonly Writing[]): Stage {
  const random = randomOf(seed);
  // Small projects are more common than large ones.
  const graph = drawGraph(random, Math.round(300 * 10 ** (random.next() ** 2)));
  const writing = Object.fromEntries(
    TOOLS.map((tool) => [tool, tool === "dbt" ? "exact" : random.pick(writings)]),
  ) as Record<Tool, Writing>;
  return { random, graph, writing, origins: new Map(), drafts: [] };
}

/** A node to fail that has at least so many tables below. */
export function origin(
  stage: Stage,
  cause: string,
  layer: Layer,
  leastBelow: number,
  fits: (node: GraphNode) => boolean = () => true,
): Failure {
  const { random, graph } = stage;
  const candidates = graph.nodes.filter((node) => node.layer === layer && fits(node));
  const shuffled = random.shuffle(candidates);
  const node = shuffled.find((each) => graph.below(each.id).size >= leastBelow) ?? shuffled[0];
  if (node === undefined) throw new Error(`No ${layer} to fail in this graph`);
  stage.origins.set(cause, node);
  return { cause, node };
}

/**
 * A node that is neither above nor below any that fails already, with at least so many below. Half of the time one that
 * shares much of what is below with them, a quarter of the time one that is built from the same parents.
 */
export function unrelatedOrigin(stage: Stage, cause: string, leastBelow = 0): Failure {
  const { random, graph, origins } = stage;
  const failing = [...origins.values()].filter((node) => node !== null).map(({ id }) => id);
  const near = new Set(failing.flatMap((id) => [...graph.below(id)]));
  const related = new Set([...failing, ...near, ...failing.flatMap((id) => [...graph.above(id)])]);
  const free = random
    .shuffle(graph.nodes.filter((node) => isTable(node) && !related.has(node.id)))
    .filter(({ id }) => leastBelow === 0 || graph.below(id).size >= leastBelow);
  const failingParents = new Set(failing.flatMap((id) => graph.parents[id]!));
  const sibling = free.find(({ id }) => graph.parents[id]!.some((parent) => failingParents.has(parent)));
  const shared = ({ id }: GraphNode) => [...graph.below(id)].filter((other) => near.has(other)).length;
  const wish = random.next();
  const node =
    wish < 0.25 && sibling
      ? sibling
      : wish < 0.75
        ? free.slice(0, 20).reduce((best, each) => (shared(each) > shared(best) ? each : best))
        : free[0]!;
  origins.set(cause, node);
  return { cause, node };
}

export type Report = Failure & {
  tool: Tool;
  symptom: Symptom;
  /** When the tool saw it, in ms after the start; it arrives later. */
  seen: number;
  status?: "firing" | "resolved";
  severity?: AlertSignal["severity"];
  run?: Run | undefined;
  attempt?: number;
  column?: string;
  /** Other tables that the tool names beside it, and what it says it skipped because of it. */
  beside?: GraphNode[];
  skipped?: GraphNode[];
  /** The message is sent a second time, as it is. */
  again?: boolean;
};

/** Puts an alert into the storm: at the end of its run, else as late as networks, schedules and queues make it. */
export function report(stage: Stage, said: Report): void {
  const { random } = stage;
  const run = said.tool === "dbt" ? said.run : undefined;
  const seen = run?.endsAt ?? said.seen;
  const lag = random.chance(0.4) ? random.int(2, 50) * 1000 : random.int(60, 1200) * 1000;
  const at = run?.arrivesAt ?? seen + lag;
  const signal = signalFor(stage, said, seen);
  const nodes = [said.node, ...(said.beside ?? [])].map(({ id }) => id);
  const draft = { seen, at, signal, cause: said.cause, nodes };
  stage.drafts.push(draft);
  if (said.again) stage.drafts.push({ ...draft, at: at + random.int(5, 90) * 1000 });
}

function signalFor(stage: Stage, said: Report, seen: number): AlertSignal {
  const { random } = stage;
  const { node, tool } = said;
  const iso = (offset: number) => new Date(STORM_START + offset).toISOString();
  return signalOf({
    tool,
    status: said.status ?? "firing",
    severity: said.severity ?? random.pick(["critical", "error", "error", "error", "warning"]),
    symptom: said.symptom,
    table: node.name,
    uniqueId: node.uniqueId,
    domain: node.domain,
    column: said.column ?? COLUMNS[node.id % COLUMNS.length]!,
    assets: assetsFor(stage, said),
    impacted: (said.skipped ?? []).map(({ asset }) => asset),
    run: said.run?.id ?? random.hex(8),
    attempt: said.attempt ?? 1,
    seenAt: iso(seen),
    brokenSince: iso(seen - (said.symptom === "stale" ? random.int(0, 120) : random.int(0, 3)) * MINUTE),
  });
}

const COLUMNS = ["id", "customer_id", "order_id", "amount", "currency", "created_at", "store_id", "status"];

/** A job that writes tables is told of by these; at times the event names none, and then by itself. */
function assetsFor({ random, graph, writing }: Stage, { node, tool, beside = [] }: Report): Asset[] {
  const written_ = (each: GraphNode) => written(each.asset, graph.platform, writing[tool]);
  if (node.layer !== "job") return [node, ...beside].map(written_);
  const outputs = graph.children[node.id]!.map((id) => graph.nodes[id]!);
  return random.chance(0.3) ? [node.asset] : outputs.map(written_);
}

/** Alerts of nothing in particular during the storm, and incidents that are open since hours before. */
export function backgroundAndNoise(stage: Stage): void {
  const { random } = stage;
  const last = Math.max(...stage.drafts.map(({ seen }) => seen));
  for (let count = random.int(2, 6); count > 0; count -= 1) {
    lonely(stage, `noise-${count}`, random.int(-20 * MINUTE, last + 20 * MINUTE));
  }
  for (let count = random.int(0, 2); count > 0; count -= 1) {
    const cause = `background-${count}`;
    const { node } = unrelatedOrigin(stage, cause);
    const since = -random.int(2, 20) * 60 * MINUTE;
    const tools = random.sample(["dbt", "soda", "alertmanager"] as const, random.int(1, 2));
    for (const tool of tools)
      report(stage, { cause, node, tool, symptom: "rows", seen: since + random.int(0, 20) * MINUTE });
    // What is open for long is said again, also in the midst of the storm.
    if (random.chance(0.5))
      report(stage, { cause, node, tool: tools[0]!, symptom: "rows", seen: random.int(0, 60) * MINUTE });
  }
}

function lonely(stage: Stage, cause: string, seen: number): void {
  const { random } = stage;
  if (random.chance(0.3)) {
    machineTrouble(stage, cause, seen);
    return;
  }
  const { node } = unrelatedOrigin(stage, cause);
  const tool = random.pick(TOOLS);
  report(stage, { cause, node, tool, symptom: random.pick(["rows", "stale"]), seen });
}

/** A disk, a pod, a queue: an alert without any table. */
function machineTrouble(stage: Stage, cause: string, seen: number): void {
  const { random } = stage;
  const alertname = random.pick([
    "DiskFillingUp",
    "PodCrashLooping",
    "QueueBacklog",
    "CertificateExpiring",
    "ReplicaLag",
  ]);
  const instance = `node-${random.hex(6)}`;
  const at = new Date(STORM_START + seen).toISOString();
  const signal: AlertSignal = {
    source: "alertmanager",
    dedupKey: random.hex(16),
    deliveryId: null,
    status: "firing",
    severity: "warning",
    title: `${alertname} on ${instance}`,
    description: null,
    assets: [],
    impacted: [],
    labels: { alertname, instance, cluster: "prod-eu" },
    links: [],
    startsAt: at,
    endsAt: null,
    observedAt: at,
    groupHint: `{}:{alertname="${alertname}", instance="${instance}"}`,
    warnings: [],
    raw: {},
  };
  stage.origins.set(cause, null);
  stage.drafts.push({ seen, at: seen + random.int(1, 120) * 1000, signal, cause, nodes: [] });
}

/** The alerts in the order in which they arrive, those of one moment in any order, with all truths that may be theirs. */
export function finish(stage: Stage): StormAlert[] {
  keepTurns(stage);
  const below = new Map<string, Set<number>>();
  for (const [cause, node] of stage.origins) {
    if (node) below.set(cause, stage.graph.below(node.id).add(node.id));
  }
  return stage.random
    .shuffle(stage.drafts)
    .sort((a, b) => a.at - b.at)
    .map(({ at, signal, cause, nodes }) => {
      const others = [...below].flatMap(([other, reached]) =>
        other !== cause && nodes.some((id) => reached.has(id)) ? [other] : [],
      );
      return { at, signal, truth: others.length === 0 ? cause : [cause, ...others] };
    });
}

/** Messages about different alerts overtake one another; a tool does not say "passed" before it has said "failed". */
function keepTurns({ drafts }: Stage): void {
  const latest = new Map<string, { at: number; status: string }>();
  for (const draft of drafts.toSorted((a, b) => a.seen - b.seen)) {
    const print = fingerprint(draft.signal);
    const before = latest.get(print);
    if (before && before.status !== draft.signal.status) draft.at = Math.max(draft.at, before.at + 1000);
    latest.set(print, { at: Math.max(draft.at, before?.at ?? draft.at), status: draft.signal.status });
  }
}
