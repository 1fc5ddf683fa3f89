import { does, LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, unquoted } from "../words.ts";

export const title: Verb = {
  name: "title",
  aliases: ["rename"],
  usage: "<new title>",
  help: "Call the incident what it turned out to be",
  example: "title Orders load reads an empty bucket",
  about: "incident",
  afterwards: true,
  group: "words",
  parse(rest, context) {
    const text = unquoted(plainText(rest, context.names)).replace(/\s+/g, " ");
    if (text === "") throw misused(title, "What should it be called?");
    return does({ type: "set_title", title: within(text, LIMITS.title, "title") });
  },
};
