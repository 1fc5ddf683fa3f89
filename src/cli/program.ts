import { Command } from "commander";

/** Every command, as an explicit list, in the order in which help has them. Each is loaded with all that it needs. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  serve: async () => (await import("./serve.ts")).serveCommand(),
  sandbox: async () => (await import("./serve.ts")).sandboxCommand(),
  export: async () => (await import("./export.ts")).exportCommand(),
  runbook: async () => (await import("./runbook.ts")).runbookCommand(),
  source: async () => (await import("./source.ts")).sourceCommand(),
  lineage: async () => (await import("./lineage.ts")).lineageCommand(),
  config: async () => (await import("./config.ts")).configCommand(),
  replay: async () => (await import("./replay.ts")).replayCommand(),
  db: async () => (await import("./db.ts")).dbCommand(),
  outbox: async () => (await import("./outbox.ts")).outboxCommand(),
  manifest: async () => (await import("./manifest.ts")).manifestCommand(),
};

/**
 * `breakwater …`: every command, or where `wanted` names one only that one, so that the bot does not wait for what
 * others need.
 */
export async function program(wanted?: string): Promise<Command> {
  const breakwater = new Command("breakwater")
    .description("Runs data incidents in Slack: alert, thread, runbook, timeline, postmortem.")
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for what this command takes)")
    // It is not installed as a command of its own; what help and messages call it has to be pasted as this.
    .addHelpText("beforeAll", "Here breakwater stands for: npm run -s breakwater --\n")
    .addHelpText("after", HELP);
  const named = wanted !== undefined && Object.hasOwn(COMMANDS, wanted) ? [COMMANDS[wanted]!] : null;
  for (const load of named ?? Object.values(COMMANDS))
    breakwater.addCommand(obedient(await load(), breakwater));
  return breakwater;
}

/** Commander hands what it says after an error down to commands that are made in place, and ours are not. */
function obedient(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const each of command.commands) obedient(each, command);
  return command;
}

const HELP = `
Start here:
  $ npm start                                            a sandbox with its own Slack workspace, in your browser
  $ npm run -s breakwater -- manifest                    the Slack app to create for the real one
  $ npm run -s breakwater -- runbook lint                check your runbooks
  $ npm run -s breakwater -- export INC-1 --format md    a postmortem on the terminal
`;
