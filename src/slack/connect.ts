import type { Receiver } from "@slack/bolt";
import type { WebClient } from "@slack/web-api";
import type { SlackConfig } from "../config.ts";
import { type DoorDeps, openDoors } from "./doors.ts";
import { HttpReceiver, type SlackHttpAnswer } from "./receiver.ts";

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

const RETRY_MS = 5_000;

/**
 * Joins the workspace: over Socket Mode, or ready to be handed HTTP requests. Slack being away is no reason not to run:
 * alerts are taken meanwhile, and joining is tried again until it works. Bolt is imported here, after the ingest port
 * is open, since it is a third of a second of start-up.
 */
export async function connectSlack(
  config: SlackConfig,
  client: WebClient,
  log: Log,
  doors: (identity: { url: string }) => Omit<DoorDeps, "workspaceUrl">,
): Promise<SlackConnection> {
  const { App, LogLevel } = await import("@slack/bolt");
  let stopped = false;
  let connected = false;
  let detail: string | null = "not connected to Slack yet";
  let stopApp: () => Promise<void> = async () => {};
  const receiver = config.mode.type === "http" ? new HttpReceiver(config.mode.signingSecret) : null;

  async function join(): Promise<void> {
    const identity = await client.auth.test();
    const url = identity.url ?? "https://slack.com/";
    const app = new App({
      token: config.botToken,
      ...(receiver ? { receiver: receiver as Receiver } : {}),
      ...(config.mode.type === "socket" ? { socketMode: true, appToken: config.mode.appToken } : {}),
      clientOptions: config.apiUrl ? { slackApiUrl: config.apiUrl } : {},
      logLevel: LogLevel.ERROR,
      logger: quietLogger(log),
    });
    app.error(async (error) => log.error({ err: error }, "a Slack interaction failed"));
    openDoors(app, { ...doors({ url }), workspaceUrl: url });
    watchSocket(app, (up) => {
      connected = up;
      detail = up ? null : "the socket to Slack is down; it is reconnecting";
    });
    stopApp = async () => void (await app.stop());
    await app.start();
    // Stopped while it was joining: nobody would stop it later.
    if (stopped) return stopApp();
    connected = true;
    detail = null;
    log.info({ team: identity.team, bot: identity.user }, "joined Slack");
  }

  async function keepTrying(): Promise<void> {
    while (!stopped && !connected) {
      try {
        return await join();
      } catch (error) {
        detail = `joining Slack failed: ${error instanceof Error ? error.message : String(error)}`;
        log.warn({ reason: detail }, "joining Slack failed; trying again");
        await stopApp().catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }

  const joining = keepTrying();
  // The first attempt is waited for, so that "started" means joined whenever Slack is there.
  await Promise.race([joining, new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())]);
  return {
    health: () => ({ ok: connected, detail }),
    handle: receiver ? (headers, body) => receiver.handle(headers, body) : null,
    async stop() {
      stopped = true;
      await stopApp();
    },
  };
}

/** Socket Mode's own client tells when the line is up and down. */
function watchSocket(app: object, told: (up: boolean) => void): void {
  const client = (app as { receiver?: { client?: { on?(event: string, listener: () => void): void } } })
    .receiver?.client;
  client?.on?.("connected", () => told(true));
  for (const event of ["reconnecting", "disconnected", "close"]) client?.on?.(event, () => told(false));
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
