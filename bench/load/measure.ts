import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import type { Case, Measured } from "./case.ts";
import { caseOf } from "./cases.ts";
import type { Line } from "./lines/line.ts";
import { Sink } from "./sink.ts";
import { noise } from "./stats.ts";
import { alertmanagerPath } from "./subjects.ts";
import { type Row, rowOf } from "./table.ts";

export type MeasureOptions = {
  rounds: number;
  quick: boolean;
  full: boolean;
  /** A tenth of the usual times: for the gate. */
  short?: boolean;
};

export type Report = {
  at: string;
  rounds: number;
  quick: boolean;
  full: boolean;
  machine: {
    cores: number;
    cpu: string;
    memoryGb: number;
    kernel: string;
    node: string;
    words: string;
    noisy: boolean;
  };
  rows: Row[];
  /** Everything that was measured, by case, one entry a round. */
  measured: Record<string, Measured[]>;
};

/** Runs what the lines need, all of one round before the next, and makes rows of it. Nothing is left behind. */
export async function measureLines(lines: readonly Line[], options: MeasureOptions): Promise<Report> {
  const cases = casesOf(lines);
  const measured = new Map<Case, Measured[]>(cases.map((each) => [each, []]));
  const dir = await mkdtemp(join(tmpdir(), "breakwater-bench-"));
  const sink = await Sink.open();
  const place = { dir, sinkUrl: sink.url, sink, alertmanager: alertmanagerPath(), short: false, ...options };
  try {
    for (let round = 0; round < options.rounds; round += 1) {
      for (const each of cases) {
        if (round >= (each.mostRounds ?? options.rounds)) continue;
        say(`round ${round + 1} of ${options.rounds}: ${each.name}`);
        measured.get(each)!.push(await attempt(each, () => each.run({ ...place, round })));
      }
    }
  } finally {
    await sink.close();
    await rm(dir, { recursive: true, force: true });
  }
  const rows = lines.map((line) => rowOf(line, measured.get(caseOf(line.ours))!));
  const byName = Object.fromEntries([...measured].map(([{ name }, rounds]) => [name, rounds]));
  const { rounds, quick, full } = options;
  return {
    at: new Date().toISOString(),
    rounds,
    quick,
    full,
    machine: machineOf(byName),
    rows,
    measured: byName,
  };
}

function casesOf(lines: readonly Line[]): Case[] {
  return [...new Set(lines.map((line) => caseOf(line.ours)))];
}

/** What fails is said on its lines, and the others go on. */
async function attempt(each: Case, run: () => Promise<Measured>): Promise<Measured> {
  try {
    return await run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const reason = `failed: ${message.split("\n")[0]}`;
    return Object.fromEntries((each.keys ?? [each.name]).map((key) => [key, reason]));
  }
}

/** Progress, where somebody looks. */
function say(words: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${words}\n`);
}

/** The floor does the same work each round; how it varied says how much of the rest is the machine's. */
function machineOf(measured: Record<string, Measured[]>): Report["machine"] {
  const floors = Object.entries(measured).flatMap(([name, rounds]) => {
    const rates = rounds.flatMap((round) => {
      const rate = round[`${name}.floor.rate`];
      return typeof rate === "number" ? [rate] : [];
    });
    return noise(rates) ?? [];
  });
  const worst = floors.sort((a, b) => b.spread - a.spread)[0];
  const [cpu] = cpus();
  const facts = {
    cores: cpus().length,
    cpu: cpu?.model ?? "unknown",
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
  const busy = `load average ${loadavg()[0]!.toFixed(1)} at the end, with ${facts.cores} cores`;
  const floorWords =
    worst === undefined
      ? "How quiet the machine was cannot be said from one round without the bare floor."
      : worst.noisy
        ? `TOO NOISY: the bare floor, which does the same each round, varied by ${percent(worst.spread)}. Quote none of this.`
        : `The bare floor varied by ${percent(worst.spread)} between rounds; differences below that are nothing.`;
  return {
    ...facts,
    words: `${floorWords} (${busy}; node ${facts.node}, ${facts.cpu})`,
    noisy: worst?.noisy ?? true,
  };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
