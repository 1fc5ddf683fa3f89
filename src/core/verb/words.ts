import type { Person } from "../incident/person.ts";
import { CLOSING_QUOTES } from "../quotes.ts";

/**
 * Slack sends people, channels and links as tokens in angle brackets and everything else with `&`, `<` and `>` as
 * entities (https://docs.slack.dev/messaging/formatting-message-text). Nothing of that may reach the log: a raw
 * `<@U…>` in a timeline is unreadable outside Slack and a ping inside it.
 */
const TOKEN_OR_ENTITY = /<([^<>]*)>|&(lt|gt|amp);/g;
const MENTION = /<@([UW][A-Z0-9]+)(?:\|([^<>]*))?>/g;
const LINK = /<(https?:\/\/[^<>|\s]+)(?:\|([^<>]*))?>|(https?:\/\/[^<>|\s]+)/i;
const ENTITIES: Record<string, string> = { lt: "<", gt: ">", amp: "&" };

/** Control characters but tab and line feed, zero-width and direction marks: unseen by a reader, refused by some databases. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
const UNSEEN = /[\u0000-\u0008\u000B-\u001F\u007F\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/g;

/** What would read as a token of Slack's although it was typed or stands in a name: it loses its bracket. */
const FORGED_TOKEN = /<(?=[@#][A-Z0-9]|!(?:here|channel|everyone|subteam|date))/gi;

export type Mention = { id: string; label: string | null; start: number; end: number };

/** The people a text mentions, in order, with where their tokens stand. */
export function mentions(text: string): Mention[] {
  return [...text.matchAll(MENTION)].map((match) => ({
    id: match[1]!,
    label: match[2] || null,
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** The Slack ids of the people a text mentions, each once: what a door looks up before it parses the line. */
export function mentionedIds(text: string): string[] {
  return [...new Set(mentions(text).map((mention) => mention.id))];
}

/** A mentioned person with the best name there is; one nobody could look up stays visibly unlinked. */
export function personOf(
  mention: { id: string; label: string | null },
  names: Record<string, string>,
): Person {
  const name = withoutMarkup(names[mention.id] ?? mention.label ?? "").trim();
  return { id: mention.id, name: name || `unlinked ${mention.id}` };
}

/** The text as a person reads it: mentions by name, channels by name, links spelled out, entities undone. */
export function plainText(text: string, names: Record<string, string>): string {
  const read = text
    .toWellFormed()
    .replace(TOKEN_OR_ENTITY, (whole, token: string | undefined, entity: string | undefined) =>
      entity ? ENTITIES[entity]! : (readToken(token!, names) ?? whole),
    );
  return withoutMarkup(read).trim();
}

function withoutMarkup(text: string): string {
  return text.replace(UNSEEN, "").replace(FORGED_TOKEN, "‹");
}

function withoutEntities(text: string): string {
  return text.replace(/&(lt|gt|amp);/g, (_, entity: string) => ENTITIES[entity]!);
}

/** One token without its brackets, or null where it is none (somebody's own angle brackets). */
function readToken(token: string, names: Record<string, string>): string | null {
  const bar = token.indexOf("|");
  const target = bar < 0 ? token : token.slice(0, bar);
  const label = bar < 0 ? "" : withoutEntities(token.slice(bar + 1)).trim();
  if (/^@[UW][A-Z0-9]+$/.test(target))
    return `@${personOf({ id: target.slice(1), label: label || null }, names).name}`;
  if (/^#[CGD][A-Z0-9]+$/.test(target)) return `#${label || target.slice(1)}`;
  if (target.startsWith("!")) return label || `@${target.slice(1).split("^")[0]}`;
  if (/^(?:mailto|tel):/i.test(target))
    return label || withoutEntities(target.slice(target.indexOf(":") + 1));
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) return spellLink(withoutEntities(target), label);
  return null;
}

/** Slack makes links of anything like a host name (`shop.orders`), so a label that only repeats its url stands alone. */
function spellLink(url: string, label: string): string {
  if (!label || label === url) return url;
  return isUrlItself(label, url) ? label : `${label} (${url})`;
}

function isUrlItself(label: string, url: string): boolean {
  return url.replace(/^https?:\/\//i, "").replace(/\/$/, "") === label.replace(/\/$/, "");
}

/** A link, its label where that says more than the address, and the text without the link or with its label instead. */
export type TakenLink = { url: string; label: string | null; rest: string; said: string };

/** The first http(s) link of a text, as a token or bare. */
export function takeLink(text: string): TakenLink | null {
  const match = LINK.exec(text);
  if (!match) return null;
  const bare = match[3]?.replace(/[.,;:!?)\]}'"”’]+$/, "");
  const written = bare ?? match[0];
  const url = withoutEntities(match[1] ?? bare!)
    .toWellFormed()
    .replace(UNSEEN, "")
    .replace(/[<>]/g, encodeURIComponent);
  const label = match[2] ? withoutEntities(match[2]).trim() : "";
  if (!URL.canParse(url)) return null;
  const behind = text.slice(match.index + written.length).trim();
  const before = text.slice(0, match.index).trim();
  const joined = (ahead: string) => `${ahead}${/^[.,;:!?]/.test(behind) ? "" : " "}${behind}`.trim();
  const own = label !== "" && label !== url && !isUrlItself(label, url);
  return {
    url,
    label: own ? label : null,
    rest: joined(before),
    said: joined(own ? `${before} ${match[2]!.trim()}`.trim() : before),
  };
}

/** The first word of a text and what follows it, both trimmed; any Unicode space parts them. */
export function takeWord(text: string): { word: string; rest: string } {
  const trimmed = text.trim();
  const end = trimmed.search(/\s/);
  return end < 0
    ? { word: trimmed, rest: "" }
    : { word: trimmed.slice(0, end), rest: trimmed.slice(end).trim() };
}

/** An incident's key as people type it, `inc2` and `INC_2` too; a pattern to build others with. */
export const KEY = String.raw`(?:INC|DRILL)[-‐‑‒–—−_]?\d{1,9}`;
const KEY_ALONE = new RegExp(String.raw`^[#\`"'“‘]?(${KEY})[\`"'”’]?[,:;.]?$`, "i");

/** The key that a text begins with, as it is stored, and what follows it. */
export function takeKey(text: string): { key: string; rest: string } | null {
  const { word, rest } = takeWord(text);
  const match = KEY_ALONE.exec(word.normalize("NFKC"));
  return match ? { key: storedKey(match[1]!), rest } : null;
}

export function storedKey(typed: string): string {
  return `${/^[a-z]+/i.exec(typed)![0].toUpperCase()}-${Number(/\d+$/.exec(typed)![0])}`;
}

/** A text in quotes or backticks at the very start, as phones and copied help lines write them. */
export function takeQuoted(text: string): { word: string; rest: string } | null {
  const close = CLOSING_QUOTES[text[0] ?? ""];
  const end = close ? text.indexOf(close, 1) : -1;
  if (end < 2) return null;
  return { word: text.slice(1, end).trim(), rest: text.slice(end + 1).trim() };
}

/** Without one pair of quotes around the whole. */
export function unquoted(text: string): string {
  const quoted = takeQuoted(text);
  return quoted && quoted.rest === "" && quoted.word ? quoted.word : text;
}
