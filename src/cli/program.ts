import { Command } from "commander";
import { configCommand } from "./config.ts";
import { dbCommand } from "./db.ts";
import { exportCommand } from "./export.ts";
import { lineageCommand } from "./lineage.ts";
import { manifestCommand } from "./manifest.ts";
import { outboxCommand } from "./outbox.ts";
import { replayCommand } from "./replay.ts";
import { runbookCommand } from "./runbook.ts";
import { sandboxCommand, serveCommand } from "./serve.ts";
import { sourceCommand } from "./source.ts";

/** `breakwater …`: every command, as an explicit list. */
export function program(): Command {
  const breakwater = new Command("breakwater")
    .description("Runs data incidents in Slack: alert, thread, runbook, timeline, postmortem.")
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for what this command takes)")
    .addHelpText("after", HELP);
  for (const command of [
    serveCommand(),
    sandboxCommand(),
    exportCommand(),
    runbookCommand(),
    sourceCommand(),
    lineageCommand(),
    configCommand(),
    replayCommand(),
    dbCommand(),
    outboxCommand(),
    manifestCommand(),
  ]) {
    breakwater.addCommand(command);
  }
  return breakwater;
}

const HELP = `
Start here:
  $ npm start                                         a sandbox with its own Slack workspace, in your browser
  $ npm run breakwater -- manifest                    the Slack app to create for the real one
  $ npm run breakwater -- runbook lint                check your runbooks
  $ npm run breakwater -- export INC-1 --format md    a postmortem on the terminal
`;
