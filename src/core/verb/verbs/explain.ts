import { LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, unquoted } from "../words.ts";

export const explain: Verb = {
  name: "explain",
  aliases: ["why"],
  usage: "<alert>",
  help: "Say why an alert is in this incident or held back, and which rules were tried",
  example: "explain not_null on orders",
  about: "incident",
  orHeld: true,
  afterwards: true,
  group: "look",
  parse(rest, context) {
    const text = unquoted(plainText(rest, context.names)).replace(/\s+/g, " ");
    if (text === "") throw misused(explain, "Which alert? A part of its title, or its fingerprint.");
    return { kind: "query", query: { type: "explain", text: within(text, LIMITS.search, "alert") } };
  },
};
