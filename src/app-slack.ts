import type { FastifyBaseLogger } from "fastify";
import type { AppOptions } from "./app.ts";
import type { Report } from "./app-report.ts";
import type { Config } from "./config.ts";
import { RoutingSections } from "./core/correlate/sections.ts";
import { compileRunbooks } from "./core/runbook/match.ts";
import type { Runbook } from "./core/runbook/parse.ts";
import { createAlarm } from "./engine/alarm.ts";
import { createConversation } from "./engine/converse.ts";
import { createDeliverer } from "./engine/deliver.ts";
import type { Engine, Reads } from "./engine/ports.ts";
import { show } from "./engine/show.ts";
import type { Watch } from "./engine/watch.ts";
import type { Writer } from "./engine/writer.ts";
import { parseRunbooks, type RunbookFile } from "./runbooks.ts";
import { connectSlack, type SlackConnection } from "./slack/connect.ts";
import type { DoorDeps } from "./slack/doors/interaction.ts";
import { createMessenger, slackClient } from "./slack/messenger.ts";
import { createPeople } from "./slack/people.ts";
import { workspaceAddress } from "./slack/permalink.ts";
import type { OutboxReads } from "./store/reads.ts";

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
  /** There may be something to deliver. */
  wake(): void;
  alarm: ReturnType<typeof createAlarm>;
  join(): Promise<SlackConnection>;
  stop(): Promise<void>;
};

/**
 * All that talks to Slack, with what only that needs: the steps of runbooks, conversations, Slack's own packages. It is
 * loaded when alerts are taken already. Messages are delivered from here on.
 */
export async function startSlackSide(part: SlackPart): Promise<SlackSide> {
  const { slack, config, options, watch, channel, log } = part;
  const client = slackClient(slack.botToken, slack.apiUrl);
  const address = options.local ? async () => `${options.local!.url}/` : workspaceAddress(client);
  const messenger = createMessenger(client, renderOptions(options), address);
  const deliverer = delivererOf(part, messenger);
  await deliverer.start();
  const alarm = createAlarm({
    look: watch.troubles,
    messenger,
    channel: config.selfAlarm.channel ?? channel,
    now: part.now,
    log,
  });
  return {
    wake: deliverer.committed,
    alarm,
    async join() {
      const doors = doorsOf(part, client, await runbooksOf(part));
      return connectSlack(slack, client, log, address, doors, options.clock);
    },
    stop: deliverer.stop,
  };
}

async function runbooksOf({ runbooks: files, log }: SlackPart): Promise<Runbook[]> {
  const { runbooks, problems } = await parseRunbooks(files);
  for (const { file, line, message } of problems) log.warn(`${file}:${line}: ${message}`);
  return runbooks;
}

/** The sandbox's page shows Slack's date markup as text. */
function renderOptions(options: AppOptions) {
  return { dates: options.local ? "plain" : "slack" } as const;
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

function doorsOf(
  { config, options, engine, channel, now, iso, log }: SlackPart,
  client: ReturnType<typeof slackClient>,
  runbooks: Runbook[],
): Omit<DoorDeps, "workspaceUrl"> {
  const people = createPeople(client, now);
  const { command } = config;
  const conversation = createConversation({
    routing: RoutingSections.parse(config.routing),
    engine,
    catalog: compileRunbooks(runbooks),
    names: people.names,
    command,
    channel,
    now: iso,
  });
  const everybody = options.local?.people ?? null;
  const render = renderOptions(options);
  const { access } = config;
  return { engine, conversation, people, access, client, render, command, channel, everybody, now: iso, log };
}

function titled(report: Report | null) {
  return report && { ...report, title: report.filename };
}
