import { takeAlertWords } from "../alert-words.ts";
import { does, LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { KEY, plainText, storedKey } from "../words.ts";

/** The words, where to, and why. */
const TARGET = new RegExp(
  String.raw`^(.+?)\s+(?:in)?to\s+#?(${KEY})(?:[,:;.]?\s+(?:because:?\s+)?(.*)|[,:;.]?)$`,
  "is",
);

export const move: Verb = {
  name: "move",
  aliases: [],
  usage: "[all] <alert> to <INC-n> [because <reason>]",
  help: "Put an alert into another open incident",
  example: "move not_null on users to INC-2 because the signup form broke it",
  also: [
    {
      usage: "all <words> to <INC-n> [because <reason>]",
      help: "All alerts that these words fit",
      example: "move all users to INC-2",
    },
  ],
  about: "incident",
  namesAnother: "behind to",
  group: "alerts",
  parse(rest, context) {
    const match = TARGET.exec(plainText(rest, context.names));
    if (!match) throw misused(move, "Which alerts, and into which incident?");
    const [, words = "", into = "", reason = ""] = match;
    const { alerts, all } = takeAlertWords(move, words);
    return does({
      type: "move",
      into: storedKey(into),
      alerts: within(alerts, LIMITS.search, "alert"),
      all,
      reason: within(reason.trim(), LIMITS.reason, "reason") || null,
    });
  },
};
