import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runbookCommand } from "../../src/cli/runbook.ts";
import { loadRunbooks } from "../../src/runbooks.ts";
import { runCommand } from "./run.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "runbooks-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function write(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(dir, name)), { recursive: true });
  await writeFile(join(dir, name), text);
}

/** Runs `breakwater runbook …` as the shell would and returns what was printed. */
const run = (...args: string[]) => runCommand(runbookCommand, args);

const GOOD =
  "---\nowner: data\nmatch:\n  - sources: [dbt]\n    titles: ['*late*']\n---\n# Late table\n\nIntro.\n\n## Look\nAt `{{ table }}`.\n\n## Fix (optional)\n```sh\nx\n```\n\n# Reference\nMore.\n";
const BAD = "# T\n\n## Look\n{{ nope }}\n";

describe("breakwater runbook lint", () => {
  test("passes the shipped runbooks", async () => {
    expect(await run("lint")).toEqual({ out: "8 runbooks checked, no problems.\n", err: "", code: 0 });
  });

  test("says file, line and message, counts them, and fails", async () => {
    await write("good.md", GOOD);
    await write("more/bad.md", BAD);
    const { out, code } = await run("lint", "--dir", dir);
    expect(out).toMatch(
      /more\/bad\.md:4: \{\{ nope }} is not a variable\..*\n2 runbooks checked, 1 problem\.\n$/,
    );
    expect(code).toBe(1);
  });

  test("checks the files and folders it is given, each once", async () => {
    await write("good.md", GOOD);
    await write("more/bad.md", BAD);
    expect(await run("lint", join(dir, "good.md"))).toMatchObject({
      out: "1 runbook checked, no problems.\n",
      code: 0,
    });
    expect(await run("lint", dir, join(dir, "more"))).toMatchObject({
      out: expect.stringContaining("2 runbooks checked, 1 problem."),
      code: 1,
    });
  });

  test("leaves a README and other files alone", async () => {
    await write("good.md", GOOD);
    await write("README.md", "Our runbooks.");
    await write("notes.txt", "x");
    expect((await run("lint", dir)).out).toBe("1 runbook checked, no problems.\n");
  });

  test("leaves out what cannot be read, and says so", async () => {
    await write("good.md", GOOD);
    await mkdir(join(dir, "old.md"));
    // As Emacs does while somebody edits late.md.
    await symlink("ana@desk.1234:1700000000", join(dir, ".#late.md"));
    const { out, err, code } = await run("lint", "--dir", dir);
    expect([out, code]).toEqual(["1 runbook checked, no problems.\n", 0]);
    const lines = err.trimEnd().split("\n").sort();
    expect(lines).toEqual([
      expect.stringMatching(/\.#late\.md is left out, as it cannot be read: ENOENT/),
      expect.stringMatching(/old\.md is left out, as it cannot be read: it is no file$/),
    ]);
    expect((await loadRunbooks(dir)).runbooks.map(({ slug }) => slug)).toEqual(["good"]);
  });

  test("says what to do where there is nothing", async () => {
    expect(await run("lint", dir)).toMatchObject({ err: expect.stringContaining("Add a runbook"), code: 1 });
    expect(await run("lint", join(dir, "nowhere"))).toMatchObject({
      err: expect.stringMatching(/There is no .*nowhere\. Give the folder/),
      code: 1,
    });
  });
});

test("breakwater runbook list says when each is suggested", async () => {
  await write("late.md", GOOD);
  await write("basics.md", "---\ntitle: Basics\nreviewed: 2026-01-02\nmatch: [{}]\n---\n## Look\nx");
  await write("manual.md", "# By hand\n## Look\nx");
  await write("broken.md", "no steps");
  const { out, err, code } = await run("list", "--dir", dir);
  expect(out).toBe(
    [
      "basics: Basics (1 step, no owner, reviewed 2026-01-02)",
      "    suggested when nothing more specific is",
      "late: Late table (2 steps, owner data, never reviewed)",
      "    suggested when source is dbt and the title matches *late*",
      "manual: By hand (1 step, no owner, never reviewed)",
      "    never suggested; start it by name",
      `3 runbooks in ${dir}.\n`,
    ].join("\n"),
  );
  expect(err).toBe(`2 problems found. Run: npm run -s breakwater -- runbook lint --dir ${dir}\n`);
  expect(code).toBe(0);
});

describe("breakwater runbook show", () => {
  test("prints one as it will be walked", async () => {
    await write("late.md", GOOD);
    const { out } = await run("show", "late", "--dir", dir);
    expect(out).toBe(
      "Late table\n2 steps, owner data, never reviewed\nsuggested when source is dbt and the title matches *late*\n\nIntro.\n\n" +
        "1. Look\n\n   At `{{ table }}`.\n\n2. Fix (optional)\n\n   ```sh\n   x\n   ```\n\n# Reference\nMore.\n\n",
    );
  });

  test("names the ones there are", async () => {
    await write("late.md", GOOD);
    expect(await run("show", "later", "--dir", dir)).toMatchObject({
      err: `There is no runbook later in ${dir}. There are: late.\n`,
      code: 1,
    });
  });
});

test("the help teaches what a runbook is", () => {
  const command = runbookCommand();
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  for (const words of [
    "## headings are the steps",
    "match:",
    "label.KEY",
    "breakwater runbook lint",
    "docs/runbooks.md",
  ])
    expect(help).toContain(words);
});

test("loading a folder keeps usable runbooks beside broken ones, and the first of two with one name", async () => {
  await write("a/late.md", GOOD);
  await write("b/late.md", BAD);
  await write("broken.md", "x");
  const { runbooks, problems } = await loadRunbooks(dir);
  expect(runbooks.map(({ slug, title }) => [slug, title])).toEqual([["late", "Late table"]]);
  expect(problems.map(({ message }) => message.split(".")[0])).toEqual([
    expect.stringContaining('The runbook "late" exists already, in'),
    "{{ nope }} is not a variable",
    "It has no title",
    "It has no steps",
  ]);
});

test("a folder that is linked to, as a mounted ConfigMap is, holds each runbook once, by the shortest way", async () => {
  await write("..2026_11_22/late.md", GOOD);
  await symlink("..2026_11_22", join(dir, "..data"));
  await symlink("..data/late.md", join(dir, "late.md"));
  await symlink(".", join(dir, "loop"));
  const { runbooks, problems } = await loadRunbooks(dir);
  expect([runbooks.map(({ slug }) => slug), problems]).toEqual([["late"], []]);
  await write("late.md", BAD);
  expect((await loadRunbooks(dir)).problems[0]!.file).toMatch(/[\\/]late\.md$/);
});

test.each([">", "> ", "- ", "1. ", "> - ", " * > "])(
  "a runbook in which %j stands in itself without end is named with its line, and does no harm to the others",
  async (sign) => {
    await write("good.md", GOOD);
    await write("deep.md", `# Deep\n## Look\n${sign.repeat(Math.floor(90_000 / sign.length))} x\n`);
    const { runbooks, problems } = await loadRunbooks(dir);
    expect(runbooks.map(({ slug }) => slug)).toEqual(["good"]);
    expect(problems).toEqual([
      {
        file: expect.stringMatching(/deep\.md$/),
        line: 3,
        message: expect.stringMatching(/nested too deep/),
      },
    ]);
  },
);
