/** What every renderer agrees on about data inside a document. Markup is each renderer's own business. */
import type { Span } from "../core/report/document.ts";
import { utcDate, utcDateTime, utcTime } from "../core/report/instants.ts";

/**
 * Text without what a reader cannot see: control characters (a terminal would obey them) and marks that turn the
 * direction of writing round (one can make a name read as another). Line breaks stay, tabs become spaces.
 */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, "\n")
    .replaceAll("\t", " ")
    .replace(/[\p{Cc}\p{Bidi_Control}\uFEFF]/gu, (character) => (character === "\n" ? character : ""));
}

/** The same on one line. */
export function visibleLine(text: string): string {
  return visible(text).replace(/\s+/g, " ").trim();
}

/**
 * The address of a link that may be followed, as a browser would write it; null for any scheme but http, https, mailto,
 * and where a user name stands before the host (`https://bank.example@evil.example`).
 */
export function safeUrl(address: string): string | null {
  const url = URL.parse(address);
  if (!url || url.username || url.password) return null;
  return ["http:", "https:", "mailto:"].includes(url.protocol) ? visibleLine(url.href) : null;
}

/** These targets do not know their reader's zone nor the moment of reading: UTC, with the date except where only the time was asked for. */
export function timeText({ time, style }: Extract<Span, { time: string }>): string {
  if (style === "time") return `${utcTime(time)} UTC`;
  return style === "date" ? utcDate(time) : utcDateTime(time);
}
