/**
 * The app as it ships, in a local Slack workspace, over real sockets: alerts come by HTTP, people type and press. After
 * every test all that went to Slack is held against Slack's own rules, and the log against "nothing failed".
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type App, startApp } from "../../src/app.ts";
import { type Config, loadConfig } from "../../src/config.ts";
import type { TimelineEntry } from "../../src/core/report/timeline.ts";
import { SANDBOX_WORKSPACE } from "../../src/sandbox/workspace.ts";
import * as limits from "../../src/slack/limits.ts";
import { freePort } from "../harness/port.ts";
import { type Json, type LogEntry, SlackHarness, type SlackMessage } from "../harness/slack.ts";

export const CHANNEL = "#data-incidents";
export const CHANNEL_ID = "C0INCIDENTS";
export const API_TOKEN = "read-token";

/** The name of somebody, as the log and the reports have it, by their handle. */
export function nameOf(handle: string): string {
  return SANDBOX_WORKSPACE.people.find((person) => person.name === handle)!.realName;
}
export const MAYA = nameOf("maya");
export const JONAS = nameOf("jonas");
export const PRIYA = nameOf("priya");
export const DIEGO = nameOf("diego");
export const HANNAH = nameOf("hannah");

export type Answer = { status: number; type: string; headers: Headers; text: string; body: Json };
export type Options = { http?: boolean; config?: Partial<Config> };

/** Starts one Slack server for the file, and a fresh app on a fresh database for every test. */
export function openWorld(options: Options = {}): World {
  const world = new World(options);
  beforeAll(() => world.open());
  beforeEach(() => world.begin());
  afterEach(() => world.end());
  afterAll(() => world.close());
  return world;
}

export class World {
  slack!: SlackHarness;
  app!: App;
  config!: Config;
  /** Set by a test in which something is meant to fail: what the log may hold then. */
  mayFail: RegExp | null = null;
  private readonly options: Options;
  private port = 0;
  private dir = "";
  private lines: string[] = [];
  private offsetMs = 0;

  constructor(options: Options) {
    this.options = options;
  }

  async open(): Promise<void> {
    if (this.options.http) this.port = await freePort();
    const requestUrl = `http://127.0.0.1:${this.port}/slack/events`;
    this.slack = await SlackHarness.start(this.options.http ? { requestUrl } : {});
  }

  async begin(): Promise<void> {
    this.lines = [];
    this.offsetMs = 0;
    this.mayFail = null;
    this.dir = await mkdtemp(join(tmpdir(), "breakwater-e2e-"));
    const { botToken, appToken, signingSecret, apiUrl } = this.slack.slack;
    const mode = this.options.http
      ? ({ type: "http", signingSecret } as const)
      : ({ type: "socket", appToken } as const);
    this.config = {
      ...loadConfig({ DATABASE_URL: this.databaseUrl, PORT: String(this.port) }),
      slack: { botToken, mode, apiUrl },
      channel: CHANNEL_ID,
      apiTokens: [API_TOKEN],
      sandbox: true,
      grouping: { wait: "0s" },
      ...this.options.config,
    };
    await this.slack.reset();
    await this.start();
  }

  async start(): Promise<void> {
    this.app = await startApp(this.config, {
      log: { level: "warn", stream: { write: (line: string) => void this.lines.push(line) } },
      now: () => Date.now() + this.offsetMs,
    });
    if (!this.options.http) await this.slack.untilConnected();
  }

