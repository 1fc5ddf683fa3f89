/**
 * Slack's mrkdwn (https://docs.slack.dev/messaging/formatting-message-text) as plain text, for messages that were
 * written for Slack and came to us.
 */
export type SlackLink = { title: string; url: string };

/**
 * Resolves the tokens in angle brackets: links become their label and are collected, people, channels and groups become
 * `@name` and `#name`, so that nobody is called by a message that repeats this one.
 */
export function withoutTokens(mrkdwn: string): { text: string; links: SlackLink[] } {
  const links: SlackLink[] = [];
  const text = mrkdwn.replace(/<([^<>]{1,4000})>/g, (_, token: string) => {
    const bar = token.indexOf("|");
    const target = (bar < 0 ? token : token.slice(0, bar)).trim();
    const label = bar < 0 ? "" : token.slice(bar + 1).trim();
    if (/^https?:\/\//i.test(target)) {
      links.push({ title: unescaped(label) || "Link", url: unescaped(target) });
      return label || target;
    }
    return label === "" ? tokenWords(target) : named(target, label);
  });
  return { text: unescaped(text), links };
}

function named(target: string, label: string): string {
  const sign = target[0] === "#" ? "#" : target[0] === "@" || target.startsWith("!subteam") ? "@" : "";
  return sign === "" || label.startsWith(sign) ? label : sign + label;
}

function tokenWords(target: string): string {
  if (target.startsWith("!subteam^")) return `@${target.slice("!subteam^".length)}`;
  if (target.startsWith("!")) return `@${target.slice(1).split("^", 1)[0]}`;
  return target.replace(/^mailto:/i, "");
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** Links that stand in the text as they are. */
export function bareLinks(text: string): SlackLink[] {
  const found = text.match(/https?:\/\/[^\s<>|"'`]{3,2000}/g) ?? [];
  return found.slice(0, 20).map((url) => ({ title: "Link", url: url.replace(/[).,;:]+$/, "") }));
}

/** Without the marks for bold, italics and code. */
export function withoutEmphasis(text: string): string {
  return text
    .replaceAll("`", "")
    .replace(/(?<![\w*])\*(?=\S)([^*\n]{1,500})\*(?![\w*])/g, "$1")
    .replace(/(?<![\w_])_(?=\S)([^_\n]{1,500})_(?![\w_])/g, "$1")
    .trim();
}

export type SlackFact = [name: string, value: string];

/**
 * The facts of a paragraph, as `*Name:* value`, `*Name*: value`, a heading `*Name*` over its value, or a line
 * `Name: value`. Names come in lower case with underscores.
 */
export function factsIn(paragraph: string): SlackFact[] {
  const lines = paragraph.trim().split("\n").slice(0, 200);
  const heading = HEADING.exec(lines[0]!.trim())?.[1];
  if (heading === undefined) return lines.flatMap(factsOfLine);
  const value = withoutEmphasis(lines.slice(1).join("\n"));
  return [[factName(heading), value] as SlackFact, ...lines.slice(1).flatMap(factsOfLine)];
}

function factsOfLine(line: string): SlackFact[] {
  const starred = [...line.slice(0, 4000).matchAll(STARRED)];
  if (starred.length > 0) return starred.map(([, name, value]) => [factName(name!), withoutEmphasis(value!)]);
  const [, name, value] = PLAIN.exec(line.slice(0, 4000)) ?? [];
  return name === undefined ? [] : [[factName(name), withoutEmphasis(value!)]];
}

/** A paragraph that is nothing but a heading; the value is the paragraph after it. */
export function headingOf(paragraph: string): string | null {
  const name = HEADING.exec(paragraph.trim())?.[1];
  return name === undefined ? null : factName(name);
}

const HEADING = /^[^\w*]{0,10}\*([A-Za-z][\w /-]{0,39})\*$/;
/** The value itself may be in bold too, up to the end of the fact. */
const STARRED =
  /\*([A-Za-z][\w /-]{0,39}):?\*(?::|(?<=:\*))\s{0,20}(\*[^*|\n]{1,1000}\*(?=\s{0,20}(?:\||$))|[^*|\n]*)/g;
const PLAIN = /^[\s•\-–·]{0,20}([A-Za-z][\w /-]{0,29}):\s{1,20}(\S.*)$/;

function factName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s/-]+/g, "_");
}
