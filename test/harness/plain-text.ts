import { type Block, type Document, type Span, spans, type Text } from "../../src/core/report/document.ts";
import { timeText, visible, visibleLine } from "../../src/render/span.ts";

/** A document as plain text, to be read in a test. */
export function renderText(document: Document): string {
  const title = document.title === null ? [] : [underlined(visibleLine(document.title), "=")];
  return `${[...title, ...document.blocks.map(renderBlock)].filter((part) => part !== "").join("\n\n")}\n`;
}

function renderBlock(block: Block): string {
  switch (block.type) {
    case "heading":
      return block.level === 1 ? underlined(visibleLine(block.text), "-") : visibleLine(block.text);
    case "paragraph":
    case "context":
      return words(block.text);
    case "quote":
      return words(block.text).replace(/^/gm, "> ");
    case "list":
      return block.items
        .map(
          (item, index) => `${block.ordered ? `${index + 1}.` : "-"} ${words(item).replaceAll("\n", "\n  ")}`,
        )
        .join("\n");
    case "facts":
      return facts(block.facts.map(({ label, value }) => [visibleLine(label), visibleLine(words(value))]));
    case "table":
      return table(block);
    case "code":
      return visible(block.text).replace(/^/gm, "    ");
    case "markdown":
      return visible(block.text);
    case "divider":
      return "-".repeat(40);
    case "figure":
      return visibleLine(block.alt);
    case "actions":
      return "";
    default:
      return block satisfies never;
  }
}

function words(text: Text): string {
  return visible(spans(text).map(spanText).join("")).trim();
}

function spanText(span: Span): string {
  if (typeof span === "string") return span;
  if ("strong" in span) return span.strong;
  if ("em" in span) return span.em;
  if ("code" in span) return span.code;
  if ("link" in span) return span.link === span.url ? span.url : `${span.link} (${span.url})`;
  if ("time" in span) return timeText(span);
  return "person" in span ? span.person : "";
}

function underlined(text: string, rule: string): string {
  return `${text}\n${rule.repeat(width(text))}`;
}

function facts(pairs: [string, string][]): string {
  const widest = Math.max(...pairs.map(([label]) => width(label)));
  return pairs.map(([label, value]) => `${padded(`${label}:`, widest + 2)}${value}`).join("\n");
}

/** Wider tables than this are told row by row. */
const TABLE_WIDTH = 120;

function table({ columns, rows }: Extract<Block, { type: "table" }>): string {
  const titles = columns.map(({ title }) => visibleLine(title));
  const cells = rows.map((row) => row.map((cell) => visibleLine(words(cell))));
  const widths = titles.map((title, column) =>
    Math.max(width(title), ...cells.map((row) => width(row[column] ?? ""))),
  );
  if (widths.reduce((sum, w) => sum + w + 2, 0) > TABLE_WIDTH)
    return cells.map((row) => told(titles, row)).join("\n");
  const line = (row: string[]) =>
    row
      .map((cell, column) => padded(cell, widths[column]! + 2, columns[column]?.align))
      .join("")
      .trimEnd();
  return [line(titles), line(widths.map((w) => "-".repeat(w))), ...cells.map(line)].join("\n");
}

/** One row as `first — Second: …; Third: …`, leaving out what is empty. */
function told(titles: string[], [first = "", ...rest]: string[]): string {
  const said = rest
    .map((cell, index) => (cell === "" ? "" : `${titles[index + 1]}: ${cell}`))
    .filter((part) => part !== "");
  return `- ${first}${said.length > 0 ? `\n  ${said.join("\n  ")}` : ""}`;
}

function padded(text: string, to: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, to - width(text)));
  return align === "right" ? `${space.slice(2)}${text}  ` : text + space;
}

/** In characters rather than UTF-16 units. */
function width(text: string): number {
  return Array.from(text).length;
}
