import type { Receiver } from "@slack/bolt";
import type { WebClient } from "@slack/web-api";
import type { SlackConfig } from "../config.ts";
import type { DoorDeps } from "./doors/interaction.ts";
import { openDoors } from "./doors.ts";
import { acknowledgingWhenDone, HttpReceiver, type SlackHttpAnswer } from "./receiver.ts";
import { listenTo } from "./socket.ts";

export type SlackConnection = {
  /** Whether Slack can reach us now, and since when not. */
  health(): { ok: boolean; detail: string | null };
  /** HTTP mode only: answers a request of Slack's. */
  handle:
    | ((headers: Record<string, string | string[] | undefined>, rawBody: Buffer) => Promise<SlackHttpAnswer>)
    | null;
  stop(): Promise<void>;
};

type Log = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** The first attempt is waited for this long, so that "started" means joined whenever Slack is there. */
const FIRST_JOIN_MS = 5_000;
/** A connection that has not said hello by then never will. */
const JOIN_TIMEOUT_MS = 20_000;
/** apps.connections.open allows one call a minute; short bursts are tolerated. */
const MAX_PAUSE_MS = 60_000;
/** A connection that stood this long was a good one, and the next is opened at once. */
const GOOD_AFTER_MS = 30_000;
/** Pings are answered every few seconds; a socket that heard nothing for this long is dead, whatever it says of itself. */
const SILENT_AFTER_MS = 60_000;
const WATCH_EVERY_MS = 1_000;
/** What was received over a connection is acknowledged over it, so it is closed only a while after its successor stands. */
const LINGER_MS = 3_000;

/** One connection to Slack, from its hello on. */
type Link = { since: number; heardAt: number; stop(): Promise<void> };

/**
 * Joins the workspace: over Socket Mode, or ready to be handed HTTP requests. Slack being away is no reason not to run:
 * alerts are taken meanwhile, and joining is tried again until it works. Bolt is imported here, after the ingest port
 * is open, since it is a third of a second of start-up. `clock` is in milliseconds and never goes back.
 */
