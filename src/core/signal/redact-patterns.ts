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
export const PASSWORD = "pass(?:word|wd|phrase|code)s?|pwd";
export const KEYS =
  "(?:api|access|private|secret|account|signing|encryption|shared[_-]?access|routing|integration|genie)[_-]?key|shared[_-]?access[_-]?signature|client[_-]?secret";
/**
 * Words that prose uses too (`unexpected token: orders`): what follows has to look like a secret. A request's or
 * page's token opens nothing: it tells retries apart, or where to read on.
 */
export const LOOSE = "secret|(?<!(?:request|page|next)[_-]?)token|cookies?|credentials?|signature";

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
