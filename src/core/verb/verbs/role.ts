import { does, LIMITS, misused, within } from "../ask.ts";
import { takePerson } from "../people.ts";
import type { Verb } from "../verb.ts";
import { unquoted } from "../words.ts";

/** What other teams call the lead; two names for one role would give an incident two leads. */
const LEAD_NAMES = ["incident lead", "commander", "incident commander", "ic"];

export const role: Verb = {
  name: "role",
  aliases: ["roles", "assign"],
  usage: "<role> @user",
  help: "Give somebody a role; alone, show who has which",
  example: "role comms @ana",
  also: [
    { usage: "", help: "Show who has which role", example: "role" },
    { usage: "<role>", help: "Show who has it", example: "role comms" },
    { usage: "<role> none", help: "Take it back", example: "role comms none" },
  ],
  about: "incident",
  group: "respond",
  parse(rest, context) {
    const { person, words } = takePerson(role, rest, context);
    const name = roleName(words);
    if (person === null) return { kind: "query", query: { type: "role", role: name || null } };
    if (name === "") throw misused(role, "Which role?");
    if (person === "nobody") return does({ type: "clear_role", role: name });
    return does({ type: "assign_role", role: name, person });
  },
};

function roleName(words: string): string {
  const name = within(unquoted(words).toLowerCase().replace(/\s+/g, " "), LIMITS.role, "role");
  if (name !== "" && !/^\p{L}[\p{L}\p{M}\p{N} &/-]*$/u.test(name)) {
    throw misused(role, "A role is one or two words, such as `comms` or `data owner`.");
  }
  return LEAD_NAMES.includes(name) ? "lead" : name;
}
