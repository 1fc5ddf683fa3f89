/**
 * A storm at the front door of the real process: `BREAKWATER_STORM` alerts (3,000 unless set) about twenty tables,
 * fifty a request, while people type. Then more at once than it can take. Figures are printed.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { waitFor } from "../harness/wait.ts";
import { Bot, CHANNEL } from "./bot.ts";
import { tried } from "./tried.ts";

const ALERTS = Number(process.env.BREAKWATER_STORM ?? 3000);
const BATCH = 50;
const CONNECTIONS = 32;
const TABLES = 20;
/** At rest it takes about 150 MB, with as many alerts waiting as may about 700; what piled up without bound would take gigabytes. */
const MEMORY_MB = 1000;

let bot: Bot;
beforeAll(async () => {
  bot = await Bot.open();
  bot.start();
  await bot.untilUp();
  await bot.slack.untilConnected(20_000);
});
afterAll(() => bot?.close());

function body(batch: number): string {
  return JSON.stringify({
    alerts: Array.from({ length: BATCH }, (_, i) => {
      const n = batch * BATCH + i;
      return {
        title: `check ${n} failed`,
        dedup_key: `check-${n}`,
        delivery_id: `storm-${n}`,
        assets: [`snowflake://acme/analytics.core.table_${n % TABLES}`],
      };
    }),
  });
}

function peakMemoryMb(): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${bot.child!.pid}/status`, "utf8"))![1]) / 1024;
}

const percentile = (values: number[], part: number) =>
  Math.round(
    values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0,
  );

it(`takes ${ALERTS} alerts, loses none, and answers people meanwhile`, { timeout: 900_000 }, async () => {
  const answers: number[] = [];
  const acknowledged: number[] = [];
  const late: string[] = [];
  let refused = 0;
  let storming = true;
  const typing = (async () => {
    while (storming) {
      const since = performance.now();
      await bot.slack
        .slash("maya", CHANNEL, "/incident", "list")
        .then(() => acknowledged.push(performance.now() - since))
        .catch((error: Error) => late.push(error.message));
      await sleep(200);
    }
  })();
  const began = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (next < ALERTS / BATCH) {
        const batch = next++;
        for (;;) {
          const since = performance.now();
          const answer = await bot.post(body(batch));
          await answer?.arrayBuffer();
          answers.push(performance.now() - since);
          if (answer?.ok) break;
          expect([429, 503]).toContain(answer?.status);
          expect(answer!.headers.get("retry-after")).toMatch(/^\d+$/);
          refused++;
          await sleep(500);
        }
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  storming = false;
  await typing;
  expect(late).toEqual([]);
  expect(bot.storedLike("storm-%")).toBe(Math.ceil(ALERTS / BATCH) * BATCH);

  // All of it once more, and at once: each is answered, taken or asked to come again.
  const flood = await Promise.all(
    Array.from({ length: Math.max(200, ALERTS / BATCH) }, async (_, batch) => {
      const answer = await bot.post(body(batch % Math.ceil(ALERTS / BATCH)));
      await answer?.arrayBuffer();
      return answer?.ok ? "taken" : `${answer?.status} ${answer?.headers.get("retry-after")}`;
    }),
  );
  expect(flood.filter((each) => !/^(taken|429 \d+|503 \d+)$/.test(each))).toEqual([]);
  expect((await fetch(`${bot.url}/healthz`)).status).toBe(200);

  // One message an incident, redrawn at most once a second, and in the end with what is so.
  const incidents = bot.incidents();
  expect(incidents.length).toBe(TABLES);
  await waitFor(
    async () => {
      const roots = await bot.roots();
      return (
        roots.length === TABLES &&
        roots.every((root) => new RegExp(`\\b${ALERTS / TABLES} firing`).test(JSON.stringify(root)))
      );
    },
    { what: "every card to show the last count", timeout: 240_000 },
  );
  const updates = Map.groupBy(
    bot.proxy.calls.filter(({ method }) => method === "chat.update"),
    ({ body: sent }) => sent.get("ts"),
  );
  for (const [ts, calls] of updates)
    for (const [i, call] of calls.entries())
      if (i > 0) expect(call.at - calls[i - 1]!.at, `redraws of ${ts}`).toBeGreaterThan(1000);
  const memory = Math.round(peakMemoryMb());
  expect(memory).toBeLessThan(MEMORY_MB);
  const taken = flood.filter((each) => each === "taken").length;
  const figures = [
    `${Math.round(ALERTS / seconds)} alerts/s`,
    `answers p99 ${percentile(answers, 0.99)} ms`,
    `${acknowledged.length} commands acknowledged, p99 ${percentile(acknowledged, 0.99)} ms`,
    `${refused} asked to come again`,
    `flood: ${taken} of ${flood.length} taken, the rest refused with a pause`,
    `peak ${memory} MB`,
    `${[...updates.values()].flat().length} redraws`,
  ].join("; ");
  tried(`storm of ${ALERTS} alerts`, 1, figures);
  console.log(figures);
});
