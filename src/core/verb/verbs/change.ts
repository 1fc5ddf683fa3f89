import { does, form, LIMITS, misused, within } from "../ask.ts";
import type { Ask, Verb } from "../verb.ts";
import { takeWhen } from "../when.ts";
import { plainText, takeLink } from "../words.ts";

/** `cause 1` and `cause noted 1`, and what people write who believe that it takes a reason, or leave the number out. */
const CAUSE = /^cause(\s+noted)?(?:\s+#?(\d{1,3}))?(?:[\s,:;–—-]+(because\b.*))?$/is;

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
    const cause = CAUSE.exec(plainText(rest, context.names));
    if (cause) return nameCause(cause);
    const link = takeLink(rest);
    const words = plainText(link ? link.said : rest, context.names);
    if (words === "" && !link) return form("change");
    const { at, text } = takeWhen(words, context);
    const said = text || link?.url || "";
    if (said === "") return form("change");
    return does({
      type: "link_change",
      text: within(said, LIMITS.text, "text"),
      url: link ? within(link.url, LIMITS.url, "link") : null,
      changedAt: at,
    });
  },
};

function nameCause([, noted, number, reason]: RegExpExecArray): Ask {
  const written = { name: "change", usage: "cause <n>", example: "change cause 1" };
  if (!number) throw misused(written, "Which change? The thread has their numbers.");
  if (reason)
    throw misused(written, "Only the number stands behind `cause`; why it is the cause is a `note`.");
  return does({
    type: "name_cause",
    number: Number(number),
    ...(noted && { noted: true as const }),
  });
}
