/**
 * Starts the local Slack server (the MIT project local-slack, a prebuilt binary from an optional npm package) and stops
 * it again. It speaks the Web API, Socket Mode and the Events API, and has a page to click in.
 *
 * Two things the binary does not do by itself are added by a preload script that its runtime (Bun) reads from the
 * working directory: it listens on loopback only, for out of the box it answers the whole network and asks for no
 * token; and it ends when its standard input does, so that it never outlives us, however we die.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "../core/refusal.ts";
import type { Channel, Person, Workspace } from "./workspace.ts";

export type LocalSlackOptions = {
  workspace: Workspace;
  /** 0 or absent: a free port. */
  port?: number;
  /** Holds the server's configuration and uploaded files. Absent: a temporary directory, removed on stop. */
  dataDir?: string;
  /** Gets one line at a time: what the server says, and what the reader should know. */
  log?: (line: string) => void;
  /** Where to send events instead of over Socket Mode: the bot's signed HTTP endpoint (`…/slack/events`). */
  requestUrl?: string;
  /** The machine to find a binary for; this one unless a test says otherwise. */
  platform?: { os: string; cpu: string };
};

export type LocalSlack = {
  /** The page, without a slash at the end. */
  url: string;
  /** What SLACK_API_URL is set to; ends in a slash. */
  apiUrl: string;
  botToken: string;
  appToken: string;
  signingSecret: string;
  botUserId: string;
  channels: Channel[];
  users: Person[];
  /** Idempotent; resolves once the process is gone. */
  stop(): Promise<void>;
};

const STARTUP_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 3_000;

const PRELOAD = `const serve = Bun.serve;
Bun.serve = (options) => serve.call(Bun, { ...options, hostname: "127.0.0.1" });
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
`;

export async function startLocalSlack(options: LocalSlackOptions): Promise<LocalSlack> {
  const { workspace, port = 0, log = () => {} } = options;
  const temporary = options.dataDir === undefined;
  const dataDir = temporary
    ? await mkdtemp(join(tmpdir(), "breakwater-slack-"))
    : resolve(options.dataDir ?? "");
  const removeTemporary = () => (temporary ? rm(dataDir, { recursive: true, force: true }) : undefined);

  let child: ChildProcess | null = null;
  const killChild = () => {
    child?.kill("SIGKILL");
    if (temporary) rmSync(dataDir, { recursive: true, force: true });
  };
  const stop = async () => {
    process.off("exit", killChild);
    if (child) await stopProcess(child);
    await removeTemporary();
  };

  try {
    const configFile = await writeFiles(dataDir, workspace, options.requestUrl);
    const binary = findBinary(options.platform ?? { os: process.platform, cpu: process.arch });
    if (!binary) throw noBinary(configFile, workspace);
    child = spawn(
      binary,
      [
        ...["--config", configFile, "--port", String(port)],
        ...["--base-host", "127.0.0.1", "--files-dir", join(dataDir, "files")],
      ],
      // In a group of its own, or Ctrl-C would end it beside the bot, which then finds its Slack gone. It ends with our end.
      { cwd: dataDir, env: harmlessEnvironment(), stdio: ["pipe", "pipe", "pipe"], detached: true },
    );
    process.once("exit", killChild);
    const url = await untilItAnswers(child, port, log);
    if (await answersTheNetwork(Number(new URL(url).port)))
      log(`local-slack listens on every network interface, not on loopback only: anyone near can use ${url}`);
    return {
      url,
      apiUrl: `${url}/api/`,
      botToken: workspace.bot.botToken,
      appToken: workspace.bot.appToken,
      signingSecret: workspace.bot.signingSecret,
      botUserId: workspace.bot.userId,
      channels: workspace.channels,
      users: workspace.people,
      stop,
    };
  } catch (error) {
    // A refusal for want of a binary points at the configuration, so that one stays.
    if (child) await stop();
    throw error;
  }
}

/** The binary of the optional package for this machine, or null where it is not installed. */
function findBinary({ os, cpu }: { os: string; cpu: string }): string | null {
  const name = `local-slack-${os === "win32" ? "windows" : os}-${cpu}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return join(dirname(manifest), "bin", os === "win32" ? "local-slack.exe" : "local-slack");
  } catch {
    return null;
  }
}

function noBinary(configFile: string, { bot }: Workspace): Refusal {
  return new Refusal(
    "unavailable",
    [
      "No local Slack server is installed for this machine, so the sandbox cannot start one. Two ways on:",
      `1. Start one yourself: npx local-slack --config ${configFile} --port 3000 --base-host 127.0.0.1`,
      `   and set SLACK_API_URL=http://127.0.0.1:3000/api/ SLACK_BOT_TOKEN=${bot.botToken} SLACK_APP_TOKEN=${bot.appToken}`,
      "2. Use a real workspace: set SLACK_BOT_TOKEN (xoxb-…) and, for Socket Mode, SLACK_APP_TOKEN (xapp-…, scope",
      "   connections:write), or SLACK_SIGNING_SECRET where Slack reaches this process over HTTPS.",
    ].join("\n"),
  );
}

