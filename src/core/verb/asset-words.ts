import type { IncidentState } from "../incident/state.ts";
import { assetId } from "../signal/asset.ts";
import { takeQuoted, takeWord } from "./words.ts";

/**
 * The assets that a line begins with, as typed, and the words behind them: `orders, customers backfilled by hand`.
 * `all` is an empty list, which commands read as every one that is left; null is a line that names none. A name with spaces is read when the incident
 * has an asset of that name, or when it stands in quotes.
 */
export function takeAssets(
  text: string,
  incident: IncidentState | null,
): { assets: string[]; rest: string } | null {
  const known = namesOf(incident);
  const assets: string[] = [];
  let left = text;
  let more = true;
  while (more && left !== "") {
    const { word, rest } = takeAsset(left, known);
    more = word.endsWith(",") || rest.startsWith(",");
    assets.push(...word.split(",").filter(Boolean));
    left = rest.replace(/^,\s*/, "");
  }
  if (assets.length === 0) return null;
  const rest = left.replace(/^[:;–—-]\s*/, "");
  return assets.length === 1 && /^(?:all|everything)$/i.test(assets[0]!)
    ? { assets: [], rest }
    : { assets, rest };
}

/** Longest first, so that `Weekly sales EU` is not read as `Weekly sales` and a reason. */
function namesOf(incident: IncidentState | null): string[] {
  const assets = [...(incident?.assets.values() ?? [])].map((known) => known.asset);
  return assets.flatMap((asset) => [asset.name, assetId(asset)]).sort((a, b) => b.length - a.length);
}

function takeAsset(text: string, known: string[]): { word: string; rest: string } {
  const name = known.find((n) => text.startsWith(n) && /^(?:[\s,:;]|$)/.test(text.slice(n.length)));
  if (name) return { word: name, rest: text.slice(name.length).trim() };
  const quoted = takeQuoted(text);
  if (quoted?.word) return quoted;
  const { word, rest } = takeWord(text);
  return { word: word.replace(/[:;]$/, ""), rest };
}
