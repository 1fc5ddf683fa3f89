import { does, form, LIMITS, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const cancel: Verb = {
  name: "cancel",
  aliases: ["false alarm"],
  usage: "<reason>",
  help: "It was a false alarm",
  example: "cancel the threshold was wrong",
  about: "incident",
  group: "respond",
  parse(rest, context) {
    const reason = within(plainText(rest, context.names), LIMITS.reason, "reason");
    return reason ? does({ type: "cancel", reason }) : form("cancel");
  },
};
