import { clip } from "./alert.ts";

/**
 * Text that can be stored and shown anywhere: NUL characters removed (Postgres refuses them in text and jsonb), lone
 * surrogates replaced (they are no valid UTF-8), and cut to `limit` UTF-16 units.
 */
export function cleanText(text: string, limit: number): string {
  return clip(isClean(text) ? text : text.replaceAll("\u0000", "").toWellFormed(), limit);
}

/** Nearly all texts are, and asking costs less than half of cleaning. */
function isClean(text: string): boolean {
  return !text.includes("\u0000") && text.isWellFormed();
}

/** Whether a text shows nothing: empty, white space, control characters, marks that no reader sees. */
export function isBlank(text: string): boolean {
  return !SEEN.test(text);
}

const SEEN = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * As `cleanText`, on one line: runs of white space become one space, and what shows nothing is empty. For titles, names
 * and labels of links.
 */
export function cleanLine(text: string, limit: number): string {
  const cleaned = cleanText(text, limit * 4);
  if (isBlank(cleaned)) return "";
  return clip(UNTIDY.test(cleaned) ? cleaned.replace(/\s+/g, " ").trim() : cleaned, limit);
}

/** White space at an end, twice in a row, or other than a plain space. */
const UNTIDY = /^\s|\s$|\s{2}|[^\S ]/;

/** What is kept of a payload beside the alert read from it: enough to look things up, never the whole of a big file. */
const RAW_LIMITS = { depth: 12, values: 2000, textLength: 8000, totalLength: 64_000 };

/**
 * Parsed JSON as it is safe to store: texts cleaned, and depth, number of values and total length bounded, so that a
 * hostile or huge payload can neither overflow a stack nor fill the database. What is cut reads `…`. The same object
 * where there is nothing to do, else a copy.
 */
export function cleanJson(value: unknown): unknown {
  const left = { values: RAW_LIMITS.values, length: RAW_LIMITS.totalLength };
  return isSafe(value, 0, left) ? value : safeCopy(value);
}

/** Whether nothing in a value has to be cleaned or cut; counts what is left of the bounds. */
function isSafe(value: unknown, depth: number, left: { values: number; length: number }): boolean {
  if (typeof value === "string") return isSafeText(value, left);
  if (typeof value !== "object" || value === null) return true;
  if (depth >= RAW_LIMITS.depth) return false;
  if (Array.isArray(value)) {
    left.values -= value.length;
    return left.values >= 0 && value.every((member) => isSafe(member, depth + 1, left));
  }
  for (const key of Object.keys(value)) {
    left.values -= 1;
    if (left.values < 0 || key === "__proto__" || !isSafeText(key, left)) return false;
    if (!isSafe((value as Record<string, unknown>)[key], depth + 1, left)) return false;
  }
  return true;
}

function isSafeText(text: string, left: { length: number }): boolean {
  left.length -= text.length;
  return left.length > 0 && text.length <= RAW_LIMITS.textLength && isClean(text);
}

function safeCopy(value: unknown): unknown {
  const left = { values: RAW_LIMITS.values, length: RAW_LIMITS.totalLength };
  const text = (value: string): string => {
    const cleaned = cleanText(value, Math.max(1, Math.min(RAW_LIMITS.textLength, left.length)));
    left.length -= cleaned.length;
    return cleaned;
  };
  const copy = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth >= RAW_LIMITS.depth) return "…";
    const out: [string, unknown][] = [];
    for (const key of Object.keys(value)) {
      if (left.values <= 0 || left.length <= 0) {
        out.push(["…", "…"]);
        break;
      }
      left.values -= 1;
      const member = (value as Record<string, unknown>)[key];
      // An own "__proto__" is legal JSON, and would change the prototype of whatever object it is assigned to later.
      if (key !== "__proto__") out.push([Array.isArray(value) ? key : text(key), copy(member, depth + 1)]);
    }
    return Array.isArray(value) ? out.map(([, member]) => member) : Object.fromEntries(out);
  };
  return copy(value, 0);
}
