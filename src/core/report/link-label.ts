/**
 * Whether a link's label reads as another address than the one it leads to: a sender must not send people elsewhere. All
 * renderers ask here, since each would be forged by what it alone overlooks.
 *
 * The label is judged as a reader sees it: without invisible characters, which a renderer may take out later, and with
 * letters, dots and slashes of every width made plain.
 */
export function misleads(label: string, url: string): boolean {
  if (label.trim() === url.trim()) return false;
  return asRead(label)
    .split(APART)
    .some((word) => looksLikeAddress(word) && !isAddress(word, url));
}

function asRead(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/\s+/g, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "")
    .replace(/[⁄∕⧸╱]/g, "/")
    .replace(/[∶꞉]/g, ":")
    .replaceAll("。", ".");
}

/** What people set beside an address and do not read as a part of it. */
const APART = /[\s()<>[\]{}"'`“”‘’|,;]+/;

/**
 * Ends of hosts that make a dotted name an address by itself. Tables are called `sales.orders` and files `orders.sql`, so
 * only ends that people know from their browser count, and none that is a file's (`.sh`, `.md`, `.py`), a word (`.in`, `.it`,
 * `.us`) or a likely table (`.info`, `.shop`). Any end counts behind a scheme or `www.`, or with a path of its own.
 */
const KNOWN_ENDS =
  "com|net|org|edu|gov|io|co|dev|app|ai|cloud|online|xyz|biz|example|eu|uk|de|fr|nl|ch|es|se|dk|jp|cn|ru|br|au|ca";

/** `name.` once or more, from its beginning; none within a path, since `bigquery/shop.orders` is a dataset. */
const NAMES = String.raw`(?<![\p{L}\p{N}_.-])(?<![^/]/)(?:[\p{L}\p{N}][\p{L}\p{N}-]*\.)+`;
const HOST = new RegExp(
  [
    `${NAMES}(?:xn--[a-z\\d-]+|\\p{L}{2,})(?::\\d+)?/`,
    `${NAMES}(?:${KNOWN_ENDS})(?![\\p{L}\\p{N}_-]|\\.[\\p{L}\\p{N}])`,
    String.raw`(?<![\p{L}\p{N}_.-])\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}_.-])`,
    String.raw`(?<![\p{L}\p{N}])www\.`,
    String.raw`[^\s@]@(?:[\p{L}\p{N}][\p{L}\p{N}-]*\.)+\p{L}{2,}`,
  ].join("|"),
  "iu",
);

function looksLikeAddress(word: string): boolean {
  return word.includes("://") || HOST.test(word);
}

/** Whether a word that looks like an address is that of the link: the whole, its beginning up to `...`, or the host alone. */
function isAddress(word: string, url: string): boolean {
  const target = URL.parse(url.trim());
  if (target === null) return false;
  if (target.protocol === "mailto:") return word.replace(/^mailto:/i, "") === target.pathname;
  const said = word.replace(/[.:!?]+$/, "");
  const named = URL.parse(said.includes("://") ? said : `https://${said}`);
  if (named === null || named.username || named.password || named.host !== target.host) return false;
  const part = restOf(named);
  const whole = restOf(target);
  return part === "" || part === whole || (word.endsWith("...") && whole.startsWith(part));
}

function restOf({ pathname, search, hash }: URL): string {
  return (pathname + search + hash).replace(/\/$/, "");
}
