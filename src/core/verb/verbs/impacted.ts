import type { Asset } from "../../signal/asset.ts";
import { parseAssetId } from "../../signal/dataset.ts";
import { does, LIMITS, misused, within } from "../ask.ts";
import { takeAssets } from "../asset-words.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const impacted: Verb = {
  name: "impacted",
  aliases: ["affected"],
  usage: "<asset> [reason]",
  help: "Another asset is wrong too",
  example: "impacted orders_daily reads the broken table",
  also: [
    {
      usage: "<namespace/name> [reason]",
      help: "One that neither alerts nor lineage have told of",
      example: "impacted snowflake://acme/sales.orders_daily reads the broken table",
    },
  ],
  about: "incident",
  group: "data",
  parse(rest, context) {
    const said = takeAssets(plainText(rest, context.names), context.incident);
    if (!said || said.assets.length === 0) throw misused(impacted, "Which asset?");
    const reason = within(said.rest, LIMITS.reason, "reason") || null;
    return does({ type: "name_assets", assets: said.assets.map(named), reason });
  },
};

function named(word: string): Asset | string {
  const asset = parseAssetId(word);
  if (!asset && word.includes("/"))
    throw misused(impacted, "Write where the asset lives and its name, parted by a slash.");
  if (!asset) return within(word, 1000, "name");
  within(asset.namespace, 500, "namespace");
  within(asset.name, 1000, "name");
  return asset;
}
