import { createHash } from "node:crypto";
import { type Block, type Document, type Span, spans, type Text } from "../core/report/document.ts";
import { misleads } from "../core/report/link-label.ts";
import { anchor, escapeHtml } from "./html-escape.ts";
import { markdownToHtml } from "./html-markdown.ts";
import { STYLE } from "./html-style.ts";
import { timeText, visible } from "./span.ts";

/** The page may show its own stylesheet and nothing else: no script, no request, no form, whatever slipped into it. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;

/** A document as one HTML file that needs nothing beside itself: it can be mailed, archived, printed. */
export function renderHtml(document: Document): string {
  const title = document.title === null ? "" : `<header>\n<h1>${lines(document.title)}</h1>\n</header>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(document.summary)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${title}${sections(document.blocks)}
</main>
</body>
</html>
`;
}

/** Each top heading with what follows it is a section; what stands before the first one is not. */
function sections(blocks: Block[]): string {
  const parts: Block[][] = [[]];
  for (const block of blocks) {
    if (block.type === "heading" && block.level === 1) parts.push([block]);
    else parts.at(-1)!.push(block);
  }
  return parts
    .map((part, index) => (index === 0 ? rendered(part) : `<section>\n${rendered(part)}\n</section>`))
    .filter((part) => part !== "")
    .join("\n");
}

function rendered(blocks: Block[]): string {
  return blocks
    .map(renderBlock)
    .filter((part) => part !== "")
    .join("\n");
}

function renderBlock(block: Block): string {
  switch (block.type) {
    case "heading":
      return `<h${block.level + 1}>${lines(block.text)}</h${block.level + 1}>`;
    case "paragraph":
      return `<p>${inline(block.text)}</p>`;
    case "context":
      return `<p class="context">${inline(block.text)}</p>`;
    case "quote":
      return `<blockquote>${inline(block.text)}</blockquote>`;
    case "list": {
      const tag = block.ordered ? "ol" : "ul";
      return `<${tag}>${block.items.map((item) => `<li>${inline(item)}</li>`).join("")}</${tag}>`;
    }
    case "facts":
      return `<dl class="${block.prominent ? "figures" : "facts"}">${block.facts.map(fact).join("")}</dl>`;
    case "table":
      return table(block);
    case "code":
      return `<pre><code>${escapeHtml(block.text)}</code></pre>`;
    case "markdown":
      return markdownToHtml(block.text);
    case "divider":
      return "<hr>";
    case "figure":
      return `<figure>${block.svg}</figure>`;
    case "actions":
      return "";
    default:
      return block satisfies never;
  }
}

function fact({ label, value }: { label: string; value: Text }): string {
  return `<div><dt>${escapeHtml(label)}</dt><dd>${inline(value)}</dd></div>`;
}

/** On a phone a row of many columns becomes a card, whose cells are labelled with their column. */
function table({ columns, rows }: Extract<Block, { type: "table" }>): string {
  const side = (column: number) => (columns[column]?.align === "right" ? ' class="right"' : "");
  const head = columns
    .map(({ title }, column) => `<th scope="col"${side(column)}>${escapeHtml(title)}</th>`)
    .join("");
  const cell = (text: Text, column: number) =>
    `<td${side(column)} data-label="${escapeHtml(columns[column]?.title ?? "")}">${inline(text)}</td>`;
  const body = rows
    .map((cells) => `<tr>${cells.map((text, column) => cell(text, column)).join("")}</tr>`)
    .join("\n");
  const shape = columns.length > 3 ? "wide" : "narrow";
  return `<div class="table"><table class="${shape}">\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table></div>`;
}

function inline(text: Text): string {
  return spans(text).map(renderSpan).join("");
}

function renderSpan(span: Span): string {
  if (typeof span === "string") return lines(span);
  if ("strong" in span)
    return `<strong${span.tone ? ` class="tone ${span.tone}"` : ""}>${lines(span.strong)}</strong>`;
  if ("em" in span) return `<em>${lines(span.em)}</em>`;
  if ("code" in span) return `<code>${escapeHtml(span.code)}</code>`;
  if ("link" in span)
    return misleads(span.link, span.url)
      ? `${lines(span.link)} (${anchor(escapeHtml(span.url), span.url)})`
      : anchor(escapeHtml(span.link), span.url);
  if ("time" in span) return `<time datetime="${escapeHtml(span.time)}">${escapeHtml(timeText(span))}</time>`;
  if ("person" in span) return `<span class="person">${escapeHtml(span.person)}</span>`;
  // An emoji stands beside words that say the same.
  return "";
}

/** Line breaks are kept, and a long table name may break after its dots and underscores rather than anywhere. */
function lines(text: string): string {
  return visible(text)
    .split(/(\s+)/)
    .map((word) =>
      word.length > 24
        ? escapeHtml(word).replace(/[._/-](?=\w)/g, "$&<wbr>")
        : escapeHtml(word).replaceAll("\n", "<br>"),
    )
    .join("");
}
