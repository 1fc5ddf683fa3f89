import type { RecordedEvent } from "../incident/events.ts";
import type { Actor, Person } from "../incident/person.ts";

/** Slack user id → the name the log last knew it by. */
export type Names = ReadonlyMap<string, string>;

/** Everyone the log names, so that a mention in someone's text can be shown as a name without asking Slack. */
export function namesIn(events: RecordedEvent[]): Names {
  const names = new Map<string, string>();
  // A name with angle brackets could put a mention together again.
  const add = (person: Person | Actor | null) => {
    if (person && "id" in person && person.id !== null)
      names.set(person.id, person.name.replace(/[<>]/g, ""));
  };
  for (const { actor, body } of events) {
    add(actor);
    if (body.type === "role_assigned") add(body.person);
    else if (body.type === "pinned") add(body.author);
    else if (body.type === "task_added") add(body.owner);
    else if (body.type === "absorbed") {
      for (const person of Object.values(body.roles ?? {})) add(person);
      for (const { owner } of body.tasks ?? []) add(owner);
    }
  }
  return names;
}

/** Slack's markup for people, groups, channels, dates and links. Source: https://docs.slack.dev/messaging/formatting-message-text */
const MARKUP =
  /<(?:@([UW][A-Z0-9]+)|#[CGD][A-Z0-9]+|!subteam\^[A-Z0-9]+|!(channel|here|everyone)|!date\^[^<>|]*|(https?:\/\/[^<>|\s]+))(?:\|([^<>]*))?>/g;

/**
 * Text as people read it: a mention becomes `@Name`, whatever else Slack wrote as markup becomes its words. An id that
 * the log has no name for becomes "@someone": nobody is made up and no raw id reaches a report.
 */
export function inWords(text: string, names: Names): string {
  let before: string;
  let after = text;
  // Again until nothing is left, since one mention may be hidden in the label of another; each round removes a `<`.
  do {
    before = after;
    after = before.replace(MARKUP, (markup, user?: string, group?: string, url?: string, label?: string) => {
      if (user) return `@${names.get(user) ?? (label || "someone")}`;
      if (group) return `@${group}`;
      if (url) return label && label !== url ? `${label} (${url})` : url;
      if (markup.startsWith("<#")) return label ? `#${label}` : "a channel";
      return label || (markup.startsWith("<!subteam") ? "@a group" : "a date");
    });
  } while (after !== before);
  return after;
}

/** The same, for every string anywhere in a value. */
export function allInWords<T>(value: T, names: Names): T {
  const convert = (part: unknown): unknown => {
    if (typeof part === "string") return inWords(part, names);
    if (Array.isArray(part)) return part.map(convert);
    if (part instanceof Map) return new Map([...part].map(([key, entry]) => [key, convert(entry)]));
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(
      Object.entries(part).map(([key, entry]) => [inWords(key, names), convert(entry)]),
    );
  };
  return convert(value) as T;
}
