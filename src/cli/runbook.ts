import { Command } from "commander";
import { loadConfig } from "../config.ts";
import { plural } from "../core/plural.ts";
import { Refusal } from "../core/refusal.ts";
import type { MatchRule } from "../core/runbook/front-matter.ts";
import { lintRunbooks } from "../core/runbook/lint.ts";
import type { Runbook } from "../core/runbook/parse.ts";
import { VARIABLES } from "../core/runbook/variables.ts";
import { loadRunbooks, readRunbookFiles } from "../runbooks.ts";
import { guarded, processTerminal, type Terminal } from "./terminal.ts";

const DIR = [
  "--dir <folder>",
  "the folder the runbooks are in; as breakwater.yaml says if left out",
] as const;

/** The folder the bot itself reads, unless another one is named. */
function folder(options: { dir?: string }): string {
  return options.dir ?? loadConfig(process.env).runbooksDir;
}

/** `breakwater runbook lint|list|show`. */
export function runbookCommand(terminal: Terminal = processTerminal): Command {
  const command = new Command("runbook")
    .description(
      "Check and read the runbooks: markdown files in git, walked step by step in an incident's thread",
    )
    .addHelpText("after", HELP);
  command
    .command("lint")
    .description("Say what is wrong with runbooks, as file:line: message; exit code 1 if anything is")
    .argument("[paths...]", "files or folders to check instead of --dir")
    .option(...DIR)
    .addHelpText(
      "after",
      "\nRun it in CI, before a runbook with a broken rule or step can reach an incident.",
    )
    .action(
      guarded(terminal, (paths: string[], options: { dir?: string }) =>
        lint(terminal, paths.length > 0 ? paths : [folder(options)]),
      ),
    );
  command
    .command("list")
    .description("List the runbooks, and when each is suggested")
    .option(...DIR)
    .action(guarded(terminal, (options: { dir?: string }) => list(terminal, folder(options))));
  command
    .command("show")
    .description("Print one runbook the way it will be walked")
    .argument("<slug>", "the runbook's name: its file name without .md")
    .option(...DIR)
    .action(
      guarded(terminal, (slug: string, options: { dir?: string }) => show(terminal, slug, folder(options))),
    );
  return command;
}

const HELP = `
A runbook is one markdown file. Its ## headings are the steps; the lines between
--- at its top say when it is suggested:

  ---
  title: Late or stale table
  owner: data-platform
  match:
    - sources: [dbt]
      labels: { resource_type: source }
    - titles: ["*stale*"]
  ---
  ## Pause the exports
  Stop what reads {{ asset }} before it spreads.

Any rule may match; all fields of a rule must. Variables in a step:
  ${wrap(Object.keys(VARIABLES), 74).join("\n  ")}

Examples:
  breakwater runbook lint                      check the folder runbooks
  breakwater runbook lint runbooks/late.md     check one file
  breakwater runbook list --dir ops/runbooks   see what another folder has
  breakwater runbook show late-or-stale-table  read one

docs/runbooks.md has the whole reference.`;

async function lint(terminal: Terminal, paths: string[]): Promise<void> {
  const files = await readRunbookFiles(paths, terminal.err);
  if (files.length === 0) {
    throw new Refusal(
      "not_found",
      `There are no .md files in ${paths.join(", ")}. Add a runbook, or give another folder.`,
    );
  }
  const problems = lintRunbooks(files);
  for (const { file, line, message } of problems) terminal.out(`${file}:${line}: ${message}`);
  terminal.out(
    `${plural(files.length, "runbook")} checked, ${problems.length === 0 ? "no problems" : plural(problems.length, "problem")}.`,
  );
  if (problems.length > 0) terminal.exit(1);
}

async function list(terminal: Terminal, dir: string): Promise<void> {
  const { runbooks, problems } = await loadRunbooks(dir);
  for (const runbook of runbooks) {
    terminal.out(`${runbook.slug}: ${runbook.title} (${about(runbook)})`);
    for (const line of whenSuggested(runbook)) terminal.out(`    ${line}`);
  }
  terminal.out(`${plural(runbooks.length, "runbook")} in ${dir}.`);
  warn(terminal, dir, problems.length);
}

async function show(terminal: Terminal, slug: string, dir: string): Promise<void> {
  const { runbooks, problems } = await loadRunbooks(dir);
  const runbook = runbooks.find((candidate) => candidate.slug === slug);
  if (!runbook) {
    const known = runbooks.map((candidate) => candidate.slug).join(", ");
    const hint =
      problems.length > 0
        ? ` A file with problems may be missing here: see npm run -s breakwater -- runbook lint --dir ${dir}.`
        : "";
    throw new Refusal(
      "not_found",
      `There is no runbook ${slug} in ${dir}. ${known ? `There are: ${known}.` : "It has none."}${hint}`,
    );
  }
  for (const paragraph of paragraphs(runbook)) terminal.out(`${paragraph}\n`);
}

function paragraphs(runbook: Runbook): string[] {
  const steps = runbook.steps.map(
    (step, index) =>
      `${index + 1}. ${step.title}${step.optional ? " (optional)" : ""}\n\n${indent(step.body)}`,
  );
  return [
    `${runbook.title}\n${about(runbook)}\n${whenSuggested(runbook).join("\n")}`,
    ...(runbook.intro ? [runbook.intro] : []),
    ...steps,
    ...(runbook.reference ? [runbook.reference] : []),
  ];
}

function about({ steps, owner, reviewed }: Runbook): string {
  return [
    plural(steps.length, "step"),
    owner ? `owner ${owner}` : "no owner",
    reviewed ? `reviewed ${reviewed}` : "never reviewed",
  ].join(", ");
}

function whenSuggested({ match }: Runbook): string[] {
  if (match.length === 0) return ["never suggested; start it by name"];
  return match.map((rule) => `suggested when ${describe(rule)}`);
}

function describe({ sources, assets, labels, severities, titles }: MatchRule): string {
  const parts = [
    sources && `source is ${anyOf(sources)}`,
    labels &&
      Object.entries(labels)
        .map(([key, glob]) => `label ${key} is ${glob}`)
        .join(" and "),
    assets && `an asset matches ${anyOf(assets)}`,
    titles && `the title matches ${anyOf(titles)}`,
    severities && `severity is ${anyOf(severities)}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "nothing more specific is" : parts.join(" and ");
}

function warn(terminal: Terminal, dir: string, problems: number): void {
  if (problems > 0)
    terminal.err(
      `${plural(problems, "problem")} found. Run: npm run -s breakwater -- runbook lint --dir ${dir}`,
    );
}

function anyOf(words: string[]): string {
  return words.join(" or ");
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "   ");
}

function wrap(words: string[], width: number): string[] {
  const lines = [""];
  for (const word of words) {
    if (lines.at(-1)!.length + word.length > width) lines.push("");
    lines[lines.length - 1] += lines.at(-1) === "" ? word : `, ${word}`;
  }
  return lines;
}
