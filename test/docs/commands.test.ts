import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { program } from "../../src/cli/program.ts";
import { SOURCES } from "../../src/source/registry.ts";
import { codes, PAGES, read, rowsOf } from "./pages.ts";

const readme = read("README.md");

/** Every command with the words before it, groups left out: `db verify`. */
function leaves(command: Command, before: string[] = []): { words: string; command: Command }[] {
  return command.commands
    .filter((each) => each.name() !== "help")
    .flatMap((each) => {
      const words = [...before, each.name()];
      return each.commands.length > 0 ? leaves(each, words) : [{ words: words.join(" "), command: each }];
    });
}

const PROGRAM = await program();
const COMMANDS = leaves(PROGRAM);

describe("the command line", () => {
  test.each(COMMANDS)("$words says what it does and how it is used", ({ command }) => {
    expect(command.description()).toMatch(/^[A-Z].{15,}/s);
    const help = command.helpInformation();
    expect(help).toContain("Usage: ");
    for (const option of command.options) expect(option.description, option.flags).not.toBe("");
    for (const argument of command.registeredArguments)
      expect(argument.description, argument.name()).not.toBe("");
  });

  test("says in every help what the word `breakwater` stands for", () => {
    for (const { words, command } of [{ words: "--help", command: PROGRAM }, ...COMMANDS]) {
      let help = "";
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(help, words).toMatch(/^Here breakwater stands for: npm run -s breakwater --\n/);
    }
  });

  test("its groups say what they are for", () => {
    for (const group of PROGRAM.commands) expect(group.description(), group.name()).not.toBe("");
  });

  test("is in README.md, command for command", () => {
    const table = readme.slice(readme.indexOf("\n## Commands\n"), readme.indexOf("\n## Postmortems\n"));
    const named = rowsOf(table).map(([cell]) => codes(cell!)[0]!);
    const bare = named.map((line) => line.replace(/ (<[\w-]+>|INC-\d+)/g, ""));
    expect(bare).toEqual(COMMANDS.map(({ words }) => words));
  });
});

/** Lines that begin `npm run … breakwater -- words`, in code of any page. */
function pastedCommands(): { page: string; words: string }[] {
  return PAGES.flatMap((page) =>
    [
      ...read(page).matchAll(
        /npm run (?:-s )?breakwater -- ([a-z][a-z -]*?)(?= *[`\n<|&A-Z"]| --| [a-z]+\/)/g,
      ),
    ].map((match) => ({
      page,
      words: match[1]!.trim(),
    })),
  );
}

test("every command that a page tells people to paste is there", () => {
  const pasted = pastedCommands();
  expect(pasted.length).toBeGreaterThan(8);
  const known = (line: string) => COMMANDS.some(({ words }) => `${line} `.startsWith(`${words} `));
  expect(pasted.filter(({ words }) => !known(words))).toEqual([]);
});

test("no page names a command as if `breakwater` itself could be run", () => {
  for (const page of PAGES) expect(read(page), page).not.toMatch(/(?:^|`|\$ )breakwater [a-z]/m);
});

test("every npm script that a page names is there", () => {
  const { scripts } = JSON.parse(read("package.json"));
  for (const page of PAGES) {
    const named = [
      ...[...read(page).matchAll(/\bnpm run (?:-s |--silent )?([a-z][\w:-]*)/g)].map((match) => match[1]!),
      ...[...read(page).matchAll(/\bnpm (start|test)\b/g)].map((match) => match[1]!),
    ];
    for (const script of named) expect(Object.keys(scripts), `${page}: ${script}`).toContain(script);
  }
});

test("every source is in README.md, docs/http.md and docs/sources.md, with its addresses", () => {
  const http = read("docs/http.md");
  const rows = rowsOf(read("docs/sources.md"));
  for (const { name, read: alerts, readChanges, readLineage } of SOURCES) {
    expect(readme).toContain(`](docs/sources/${name}.md)`);
    expect(http).toContain(`\`${name}\``);
    const row = rows.find(([cell]) => codes(cell!)[0] === name);
    expect(row?.[1]).toContain(`](sources/${name}.md)`);
    expect(codes(row?.[2] ?? ""), name).toEqual([
      ...(alerts ? [`/v1/alerts/${name}`] : []),
      ...(readChanges ? [`/v1/changes/${name}`] : []),
      ...(readLineage ? [`/v1/lineage/${name}`] : []),
    ]);
  }
  expect(rows).toHaveLength(SOURCES.length);
});
