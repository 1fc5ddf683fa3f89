/** The lines that the sandbox prints are there to be pasted, whatever was configured. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "breakwater-sandbox-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("the lines of a sandbox with secrets and a command of its own do what they say", {
  timeout: 60_000,
}, async () => {
  const file = join(dir, "breakwater.yaml");
  writeFileSync(file, "command: /dinc");
  const secrets = {
    BREAKWATER_SOURCE_GENERIC_SECRET: "new,old",
    BREAKWATER_SOURCE_DBT_SECRET: "for-dbt",
  };
  const config = loadConfig({
    DATABASE_URL: `sqlite:${join(dir, "sandbox", "breakwater.db")}`,
    PORT: "0",
    BREAKWATER_CONFIG: file,
    ...secrets,
  });
  const said: string[] = [];
  const sandbox = await startSandbox(config, (line) => said.push(line), 0);
  try {
    const [, alert, reports] = said;
    const pasted = promisify(execFile)("sh", ["-c", alert!.replace("Send an alert: ", "")], {
      env: { PATH: process.env.PATH, ...secrets },
    });
    expect(JSON.parse((await pasted).stdout)).toMatchObject({ alerts: [{ outcome: "opened" }] });
    expect(alert).not.toContain("new");
    const reads = reports!.match(/http\S+incidents/)![0];
    const { alertList } = (await (await fetch(`${reads}/INC-2`)).json()) as {
      alertList: { warnings: string[] }[];
    };
    expect(alertList.map(({ warnings }) => warnings)).toEqual([[]]);
    expect(reports).toContain('"/dinc postmortem INC-1"');
  } finally {
    await sandbox.stop();
  }
});
