/**
 * The real process, as a shell would start it, and people and tools that go on sending whatever becomes of it. What was
 * answered 2xx, and what was acknowledged in Slack, is remembered; `everythingIsThere` holds it against the database,
 * the channel and the chains of hashes.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import SQLite from "better-sqlite3";
import { expect } from "vitest";
import { openForReading } from "../../src/store/open.ts";
import { readsOf } from "../../src/store/reads.ts";
import { freePort } from "../harness/port.ts";
import { SlackHarness, type SlackMessage } from "../harness/slack.ts";
import { waitFor } from "../harness/wait.ts";
import { FaultProxy } from "./proxy.ts";

export const SEED = Number(process.env.BREAKWATER_SEED ?? 1);
export const CHANNEL = "C0INCIDENTS";
const ROOT = resolve(import.meta.dirname, "../..");
const SECRET = "fault-test";
const SENDERS = 4;

export type Acked = { delivery: string; fingerprint: string; incident: string; table: string };

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export class Bot {
  readonly random = generator(SEED);
  readonly path: string;
  readonly url: string;
  child: ChildProcess | null = null;
  /** What the processes wrote to their error output and log, for when one ends by itself. */
  said = "";
  /** Alerts answered 2xx, in the order of their answers. */
  readonly acked: Acked[] = [];
  /** Notes typed as slash commands that their author was told are on the timeline; known from `everythingIsThere` on. */
  noted: string[] = [];
  /** Statuses other than 2xx, and how often each came. */
  readonly refused = new Map<number, number>();
  /** Answers that ask to come again without saying when. */
  refusedWithoutPause = 0;
  /** Names the problem that new alerts are about, so that faults meet incidents that are being opened. */
  round = 0;
  private loading = false;
  private closed = false;
  private work: Promise<unknown>[] = [];
  private sent = 0;

  readonly slack: SlackHarness;
  readonly proxy: FaultProxy;
  private readonly directory: string;
  private readonly own: boolean;
  private readonly more: Record<string, string>;
  private readonly port: number;

  private constructor(slack: SlackHarness, proxy: FaultProxy, port: number, options: BotOptions) {
    this.slack = slack;
    this.proxy = proxy;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.own = options.directory === undefined;
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), "breakwater-fault-"));
    this.path = join(this.directory, "breakwater.db");
    this.more = options.environment ?? {};
  }

  static async open(options: BotOptions = {}): Promise<Bot> {
    const slack = await SlackHarness.start();
    const proxy = await FaultProxy.start(slack.slack.url);
    return new Bot(slack, proxy, await freePort(), options);
  }

  async close(): Promise<void> {
    this.loading = false;
    this.closed = true;
    this.child?.kill("SIGKILL");
    await this.proxy.stop();
    await this.slack.stop();
    if (this.own) rmSync(this.directory, { recursive: true, force: true });
  }

  get environment(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? "",
      SLACK_BOT_TOKEN: this.slack.slack.botToken,
      SLACK_APP_TOKEN: this.slack.slack.appToken,
      SLACK_API_URL: this.proxy.apiUrl,
      BREAKWATER_CHANNEL: CHANNEL,
      BREAKWATER_SOURCE_GENERIC_SECRET: SECRET,
      DATABASE_URL: `sqlite:${this.path}`,
      PORT: String(this.port),
      LOG_LEVEL: "error",
      ...this.more,
    };
  }

  /** What is put in front of the command may look on, but must leave the process our child. */
  start(...inFront: string[]): ChildProcess {
    const [command, ...args] = [...inFront, process.execPath, "src/main.js", "serve"];
    const child = spawn(command!, args, {
      cwd: ROOT,
      env: this.environment,
    });
    for (const output of [child.stdout, child.stderr])
      output.on("data", (chunk: Buffer) => {
        this.said = (this.said + chunk).slice(-8000);
      });
    this.child = child;
    return child;
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    const child = this.child!;
    if (child.exitCode !== null) throw new Error(`the process ended by itself:\n${this.said}`);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    if (child.signalCode !== "SIGKILL") throw new Error(`the process ended by itself:\n${this.said}`);
  }

  /** Asks it to end, and returns its exit code. */
  async stop(): Promise<number | null> {
    const child = this.child!;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    return (await ended)[0];
  }

  /** Until the door for alerts is open; Slack may be joined later. */
  async untilUp(): Promise<void> {
    await waitFor(async () => (await fetch(`${this.url}/healthz`).catch(() => null)) !== null, {
      what: "the start",
      timeout: 90_000,
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.said}`);
    });
  }

  readonly headers = { authorization: `Bearer ${SECRET}`, "content-type": "application/json" };

  /** One try; null where there is no answer, or one that was cut off. */
  async post(body: string): Promise<Response | null> {
    return fetch(`${this.url}/v1/alerts/generic`, {
      method: "POST",
      headers: this.headers,
      body,
    }).catch(() => null);
  }

  alert(table: string, delivery: string, more: object = {}): string {
    return JSON.stringify({
      title: `${table} failed`,
      dedup_key: delivery,
      delivery_id: delivery,
      assets: [`snowflake://acme/analytics.core.${table}`],
      ...more,
    });
  }

  /** Sends one alert until it is answered 2xx, as senders do that were told nothing or were refused. */
  async send(table: string, delivery = `n${this.sent++}`): Promise<void> {
    const body = this.alert(table, delivery);
    for (;;) {
      const answer = await this.post(body);
      if (answer?.ok) {
        const read = (await answer.json().catch(() => null)) as { alerts: Acked[] } | null;
        const alert = read?.alerts[0];
        if (alert) {
          const { fingerprint, incident } = alert;
          return void this.acked.push({ delivery, table, fingerprint, incident });
        }
      } else if (answer) {
        this.refused.set(answer.status, (this.refused.get(answer.status) ?? 0) + 1);
        if (!/^\d+$/.test(answer.headers.get("retry-after") ?? "")) this.refusedWithoutPause++;
        await answer.arrayBuffer().catch(() => {});
      }
      if (this.closed) return;
      await sleep(15);
    }
  }

  /** Tools send and somebody types, until `endLoad`. */
  load(everyMs = 8): void {
    this.loading = true;
    const senders = Array.from({ length: SENDERS }, async () => {
      while (this.loading) {
        await this.send(
          this.random() < 0.5 ? `round_${this.round}` : `shared_${Math.floor(this.random() * 3)}`,
        );
        await sleep(everyMs);
      }
    });
    this.work = [...senders, this.typing()];
  }

  private async typing(): Promise<void> {
    const typed: Promise<unknown>[] = [];
    for (let n = 0; this.loading; n++) {
      await sleep(400);
      const incident = this.acked[Math.floor(this.random() * this.acked.length)]?.incident;
      if (!incident) continue;
      const note = `typed-${n}`;
      const lines = [`severity ${incident} ${1 + (n % 4)} seen ${n} times`, `ack ${incident}`];
      const line = n % 2 === 0 ? `note ${incident} ${note}` : lines[Math.floor(n / 2) % 2]!;
      // Not waited for: of a process that is killed meanwhile there is no answer for five seconds.
      typed.push(this.slack.slash("maya", CHANNEL, "/incident", line).catch(() => {}));
    }
    await Promise.all(typed);
  }

  /** The notes that the bot said are on the timeline, in answer to their author or in the thread. */
  private async confirmed(): Promise<string[]> {
    const said = (await this.slack.log()).filter(({ direction }) => direction === "from_bot");
    const notes = said.flatMap(
      ({ detail }) => /Note by [^:]*: (typed-\d+)/.exec(detail?.text ?? "")?.[1] ?? [],
    );
    return [...new Set(notes)];
  }

  async endLoad(): Promise<void> {
    this.loading = false;
    await Promise.all(this.work);
  }

  /** Alerts and notes stored, incidents, roots and replies in Slack: all of it there, and none of it twice. */
  async everythingIsThere(drainMs: number): Promise<{ incidents: number; posts: number }> {
    const db = openForReading({ type: "sqlite", path: this.path });
    try {
      const reads = readsOf(db);
      await waitFor(async () => (await reads.undelivered()).pending === 0, {
        what: "the outbox to drain",
        timeout: drainMs,
      }).catch(async (error: Error) => {
        const rows = await db.selectFrom("outbox").selectAll().where("state", "!=", "done").execute();
        const waiting = rows.map(({ payload: _, seal: _seal, ...row }) => JSON.stringify(row)).join("\n");
        throw new Error(`${error.message}; there waits:\n${waiting}\nThe bot said:\n${this.said}`);
      });
      // Every alert answered 2xx is stored, once, where the answer said.
      const signals = await db
        .selectFrom("signal")
        .select(["delivery_id", "incident"])
        .where("outcome", "!=", "deduplicated")
        .execute();
      const stored = new Map(signals.map((row) => [row.delivery_id, row.incident]));
      expect(this.acked.filter(({ delivery, incident }) => stored.get(delivery) !== incident)).toEqual([]);
      expect(signals.length).toBe(new Set(signals.map(({ delivery_id }) => delivery_id)).size);
      expect(signals.length).toBe(new Set(this.acked.map(({ delivery }) => delivery)).size);

      // What was confirmed in Slack was done, once, and what was done is told. A refusal or a bare "heard" promises nothing.
      this.noted = await this.confirmed();
      const events = await db.selectFrom("event").select("body").where("body", "like", "%typed-%").execute();
      const notes = events.flatMap(({ body }) => body.match(/typed-\d+/g) ?? []);
      expect(this.noted.toSorted()).toEqual([...new Set(notes)].toSorted());
      expect(notes.filter((note, i) => notes.indexOf(note) !== i)).toEqual([]);

      // One problem, one incident, with as many alerts as were sent about it.
      const byTable = Map.groupBy(this.acked, ({ table }) => table);
      const { incidents } = await reads.list({}, 5000, null);
      expect(incidents.length).toBe(byTable.size);
      for (const [table, sent] of byTable) {
        expect(new Set(sent.map(({ incident }) => incident)).size, table).toBe(1);
        expect((await reads.state(sent[0]!.incident))!.alerts.total, table).toBe(sent.length);
      }
      this.expectSoundFile();

      // One root message an incident, and no message of ours twice: each post carries its mark.
      // What the bot says of itself stands there too.
      const roots = await this.roots();
      const rootKeys = roots.map(({ text }) => /INC-\d+/.exec(text)?.[0]);
      expect(rootKeys.toSorted()).toEqual(incidents.map(({ key }) => key).toSorted());
      const marks = (await this.slack.calls("chat.postMessage")).map(markOf);
      expect(marks.filter((mark, i) => marks.indexOf(mark) !== i)).toEqual([]);
      const posted = marks.filter((mark) => !mark.startsWith("alarm:"));
      const wanted = await db.selectFrom("outbox").select(["key", "state"]).execute();
      expect(posted.map((mark) => `${mark} done`).toSorted()).toEqual(
        wanted.map(({ key, state }) => `${key} ${state}`).toSorted(),
      );
      for (const { key, severity, thread } of incidents) {
        const root = roots.find(({ ts }) => ts === thread?.ts);
        expect(root?.text, key).toContain(`${key} ${severity}`);
      }
      await this.verify();
      return { incidents: incidents.length, posts: posted.length };
    } finally {
      await db.destroy();
    }
  }

  /** The messages of the channel that are of one incident: not what the bot says of itself, or of many at once. */
  async roots(): Promise<SlackMessage[]> {
    const messages = await this.slack.messages(CHANNEL);
    return messages.filter(({ text }) => !/^(?:⚠️|✅) |^\d+ incidents opened at once/u.test(text));
  }

  /** How many alerts are stored whose delivery id is like this (`%` for anything), told twice or not. */
  storedLike(delivery: string): number {
    return this.ask(
      "select count(distinct delivery_id) from signal where delivery_id like ? and outcome <> 'deduplicated'",
      delivery,
    )[0] as number;
  }

  /** Keys of all incidents. */
  incidents(): string[] {
    return this.ask("select key from incident") as string[];
  }

  private ask(query: string, ...values: string[]): unknown[] {
    const file = new SQLite(this.path, { readonly: true });
    try {
      return file
        .prepare(query)
        .pluck()
        .all(...values);
    } finally {
      file.close();
    }
  }

  expectSoundFile(): void {
    const doubled = "select grouping_key from incident_group where open = 1 group by 1 having count(*) > 1";
    const file = new SQLite(this.path, { readonly: true });
    expect(file.prepare(doubled).all()).toEqual([]);
    expect(file.pragma("integrity_check", { simple: true })).toBe("ok");
    file.close();
  }

  /** `db verify` in a process of its own: it fails where a chain of hashes does not hold. */
  async verify(): Promise<void> {
    await promisify(execFile)(process.execPath, ["src/main.js", "db", "verify"], {
      cwd: ROOT,
      env: this.environment,
    });
  }
}

export type BotOptions = {
  /** Where the database is; a temporary directory, removed in the end, unless given. */
  directory?: string;
  environment?: Record<string, string>;
};

/** The block id of the first block, by which a message of ours is known. */
function markOf(call: { blocks?: unknown }): string {
  const blocks = typeof call.blocks === "string" ? JSON.parse(call.blocks) : call.blocks;
  return blocks?.[0]?.block_id ?? "a message without a mark";
}
