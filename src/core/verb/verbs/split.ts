import { takeAlertWords } from "../alert-words.ts";
import { does, LIMITS, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const split: Verb = {
  name: "split",
  aliases: ["split off"],
  usage: "[all] <alert> [because <reason>]",
  help: "Give an alert that is another problem an incident of its own",
  example: "split orders_daily because it reads from the other warehouse",
  also: [
    {
      usage: "all <words> [because <reason>]",
      help: "All alerts that these words fit",
      example: "split all freshness because the export is late by plan",
    },
  ],
  about: "incident",
  group: "alerts",
  parse(rest, context) {
    const { alerts, all, rest: reason } = takeAlertWords(split, plainText(rest, context.names));
    return does({
      type: "split",
      alerts: within(alerts, LIMITS.search, "alert"),
      all,
      reason: within(reason, LIMITS.reason, "reason") || null,
    });
  },
};
