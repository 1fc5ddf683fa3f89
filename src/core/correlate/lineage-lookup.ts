import { distance } from "fastest-levenshtein";
import { assetId } from "../signal/asset.ts";
import { parseAssetId } from "../signal/dataset.ts";
import type { Lineage } from "./lineage.ts";

/**
 * The asset that somebody means by what they typed:
 * - `found`: it can only be this one.
 * - `several`: it may be any of these, in order of name.
 * - `unknown`: none; `near` are those that it may be a slip of.
 */
export type Lookup =
  | { is: "found"; id: number }
  | { is: "several"; ids: number[] }
  | { is: "unknown"; near: number[] };

const NEAR = { most: 5, slips: 2 } as const;

/**
 * Looks an asset up by `namespace/name`, by the last parts of that (`orders`, `analytics.orders`), or by its title,
 * in whatever case. The first of these ways by which anything fits decides.
 */
export function lookUp(lineage: Lineage, written: string): Lookup {
  const asset = parseAssetId(written);
  const resolved = asset && lineage.resolve(asset);
  if (resolved) return { is: "found", id: resolved.id };
  const text = written.trim().toLowerCase();
  const ids = lineage.ids();
  const names = new Map(ids.map((id) => [id, namesOf(lineage, id)]));
  for (const fits of WAYS) {
    const fitting = ids.filter((id) => names.get(id)!.some((name) => fits(name, text)));
    if (fitting.length === 1) return { is: "found", id: fitting[0]! };
    if (fitting.length > 1) return { is: "several", ids: byName(lineage, fitting) };
  }
  const titled = ids.filter((id) => lineage.attributes(id).title?.toLowerCase() === text);
  if (titled.length === 1) return { is: "found", id: titled[0]! };
  if (titled.length > 1) return { is: "several", ids: byName(lineage, titled) };
  return { is: "unknown", near: nearest(lineage, names, (asset?.name ?? text).toLowerCase()) };
}

/** As the asset is shown, and as it is compared: people paste either. */
function namesOf(lineage: Lineage, id: number): string[] {
  return [assetId(lineage.asset(id)), lineage.name(id)].map((name) => name.toLowerCase());
}

const WAYS: ((name: string, text: string) => boolean)[] = [
  (name, text) => name === text,
  (name, text) => name.endsWith(`.${text}`) || name.endsWith(`/${text}`),
];

function byName(lineage: Lineage, ids: number[]): number[] {
  return ids.toSorted((a, b) => (lineage.name(a) < lineage.name(b) ? -1 : 1));
}

/** Those that hold the text, or whose last part is a slip of the text's last part away. */
function nearest(lineage: Lineage, names: ReadonlyMap<number, string[]>, text: string): number[] {
  const last = lastPart(text);
  const slipsOf = new Map<number, number>();
  for (const [id, [shown]] of names) {
    const slips = shown!.includes(text) ? 0 : distance(lastPart(shown!), last);
    if (slips <= Math.min(NEAR.slips, Math.floor(last.length / 3))) slipsOf.set(id, slips);
  }
  return byName(lineage, [...slipsOf.keys()])
    .sort((a, b) => slipsOf.get(a)! - slipsOf.get(b)!)
    .slice(0, NEAR.most);
}

function lastPart(name: string): string {
  return name.split(/[./]/).at(-1)!;
}
