import type { FastifyBaseLogger } from "fastify";
import type { AppOptions } from "./app.ts";
import type { Report } from "./app-report.ts";
import type { Config } from "./config.ts";
import { createAlarm } from "./engine/alarm.ts";
import { createDeliverer } from "./engine/deliver.ts";
import type { Engine, Reads } from "./engine/ports.ts";
import { show } from "./engine/show.ts";
import type { Watch } from "./engine/watch.ts";
import type { Writer } from "./engine/writer.ts";
import type { RunbookFile } from "./runbooks.ts";
import type { RenderOptions } from "./slack/block-kit.ts";
import type { SlackConnection } from "./slack/connect.ts";
import { createMessenger, slackClient } from "./slack/messenger.ts";
import { workspaceAddress } from "./slack/permalink.ts";
import type { OutboxReads } from "./store/reads.ts";

/** What is loaded next holds the thread, so the messages that were due at the start have this long to be out. */
const FIRST_TRIES_MS = 200;

/** What Slack's half is made from. */
export type SlackPart = {
  slack: NonNullable<Config["slack"]>;
  config: Config;
  options: AppOptions;
  engine: Engine;
  writer: Writer;
  reads: Reads & OutboxReads;
  watch: Watch;
  /** Where incidents open. */
  channel: string;
  runbooks: RunbookFile[];
  report: (format: string, key: string) => Promise<Report | null>;
  now: () => number;
  iso: () => string;
  log: FastifyBaseLogger;
};

/** What stands between us and Slack. `join` resolves once Slack has been asked, and goes on trying if it is not there. */
export type SlackSide = {
  /** There may be something to deliver; `attended` is the incident where a person did something. */
  committed(attended: string | null): void;
  alarm: ReturnType<typeof createAlarm>;
  join(): Promise<SlackConnection>;
  stop(): Promise<void>;
};

/**
 * All that talks to Slack, with what only that needs. It is loaded when alerts are taken already. Messages are delivered
 * from here on; what people's requests need (`app-doors`) is loaded after those that were due.
 */
export async function startSlackSide(part: SlackPart): Promise<SlackSide> {
  const { slack, config, options, watch, channel, log } = part;
  const client = slackClient(slack.botToken, slack.apiUrl);
  const address = options.local ? async () => `${options.local!.url}/` : workspaceAddress(client);
  // The sandbox's page shows Slack's date markup as text.
  const render: RenderOptions = { dates: options.local ? "plain" : "slack" };
  const messenger = createMessenger(client, render, address);
  const deliverer = delivererOf(part, messenger);
  deliverer.start();
  const alarm = createAlarm({
    look: watch.troubles,
    messenger,
    channel: config.selfAlarm.channel ?? channel,
    now: part.now,
    log,
  });
  return {
    committed: deliverer.committed,
    alarm,
    async join() {
      await deliverer.tried(FIRST_TRIES_MS);
      const { openToPeople } = await import("./app-doors.ts");
      return openToPeople(part, { client, render, address });
    },
    stop: deliverer.stop,
  };
}

function delivererOf(
  { reads, writer, report, now, iso, log }: SlackPart,
  messenger: ReturnType<typeof createMessenger>,
) {
  const showing = {
    reads,
    now: iso,
    report: async (key: string, format: string) => titled(await report(format, key)),
  };
  return createDeliverer({
    messenger,
    reads,
    show: (row, state) => show(showing, row, state),
    submit: async (job) => {
      const result = await writer.submit(job);
      // What could not be recorded did not happen, as far as the deliverer is concerned.
      if (!result.ok) throw new Error(result.refusal.message);
      return result.value;
    },
    now,
    log,
  });
}

function titled(report: Report | null) {
  return report && { ...report, title: report.filename };
}
