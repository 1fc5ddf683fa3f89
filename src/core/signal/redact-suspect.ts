import { KEYS, LOOSE, PASSWORD } from "./redact-patterns.ts";

/** A key with its value, a query's parameter, and a URL that was cut before its host. */
const NAMED = new RegExp(
  String.raw`(?:${PASSWORD}|key|shared[_-]?access[_-]?signature|${LOOSE}|authorization)["'\]\\]{0,4}\s{0,3}[:=]|[?&](?:sig|auth|jwt|pass|x-amz|x-goog|awsacc)|:\/\/[^\s/@]*…`,
  "i",
);
const OPTION = new RegExp(
  String.raw`-----BEGIN|--(?:[a-z0-9]{1,20}-){0,3}(?:${PASSWORD}|${KEYS}|${LOOSE})\s`,
  "i",
);
/** The last two letters of the names in `NAMED`. */
const NAME_ENDINGS = new Set("rd wd se de ds es ey re et en ie al ls on".split(" "));

/** How words begin that are tokens or stand before one. */
const BEGINNINGS = [
  ...[
    "xox",
    "xapp-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "glptt-",
    "gldt-",
    "glrt-",
  ],
  ...[
    "glcbt-",
    "glsoat-",
    "glft-",
    "npm_",
    "pypi-",
    "sk_",
    "rk_",
    "sk-",
    "whsec_",
    "SG.",
    "AIza",
    "ya29.",
    "GOCSPX-",
  ],
  ...["dapi", "dbtc_", "dbtu_", "hf_", "hvs.", "ATATT3", "glsa_", "dop_v1_", "AKIA", "ASIA", "eyJ"],
  ...["hooks.slack", "discord", "Bearer", "bearer", "BEARER", "Basic", "basic", "BASIC"],
];

/** The beginnings that share their first two characters, and at `first * 128 + second` which of these lists it is. */
const LISTS: string[][] = [[]];
const LIST_OF = new Uint8Array(128 * 128);
for (const beginning of BEGINNINGS) {
  const at = beginning.charCodeAt(0) * 128 + beginning.charCodeAt(1);
  if (LIST_OF[at] === 0) LIST_OF[at] = LISTS.push([]) - 1;
  LISTS[LIST_OF[at]!]!.push(beginning);
}

const LETTER = 1;
const DIGIT = 2;
const AT = 3;
const IS_SIGN = 4;
const DASH = 5;
const QUERY = 6;
const CLASSES = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const char = String.fromCharCode(code);
  if (/[a-z]/i.test(char)) CLASSES[code] = LETTER;
  else if (/\d/.test(char)) CLASSES[code] = DIGIT;
  else if (/[@%]/.test(char)) CLASSES[code] = AT;
  else if (/[:=]/.test(char)) CLASSES[code] = IS_SIGN;
  else if (char === "-") CLASSES[code] = DASH;
  else if (/[?&]/.test(char)) CLASSES[code] = QUERY;
}

/**
 * Whether a text is worth a closer look: true wherever a pattern finds something, and seldom else. Nearly all
 * texts of nearly all alerts end here, which is why it is one pass by hand: one expression for all of it takes several
 * times as long. (No read goes past an end of the text: the compiler would give up on the whole function.)
 */
export function isSuspect(text: string): boolean {
  let named = false;
  let dashes = false;
  let before = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const found = code < 128 ? CLASSES[code]! : 0;
    if (found === LETTER) {
      if (before !== LETTER && before !== DIGIT && beginsSuspect(text, i, code)) return true;
    } else if (found === DIGIT) {
      if (before !== DIGIT && beginsNumber(text, i)) return true;
    } else if (found === IS_SIGN) {
      // No name ends in a digit (`03:10`).
      if (!named && before !== DIGIT) named = endsLikeName(text, i);
    } else if (found === QUERY) named ||= i + 1 < text.length && "sajpxSAJPX".includes(text[i + 1]!);
    else if (found === DASH) dashes ||= before === DASH;
    else if (found === AT) {
      if (code === 64 || text.startsWith("%40", i)) return true;
    } else if (code === 0x2026) named = true; // the … of a cut
    before = found;
  }
  return (named && NAMED.test(text)) || (dashes && OPTION.test(text));
}

/** Whether a name of `NAMED` may stand before the sign at `end`, with at most four quotes and three spaces between. */
function endsLikeName(text: string, end: number): boolean {
  let at = end;
  while (at > 0 && end - at < 8 && !isLetter(text.charCodeAt(at - 1))) at -= 1;
  return NAME_ENDINGS.has(text.slice(Math.max(0, at - 2), at).toLowerCase());
}

function isLetter(code: number): boolean {
  return code < 128 && CLASSES[code] === LETTER;
}

/**
 * Whether the digits that begin here stand as those of a card (13 and more, or in groups of four or six), a social
 * security number, an IBAN or a phone number do. Groups are parted by one space or dash.
 */
function beginsNumber(text: string, at: number): boolean {
  const end = endOfDigits(text, at);
  const length = end - at;
  if (length >= 13 || (length >= 2 && isCapital(text, at - 1) && isCapital(text, at - 2))) return true;
  if (end === text.length) return false;
  if (length <= 3 && at > 0 && text[at - 1] === "+" && " .()-".includes(text[end]!)) return true;
  if (length < 3 || !isParting(text, end)) return false;
  const next = endOfDigits(text, end + 1);
  if (next === text.length || !isParting(text, next)) return false;
  const lengthOfNext = next - end - 1;
  if (lengthOfNext === 6) return true;
  return (lengthOfNext === 2 || lengthOfNext === 4) && endOfDigits(text, next + 1) - next > 4;
}

function endOfDigits(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isParting(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || code === 45;
}

function isCapital(text: string, at: number): boolean {
  if (at < 0) return false;
  const code = text.charCodeAt(at);
  return code >= 65 && code <= 90;
}

function beginsSuspect(text: string, at: number, first: number): boolean {
  if (at + 1 === text.length) return false;
  const second = text.charCodeAt(at + 1);
  const list = second < 128 ? LIST_OF[first * 128 + second]! : 0;
  return list !== 0 && LISTS[list]!.some((beginning) => text.startsWith(beginning, at));
}
