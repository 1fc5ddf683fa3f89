import { Command } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { Refusal } from "../core/refusal.ts";
import { loadRunbooks } from "../runbooks.ts";
import { SOURCES } from "../source/registry.ts";
import { guarded, processTerminal, type Terminal } from "./terminal.ts";

/** `breakwater config check`: what the bot would run with, secrets left out. */
export function configCommand(terminal: Terminal = processTerminal): Command {
  const command = new Command("config").description("Look at the configuration");
  command
    .command("check")
    .description(
      "Check environment, breakwater.yaml and runbooks, and say which sources are open; exit code 1 if anything is wrong",
    )
    .action(guarded(terminal, async () => check(terminal, loadConfig(process.env))));
  return command;
}

async function check(terminal: Terminal, config: Config): Promise<void> {
  const { runbooks, problems } = await loadRunbooks(config.runbooksDir);
  const unknown = [...config.sourceSecrets.keys()].filter((name) => !SOURCES.some((s) => s.name === name));
  for (const line of [
    `Slack      ${config.slack ? (config.slack.mode.type === "socket" ? "Socket Mode" : "HTTP mode, /slack/events") : "no tokens: the sandbox"}`,
    `Channel    ${config.channel ?? "#data-incidents (BREAKWATER_CHANNEL is not set)"}`,
    `Command    ${config.command}`,
    `Database   ${config.database.type === "sqlite" ? config.database.path : "Postgres"}`,
    `Listens    http://${config.host}:${config.port}`,
    `Read API   ${config.apiTokens.length > 0 ? `${config.apiTokens.length} token(s)` : config.slack ? "closed: set BREAKWATER_API_TOKEN" : "open, in the sandbox only"}`,
    `Runbooks   ${runbooks.length} in ${config.runbooksDir}`,
    "Sources",
    ...SOURCES.map(({ name }) => `  ${name.padEnd(14)} ${sourceState(config, name)}`),
  ]) {
    terminal.out(line);
  }
  for (const { file, line, message } of problems) terminal.err(`${file}:${line}: ${message}`);
  for (const name of unknown)
    terminal.err(
      `${secretName(name)} is set, but there is no source ${name}. Sources: ${SOURCES.map((s) => s.name).join(", ")}.`,
    );
  if (problems.length + unknown.length > 0)
    throw new Refusal("invalid", `${problems.length + unknown.length} to put right.`);
  terminal.out("All is well.");
}

function sourceState(config: Config, name: string): string {
  const secrets = config.sourceSecrets.get(name)?.length ?? 0;
  if (secrets > 0) return `${secrets} secret${secrets > 1 ? "s" : ""}`;
  return config.slack ? `closed: set ${secretName(name)}` : "open, in the sandbox only";
}

function secretName(name: string): string {
  return `BREAKWATER_SOURCE_${name.toUpperCase().replaceAll("-", "_")}_SECRET`;
}
