/**
 * What is taken out of texts, and how it is told from what only looks like it. Every pattern runs in time linear in
 * the text whatever it holds: a repeated class either starts only where the class does not precede it, or is bounded,
 * or is followed by nothing that could fail.
 */
export type Kind =
  | "private_key"
  | "token"
  | "password"
  | "secret"
  | "email"
  | "card"
  | "ssn"
  | "iban"
  | "phone";

/** What the text says was there. */
export const KIND_WORDS: Record<Kind, string> = {
  private_key: "private key",
  token: "token",
  password: "password",
  secret: "secret",
  email: "e-mail",
  card: "card number",
  ssn: "SSN",
  iban: "IBAN",
  phone: "phone number",
};

/** Data of people, as opposed to what opens doors. */
export const PERSONAL_KINDS: readonly Kind[] = ["email", "card", "ssn", "iban", "phone"];

/**
 * `find` has two groups: what stays before the find, and the find. `length` is how much of it counts, 0 for nothing;
 * without it, all does.
 */
type Pattern = { kind: Kind; find: RegExp; length?: (found: string, before: string) => number };

/** Between a key and its value: `: `, `=`, `" => "`, with the quotes around either, escaped or not. */
const IS = String.raw`["'\]\\]{0,4}\s{0,3}(?:=>|:=|[:=])\s{0,3}\\{0,3}["']?`;
/** A value: all up to its quote where it has one, else up to white space, `;` or `&`, without closing brackets. */
const VALUE = String.raw`\[redacted [\w -]{1,40}\]|(?<=")[^"\n]+|(?<=')[^'\n]+|[^\s"'&;]*[^\s"'&;,)}\]]`;
const PASSWORD = "pass(?:word|wd|phrase|code)s?|pwd";
const KEYS =
  "(?:api|access|private|secret|account|signing|encryption|shared[_-]?access|routing|integration|genie)[_-]?key|shared[_-]?access[_-]?signature|client[_-]?secret";
/**
 * Words that prose uses too (`unexpected token: orders`): what follows has to look like a secret. A request's or
 * page's token opens nothing: it tells retries apart, or where to read on.
 */
const LOOSE = "secret|(?<!(?:request|page|next)[_-]?)token|cookies?|credentials?|signature";

/** What issuers start their tokens with. */
const ISSUED = [
  String.raw`xox[a-z]-[\w.-]{10,}`,
  String.raw`xapp-[\w-]{10,}`,
  String.raw`gh[pousr]_\w{16,}`,
  String.raw`github_pat_\w{16,}`,
  String.raw`gl(?:pat|ptt|dt|rt|cbt|soat|ft)-[\w-]{16,}`,
  "npm_[A-Za-z0-9]{30,}",
  String.raw`pypi-[\w-]{30,}`,
  String.raw`[sr]k_(?:live|test)_\w{10,}`,
  String.raw`whsec_[\w+/=-]{16,}`,
  String.raw`sk-(?:proj|ant|svcacct|admin|or)-[\w-]{16,}`,
  "sk-[A-Za-z0-9]{20,}",
  String.raw`SG\.[\w-]{16,}(?:\.[\w-]+)?`,
  String.raw`AIza[\w-]{30,}`,
  String.raw`ya29\.[\w-]{16,}`,
  String.raw`GOCSPX-[\w-]{16,}`,
  String.raw`dapi[0-9a-f]{32}(?:-\d)?`,
  String.raw`dbt[cu]_[\w+/=-]{16,}`,
  "hf_[A-Za-z]{30,}",
  String.raw`hvs\.[\w-]{20,}`,
  String.raw`ATATT3[\w=-]{20,}`,
  String.raw`glsa_\w{20,}`,
  "dop_v1_[0-9a-f]{32,}",
  "A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])",
].join("|");

