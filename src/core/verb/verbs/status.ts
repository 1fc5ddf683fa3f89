import { does, form, LIMITS, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const status: Verb = {
  name: "status",
  aliases: ["update"],
  usage: "<text>",
  help: "Tell everybody where it stands",
  example: "status the load is running again, done by 07:00 UTC",
  about: "incident",
  group: "words",
  parse(rest, context) {
    const text = within(plainText(rest, context.names), LIMITS.text, "status");
    return text ? does({ type: "post_status", text }) : form("status");
  },
};
