/** A database that commands cannot use: each says in one line what is wrong with it and what to do. */
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { dbCommand } from "../../src/cli/db.ts";
import { exportCommand } from "../../src/cli/export.ts";
import { lineageCommand } from "../../src/cli/lineage.ts";
import { outboxCommand } from "../../src/cli/outbox.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { fill } from "../store/filled.ts";
import { runCommand } from "./run.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "breakwater-database-"));
  path = join(folder, "breakwater.db");
  vi.stubEnv("DATABASE_URL", `sqlite:${path}`);
  vi.stubEnv("BREAKWATER_CONFIG", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

type Run = [(terminal: Terminal) => Command, ...string[]];

/** Commands that read or write what is stored. */
const USING: [string, Run][] = [
  ["db erase-person", [dbCommand, "erase-person", "U0BO", "--reason", "asked"]],
  ["db verify", [dbCommand, "verify"]],
  ["db audit", [dbCommand, "audit"]],
  ["db prune", [dbCommand, "prune"]],
  ["db prune --dry-run", [dbCommand, "prune", "--dry-run"]],
  ["outbox list", [outboxCommand, "list"]],
  ["outbox retry", [outboxCommand, "retry", "--all"]],
  ["export", [exportCommand, "INC-1"]],
  ["lineage show", [lineageCommand, "show"]],
];
const backup = (): [string, Run] => ["db backup", [dbCommand, "backup", join(folder, "copy.db")]];
const migrating: [string, Run] = ["db migrate", [dbCommand, "migrate"]];

/** What each command says, as `name: text`, and that it failed; one that throws is told by its error. */
async function said(runs: [string, Run][]): Promise<string[]> {
  const all: string[] = [];
  for (const [name, [command, ...args]] of runs) {
    const { err, code } = await runCommand(command, args).catch((error: unknown) => ({
      err: `threw ${error}\n`,
      code: 1,
    }));
    all.push(`${name}, ${code}: ${err.trimEnd().split("\n").at(-1)}`);
  }
  return all;
}

const each = (runs: [string, Run][], text: string | RegExp) =>
  runs.map(([name]) => (typeof text === "string" ? `${name}, 1: ${text}` : expect.stringMatching(text)));

describe("a damaged file", () => {
  let whole: string;
  let kept: string;
  beforeAll(async () => {
    kept = mkdtempSync(join(tmpdir(), "breakwater-whole-"));
    whole = join(kept, "whole.db");
    await fill({ type: "sqlite", path: whole });
  });
  afterAll(() => rmSync(kept, { recursive: true, force: true }));
  beforeEach(() => copyFileSync(whole, path));

  const DAMAGED = /, 1: The database.* is damaged: .+`db restore`\.$/;

  it("that was cut to half is called damaged, and `db restore` named", async () => {
    truncateSync(path, statSync(path).size / 2);
    const runs = [...USING, backup(), migrating];
    expect(await said(runs)).toEqual(each(runs, DAMAGED));
    expect(readdirSync(folder).filter((name) => name.startsWith("copy"))).toEqual([]);
  });

  it("that was overwritten from the third page on is so, too", async () => {
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xa5, 2 * 8192));
    const runs = [...USING, backup()];
    expect(await said(runs)).toEqual(each(runs, DAMAGED));
  });
});
