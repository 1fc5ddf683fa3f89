/** Where a report or a configuration is looked for in a place that cannot be one, the place is named in one line. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { configCommand } from "../../src/cli/config.ts";
import { exportCommand } from "../../src/cli/export.ts";
import { replayCommand } from "../../src/cli/replay.ts";
import { fill } from "../store/filled.ts";
import { runCommand } from "./run.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "breakwater-export-"));
  vi.stubEnv("DATABASE_URL", `sqlite:${join(folder, "breakwater.db")}`);
  vi.stubEnv("BREAKWATER_CONFIG", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it("a report goes into a file, in a folder that is made for it, and not where none can be", async () => {
  await fill({ type: "sqlite", path: join(folder, "breakwater.db") });
  const out = join(folder, "reports", "one.md");
  expect(await runCommand(exportCommand, ["INC-1", "--out", out])).toMatchObject({ code: 0, err: "" });
  expect(readFileSync(out, "utf8")).toContain("INC-1");
  const page = join(folder, "one.html");
  expect(await runCommand(exportCommand, ["INC-1", "--out", page])).toMatchObject({ code: 0, err: "" });
  expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>/i);
  for (const wrong of [folder, join(out, "x.md")]) {
    const { err, code } = await runCommand(exportCommand, ["INC-1", "--out", wrong]);
    expect(err).toMatch(/^[^\n]+ cannot be written: [^\n]+\. Name another file\.\n$/);
    expect([err.startsWith(wrong), code]).toEqual([true, 1]);
  }
});

it("a folder is no breakwater.yaml", async () => {
  writeFileSync(join(folder, "ours.yaml"), "{}");
  const said = [
    await runCommand(replayCommand, ["--config", folder]),
    await runCommand(replayCommand, ["--config", join(folder, "ours.yaml"), "--against", folder]),
  ];
  vi.stubEnv("BREAKWATER_CONFIG", folder);
  said.push(await runCommand(configCommand, ["check"]));
  for (const { err, code } of said) {
    expect(err).toBe(
      `${folder} cannot be read: EISDIR: illegal operation on a directory, read. Name the file itself, a breakwater.yaml.\n`,
    );
    expect(code).toBe(1);
  }
});
