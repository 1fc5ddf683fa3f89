/**
 * The real process, killed again and again in the middle of its work. Five kills by default; for more, and for other
 * moments:
 *
 *     BREAKWATER_KILLS=200 BREAKWATER_SEED=7 npx vitest run test/faults/kill.test.ts
 *
 * A kill says nothing about power cuts, since what was written to the file stays with the operating system; that the
 * log is synced before an answer is held by fsync.test.ts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Bot } from "./bot.ts";
import { tried } from "./tried.ts";

const KILLS = Number(process.env.BREAKWATER_KILLS ?? 5);
/** On a slow machine there are fewer kills rather than no end. */
const AT_MOST_MS = Number(process.env.BREAKWATER_KILL_SECONDS ?? 3600) * 1000;

let bot: Bot;
beforeAll(async () => {
  bot = await Bot.open();
});
afterAll(() => bot?.close());

type Moment = "while starting" | "at work" | "with a post on its way" | "with a post done, unanswered";

/** Kills the process at a moment that the seed chooses. */
async function killAtSomeMoment(): Promise<Moment> {
  const choice = bot.random();
  const moment: Moment =
    choice < 0.15
      ? "while starting"
      : choice < 0.4
        ? "at work"
        : choice < 0.7
          ? "with a post on its way"
          : "with a post done, unanswered";
  if (moment === "while starting") await sleep(bot.random() * 1000);
  else {
    await bot.untilUp();
    if (moment === "at work") await sleep(bot.random() * 1000);
    else await somePost(moment === "with a post on its way" ? "before" : "after");
  }
  await bot.kill();
  return moment;
}

/** One of the next few posts, before Slack hears of it or when it has carried it out; or that none came for a while. */
function somePost(stage: "before" | "after"): Promise<void> {
  let left = 1 + Math.floor(bot.random() * 4);
  return new Promise((reached) => {
    const done = () => {
      clearTimeout(late);
      bot.proxy.onCall = () => {};
      reached();
    };
    const late = setTimeout(done, 2500);
    bot.proxy.onCall = ({ method }, at) => {
      if (method === "chat.postMessage" && at === stage && --left === 0) done();
    };
  });
}

it(`loses nothing and doubles nothing over ${KILLS} kills`, {
  timeout: 90_000 + KILLS * 12_000,
}, async () => {
  const moments: Partial<Record<Moment, number>> = {};
  bot.load();
  const began = performance.now();
  for (; bot.round < KILLS && performance.now() - began < AT_MOST_MS; bot.round++) {
    bot.start();
    const moment = await killAtSomeMoment();
    moments[moment] = (moments[moment] ?? 0) + 1;
  }
  const restarted = performance.now();
  bot.start();
  await bot.untilUp();
  const startMs = Math.round(performance.now() - restarted);
  await sleep(500);
  await bot.endLoad();

  // About one post a second is what Slack allows, so a backlog takes its time.
  const { incidents, posts } = await bot.everythingIsThere(60_000 + KILLS * 4000);
  expect(await bot.stop()).toBe(0);
  await bot.verify();

  const figures = `${bot.acked.length} alerts answered 2xx, ${bot.noted.length} notes confirmed, ${incidents} incidents, ${posts} messages; last start ${startMs} ms`;
  for (const [moment, times] of Object.entries(moments)) tried(`kill -9 ${moment}`, times);
  tried("kill -9 under load, in all", bot.round, figures);
  console.log(`${bot.round} kills: ${figures}`);
});
