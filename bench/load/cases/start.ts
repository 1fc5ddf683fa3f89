import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import SQLite from "better-sqlite3";
import { startLocalSlack } from "../../../src/sandbox/local-slack.ts";
import { SANDBOX_WORKSPACE } from "../../../src/sandbox/workspace.ts";
import { type Case, inTurn, type Round } from "../case.ts";
import { startLoad } from "../load.ts";
import { memoryOf } from "../processes.ts";
import { oneAlert, startBolt, startProduct } from "../subjects.ts";
import { until } from "../wait.ts";
import { SHAPES } from "./ingest.ts";

/** Idle memory and the time until it listens, against the local Slack server: Bolt alone, and the product. */
async function idle(round: Round, which: "ours" | "bolt"): Promise<Record<string, number> | string> {
  const slack = await startLocalSlack({ workspace: SANDBOX_WORKSPACE }).catch(
    (error: Error) => error.message,
  );
  if (typeof slack === "string") return slack.split("\n")[0]!;
  const running = await (which === "ours"
    ? startProduct(round, { slackApiUrl: slack.apiUrl })
    : startBolt(round, slack.apiUrl));
  try {
    // Until what only the start needed has been given back (src/settle.ts).
    await sleep(round.quick ? 300 : 12_000);
    return { idleMb: memoryOf(running.pid).nowMb, readyMs: running.readyMs };
  } finally {
    await running.stop();
    await slack.stop();
  }
}

const WAL_BYTES = 40 * 1024 * 1024;

/** From `kill -9` to the first alert that is stored, in ms, with a write-ahead log of 40 MB to go through. */
async function killed(round: Round): Promise<Record<string, number>> {
  const product = await startProduct(round);
  const wal = `${product.databaseFile}-wal`;
  const wanted = round.quick ? WAL_BYTES / 40 : WAL_BYTES;
  // While somebody reads an old state, what is newer stays in the log.
  const reader = new SQLite(product.databaseFile, { readonly: true });
  reader.exec("begin");
  reader.prepare("select count(*) from counter").get();
  const load = await startLoad({ ...SHAPES.new50, port: product.port });
  await until(() => statSync(wal).size >= wanted, "a long write-ahead log", 300_000);
  const killedAt = performance.now();
  await product.stop("SIGKILL");
  load.stop();
  const stopped = load.done.catch(() => {});
  const walMb = statSync(wal).size / 1024 / 1024;
  reader.close();
  const again = await product.again(oneAlert(1));
  try {
    await stopped;
    return { recoveryMs: again.readyMs + (again.startedAt - killedAt), walMb };
  } finally {
    await again.stop();
  }
}

/** From the process's start to its first alert that is stored, in ms. */
async function untilIngest(round: Round): Promise<Record<string, number>> {
  const product = await startProduct(round);
  await product.stop();
  const again = await product.again(oneAlert(1));
  await again.stop();
  return { ingestMs: again.readyMs };
}

export const startCases: Case[] = [
  {
    name: "idle",
    keys: ["idle", "start"],
    run: (round) =>
      inTurn(round.round, [
        ["idle.ours", () => idle(round, "ours")],
        ["idle.bolt", () => idle(round, "bolt")],
        ["start.ours", () => untilIngest(round)],
      ]),
  },
  { name: "kill", run: (round) => inTurn(round.round, [["kill.ours", () => killed(round)]]) },
];
