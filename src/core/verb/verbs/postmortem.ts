import { REVIEW_SECTIONS } from "../../incident/events.ts";
import { does, form, LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, takeWord } from "../words.ts";

const FORMATS = { md: "md", markdown: "md", html: "html", json: "json", csv: "csv" } as const;

export const postmortem: Verb = {
  name: "postmortem",
  aliases: ["retro", "export"],
  usage: "[md|html|json|csv]",
  help: "Export the postmortem as a file",
  example: "postmortem",
  also: [
    {
      usage: "well <text>",
      help: "Add what went well",
      example: "postmortem well the freshness check paged within minutes",
    },
    {
      usage: "badly <text>",
      help: "Add what went badly",
      example: "postmortem badly nobody could rerun the load",
    },
    {
      usage: "lucky <text>",
      help: "Add where we got lucky",
      example: "postmortem lucky it was a public holiday",
    },
    {
      usage: "factor <text>",
      help: "Add what contributed to it",
      example: "postmortem factor the bucket has no owner",
    },
    { usage: "edit", help: "Edit all of these in a form", example: "postmortem edit" },
  ],
  about: "incident",
  afterwards: true,
  group: "after",
  parse(rest, context) {
    const { word, rest: more } = takeWord(rest);
    const said = word.toLowerCase();
    if (said === "") return { kind: "export", format: "html" };
    if (said === "edit") return form("review");
    if (Object.hasOwn(FORMATS, said))
      return { kind: "export", format: FORMATS[said as keyof typeof FORMATS] };
    const section = REVIEW_SECTIONS.find((known) => known === said);
    if (!section)
      throw misused(
        postmortem,
        `That is neither a format nor a part of the postmortem, which are ${REVIEW_SECTIONS.join(", ")}.`,
      );
    const text = plainText(more, context.names);
    if (text === "") return form("review");
    const statement = within(text, LIMITS.statement, "statement");
    return does({ type: "write_review", section, statements: [statement], append: true });
  },
};
