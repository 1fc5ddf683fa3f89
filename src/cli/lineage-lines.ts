import type { Consumer, Lineage, Reached } from "../core/correlate/lineage.ts";
import type { AssetAttributes } from "../core/correlate/lineage-attributes.ts";
import type { DocumentName } from "../core/correlate/lineage-document.ts";
import { type LineageTree, lineageTree } from "../core/correlate/lineage-tree.ts";
import { plural } from "../core/plural.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";
import { columns, plain } from "./terminal.ts";

/** Lineage as lines for a terminal, made to be pasted into a message, and as JSON. */

/** A statement in force. */
export type Statement = Omit<DocumentName, "at"> & {
  version: number;
  assets: number;
  edges: number;
  statedAt: string | null;
  receivedAt: string;
};

/** A tree is cut after so many assets, the farthest first. */
const MAX_LINES = 500;

export function statementLines(statements: Statement[], totals: { assets: number; edges: number }): string[] {
  const rows = statements.map(({ provider, key, version, assets, edges, receivedAt }) => [
    provider,
    plain(key),
    String(version),
    String(assets),
    String(edges),
    receivedAt,
  ]);
  return [
    ...columns([["PROVIDER", "KEY", "VERSION", "ASSETS", "EDGES", "RECEIVED"], ...rows]),
    "",
    `${plural(statements.length, "statement")}. Together ${plural(totals.assets, "asset")} and ${plural(totals.edges, "edge")}.`,
  ];
}

export function assetLines(lineage: Lineage, id: number): string[] {
  const said = lineage.attributes(id);
  const facts: [string, string][] = [
    ["kind", said.type === null || said.type === said.kind ? said.kind : `${said.kind} (${said.type})`],
    ["title", said.title ?? ""],
    ["owner", said.owners.map(ownerOf).join(", ")],
    ["group", said.groups.join(", ")],
    ["tier", said.tiers.join(", ")],
    ["maturity", said.maturity ?? ""],
    ["tags", said.tags.join(", ")],
    ["about", said.description ?? ""],
    ["page", said.url ?? ""],
    ["files", said.paths.join(", ")],
    ["tests", said.tests.join(", ")],
    ["stated by", said.statedBy.map(stater).join(", ")],
  ];
  return [
    plain(assetId(said.asset)),
    ...facts
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `  ${name.padEnd(10)} ${plain(value)}`),
    ...neighbours(lineage, "Reads", lineage.parents(id), said.asset),
    ...neighbours(lineage, "Read by", lineage.children(id), said.asset),
    ...consumerLines(lineage.consumersOf(id)),
  ];
}

function neighbours(lineage: Lineage, head: string, ids: number[], beside: Asset): string[] {
  const lines = inOrder(lineage, ids).map((id) => `  ${described(lineage.attributes(id), beside)}`);
  return ["", `${head} ${lines.length === 0 ? "nothing" : plural(lines.length, "asset")}`, ...lines];
}

function consumerLines(consumers: Consumer[]): string[] {
  const lines = consumers.map((consumer) => {
    const url = consumer.url === null ? "" : `  ${plain(consumer.url)}`;
    return `${line(consumer.distance, "", [titled(consumer), ...qualities(consumer)].join(", "))}${url}`;
  });
  return lines.length === 0 ? [] : ["", `Consumers (${lines.length})`, ...lines];
}

/** What lies above or below an asset. */
export type Reach = {
  id: number;
  direction: "downstream" | "upstream";
  depth: number | null;
  reached: Reached[];
  /** Exposures and dashboards below it. */
  consumers: Consumer[];
};

export function reachOf(
  lineage: Lineage,
  id: number,
  direction: Reach["direction"],
  maxDepth: number | undefined,
): Reach {
  const limits = maxDepth === undefined ? {} : { maxDepth };
  const down = direction === "downstream";
  return {
    id,
    direction,
    depth: maxDepth ?? null,
    reached: down ? lineage.descendants(id, limits) : lineage.ancestors(id, limits),
    consumers: down ? lineage.consumersOf(id, limits) : [],
  };
}

export function reachLines(lineage: Lineage, { id, direction, depth, reached, consumers }: Reach): string[] {
  const root = lineage.attributes(id);
  const shown = reached.slice(0, MAX_LINES);
  const leaves = new Set(consumers.map((consumer) => consumer.id));
  const tree = lineageTree(lineage, id, direction === "downstream" ? "down" : "up", shown, leaves);
  const cut = reached.length - shown.length;
  const steps = reached.reduce((most, { distance }) => Math.max(most, distance), 0);
  const within = depth === null ? "" : ` within ${plural(depth, "step")}`;
  const total =
    reached.length === 0
      ? `Nothing is ${direction} of it${within}.`
      : `${plural(reached.length, "asset")} ${direction}${within || `, up to ${plural(steps, "step")} away`}.`;
  return [
    line(0, "", [plain(assetId(root.asset)), ...qualities(root)].join(", ")),
    ...treeLines(lineage, tree, root.asset, ""),
    ...(cut > 0 ? [`     and ${cut} more, farther away: --depth shows fewer, --json all`] : []),
    ...consumerLines(consumers),
    "",
    total,
  ];
}

