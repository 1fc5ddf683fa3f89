import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gateVerdict, REACHED } from "./gate.ts";
import { LINES } from "./lines.ts";
import { measureLines, type Report } from "./measure.ts";
import { markdownTable, textTable } from "./table.ts";

/**
 * How fast Breakwater is, beside what it is to be measured by, all as real processes on this machine. What each line
 * means, and how to read it: docs/performance.md.
 */
const HELP = `npm run bench -- [options]

  --rounds N     rounds of each measurement (5); each measures ours and the references in turn
  --only IDS     lines to measure, such as I1,T3, or all of a letter: I
  --full         a million incidents and a million alerts; takes long
  --quick        small sizes, short times: does it run? The numbers mean nothing
  --gate         short, for CI: fails where ours falls below half of what it reached beside the bare floor
  --json FILE    writes all numbers ("-": to standard output, without the table)
  --markdown     prints the table as Markdown
`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string" },
    only: { type: "string" },
    full: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    gate: { type: "boolean", default: false },
    json: { type: "string" },
    markdown: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

function chosenLines() {
  if (options.gate) return LINES.filter(({ id }) => Object.hasOwn(REACHED, id));
  if (options.only === undefined) return LINES;
  const asked = options.only.split(",").map((id) => id.trim().toLowerCase());
  const unknown = asked.find((id) => !LINES.some((line) => belongs(line.id, id)));
  if (unknown !== undefined)
    refuse(`There is no line ${unknown}. The lines are ${LINES.map(({ id }) => id).join(", ")}.`);
  return LINES.filter((line) => asked.some((id) => belongs(line.id, id)));
}

/** `I1` is I1; `I4` is I4a to I4e; `I` is all of them. */
function belongs(line: string, asked: string): boolean {
  const id = line.toLowerCase();
  return id === asked || (id.startsWith(asked) && !(/\d$/.test(asked) && /^\d/.test(id.slice(asked.length))));
}

function roundsWanted(): number {
  const rounds = Number(options.rounds ?? (options.quick ? 1 : options.gate ? 3 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) refuse("--rounds is a whole number, 1 or more.");
  return rounds;
}

function print(report: Report): void {
  if (options.json === "-") {
    console.log(JSON.stringify(report, null, 2));
    return;
  }
  console.log(options.markdown ? markdownTable(report.rows) : textTable(report.rows));
  console.log(`\n${report.machine.words}`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

if (options.help) {
  console.log(HELP);
} else {
  const { quick, full, gate } = options;
  const report = await measureLines(chosenLines(), { rounds: roundsWanted(), quick, full, short: gate });
  print(report);
  if (gate) {
    const { words, passed } = gateVerdict(report.rows);
    console.error(words);
    process.exitCode = passed ? 0 : 1;
  }
}
