/**
 * The messenger and the deliverer as they ship, over a bad line to a real local Slack. Whatever happens to a call, the
 * channel ends with one root message, the thread with every reply once, and the card with what is so.
 */

import type { WebClient } from "@slack/web-api";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDeliverer } from "../../src/engine/deliver.ts";
import { show } from "../../src/engine/show.ts";
import { createMessenger, slackClient } from "../../src/slack/messenger.ts";
import { openForWriting } from "../../src/store/open.ts";
import { putBack } from "../../src/store/parked.ts";
import { alertOn, openWorld, temporaryFile, type World } from "../engine/world.ts";
import { SlackHarness } from "../harness/slack.ts";
import { type Fault, FaultProxy } from "./proxy.ts";
import { tried } from "./tried.ts";

const CHANNEL = "C0INCIDENTS";
/** How long the client waits for an answer; ten seconds outside of tests. */
const TIMEOUT_MS = 250;

let slack: SlackHarness;
let proxy: FaultProxy;
let client: WebClient;
let world: World;
let place: ReturnType<typeof temporaryFile>;
let deliverer: ReturnType<typeof createDeliverer>;
/** What the deliverer logged as a fault of ours. */
let faults: string[];

beforeAll(async () => {
  slack = await SlackHarness.start();
  proxy = await FaultProxy.start(slack.slack.url);
});
afterAll(async () => {
  await proxy.stop();
  await slack.stop();
});

beforeEach(async () => {
  await slack.reset();
  proxy.reset();
  faults = [];
  place = temporaryFile();
  await start(CHANNEL);
});
afterEach(async () => {
  await stop();
  place.remove();
  expect(proxy.reset(), "faults that no call met").toEqual([]);
  expect(faults).toEqual([]);
});

async function start(channel: string): Promise<void> {
  world = await openWorld(place.database, channel);
  // Messages are looked for by when they were posted, and Slack goes by the real clock.
  world.advance(Date.now() - Date.parse(world.now()));
  const { reads, now } = world;
  client = slackClient(slack.slack.botToken, proxy.apiUrl, TIMEOUT_MS);
  deliverer = createDeliverer({
    messenger: createMessenger(client, { dates: "plain" }, async () => null),
    reads,
    show: (row, state) => show({ reads, report, now }, row, state),
    submit: async (job) => {
      const result = await world.submit(job);
      if (!result.ok) throw new Error(result.refusal.message);
      return result.value;
    },
    now: () => Date.parse(now()),
    log: {
      warn: () => {},
      error: (fields, message) => faults.push(`${message}: ${JSON.stringify(fields)}`),
    },
  });
  deliverer.start();
}

async function stop(): Promise<void> {
  await deliverer.stop();
  await world.close();
}

async function report(key: string, format: string) {
  return { filename: `${key}.${format}`, title: key, mediaType: "text/plain", body: "the report" };
}

