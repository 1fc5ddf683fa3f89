import type { SlackPart } from "./app-slack.ts";
import { RoutingSections } from "./core/correlate/sections.ts";
import { compileRunbooks } from "./core/runbook/match.ts";
import type { Runbook } from "./core/runbook/parse.ts";
import { createConversation } from "./engine/converse.ts";
import { parseRunbooks } from "./runbooks.ts";
import type { RenderOptions } from "./slack/block-kit.ts";
import { connectSlack, type SlackConnection } from "./slack/connect.ts";
import type { DoorDeps } from "./slack/doors/interaction.ts";
import type { slackClient } from "./slack/messenger.ts";
import { createPeople } from "./slack/people.ts";
import { SOURCES } from "./source/registry.ts";

/** What both halves of Slack's side use. */
type Shared = {
  client: ReturnType<typeof slackClient>;
  render: RenderOptions;
  address: () => Promise<string | null>;
};

/** Joins the workspace and takes what people say and press there: conversations, the steps of runbooks, Bolt. */
export async function openToPeople(part: SlackPart, shared: Shared): Promise<SlackConnection> {
  const { slack, log, options } = part;
  const doors = doorsOf(part, shared, await runbooksOf(part));
  return connectSlack(slack, shared.client, log, shared.address, doors, options.clock);
}

async function runbooksOf({ runbooks: files, log }: SlackPart): Promise<Runbook[]> {
  const { runbooks, problems } = await parseRunbooks(files);
  for (const { file, line, message } of problems) log.warn(`${file}:${line}: ${message}`);
  return runbooks;
}

function doorsOf(
  { config, options, engine, channel, now, iso, log }: SlackPart,
  { client, render }: Shared,
  runbooks: Runbook[],
): Omit<DoorDeps, "workspaceUrl"> {
  const people = createPeople(client, now);
  const { command } = config;
  const conversation = createConversation({
    routing: RoutingSections.parse(config.routing),
    engine,
    catalog: compileRunbooks(runbooks),
    names: people.names,
    isBot: async (id) => (await people.standing(id, null)) === "bot",
    command,
    sources: SOURCES.map(({ name }) => name),
    channel,
    now: iso,
  });
  const everybody = options.local?.people ?? null;
  const { access } = config;
  return { engine, conversation, people, access, client, render, command, channel, everybody, now: iso, log };
}
