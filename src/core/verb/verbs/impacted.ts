import type { Command, NamesAsset } from "../../incident/command.ts";
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
    return does(...said.assets.map((word) => added(word, reason)));
  },
};

function added(word: string, reason: string | null): Command | NamesAsset {
  const asset = parseAssetId(word);
  if (!asset && word.includes("/"))
    throw misused(impacted, "Write where the asset lives and its name, parted by a slash.");
  if (!asset) return { type: "name_asset", name: within(word, 1000, "name"), reason };
  within(asset.namespace, 500, "namespace");
  within(asset.name, 1000, "name");
  return { type: "add_asset", asset, reason };
}
