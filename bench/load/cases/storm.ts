import { setTimeout as sleep } from "node:timers/promises";
import { type Case, inTurn, type Round } from "../case.ts";
import { openConnection } from "../connection.ts";
import { load, startLoad } from "../load.ts";
import { cpuMsOf, memoryOf } from "../processes.ts";
import type { SinkCall } from "../sink.ts";
import { timed } from "../slack-client.ts";
import {
  HOW_TO_GET_ALERTMANAGER,
  oneAlert,
  type Product,
  startAlertmanager,
  startProduct,
} from "../subjects.ts";
import { until } from "../wait.ts";

const STORM = { connections: 8, perRequest: 50, groups: 1 };
const sizeOf = (round: Round) => (round.quick ? 1_000 : 100_000);

/** Flushes whose CPU is measured, and the rest before them, so that pacing does not hold them up. */
const FLUSHES = 6;

/** 100,000 alerts of one group, at once: ours shows the first message at once (`grouping.wait: 0s`). */
async function stormOfOurs(round: Round): Promise<Record<string, number>> {
  const { sink } = round;
  const alerts = sizeOf(round);
  sink.reset();
  const product = await startProduct(round, { config: "grouping: { wait: 0s }\n" });
  try {
    const { startedAt, seconds } = await load({ ...STORM, port: product.port, alerts });
    const endedAt = performance.now();
    await until(
      () => sink.calls.some((call) => shows(call, alerts)),
      `a card with ${alerts} alerts`,
      120_000,
    );
    const shownAt = sink.calls.find((call) => shows(call, alerts))!.at;
    const post = sink.calls.find((call) => call.method === "chat.postMessage")!;
    await untilQuiet(round);
    return {
      seconds,
      firstPostMs: post.at - startedAt,
      cardMs: Math.max(0, shownAt - endedAt),
      calls: sink.calls.filter(({ method }) => method.startsWith("chat.")).length,
      peakMb: memoryOf(product.pid).peakMb,
      flushCpuMs: await flushCpu(round, product, alerts),
    };
  } finally {
    await product.stop();
  }
}

/** Alertmanager tells at once of what began longer ago than it would wait. */
const now = () => new Date().toISOString();

/** The card is the message that counts what fires. */
function shows({ method, body }: SinkCall, firing: number): boolean {
  return method.startsWith("chat.") && new RegExp(`\\b${firing} firing`).test(body);
}

/** Slack is called no more. */
async function untilQuiet({ sink, quick }: Round): Promise<void> {
  const quietMs = quick ? 1_500 : 4_000;
  for (let before = -1; before !== sink.calls.length; await sleep(quietMs)) before = sink.calls.length;
}

/** CPU that one more alert costs until the card shows it, in ms: the mean of some. */
async function flushCpu(round: Round, product: Product, alerts: number): Promise<number> {
  const connection = await openConnection(product.port);
  const before = cpuMsOf(product.pid);
  const flushes = round.quick ? 1 : FLUSHES;
  for (let n = 1; n <= flushes; n += 1) {
    await timed(connection, oneAlert(900_000_000 + n, 0));
    await until(
      () => round.sink.calls.some((call) => shows(call, alerts + n)),
      `the card after one more alert`,
      60_000,
    );
  }
  connection.close();
  return (cpuMsOf(product.pid) - before) / flushes;
}

async function smallFlush(round: Round): Promise<Record<string, number>> {
  round.sink.reset();
  const alerts = round.quick ? 100 : 1_000;
  const product = await startProduct(round, { config: "grouping: { wait: 0s }\n" });
  try {
    await load({ ...STORM, port: product.port, alerts });
    await until(() => round.sink.calls.some((call) => shows(call, alerts)), "the card", 60_000);
    await untilQuiet(round);
    return { flushCpuMs: await flushCpu(round, product, alerts) };
  } finally {
    await product.stop();
  }
}

/** Alertmanager waits until all are in, and then tells of them once. */
async function stormOfAlertmanager(round: Round): Promise<Record<string, number> | string> {
  if (round.alertmanager === null) return HOW_TO_GET_ALERTMANAGER;
  round.sink.reset();
  const waitMs = round.quick ? 2_000 : 20_000;
  const running = await startAlertmanager(round, round.alertmanager, { groupWait: `${waitMs / 1000}s` });
  try {
    const storm = { ...STORM, port: running.port, alerts: sizeOf(round), startsAt: now() };
    const { startedAt, seconds } = await load(storm);
    const tookAll = seconds * 1000 < waitMs;
    await until(() => round.sink.count("webhook") > 0, "Alertmanager's webhook", 120_000);
    const cardMs = round.sink.calls[0]!.at - startedAt - waitMs;
    const { peakMb } = memoryOf(running.pid);
    return tookAll ? { seconds, cardMs, peakMb } : { seconds, peakMb };
  } finally {
    await running.stop();
  }
}

/** 100,000 alerts of 100 groups, half of them critical: every incident stands in the channel, the worst ones first. */
async function manyGroups(round: Round): Promise<Record<string, number> | string> {
  if (round.quick)
    return "left out of quick runs, as Slack's pace of one message a second makes it take minutes";
  const { sink } = round;
  sink.reset();
  const groups = 100;
  const product = await startProduct(round);
  try {
    const half = {
      ...STORM,
      connections: 4,
      groups: groups / 2,
      alerts: sizeOf(round) / 2,
      port: product.port,
    };
    const startedAt = performance.now();
    const loads = [
      await startLoad({ ...half, severity: "warning", firstId: 500_000_000, firstGroup: 500 }),
      await startLoad({ ...half, severity: "critical" }),
    ];
    await Promise.all(loads.map(({ done }) => done));
    await until(() => rootsIn(sink.calls).length >= groups, `${groups} root messages`, 300_000);
    const roots = rootsIn(sink.calls);
    const critical = roots.slice(0, groups / 2).filter(({ body }) => body.includes("SEV1"));
    return {
      seconds: (roots[groups - 1]!.at - startedAt) / 1000,
      worstFirst: critical.length / (groups / 2),
      calls: sink.calls.filter(({ method }) => method.startsWith("chat.")).length,
    };
  } finally {
    await product.stop();
  }
}

function rootsIn(calls: SinkCall[]): SinkCall[] {
  return calls.filter(({ method, body }) => method === "chat.postMessage" && !body.includes("thread_ts"));
}

export const stormCases: Case[] = [
  {
    name: "storm",
    run: (round) =>
      inTurn(round.round, [
        ["storm.ours", () => stormOfOurs(round)],
        ["storm.alertmanager", () => stormOfAlertmanager(round)],
        ["storm.small", () => smallFlush(round)],
      ]),
  },
  {
    name: "groups",
    mostRounds: 1,
    run: (round) => inTurn(round.round, [["groups.ours", () => manyGroups(round)]]),
  },
];