function treeLines(lineage: Lineage, tree: LineageTree, beside: Asset, indent: string): string[] {
  return tree.branches.flatMap((branch, at) => {
    const last = at === tree.branches.length - 1;
    return [
      line(
        branch.distance,
        `${indent}${last ? "└─ " : "├─ "}`,
        described(lineage.attributes(branch.id), beside),
      ),
      ...treeLines(lineage, branch, beside, `${indent}${last ? "   " : "│  "}`),
    ];
  });
}

export function pathLines(lineage: Lineage, path: number[]): string[] {
  const [from, to] = [lineage.attributes(path[0]!), lineage.attributes(path.at(-1)!)];
  return [
    `${plain(assetId(from.asset))} is ${plural(path.length - 1, "step")} upstream of ${plain(assetId(to.asset))}.`,
    "",
    ...path.map((id, at) => {
      const said = described(lineage.attributes(id), at === 0 ? null : from.asset);
      const by =
        at === 0
          ? ""
          : `  [${lineage
              .statedBy(path[at - 1]!, id)
              .map(stater)
              .join(", ")}]`;
      return line(at, at === 0 ? "" : "→ ", plain(`${said}${by}`));
    }),
  ];
}

/** The asset by its own words, without the namespace where that is the one it stands beside. */
function described(said: AssetAttributes, beside: Asset | null): string {
  const { asset } = said;
  const name = asset.namespace === beside?.namespace ? asset.name : assetId(asset);
  return [plain(name), ...qualities(said)].join(", ");
}

function titled({ title, asset }: AssetAttributes): string {
  return plain(title === null || title === asset.name ? assetId(asset) : `${title} (${assetId(asset)})`);
}

function qualities({ kind, owners, tiers }: AssetAttributes): string[] {
  return [
    ...(kind === "other" ? [] : [kind as string]),
    ...(owners.length > 0 ? [`owner ${owners.map(ownerOf).join(" and ")}`] : []),
    ...(tiers.length > 0 ? [`tier ${tiers[0]}`] : []),
  ].map(plain);
}

function ownerOf({ name, email }: AssetAttributes["owners"][number]): string {
  return name !== null && email !== null && name !== email ? `${name} <${email}>` : (name ?? email ?? "");
}

function stater({ provider, key }: DocumentName): string {
  return `${provider} ${key}`;
}

function line(step: number, indent: string, text: string): string {
  return `${String(step).padStart(3)}  ${indent}${text}`;
}

function inOrder(lineage: Lineage, ids: number[]): number[] {
  return ids.toSorted((a, b) => (lineage.name(a) < lineage.name(b) ? -1 : 1));
}

export function assetJson(lineage: Lineage, id: number) {
  return {
    ...lineage.attributes(id),
    parents: inOrder(lineage, lineage.parents(id)).map((each) => briefly(lineage, each)),
    children: inOrder(lineage, lineage.children(id)).map((each) => briefly(lineage, each)),
    consumers: lineage.consumersOf(id).map(withoutId),
  };
}

export function reachJson(lineage: Lineage, { id, direction, depth, reached, consumers }: Reach) {
  const far = reached.toSorted(
    (a, b) => a.distance - b.distance || (lineage.name(a.id) < lineage.name(b.id) ? -1 : 1),
  );
  return {
    ...briefly(lineage, id),
    direction,
    depth,
    reached: far.map((each) => ({ ...briefly(lineage, each.id), distance: each.distance })),
    consumers: consumers.map(withoutId),
  };
}

export function pathJson(lineage: Lineage, path: number[]) {
  return {
    path: path.map((id, distance) => ({
      ...briefly(lineage, id),
      distance,
      statedBy: distance === 0 ? [] : lineage.statedBy(path[distance - 1]!, id),
    })),
  };
}

function briefly(lineage: Lineage, id: number) {
  const { asset, kind, title, owners, tiers } = lineage.attributes(id);
  return { asset, kind, title, owners, tiers };
}

/** Numbers of assets mean nothing to anybody else. */
function withoutId({ id: _, ...consumer }: Consumer) {
  return consumer;
}
