import { does, LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, takeWord } from "../words.ts";

export const summary: Verb = {
  name: "summary",
  aliases: ["catchup", "catch up", "show"],
  usage: "[set <text>]",
  help: "Catch up: what it is, where it stands, what is left",
  example: "summary",
  also: [
    {
      usage: "set <text>",
      help: "Write the summary that the postmortem begins with",
      example: "summary set The loader read an empty bucket for six hours",
    },
  ],
  about: "incident",
  afterwards: true,
  group: "words",
  parse(rest, context) {
    const { word, rest: words } = takeWord(rest);
    if (word === "") return { kind: "query", query: { type: "summary" } };
    const text = within(plainText(words, context.names), LIMITS.text, "summary");
    const written = { name: summary.name, ...summary.also![0]! };
    if (word.toLowerCase() !== "set") throw misused(written, "To write a summary, begin with `set`.");
    if (text === "") throw misused(written, "What should the summary say?");
    return does({ type: "set_summary", text });
  },
};
