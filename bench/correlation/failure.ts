import { type GraphNode, isTable } from "./graph.ts";
import { type Failure, MINUTE, type Report, type Run, report, type Stage } from "./stage.ts";
import { type Symptom, TOOLS, type Tool } from "./tools.ts";

export type Spread = {
  /** How many tables go red at most, the origin left out. */
  most: number;
  symptoms: readonly Symptom[];
  tools?: readonly Tool[];
  /** The run of dbt that sees it; its own where none is given. */
  run?: Run | undefined;
  /** When it starts, and how many times slower than usual it is noticed. */
  after?: number;
  stretch?: number;
  /** No alert speaks of the origin itself, or others have been written that do. */
  silentOrigin?: boolean;
};

/** A nightly build; its results arrive minutes after the first of them failed. */
export function freshRun({ random }: Stage, after: number): Run {
  const endsAt = after + random.int(4, 15) * MINUTE;
  return { id: `${random.hex(8)}-${random.hex(4)}`, endsAt, arrivesAt: endsAt + random.int(5, 600) * 1000 };
}

/**
 * A failure and what it does: it goes down the lineage with gaps, as some models are built from what is there and some
 * nobody watches, and of each table that is hurt one to three tools tell. Gives what was said.
 */
export function breakBelow(stage: Stage, failure: Failure, spread: Spread): Report[] {
  const { random } = stage;
  const { after = 0, stretch = 1, symptoms } = spread;
  const run = spread.run ?? freshRun(stage, after);
  const said: Report[] = [];
  if (!spread.silentOrigin)
    said.push(...breakNode(stage, { ...failure, ...firstSign(stage, failure), run, seen: after }));
  for (const { node, hops } of hurt(stage, failure.node, spread.most)) {
    const seen = after + (hops * random.int(1, 4) + random.int(0, 25) * stretch) * MINUTE;
    const tools = random.sample(spread.tools ?? TOOLS, random.pick([1, 1, 1, 2, 3]));
    said.push(...breakNode(stage, { ...failure, node, seen, symptom: random.pick(symptoms), tools, run }));
  }
  return said;
}

/** The origin is told of by what runs it: the scheduler for a load, dbt for a model, a check for a source. */
function firstSign({ random }: Stage, { node }: Failure): { symptom: Symptom; tools: readonly Tool[] } {
  if (node.layer === "job") return { symptom: "error", tools: ["airflow"] };
  const tools: Tool[] =
    node.layer === "source" ? ["soda", "generic", "alertmanager"] : ["dbt", "openlineage", "airflow"];
  return {
    symptom: node.layer === "source" ? "rows" : "error",
    tools: random.sample(tools, random.int(1, 2)),
  };
}

type Told = Omit<Report, "tool">;

/** One table in the eyes of several tools. */
export function breakNode(stage: Stage, { tools, ...breaking }: Told & { tools: readonly Tool[] }): Report[] {
  const { random } = stage;
  return tools.map((tool) => {
    const seen =
      tool === "dbt" || tool === "openlineage" ? breaking.seen : breaking.seen + random.int(0, 15) * MINUTE;
    const said = { ...breaking, tool, seen, ...(tool === "dbt" && dbtExtras(stage, breaking)) };
    report(stage, said);
    return said;
  });
}

/**
 * A model that errs makes dbt skip what is below. Now and then a test speaks of two tables: a relationships test names
 * the one that refers and the one referred to, which is often a hub and quite well.
 */
function dbtExtras({ random, graph }: Stage, { node, symptom }: Told): Pick<Report, "skipped" | "beside"> {
  const nodes = (ids: Iterable<number>) => [...ids].map((id) => graph.nodes[id]!);
  if (symptom !== "rows") return { skipped: nodes(graph.below(node.id)).filter(isTable).slice(0, 60) };
  const parents = nodes(graph.parents[node.id]!).filter(isTable);
  return random.chance(0.1) && parents.length > 0 ? { beside: [random.pick(parents)] } : {};
}

function hurt({ random, graph }: Stage, from: GraphNode, most: number): { node: GraphNode; hops: number }[] {
  const found: { node: GraphNode; hops: number }[] = [];
  const reached = new Set([from.id]);
  let front = [from.id];
  for (let hops = 1; front.length > 0 && found.length < most; hops += 1) {
    const next = front
      .flatMap((id) => graph.children[id]!)
      .filter((id) => !reached.has(id) && random.chance(0.8));
    front = random.shuffle([...new Set(next)]);
    for (const id of front) {
      reached.add(id);
      const node = graph.nodes[id]!;
      if (isTable(node) && found.length < most && random.chance(0.55)) found.push({ node, hops });
    }
  }
  return found;
}
