import { SEVERITIES } from "../../incident/events.ts";
import { does, form, LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, takeWord } from "../words.ts";

export const severity: Verb = {
  name: "severity",
  aliases: ["sev"],
  usage: "<1-4> <reason>",
  help: "Change how bad it is, and say why",
  example: "severity 2 the finance report reads it",
  about: "incident",
  group: "respond",
  parse(rest, context) {
    const { word, rest: reason } = takeWord(plainText(rest, context.names));
    if (word === "") return form("severity");
    const digits = /^(?:sev-?)?(\d+):?$/i.exec(word.normalize("NFKC"))?.[1];
    const wanted = SEVERITIES.find((known) => known === `SEV${digits}`);
    if (!wanted) throw misused(severity, "A severity is a number from 1, the highest, to 4.");
    if (reason === "") return form("severity", { severity: wanted });
    return does({ type: "set_severity", severity: wanted, reason: within(reason, LIMITS.reason, "reason") });
  },
};
