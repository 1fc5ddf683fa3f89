import { later } from "../../duration.ts";
import { does, LIMITS, misused, within } from "../ask.ts";
import { jot } from "../jot.ts";
import { type Clock, takePastTime } from "../time.ts";
import type { Ask, Verb, VerbContext } from "../verb.ts";
import { takeWhen } from "../when.ts";
import { plainText, takeWord } from "../words.ts";

export const timeline: Verb = {
  name: "timeline",
  aliases: [],
  usage: "[edit|hide|started …]",
  help: "Show the timeline, or correct it",
  example: "timeline",
  entries: true,
  also: [
    {
      usage: "edit <n> <text>",
      help: "Say entry n better",
      example: "timeline edit 12 the bucket was empty since 02:00",
    },
    {
      usage: "edit <n> at <time>",
      help: "Move entry n to when it happened",
      example: "timeline edit 12 at 02:10",
    },
    { usage: "hide <n> [reason]", help: "Leave entry n out", example: "timeline hide 12 wrong incident" },
    {
      usage: "started <time> <reason>",
      help: "Say when the data really broke",
      example: "timeline started yesterday 23:50 the last good load",
    },
    {
      usage: "add [at <time>] <text>",
      help: "Write something on it, as note does",
      example: "timeline add at 03:10 paged the vendor",
    },
  ],
  about: "incident",
  afterwards: true,
  group: "words",
  parse(rest, context) {
    const { word, rest: words } = takeWord(rest);
    switch (word.toLowerCase()) {
      case "":
      case "show":
        return { kind: "query", query: { type: "timeline" } };
      case "edit":
        return edit(plainText(words, context.names), context);
      case "hide":
        return hide(plainText(words, context.names));
      case "started":
        return started(plainText(words, context.names), context);
      case "add":
        return jot(words, context);
      default:
        throw misused(
          usedAs(0),
          "That is no way to change the timeline: `note <text>` adds to it, `timeline edit` corrects it.",
        );
    }
  },
};

/** One of the further forms as if it were a verb, for its refusals. */
function usedAs(form: number): Pick<Verb, "name" | "usage" | "example"> {
  return { name: timeline.name, ...timeline.also![form]! };
}

function edit(words: string, context: VerbContext): Ask {
  const { seq, rest } = entryNumber(words, 0);
  const { at, text } = takeWhen(rest, clockOf(seq, context));
  if (at === null && text === "") throw misused(usedAs(0), "What should the entry say?");
  return does({ type: "edit_entry", seq, text: text ? within(text, LIMITS.text, "text") : null, at });
}

/** `edit 12 at 02:10` means the 02:10 nearest to the entry, which may be days ago. */
function clockOf(seq: number, { now, timeZone, incident }: VerbContext): Clock {
  const entry = incident?.entries[seq];
  const half = entry && later(entry.at, 12 * 60 * 60_000);
  return { now, timeZone, upTo: half && half < now ? half : now };
}

function hide(words: string): Ask {
  const { seq, rest } = entryNumber(words, 2);
  return does({ type: "hide_entry", seq, reason: within(rest, LIMITS.reason, "reason") || null });
}

function started(words: string, context: VerbContext): Ask {
  const { now, timeZone, incident } = context;
  // It broke before it was noticed, so a bare time is the last one before that.
  const clock = { now, timeZone, upTo: incident?.detectedAt ?? now };
  const found = takePastTime(words.replace(/^at\s+/i, ""), clock);
  if (!found) throw misused(usedAs(3), "When did the data break? Give the time of day.");
  if (found.rest === "") throw misused(usedAs(3), "How do you know?");
  return does({
    type: "set_started_at",
    startedAt: found.at,
    reason: within(found.rest, LIMITS.reason, "reason"),
  });
}

function entryNumber(words: string, form: number): { seq: number; rest: string } {
  const { word, rest } = takeWord(words);
  const digits = /^#?(\d{1,9}):?$/.exec(word)?.[1];
  if (!digits) throw misused(usedAs(form), "Which entry? `timeline` shows their numbers.");
  return { seq: Number(digits), rest };
}
