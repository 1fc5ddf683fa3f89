import { does, form, LIMITS, within } from "../ask.ts";
import { takeAssets } from "../asset-words.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const waive: Verb = {
  name: "waive",
  aliases: [],
  usage: "<asset|all> <reason>",
  help: "Leave an asset's data as it is, and say why",
  example: "waive orders_archive nobody reads it any more",
  about: "incident",
  group: "data",
  parse(rest, context) {
    const said = takeAssets(plainText(rest, context.names), context.incident);
    if (!said?.rest) return form("waive", said ? { assets: said.assets } : undefined);
    return does({ type: "waive", assets: said.assets, reason: within(said.rest, LIMITS.reason, "reason") });
  },
};
