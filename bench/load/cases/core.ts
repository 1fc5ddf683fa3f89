import { rm } from "node:fs/promises";
import { join } from "node:path";
import { compileRunbooks, matchRunbooks } from "../../../src/core/runbook/match.ts";
import { Arrival } from "../../../src/engine/arrival.ts";
import { loadRunbooks } from "../../../src/runbooks.ts";
import { drawGraph } from "../../correlation/graph.ts";
import { randomOf } from "../../correlation/random.ts";
import { type Case, inTurn, type Round } from "../case.ts";
import { openConnection } from "../connection.ts";
import { load } from "../load.ts";
import { ROOT } from "../processes.ts";
import { alertOf, checked, openBenchWriter } from "../seed.ts";
import { readRequest, timed } from "../slack-client.ts";
import { median } from "../stats.ts";
import { startProduct } from "../subjects.ts";
import { SHAPES } from "./ingest.ts";

const BATCH = 500;

/** What an alert costs the engine, without HTTP: the median of batches of alerts on the tables of a large dbt project. */
async function placing(round: Round): Promise<Record<string, number>> {
  const random = randomOf("bench");
  const graph = drawGraph(random, round.quick ? 100 : 3_000);
  const file = join(round.dir, `placing-${round.round}.db`);
  const writer = await openBenchWriter(file);
  const now = new Date().toISOString();
  const statements = graph.documents.map((document) => ({
    document,
    run: null,
    complete: true,
    warnings: [],
  }));
  checked(await writer.submit({ type: "lineage", statements, now }));
  const took: number[] = [];
  for (let batch = 0; batch < (round.quick ? 2 : 12); batch += 1) {
    const signals = Array.from({ length: BATCH }, (_, n) =>
      alertOf(batch * BATCH + n, "firing", now, random.pick(graph.nodes).asset),
    );
    const startedAt = performance.now();
    checked(await writer.submit({ type: "ingest", alerts: signals.map(Arrival.of), now }));
    took.push(((performance.now() - startedAt) * 1000) / BATCH);
  }
  await writer.close();
  await rm(file, { force: true });
  // The first batch opens most of the incidents, and compiles the code.
  return { correlateUs: median(took.slice(1)) };
}

async function runbooks(round: Round): Promise<Record<string, number>> {
  const catalog = compileRunbooks((await loadRunbooks(join(ROOT, "runbooks"))).runbooks);
  const now = new Date().toISOString();
  const took: number[] = [];
  for (let n = 0; n < (round.quick ? 50 : 5_000); n += 1) {
    const subject = { ...alertOf(n, "firing", now), severity: "SEV2" } as const;
    const startedAt = performance.now();
    matchRunbooks(catalog, subject);
    took.push((performance.now() - startedAt) * 1000);
  }
  return { runbookUs: median(took) };
}

/** Reports of an incident with 10,000 entries on its timeline. */
async function exported(round: Round): Promise<Record<string, number>> {
  const product = await startProduct(round);
  try {
    await load({ ...SHAPES.new50, port: product.port, groups: 1, alerts: round.quick ? 100 : 10_000 });
    const connection = await openConnection(product.port);
    const p50 = async (path: string) => {
      const took: number[] = [];
      for (let n = 0; n < (round.quick ? 1 : 5); n += 1)
        took.push((await timed(connection, readRequest(path))).ms);
      return median(took);
    };
    const measured = {
      timelineMs: await p50("/v1/incidents/INC-1/timeline"),
      htmlMs: await p50("/v1/incidents/INC-1/postmortem.html"),
      csvMs: await p50("/v1/incidents/INC-1/postmortem.csv"),
    };
    connection.close();
    return measured;
  } finally {
    await product.stop();
  }
}

export const coreCases: Case[] = [
  {
    name: "core",
    run: async (round) =>
      inTurn(round.round, [
        ["core.ours", async () => ({ ...(await placing(round)), ...(await runbooks(round)) })],
      ]),
  },
  { name: "export", run: (round) => inTurn(round.round, [["export.ours", () => exported(round)]]) },
];
