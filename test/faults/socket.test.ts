/**
 * Socket Mode over a bad line: the app as it ships, a real local Slack, and between them a relay that falls silent, cuts,
 * and says what Slack says when it wants to be called anew.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type App, startApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config.ts";
import { SlackHarness } from "../harness/slack.ts";
import { FaultProxy } from "./proxy.ts";
import { SocketRelay } from "./relay.ts";
import { tried } from "./tried.ts";

const CHANNEL = "C0INCIDENTS";

let slack: SlackHarness;
let proxy: FaultProxy;
let relay: SocketRelay;
let app: App;
let directory: string;
let aheadMs: number;

beforeAll(async () => {
  slack = await SlackHarness.start();
});
afterAll(() => slack?.stop());

beforeEach(async () => {
  await slack.reset();
  proxy = await FaultProxy.start(slack.slack.url);
  relay = await SocketRelay.start(slack.slack.url);
  proxy.rewrite = (method, text) =>
    method === "apps.connections.open" ? text.replace(/(ws:\/\/[^/:"]+):\d+/, `$1:${relay.port}`) : text;
  directory = mkdtempSync(join(tmpdir(), "breakwater-socket-"));
  aheadMs = 0;
  const { botToken, appToken } = slack.slack;
  app = await startApp(
    {
      ...loadConfig({ DATABASE_URL: `sqlite:${join(directory, "breakwater.db")}`, PORT: "0" }),
      slack: { botToken, mode: { type: "socket", appToken }, apiUrl: proxy.apiUrl },
      channel: CHANNEL,
      sandbox: true,
      grouping: { wait: "0s" },
    },
    { log: { level: "silent" }, clock: () => performance.now() + aheadMs },
  );
  await slack.untilConnected();
  expect(relay.made).toBe(1);
});
afterEach(async () => {
  await app.stop();
  await relay.stop();
  await proxy.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function alert(): Promise<string> {
  const answer = await fetch(`${app.url}/v1/alerts/generic`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ title: "orders is late", dedup_key: "orders", assets: ["a/orders"] }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { alerts: { incident: string }[] }).alerts[0]!.incident;
}

async function ready(): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${app.url}/readyz`);
  return { status: answer.status, text: await answer.text() };
}

/** Until Slack reaches the bot again, and a person is answered. */
async function untilAnswering(): Promise<void> {
  await slack.waitFor(async () => (await ready()).status === 200, { what: "readiness", timeout: 30_000 });
  await slack.waitFor(
    () =>
      slack.slash("maya", CHANNEL, "/incident", "list").then(
        () => true,
        () => false,
      ),
    { what: "an answer", timeout: 20_000 },
  );
}

async function notesOf(key: string): Promise<string[]> {
  const events = await app.engine.reads.events(key);
  return events.flatMap(({ body }) => (body.type === "noted" ? [body.text] : []));
}

it.each(["warning", "refresh_requested"])(
  "is told to call anew (%s): opens the next connection first, and is never unreachable",
  async (reason) => {
    const key = await alert();
    const seen: number[] = [];
    let watching = true;
    // One question after the other, so that none is left open when the server is stopped.
    const watched = (async () => {
      for (; watching; await sleep(20)) seen.push((await ready()).status);
    })();
    relay.say({ type: "disconnect", reason });
    // Typed while it changes over, as people do.
    for (let n = 0; n < 10; n++) await slack.slash("maya", CHANNEL, "/incident", `note ${key} word ${n}`);
    await slack.waitFor(() => relay.made === 2, { what: "another connection" });
    await slack.waitFor(() => relay.standing === 1, { what: "the old one to end", timeout: 10_000 });
    await untilAnswering();
    watching = false;
    await watched;
    expect(new Set(seen)).toEqual(new Set([200]));
    expect(await notesOf(key)).toEqual(Array.from({ length: 10 }, (_, n) => `word ${n}`));
    tried(`Socket Mode: disconnect frame, ${reason}`, 1);
  },
);

it("is cut off, again and again: calls anew each time", { timeout: 60_000 }, async () => {
  for (let n = 1; n <= 3; n++) {
    relay.cut();
    await slack.waitFor(() => relay.made === n + 1, { what: "another connection", timeout: 20_000 });
    await untilAnswering();
  }
  tried("Socket Mode: connection reset", 3);
});

