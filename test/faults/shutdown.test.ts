/** SIGTERM in the middle of the work: what was begun is finished and answered, what was answered is kept. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { waitFor } from "../harness/wait.ts";
import { Bot } from "./bot.ts";
import { tried } from "./tried.ts";

const ROUNDS = Number(process.env.BREAKWATER_DISK_ROUNDS ?? 1);
/** Longer than what an orchestrator gives by default would mean a kill. */
const WITHIN_MS = 20_000;

let bot: Bot;
beforeEach(async () => {
  bot = await Bot.open({ environment: { LOG_LEVEL: "warn" } });
});
afterEach(() => bot?.close());

/** A request that the process has begun to read (it has said 100 Continue), and of which the body is still to come. */
async function begun(body: string): Promise<{ finish(): Promise<number> }> {
  const sending = request(`${bot.url}/v1/alerts/generic`, {
    method: "POST",
    headers: { ...bot.headers, "content-length": Buffer.byteLength(body), expect: "100-continue" },
  });
  const answered = once(sending, "response") as Promise<[IncomingMessage]>;
  // Whoever finishes it is told.
  answered.catch(() => {});
  sending.flushHeaders();
  await once(sending, "continue");
  return {
    async finish() {
      sending.end(body);
      const [response] = await answered;
      response.resume();
      return response.statusCode!;
    },
  };
}

it("answers what was begun, keeps what was answered, and ends well in time", {
  timeout: 120_000 + ROUNDS * 40_000,
}, async () => {
  const took: number[] = [];
  bot.load();
  for (; bot.round < ROUNDS; bot.round++) {
    bot.start();
    await bot.untilUp();
    const before = bot.acked.length;
    await waitFor(() => bot.acked.length > before + 10, { what: "some load", timeout: 30_000 });
    const open = await Promise.all(
      Array.from({ length: 10 }, (_, i) => begun(bot.alert(`begun_${bot.round}`, `begun-${bot.round}-${i}`))),
    );
    const since = performance.now();
    const ended = bot.stop();
    await sleep(100);
    const statuses = await Promise.all(open.map(({ finish }) => finish()));
    expect(statuses).toEqual(Array(10).fill(200));
    expect(await ended).toBe(0);
    took.push(performance.now() - since);
    expect(took.at(-1)).toBeLessThan(WITHIN_MS);
    expect(bot.storedLike(`begun-${bot.round}-%`)).toBe(10);
  }
  bot.start();
  await bot.untilUp();
  await bot.endLoad();
  const kept = bot.acked.every(({ delivery }) => bot.storedLike(delivery) === 1);
  expect(kept).toBe(true);
  bot.expectSoundFile();
  await bot.verify();
  expect(await bot.stop()).toBe(0);
  const slowest = Math.round(Math.max(...took));
  tried(
    "SIGTERM under load",
    ROUNDS,
    `${ROUNDS * 10} begun requests answered 200; slowest end ${slowest} ms`,
  );
});

it("waits only so long for a request that never comes in whole", { timeout: 120_000 }, async () => {
  bot.start();
  await bot.untilUp();
  const never = await begun(bot.alert("orders", "never"));
  const since = performance.now();
  expect(await bot.stop()).toBe(0);
  expect(performance.now() - since).toBeLessThan(WITHIN_MS);
  await expect(never.finish()).rejects.toThrow();
  expect(bot.storedLike("never")).toBe(0);
});

it("a second one waits until the first has ended, and posts nothing twice", {
  timeout: 120_000,
}, async () => {
  bot.start();
  await bot.untilUp();
  bot.proxy.inject("chat.postMessage", { kind: "slow", ms: 6_000 });
  await bot.send("orders");
  await waitFor(() => bot.proxy.calls.some(({ method }) => method === "chat.postMessage"), {
    what: "a post on its way",
    timeout: 30_000,
  });
  const ended = bot.stop();
  bot.start();
  expect(await ended).toBe(0);
  await bot.untilUp();
  expect(bot.said).toContain("another bot has the database; waiting");
  await bot.send("users");
  await bot.everythingIsThere(60_000);
  expect(await bot.stop()).toBe(0);
});

it("a second one beside it waits, and takes over when the first is killed", {
  timeout: 120_000,
}, async () => {
  const first = bot.start();
  await bot.untilUp();
  await bot.send("orders");
  bot.start();
  await waitFor(() => bot.said.includes("another bot has the database"), {
    what: "the second to say that it waits",
    timeout: 60_000,
  });
  await bot.send("users");
  first.kill("SIGKILL");
  await bot.untilUp();
  await bot.send("payments");
  await bot.everythingIsThere(60_000);
  expect(await bot.stop()).toBe(0);
});
