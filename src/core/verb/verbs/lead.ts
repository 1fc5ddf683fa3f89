import { does, misused } from "../ask.ts";
import { takePerson } from "../people.ts";
import type { Verb } from "../verb.ts";

export const lead: Verb = {
  name: "lead",
  aliases: [],
  usage: "[@user|none]",
  help: "Take the lead, or give it to somebody",
  example: "lead",
  about: "incident",
  group: "respond",
  parse(rest, context) {
    const { person, words } = takePerson(lead, rest, context);
    if (words !== "") throw misused(lead, `I cannot tell who \`${words.slice(0, 80)}\` is.`);
    if (person === "nobody") return does({ type: "clear_role", role: "lead" });
    return does({
      type: "assign_role",
      role: "lead",
      person: person ?? { id: context.asker.id, name: context.asker.name },
    });
  },
};