it("falls silent without closing: says so in /readyz, and calls anew after a minute", async () => {
  expect((await ready()).text).toMatch(/last heard \d+ s ago/);
  relay.silent = true;
  await sleep(300);
  // Not at once: a pause is no death.
  aheadMs += 50_000;
  expect((await ready()).status).toBe(200);
  // Slack itself cannot be asked at first, so that it is seen what is said meanwhile.
  proxy.inject("apps.connections.open", { kind: "500_before" });
  aheadMs += 15_000;
  const { text } = await slack.waitFor(
    async () => {
      const answer = await ready();
      return answer.status === 503 && answer;
    },
    { what: "the truth" },
  );
  expect(text).toMatch(/heard|joining Slack failed/);
  // What is silent is the old line; the next one works.
  await slack.waitFor(() => proxy.calls.filter((c) => c.method === "apps.connections.open").length >= 2, {
    what: "another attempt",
  });
  relay.silent = false;
  expect(await alert()).toBe("INC-1");
  await untilAnswering();
  tried("Socket Mode: silent death", 1);
});

it("is refused a new connection (revoked token): goes on taking alerts, says so, and tries again", async () => {
  const revoked = { kind: "refused", error: "invalid_auth" } as const;
  proxy.inject("apps.connections.open", revoked, revoked);
  relay.cut();
  await slack.waitFor(async () => (await ready()).text.includes("invalid_auth"), {
    what: "the reason in /readyz",
  });
  expect((await ready()).status).toBe(503);
  expect(await alert()).toBe("INC-1");
  await untilAnswering();
  tried("Socket Mode: app token revoked while running", 1);
});

it("is delivered every event twice: acts on it once", async () => {
  const key = await alert();
  await slack.waitFor(async () => (await app.engine.reads.state(key))?.thread, { what: "the thread" });
  const { ts } = (await app.engine.reads.state(key))!.thread!;
  relay.twice = true;
  for (const word of ["one", "two", "three"])
    await slack.say("maya", CHANNEL, `${slack.mention} note ${word}`, ts);
  await slack.waitFor(async () => (await notesOf(key)).length >= 3, { what: "the notes" });
  await sleep(300);
  expect((await notesOf(key)).toSorted()).toEqual(["one", "three", "two"]);
  tried("Events delivered twice", 3);
});

/** Two things that people do at once, of which the bot hears the first after the second. */
async function outOfOrder(first: () => Promise<unknown>, second: () => Promise<unknown>): Promise<void> {
  relay.late = true;
  const begun = first();
  await slack.waitFor(() => !relay.late, { what: "the first event" });
  await Promise.all([begun, second()]);
}

it("hears of things in another order than they happened: each is done once, and what stands is the last", async () => {
  const key = await alert();
  await slack.waitFor(async () => (await app.engine.reads.state(key))?.thread, { what: "the thread" });
  const { ts: root } = (await app.engine.reads.state(key))!.thread!;
  const say = (text: string) => slack.say("maya", CHANNEL, text, root);
  const pinnedText = async () => {
    const state = (await app.engine.reads.state(key, { entries: true }))!;
    return Object.values(state.entries).flatMap(({ kind, text, hidden }) =>
      kind === "pinned" && !hidden ? [text] : [],
    );
  };
  const untilPinned = (texts: string[]) =>
    slack.waitFor(async () => JSON.stringify(await pinnedText()) === JSON.stringify(texts), {
      what: `pinned: ${texts}`,
    });

  await outOfOrder(
    () => say(`${slack.mention} note one`),
    () => say(`${slack.mention} note two`),
  );
  await slack.waitFor(async () => (await notesOf(key)).length >= 2, { what: "the notes" });
  expect((await notesOf(key)).toSorted()).toEqual(["one", "two"]);

  const ts = await say("the bucket is empty");
  await slack.react("maya", CHANNEL, ts, "pushpin");
  await untilPinned(["the bucket is empty"]);
  await outOfOrder(
    () => slack.edit("maya", CHANNEL, ts, "the bucket is full"),
    () => slack.edit("maya", CHANNEL, ts, "the bucket is half full"),
  );
  await untilPinned(["the bucket is half full"]);
  await outOfOrder(
    () => slack.unreact("maya", CHANNEL, ts, "pushpin"),
    () => slack.react("maya", CHANNEL, ts, "pushpin"),
  );
  await sleep(500);
  expect(await pinnedText()).toEqual(["the bucket is half full"]);
  await outOfOrder(
    () => slack.react("maya", CHANNEL, ts, "pushpin"),
    () => slack.unreact("maya", CHANNEL, ts, "pushpin"),
  );
  await sleep(500);
  expect(await pinnedText()).toEqual([]);
  tried("Events out of order", 4);
});
