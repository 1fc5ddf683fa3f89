import { LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, takeWord } from "../words.ts";

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
    const { word, rest: reason } = takeWord(words);
    const match = /^#?(INC|DRILL)[-‐‑‒–—−](\d{1,9})[,:;.]?$/i.exec(word.normalize("NFKC"));
    if (!match) throw misused(merge, "Into which incident?");
    const into = `${match[1]!.toUpperCase()}-${Number(match[2])}`;
    return { kind: "merge", into, reason: within(reason, LIMITS.reason, "reason") || null };
  },
};
