import type { Nodes, Root, RootContent } from "mdast";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";

const parser = unified().use(remarkParse).use(remarkGfm).freeze();

/** GitHub-flavoured markdown, since runbooks are read on a forge as well as in Slack. */
export function parseMarkdown(text: string): Root {
  return parser.parse(text);
}

/** Where a node stands in the text. Nodes that the GFM extension makes up after parsing have no place. */
export type Place = { start: number; end: number; line: number };

export function place(node: Nodes): Place | null {
  const { start, end } = node.position ?? {};
  if (start?.offset === undefined || end?.offset === undefined) return null;
  return { start: start.offset, end: end.offset, line: start.line };
}

/** Every node with its ancestors, outermost first, in the order they are written. */
export function* walk(node: Nodes, ancestors: Nodes[] = []): Generator<{ node: Nodes; ancestors: Nodes[] }> {
  yield { node, ancestors };
  if (!("children" in node)) return;
  for (const child of node.children as RootContent[]) yield* walk(child, [...ancestors, node]);
}
