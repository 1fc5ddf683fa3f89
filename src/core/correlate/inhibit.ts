import { z } from "zod";
import { clip } from "../signal/alert.ts";
import { circlesOf } from "./circles.ts";
import type { Lineage } from "./lineage.ts";
import type { Matchable } from "./matcher.ts";
import { Match } from "./matcher-yaml.ts";

/**
 * Inhibition: while an alert fits `when`, alerts that fit `then` are held. Both must have the `same` labels with the
 * same values; `asset` asks for an asset in common, `upstream` for one of the firing alert's assets above one of the
 * held alert's, by lineage.
 *
 * - It is computed from the alerts that fire as they are stored, and so holds over a restart. Whether the firing alert
 *   is itself held or silenced makes no difference, as in Alertmanager.
 * - Alerts that would hold each other, directly or around a circle of rules, do not: behind each held alert there is one
 *   that fires and is not inhibited. In Alertmanager this is so within one rule; two of its rules can hold two alerts
 *   through each other, and nobody hears of either.
 * - A label that both lack is not the same, other than in Alertmanager, where it quietly makes a rule hold everything.
 * - The news that an alert has resolved is never held, and a resolved alert holds nothing.
 */
export const InhibitRule = z
  .strictObject({
    name: z.string("give it a name").trim().min(1, "give it a name").max(100),
    when: Match,
    // biome-ignore lint/suspicious/noThenProperty: it is the word in the file; what becomes of it has none.
    then: Match,
    same: z
      .array(
        z.string("write a label's name, asset or upstream").min(1, "write a label's name, asset or upstream"),
        "write a list, such as [asset] or [env, upstream]",
      )
      .default([]),
  })
  .transform(({ name, when, then: held, same }) => ({ name, when, held, same }));
export type InhibitRule = z.infer<typeof InhibitRule>;

export type FiringAlert = Matchable & { fingerprint: string };
export type Inhibited = { rule: string; by: string; reason: string };

type Node = { index: number; alert: FiringAlert; assets: number[] };
type Prepared = { rule: InhibitRule; labels: string[]; sources: Node[]; targets: ReadonlySet<Node> };
/** What a rule would hold an alert with, and how many steps of lineage above it that is. */
type Holder = { rule: InhibitRule; node: Node; distance: number };

/**
 * Answers for alerts that are among those that fire, by fingerprint; for any other with null. The order in which alerts
 * stand makes no difference. Of several holders the first rule's counts, then the nearest.
 */
export function inhibition(
  firing: readonly FiringAlert[],
  rules: readonly InhibitRule[],
  lineage: Lineage | null,
): { by(target: Pick<FiringAlert, "fingerprint" | "status">): Inhibited | null } {
  const nodes = nodesOf(firing, lineage);
  const known = new Map(nodes.map((node) => [node.alert.fingerprint, node]));
  const prepared = rules.map((rule) => prepare(rule, nodes));
  const holders = new Map<Node, Holder[]>();
  const holdersOf = (node: Node) => {
    const found = holders.get(node) ?? prepared.flatMap((each) => findHolders(each, node, lineage));
    holders.set(node, found);
    return found;
  };
  let circles: Int32Array | null = null;
  return {
    by({ fingerprint, status }) {
      const node = known.get(fingerprint);
      if (status === "resolved" || !node || holdersOf(node).length === 0) return null;
      circles ??= circlesOf(nodes.length, (index) => holdersOf(nodes[index]!).map((each) => each.node.index));
      const outside = holdersOf(node).filter((each) => circles![each.node.index] !== circles![node.index]);
      const nearest = outside
        .filter(({ rule }) => rule === outside[0]!.rule)
        .reduce<Holder | null>((best, each) => (best && best.distance <= each.distance ? best : each), null);
      return nearest && inWords(nearest, node);
    },
  };
}

/** In order of fingerprint, the last where one stands twice. */
function nodesOf(firing: readonly FiringAlert[], lineage: Lineage | null): Node[] {
  const alerts = new Map(firing.map((alert) => [alert.fingerprint, alert]));
  return [...alerts.values()]
    .filter(({ status }) => status === "firing")
    .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
    .map((alert, index) => {
      const found = lineage ? alert.assets.map(({ asset }) => lineage.resolve(asset)?.id ?? null) : [];
      return { index, alert, assets: [...new Set(found.filter((id) => id !== null))] };
    });
}

function prepare(rule: InhibitRule, nodes: Node[]): Prepared {
  return {
    rule,
    labels: rule.same.filter((each) => each !== "asset" && each !== "upstream"),
    sources: nodes.filter(({ alert }) => rule.when.try(alert).fits),
    targets: new Set(nodes.filter(({ alert }) => rule.held.try(alert).fits)),
  };
}

/** The alerts that a rule would hold this one with, never itself. */
function findHolders(
  { rule, labels, sources, targets }: Prepared,
  node: Node,
  lineage: Lineage | null,
): Holder[] {
  if (!targets.has(node)) return [];
  const alike = sources.filter(
    (source) =>
      source !== node &&
      labels.every((label) => isSameLabel(label, source.alert, node.alert)) &&
      (!rule.same.includes("asset") || shareAsset(source.alert, node.alert)),
  );
  if (!rule.same.includes("upstream")) return alike.map((source) => ({ rule, node: source, distance: 0 }));
  if (alike.length === 0 || lineage === null) return [];
  const distances = distancesAbove(node, alike, lineage);
  return alike.flatMap((source) => {
    const distance = Math.min(...source.assets.map((id) => distances.get(id) ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(distance) ? [{ rule, node: source, distance }] : [];
  });
}

/** How far above an alert's assets those of others are; the ones that are not above it are left out. */
function distancesAbove(node: Node, others: Node[], lineage: Lineage): Map<number, number> {
  const wanted = new Set(others.flatMap(({ assets }) => assets));
  const found = new Map<number, number>();
  for (const start of node.assets) {
    let missing = wanted.size;
    lineage.walk(start, "up", (id, distance) => {
      if (!wanted.has(id)) return false;
      found.set(id, Math.min(distance, found.get(id) ?? distance));
      missing -= 1;
      return missing === 0;
    });
  }
  return found;
}

function isSameLabel(name: string, a: Matchable, b: Matchable): boolean {
  const key = name.startsWith("labels.") ? name.slice("labels.".length) : name;
  return Object.hasOwn(a.labels, key) && Object.hasOwn(b.labels, key) && a.labels[key] === b.labels[key];
}

function shareAsset(a: Matchable, b: Matchable): boolean {
  const keys = new Set(a.assets.map(({ key }) => key));
  return b.assets.some(({ key }) => keys.has(key));
}

function inWords({ rule, node, distance }: Holder, target: Node): Inhibited {
  const { fingerprint, title } = node.alert;
  const steps = distance === 1 ? "1 step" : `${distance} steps`;
  const how = rule.same.map((each) => {
    if (each === "upstream") {
      const [above, below] = [node, target].map(({ alert }) =>
        clip(alert.assets[0]?.asset.name ?? "it", 120),
      );
      return `${above} is ${steps} upstream of ${below}`;
    }
    return `same ${each}`;
  });
  const why = how.length > 0 ? ` (${how.join(", ")})` : "";
  return {
    rule: rule.name,
    by: fingerprint,
    reason: `rule “${rule.name}”: “${clip(title, 150)}” fires${why}`,
  };
}
