import fc from "fast-check";

/** How long a fuzzer may look, in seconds: a moment in `npm test`, longer where somebody waits for it. */
const SECONDS = Number(process.env.BREAKWATER_FUZZ_SECONDS ?? 1.5);
const SEED = process.env.BREAKWATER_FUZZ_SEED;

export const FUZZ_TEST_MS = SECONDS * 1000 + 30_000;

/** Parameters of a property that is tried as often as its share of the time allows. */
export function within(share = 1) {
  return {
    numRuns: 1_000_000,
    interruptAfterTimeLimit: SECONDS * 1000 * share,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  };
}

/** Pieces that break something where texts are read: markup whole and torn, quotes, signs that pair, odd characters. */
// biome-ignore format: a list to read across
export const FRAGMENTS = [
  "__proto__", "constructor", "{", "}", "[", "]", "(", ")", "<", ">", "<!--", "-->", "<@U1|", "<https://x|", "&lt;", "&amp;", '"', "'", "`", "```", "\\", "\\\\",
  "*", "**", "_", "~", "|", "||", "=", "==", "!=", "!", "?", "*?", "{a,", "{a,b}", ",", ";", ":", "://", "/", "//", "#", "## ", "> ", "- ", "1. ", "\n", "\r\n", "\n\n", " ", "\t",
  "\u0000", "\u200b", "\u202e", "\ud800", "é", "漢", "0", "1", "9", "-", "-1", "1e309", "a", "ab", "a.b", "a@b", "a@b.", "x=", "x=y", "name=", "title=\"", "all", "true", "null", "~",
  "2026-11-22", "2026-11-22T03:10:00Z", "03:10", "99:99", "yesterday", "at ", "15m", "1h30m", "99999999d", "in ", "by ", "INC-1", "sev1", "source=dbt asset=*.orders ",
  "---\n", "---\ntitle: x\n---\n", "key: ", "- a: ", "&a ", "*a ", "<<: ", "!!js/function ", "{{asset}}", "{{label.", "}}", "[x](", "![x](", "https://", "www.", ".example", "password=", "token: ", "postgres://u:p@",
];

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...FRAGMENTS) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...FRAGMENTS), fc.nat(60)).map(([text, times]) => text.repeat(times)),
  },
);

/** Texts made of such pieces. */
export const anyText = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
