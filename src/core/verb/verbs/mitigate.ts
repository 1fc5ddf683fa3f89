import { does, form, LIMITS, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const mitigate: Verb = {
  name: "mitigate",
  aliases: ["mitigated"],
  usage: "<what was done>",
  help: "The cause is stopped; the data may still be wrong",
  example: "mitigate rolled back the orders model",
  about: "incident",
  group: "data",
  parse(rest, context) {
    const text = within(plainText(rest, context.names), LIMITS.text, "text");
    return text ? does({ type: "mitigate", text }) : form("mitigate");
  },
};
