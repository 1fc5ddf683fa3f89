import { distance } from "fastest-levenshtein";
import { lookUp } from "../core/correlate/lineage-lookup.ts";
import type { IncidentState } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";
import { datasetKey } from "../core/signal/dataset.ts";
import { isCalled } from "../core/verb/alert-words.ts";
import type { Batch } from "./batch.ts";

/** As many names a refusal lists to choose from. */
const CHOICES = 5;

/** The assets that a person names, each as `assetNamed` finds it; one that is not found refuses them all. */
export async function assetsNamed(
  batch: Batch,
  state: IncidentState,
  said: readonly (Asset | string)[],
): Promise<Asset[]> {
  const found: Asset[] = [];
  for (const asset of said)
    found.push(typeof asset === "string" ? await assetNamed(batch, state, asset) : asset);
  return found;
}

/**
 * The asset that a person means by a name that is not whole: the incident's, else lineage's, else another open incident's.
 * One that none of them has is asked about, since what is added has to be recovered before the incident can end.
 */
async function assetNamed(batch: Batch, state: IncidentState, name: string): Promise<Asset> {
  const { lineage } = batch.memory;
  const looked = lookUp(lineage!, name);
  const own = assetsOf([state]);
  const others = assetsOf(
    await Promise.all((await batch.ledger.openIncidents()).map((key) => batch.state(key))),
  );
  const said = name.toLowerCase();
  const stated = looked.is === "found" ? [looked.id] : looked.is === "several" ? looked.ids : [];
  const ways = [
    own.filter((asset) => isCalled(asset, said)),
    stated.map((id) => lineage!.asset(id)),
    others.filter((asset) => isCalled(asset, said)),
  ];
  const found = ways.find((assets) => assets.length > 0) ?? [];
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw new Refusal("invalid", `\`${name}\` is one of several: ${choice(found)}. Write it in full.`);
  const near = looked.is === "unknown" ? looked.near.map((id) => lineage!.asset(id)) : [];
  const slips = unique([...own, ...near, ...others].filter((asset) => isSlip(asset, said)));
  const meant = slips.length > 0 ? `Did you mean ${choice(slips)}?` : "Is it called something else?";
  const full = assetId({ namespace: (own[0] ?? { namespace: "snowflake://acme" }).namespace, name });
  throw new Refusal(
    "not_found",
    `Neither ${state.key} nor lineage nor another open incident has \`${name}\`. ${meant} What nobody has told of yet is written in full: \`${full}\`.`,
  );
}

function assetsOf(states: IncidentState[]): Asset[] {
  return unique(states.flatMap(({ assets }) => [...assets.values()].map(({ asset }) => asset)));
}

/** One table that tools write in several ways is one. */
function unique(assets: Asset[]): Asset[] {
  return [...new Map(assets.map((asset) => [datasetKey(asset), asset] as const)).values()];
}

function isSlip(asset: Asset, said: string): boolean {
  const [last, meant] = [assetId(asset).toLowerCase(), said].map((name) => name.split(/[./]/).at(-1)!);
  return last!.includes(meant!) || distance(last!, meant!) <= Math.min(2, Math.floor(meant!.length / 3));
}

function choice(assets: Asset[]): string {
  const more = assets.length - CHOICES;
  const names = assets.slice(0, CHOICES).map((asset) => `\`${assetId(asset)}\``);
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
