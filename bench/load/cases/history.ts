import { statSync } from "node:fs";
import { join } from "node:path";
import { type Case, inTurn, type Measured, type Round } from "../case.ts";
import { openConnection } from "../connection.ts";
import { load } from "../load.ts";
import { memoryOf } from "../processes.ts";
import { RARE_WORD, seedDatabase } from "../seed.ts";
import { readRequest, timed } from "../slack-client.ts";
import { median } from "../stats.ts";
import { oneAlert, startProduct } from "../subjects.ts";
import { SHAPES, times } from "./ingest.ts";

/** Seeded once a bench run, as that takes minutes; each round works on a copy. */
const seeds = new Map<string, Promise<string>>();

function seeded(round: Round, incidents: number): Promise<string> {
  const file = join(round.dir, `history-${incidents}.db`);
  const known = seeds.get(file) ?? seedDatabase(file, incidents);
  seeds.set(file, known);
  return known;
}

const sizes = ({ quick, full }: Round) =>
  quick ? { few: 20, many: 60 } : { few: 1_000, many: full ? 1_000_000 : 20_000 };

async function readsAt(round: Round, incidents: number): Promise<Record<string, number>> {
  const database = await seeded(round, incidents);
  const kbEach = statSync(database).size / 1024 / incidents;
  const first = await startProduct(round, { database });
  await first.stop();
  const product = await first.again(oneAlert(1));
  try {
    const connection = await openConnection(product.port);
    const p50 = async (path: (n: number) => string) => {
      const took: number[] = [];
      for (let n = 0; n < (round.quick ? 5 : 100); n += 1)
        took.push((await timed(connection, readRequest(path(n)))).ms);
      // The first ones compile the code and warm the cache.
      return median(took.slice(took.length >> 2));
    };
    const some = (n: number) => `INC-${1 + ((n * 7_919) % incidents)}`;
    const until = encodeURIComponent(await detectedAt(connection, 2));
    const reads = {
      incident: await p50((n) => `/v1/incidents/${some(n)}`),
      timeline: await p50((n) => `/v1/incidents/${some(n)}/timeline`),
      page: await p50(() => "/v1/incidents?limit=50"),
      lastPage: await p50(() => `/v1/incidents?limit=50&until=${until}`),
      rare: await p50(() => `/v1/incidents?limit=50&q=${RARE_WORD}`),
      common: await p50(() => "/v1/incidents?limit=50&q=failed"),
    };
    connection.close();
    const { rate } = await load({
      ...SHAPES.new50,
      ...times(round),
      firstId: 1_500_000_000,
      firstGroup: 900_000,
      port: product.port,
    });
    return { ...reads, rate, startMs: product.readyMs, kbEach };
  } finally {
    await product.stop();
  }
}

async function detectedAt(connection: Awaited<ReturnType<typeof openConnection>>, number: number) {
  const { answer } = await timed(connection, readRequest(`/v1/incidents/INC-${number}`));
  return JSON.parse(answer.body.toString()).detectedAt as string;
}

async function startEmpty(round: Round): Promise<Record<string, number>> {
  const first = await startProduct(round);
  await first.stop();
  const again = await first.again(oneAlert(1));
  await again.stop();
  return { startMs: again.readyMs };
}

async function history(round: Round): Promise<Measured> {
  const { few, many } = sizes(round);
  return inTurn(round.round, [
    ["history.few", () => readsAt(round, few)],
    ["history.many", () => readsAt(round, many)],
    ["history.none", () => startEmpty(round)],
  ]);
}

/** Memory after ten times as many alerts. */
async function growth(round: Round): Promise<Record<string, number> | string> {
  if (!round.full) return "needs a million alerts; run with --full";
  const product = await startProduct(round);
  try {
    const at = { ...SHAPES.new50, port: product.port };
    await load({ ...at, alerts: 100_000 });
    const before = memoryOf(product.pid).nowMb;
    await load({ ...at, alerts: 900_000, firstId: 100_000 });
    return { grownMb: memoryOf(product.pid).nowMb - before };
  } finally {
    await product.stop();
  }
}

export const historyCases: Case[] = [
  { name: "history", mostRounds: 3, run: history },
  {
    name: "growth",
    mostRounds: 1,
    run: (round) => inTurn(round.round, [["growth.ours", () => growth(round)]]),
  },
];
