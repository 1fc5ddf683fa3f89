import { jsonIn } from "./parse-body.ts";

/**
 * What Python's `urllib.parse.urlencode(json.loads(text))` gives, which some senders sign instead of the bytes they
 * send. Nested values are written as Python's `repr` writes them (`{'id': None}`), so this follows it to the letter:
 * https://docs.python.org/3/library/urllib.parse.html#urllib.parse.urlencode and
 * https://docs.python.org/3/library/functions.html#repr.
 *
 * Null where Python would have raised: text that is no JSON object, nested deeper than Python's stack, or with half a
 * surrogate pair where UTF-8 is needed.
 */
export function pythonUrlencode(text: string, emoji: PythonEmoji = "new"): string | null {
  if (!isJson(text)) return null;
  const walk: Walk = { text, at: 0, isPrinted: emoji === "new" ? isPrinted : isPrintedByOldPython };
  skipSpace(walk);
  if (text[walk.at] !== "{") return null;
  const members = readMembers(walk, 1, readPlain);
  if (members === null) return null;
  try {
    return [...members].map(([key, value]) => `${quotePlus(key)}=${quotePlus(value)}`).join("&");
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/**
 * `repr` escapes characters that its Python does not know yet. Of those, only emoji come up in alerts: "old" escapes the
 * ones that Python 3.11 does not know and 3.14 does.
 */
export type PythonEmoji = "new" | "old";

type Walk = { text: string; at: number; isPrinted: (character: string) => boolean };
type ReadValue = (walk: Walk, depth: number) => string | null;

/** Python gives up at 1,000 levels. */
const MAX_DEPTH = 990;

/** Everything below may trust the grammar once this has passed. */
function isJson(text: string): boolean {
  try {
    return jsonIn(text) !== undefined;
  } catch {
    return false;
  }
}

function skipSpace(walk: Walk): void {
  while (" \t\n\r".includes(walk.text[walk.at] ?? "-")) walk.at += 1;
}

/**
 * An object's keys with the texts of their values. A Map keeps them in the order in which Python does, which an object
 * does not (`{"b": 1, "1": 2}`): a key that comes twice keeps its first place and gets its last value.
 */
function readMembers(walk: Walk, depth: number, readValue: ReadValue): Map<string, string> | null {
  const members = new Map<string, string>();
  walk.at += 1;
  for (;;) {
    skipSpace(walk);
    if (walk.text[walk.at] === "}") {
      walk.at += 1;
      return members;
    }
    if (walk.text[walk.at] === ",") {
      walk.at += 1;
      skipSpace(walk);
    }
    const key = readString(walk);
    skipSpace(walk);
    walk.at += 1; // the colon
    const value = readValue(walk, depth);
    if (value === null) return null;
    members.set(key, value);
  }
}

/** A value on the outermost level: `str()`, which leaves a string as it is. */
function readPlain(walk: Walk, depth: number): string | null {
  skipSpace(walk);
  return walk.text[walk.at] === '"' ? readString(walk) : readRepr(walk, depth);
}

function readRepr(walk: Walk, depth: number): string | null {
  skipSpace(walk);
  const first = walk.text[walk.at]!;
  if (first === '"') return reprString(readString(walk), walk.isPrinted);
  if (first === "{" || first === "[") {
    if (depth >= MAX_DEPTH) return null;
    return first === "{" ? readObject(walk, depth + 1) : readList(walk, depth + 1);
  }
  const word = /[^\s,\]}]+/y;
  word.lastIndex = walk.at;
  const token = word.exec(walk.text)![0];
  walk.at += token.length;
  return WORDS[token] ?? reprNumber(token);
}

const WORDS: Record<string, string> = { true: "True", false: "False", null: "None" };

function readObject(walk: Walk, depth: number): string | null {
  const members = readMembers(walk, depth, readRepr);
  if (members === null) return null;
  const pairs = [...members].map(([key, value]) => `${reprString(key, walk.isPrinted)}: ${value}`);
  return `{${pairs.join(", ")}}`;
}

function readList(walk: Walk, depth: number): string | null {
  const items: string[] = [];
  walk.at += 1;
  for (;;) {
    skipSpace(walk);
    const next = walk.text[walk.at];
    if (next === "]" || next === ",") walk.at += 1;
    if (next === "]") return `[${items.join(", ")}]`;
    const item = readRepr(walk, depth);
    if (item === null) return null;
    items.push(item);
  }
}

function readString(walk: Walk): string {
  const start = walk.at;
  walk.at += 1;
  while (walk.text[walk.at] !== '"') walk.at += walk.text[walk.at] === "\\" ? 2 : 1;
  walk.at += 1;
  return JSON.parse(walk.text.slice(start, walk.at));
}

/** From the source text: an integer has as many digits as it likes, and `1.0` is no integer. */
function reprNumber(token: string): string {
  if (/^-?\d+$/.test(token)) return token === "-0" ? "0" : token;
  const number = Number(token);
  if (!Number.isFinite(number)) return number > 0 ? "inf" : "-inf";
  const sign = Object.is(number, -0) || number < 0 ? "-" : "";
  const [mantissa, power] = Math.abs(number).toExponential().split("e") as [string, string];
  return sign + layOut(mantissa.replace(".", ""), Number(power));
}

/** Both languages write the fewest digits that read back as the same number; they differ in where they start to write exponents. */
function layOut(digits: string, power: number): string {
  if (power < -4 || power >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${digits[0]}${fraction}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  if (power < 0) return `0.${"0".repeat(-power - 1)}${digits}`;
  return `${digits.slice(0, power + 1).padEnd(power + 1, "0")}.${digits.slice(power + 1) || "0"}`;
}

function reprString(value: string, isPrintedHere: Walk["isPrinted"]): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value.replace(/[^ -~]|['"\\]/gu, (character) => {
    if (character === quote || character === "\\") return `\\${character}`;
    if (character >= " " && character <= "~") return character;
    return SHORT_ESCAPES[character] ?? (isPrintedHere(character) ? character : escapeOf(character));
  });
  return quote + escaped + quote;
}

const SHORT_ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Python's `str.isprintable`: all but the Unicode categories "Other" and "Separator". */
function isPrinted(character: string): boolean {
  return !/[\p{C}\p{Z}]/u.test(character);
}

/** The emoji of Unicode 15 to 17. */
const NEW_EMOJI =
  /[\u{1F6D8}\u{1F6DC}\u{1FA75}-\u{1FA77}\u{1FA87}-\u{1FA8A}\u{1FA8E}\u{1FA8F}\u{1FAAD}-\u{1FAAF}\u{1FABB}-\u{1FABF}\u{1FAC6}\u{1FAC8}\u{1FACD}-\u{1FACF}\u{1FADA}-\u{1FADC}\u{1FADF}\u{1FAE8}-\u{1FAEA}\u{1FAEF}\u{1FAF7}\u{1FAF8}]/u;

function isPrintedByOldPython(character: string): boolean {
  return isPrinted(character) && !NEW_EMOJI.test(character);
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

/** Throws URIError for half a surrogate pair, as Python raises UnicodeEncodeError. */
function quotePlus(value: string): string {
  return encodeURIComponent(value)
    .replace(/[!*'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