/** Lets the clock run (faster than the real one) until nothing is left to deliver. */
async function untilDelivered(): Promise<void> {
  for (let i = 0; i < 1500; i++) {
    const { pending } = await world.reads.undelivered();
    if (pending === 0) return;
    // Only a line that is at rest lets time pass, so that no fault is raced against the clock.
    world.advance(200);
    deliverer.wake();
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(
    `not delivered: ${JSON.stringify(await world.readDb.selectFrom("outbox").selectAll().execute())}`,
  );
}

const acknowledge = () => world.command("INC-1", { type: "acknowledge" });
const raise = () => world.command("INC-1", { type: "set_severity", severity: "SEV1", reason: "revenue" });

/** One root; under it the alerts and these replies, each once and in this order. */
async function expectThread(...replies: RegExp[]): Promise<void> {
  const roots = await slack.messages(CHANNEL);
  expect(roots.map(({ text }) => text)).toEqual([expect.stringContaining("INC-1")]);
  const [root, ...under] = await slack.thread(CHANNEL, roots[0]!.ts);
  expect(under.length, under.map(({ text }) => text).join(" | ")).toBe(replies.length + 1);
  const told = under.filter((message) => !JSON.stringify(message).includes("not_null on orders failed"));
  expect(told.map(({ text }) => text)).toEqual(replies.map((words) => expect.stringMatching(words)));
  const { phase, severity, thread } = (await world.reads.state("INC-1"))!;
  expect(thread?.ts).toBe(root!.ts);
  expect(root!.text).toContain(severity);
  expect(root!.text.toLowerCase()).toContain(phase === "triggered" ? "needs acknowledgement" : phase);
}

const PASSING: [string, Fault][] = [
  ["a 429", { kind: "rate_limited", retryAfterSeconds: 7 }],
  ["a 500 before anything was done", { kind: "500_before" }],
  ["a 500 although it was done", { kind: "500_after" }],
  ["silence, and nothing was done", { kind: "hang_before" }],
  ["silence, although it was done", { kind: "hang_after" }],
  ["half an answer", { kind: "truncated" }],
  ["a load balancer's page", { kind: "page" }],
  ["a reset before anything was done", { kind: "reset_before" }],
  ["a reset although it was done", { kind: "reset_after" }],
  ["not_in_channel", { kind: "refused", error: "not_in_channel" }],
  ["channel_not_found", { kind: "refused", error: "channel_not_found" }],
  ["is_archived", { kind: "refused", error: "is_archived" }],
  ["a revoked token", { kind: "refused", error: "token_revoked" }],
  ["an invalid token", { kind: "refused", error: "invalid_auth" }],
  ["internal_error", { kind: "refused", error: "internal_error" }],
  ["a 502", { kind: "status", status: 502 }],
  ["a 503", { kind: "status", status: 503 }],
  ["a 504", { kind: "status", status: 504 }],
  ["a slow answer", { kind: "slow", ms: 150 }],
  ["an answer that comes too late", { kind: "slow", ms: 400 }],
];

describe.each(PASSING)("%s", (name, fault) => {
  it("leaves one root, every reply once, and the card right", async () => {
    proxy.inject("chat.postMessage", fault);
    await world.ingest(alertOn("orders"));
    await untilDelivered();
    proxy.inject("chat.postMessage", fault);
    proxy.inject("chat.update", fault);
    await acknowledge();
    await raise();
    await untilDelivered();
    await expectThread(/Acknowledged/, /SEV2 → SEV1/);
    tried(`Slack: ${name}`, 3);
  });

  it("does no harm when it comes twice, and to the search for what was posted", async () => {
    proxy.inject("chat.postMessage", fault, fault);
    // Only an outcome that is unknown is looked up: a 429, a refusal and an answer in time are known.
    const known =
      ["rate_limited", "refused"].includes(fault.kind) || (fault.kind === "slow" && fault.ms < TIMEOUT_MS);
    const searched = !known;
    if (searched) proxy.inject("conversations.history", fault, fault);
    await world.ingest(alertOn("orders"));
    await acknowledge();
    await untilDelivered();
    // A post that turned out to be done leaves the second fault to the next one.
    await expectThread(/Acknowledged/);
    tried(`Slack: ${name}, twice and in the search`, searched ? 4 : 2);
  });
});

describe.each(["msg_too_long", "invalid_blocks"])("%s", (error) => {
  it("gives that reply up, and goes on with the others and the card", async () => {
    await world.ingest(alertOn("orders"));
    await untilDelivered();
    proxy.inject("chat.postMessage", { kind: "refused", error });
    await acknowledge();
    await untilDelivered();
    await raise();
    await untilDelivered();
    await expectThread(/SEV2 → SEV1/);
    expect(await world.reads.undelivered()).toEqual({ pending: 0, dead: 1 });
    // By hand, once that is mended.
    const db = openForWriting(place.database);
    expect(await putBack(db, null, "cli:ana")).toBe(1);
    expect(await putBack(db, null, "cli:ana")).toBe(0);
    await db.destroy();
    await untilDelivered();
    expect(await world.reads.undelivered()).toEqual({ pending: 0, dead: 0 });
    await expectThread(/SEV2 → SEV1/, /Acknowledged/);
    tried(`Slack: ${error}, parked and put back`, 1);
  });

  it("holds the thread back while the root is refused, and lets it follow when the root stands", async () => {
    proxy.inject("chat.postMessage", { kind: "refused", error });
    await world.ingest(alertOn("orders"));
    deliverer.wake();
    await slack.waitFor(async () => (await world.reads.undelivered()).dead === 1, { what: "the refusal" });
    expect(await slack.messages(CHANNEL)).toEqual([]);
    await acknowledge();
    await untilDelivered();
    await expectThread(/Acknowledged/);
  });
});

it("lets be what somebody deleted in Slack, and gives nothing up for it", async () => {
  await world.ingest(alertOn("orders"));
  await untilDelivered();
  const [list] = (await slack.thread(CHANNEL, (await slack.messages(CHANNEL))[0]!.ts)).slice(1);
  await client.chat.delete({ channel: CHANNEL, ts: list!.ts });
  await world.ingest(alertOn("orders", { dedupKey: "another" }));
  await acknowledge();
  await untilDelivered();
  expect(await world.reads.undelivered()).toEqual({ pending: 0, dead: 0 });
  const [root, ...under] = await slack.thread(CHANNEL, (await slack.messages(CHANNEL))[0]!.ts);
  expect(root!.text).toContain("Acknowledged");
  expect(under.map(({ text }) => text)).toEqual([expect.stringContaining("Acknowledged")]);
});

it("uploads a file once, though the answer to the last step is lost", async () => {
  await world.ingest(alertOn("orders"));
  await untilDelivered();
  proxy.inject("files.completeUploadExternal", { kind: "reset_after" });
  await world.command("INC-1", { type: "record_export", format: "md" });
  await untilDelivered();
  const { thread } = (await world.reads.state("INC-1"))!;
  expect((await slack.files(CHANNEL, thread!.ts)).map(({ title }) => title)).toEqual([
    expect.stringMatching(/^INC-1 postmortem, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(md\)$/),
  ]);
});

it("keeps of a file when it was shared, also where it had to be looked for: retention goes by that", async () => {
  await world.ingest(alertOn("orders"));
  await untilDelivered();
  await world.command("INC-1", { type: "record_export", format: "md" });
  await untilDelivered();
  proxy.inject("files.completeUploadExternal", { kind: "reset_after" });
  await world.command("INC-1", { type: "record_export", format: "csv" });
  await untilDelivered();
  const shared = world.readDb.selectFrom("outbox").select("ts").where("kind", "=", "file");
  const times = (await shared.execute()).map(({ ts }) => Math.abs(Date.now() / 1000 - Number(ts)));
  expect(times).toHaveLength(2);
  expect(Math.max(...times)).toBeLessThan(600);
});

it("finds its message in a channel that is configured by name", async () => {
  await stop();
  await start("#data-incidents");
  proxy.inject("chat.postMessage", { kind: "hang_after" });
  await world.ingest(alertOn("orders"));
  await untilDelivered();
  expect((await slack.messages(CHANNEL)).length).toBe(1);
  expect(await world.reads.state("INC-1")).toMatchObject({ thread: { channel: CHANNEL } });
});

it("opens a modal at once while posts are inside a Retry-After", async () => {
  proxy.inject("chat.postMessage", { kind: "rate_limited", retryAfterSeconds: 5 });
  await world.ingest(alertOn("orders"));
  deliverer.wake();
  await slack.waitFor(() => proxy.calls.some(({ method }) => method === "chat.postMessage"), {
    what: "the 429",
  });
  const took: number[] = [];
  for (let i = 0; i < 5; i++) {
    const since = performance.now();
    // The trigger is not a real one: what counts is how soon the call is on the line and answered.
    await client.views
      .open({
        trigger_id: "1.2.3",
        view: { type: "modal", title: { type: "plain_text", text: "x" }, blocks: [] },
      })
      .catch(() => {});
    took.push(performance.now() - since);
  }
  expect(proxy.calls.filter(({ method }) => method === "views.open").length).toBe(5);
  expect(Math.max(...took), took.join(" ")).toBeLessThan(500);
  // The pause is kept: by the clock four seconds are not five.
  for (let i = 0; i < 20; i++) {
    world.advance(200);
    deliverer.wake();
    await new Promise((done) => setTimeout(done, 5));
  }
  expect(proxy.calls.filter(({ method }) => method === "chat.postMessage").length).toBe(1);
  await untilDelivered();
  await expectThread();
  if (process.env.BREAKWATER_MEASURE)
    console.log(`views.open during the pause, ms: ${took.map((ms) => ms.toFixed(1))}`);
});
