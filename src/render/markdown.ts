import { type Block, type Document, type Span, spans, type Text } from "../core/report/document.ts";
import { misleads } from "../core/report/link-label.ts";
import { safeUrl, timeText, visible, visibleLine } from "./span.ts";

/**
 * A document as GitHub-flavoured Markdown. Data is escaped so that it reads on any forge as it was written: it can make
 * no link, no HTML, no heading, and no more columns or rows than its table has.
 */
export function renderMarkdown(document: Document): string {
  const title = document.title === null ? [] : [`# ${inline(visibleLine(document.title))}`];
  return `${[...title, ...document.blocks.map(renderBlock)].filter((part) => part !== "").join("\n\n")}\n`;
}

function renderBlock(block: Block): string {
  switch (block.type) {
    case "heading":
      return `${"#".repeat(block.level + 1)} ${inline(visibleLine(block.text))}`;
    case "paragraph":
    case "context":
      return lines(block.text);
    case "quote":
      return lines(block.text).replace(/^/gm, "> ");
    case "list":
      return block.items
        .map((item, index) => `${block.ordered ? `${index + 1}.` : "-"} ${startOfLine(line(item))}`)
        .join("\n");
    case "facts":
      if (block.prominent)
        return table({
          columns: block.facts.map(({ label }) => ({ title: label })),
          rows: [block.facts.map(({ value }) => value)],
        });
      return block.facts
        .map(({ label, value }) => `- **${inline(visibleLine(label))}**: ${line(value)}`)
        .join("\n");
    case "table":
      return table(block);
    case "code":
      return fenced(block.text, block.language);
    case "markdown":
      return block.text;
    case "divider":
      return "---";
    case "figure":
      return `*${inline(visibleLine(block.alt))}*`;
    case "actions":
      return "";
    default:
      return block satisfies never;
  }
}

function table({ columns, rows }: Omit<Extract<Block, { type: "table" }>, "type">): string {
  const row = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    row(columns.map(({ title }) => inline(visibleLine(title)))),
    row(columns.map(({ align }) => (align === "right" ? "---:" : "---"))),
    ...rows.map((cells) => row(cells.map(line))),
  ].join("\n");
}

/** A text on one line: in a list, a table, a heading. */
function line(text: Text): string {
  return spans(text)
    .map((span) => renderSpan(span, (data) => visible(data).replace(/\s+/g, " ")))
    .join("")
    .trim();
}

/** A text whose line breaks are kept. */
function lines(text: Text): string {
  const kept = (data: string) => visible(data).replace(/[^\S\n]+/g, " ");
  const rendered = spans(text).map((span) => renderSpan(span, kept));
  const written = rendered.join("").split("\n");
  return written
    .map((part) => startOfLine(part.trim()))
    .filter((part) => part !== "")
    .join("\\\n");
}

/** `data` makes a string ready for its place: on one line, or with its line breaks. */
function renderSpan(span: Span, data: (text: string) => string): string {
  if (typeof span === "string") return inline(data(span));
  if ("strong" in span) return emphasised("**", data(span.strong));
  if ("em" in span) return emphasised("*", data(span.em));
  if ("code" in span) return code(visibleLine(span.code));
  if ("link" in span)
    return misleads(span.link, span.url)
      ? `${inline(visibleLine(span.link))} (${link(span.url, span.url)})`
      : link(visibleLine(span.link), span.url);
  if ("time" in span) return timeText(span);
  if ("person" in span) return inline(visibleLine(span.person));
  // An emoji stands beside words that say the same.
  return "";
}

/** Markers must touch what they emphasise, so the spaces around it go outside. */
function emphasised(marker: string, text: string): string {
  const [, before, inner, after] = /^(\s*)(.*?)(\s*)$/s.exec(text)!;
  // A line break would end the paragraph that the markers stand in.
  return inner === "" ? text : `${before}${marker}${inline(inner!.replace(/\s+/g, " "))}${marker}${after}`;
}

function link(label: string, address: string): string {
  const url = safeUrl(address);
  if (url === null) return inline(label);
  const destination = url.replace(/[()\\|<>`*_[\]~]/g, (character) =>
    character === "_" ? character : percent(character),
  );
  return label === address || label === url
    ? `<${destination}>`
    : `[${escapeText(label === "" ? url : label)}](${destination})`;
}

const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

/** What forges turn into a link or a ping by themselves: addresses of pages and of people, names behind an at sign. */
const ADDRESS =
  /(?:(?:https?|ftp|mailto|xmpp):|www\.)[^\s|`\\]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<!\w)@\w(?:[\w./-]*\w)?/gi;

/** Data in running text. An address in it is shown as code, the one form that no forge makes a link of. */
function inline(text: string): string {
  let written = "";
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    written += `${escapeText(text.slice(end, match.index))}\`${match[0]}\``;
    end = match.index + match[0].length;
  }
  return written + escapeText(text.slice(end));
}

/** Backslashes before what Markdown would read; an underscore inside a word is none of it, and table names keep theirs. */
function escapeText(text: string): string {
  return text
    .replace(/[\\`*[\]<>|~$]/g, "\\$&")
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\_")
    .replace(/&(?=#?\w+;)/g, "\\&");
}

/** What would make a heading, a list, a rule or an underline of the line above. */
function startOfLine(text: string): string {
  return text.replace(/^(?:[#+=:-]|\d{1,9}(?=[.)]))/, (start) =>
    /\d/.test(start) ? `${start}\\` : `\\${start}`,
  );
}

/** In a code span nothing can be escaped: what cannot stand in one is written as text. */
function code(text: string): string {
  return text === "" || /[`|\\]/.test(text) ? inline(text) : `\`${text}\``;
}

function fenced(text: string, language = ""): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language.replace(/[^\w+-]/g, "")}\n${visible(text)}\n${fence}`;
}