export async function connectSlack(
  config: SlackConfig,
  client: WebClient,
  log: Log,
  address: () => Promise<string | null>,
  doors: Omit<DoorDeps, "workspaceUrl">,
  clock: () => number = () => performance.now(),
): Promise<SlackConnection> {
  const { App, LogLevel, SocketModeReceiver, isValidSlackRequest } = await import("@slack/bolt");
  let stopped = false;
  let current: Link | null = null;
  let joining: Promise<void> | null = null;
  /** Attempts since a connection last stood for a while. */
  let attempts = 0;
  let detail: string | null = "not connected to Slack yet";
  const links = new Set<Link>();
  const clientOptions = config.apiUrl ? { slackApiUrl: config.apiUrl } : {};
  const logger = quietLogger(log);
  const { mode } = config;
  const http = mode.type === "http" ? new HttpReceiver(mode.signingSecret, isValidSlackRequest) : null;

  /** A fresh socket for each attempt: one that failed to start, or was lost, is of no further use. */
  function openSocket(appToken: string, link: Link): { receiver: Receiver; forget(): void } {
    const receiver = new SocketModeReceiver({
      appToken,
      logger,
      autoReconnectEnabled: false,
      installerOptions: {
        // Trying again is ours to do; the client would do so for half an hour.
        clientOptions: {
          ...clientOptions,
          retryConfig: { retries: 0 },
          rejectRateLimitedCalls: true,
          timeout: JOIN_TIMEOUT_MS,
        },
      },
    });
    const init = receiver.init.bind(receiver);
    receiver.init = (app) => init(acknowledgingWhenDone(app as never) as never);
    const forget = listenTo(receiver, {
      heard: () => {
        link.heardAt = clock();
      },
      replaceable: () => {
        if (current === link) rejoin();
      },
      lost: () => drop(link, "the socket to Slack is down; it is reconnecting"),
    });
    return { receiver, forget };
  }

  async function join(): Promise<Link> {
    const identity = await client.auth.test();
    const link: Link = { since: clock(), heardAt: clock(), stop: async () => {} };
    const socket = mode.type === "socket" ? openSocket(mode.appToken, link) : null;
    const app = new App({
      token: config.botToken,
      // Known already. Bolt would ask again on its own, and where Slack refuses just then, nobody would hear that: its
      // promise ends the process.
      botId: identity.bot_id,
      botUserId: identity.user_id,
      tokenVerificationEnabled: false,
      receiver: socket ? socket.receiver : http!,
      clientOptions,
      logLevel: LogLevel.ERROR,
      logger,
    });
    app.error(async (error) => log.error({ err: error }, "a Slack interaction failed"));
    openDoors(app, { ...doors, workspaceUrl: (await address()) ?? identity.url ?? "https://slack.com/" });
    links.add(link);
    link.stop = async () => {
      // Closing a socket is itself a loss, of which we are told.
      if (!links.delete(link)) return;
      socket?.forget();
      await app.stop();
    };
    try {
      await inTime(Promise.resolve(app.start()), JOIN_TIMEOUT_MS);
    } catch (error) {
      await link.stop().catch(() => {});
      throw error ?? new Error("the connection ended before Slack said hello");
    }
    link.since = link.heardAt = clock();
    log.info({ team: identity.team, bot: identity.user }, "joined Slack");
    return link;
  }

  async function keepTrying(): Promise<void> {
    while (!stopped) {
      if (attempts > 0) await pause(Math.min(MAX_PAUSE_MS, 1000 * 2 ** Math.min(attempts - 1, 10)));
      attempts++;
      try {
        const link = await join();
        // Stopped while it was joining: nobody would stop it later.
        if (stopped) return link.stop();
        const old = current;
        current = link;
        detail = null;
        if (old) setTimeout(() => void old.stop().catch(() => {}), LINGER_MS).unref();
        return;
      } catch (error) {
        const reason = `joining Slack failed: ${codeOf(error)}`;
        if (!current) detail = reason;
        log.warn({ reason }, "joining Slack failed; trying again");
      }
    }
  }

  function rejoin(): void {
    if (stopped || joining) return;
    if (current && clock() - current.since > GOOD_AFTER_MS) attempts = 0;
    joining = keepTrying().finally(() => {
      joining = null;
      // It may have been lost in the very moment in which it was joined.
      if (!current) rejoin();
    });
  }

  /** Gives a connection up, and opens another if it was the one in use. */
  function drop(link: Link, why: string): void {
    if (stopped) return;
    void link.stop().catch(() => {});
    if (current !== link) return;
    log.warn({ reason: why }, "the connection to Slack is lost; opening another");
    detail = why;
    rejoin();
    current = null;
  }

  const silence = (link: Link) => clock() - link.heardAt;
  const watching = setInterval(() => {
    if (http || !current || silence(current) <= SILENT_AFTER_MS) return;
    drop(current, `nothing was heard from Slack for ${Math.round(silence(current) / 1000)} s`);
  }, WATCH_EVERY_MS).unref();

  rejoin();
  await Promise.race([joining, pause(FIRST_JOIN_MS)]);
  return {
    health() {
      if (!current) return { ok: false, detail };
      if (http) return { ok: true, detail: null };
      const seconds = Math.round(silence(current) / 1000);
      return { ok: silence(current) <= SILENT_AFTER_MS, detail: `last heard ${seconds} s ago` };
    },
    handle: http && ((headers, body) => http.handle(headers, body)),
    async stop() {
      stopped = true;
      clearInterval(watching);
      await Promise.allSettled([...links].map((link) => link.stop()));
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** Bolt's words into our log, without its arguments' insides, which may hold payloads. */
function quietLogger(log: Log) {
  const say = (messages: unknown[]) =>
    messages.map((m) => (m instanceof Error ? m.message : String(m))).join(" ");
  return {
    debug() {},
    info() {},
    warn: (...messages: unknown[]) => log.warn({}, `slack: ${say(messages)}`),
    error: (...messages: unknown[]) => log.error({}, `slack: ${say(messages)}`),
    setLevel() {},
    getLevel: () => "error" as never,
    setName() {},
  };
}

/** What went wrong, as a code. The words of an answer are not ours to repeat: a proxy may echo the token that we sent. */
function codeOf(error: unknown): string {
  const { data, code } = error as { data?: { error?: unknown }; code?: unknown };
  const said = [data?.error, code].find(
    (each) => typeof each === "string" && /^[a-z0-9_.:-]{1,100}$/i.test(each),
  );
  return said === undefined ? "the answer is not Slack's" : String(said);
}
