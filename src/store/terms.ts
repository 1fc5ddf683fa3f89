import type { IncidentState } from "../core/incident/state.ts";

const MAX_TERMS = 300;

/** The words of a text as they are searched for: lower case, letters and digits, two or more characters. */
export function words(text: string): string[] {
  return [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]{2,40}/gu) ?? [])];
}

export function assetTerm(asset: string): string {
  return `asset:${asset}`;
}

export function sourceTerm(source: string): string {
  return `source:${source}`;
}

/** What an incident is found by: its words, its sources, and the assets that changed with the batch. */
export function termsOf(state: IncidentState, changedAssets: string[]): string[] {
  const text = [
    state.key,
    state.title,
    state.summary,
    state.outcome,
    state.origin?.description,
    ...changedAssets,
  ];
  return [
    ...changedAssets.map(assetTerm),
    ...state.sources.map(sourceTerm),
    ...words(text.filter(Boolean).join(" ")).slice(0, MAX_TERMS),
  ];
}
