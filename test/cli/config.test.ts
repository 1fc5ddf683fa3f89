import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { configCommand } from "../../src/cli/config.ts";
import { secretVariable } from "../../src/source/auth.ts";
import { SOURCES } from "../../src/source/registry.ts";
import { runCommand } from "./run.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "breakwater-check-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

function check(file: string) {
  const path = join(dir, "breakwater.yaml");
  writeFileSync(path, file);
  vi.stubEnv("BREAKWATER_CONFIG", path);
  return runCommand(configCommand, ["check"]);
}

test("names of runbooks and sources that there are not are found, wherever they stand", async () => {
  vi.stubEnv("BREAKWATER_SOURCE_GRAFANNA_SECRET", "s3cret");
  const { err, code } = await check(
    [
      "openSources: [genric]",
      'redactionAllow: { sodda: [email], "*": [phone], soda: [labels.reporter] }',
      "routes:",
      "  - { name: late, match: all, runbook: late-or-stale-tabel, continue: true }",
      "  - { name: models, match: all, runbook: failed-dbt-model }",
    ].join("\n"),
  );
  expect(err).toContain(
    "routes: “late” names the runbook late-or-stale-tabel, and there is none in runbooks.",
  );
  expect(err).toContain("openSources: there is no source genric.");
  expect(err).toContain("redactionAllow: there is no source sodda.");
  expect(err).toContain("BREAKWATER_SOURCE_GRAFANNA_SECRET is set, but there is no source grafanna.");
  expect(err).toContain("4 to put right.");
  expect(code).toBe(1);
});

test("where every source has a secret, none is said to be closed", async () => {
  for (const { name } of SOURCES) vi.stubEnv(secretVariable(name), "s3cret");
  vi.stubEnv("SLACK_BOT_TOKEN", "xoxb-1");
  vi.stubEnv("SLACK_APP_TOKEN", "xapp-1");
  const { out } = await check("");
  expect(out).toContain("  terraform          1 secret\nAll is well.");
});
