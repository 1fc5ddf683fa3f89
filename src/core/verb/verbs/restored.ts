import { does, form, LIMITS, within } from "../ask.ts";
import { takeAssets } from "../asset-words.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const restored: Verb = {
  name: "restored",
  aliases: ["restore", "recovered"],
  usage: "<asset|all> [reason]",
  help: "The data of an asset is right again, and checked",
  example: "restored orders row counts match the source",
  also: [
    { usage: "all [reason]", help: "Everything that is left", example: "restored all backfill checked" },
  ],
  about: "incident",
  group: "data",
  parse(rest, context) {
    const said = takeAssets(plainText(rest, context.names), context.incident);
    if (!said) return form("restored");
    return does({
      type: "restore",
      assets: said.assets,
      reason: within(said.rest, LIMITS.reason, "reason") || null,
    });
  },
};
