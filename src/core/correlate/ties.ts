import type { Asset } from "../signal/asset.ts";
import type { KnownChange } from "../signal/change.ts";
import type { Lineage } from "./lineage.ts";
import type { Tie } from "./suspect-words.ts";
import {
  type AssetKey,
  compilePathRules,
  type PathRule,
  repositoryName,
  type Touch,
  touchedAsset,
  touchesOf,
} from "./touched.ts";
import { type Above, upstreamOf } from "./upstream.ts";

/** What is known of an incident when its causes are looked for. */
export type BrokenData = {
  /** When the data broke, ISO 8601 UTC. */
  startedAt: string;
  assets: Asset[];
  originAsset: Asset | null;
  environment?: string | null;
};

/**
 * How much each tie says. What touches the data is always above what may concern everything, and that above what is
 * only close in time; a step farther up takes from an ancestor, down to a floor.
 */
const RELEVANCE = {
  itself: 1,
  parent: 0.9,
  farthest: 0.4,
  perStep: 0.8,
  /** Once the likely origin is known, what only touches other assets that are affected. */
  besideOrigin: 0.8,
  sharedFile: 0.6,
  repository: 0.35,
  platformHere: 0.35,
  platform: 0.3,
  group: 0.25,
  time: 0.1,
  unplaced: 0.08,
  elsewhere: 0.05,
} as const;

/** A change with what links it to what is broken. Changes of one commit have the same `commit`. */
export type Linked = { change: KnownChange; commit: string; tie: Tie };
type Found = { change: KnownChange; commit: string; paths: string[]; touched: Touch[]; tie: Tie | null };

/** Ties each change to what is broken. Two rounds: which repositories are near is known once all files were looked at. */
export function linkChanges(
  changes: KnownChange[],
  broken: BrokenData,
  lineage: Lineage,
  rules: PathRule[],
): Linked[] {
  const compiled = compilePathRules(rules);
  const reach = reachOf(broken, lineage);
  const found = [...Map.groupBy(changes, commitOf)].flatMap(([commit, together]): Found[] => {
    // A merge often comes without its files, which the push of the same commit lists.
    const paths = [...new Set(together.flatMap(({ change }) => change.paths))].sort();
    return together.map((change) => {
      const touched = touchesOf({ ...change.change, paths }, lineage, compiled);
      return { change, commit, paths, touched, tie: touching(touched, reach, lineage) };
    });
  });
  const near = new Set(
    found.flatMap(({ change: { change }, tie }) =>
      tie !== null && change.repository !== null ? repositoryName(change.repository) : [],
    ),
  );
  const ids = [...broken.assets, broken.originAsset].flatMap(
    (asset) => (asset && lineage.resolve(asset)?.id) ?? [],
  );
  // dbt's groups are teams or domains.
  const groups = new Set(ids.flatMap((id) => lineage.attributes(id).groups));
  const around = { near, groups, isPlaced: ids.length > 0 };
  return found.map((each) => ({ ...each, tie: each.tie ?? contextOf(each, around, broken, lineage) }));
}

function commitOf({ id, change: { repository, revision } }: KnownChange): string {
  return repository && revision ? `${repositoryName(repository)}@${revision}` : id;
}

type Reach = {
  origin: Map<AssetKey, Above>;
  affected: Map<AssetKey, Above>;
  hasOrigin: boolean;
};

function reachOf({ assets, originAsset }: BrokenData, lineage: Lineage): Reach {
  return {
    origin: upstreamOf(originAsset ? [originAsset] : [], lineage),
    affected: upstreamOf(assets, lineage),
    hasOrigin: originAsset !== null,
  };
}

/** The strongest tie by an asset that it touched, with how many more of those lie upstream or are broken. */
function touching(touched: Touch[], reach: Reach, lineage: Lineage): Tie | null {
  let best: { touch: Touch; above: Above; beside: boolean; says: number } | null = null;
  let related = 0;
  for (const touch of touched) {
    const [origin, affected] = [reach.origin.get(touch.key), reach.affected.get(touch.key)];
    if (origin || affected) related += 1;
    for (const [above, beside] of [[origin, false] as const, [affected, reach.hasOrigin] as const]) {
      if (!above) continue;
      const says = nearness(touch.how, above.distance, beside);
      // `touched` stands in a fixed order, of which the first stays where two say as much.
      if (best === null || says > best.says) best = { touch, above, beside, says };
    }
  }
  if (best === null) return null;
  const { touch, above, beside } = best;
  return { kind: "touches", touched: touchedAsset(touch, lineage), ...above, beside, others: related - 1 };
}

/** Repositories and groups that are near, and whether the lineage knows anything that is broken. */
type Surroundings = { near: Set<string>; groups: Set<string>; isPlaced: boolean };

/** What a change can have to do with it although it touches nothing that is broken or upstream. */
function contextOf(
  { change: { change }, paths, touched }: Found,
  { near, groups, isPlaced }: Surroundings,
  broken: BrokenData,
  lineage: Lineage,
): Tie {
  const { repository, kind } = change;
  const mapped = lineage.pathsToAssets(paths);
  const concernsAll = paths.length === 0 || paths.some((path) => !mapped.get(path)?.length && !isProse(path));
  if (repository !== null && concernsAll && near.has(repositoryName(repository)))
    return { kind: "repository", repository };
  const known = touched.flatMap(({ key }) => (typeof key === "number" ? key : []));
  for (const id of groups.size > 0 ? known : []) {
    const group = lineage.attributes(id).groups.find((each) => groups.has(each));
    if (group !== undefined) return { kind: "group", asset: lineage.asset(id), group };
  }
  if (known.length > 0 && isPlaced) return { kind: "elsewhere", asset: lineage.asset(known[0]!) };
  const [first] = touched;
  if (first) return { kind: "unplaced", asset: touchedAsset(first, lineage).asset };
  if (!PLATFORM_WIDE.has(kind)) return { kind: "time" };
  const here = environmentOf(change.environment);
  const isHere = here !== null && here === environmentOf(broken.environment);
  return { kind: "platform", what: kind, environment: isHere ? change.environment : null };
}

/** What goes live without saying which data it concerns may concern all. A nightly run is no such news. */
const PLATFORM_WIDE: ReadonlySet<string> = new Set(["infrastructure", "deployment", "release"]);

function isProse(path: string): boolean {
  return /\.(?:md|rst|txt|png|svg|jpe?g)$/i.test(path);
}

export function relevance(tie: Tie): number {
  switch (tie.kind) {
    case "touches":
      return nearness(tie.touched.how, tie.distance, tie.beside);
    case "platform":
      return tie.environment === null ? RELEVANCE.platform : RELEVANCE.platformHere;
    case "repository":
    case "group":
    case "time":
    case "elsewhere":
    case "unplaced":
      return RELEVANCE[tie.kind];
    default:
      return tie satisfies never;
  }
}

function nearness(how: Touch["how"], distance: number, beside: boolean): number {
  const { itself, parent, farthest, perStep, besideOrigin, sharedFile } = RELEVANCE;
  const near = distance === 0 ? itself : farthest + (parent - farthest) * perStep ** (distance - 1);
  return near * (beside ? besideOrigin : 1) * (how === "shared file" ? sharedFile : 1);
}

const ENVIRONMENTS: Record<string, string> = {
  production: "prod",
  prd: "prod",
  live: "prod",
  staging: "stage",
  stg: "stage",
  development: "dev",
};

/** One word for an environment that is written in several ways. */
export function environmentOf(said: string | null | undefined): string | null {
  const word = said?.trim().toLowerCase();
  return word ? (ENVIRONMENTS[word] ?? word) : null;
}
