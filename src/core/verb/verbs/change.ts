import { does, form, LIMITS, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { takeWhen } from "../when.ts";
import { plainText, takeLink } from "../words.ts";

export const change: Verb = {
  name: "change",
  aliases: [],
  usage: "[at <time>] <text> [url]",
  help: "Note what was changed before it broke",
  example: "change at 02:55 deployed the new orders model https://git.example.com/pull/7",
  also: [
    { usage: "cause <n>", help: "Name a suspected change as the cause", example: "change cause 1" },
    {
      usage: "cause noted <n>",
      help: "Name the n-th change that people noted as the cause",
      example: "change cause noted 1",
    },
  ],
  about: "incident",
  afterwards: true,
  group: "data",
  parse(rest, context) {
    const cause = /^cause\s+(noted\s+)?#?(\d{1,3})$/i.exec(plainText(rest, context.names));
    if (cause)
      return does({
        type: "name_cause",
        number: Number(cause[2]),
        ...(cause[1] && { noted: true as const }),
      });
    const link = takeLink(rest);
    const words = plainText(link ? link.rest : rest, context.names);
    if (words === "" && !link) return form("change");
    const { at, text } = takeWhen(words, context);
    const said = text || plainText(link?.label ?? link?.url ?? "", context.names);
    if (said === "") return form("change");
    return does({
      type: "link_change",
      text: within(said, LIMITS.text, "text"),
      url: link ? within(link.url, LIMITS.url, "link") : null,
      changedAt: at,
    });
  },
};
