import { Command, InvalidArgumentError, Option } from "commander";
import { loadConfig } from "../config.ts";
import { buildLineage, type Lineage } from "../core/correlate/lineage.ts";
import { lookUp } from "../core/correlate/lineage-lookup.ts";
import { Refusal } from "../core/refusal.ts";
import { assetId } from "../core/signal/asset.ts";
import { datasetKey } from "../core/signal/dataset.ts";
import { openForReading } from "../store/open.ts";
import { readsOf } from "../store/reads.ts";
import { withDatabase } from "./database.ts";
import {
  assetJson,
  assetLines,
  pathJson,
  pathLines,
  reachJson,
  reachLines,
  reachOf,
  type Statement,
  statementLines,
} from "./lineage-lines.ts";
import { guarded, processTerminal, type Terminal } from "./terminal.ts";

const ASSET = "namespace/name, or the end of that where there is only one such: orders, analytics.orders";
/** How many assets a refusal lists to choose from. */
const CHOICES = 20;

/** `breakwater lineage show|path|downstream|upstream`: works beside the running bot, and without it. */
export function lineageCommand(terminal: Terminal = processTerminal): Command {
  const command = new Command("lineage")
    .description("Look at what depends on what, as dbt, OpenLineage and your files say")
    .addHelpText("after", HELP);
  command
    .command("show")
    .description("List who states lineage, and how much; or with an asset, all that is known of it")
    .argument("[asset]", ASSET)
    .option("--json", "print it as JSON")
    .action(
      guarded(terminal, (asset: string | undefined, options: Options) => show(terminal, asset, options)),
    );
  command
    .command("path")
    .description("Print a shortest way between two assets, downstream, and who states each step")
    .argument("<from>", ASSET)
    .argument("<to>", "the other one; which of the two is upstream does not matter")
    .option("--json", "print it as JSON")
    .action(
      guarded(terminal, (from: string, to: string, options: Options) => path(terminal, from, to, options)),
    );
  for (const direction of ["downstream", "upstream"] as const) {
    command
      .command(direction)
      .description(
        direction === "downstream"
          ? "Print what an asset breaks when it breaks: a tree, and its consumers with their owners"
          : "Print what an asset is made from, as a tree: where the cause of its failure may be",
      )
      .argument("<asset>", ASSET)
      .addOption(new Option("--depth <steps>", "how far to look; all the way if left out").argParser(stepsOf))
      .option("--json", "print it as JSON")
      .action(
        guarded(terminal, (asset: string, options: Options) => reach(terminal, asset, direction, options)),
      );
  }
  return command;
}

type Options = { json?: boolean; depth?: number };

const HELP = `
Lineage says which alerts are one problem: what fails downstream of an open incident joins it as impact.

An asset is given as namespace/name, or by the end of that where only one asset ends so; upper and
lower case are the same. An exposure or dashboard may be given by its title.

Examples:
  breakwater lineage show                                   who states lineage, since when, how much
  breakwater lineage show analytics.orders                  kind, owner, tier, files, neighbours, consumers
  breakwater lineage downstream snowflake://acme/RAW.SHOP.ORDERS   what breaks with it
  breakwater lineage downstream orders --depth 1            what reads it directly
  breakwater lineage upstream "Board pack"                  what a dashboard is made from
  breakwater lineage path raw.orders "Board pack"           how one leads to the other

Lines begin with the number of steps. A name without a namespace is in that of the first line.
docs/lineage.md says how lineage is fed.`;

async function show(terminal: Terminal, written: string | undefined, options: Options): Promise<void> {
  const { lineage, statements } = await load();
  if (written === undefined) {
    const { assets, edges } = lineage.counts;
    const totals = { statements: statements.length, assets, edges };
    print(terminal, options, { statements, totals }, () => statementLines(statements, totals));
    return;
  }
  const id = find(lineage, written);
  print(terminal, options, assetJson(lineage, id), () => assetLines(lineage, id));
}

async function path(terminal: Terminal, from: string, to: string, options: Options): Promise<void> {
  const { lineage } = await load();
  const ids = [find(lineage, from), find(lineage, to)] as const;
  const [a, b] = ids.map((id) => assetId(lineage.asset(id)));
  if (ids[0] === ids[1]) throw new Refusal("invalid", `${from} and ${to} are both ${a}.`);
  const down = lineage.path(ids[0], ids[1]);
  const way = down ?? lineage.path(ids[1], ids[0]);
  if (!way)
    throw new Refusal(
      "not_found",
      `Neither of ${a} and ${b} is upstream of the other. \`lineage upstream\` of each shows whether they have an origin in common.`,
    );
  print(terminal, options, pathJson(lineage, way), () => pathLines(lineage, way));
}

async function reach(
  terminal: Terminal,
  written: string,
  direction: "downstream" | "upstream",
  options: Options,
): Promise<void> {
  const { lineage } = await load();
  const reached = reachOf(lineage, find(lineage, written), direction, options.depth);
  print(terminal, options, reachJson(lineage, reached), () => reachLines(lineage, reached));
}

function print(terminal: Terminal, options: Options, json: unknown, lines: () => string[]): void {
  if (options.json) terminal.out(JSON.stringify(json, null, 2));
  else for (const line of lines()) terminal.out(line);
}

/** The graph as the bot has it: of all statements in force. */
async function load(): Promise<{ lineage: Lineage; statements: Statement[] }> {
  const all = await withDatabase(loadConfig(process.env), openForReading, (db) => readsOf(db).lineage());
  // What was taken back is kept as a statement of nothing.
  const stored = all.filter(({ document }) => document.assets.length > 0);
  if (stored.length === 0)
    throw new Refusal(
      "not_found",
      "No lineage is known yet. Post a dbt manifest to /v1/lineage/dbt, or name a file under `lineage` in breakwater.yaml; docs/lineage.md shows how.",
    );
  return {
    lineage: buildLineage(
      stored.map(({ document }) => document),
      datasetKey,
    ),
    statements: stored.map(({ document: { provider, key, at, assets, edges }, version, receivedAt }) => ({
      provider,
      key,
      version,
      assets: assets.length,
      edges: edges.length,
      statedAt: at,
      receivedAt,
    })),
  };
}

function find(lineage: Lineage, written: string): number {
  const lookup = lookUp(lineage, written);
  if (lookup.is === "found") return lookup.id;
  const named = (ids: number[]) => ids.map((id) => `  ${assetId(lineage.asset(id))}`);
  if (lookup.is === "several") {
    const { ids } = lookup;
    const more = ids.length > CHOICES ? [`  and ${ids.length - CHOICES} more`] : [];
    const choices = [...named(ids.slice(0, CHOICES)), ...more].join("\n");
    throw new Refusal(
      "invalid",
      `${written} may be any of ${ids.length} assets. Give more of the name:\n${choices}`,
    );
  }
  const near =
    lookup.near.length > 0
      ? ` Is it one of these?\n${named(lookup.near).join("\n")}`
      : " Write it as namespace/name; `lineage show` says who states lineage.";
  throw new Refusal("not_found", `The lineage has no ${written}.${near}`);
}

function stepsOf(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write a number of steps, such as 2.");
}
