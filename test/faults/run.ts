/**
 * `npm run test:faults`: the crash, fault and storm suites with a fixed seed, and at the end a table of what was tried
 * and survived. `BREAKWATER_SEED` takes them through other moments.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tried } from "./tried.ts";

/** What is tried unless the environment says otherwise; together under ten minutes on two cores. */
const SIZES = {
  BREAKWATER_SEED: "20261122",
  BREAKWATER_KILLS: "200",
  BREAKWATER_KILL_SECONDS: "340",
  BREAKWATER_DISK_ROUNDS: "2",
  BREAKWATER_STORM: "100000",
  BREAKWATER_FUZZ_SECONDS: "10",
  BREAKWATER_FUZZ_SEED: "20261122",
};

/** Parsers and routes under made-up input, for longer than in `npm test`. */
const FUZZERS = [
  "test/security/fuzz-routes.test.ts",
  "test/security/parsers.test.ts",
  "test/source/fuzz.test.ts",
];

const directory = mkdtempSync(join(tmpdir(), "breakwater-tried-"));
const path = join(directory, "tried.jsonl");
const began = performance.now();
const env = { ...SIZES, ...process.env, BREAKWATER_TRIED: path };

async function run(...given: string[]): Promise<number> {
  const started = spawn("npx", ["vitest", "run", ...given, ...process.argv.slice(2)], {
    stdio: "inherit",
    env,
  });
  const [code] = (await once(started, "exit")) as [number | null];
  return code ?? 1;
}

// The kills take as long as all else together, and spend it mostly on waiting.
const codes = await Promise.all([
  run("test/faults/kill.test.ts"),
  run("test/faults", "--exclude", "**/kill.test.ts", ...FUZZERS),
]);
const code = Math.max(...codes);

const rows: Tried[] = existsSync(path)
  ? readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
  : [];
rmSync(directory, { recursive: true, force: true });

const width = Math.max(5, ...rows.map(({ fault }) => fault.length));
const line = (fault: string, times: string, survived: string, figures = "") =>
  console.log(`${fault.padEnd(width)}  ${times.padStart(6)}  ${survived.padStart(8)}  ${figures}`.trimEnd());
console.log("");
line("fault", "times", "survived");
for (const { fault, times, survived, figures } of rows.toSorted((a, b) => (a.fault < b.fault ? -1 : 1)))
  line(fault, String(times), String(survived), figures);
const minutes = ((performance.now() - began) / 60_000).toFixed(1);
const seed = process.env.BREAKWATER_SEED ?? SIZES.BREAKWATER_SEED;
console.log(
  `\nSeed ${seed}, ${minutes} minutes. ${code === 0 ? "All that was tried was survived." : "NOT ALL WAS SURVIVED: what failed is above, and is missing in the table."}`,
);
process.exitCode = code;
