import { setTimeout as sleep } from "node:timers/promises";
import { type Case, inTurn, type Round } from "../case.ts";
import { openConnection } from "../connection.ts";
import { startLoad } from "../load.ts";
import type { Running } from "../processes.ts";
import type { SinkCall } from "../sink.ts";
import { timed } from "../slack-client.ts";
import { quantile } from "../stats.ts";
import { HOW_TO_GET_ALERTMANAGER, oneAlert, startAlertmanager, startProduct } from "../subjects.ts";
import { until } from "../wait.ts";
import { SHAPES } from "./ingest.ts";

const PER_SECOND = 20;
/** No more than Slack takes at once from a workspace, so that what is measured is the way and not the pacing. */
const alertsOf = (round: Round) => (round.quick ? 6 : 15);

/** Slack takes about one message a second a channel, so each of these incidents has a channel of its own. */
function channelsConfig(count: number): string {
  const routes = Array.from({ length: count }, (_, n) => {
    const shop = `s${String(n).padStart(6, "0")}`;
    return `  - { name: ${shop}, match: { labels: { shop: ${shop} } }, channel: C${shop.toUpperCase()} }\n`;
  });
  return `grouping: { wait: 0s }\nroutes:\n${routes.join("")}`;
}

/** Slack takes five messages a second of a workspace in the long run, and a problem may be two. */
const restMs = (round: Round) => (round.quick ? 500 : (alertsOf(round) / 5) * 2 * 1000);

/**
 * Sends 20 new problems a second and says how long after sending each is told of, in ms. As many come before, so that
 * it is no code's first time; then all rest until Slack takes as many at once again.
 */
async function untilTold(running: Running, round: Round, method: string): Promise<Record<string, number>> {
  await tellOf(running, round, method, 0);
  await sleep(restMs(round));
  const took = await tellOf(running, round, method, alertsOf(round));
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), max: quantile(took, 1) };
}

/** The times that it took, of problems on the tables from `first` on. */
async function tellOf(running: Running, round: Round, method: string, first: number): Promise<number[]> {
  const { sink } = round;
  const sent = new Map<number, number>();
  const took: number[] = [];
  sink.reset();
  sink.onCall = (call: SinkCall) => {
    if (call.method !== method) return;
    for (const [, digits] of call.body.matchAll(/check-(\d{10})/g)) {
      const sentAt = sent.get(Number(digits));
      if (sentAt !== undefined) took.push(call.at - sentAt);
      sent.delete(Number(digits));
    }
  };
  const connections = await Promise.all(Array.from({ length: 8 }, () => openConnection(running.port)));
  const answers: Promise<unknown>[] = [];
  for (let n = first; n < first + alertsOf(round); n += 1) {
    const id = 700_000_000 + n;
    sent.set(id, performance.now());
    answers.push(timed(connections[n % connections.length]!, oneAlert(id, n)));
    await sleep(1000 / PER_SECOND);
  }
  await Promise.all(answers);
  await until(() => sent.size === 0, "all alerts to be told of", 60_000);
  for (const connection of connections) connection.close();
  return took;
}

async function ours(round: Round, saturated: boolean): Promise<Record<string, number>> {
  const product = await startProduct(round, { config: channelsConfig(2 * alertsOf(round)) });
  try {
    if (!saturated) return await untilTold(product, round, "chat.postMessage");
    const storm = { ...SHAPES.same50, firstGroup: 500_000, groups: 1, port: product.port };
    const load = await startLoad(storm);
    await sleep(round.quick ? 100 : 1_000);
    const told = await untilTold(product, round, "chat.postMessage");
    load.stop();
    await load.done;
    return told;
  } finally {
    await product.stop();
  }
}

async function alertmanager(round: Round): Promise<Record<string, number> | string> {
  if (round.alertmanager === null) return HOW_TO_GET_ALERTMANAGER;
  const options = { groupBy: "['...']", groupWait: "0s" };
  const running = await startAlertmanager(round, round.alertmanager, options);
  try {
    return await untilTold(running, round, "webhook");
  } finally {
    await running.stop();
  }
}

/** Killed while messages wait: from the new process's start to its first call of Slack's, in ms. */
async function afterCrash(round: Round): Promise<Record<string, number>> {
  const { sink } = round;
  sink.reset();
  // Slack is away, so the messages wait.
  sink.limited.set("chat.postMessage", 1);
  const product = await startProduct(round, { config: "grouping: { wait: 0s }\n" });
  const connection = await openConnection(product.port);
  for (let n = 0; n < 3; n += 1) await timed(connection, oneAlert(n));
  await until(() => sink.count("chat.postMessage") > 0, "a post that is refused", 20_000);
  await sleep(300);
  connection.close();
  await product.stop("SIGKILL");
  // What was put off for the refusal is due again.
  await sleep(2_500);
  sink.reset();
  const again = await product.again();
  try {
    await until(() => sink.count("chat.postMessage") > 0, "the first post", 60_000);
    return { ms: sink.calls.find(({ method }) => method === "chat.postMessage")!.at - again.startedAt };
  } finally {
    await again.stop();
  }
}

export const notifyCases: Case[] = [
  {
    name: "notify",
    run: (round) =>
      inTurn(round.round, [
        ["notify.ours", () => ours(round, false)],
        ["notify.alertmanager", () => alertmanager(round)],
      ]),
  },
  { name: "notifyBusy", run: (round) => inTurn(round.round, [["notifyBusy.ours", () => ours(round, true)]]) },
  { name: "crash", run: (round) => inTurn(round.round, [["crash.ours", () => afterCrash(round)]]) },
];
