import type { RecordedEvent } from "../core/incident/events.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";

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

/** What an event adds to what its incident is found by: words, assets, sources. */
export function termsOf({ incident, body }: Pick<RecordedEvent, "incident" | "body">): string[] {
  switch (body.type) {
    case "opened":
      return words([incident, body.title, body.origin?.description].filter(Boolean).join(" ")).slice(
        0,
        MAX_TERMS,
      );
    case "title_changed":
      return words(body.title);
    case "summary_set":
    case "resolved":
      return words(body.text).slice(0, MAX_TERMS);
    case "cause_named":
      return words(body.text).slice(0, MAX_TERMS);
    case "cancelled":
      return words(body.reason).slice(0, MAX_TERMS);
    case "alert_attached":
      return [
        sourceTerm(body.source),
        ...words(body.title),
        ...[...body.assets, ...body.impacted].flatMap(assetTerms),
      ];
    case "origin_found":
      return words(body.title);
    case "alerts_received":
      return [...body.sources.map(sourceTerm), ...body.assets.flatMap(assetTerms)];
    case "absorbed":
      return [...(body.sources ?? []).map(sourceTerm), ...body.assets.flatMap(assetTerms)];
    case "alert_refired":
    case "alert_widened":
      return [...body.assets, ...(body.impacted ?? [])].flatMap(assetTerms);
    case "asset_added":
      return assetTerms(body.asset);
    default:
      return [];
  }
}

function assetTerms(asset: Asset): string[] {
  return [assetTerm(assetId(asset)), ...words(asset.name)];
}
