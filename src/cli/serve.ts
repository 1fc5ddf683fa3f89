import { Command } from "commander";
import { startApp } from "../app.ts";
import { type Config, loadConfig } from "../config.ts";
import { startSandbox } from "../sandbox/sandbox.ts";
import { guarded, processTerminal, type Terminal } from "./terminal.ts";

/** `breakwater serve`: what `npm start` runs. */
export function serveCommand(terminal: Terminal = processTerminal): Command {
  return new Command("serve")
    .description("Run the bot: against Slack with SLACK_BOT_TOKEN set, else in a sandbox of its own")
    .addHelpText(
      "after",
      "\nEnvironment and breakwater.yaml: see the README. `config check` says what it would run with.",
    )
    .action(guarded(terminal, async () => run(loadConfig(process.env), terminal)));
}

/** `breakwater sandbox`: the sandbox, whatever tokens are set. */
export function sandboxCommand(terminal: Terminal = processTerminal): Command {
  return new Command("sandbox")
    .description(
      "Run in a local Slack workspace with a first incident played in; nothing leaves this machine",
    )
    .option("--port <n>", "port of the workspace page", "3000")
    .action(
      guarded(terminal, async (options: { port: string }) =>
        run({ ...loadConfig(sandboxEnvironment()), slack: null }, terminal, Number(options.port)),
      ),
    );
}

/** The environment without Slack's tokens, so that a sandbox never touches a real workspace or its database. */
function sandboxEnvironment(): NodeJS.ProcessEnv {
  const { SLACK_BOT_TOKEN: _b, SLACK_APP_TOKEN: _a, SLACK_SIGNING_SECRET: _s, ...rest } = process.env;
  return rest;
}

async function run(config: Config, terminal: Terminal, pagePort?: number): Promise<void> {
  const running = config.slack
    ? await startApp(config, { log: { level: config.logLevel } })
    : await startSandbox(config, terminal.out, pagePort);
  let ending = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      // A second one means now: everything that was confirmed is on disk.
      if (ending) process.exit(1);
      ending = true;
      void running.stop().then(() => process.exit(0));
    });
  }
}
