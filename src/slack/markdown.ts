/**
 * Markdown that our own team wrote (a runbook's step) as pieces of mrkdwn. Nothing in it can ping: text is data here
 * too, raw HTML is shown as text, and links lead to http and https only.
 */
import type { Blockquote, Code, List, ListItem, Nodes, PhrasingContent, RootContent, Table } from "mdast";
import { toString as plainText } from "mdast-util-to-string";
import { parseMarkdown } from "../core/runbook/markdown.ts";
import { codeBlock, type Dialect, inlineCode, mrkdwn, oneLine } from "./escape.ts";
import { alignedTable } from "./table.ts";
import { link, split } from "./text.ts";

/** Pieces of at most `limit` characters, each whole in its markup, to be set apart by an empty line. */
export function markdownPieces(markdown: string, limit: number, dialect: Dialect): string[] {
  const out: string[] = [];
  let introduces = false;
  for (const node of parseMarkdown(markdown).children) {
    const nodePieces = blockPieces(node, limit, dialect)
      .filter((piece) => piece.trim() !== "")
      .flatMap((piece) => split(piece, limit, (part) => part));
    const [first, ...rest] = nodePieces;
    if (first === undefined) continue;
    const previous = out.at(-1);
    // "Run this:" stays with what it introduces.
    const belongs = introduces && (node.type === "list" || node.type === "code");
    if (belongs && previous !== undefined && previous.length + first.length < limit)
      out[out.length - 1] = `${previous}\n${first}`;
    else out.push(first);
    out.push(...rest);
    introduces = node.type === "paragraph" || node.type === "heading";
  }
  return out;
}

function blockPieces(node: RootContent, limit: number, dialect: Dialect): string[] {
  switch (node.type) {
    case "heading":
      return whole(`*${phrases(withoutStrong(node.children), dialect)}*`, node, limit, dialect);
    case "paragraph":
      return whole(phrases(node.children, dialect), node, limit, dialect);
    case "list":
      return listPieces(node, limit, dialect);
    case "code":
      return codePieces(node, limit, dialect);
    case "blockquote":
      return quoted(node)
        .flatMap((child) => blockPieces(child, within(limit, QUOTE_ROOM), dialect))
        .map((piece) => {
          const marked = piece.replace(/^/gm, "> ");
          return marked.length <= limit ? marked : piece;
        });
    case "table":
      return tablePieces(node, limit, dialect);
    case "thematicBreak":
    case "definition":
      return [];
    case "html":
      return split(node.value, limit, (part) => mrkdwn(part, dialect)).map((part) => mrkdwn(part, dialect));
    default:
      return whole(mrkdwn(plainText(node), dialect), node, limit, dialect);
  }
}

/** For the signs of a quote, one a line; what has more lines is shown without them. */
const QUOTE_ROOM = 100;
/** What is nested so deep that nothing is left of the limit is cut into pieces of this. */
const LEAST_ROOM = 100;

function within(limit: number, taken: number): number {
  return Math.max(limit - taken, LEAST_ROOM);
}

/** What a quote holds; a quote within a quote is a part of it, as Slack shows one level. */
function quoted({ children }: Blockquote): RootContent[] {
  return children.flatMap((child) => (child.type === "blockquote" ? quoted(child) : [child]));
}

/** The rendered text where it fits, else the node's bare words in pieces: nobody writes a paragraph that long for a phone. */
function whole(text: string, node: Nodes, limit: number, dialect: Dialect): string[] {
  if (text.length <= limit) return [text];
  const escaping = (part: string) => mrkdwn(part, dialect);
  return split(plainText(node), limit, escaping).map(escaping);
}

function codePieces(node: Code, limit: number, dialect: Dialect): string[] {
  const escaping = (part: string) => codeBlock(part, dialect);
  return split(node.value, limit, escaping).map((part) => escaping(part.replace(/\n$/, "")));
}

function tablePieces(node: Table, limit: number, dialect: Dialect): string[] {
  const [head, ...rows] = node.children.map((row) => row.children.map((cell) => oneLine(plainText(cell))));
  const columns = (head ?? []).map((title, index) => ({
    title,
    align: node.align?.[index] === "right" ? ("right" as const) : ("left" as const),
  }));
  const escaping = (part: string) => codeBlock(part, dialect);
  return split(alignedTable(columns, rows).join("\n"), limit, escaping).map(escaping);
}

function listPieces(list: List, limit: number, dialect: Dialect): string[] {
  const lines = listLines(list, 0, limit, dialect);
  const joined = lines.join("\n");
  return joined.length <= limit ? [joined] : lines;
}

const INDENT = "    ";
/** On a phone nothing is left of a line that is indented further. */
const DEEPEST = 5;

function listLines(list: List, depth: number, limit: number, dialect: Dialect): string[] {
  return list.children.flatMap((item, index) => {
    const sign = signOf(list, item, index, depth);
    return item.children.flatMap((child, place) => {
      if (child.type === "list") return listLines(child, depth + 1, limit, dialect);
      const lead = INDENT.repeat(Math.min(depth, DEEPEST)) + (place === 0 ? `${sign} ` : "   ");
      return blockPieces(child, within(limit, lead.length), dialect).map((piece) =>
        isCode(piece) ? piece : lead + piece,
      );
    });
  });
}

function isCode(piece: string): boolean {
  return piece.startsWith("```");
}

function signOf(list: List, item: ListItem, index: number, depth: number): string {
  if (typeof item.checked === "boolean") return item.checked ? "☑" : "☐";
  if (list.ordered) return `${(list.start ?? 1) + index}.`;
  return depth === 0 ? "•" : "◦";
}

/** Bold within bold would end it. */
function withoutStrong(children: PhrasingContent[]): PhrasingContent[] {
  return children.flatMap((child) => (child.type === "strong" ? withoutStrong(child.children) : [child]));
}

function phrases(children: PhrasingContent[], dialect: Dialect, emphasised = false): string {
  return children.map((child) => phrase(child, dialect, emphasised)).join("");
}

function phrase(node: PhrasingContent, dialect: Dialect, emphasised: boolean): string {
  switch (node.type) {
    case "text":
      // A line break in the source is no line break to a reader.
      return mrkdwn(node.value.replace(/\s*\n\s*/g, " "), dialect, emphasised);
    case "strong":
      return around("*", phrases(withoutStrong(node.children), dialect, emphasised));
    case "emphasis":
      return around("_", phrases(node.children, dialect, true));
    case "delete":
      return around("~", phrases(node.children, dialect, emphasised));
    case "inlineCode":
      return around("`", inlineCode(node.value, dialect));
    case "link":
      return link(plainText(node), node.url, 2500, dialect);
    case "image":
      return link(node.alt || "image", node.url, 2500, dialect);
    case "break":
      return "\n";
    default:
      return mrkdwn("value" in node ? String(node.value) : plainText(node), dialect, emphasised);
  }
}

function around(sign: string, inner: string): string {
  return inner.trim() ? `${sign}${inner.trim()}${sign}` : inner;
}
