import { parseAssetId } from "../../signal/dataset.ts";
import { does, LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, takeQuoted, takeWord } from "../words.ts";

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
    const words = plainText(rest, context.names);
    const { word, rest: behind } = takeQuoted(words) ?? takeWord(words);
    if (word === "") throw misused(impacted, "Which asset?");
    const reason = within(behind, LIMITS.reason, "reason") || null;
    const asset = parseAssetId(word);
    if (!asset && word.includes("/"))
      throw misused(impacted, "Write where the asset lives and its name, parted by a slash.");
    if (!asset) return does({ type: "name_asset", name: within(word, 1000, "name"), reason });
    within(asset.namespace, 500, "namespace");
    within(asset.name, 1000, "name");
    return does({ type: "add_asset", asset, reason });
  },
};
