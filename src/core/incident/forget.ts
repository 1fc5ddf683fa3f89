import { silenceQuotedIn } from "../correlate/silence.ts";

/** What stands in the place of a person, and of words. One for all: telling them apart would be telling who it was. */
export const FORGOTTEN_NAME = "erased person";
export const FORGOTTEN_TEXT = "[erased]";

/**
 * Whom to forget: a Slack user id, the names that were used for it, and whole texts to take away wherever they are
 * quoted. So are the reasons of silences, by the silence's id, which tell them apart from the same words elsewhere.
 */
export type Forgetting = {
  id: string;
  names: string[];
  texts: ReadonlySet<string>;
  silences: ReadonlyMap<string, string>;
};

/** Fields by which things are told apart, or that have few values: changing one would make it another thing. */
const IDENTITY: ReadonlySet<string> = new Set([
  ...["type", "kind", "fingerprint", "dedupKey", "deliveryId", "groupHint", "groupingKey", "groupingKeys"],
  ...["namespace", "incident", "hash", "runbook", "slug", "step", "matcher", "source", "sources"],
]);

/** The fields of events in which people write. */
const WORDS: ReadonlySet<string> = new Set(["text", "reason", "note", "statements"]);

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The names under which somebody stands in a value, wherever they stand in it. */
export function namesIn(value: unknown, id: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => namesIn(each, id));
  if (!isObject(value)) return [];
  const own = value.id === id && typeof value.name === "string" ? [value.name] : [];
  return [...own, ...Object.values(value).flatMap((each) => namesIn(each, id))];
}

/** Whether an event's words are somebody's own: they did it, or they wrote what was pinned. */
export function isBy(actor: unknown, body: unknown, id: string): boolean {
  const author = isObject(body) ? body.author : null;
  return [actor, author].some((each) => isObject(each) && each.id === id);
}

/** The texts of an event's body that a person wrote. */
export function writtenIn(body: unknown): string[] {
  if (!isObject(body)) return [];
  return [...WORDS].flatMap((field) => body[field] ?? []).filter((text) => typeof text === "string");
}

/** The body without the words that were written in it. */
export function withoutWords(body: unknown): unknown {
  if (!isObject(body)) return body;
  const blank = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(blank) : typeof value === "string" ? FORGOTTEN_TEXT : value;
  return Object.fromEntries(
    Object.entries(body).map(([field, value]) => [field, WORDS.has(field) ? blank(value) : value]),
  );
}

/**
 * Forgets somebody in JSON values: `inValue` gives the same value back where they are not in it. Names are found as
 * whole words in any case of letters, ids as they are.
 */
export function forgetter({ id, names, texts, silences }: Forgetting) {
  const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&");
  const word = (text: string) => `(?<![\\p{L}\\p{N}])${text}(?![\\p{L}\\p{N}])`;
  const byId = new RegExp(`<@${literal(id)}(?:\\|[^>]*)?>|${word(literal(id))}`, "gu");
  const longestFirst = names.toSorted((a, b) => b.length - a.length).map(literal);
  const byName = names.length > 0 ? new RegExp(word(`(?:${longestFirst.join("|")})`), "giu") : null;

  function inText(text: string): string {
    if (texts.has(text)) return FORGOTTEN_TEXT;
    const wordless = withoutReason(text);
    const nameless = byName ? wordless.replace(byName, FORGOTTEN_NAME) : wordless;
    return nameless.replace(byId, FORGOTTEN_NAME);
  }

  /** Why an alert is silenced, without what the silence itself says of that. */
  function withoutReason(text: string): string {
    const reason = silences.get(silenceQuotedIn(text) ?? "");
    return reason !== undefined && text.endsWith(`: ${reason}`)
      ? text.slice(0, -reason.length) + FORGOTTEN_TEXT
      : text;
  }

  function inValue(value: unknown): unknown {
    if (typeof value === "string") return inText(value);
    if (Array.isArray(value)) {
      const items = value.map(inValue);
      return items.some((item, i) => item !== value[i]) ? items : value;
    }
    if (!isObject(value)) return value;
    // An asset is named by its tools; its name is not a person's, whatever it looks like.
    const kept = (field: string) => IDENTITY.has(field) || (field === "name" && "namespace" in value);
    const fields = Object.entries(value).map(([field, each]) => [field, kept(field) ? each : inValue(each)]);
    const forgotten = Object.fromEntries(fields) as Json;
    if (value.id === id) forgotten.id = null;
    const silenced = silences.get(String(value.silence ?? value.id));
    if (silenced !== undefined && value.reason === silenced) forgotten.reason = FORGOTTEN_TEXT;
    return Object.keys(value).some((field) => forgotten[field] !== value[field]) ? forgotten : value;
  }

  return { inText, inValue };
}
