import type { Receiver } from "@slack/bolt";
import type { WebClient } from "@slack/web-api";
import type { SlackConfig } from "../config.ts";
import type { DoorDeps } from "./doors/interaction.ts";
import { openDoors } from "./doors.ts";
import { acknowledgingWhenDone, HttpReceiver, type SlackHttpAnswer } from "./receiver.ts";

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
  address: () => Promise<string | null>,
  doors: Omit<DoorDeps, "workspaceUrl">,
): Promise<SlackConnection> {
  const { App, LogLevel, SocketModeReceiver, isValidSlackRequest } = await import("@slack/bolt");
  let stopped = false;
  let connected = false;
  let detail: string | null = "not connected to Slack yet";
  let stopApp: () => Promise<void> = async () => {};
  const clientOptions = config.apiUrl ? { slackApiUrl: config.apiUrl } : {};
  const logger = quietLogger(log);
  const http =
    config.mode.type === "http" ? new HttpReceiver(config.mode.signingSecret, isValidSlackRequest) : null;

  /** A fresh socket for each attempt: one that failed to start is of no further use. */
  function socketReceiver(appToken: string): Receiver {
    const receiver = new SocketModeReceiver({ appToken, logger, installerOptions: { clientOptions } });
    const init = receiver.init.bind(receiver);
    receiver.init = (app) => init(acknowledgingWhenDone(app as never) as never);
    receiver.client.on("connected", () => stands(true));
    for (const event of ["reconnecting", "disconnected", "close"])
      receiver.client.on(event, () => stands(false));
    return receiver as Receiver;
  }

  function stands(up: boolean): void {
    connected = up;
    detail = up ? null : "the socket to Slack is down; it is reconnecting";
  }

  async function join(): Promise<void> {
    const identity = await client.auth.test();
    const app = new App({
      token: config.botToken,
      receiver: config.mode.type === "socket" ? socketReceiver(config.mode.appToken) : http!,
      clientOptions,
      logLevel: LogLevel.ERROR,
      logger,
    });
    app.error(async (error) => log.error({ err: error }, "a Slack interaction failed"));
    const workspaceUrl = (await address()) ?? identity.url ?? "https://slack.com/";
    openDoors(app, { ...doors, workspaceUrl });
    stopApp = async () => void (await app.stop());
    await app.start();
    // Stopped while it was joining: nobody would stop it later.
    if (stopped) return stopApp();
    stands(true);
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
    handle: http && ((headers, body) => http.handle(headers, body)),
    async stop() {
      stopped = true;
      await stopApp();
    },
  };
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
