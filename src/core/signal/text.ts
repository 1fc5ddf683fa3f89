import { clip } from "./alert.ts";

/**
 * Text that can be stored and shown anywhere: NUL characters removed (Postgres refuses them in text and jsonb), lone
 * surrogates replaced (they are no valid UTF-8), and cut to `limit` UTF-16 units.
 */
export function cleanText(text: string, limit: number): string {
  return clip(text.replaceAll("\u0000", "").toWellFormed(), limit);
}

/** As `cleanText`, on one line: runs of white space become one space. For titles, names and labels of links. */
export function cleanLine(text: string, limit: number): string {
  return clip(
    cleanText(text, limit * 4)
      .replace(/\s+/g, " ")
      .trim(),
    limit,
  );
}

/** What is kept of a payload beside the alert read from it: enough to look things up, never the whole of a big file. */
const RAW_LIMITS = { depth: 12, values: 2000, textLength: 8000, totalLength: 64_000 } as const;

/**
 * A copy of parsed JSON that is safe to store: texts cleaned, and depth, number of values and total length bounded, so
 * that a hostile or huge payload can neither overflow a stack nor fill the database. What is cut reads `…`.
 */
export function cleanJson(value: unknown): unknown {
  const left = { values: RAW_LIMITS.values as number, length: RAW_LIMITS.totalLength as number };
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
