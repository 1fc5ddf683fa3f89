/**
 * Error text without what differs from run to run, so that tonight's failure reads as last month's: numbers, ids,
 * times, hashes and quoted values become placeholders. What is quoted and reads like a name (`"orders"`,
 * `'analytics.stg_orders'`) stays, as tables and columns are what an error is about.
 *
 * Every repetition is bounded or can match in one way only: the text comes from alerts, and must not be able to stall us.
 */
const VOLATILE = new RegExp(
  [
    /(?<uuid>(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z]))/u,
    /(?<date>(?<!\d)\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?(?:z|[+-]\d{2}:?\d{2})?(?!\d))/u,
    /(?<time>(?<!\d)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?!\d))/u,
    /(?<hex>(?<![\p{L}\d_])(?:0x[0-9a-f]{1,64}|(?=[a-f]{0,63}\d)(?=\d{0,63}[a-f])[0-9a-f]{7,64})(?![\p{L}\d_]))/u,
    /(?<quoted>(?<![\p{L}\d])(?:'[^'\n]{0,200}'|"[^"\n]{0,200}"|`[^`\n]{0,200}`|“[^”\n]{0,200}”))/u,
    /(?<number>(?<![\p{L}\d_])\d+(?:[.,]\d+)*|\d{4,})/u,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gu",
);

const NAME = /^[\p{L}_][\p{L}\d_$]*(?:\.[\p{L}_][\p{L}\d_$]*)*$/u;
const LONGEST = 10_000;

export function normalizeErrorText(text: string): string {
  return text
    .slice(0, LONGEST)
    .toWellFormed()
    .toLowerCase()
    .replace(VOLATILE, (found, ...rest) => {
      const groups = rest.at(-1) as Record<string, string | undefined>;
      if (groups.quoted !== undefined) return quoted(found);
      if (groups.date !== undefined || groups.time !== undefined) return "<time>";
      if (groups.uuid !== undefined) return "<id>";
      return groups.hex === undefined ? "<number>" : "<hex>";
    })
    .replace(/\s+/g, " ")
    .trim();
}

function quoted(found: string): string {
  const inside = found.slice(1, -1);
  // Long digits in a name are a date or a run: `orders_20261122`.
  return NAME.test(inside) ? inside.replace(/\d{4,}/g, "<number>") : "<text>";
}

/** The distinct words of an error's text, without the placeholders: letters, digits and underscores, two or more. */
export function errorWords(text: string): Set<string> {
  const words = normalizeErrorText(text).replace(/<(?:id|time|hex|text|number)>/g, " ");
  return new Set(words.match(/[\p{L}\d_]{2,60}/gu) ?? []);
}
