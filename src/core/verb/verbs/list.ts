import { misused } from "../ask.ts";
import type { Verb } from "../verb.ts";

export const list: Verb = {
  name: "list",
  aliases: ["ls"],
  usage: "[all]",
  help: "Show the open incidents, or all",
  example: "list",
  also: [{ usage: "all", help: "Also the ones that are over", example: "list all" }],
  about: "none",
  group: "look",
  parse(rest) {
    const word = rest.trim().toLowerCase();
    if (word !== "" && word !== "all" && word !== "open")
      throw misused(list, "To look for words, use `search <text>`.");
    return { kind: "query", query: { type: "list", all: word === "all" } };
  },
};
