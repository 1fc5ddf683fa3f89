import { LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, unquoted } from "../words.ts";

export const search: Verb = {
  name: "search",
  aliases: ["find"],
  usage: "<text>",
  help: "Find earlier incidents by their words, or one by its key",
  example: "search orders",
  about: "none",
  group: "look",
  parse(rest, context) {
    const text = unquoted(plainText(rest, context.names)).replace(/\s+/g, " ");
    if (text === "") throw misused(search, "What are you looking for?");
    return { kind: "query", query: { type: "search", text: within(text, LIMITS.search, "search") } };
  },
};
