import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

test.each([
  [["export"], "missing required argument 'incident'"],
  [["db", "erase-person"], "required option '--reason <text>' not specified"],
  [["outbox", "lst"], "Did you mean list?"],
])("%j says what is wrong, and where help is", (args, words) => {
  const { status, stderr } = spawnSync(process.execPath, ["src/main.js", ...args], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toContain(words);
  expect(stderr).toContain("(add --help for what this command takes)");
});

test("what a file says commands no terminal", () => {
  const dir = mkdtempSync(join(tmpdir(), "runbooks-"));
  try {
    const title = String.raw`title: "Late \e[2J\e]0;x\a \x9b31m table"`;
    writeFileSync(join(dir, "late.md"), `---\n${title}\n---\n\n## Look\nSee \u001b[31mred\tand blue.\n`);
    const run = (...args: string[]) =>
      execFileSync(process.execPath, ["src/main.js", "runbook", ...args, "--dir", dir], { encoding: "utf8" });
    expect(run("list")).toContain("late: Late [2J]0;x 31m table (1 step");
    expect(run("show", "late")).toContain("See [31mred\tand blue.");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.each(["abc", "65536", "1.5", ""])("a sandbox on port %j is refused", (port) => {
  const run = spawnSync(process.execPath, ["src/main.js", "sandbox", `--port=${port}`], { encoding: "utf8" });
  expect([run.status, run.stdout]).toEqual([1, ""]);
  expect(run.stderr).toContain(`\`${port}\` is none`);
});
