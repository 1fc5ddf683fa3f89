/**
 * Makes data harmless in Slack's mrkdwn: what is seen is what was sent. Text from an alert can never ping, forge a
 * link, draw an emoji, or change how the words around it look.
 *
 * How, and why so:
 * - `&`, `<`, `>` become entities, the one escape that Slack documents. With that, no `<!channel>`, `<@U…>`, `<url|…>`.
 * - Every mrkdwn object is sent with `verbatim: true`, so Slack links no bare address, channel or name in it.
 * - Slack has no escape for `*`, `_`, `~` and the backtick. Invisible characters beside them are unreliable (a
 *   zero-width space is a word boundary to Slack, which *makes* bold), so such a character is exchanged for its
 *   look-alike, and only where it could begin or end formatting: inside a word, as in `snake_case`, it stays, and so
 *   names can be copied. A lone leading underscore (`_airbyte_raw`) stays as well.
 * - `:name:` gets an invisible word joiner after its first colon. No emoji has such a name, so this is certain.
 * - A quote mark at the beginning of a line, and `@here`, `@channel`, `@everyone`, get a word joiner.
 *
 * `rich_text` blocks would need none of this, but they fit into neither fields nor context, have no place for a
 * message's `text`, and the local Slack page does not show them: what one sees and tests there would not be what ships.
 * Where a whole text is data the renderer uses `plain_text` objects, which Slack never parses.
 */

/** U+2060, no width, no break: invisible, and part of no syntax. */
export const WORD_JOINER = "\u2060";

/**
 * Who reads the message. The local Slack page shows entities as they are and formats far more eagerly than Slack (an
 * asterisk inside a word, text inside code), so there data keeps its `&<>` with a joiner where a mention or link could
 * begin, and every formatting character is exchanged.
 */
export type Dialect = "slack" | "local";

const LOOKALIKES: Record<string, string> = { "*": "∗", _: "ˍ", "~": "∼", "`": "ˋ" };

/** Control characters break blocks; direction overrides make text read as something else; half a surrogate pair is no text. */
export function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, "\n")
    .replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, (char) =>
      char === "\n" ? char : char === "\t" ? "  " : "",
    );
}

/** Data on one line. */
export function oneLine(text: string): string {
  return joinLines(clean(text));
}

/** Lines without what surrounds them. A regular expression for it would take the square of the length of a long run of spaces. */
export function joinLines(text: string): string {
  const lines = text.split("\n").map((each) => each.trim());
  return lines.filter((each) => each !== "").join(" ");
}

/** Data as mrkdwn. Lines stay. `emphasised` is for data that we set in italics ourselves: no underscore may end that. */
export function mrkdwn(text: string, dialect: Dialect = "slack", emphasised = false): string {
  const tame = exchange(clean(text), dialect, emphasised)
    .replace(/@(?=(?:here|channel|everyone)\b)/gi, `$&${WORD_JOINER}`)
    .replace(/^>/gm, `${WORD_JOINER}>`);
  return entities(withoutEmoji(tame), dialect);
}

/** Data for `plain_text` objects: only emoji names mean something there. */
export function plain(text: string): string {
  return withoutEmoji(oneLine(text));
}

/** Data between backticks. Slack reads nothing in code but its end. */
export function inlineCode(text: string, dialect: Dialect = "slack"): string {
  return codeLine(oneLine(text).replaceAll("`", LOOKALIKES["`"]!), dialect);
}

/** Data between triple backticks. Three in a row would end it, so they are held apart. */
export function codeBlock(text: string, dialect: Dialect = "slack"): string {
  const safe = clean(text).replace(/``(?=`)/g, `\`\`${WORD_JOINER}`);
  if (dialect === "slack") return `\`\`\`\n${entities(safe, dialect)}\n\`\`\``;
  // The local page knows code on one line only, and shows several plain spaces as one.
  return safe
    .replace(/ {2,}/g, (spaces) => "\u00a0".repeat(spaces.length))
    .split("\n")
    .map((line) => (line.trim() ? `\`${codeLine(line.replaceAll("`", LOOKALIKES["`"]!), dialect)}\`` : ""))
    .join("\n");
}

function codeLine(line: string, dialect: Dialect): string {
  if (dialect === "slack") return entities(line, dialect);
  const paired = line.replace(/[*~]/g, (char) => (line.split(char).length > 2 ? LOOKALIKES[char]! : char));
  // Italics begin there behind a space, not behind the backtick, and with one underscore: `__main__` begins none.
  return entities(withoutEmoji(paired.replace(/(?<=[\s(])_(?!_)/g, LOOKALIKES._!)), dialect);
}

function exchange(text: string, dialect: Dialect, emphasised: boolean): string {
  return text
    .replace(dialect === "local" ? /[*~`]/g : EDGE_MARKS, (char) => LOOKALIKES[char]!)
    .split("\n")
    .map((line) =>
      emphasised || underscoresPair(line) ? line.replace(EDGE_UNDERSCORE, LOOKALIKES._!) : line,
    )
    .join("\n");
}

/** A backtick anywhere, and the others where they are not inside a word. */
const EDGE_MARKS = /`|(?<![\p{L}\p{N}])[*~]|[*~](?![\p{L}\p{N}])/gu;
const EDGE_UNDERSCORE = /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

/** Whether an underscore that could begin italics is followed by one that could end them. */
function underscoresPair(line: string): boolean {
  const opening = line.search(/(?<![\p{L}\p{N}])_(?=\S)/u);
  return opening >= 0 && /(?<=\S)_(?![\p{L}\p{N}])/u.test(line.slice(opening));
}

function withoutEmoji(text: string): string {
  // Times such as 03:10:00 are no emoji, but :100: and :1234: are.
  return text.replace(/:(?=(?!\d+:)[\p{L}\p{N}_+'-]+:|100:|1234:)/gu, `:${WORD_JOINER}`);
}

function entities(text: string, dialect: Dialect): string {
  if (dialect === "local") return text.replace(/<(?=[@#!]|https?:)/gi, `<${WORD_JOINER}`);
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * An address for `<address|label>`: http and https only, nothing in it that could end the link, and no user name in
 * front of the host (`https://bank.example@evil.example`). Null for anything else.
 */
export function linkAddress(text: string): string | null {
  const url = URL.parse(text.trim());
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return null;
  const href = url.href.replace(/[<>|"`^{}\s]/g, (char) => encodeURIComponent(char));
  return href.length > 3000 ? null : href;
}
