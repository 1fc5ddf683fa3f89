import { does, form, LIMITS, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const reopen: Verb = {
  name: "reopen",
  aliases: [],
  usage: "<reason>",
  help: "Open it again: it was not over",
  example: "reopen the morning run failed again",
  about: "incident",
  afterwards: true,
  group: "respond",
  parse(rest, context) {
    const reason = within(plainText(rest, context.names), LIMITS.reason, "reason");
    return reason ? does({ type: "reopen", reason }) : form("reopen");
  },
};
