import { does, LIMITS, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const unack: Verb = {
  name: "unack",
  aliases: ["unacknowledge"],
  usage: "[reason]",
  help: "Give it back: nobody is on it now",
  example: "unack my shift is over",
  about: "incident",
  group: "respond",
  parse(rest, context) {
    const reason = within(plainText(rest, context.names), LIMITS.reason, "reason");
    return does({ type: "unacknowledge", reason: reason || null });
  },
};
