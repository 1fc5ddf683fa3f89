import { setTimeout as sleep } from "node:timers/promises";
import { type Case, inTurn, type Round } from "../case.ts";
import { openConnection } from "../connection.ts";
import { startLoad } from "../load.ts";
import { heeded, slashRequest, timed } from "../slack-client.ts";
import { quantile } from "../stats.ts";
import { oneAlert, startBolt, startProduct } from "../subjects.ts";
import { until } from "../wait.ts";
import { SHAPES } from "./ingest.ts";

/** `/incident list` 50 times a second, while alerts come as fast as they are taken: times in ms. */
async function slashWhileSaturated(round: Round): Promise<Record<string, number>> {
  const product = await startProduct(round);
  try {
    const slashes = await openConnection(product.port);
    // The first ones compile the code, as they do in any process.
    for (let n = 0; n < 20; n += 1) await heeded(slashes, slashRequest("list", round.sinkUrl));
    const load = await startLoad({ ...SHAPES.new1, port: product.port });
    await sleep(round.quick ? 100 : 1_000);
    const took: number[] = [];
    for (let n = 0; n < (round.quick ? 10 : 150); n += 1) {
      took.push((await timed(slashes, slashRequest("list", round.sinkUrl))).ms);
      await sleep(20);
    }
    load.stop();
    await load.done;
    slashes.close();
    return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), max: quantile(took, 1) };
  } finally {
    await product.stop();
  }
}

/** So many incidents are written into in turn: people have many nights, and no night has thousands of notes. */
const INCIDENTS = 100;
const noted = (n: number) => `note INC-${1 + (n % INCIDENTS)} the load was repeated by hand`;

/** Notes a second by slash commands on 16 connections. */
async function notesOn(
  running: { port: number; stop(): Promise<void> },
  round: Round,
): Promise<Record<string, number>> {
  try {
    const connections = await Promise.all(Array.from({ length: 16 }, () => openConnection(running.port)));
    let sent = 0;
    const run = async (forMs: number) => {
      const end = performance.now() + forMs;
      const counts = connections.map(async (connection) => {
        let answered = 0;
        for (; performance.now() < end; answered += 1)
          await timed(connection, slashRequest(noted(sent++), round.sinkUrl));
        return answered;
      });
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0) / (forMs / 1000);
    };
    await heeded(connections[0]!, slashRequest(noted(0), round.sinkUrl));
    await run(round.quick ? 150 : 1_000);
    const rate = await run(round.quick ? 300 : 3_000);
    for (const connection of connections) connection.close();
    return { rate };
  } finally {
    await running.stop();
  }
}

async function slashesPersisted(round: Round): Promise<Record<string, number>> {
  const product = await startProduct(round);
  const connection = await openConnection(product.port);
  for (let n = 1; n <= INCIDENTS; n += 1) await timed(connection, oneAlert(n));
  connection.close();
  return notesOn(product, round);
}

/** How long a modal takes to open while Slack refuses messages for five seconds: from the command to `views.open`, in ms. */
async function modalBeside429(round: Round): Promise<Record<string, number>> {
  const { sink } = round;
  sink.reset();
  const product = await startProduct(round, { config: "grouping: { wait: 0s }\n" });
  try {
    const connection = await openConnection(product.port);
    const untilOpened = async () => {
      const before = sink.count("views.open");
      const sentAt = performance.now();
      await timed(connection, slashRequest("", round.sinkUrl));
      await until(() => sink.count("views.open") > before, "views.open", 20_000);
      return sink.calls.findLast(({ method }) => method === "views.open")!.at - sentAt;
    };
    // The first ones compile the code, as they do in any process.
    const first = await untilOpened();
    for (let n = 1; n < 20; n += 1) await untilOpened();
    sink.limited.set("chat.postMessage", 5);
    await timed(connection, oneAlert(1));
    await until(() => sink.count("chat.postMessage") > 0, "the post that is refused", 20_000);
    const took: number[] = [];
    for (let n = 0; n < (round.quick ? 5 : 40); n += 1) took.push(await untilOpened());
    connection.close();
    return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), first };
  } finally {
    sink.limited.clear();
    await product.stop();
  }
}

export const slackCases: Case[] = [
  { name: "slash", run: (round) => inTurn(round.round, [["slash.ours", () => slashWhileSaturated(round)]]) },
  {
    name: "slashes",
    run: (round) =>
      inTurn(round.round, [
        ["slashes.ours", () => slashesPersisted(round)],
        ["slashes.bolt", async () => notesOn(await startBolt(round), round)],
      ]),
  },
  { name: "modal", run: (round) => inTurn(round.round, [["modal.ours", () => modalBeside429(round)]]) },
];
