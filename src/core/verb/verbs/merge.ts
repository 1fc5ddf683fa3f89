import { LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, takeKey } from "../words.ts";

export const merge: Verb = {
  name: "merge",
  aliases: [],
  usage: "<INC-n> [reason]",
  help: "Merge this incident into another",
  example: "merge INC-2 the same broken load",
  about: "incident",
  namesAnother: "first",
  group: "alerts",
  parse(rest, context) {
    const words = plainText(rest, context.names).replace(/^(?:in)?to\s+/i, "");
    const into = takeKey(words);
    if (!into) throw misused(merge, "Into which incident?");
    return { kind: "merge", into: into.key, reason: within(into.rest, LIMITS.reason, "reason") || null };
  },
};
