import { SEVERITIES } from "../../incident/events.ts";
import { form, LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, unquoted } from "../words.ts";

/** `SEV2:`, `sev 2` or `p2` before the title, or `sev2` as its last word. */
const LEADING = /^\[?(?:sev[-\s]?|p(?=[1-4]\b))(\d+)\]?(?::\s*|\s+|$)/i;
const TRAILING = /(?:^|\s)sev-?(\d+)$/i;

export const declare: Verb = {
  name: "new",
  aliases: ["declare", "create", "open"],
  usage: "[sev2] <title>",
  help: "Open an incident; without a title, in a form",
  example: "new sev2 Orders are missing since midnight",
  about: "none",
  group: "respond",
  parse(rest, context) {
    const words = plainText(rest, context.names);
    const match = LEADING.exec(words) ?? TRAILING.exec(words);
    const title = unquoted((match ? words.replace(match[0], "") : words).trim());
    const severity = SEVERITIES.find((known) => known === `SEV${match?.[1]}`) ?? null;
    if (match && !severity)
      throw misused(declare, `There is no SEV${match[1]}: severities go from SEV1, the highest, to SEV4.`);
    if (title === "") return form("declare", severity ? { severity } : undefined);
    return { kind: "open", title: within(title.replace(/\s+/g, " "), LIMITS.title, "title"), severity };
  },
};
