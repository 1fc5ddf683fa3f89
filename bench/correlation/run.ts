import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { drive } from "./drive.ts";
import {
  addPairs,
  countPairs,
  firing,
  labelGrouping,
  NO_PAIRS,
  onePerAlert,
  type Pairs,
  precision,
  recall,
} from "./score.ts";
import { drawStorm, STORM_KINDS, type StormKind } from "./storms.ts";

/**
 * How well alerts are put into incidents: storms of every kind through the real engine, beside two baselines on the same
 * alerts. `--seed N` is where seeds start, `--storms N` how many of each kind, `--json FILE` writes all numbers,
 * `--no-gate` leaves out the verdict (exit code 1 below 0.98).
 */
const GATE = 0.98;
const WORST_SHOWN = 8;

const { values: options } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    storms: { type: "string", default: "12" },
    json: { type: "string" },
    "no-gate": { type: "boolean", default: false },
  },
});

type Scores = { ours: Pairs; onePerAlert: Pairs; labelGrouping: Pairs };
type StormScore = Scores & { storm: string; kind: StormKind; alerts: number; assets: number; ms: number };

async function scoreStorm(kind: StormKind, seed: number): Promise<StormScore> {
  const storm = drawStorm(kind, seed);
  const startedAt = performance.now();
  const placed = await drive(storm);
  return {
    storm: storm.name,
    kind,
    alerts: firing(storm.alerts).length,
    assets: storm.documents[0]!.assets.length,
    ms: Math.round(performance.now() - startedAt),
    ours: countPairs(placed),
    onePerAlert: countPairs(onePerAlert(storm.alerts)),
    labelGrouping: countPairs(labelGrouping(storm.alerts)),
  };
}

type Row = Scores & { kind: string; storms: number; alerts: number };

function rowOf(kind: string, scores: StormScore[]): Row {
  const sum = (of: keyof Scores) => scores.reduce((total, score) => addPairs(total, score[of]), NO_PAIRS);
  return {
    kind,
    storms: scores.length,
    alerts: scores.reduce((total, { alerts }) => total + alerts, 0),
    ours: sum("ours"),
    onePerAlert: sum("onePerAlert"),
    labelGrouping: sum("labelGrouping"),
  };
}

function shown(pairs: Pairs): string {
  return [precision(pairs), recall(pairs)].map((share) => share?.toFixed(3) ?? "  –  ").join(" / ");
}

function table(rows: Row[]): string {
  const cells = [
    ["kind", "storms", "alerts", "ours P / R", "one per alert P / R", "label grouping P / R"],
    ...rows.map((row) => [
      row.kind,
      String(row.storms),
      String(row.alerts),
      shown(row.ours),
      shown(row.onePerAlert),
      shown(row.labelGrouping),
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  return cells
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Pairs that are wrong either way, as a share of all that matter: what to look at first. */
function wrongness({ ours: { together, belonging, both } }: StormScore): number {
  return (together + belonging - 2 * both) / Math.max(1, together + belonging - both);
}

function withShares(pairs: Pairs) {
  return { ...pairs, precision: precision(pairs), recall: recall(pairs) };
}

function report(rows: Row[], scores: StormScore[]) {
  const plain = <T extends Scores>(each: T) => ({
    ...each,
    ours: withShares(each.ours),
    onePerAlert: withShares(each.onePerAlert),
    labelGrouping: withShares(each.labelGrouping),
  });
  return { gate: GATE, seed: Number(options.seed), rows: rows.map(plain), storms: scores.map(plain) };
}

const first = Number(options.seed);
const count = Number(options.storms);
if (!Number.isInteger(first) || !Number.isInteger(count) || count < 1) {
  console.error("--seed and --storms are whole numbers, and there is at least one storm of each kind.");
  process.exit(2);
}

const startedAt = performance.now();
const scores: StormScore[] = [];
for (const kind of STORM_KINDS) {
  for (let seed = first; seed < first + count; seed += 1) scores.push(await scoreStorm(kind, seed));
}
const all = rowOf("all", scores);
const rows = [
  ...STORM_KINDS.map((kind) =>
    rowOf(
      kind,
      scores.filter((score) => score.kind === kind),
    ),
  ),
  all,
];
console.log(table(rows));
const worst = scores.filter((score) => wrongness(score) > 0).sort((a, b) => wrongness(b) - wrongness(a));
if (worst.length > 0)
  console.log(`\nfarthest from the truth (${worst.length} of ${scores.length} storms are not wholly right):`);
for (const score of worst.slice(0, WORST_SHOWN))
  console.log(`  ${score.storm}  ${shown(score.ours)}  (${score.alerts} alerts)`);
console.log(`\n${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
if (options.json) writeFileSync(options.json, `${JSON.stringify(report(rows, scores), null, 2)}\n`);
const short = [precision(all.ours), recall(all.ours)].some((share) => (share ?? 0) < GATE);
if (short && !options["no-gate"]) {
  console.error(`Below ${GATE} over all.`);
  process.exitCode = 1;
}
