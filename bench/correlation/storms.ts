import type { LineageDocument } from "../../src/core/correlate/lineage-document.ts";
import type { AlertSignal } from "../../src/core/signal/alert.ts";
import { breakBelow, breakNode, freshRun, type Spread } from "./failure.ts";
import { isTable } from "./graph.ts";
import { WRITINGS } from "./names.ts";
import {
  backgroundAndNoise,
  finish,
  MINUTE,
  openStage,
  origin,
  report,
  type Stage,
  unrelatedOrigin,
} from "./stage.ts";
import { TOOLS } from "./tools.ts";

/**
 * One alert as it arrives: `at` is in ms after `STORM_START`. `truth` names the problem that it is part of; several
 * where lineage alone cannot tell which of them, so that either is right.
 */
export type StormAlert = { at: number; signal: AlertSignal; truth: string | string[] };

export type Storm = { name: string; kind: StormKind; documents: LineageDocument[]; alerts: StormAlert[] };

export const STORM_KINDS = [
  "single_failure",
  "unrelated_failures",
  "late_source",
  "schema_change",
  "flapping_test",
  "retry_storm",
  "cross_tool",
  "partial_recovery",
] as const;
export type StormKind = (typeof STORM_KINDS)[number];

/** The storm of a seed, always the same. With it come alerts of nothing in particular, and incidents open since before. */
export function drawStorm(kind: StormKind, seed: number): Storm {
  const stage = openStage(`${kind}/${seed}`, kind === "cross_tool" ? OTHER_WRITINGS : WRITINGS);
  STORMS[kind](stage);
  backgroundAndNoise(stage);
  return { name: `${kind}/${seed}`, kind, documents: stage.graph.documents, alerts: finish(stage) };
}

const OTHER_WRITINGS = WRITINGS.filter((writing) => writing !== "exact");

const STORMS: Record<StormKind, (stage: Stage) => void> = {
  single_failure: singleFailure,
  unrelated_failures: unrelatedFailures,
  late_source: lateSource,
  schema_change: schemaChange,
  flapping_test: flappingTest,
  retry_storm: retryStorm,
  cross_tool: crossTool,
  partial_recovery: partialRecovery,
};

const NIGHTLY: Spread = { most: 45, symptoms: ["rows", "rows", "error", "stale"] };

/** A load, a source or a staging model fails, and some of what is below goes red. */
function singleFailure(stage: Stage): void {
  const { random } = stage;
  const layer = random.pick(["job", "source", "staging", "staging"] as const);
  breakBelow(stage, origin(stage, "failure-1", layer, 6), { ...NIGHTLY, most: random.int(6, 60) });
}

/** Two or three at once, neither above the other; more often than not some marts are below both. */
function unrelatedFailures(stage: Stage): void {
  const { random } = stage;
  const run = random.chance(0.5) ? freshRun(stage, 0) : undefined;
  breakBelow(stage, origin(stage, "failure-1", random.pick(["source", "staging"]), 4), { ...NIGHTLY, run });
  for (let count = random.chance(0.25) ? 2 : 1; count > 0; count -= 1) {
    const next = unrelatedOrigin(stage, `failure-${stage.origins.size + 1}`, 3);
    const delay = random.chance(0.6) ? 0 : random.int(1, 25) * MINUTE;
    breakBelow(stage, next, { ...NIGHTLY, most: random.int(4, 25), run, after: delay });
  }
}

/** The freshness check warns, then errs; what is below is found stale before and after it. */
function lateSource(stage: Stage): void {
  const { random } = stage;
  const late = origin(stage, "failure-1", "source", 5);
  const warnedAt = random.int(0, 30) * MINUTE;
  const said = { cause: late.cause, node: late.node, tool: "dbt", symptom: "stale" } as const;
  report(stage, { ...said, seen: warnedAt, severity: "warning" });
  if (random.chance(0.7)) report(stage, { ...said, seen: warnedAt + random.int(30, 90) * MINUTE });
  if (random.chance(0.4)) report(stage, { ...said, tool: "airflow", seen: random.int(0, 60) * MINUTE });
  breakBelow(stage, late, { most: random.int(5, 30), symptoms: ["stale"], silentOrigin: true, stretch: 4 });
}