  async end(): Promise<void> {
    try {
      await this.app.stop();
      await this.everythingWasFit();
      await expect(fetch(this.app.url)).rejects.toThrow("fetch failed");
    } finally {
      await rm(this.dir, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    await this.slack?.stop();
  }

  get databaseUrl(): string {
    return `sqlite:${join(this.dir, "breakwater.db")}`;
  }

  get databasePath(): string {
    return join(this.dir, "breakwater.db");
  }

  /** The app's clock runs as ours does, so many minutes behind. */
  minutesAgo(minutes: number): void {
    this.offsetMs = -minutes * 60_000;
  }

  // The tools that send alerts, and those that read.

  async send(source: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request(`/v1/alerts/${source}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** Sends one alert and returns the key of the incident it opened. */
  async alert(about: Json = {}): Promise<string> {
    const { body } = await this.send("generic", { ...LATE_ORDERS, ...about });
    expect(body.alerts[0].outcome).toBe("opened");
    return body.alerts[0].incident;
  }

  async get(path: string): Promise<Answer> {
    return this.request(path, { headers: { authorization: `Bearer ${API_TOKEN}` } });
  }

  async request(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(this.app.url + path, init);
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    return {
      status: response.status,
      headers: response.headers,
      type,
      text,
      body: type.includes("json") ? JSON.parse(text) : null,
    };
  }

  async incident(key: string): Promise<Json> {
    return (await this.get(`/v1/incidents/${key}`)).body;
  }

  async timeline(key: string): Promise<TimelineEntry[]> {
    return (await this.get(`/v1/incidents/${key}/timeline`)).body.entries;
  }

  /** Waits for an entry on the timeline. */
  async entry(key: string, fits: (entry: TimelineEntry) => boolean, what: string): Promise<TimelineEntry> {
    return this.slack.waitFor(async () => (await this.timeline(key)).find(fits), {
      what: `${what} on the timeline of ${key}`,
    });
  }

  /** `breakwater …` in a process of its own, beside the running app. */
  async cli(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, ["src/main.js", ...args], {
      env: { PATH: process.env.PATH, DATABASE_URL: this.databaseUrl },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  // People at work.

  /** The root message of an incident, once it says all of these words. */
  async card(key: string, ...words: string[]): Promise<SlackMessage> {
    let seen = "no card";
    return this.slack
      .waitFor(
        async () => {
          const root = (await this.slack.messages(CHANNEL)).find(({ text }) => text.includes(`${key} `));
          seen = root ? wordsOf(root) : seen;
          // It stands for us once its place is in the log: what is said in the thread before is nobody's.
          return (
            root &&
            words.every((part) => wordsOf(root).includes(part)) &&
            (await this.incident(key)).threadTs &&
            root
          );
        },
        { what: `the card of ${key} to say ${words.join(", ")}`, timeout: 15_000 },
      )
      .catch((error: Error) => {
        throw new Error(`${error.message}\nIt says:\n${seen}`);
      });
  }

  /** A message in an incident's thread, once one says this. */
  async reply(key: string, words: string | RegExp): Promise<SlackMessage> {
    const { ts } = await this.card(key);
    let seen: string[] = [];
    return this.slack
      .waitFor(
        async () => {
          const replies = (await this.slack.thread(CHANNEL, ts)).filter((message) => message.ts !== ts);
          seen = replies.map(wordsOf);
          return replies.find((message) => says(wordsOf(message), words));
        },
        { what: `the thread of ${key} to say ${words}`, timeout: 15_000 },
      )
      .catch((error: Error) => {
        throw new Error(`${error.message}\nIt says:\n${seen.join("\n---\n")}`);
      });
  }

  /** What one person alone was told, once it says this. */
  async told(user: string, words: string | RegExp): Promise<SlackMessage> {
    let seen: string[] = [];
    return this.slack
      .waitFor(
        async () => {
          const messages = await this.slack.ephemerals(user);
          seen = messages.map(wordsOf);
          return messages.find((message) => says(wordsOf(message), words));
        },
        { what: `${user} to be told ${words}` },
      )
      .catch((error: Error) => {
        throw new Error(`${error.message}\nTold:\n${seen.join("\n---\n")}`);
      });
  }

  /** Presses a button of the card, once it is there. */
  async press(user: string, key: string, action: string): Promise<void> {
    const root = await this.slack.waitFor(
      async () => {
        const card = await this.card(key);
        return buttonsOf(card).some((button) => button.action_id === action) && card;
      },
      { what: `the card of ${key} to have a button ${action}`, timeout: 15_000 },
    );
    await this.slack.click(user, CHANNEL, root.ts, action);
  }

  async slash(user: string, line = ""): Promise<void> {
    await this.slack.slash(user, CHANNEL, "/incident", line);
  }

  /** Says something to the bot in an incident's thread. Returns the message's ts. */
  async mention(user: string, key: string, line: string): Promise<string> {
    const { ts } = await this.card(key);
    return this.slack.say(user, CHANNEL, `${this.slack.mention} ${line}`, ts);
  }

  /** Fills in and submits the form that is open or about to open; fails where it shows errors. */
  async fill(user: string, form: string, values: Record<string, string | string[]>): Promise<void> {
    await this.slack.waitFor(() => this.slack.currentModal()?.callback_id === `form_${form}`, {
      what: `the form ${form} to open`,
    });
    const fields = Object.entries(values).map(([name, value]) => [name, { value }]);
    const { errors } = await this.slack.submitModal(user, Object.fromEntries(fields));
    expect(errors).toBeNull();
  }

  // What holds after every test.

  /** Every message and modal is one that Slack accepts, holds no ping that nobody meant, and nothing failed. */
  private async everythingWasFit(): Promise<void> {
    const log = await this.fromBot();
    for (const { kind, summary, detail } of log) {
      const what = `${kind} ${summary}`;
      for (const message of messagesIn(detail))
        expect(limits.SlackMessage.safeParse(message).error?.message, what).toBeUndefined();
      for (const view of viewsIn(detail))
        expect(limits.SlackView.safeParse(view).error?.message, what).toBeUndefined();
    }
    expect(markupIn(log).filter((token) => !OUR_MARKUP.test(token))).toEqual([]);
    expect(mrkdwnObjectsIn(log).filter((object) => object.verbatim !== true)).toEqual([]);
    const failures = this.lines.filter((line) => JSON.parse(line).level >= 50);
    expect(failures.filter((line) => !this.mayFail?.test(line))).toEqual([]);
  }

  /** All markup that reached Slack's parser: `<@U…>`, `<https://…|label>`, `<!…>`. */
  async markup(): Promise<string[]> {
    return markupIn(await this.fromBot());
  }

  /** What the bot sent: calls, acknowledgements, and in HTTP mode the answers, which are logged as text. */
  private async fromBot(): Promise<LogEntry[]> {
    const log = await this.slack.log();
    return log
      .filter((entry) => entry.direction === "from_bot")
      .map((entry) => (isJson(entry.detail) ? { ...entry, detail: JSON.parse(entry.detail) } : entry));
  }
}

/** An alert as a team would send it; its title fits the runbook for late tables. */
export const LATE_ORDERS = {
  title: "orders is late",
  status: "firing",
  severity: "error",
  dedup_key: "freshness/orders",
  assets: ["snowflake://fernhollow/analytics.marts.orders"],
};

/** A date in the reader's own zone, an honest link, or somebody who was named by somebody. */
const OUR_MARKUP = /^<(!date\^\d+\^[^<>|]+\|[^<>|]+|https?:\/\/[^<>|]+(\|[^<>|]+)?|@[UW][A-Z0-9]+)>$/;

/** The texts of a message that Slack reads as markup. */
function mrkdwnIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(mrkdwnIn);
  if (value === null || typeof value !== "object") return [];
  if (value.type === "mrkdwn") return [value.text];
  const text = typeof value.text === "string" && value.type !== "plain_text" ? [value.text] : [];
  return [...text, ...Object.values(value).flatMap(mrkdwnIn)];
}

/** Without `verbatim` Slack makes links of bare addresses, names and channels. */
function mrkdwnObjectsIn(value: Json): Json[] {
  if (value === null || typeof value !== "object") return [];
  const own = value.type === "mrkdwn" && value.text ? [value] : [];
  return [...own, ...Object.values(value).flatMap(mrkdwnObjectsIn)];
}

/** Every stretch from a bracket on: an unclosed one is as suspicious as a closed one. */
function markupIn(log: LogEntry[]): string[] {
  return log
    .flatMap(({ detail }) => [...messagesIn(detail), ...viewsIn(detail)])
    .flatMap(mrkdwnIn)
    .flatMap((text) => text.match(/<[^>]*>?/g) ?? []);
}

function isJson(detail: unknown): detail is string {
  return typeof detail === "string" && detail.startsWith("{");
}

function messagesIn(detail: Json): Json[] {
  return detail?.blocks && detail.type !== "modal" ? [{ text: detail.text, blocks: detail.blocks }] : [];
}

function viewsIn(detail: Json): Json[] {
  return detail?.view && detail.type !== "view_submission" ? [detail.view] : [];
}

/** All that a message says to whoever reads it, its buttons too. */
export function wordsOf(message: { text: string; blocks?: Json[] }): string {
  const inner = (value: Json): string[] => {
    if (Array.isArray(value)) return value.flatMap(inner);
    if (value === null || typeof value !== "object") return [];
    if (typeof value.text === "string") return [value.text];
    return [value.text, value.fields, value.elements, value.accessory].flatMap(inner);
  };
  return [message.text, ...inner(message.blocks ?? [])].join("\n");
}

function says(text: string, words: string | RegExp): boolean {
  return typeof words === "string" ? text.includes(words) : words.test(text);
}

export function buttonsOf(message: {
  blocks?: Json[];
}): { action_id: string; value: string; text: string }[] {
  return (message.blocks ?? [])
    .filter((block) => block.type === "actions")
    .flatMap((block) => block.elements)
    .map(({ action_id, value, text }) => ({ action_id, value, text: text.text }));
}
