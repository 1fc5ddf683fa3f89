/** No sender nests this deep; what recurses over JSON below is safe from a stack overflow. */
export const MAX_DEPTH = 100;

/**
 * How many different names the members of a JSON text may have, and how many objects and lists: each costs far more than its
 * bytes, and a few million of either take seconds in which this process does nothing else. The manifest of a dbt project
 * with ten thousand models has some tens of thousands of names, and some hundred thousand objects and lists.
 */
const MAX_NAMES = 200_000;
const MAX_NESTS = 2_000_000;
/** A text of fewer bytes has fewer of both: `"a":1,` and `[],`. */
const MANY_BYTES = 5 * MAX_NAMES;

/** What of a JSON text would hold up everything else while it is parsed, in words that follow its name; null for most. */
export function excessIn(json: Buffer): string | null {
  if (json.length < MANY_BYTES) return null;
  const { names, nests } = shapeOf(json);
  if (names > MAX_NAMES) return tooMany(MAX_NAMES, "different keys");
  return nests > MAX_NESTS ? tooMany(MAX_NESTS, "objects and lists") : null;
}

function tooMany(most: number, what: string): string {
  return `has more than ${most.toLocaleString("en")} ${what}. Send it in several`;
}

/** On bytes: a bracket, quote or backslash never is a part of another UTF-8 character. */
export function nestsTooDeep(json: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (inString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}

/** How many different strings stand before a colon (two that share a hash count once), and how many brackets open. */
function shapeOf(json: Buffer): { names: number; nests: number } {
  const seen = new Uint8Array(2 ** 24);
  let names = 0;
  let nests = 0;
  let hash = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]!;
    if (inString && byte === 0x22) inString = false;
    else if (inString) {
      hash = Math.imul(hash ^ byte, 0x01000193);
      if (byte === 0x5c) i++;
    } else if (byte === 0x22) {
      hash = 0;
      inString = true;
    } else if (byte === 0x5b || byte === 0x7b) nests += 1;
    else if (byte === 0x3a) {
      const place = (hash ^ (hash >>> 24)) & (seen.length - 1);
      if (seen[place] === 0) names += 1;
      seen[place] = 1;
    }
  }
  return { names, nests };
}