export const PATTERNS: readonly Pattern[] = [
  {
    kind: "private_key",
    find: /()(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$))/g,
  },
  // A password in a URL, also where the text was cut before its host.
  { kind: "password", find: /(:\/\/[^\s/?#"'<>:@]*:)([^\s/?#"'<>]+(?=@)|[^\s/?#"'<>@]+(?=…))/g },
  {
    kind: "token",
    find: /(\bauthorization["'\]\\]{0,4}\s{0,3}[:=]\s{0,3}\\{0,3}["']?(?:(?:basic|bearer|digest|token|apikey|geniekey)\s{1,3})?)(\[redacted [\w -]{1,40}\]|[^\s"',;]+)/gi,
    length: unlessMasked,
  },
  { kind: "token", find: /(\b(?:basic|bearer)\s{1,3})((?=\S{0,99}(?:\d|[a-z][A-Z]|=))[\w+/=.~-]{16,})/gi },
  { kind: "token", find: new RegExp(`()(?<![A-Za-z0-9])(${ISSUED})`, "g") },
  { kind: "token", find: /(?<![\w-])()(eyJ[\w-]{10,}(?:(?:\.[\w-]*)+|(?=…)))/g },
  { kind: "token", find: /(hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/)([\w/-]{8,})/g },
  { kind: "token", find: /(discord(?:app)?\.com\/api\/webhooks\/\d{1,30}\/)([\w-]{16,})/g },
  {
    kind: "token",
    find: /(:\/\/)([\w-]{20,}(?=@))/g,
    length: (found) => (/\d/.test(found) ? found.length : 0),
  },
  { kind: "password", find: new RegExp(`((?:${PASSWORD})${IS})(${VALUE})`, "gi"), length: unlessDirectory },
  { kind: "secret", find: new RegExp(`((?:${KEYS})${IS})(${VALUE})`, "gi"), length: unlessMasked },
  { kind: "secret", find: new RegExp(`((?:${LOOSE})${IS})(${VALUE})`, "gi"), length: ifSecretLooking },
  {
    kind: "secret",
    find: /([?&](?:key|sig|auth|jwt|pass|x-amz-[\w-]{1,40}|x-goog-[\w-]{1,40}|awsaccesskeyid)=)(\[redacted [\w -]{1,40}\]|[^\s&"'<>#]+)/gi,
    length: unlessMasked,
  },
  {
    kind: "secret",
    find: new RegExp(
      String.raw`((?<![\w-])--(?:[a-z0-9]{1,20}-){0,3}(?:${PASSWORD}|${KEYS}|${LOOSE})\s{1,3}\\{0,3}["']?)(${VALUE})`,
      "gi",
    ),
    length: unlessMasked,
  },
  {
    kind: "email",
    find: /(?<![\p{L}\p{N}._%+-])()([\p{L}\p{N}._%+-][\p{L}\p{N}._%+'-]{0,63}(?:@|%40)(?:(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}(?![\p{L}\p{N}-])|[\p{L}\p{N}.-]{1,200}(?=…)))/gu,
    length: (found) => (/^git@/.test(found) ? 0 : found.length),
  },
  {
    kind: "iban",
    find: /(?<![A-Za-z0-9])()([A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![A-Za-z0-9]))/g,
    length: ibanLength,
  },
  // A card's digits are in one run or in its groups: dates and times, which have separators too, are neither.
  {
    kind: "card",
    find: /(?<![\w./+-])()((?:\d{13,19}|\d{4}([ -])\d{4}\3\d{4}\3\d{1,7}|\d{4}([ -])\d{6}\4\d{4,5})(?![\w/-]|\.\d))/g,
    length: (found) => (isCard(found.replace(/\D/g, "")) ? found.length : 0),
  },
  {
    kind: "ssn",
    find: /(?<![\w./-])()((?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-]))/g,
  },
  {
    kind: "phone",
    find: /(?<![\w+])()(\+[1-9]\d{0,2}(?:[ .()-]{1,2}\d{1,8}){2,6}(?!\w))/g,
    length: (found) => (/^\D*(?:\d\D*){8,15}$/.test(found) ? found.length : 0),
  },
];

/** A key with its value, a query's parameter, and a URL that was cut before its host. */
const NAMED = new RegExp(
  String.raw`(?:${PASSWORD}|key|shared[_-]?access[_-]?signature|${LOOSE}|authorization)["'\]\\]{0,4}\s{0,3}[:=]|[?&](?:sig|auth|jwt|pass|x-amz|x-goog|awsacc)|:\/\/[^\s/@]*…`,
  "i",
);
const OPTION = new RegExp(
  String.raw`-----BEGIN|--(?:[a-z0-9]{1,20}-){0,3}(?:${PASSWORD}|${KEYS}|${LOOSE})\s`,
  "i",
);
const NUMBER =
  /\d{13}|\d{4}[ -]\d{4}[ -]\d{4}|\d{4}[ -]\d{6}[ -]|\d{3}-\d{2}-\d{4}|[A-Z]{2}\d{2}(?:[A-Z0-9]{11}| [A-Z0-9]{4} )|\+\d{1,3}[ .()-]/;

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

/** The beginnings by their first two characters (at `first * 128 + second`). */
const BY_FIRST_TWO: (string[] | undefined)[] = new Array(128 * 128).fill(undefined);
for (const beginning of BEGINNINGS) {
  const at = beginning.charCodeAt(0) * 128 + beginning.charCodeAt(1);
  BY_FIRST_TWO[at] = [...(BY_FIRST_TWO[at] ?? []), beginning];
}

const LETTER = 1;
const DIGIT = 2;
const AT = 3;
const IS_SIGN = 4;
const DASH = 5;
const SPACE = 6;
const PLUS = 7;
const CLASSES = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const char = String.fromCharCode(code);
  if (/[a-z]/i.test(char)) CLASSES[code] = LETTER;
  else if (/\d/.test(char)) CLASSES[code] = DIGIT;
  else if (/[@%]/.test(char)) CLASSES[code] = AT;
  else if (/[:=]/.test(char)) CLASSES[code] = IS_SIGN;
  else if (char === "-") CLASSES[code] = DASH;
  else if (char === " ") CLASSES[code] = SPACE;
  else if (char === "+") CLASSES[code] = PLUS;
}

/**
 * Whether a text is worth a closer look: true wherever a pattern above finds something, and seldom else. Nearly all
 * texts of nearly all alerts end here, which is why it is one pass by hand: one expression for all of it takes several
 * times as long.
 */
export function isSuspect(text: string): boolean {
  let digits = 0;
  let run = 0;
  let numbered = false;
  let named = false;
  let dashes = false;
  let before = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const found = code < 128 ? CLASSES[code]! : 0;
    if (found === LETTER) {
      if (before !== LETTER && before !== DIGIT && beginsSuspect(text, i, code)) return true;
    } else if (found === DIGIT) {
      digits += 1;
      run = before === DIGIT ? run + 1 : 1;
      // A long run, or digits behind what NUMBER has before them: a separator, a `+`, the letters of a country.
      if (run === 13 || (run === 1 && before !== 0 && before !== IS_SIGN)) numbered = true;
    } else if (found === IS_SIGN) {
      // No name ends in a digit (`03:10`), and no value begins with `//` (`https://`).
      if (before !== DIGIT && !isBeforeAddress(text, i)) named = true;
    } else if (found === AT) {
      if (code === 64 || text.startsWith("%40", i)) return true;
    } else if (found === DASH) {
      if (before === DASH) dashes = true;
    } else if (code === 0x2026) named = true; // the … of a cut
    before = found;
  }
  return (
    (named && NAMED.test(text)) ||
    (numbered && digits >= 8 && NUMBER.test(text)) ||
    (dashes && OPTION.test(text))
  );
}

function isBeforeAddress(text: string, colon: number): boolean {
  return text.charCodeAt(colon + 1) === 47 && text.startsWith("://", colon);
}

function beginsSuspect(text: string, at: number, first: number): boolean {
  const second = text.charCodeAt(at + 1);
  if (!(second < 128)) return false;
  const beginnings = BY_FIRST_TWO[first * 128 + second];
  return beginnings !== undefined && beginnings.some((beginning) => text.startsWith(beginning, at));
}

/** Masks, and words that say that there is no value. */
const MASKED =
  /^(?:\[redacted [\w -]{1,40}\]|redacted|[*•.…]+|x{3,}|null|none|nil|true|false|undefined|\W{0,3})$/i;

export function isMasked(value: string): boolean {
  return MASKED.test(value);
}

function unlessMasked(found: string): number {
  return isMasked(found) ? 0 : found.length;
}

/** `PWD=/opt/dbt` is where a shell stands. */
function unlessDirectory(found: string, before: string): number {
  return /^pwd/i.test(before) && found.startsWith("/") ? 0 : unlessMasked(found);
}

function ifSecretLooking(found: string, before: string): number {
  const written = /(?:=|["'])$/.test(before);
  return written || found.length >= 20 || (found.length >= 6 && /\d/.test(found)) ? unlessMasked(found) : 0;
}

/** Luhn's checksum, and a length and beginning that a network gives out (ids and timestamps seldom have all three). */
function isCard(digits: string): boolean {
  const network =
    /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|(?:6011|65\d\d|64[4-9]\d|62\d\d)\d{12,15}|35\d{14})$/;
  if (!network.test(digits) || /^(\d)\1*$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The find may have taken in a word that follows the number, so its beginnings are tried, group by group. */
function ibanLength(found: string): number {
  for (let end = found.length; end >= 15; end = found.lastIndexOf(" ", end - 1)) {
    if (isIban(found.slice(0, end).replaceAll(" ", ""))) return end;
  }
  return 0;
}

/** ISO 13616: with its first four characters moved to the end and letters read as 10 to 35, it is 1 modulo 97. */
function isIban(text: string): boolean {
  if (text.length < 15 || text.length > 34) return false;
  let rest = 0;
  for (const char of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** The last words of a name under which a secret stands: `DB_PASSWORD`, `clientSecret`, not `token_count`. */
const SECRET_NAME =
  /(?:^| )(?:[a-z]*(?:passwords?|passwd|passphrase|passcode)|pwd|secrets?|(?<!(?:request|page|next) )token|credentials?|cookies?|authorization|(?:api|auth|access)token|clientsecret|(?:api|access|private|secret|account|signing|encryption|shared|routing|integration|genie) ?key|password hash)$/;
const MAY_BE_SECRET_NAME = /pass|pwd|secret|token|key|credential|cookie|authorization/i;

/** The kind of secret that a field of this name holds; null for names of anything else. */
export function secretNamed(name: string): "password" | "secret" | null {
  // A name that a find was taken out of says what was found, and nothing of its value.
  if (!MAY_BE_SECRET_NAME.test(name) || name.includes("[redacted ")) return null;
  const words = name
    .slice(-100)
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/[^a-z]+/g, " ")
    .trim();
  if (!SECRET_NAME.test(words)) return null;
  return /pass|pwd/.test(words) ? "password" : "secret";
}
