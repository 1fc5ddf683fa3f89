/**
 * The real process, killed again and again in the middle of its work. Six kills by default; for more, and for other
 * moments:
 *
 *     BREAKWATER_KILLS=200 BREAKWATER_SEED=7 npx vitest run test/faults/kill.test.ts
 *
 * A kill says nothing about power cuts, since what was written to the file stays with the operating system; that the
 * log is synced before an answer is held by test/store/durability.test.ts.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import SQLite from "better-sqlite3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openForReading } from "../../src/store/open.ts";
import { readsOf } from "../../src/store/reads.ts";
import { SlackHarness } from "../harness/slack.ts";
import { waitFor } from "../harness/wait.ts";
import { FaultProxy } from "./proxy.ts";

const KILLS = Number(process.env.BREAKWATER_KILLS ?? 6);
const SEED = Number(process.env.BREAKWATER_SEED ?? 1);
const ROOT = resolve(import.meta.dirname, "../..");
const CHANNEL = "C0INCIDENTS";
const SECRET = "kill-test";
const SENDERS = 4;

const random = generator(SEED);
const directory = mkdtempSync(join(tmpdir(), "breakwater-kill-"));
const path = join(directory, "breakwater.db");

let slack: SlackHarness;
let proxy: FaultProxy;
let port: number;
let child: ChildProcess | null = null;
/** What the processes wrote to their error output and log, for when one ends by itself. */
let said = "";

beforeAll(async () => {
  slack = await SlackHarness.start();
  proxy = await FaultProxy.start(slack.slack.url);
  port = await freePort();
});
afterAll(async () => {
  child?.kill("SIGKILL");
  await proxy.stop();
  await slack.stop();
  rmSync(directory, { recursive: true, force: true });
});

type Sent = { delivery: string; fingerprint: string; incident: string; table: string };

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

const environment = () => ({
  PATH: process.env.PATH,
  SLACK_BOT_TOKEN: slack.slack.botToken,
  SLACK_APP_TOKEN: slack.slack.appToken,
  SLACK_API_URL: proxy.apiUrl,
  BREAKWATER_CHANNEL: CHANNEL,
  BREAKWATER_SOURCE_GENERIC_SECRET: SECRET,
  DATABASE_URL: `sqlite:${path}`,
  PORT: String(port),
  LOG_LEVEL: "error",
});

function start(): ChildProcess {
  child = spawn(process.execPath, ["src/main.ts", "serve"], { cwd: ROOT, env: environment() });
  for (const output of [child.stdout, child.stderr])
    output?.on("data", (chunk: Buffer) => {
      said = (said + chunk).slice(-8000);
    });
  return child;
}

/** Whether the door for alerts is open; Slack may be joined later. */
async function takesAlerts(): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null)) !== null;
}

