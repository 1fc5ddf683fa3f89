import { readSilenceLine } from "../../correlate/silence-line.ts";
import { takeDuration } from "../../duration.ts";
import { LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, takeWord } from "../words.ts";

export const silence: Verb = {
  name: "silence",
  aliases: ["mute"],
  usage: "<matcher> <duration> <reason>",
  help: "Hold alerts back for a while",
  example: "silence source=dbt asset=*.orders 2h backfill is running",
  also: [
    {
      usage: "extend <S-n> <duration> [reason]",
      help: "Lengthen a silence",
      example: "silence extend S-1 1h the backfill is slow",
    },
  ],
  about: "none",
  group: "alerts",
  parse(rest, context) {
    const words = plainText(rest, context.names);
    const { word, rest: behind } = takeWord(words);
    if (word.toLowerCase() === "extend") return { kind: "silence", ask: extension(behind) };
    if (word === "") throw misused(silence, "Which alerts, for how long, and why?");
    const { matcher, lengthMs, reason } = readSilenceLine(words);
    return { kind: "silence", ask: { type: "silence", matcher: matcher.text, lengthMs, reason } };
  },
};

function extension(words: string) {
  const { word, rest } = takeWord(words);
  const id = silenceId(word);
  if (!id) throw misused({ ...silence, ...silence.also![0] }, "Which silence? `silences` lists them.");
  const length = takeDuration(rest);
  if (!length) throw misused({ ...silence, ...silence.also![0] }, "By how long?");
  const reason = within(length.rest, LIMITS.reason, "reason") || null;
  return { type: "extend", id, byMs: length.milliseconds, reason } as const;
}

/** `S-3` however it is typed, its number alone too; null for anything else. */
export function silenceId(word: string): string | null {
  const match = /^[`#]?(?:s[-‐‑‒–—−]?)?(\d{1,9})[`,:;.]?$/i.exec(word.normalize("NFKC"));
  return match && `S-${Number(match[1])}`;
}
