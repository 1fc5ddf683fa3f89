import { LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, takeWord } from "../words.ts";
import { silenceId } from "./silence.ts";

export const unsilence: Verb = {
  name: "unsilence",
  aliases: ["unmute"],
  usage: "<S-n> [reason]",
  help: "End a silence; what still fires is told",
  example: "unsilence S-1 the backfill is done",
  about: "none",
  group: "alerts",
  parse(rest, context) {
    const { word, rest: reason } = takeWord(plainText(rest, context.names));
    const id = silenceId(word);
    if (!id) throw misused(unsilence, "Which silence? `silences` lists them.");
    const because = within(reason, LIMITS.reason, "reason") || null;
    return { kind: "silence", ask: { type: "unsilence", id, reason: because } };
  },
};
