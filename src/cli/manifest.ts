import { Command } from "commander";
import { loadConfig } from "../config.ts";
import { manifest } from "../slack/manifest.ts";
import { guarded, processTerminal, type Terminal } from "./terminal.ts";

/** `breakwater manifest`: what to paste at https://api.slack.com/apps?new_app=1. */
export function manifestCommand(terminal: Terminal = processTerminal): Command {
  return new Command("manifest")
    .description(
      "Print the Slack app manifest: paste it at api.slack.com/apps → Create New App → From a manifest",
    )
    .option("--http <url>", "for HTTP mode at this public address, instead of Socket Mode")
    .action(
      guarded(terminal, async (options: { http?: string }) => {
        const { command } = loadConfig(process.env);
        terminal.out(JSON.stringify(manifest({ command, publicUrl: options.http ?? null }), null, 2));
      }),
    );
}
