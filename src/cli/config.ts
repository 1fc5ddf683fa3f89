import { isIPv6 } from "node:net";
import { Command } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { type LineageFile, readLineageFiles } from "../configured-lineage.ts";
import { RoutingSections } from "../core/correlate/sections.ts";
import { plural } from "../core/plural.ts";
import { Refusal } from "../core/refusal.ts";
import { loadRunbooks } from "../runbooks.ts";
import { secretVariable } from "../source/auth.ts";
import { SOURCES } from "../source/registry.ts";
import { DEFAULT_CHANNEL } from "../writer-settings.ts";
import { guarded, processTerminal, type Terminal } from "./terminal.ts";

/** `breakwater config check`: what the bot would run with, secrets left out. */
export function configCommand(terminal: Terminal = processTerminal): Command {
  const command = new Command("config").description("Look at the configuration");
  command
    .command("check")
    .description(
      "Check environment, breakwater.yaml, runbooks and lineage, and say which sources are open; exit code 1 if anything is wrong",
    )
    .action(guarded(terminal, async () => check(terminal, loadConfig(process.env))));
  return command;
}

async function check(terminal: Terminal, config: Config): Promise<void> {
  const { runbooks, problems } = await loadRunbooks(config.runbooksDir, terminal.err);
  const lineage = await readLineageFiles(config.lineageFiles);
  for (const line of [
    `Slack      ${config.slack ? (config.slack.mode.type === "socket" ? "Socket Mode" : "HTTP mode, /slack/events") : "no tokens: the sandbox"}`,
    `Channel    ${config.channel ?? `${DEFAULT_CHANNEL} (BREAKWATER_CHANNEL is not set)`}`,
    `Command    ${config.command}`,
    `Database   ${config.database.type === "sqlite" ? config.database.path : "Postgres"}`,
    `Listens    http://${isIPv6(config.host) ? `[${config.host}]` : config.host}:${config.port}`,
    `Read API   ${config.apiTokens.length > 0 ? `${config.apiTokens.length} token(s)` : config.slack ? "closed: set BREAKWATER_API_TOKEN" : "open, in the sandbox only"}`,
    `Runbooks   ${runbooks.length} in ${config.runbooksDir}`,
    ...lineageLines(lineage),
    "Sources",
    ...sourceLines(config),
  ]) {
    terminal.out(line);
  }
  const wrong = [
    ...problems.map(({ file, line, message }) => `${file}:${line}: ${message}`),
    ...misnamed(config, new Set(runbooks.map(({ slug }) => slug))),
  ];
  for (const each of wrong) terminal.err(each);
  if (wrong.length > 0) throw new Refusal("invalid", `${wrong.length} to put right.`);
  terminal.out("All is well.");
}

/** Names of what there is not. The bot runs all the same: an older version may not have a source yet. */
function misnamed(config: Config, slugs: ReadonlySet<string>): string[] {
  const names = SOURCES.map(({ name }) => name);
  const strange = (given: Iterable<string>) => [...given].filter((name) => !names.includes(name));
  const { routes } = RoutingSections.parse(config.routing);
  return [
    ...routes.flatMap(({ name, runbook }) =>
      runbook === undefined || slugs.has(runbook)
        ? []
        : `routes: “${name}” names the runbook ${runbook}, and there is none in ${config.runbooksDir}.`,
    ),
    ...strange(config.openSources).map((name) => `openSources: there is no source ${name}.`),
    ...strange(Object.keys(config.redaction.allow))
      .filter((name) => name !== "*")
      .map((name) => `redactionAllow: there is no source ${name}.`),
    ...strange(config.sourceSecrets.keys()).map(
      (name) =>
        `${secretVariable(name)} is set, but there is no source ${name}. Sources: ${names.join(", ")}.`,
    ),
  ];
}

function lineageLines(files: LineageFile[]): string[] {
  return [
    `Lineage    ${files.length === 0 ? "no files; what is sent to /v1/lineage/ counts all the same" : plural(files.length, "file")}`,
    ...files.flatMap(({ file, statement: { document, warnings } }) => [
      `  ${file}: ${plural(document.assets.length, "asset")}, ${plural(document.edges.length, "edge")}`,
      ...warnings.map((warning) => `    ${warning}`),
    ]),
  ];
}

/** With some thirty sources, the few that take alerts stand out and the closed ones share a line. */
function sourceLines(config: Config): string[] {
  const names = SOURCES.map(({ name }) => name);
  const secrets = (name: string) => config.sourceSecrets.get(name)?.length ?? 0;
  const guarded = names.filter((name) => secrets(name) > 0);
  const rest = names.filter((name) => secrets(name) === 0);
  const open = rest.filter((name) => config.openSources.has(name));
  const others = rest.filter((name) => !config.openSources.has(name));
  const where = config.loopback ? "this machine" : "the network";
  return [
    ...guarded.map((name) => `  ${name.padEnd(18)} ${secrets(name)} secret${secrets(name) > 1 ? "s" : ""}`),
    ...open.map((name) => `  ${name.padEnd(18)} OPEN to anybody on ${where} (openSources)`),
    ...(others.length === 0
      ? []
      : [
          config.slack
            ? `  closed             ${others.join(", ")} (set BREAKWATER_SOURCE_<NAME>_SECRET)`
            : `  open, sandbox only ${others.join(", ")}`,
        ]),
  ];
}
