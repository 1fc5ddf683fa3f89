import { Command } from "commander";
import type { Config } from "../config.ts";
import { Refusal } from "../core/refusal.ts";
import { settleWhenIdle } from "../settle.ts";
import { loadWriterThread } from "../writer-load.ts";
import { guarded, processTerminal, type Terminal } from "./terminal.ts";

/** `breakwater serve`: what `npm start` runs. */
export function serveCommand(terminal: Terminal = processTerminal): Command {
  return new Command("serve")
    .description("Run the bot: against Slack with SLACK_BOT_TOKEN set, else in a sandbox of its own")
    .addHelpText(
      "after",
      "\nEnvironment and breakwater.yaml: see the README. `config check` says what it would run with.",
    )
    .action(guarded(terminal, () => run(terminal, process.env)));
}

/** `breakwater sandbox`: the sandbox, whatever tokens are set. */
export function sandboxCommand(terminal: Terminal = processTerminal): Command {
  return new Command("sandbox")
    .description(
      "Run in a local Slack workspace with a first incident played in; nothing leaves this machine",
    )
    .option("--port <n>", "port of the workspace page", "3000")
    .action(
      guarded(terminal, (options: { port: string }) =>
        run(terminal, sandboxEnvironment(), portOf(options.port)),
      ),
    );
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Refusal("invalid", `--port takes the number of a port, such as 3000, and \`${text}\` is none.`);
}

/** The environment without Slack's tokens, so that a sandbox never touches a real workspace or its database. */
function sandboxEnvironment(): NodeJS.ProcessEnv {
  const { SLACK_BOT_TOKEN: _b, SLACK_APP_TOKEN: _a, SLACK_SIGNING_SECRET: _s, ...rest } = process.env;
  return rest;
}

async function run(terminal: Terminal, env: NodeJS.ProcessEnv, pagePort?: number): Promise<void> {
  // Whoever reads the log may end before the bot does (a collector that is restarted), which is no reason to take no more
  // alerts. A command ends with its reader (src/main.js).
  for (const output of [process.stdout, process.stderr])
    output.removeAllListeners("error").on("error", () => {});
  const starting = start(terminal, env, pagePort);
  let ending = false;
  // From the first moment on: alerts are taken before the start is over, and what was begun is to be answered.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      // A second one means now: everything that was confirmed is on disk.
      if (ending) process.exit(1);
      ending = true;
      void starting
        .then(({ stop }) => stop())
        .then(
          () => process.exit(0),
          () => process.exit(1),
        );
    });
  }
  await starting;
  settleWhenIdle();
}

/** The writer's thread is loaded first, beside all that this one loads. */
async function start(
  terminal: Terminal,
  env: NodeJS.ProcessEnv,
  pagePort?: number,
): Promise<{ stop(): Promise<void> }> {
  const thread = loadWriterThread();
  const { loadConfig } = await import("../config.ts");
  const config = loadConfig(env);
  if (config.slack) {
    const { startApp } = await import("../app.ts");
    return startApp(config, { log: { level: config.logLevel } }, thread).catch((error: unknown) => {
      throw listeningFault(error, config);
    });
  }
  // It starts its own, after it has cleared away what was there.
  await thread.terminate();
  const { startSandbox } = await import("../sandbox/sandbox.ts");
  return startSandbox(config, terminal.out, pagePort);
}

const NO_ADDRESS = [
  "HOST is no address of this machine",
  "Set HOST to one, without scheme and port, such as 127.0.0.1, or to 0.0.0.0 for all of them.",
] as const;
/** By the system's code: what that means, and what to do. */
const UNLISTENABLE: Record<string, readonly [why: string, next: string]> = {
  EADDRINUSE: [
    "another program listens there already",
    "Set PORT (and HOST) to others, or stop what has it.",
  ],
  EACCES: ["only root may listen there", "Set PORT to one above 1023."],
  EADDRNOTAVAIL: NO_ADDRESS,
  EINVAL: NO_ADDRESS,
  ENOTFOUND: NO_ADDRESS,
  EAI_AGAIN: NO_ADDRESS,
};

/** Why nothing can listen there, as a Refusal; any other error comes back as it is. */
function listeningFault(error: unknown, { host, port }: Pick<Config, "host" | "port">): unknown {
  const { code = "", syscall } = error as NodeJS.ErrnoException;
  if (syscall !== "listen" && syscall !== "getaddrinfo") return error;
  const [why, next] = UNLISTENABLE[code] ?? [code, "Set PORT (and HOST) to others."];
  return new Refusal("unavailable", `${host} port ${port} cannot be listened on: ${why}. ${next}`);
}
