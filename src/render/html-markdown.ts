import type { Nodes, Parents } from "mdast";
import { parseMarkdown } from "../core/runbook/markdown.ts";
import { anchor, escapeHtml } from "./html-escape.ts";

/**
 * Our team's Markdown (a runbook step) as HTML. Raw HTML in it is shown, not obeyed, and a picture becomes a link, since
 * a report loads nothing. Link references and footnotes, which a step has no use for, are shown as their text.
 */
export function markdownToHtml(text: string): string {
  return inside(parseMarkdown(text));
}

function inside(node: Parents): string {
  return (node.children as Nodes[]).map(toHtml).join("");
}

function toHtml(node: Nodes): string {
  switch (node.type) {
    case "text":
    case "html":
      return escapeHtml(node.value);
    case "paragraph":
      return `<p>${inside(node)}</p>`;
    case "heading":
      // Below the report's own headings, whatever level the runbook uses.
      return `<h4>${inside(node)}</h4>`;
    case "emphasis":
      return `<em>${inside(node)}</em>`;
    case "strong":
      return `<strong>${inside(node)}</strong>`;
    case "delete":
      return `<del>${inside(node)}</del>`;
    case "inlineCode":
      return `<code>${escapeHtml(node.value)}</code>`;
    case "code":
      return `<pre><code>${escapeHtml(node.value)}</code></pre>`;
    case "blockquote":
      return `<blockquote>${inside(node)}</blockquote>`;
    case "list":
      return node.ordered
        ? `<ol start="${node.start ?? 1}">${inside(node)}</ol>`
        : `<ul>${inside(node)}</ul>`;
    case "listItem":
      return `<li>${node.checked == null ? "" : node.checked ? "☑ " : "☐ "}${inside(node)}</li>`;
    case "link":
      return anchor(inside(node), node.url);
    case "image":
      return anchor(escapeHtml(node.alt || node.url), node.url);
    case "table":
      return `<div class="table"><table>${inside(node)}</table></div>`;
    case "tableRow":
      return `<tr>${inside(node)}</tr>`;
    case "tableCell":
      return `<td>${inside(node)}</td>`;
    case "break":
      return "<br>";
    case "thematicBreak":
      return "<hr>";
    default:
      return "children" in node ? inside(node) : "";
  }
}