/** Sends one alert until it is answered 2xx, as senders do that were told nothing or were refused. */
async function send(table: string, delivery: string): Promise<Sent & { tries: number }> {
  const body = JSON.stringify({
    title: `${table} failed`,
    dedup_key: delivery,
    delivery_id: delivery,
    assets: [`snowflake://acme/analytics.core.${table}`],
  });
  for (let tries = 1; ; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/alerts/generic`, {
      method: "POST",
      headers: { authorization: `Bearer ${SECRET}`, "content-type": "application/json" },
      body,
    }).catch(() => null);
    if (answer?.ok) {
      // An answer that was cut off is none.
      const read = (await answer.json().catch(() => null)) as { alerts: Sent[] } | null;
      const alert = read?.alerts[0];
      if (alert) return { delivery, table, fingerprint: alert.fingerprint, incident: alert.incident, tries };
    }
    await sleep(15);
  }
}

type Moment = "starting" | "at work" | "a post on its way" | "a post done, unanswered";

/** Kills the process at a moment that the seed chooses. */
async function killAtSomeMoment(running: ChildProcess): Promise<Moment> {
  const choice = random();
  const moment =
    choice < 0.15
      ? "starting"
      : choice < 0.4
        ? "at work"
        : choice < 0.7
          ? "a post on its way"
          : "a post done, unanswered";
  const ended = once(running, "exit");
  if (moment === "starting") {
    await sleep(random() * 1200);
  } else {
    await waitFor(takesAlerts, { what: `the start:\n${said}`, timeout: 20_000 });
    if (moment === "at work") await sleep(random() * 1500);
    else await somePost(moment === "a post on its way" ? "before" : "after");
  }
  running.kill("SIGKILL");
  await ended;
  if (running.signalCode !== "SIGKILL") throw new Error(`the process ended by itself:\n${said}`);
  return moment;
}

/** One of the next few posts, before Slack hears of it or when it has carried it out; or that none came for a while. */
function somePost(stage: "before" | "after"): Promise<void> {
  let left = 1 + Math.floor(random() * 4);
  return new Promise((reached) => {
    const done = () => {
      clearTimeout(late);
      proxy.onCall = () => {};
      reached();
    };
    const late = setTimeout(done, 3000);
    proxy.onCall = ({ method }, at) => {
      if (method === "chat.postMessage" && at === stage && --left === 0) done();
    };
  });
}

it(`loses nothing and doubles nothing over ${KILLS} kills`, {
  timeout: 60_000 + KILLS * 12_000,
}, async () => {
  const acked: Sent[] = [];
  const moments: Record<string, number> = {};
  let retried = 0;
  let round = 0;
  let loading = true;
  const slashes: Promise<unknown>[] = [];

  const senders = Array.from({ length: SENDERS }, async (_, sender) => {
    for (let n = 0; loading; n++) {
      // Every round has a new problem of its own, so that kills meet incidents that are being opened.
      const table = random() < 0.5 ? `round_${round}` : `shared_${Math.floor(random() * 3)}`;
      const { tries, ...sent } = await send(table, `${sender}-${n}`);
      if (tries > 1) retried++;
      acked.push(sent);
      await sleep(8);
    }
  });
  const typist = (async () => {
    for (let n = 0; loading; n++) {
      await sleep(500);
      const incident = acked[Math.floor(random() * acked.length)]?.incident ?? "INC-1";
      const line = n % 2 === 0 ? `severity ${incident} ${1 + (n % 4)} seen ${n} times` : `ack ${incident}`;
      // Not waited for: of a process that is killed meanwhile there is no answer for five seconds.
      slashes.push(slack.slash("maya", CHANNEL, "/incident", line).catch(() => {}));
    }
  })();

  for (; round < KILLS; round++) {
    const moment = await killAtSomeMoment(start());
    moments[moment] = (moments[moment] ?? 0) + 1;
  }

  const restarted = performance.now();
  const last = start();
  await waitFor(takesAlerts, { what: `the last start:\n${said}`, timeout: 20_000 });
  const startMs = performance.now() - restarted;
  await sleep(500);
  loading = false;
  await Promise.all([...senders, typist]);
  await Promise.all(slashes);

  const db = openForReading({ type: "sqlite", path });
  const reads = readsOf(db);
  await waitFor(async () => (await reads.undelivered()).pending === 0, {
    what: "the outbox to drain",
    // About one post a second is what Slack allows, so a backlog takes its time.
    timeout: 30_000 + KILLS * 4000,
  });
  const drainMs = performance.now() - restarted;

  // Every alert answered 2xx is stored, once, where the answer said.
  const signals = await db
    .selectFrom("signal")
    .select(["delivery_id", "incident", "outcome"])
    .where("outcome", "!=", "deduplicated")
    .execute();
  const stored = new Map(signals.map((row) => [row.delivery_id, row.incident]));
  expect(acked.filter(({ delivery, incident }) => stored.get(delivery) !== incident)).toEqual([]);
  expect(signals.length).toBe(new Set(acked.map(({ delivery }) => delivery)).size);

  // One problem, one incident, with as many alerts as were sent about it.
  const byTable = Map.groupBy(acked, ({ table }) => table);
  const { incidents } = await reads.list({}, 1000, null);
  expect(incidents.length).toBe(byTable.size);
  for (const [table, sent] of byTable) {
    expect(new Set(sent.map(({ incident }) => incident)).size, table).toBe(1);
    expect((await reads.state(sent[0]!.incident))!.alerts.total, table).toBe(sent.length);
  }
  const doubled = "select grouping_key from incident_group where open = 1 group by 1 having count(*) > 1";
  const file = new SQLite(path, { readonly: true });
  expect(file.prepare(doubled).all()).toEqual([]);
  expect(file.pragma("integrity_check", { simple: true })).toBe("ok");
  file.close();

  // One root message an incident, and no message of ours twice: each post carries its mark.
  const roots = await slack.messages(CHANNEL);
  const rootKeys = roots.map(({ text }) => /INC-\d+/.exec(text)?.[0]);
  expect(rootKeys.toSorted()).toEqual(incidents.map(({ key }) => key).toSorted());
  const posted = (await slack.calls("chat.postMessage")).map(markOf);
  expect(posted.filter((mark, i) => posted.indexOf(mark) !== i)).toEqual([]);
  const wanted = (await db.selectFrom("outbox").select(["key", "state"]).execute()).map(
    ({ key, state }) => `${key} ${state}`,
  );
  expect(posted.map((mark) => `${mark} done`).toSorted()).toEqual(wanted.toSorted());
  for (const { key, severity, thread } of incidents) {
    const root = roots.find(({ ts }) => ts === thread?.ts);
    expect(root?.text, key).toContain(`${key} ${severity}`);
  }
  await db.destroy();

  // The logs are whole, while the process runs and after it ended well.
  const cli = promisify(execFile);
  const verify = () =>
    cli(process.execPath, ["src/main.ts", "db", "verify"], { cwd: ROOT, env: environment() });
  expect((await verify()).stdout).toContain(`${incidents.length} incidents: every chain is whole`);
  const ended = once(last, "exit");
  last.kill("SIGTERM");
  expect((await ended)[0]).toBe(0);
  expect((await verify()).stdout).toContain("every chain is whole");

  console.log(
    JSON.stringify({
      kills: KILLS,
      moments,
      alertsAcked: acked.length,
      retriedByTheSender: retried,
      incidents: incidents.length,
      postsToSlack: posted.length,
      lastStartMs: Math.round(startMs),
      drainedMs: Math.round(drainMs),
    }),
  );
});

/** The block id of the first block, by which a message of ours is known. */
function markOf(call: { blocks?: unknown }): string {
  const blocks = typeof call.blocks === "string" ? JSON.parse(call.blocks) : call.blocks;
  return blocks?.[0]?.block_id ?? "a message without a mark";
}
