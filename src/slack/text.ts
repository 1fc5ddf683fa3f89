/** The neutral document's texts as Slack's mrkdwn, never longer than asked for and never cut inside their markup. */
import type { Span, Text } from "../core/report/document.ts";
import { spans } from "../core/report/document.ts";
import { utcDate, utcDateTime, utcTime } from "../core/report/instants.ts";
import { misleads } from "../core/report/link-label.ts";
import { clip } from "../core/signal/alert.ts";
import { type Dialect, inlineCode, joinLines, linkAddress, mrkdwn, oneLine } from "./escape.ts";

/** As much of `raw` as stays within `limit` once it is escaped, with an ellipsis where something is missing. */
export function fitTo(raw: string, limit: number, escaping: (text: string) => string): string {
  let length = Math.min(raw.length, limit * 2);
  let escaped = escaping(clip(raw, length));
  while (escaped.length > limit) {
    length = Math.min(length - 1, Math.floor((length * limit) / escaped.length));
    if (length < 1) return "";
    escaped = escaping(clip(raw, length));
  }
  return escaped;
}

/**
 * Cuts data into pieces that each stay within `limit` once escaped, at line ends or spaces where there are some. A piece
 * has a character at least, however little the limit allows.
 */
export function split(raw: string, limit: number, escaping: (text: string) => string): string[] {
  const pieces: string[] = [];
  let rest = raw;
  while (rest.length > 0) {
    let size = Math.min(rest.length, Math.max(limit, 1));
    while (size > 1 && escaping(rest.slice(0, size)).length > limit) size = Math.floor(size / 2);
    if (size < rest.length) size = boundary(rest, size);
    pieces.push(rest.slice(0, size));
    rest = rest.slice(size);
  }
  return pieces;
}

function boundary(text: string, size: number): number {
  const window = text.slice(0, size);
  for (const gap of ["\n", " "]) {
    const at = window.lastIndexOf(gap) + 1;
    if (at > size / 2) return at;
  }
  // Half a character takes its other half along where it stands alone.
  return /[\uD800-\uDBFF]$/.test(window) ? (size === 1 ? 2 : size - 1) : size;
}

/** A text on one line, for lists, facts and small print. */
export function line(text: Text, limit: number, dialect: Dialect): string {
  return joinLines(rendered(text, limit, dialect));
}

/** A text with its own lines. */
export function rendered(text: Text, limit: number, dialect: Dialect): string {
  const all = spans(text);
  let out = "";
  for (const [index, span] of all.entries()) {
    // Room for the ellipsis that says there is more.
    const room = limit - out.length - (index < all.length - 1 ? 1 : 0);
    const piece = renderSpan(span, room, dialect);
    if (piece === null) return `${out}…`;
    out += piece;
  }
  return out;
}

/** A text of any length in pieces of at most `limit`; only plain strings are ever cut. */
export function pieces(text: Text, limit: number, dialect: Dialect): string[] {
  const parts = spans(text).flatMap((span): Span[] =>
    typeof span === "string" ? split(span, limit, (part) => mrkdwn(part, dialect)) : [span],
  );
  const out: string[] = [];
  let current = "";
  for (const part of parts) {
    const piece = renderSpan(part, limit, dialect) ?? "…";
    if (current.length + piece.length > limit) {
      out.push(current);
      current = "";
    }
    current += piece;
  }
  return [...out, current];
}

/** One span in at most `room` characters; null where it cannot be shown in so few. */
function renderSpan(span: Span, room: number, dialect: Dialect): string | null {
  if (room < 1) return null;
  if (typeof span === "string") return fitTo(span, room, (text) => mrkdwn(text, dialect));
  const whole = renderMarkup(span, Math.min(room, 2000), dialect);
  return whole.length <= room ? whole : null;
}

function renderMarkup(span: Exclude<Span, string>, room: number, dialect: Dialect): string {
  if ("strong" in span) return wrapped("*", span.strong, room, (text) => mrkdwn(text, dialect));
  if ("em" in span) return wrapped("_", span.em, room, (text) => mrkdwn(text, dialect, true));
  if ("code" in span) return wrapped("`", span.code, room, (text) => inlineCode(text, dialect));
  if ("link" in span) return link(span.link, span.url, room, dialect);
  if ("time" in span) return time(span.time, span.style, dialect);
  if ("person" in span) return person(span, room, dialect);
  return /^[a-z0-9_+-]+$/.test(span.emoji) ? `:${span.emoji}:` : "";
}

/** Slack sees no markup that begins or ends with a space, so spaces stay outside; of nothing it would show the bare signs. */
function wrapped(sign: string, raw: string, room: number, escaping: (text: string) => string): string {
  const inner = fitTo(oneLine(raw), Math.max(1, room - 4), escaping).trim();
  if (inner === "") return "";
  return `${/^\s/.test(raw) ? " " : ""}${sign}${inner}${sign}${/\s$/.test(raw) ? " " : ""}`;
}

export function link(label: string, url: string, room: number, dialect: Dialect): string {
  const escaping = (text: string) => mrkdwn(text, dialect).replaceAll("|", "¦");
  const address = linkAddress(url);
  const words = oneLine(label) || (address ?? "");
  if (address === null || address.length + 12 > room) return fitTo(words, room, escaping);
  // A label that looks like an address may only be the address itself: a sender must not send people elsewhere.
  const honest = misleads(words, url) ? address : words;
  return `<${address}|${fitTo(honest, room - address.length - 3, escaping)}>`;
}

const DATE_TOKENS = {
  datetime: "{date_short_pretty} {time}",
  time: "{time}",
  date: "{date_short_pretty}",
  ago: "{ago}",
} as const;

/** Slack shows an instant in the reader's own zone; the words behind the bar are for whoever cannot. */
function time(instant: string, style: keyof typeof DATE_TOKENS, dialect: Dialect): string {
  const unix = Math.floor(Date.parse(instant) / 1000);
  if (!Number.isFinite(unix)) return mrkdwn(oneLine(instant), dialect);
  const utc = utcWords(instant, style);
  return dialect === "local" ? utc : `<!date^${unix}^${DATE_TOKENS[style]}|${utc}>`;
}

export function utcWords(instant: string, style: keyof typeof DATE_TOKENS): string {
  if (style === "time") return `${utcTime(instant)} UTC`;
  return style === "date" ? utcDate(instant) : utcDateTime(instant);
}

function person(
  span: { person: string; id: string | null; ping?: boolean },
  room: number,
  dialect: Dialect,
): string {
  if (span.ping && span.id && /^[UW][A-Z0-9]+$/.test(span.id)) return `<@${span.id}>`;
  return fitTo(oneLine(span.person), room, (text) => mrkdwn(text, dialect));
}

/** A text without any markup, for a cell of a table. */
export function bare(text: Text): string {
  return oneLine(spans(text).map(bareSpan).join(""));
}

function bareSpan(span: Span): string {
  if (typeof span === "string") return span;
  if ("strong" in span) return span.strong;
  if ("em" in span) return span.em;
  if ("code" in span) return span.code;
  if ("link" in span) return span.link || span.url;
  if ("time" in span)
    return Number.isNaN(Date.parse(span.time)) ? span.time : utcWords(span.time, span.style);
  if ("person" in span) return span.person;
  return "";
}
