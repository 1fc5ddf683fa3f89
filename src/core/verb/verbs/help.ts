import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const help: Verb = {
  name: "help",
  aliases: ["?"],
  usage: "[verb]",
  help: "Show all verbs, or how one is used",
  example: "help severity",
  about: "none",
  group: "look",
  /** Whether there is such a verb is seen where help is written; here the registry would have to import itself. */
  parse(rest, context) {
    const verb = plainText(rest, context.names)
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[`"']/g, "")
      .replace(/\s+/g, " ");
    return { kind: "query", query: { type: "help", verb: verb || null } };
  },
};