/** Writes what the server reads into `dataDir`; returns the path of its configuration. */
async function writeFiles(dataDir: string, workspace: Workspace, requestUrl?: string): Promise<string> {
  const { bot } = workspace;
  const everybody = [...workspace.people.map((person) => person.id), bot.userId];
  const config = {
    workspace: { name: workspace.name, domain: workspace.domain, teamId: workspace.teamId },
    apps: [
      {
        appId: bot.appId,
        botUserId: bot.userId,
        botName: bot.name,
        botToken: bot.botToken,
        appToken: bot.appToken,
        signingSecret: bot.signingSecret,
        ...(requestUrl === undefined ? { mode: "socket" } : { mode: "events", requestUrl }),
      },
    ],
    users: workspace.people.map(({ id, name, realName, email, timeZone }) => ({
      id,
      name,
      real_name: realName,
      email,
      tz: timeZone,
    })),
    channels: workspace.channels.map((channel) => ({ ...channel, members: everybody })),
  };
  const configFile = join(dataDir, "local-slack.json");
  await mkdir(dataDir, { recursive: true });
  await writeFile(configFile, JSON.stringify(config, null, 2));
  await writeFile(join(dataDir, "bunfig.toml"), 'preload = ["./loopback.js"]\n');
  await writeFile(join(dataDir, "loopback.js"), PRELOAD);
  return configFile;
}

/** What the server needs of our environment: our secrets are not among it. */
function harmlessEnvironment(): NodeJS.ProcessEnv {
  const names = ["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SystemRoot"];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

/** Resolves to the page's address once the server answers there; it names its own port, so a free one is no race. */
async function untilItAnswers(child: ChildProcess, port: number, log: (line: string) => void) {
  const said: string[] = [];
  let url: string | null = null;
  let ended: string | null = null;
  const listen = (line: string) => {
    // Where the server crashes it prints pages of its own bundled source, each line after a number and a bar.
    if (line.trim() === "" || /^\s*\d+ \| /.test(line)) return;
    said.push(line);
    url ??= /Web UI:\s+(http:\/\/\S+)/.exec(line)?.[1] ?? null;
    log(line);
  };
  for (const output of [child.stdout, child.stderr])
    if (output) createInterface({ input: output }).on("line", listen);
  child.stdin?.on("error", () => {}); // A server that died closes its end first; `ended` tells.
  child.once("error", (error) => {
    ended = error.message;
  });
  // "close" rather than "exit": by then all of its output has been read.
  child.once("close", (code, signal) => {
    ended ??= `it ended with ${signal ?? `code ${code}`}`;
  });

  const deadline = performance.now() + STARTUP_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (ended !== null) throw didNotStart(port, ended, said);
    if (url !== null && (await answers(url))) return url;
    await sleep(20);
  }
  throw didNotStart(port, `it did not answer within ${STARTUP_TIMEOUT_MS / 1000} s`, said);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_control/state`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

function didNotStart(port: number, reason: string, said: string[]): Refusal {
  const output = said.join("\n");
  if (/EADDRINUSE|in use/i.test(output)) {
    return new Refusal(
      "conflict",
      `Port ${port} is taken. Stop what listens there, or give the local Slack server another port.`,
    );
  }
  return new Refusal(
    "unavailable",
    `The local Slack server did not start: ${reason}.\n${said.slice(-10).join("\n")}`.trim(),
  );
}

/** Whether the port can be reached by an address other than loopback. */
async function answersTheNetwork(port: number): Promise<boolean> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((address) => !address.internal && address.family === "IPv4");
  const reached = addresses.map(
    ({ address }) =>
      new Promise<boolean>((done) => {
        const socket = connect({ host: address, port, timeout: 500 });
        const finish = (result: boolean) => {
          socket.destroy();
          done(result);
        };
        socket.once("connect", () => finish(true));
        socket.once("error", () => finish(false));
        socket.once("timeout", () => finish(false));
      }),
  );
  return (await Promise.all(reached)).includes(true);
}

async function stopProcess(child: ChildProcess): Promise<void> {
  // No pid: it never started, and there will be no exit to wait for.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  const impatience = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(impatience);
}
