import type { Person } from "../incident/person.ts";
import { misused } from "./ask.ts";
import type { Verb, VerbContext } from "./verb.ts";
import { type Mention, mentions, personOf, plainText } from "./words.ts";

/** Words that name a person: somebody, nobody any more, or (null) no one was named at all. */
export type Named = { person: Person | "nobody" | null; words: string };

/**
 * Reads the one person a line names, wherever the mention stands, and the other words. Whoever is not picked from
 * Slack's list is refused rather than guessed at from a typed name.
 */
export function takePerson(verb: Verb, rest: string, context: VerbContext): Named {
  const found = mentions(rest);
  if (found.length > 1) throw misused(verb, "Several people are named, and one can hold a role.");
  const mention = found[0];
  if (mention)
    return {
      person: personOf(mention, context.names),
      words: plainText(without(rest, mention), context.names),
    };
  const words = plainText(rest, context.names);
  const last = words.split(/\s+/).at(-1)!.toLowerCase();
  const others = words.slice(0, words.length - last.length).trim();
  if (last === "me") return { person: { id: context.asker.id, name: context.asker.name }, words: others };
  if (last === "none" || last === "nobody") return { person: "nobody", words: others };
  refuseTypedName(verb, words);
  return { person: null, words };
}

export function refuseTypedName(verb: Verb, words: string): void {
  const typed = /(?:^|\s)(@[\p{L}\p{N}._-]{1,80})/u.exec(words);
  if (typed)
    throw misused(
      verb,
      `I do not know who \`${typed[1]}\` is: type \`@\` and choose the person from Slack's list.`,
    );
}

export function without(text: string, mention: Mention): string {
  return `${text.slice(0, mention.start)} ${text.slice(mention.end)}`.trim();
}
