import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startApp } from "../app.ts";
import type { Config } from "../config.ts";
import { Refusal } from "../core/refusal.ts";
import { type LocalSlack, startLocalSlack } from "./local-slack.ts";
import { story } from "./story.ts";
import { SANDBOX_WORKSPACE } from "./workspace.ts";

const PAGE_PORT = 3000;

/**
 * The bot in a workspace of its own: a real local Slack server, joined over Socket Mode, with a first incident sent
 * through the front door. It begins afresh each time, as the workspace does. `say` gets the lines for the terminal;
 * with `now` the bot lives by another clock, in milliseconds.
 */
export async function startSandbox(
  config: Config,
  say: (line: string) => void,
  pagePort = PAGE_PORT,
  now?: () => number,
): Promise<{ stop(): Promise<void> }> {
  if (!config.loopback) {
    throw new Refusal(
      "invalid",
      `The sandbox takes alerts without a secret, so it listens on this machine only. Leave HOST out (it is ${config.host}), or set SLACK_BOT_TOKEN to run against Slack.`,
    );
  }
  const dir = config.database.type === "sqlite" ? dirname(config.database.path) : join("data", "sandbox");
  await refuseSecond(dir);
  if (config.database.type === "sqlite" && !process.env.DATABASE_URL)
    rmSync(dir, { recursive: true, force: true });
  const slack = await startOnFreePort(
    (port) => startLocalSlack({ workspace: SANDBOX_WORKSPACE, port, dataDir: join(dir, "slack") }),
    pagePort,
  );
  const channel = SANDBOX_WORKSPACE.channels[0]!;
  const settings: Config = {
    ...config,
    slack: {
      botToken: slack.botToken,
      mode: { type: "socket", appToken: slack.appToken },
      apiUrl: slack.apiUrl,
    },
    channel: channel.id,
    sandbox: true,
    // Whoever tries it out does not wait; a storm is gathered all the same.
    grouping: { wait: "2s", ...(config.grouping as object) },
    // The lines below are for people; the log speaks only if something is wrong, unless it was asked to say more.
    logLevel: process.env.LOG_LEVEL ? config.logLevel : "error",
  };
  try {
    const app = await startOnFreePort(
      (port) =>
        startApp(
          { ...settings, port },
          {
            log: { level: settings.logLevel },
            ...(now ? { now } : {}),
            local: {
              url: slack.url,
              people: SANDBOX_WORKSPACE.people.map((p) => ({ id: p.id, name: p.realName })),
            },
          },
        ),
      config.port,
    );
    if ((await app.engine.reads.list({}, 1, null)).incidents.length > 0) {
      await app.stop();
      throw new Refusal(
        "conflict",
        "DATABASE_URL names a database that holds incidents, and the sandbox would play in it. Set SLACK_BOT_TOKEN to run against Slack, or leave DATABASE_URL out for a sandbox.",
      );
    }
    await play(app.url, config.sourceSecrets);
    writeFileSync(join(dir, RUNNING), `${process.pid} ${slack.url}`);
    for (const line of guide(slack, app.url, channel.name, config)) say(line);
    return {
      async stop() {
        await app.stop();
        await slack.stop();
        rmSync(join(dir, RUNNING), { force: true });
      },
    };
  } catch (error) {
    await slack.stop();
    throw error;
  }
}

/** Holds the process and the workspace page of the sandbox that uses the folder. */
const RUNNING = "running";

/** Beginning afresh would pull the database from under a sandbox that still runs in this folder. */
async function refuseSecond(dir: string): Promise<void> {
  const file = join(dir, RUNNING);
  if (!existsSync(file)) return;
  const [pid, page = ""] = readFileSync(file, "utf8").split(" ");
  // A killed one leaves the file behind; then neither its number nor its port, which others may have, says that it runs.
  if (!isAlive(Number(pid))) return;
  const answers = await fetch(page, { signal: AbortSignal.timeout(1000) }).catch(() => null);
  if (answers?.ok)
    throw new Refusal(
      "unavailable",
      `A sandbox is running here already: ${page}. Stop it first (Ctrl+C), or start this one in another folder.`,
    );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The usual port, or a free one where somebody has it: a sandbox should never fail for that. */
async function startOnFreePort<T>(start: (port: number) => Promise<T>, port: number): Promise<T> {
  try {
    return await start(port);
  } catch (error) {
    const taken =
      (error as NodeJS.ErrnoException).code === "EADDRINUSE" ||
      (error instanceof Refusal && error.code === "conflict");
    if (!taken || port === 0) throw error;
    return start(0);
  }
}

async function play(url: string, secrets: Config["sourceSecrets"]): Promise<void> {
  for (const { path, body } of story(new Date())) {
    const [secret] = secrets.get(/^\/v1\/alerts\/([\w-]+)/.exec(path)![1]!) ?? [];
    const answer = await fetch(url + path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      },
      body: JSON.stringify(body),
    });
    if (!answer.ok)
      throw new Error(`the sandbox's first incident was refused: ${answer.status} ${await answer.text()}`);
  }
}

/** The three lines of the terminal. The alert of the second is a new problem, so that pasting it shows something. */
function guide(
  slack: LocalSlack,
  url: string,
  channel: string,
  { command, sourceSecrets }: Pick<Config, "command" | "sourceSecrets">,
): string[] {
  const alert = {
    title: "Row count of payments fell by 80 %",
    severity: "warning",
    dedup_key: "row-count/payments",
    assets: ["snowflake://fernhollow/analytics.marts.payments"],
  };
  // The first of several, by the variable's name: a secret is not printed.
  const secret = sourceSecrets.has("generic")
    ? ` -H "authorization: Bearer \${BREAKWATER_SOURCE_GENERIC_SECRET%%,*}"`
    : "";
  return [
    `Workspace: ${slack.url} (open #${channel}; you are whoever "Act as" says)`,
    `Send an alert: curl -sS ${url}/v1/alerts/generic -H 'content-type: application/json'${secret} -d '${JSON.stringify(alert)}'`,
    `Reports: uploaded into the thread by "${command} postmortem INC-1", and at ${url}/v1/incidents/INC-1/postmortem.html (also .md, .json, .csv)`,
  ];
}