/** A column is gone: all that read the source fail alike, and as often as not nobody looks at the source itself. */
function schemaChange(stage: Stage): void {
  const { random, graph } = stage;
  const changed = origin(stage, "failure-1", "source", 5, (node) => graph.children[node.id]!.length >= 2);
  const run = freshRun(stage, random.int(0, 5) * MINUTE);
  const column = random.pick(["discount_code", "store_id", "currency", "consent_at", "sku", "vat_rate"]);
  const readers = graph.children[changed.node.id]!.map((id) => graph.nodes[id]!);
  for (const node of readers) {
    breakNode(stage, {
      cause: changed.cause,
      node,
      seen: run.endsAt,
      symptom: "column",
      tools: ["dbt"],
      run,
      column,
    });
  }
  if (random.chance(0.5)) {
    const tool = random.pick(["soda", "generic", "great-expectations", "alertmanager"] as const);
    report(stage, {
      cause: changed.cause,
      node: changed.node,
      tool,
      symptom: "column",
      column,
      seen: random.int(0, 30) * MINUTE,
    });
  }
  const spread = {
    most: random.int(2, 15),
    symptoms: ["stale", "error"],
    silentOrigin: true,
    tools: NOT_DBT,
    stretch: 2,
  } as const;
  for (const node of readers) breakBelow(stage, { cause: changed.cause, node }, spread);
}

/** What dbt does not build it does not test, so others speak of what is below a model that failed. */
const NOT_DBT = TOOLS.filter((tool) => tool !== "dbt");

/** A test that fires, passes and fires; what is below may follow it. */
function flappingTest(stage: Stage): void {
  const { random, graph } = stage;
  const flapping = origin(stage, "failure-1", random.pick(["staging", "intermediate", "mart"]), 1);
  const followers = random.sample(
    [...graph.below(flapping.node.id)].filter((id) => isTable(graph.nodes[id]!)),
    random.int(0, 4),
  );
  const tool = random.pick(["dbt", "soda", "great-expectations"] as const);
  let clock = 0;
  for (let round = random.int(3, 7); round > 0; round -= 1) {
    const said = { cause: flapping.cause, node: flapping.node, tool, symptom: "rows" } as const;
    report(stage, { ...said, seen: clock });
    for (const id of followers) {
      if (!random.chance(0.6)) continue;
      const follower = {
        cause: flapping.cause,
        node: graph.nodes[id]!,
        tool: "soda",
        symptom: "rows",
      } as const;
      report(stage, { ...follower, seen: clock + random.int(1, 8) * MINUTE });
      report(stage, { ...follower, status: "resolved", seen: clock + random.int(12, 20) * MINUTE });
    }
    clock += random.int(10, 35) * MINUTE;
    if (round > 1 || random.chance(0.5)) report(stage, { ...said, status: "resolved", seen: clock });
    clock += random.int(5, 25) * MINUTE;
  }
}

/** Few alerts, said again and again with new runs and deliveries; some messages are sent twice. */
function retryStorm(stage: Stage): void {
  const { random } = stage;
  const failed = origin(stage, "failure-1", random.pick(["job", "source", "staging"]), 4);
  const broken = breakBelow(stage, failed, { ...NIGHTLY, most: random.int(3, 8) });
  const apart = random.int(5, 30) * MINUTE;
  for (let round = random.int(2, 5); round > 0; round -= 1) {
    const run = freshRun(stage, round * apart);
    for (const said of broken) {
      if (random.chance(0.15)) continue;
      report(stage, {
        ...said,
        seen: said.seen + round * apart,
        run,
        attempt: round + 1,
        again: random.chance(0.25),
      });
    }
  }
}

/** One failing table, and perhaps one or two below it, each reported by nearly all tools in their own spelling. */
function crossTool(stage: Stage): void {
  const { random, graph } = stage;
  const failed = origin(stage, "failure-1", random.pick(["source", "staging", "mart"]), 1);
  const below = [...graph.below(failed.node.id)].filter((id) => isTable(graph.nodes[id]!));
  const tables = [failed.node, ...random.sample(below, random.int(0, 3)).map((id) => graph.nodes[id]!)];
  for (const node of tables) {
    for (const tool of random.sample(TOOLS, random.int(4, 6))) {
      const symptom = random.pick(["rows", "error"] as const);
      report(stage, { cause: failed.cause, node, tool, symptom, seen: random.int(0, 30) * MINUTE });
    }
  }
}

/** Some pass again while others stay red; later new ones fire, and some of the passed ones again. */
function partialRecovery(stage: Stage): void {
  const { random } = stage;
  const failed = origin(stage, "failure-1", random.pick(["source", "staging"]), 8);
  const broken = breakBelow(stage, failed, { ...NIGHTLY, most: random.int(8, 30) });
  const mended = random.sample(broken, Math.ceil(broken.length * (0.3 + random.next() * 0.4)));
  for (const said of mended) {
    const seen = said.seen + random.int(30, 110) * MINUTE;
    report(stage, { ...said, run: undefined, status: "resolved", seen });
    if (random.chance(0.25))
      report(stage, { ...said, run: undefined, seen: seen + random.int(10, 60) * MINUTE });
  }
  breakBelow(stage, failed, {
    ...NIGHTLY,
    most: random.int(2, 8),
    silentOrigin: true,
    after: random.int(60, 180) * MINUTE,
  });
}
