import { compileGlob, type Glob } from "../runbook/glob.ts";
import type { Asset } from "../signal/asset.ts";
import type { ChangeSignal } from "../signal/change.ts";
import { datasetKey, parseAssetId } from "../signal/dataset.ts";
import type { Lineage } from "./lineage.ts";

/**
 * What an operator knows and no manifest says: files whose change concerns assets. `repository` and `paths` are globs
 * (`*` crosses folders, and a folder `**` may be none), `assets` are written `namespace/name`.
 */
export type PathRule = { repository?: string; paths: string[]; assets: string[] };

/** From what says most to what says least. */
const WAYS = ["named", "file", "rule", "shared file"] as const;

/** Assets that are one have one key: their number in the lineage, or the name they are compared by where it has none. */
export type AssetKey = number | string;

export function keyIn(lineage: Lineage, asset: Asset): AssetKey {
  return lineage.resolve(asset)?.id ?? datasetKey(asset);
}

/**
 * An asset that a change touched, and how that is known: the sender names it, it is defined in a file of its own, a
 * rule maps a file to it, or a file that describes many speaks of it. `path` is null where the asset is named, or where
 * the rule is about a whole repository; `among` is how many assets the file stands for.
 */
export type Touch = {
  key: AssetKey;
  /** The asset as the sender or the rule says it; null where a file led to it, see `touchedAsset`. */
  said: Asset | null;
  how: (typeof WAYS)[number];
  path: string | null;
  glob: string | null;
  among: number;
};
export type Touched = Omit<Touch, "key" | "said"> & { asset: Asset };

export type CompiledPathRule = { repository: Glob | null; paths: Glob[]; assets: Asset[] };

/** A rule whose repository is no glob is left out, as are its paths and assets that are none: the configuration check says so. */
export function compilePathRules(rules: PathRule[]): CompiledPathRule[] {
  return rules.flatMap((rule) => {
    const repository = rule.repository === undefined ? null : globOf(rule.repository);
    if (rule.repository !== undefined && repository === null) return [];
    return {
      repository,
      paths: rule.paths.flatMap(pathGlobs),
      assets: rule.assets.flatMap((written) => parseAssetId(written) ?? []),
    };
  });
}

// `models/**/orders.sql` is also `models/orders.sql`.
function pathGlobs(path: string): Glob[] {
  return [...new Set([path, path.replaceAll("**/", "")])].flatMap((each) => globOf(each) ?? []);
}

function globOf(source: string): Glob | null {
  const compiled = compileGlob(source);
  return "glob" in compiled ? compiled.glob : null;
}

/** `https://github.com/acme/shop.git` → `acme/shop`, so that two senders' names of one repository are equal. */
export function repositoryName(repository: string): string {
  return repository
    .trim()
    .toLowerCase()
    .replace(/^(?:[a-z]{1,10}:\/\/[^/]*\/|git@[^:/]*:)/, "")
    .replace(/(?:\.git)?\/?$/, "");
}

type About = Pick<ChangeSignal, "repository" | "paths" | "assets">;

/**
 * What a change touched, each asset once, by the way that says most; in order of that and of the asset's name. It is
 * known by key alone: a change may touch thousands of assets, of which few are ever shown (`touchedAsset`).
 */
export function touchesOf(change: About, lineage: Lineage, rules: CompiledPathRule[]): Touch[] {
  const best = new Map<AssetKey, Touch>();
  const compare = (a: Touch, b: Touch) =>
    WAYS.indexOf(a.how) - WAYS.indexOf(b.how) ||
    a.among - b.among ||
    order(nameOf(a, lineage), nameOf(b, lineage)) ||
    order(a.path ?? "", b.path ?? "") ||
    order(a.glob ?? "", b.glob ?? "");
  const found = [
    ...named(change.assets, lineage),
    ...inFiles(change.paths, lineage),
    ...byRules(change, lineage, rules),
  ];
  for (const each of found) {
    const known = best.get(each.key);
    if (!known || compare(each, known) < 0) best.set(each.key, each);
  }
  return [...best.values()].sort(compare);
}

export function touchedAsset({ key, said, ...how }: Touch, lineage: Lineage): Touched {
  // A key that is no number is only ever given to an asset that somebody said.
  return { ...how, asset: said ?? lineage.asset(key as number) };
}

function nameOf({ key }: Touch, lineage: Lineage): string {
  return typeof key === "number" ? lineage.name(key) : key;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function named(assets: Asset[], lineage: Lineage): Touch[] {
  return assets.map((said) => ({
    key: keyIn(lineage, said),
    said,
    how: "named",
    path: null,
    glob: null,
    among: 1,
  }));
}

function inFiles(paths: string[], lineage: Lineage): Touch[] {
  return [...lineage.pathsToAssets(paths)].flatMap(([path, ids]) => {
    const how = isShared(path, ids.length) ? "shared file" : "file";
    return ids.map((key): Touch => ({ key, said: null, how, path, glob: null, among: ids.length }));
  });
}

/** The file of one model stands for a few assets where the project is built for several targets (prod, ci). */
const TARGETS = 3;

function isShared(path: string, assets: number): boolean {
  return assets > (isDescription(path) ? 1 : TARGETS);
}

/** YAML beside a model only describes it. */
export function isDescription(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

function byRules({ repository, paths }: About, lineage: Lineage, rules: CompiledPathRule[]): Touch[] {
  return rules.flatMap((rule) => {
    if (rule.repository && !isIn(repository, rule.repository)) return [];
    const touch = (path: string | null, glob: Glob) =>
      rule.assets.map(
        (said): Touch => ({
          key: keyIn(lineage, said),
          said,
          how: "rule",
          path,
          glob: glob.source,
          among: 1,
        }),
      );
    // Many deployments name the repository and no file: a rule about all of its files holds for them.
    if (paths.length === 0 && rule.repository) {
      const all = rule.paths.find((glob) => glob.matches(""));
      return all ? touch(null, rule.repository) : [];
    }
    for (const path of paths) {
      const glob = rule.paths.find((each) => each.matches(path));
      if (glob) return touch(path, glob);
    }
    return [];
  });
}

function isIn(repository: string | null, glob: Glob): boolean {
  return repository !== null && (glob.matches(repository) || glob.matches(repositoryName(repository)));
}
