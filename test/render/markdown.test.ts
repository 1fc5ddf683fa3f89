import fc from "fast-check";
import type { Nodes, Table } from "mdast";
import { toString as plainText } from "mdast-util-to-string";
import { describe, expect, test } from "vitest";
import type { Block, Document, Text } from "../../src/core/report/document.ts";
import { postmortem } from "../../src/core/report/postmortem.ts";
import { parseMarkdown, walk } from "../../src/core/runbook/markdown.ts";
import { renderMarkdown } from "../../src/render/markdown.ts";
import { visibleLine } from "../../src/render/span.ts";
import { inputOf } from "../core/report/late-orders.ts";
import { hostileLog, hostileText } from "./hostile.ts";

const documentOf = (...blocks: Block[]): Document => ({ summary: "s", title: null, blocks });
const paragraph = (text: Text) => renderMarkdown(documentOf({ type: "paragraph", text })).trimEnd();
const nodesOf = (markdown: string): Nodes[] => [...walk(parseMarkdown(markdown))].map(({ node }) => node);

describe("data is escaped only where markdown would read it", () => {
  test.each([
    ["stg_orders.order_id is null", "stg_orders.order_id is null"],
    ["__init__", "\\_\\_init\\_\\_"],
    ["a | b", "a \\| b"],
    ["# no heading", "\\# no heading"],
    ["1. no list", "1\\. no list"],
    ["[bank](https://evil.example)", "\\[bank\\](`https://evil.example)`"],
    ["see https://evil.example/a now", "see `https://evil.example/a` now"],
    ["ask @octocat, @acme/data-team or a@b.example", "ask `@octocat`, `@acme/data-team` or `a@b.example`"],
    ["12 @ 3, @ALL.", "12 @ 3, `@ALL`."],
    ["<b>bold</b> &lt;", "\\<b\\>bold\\</b\\> \\&lt;"],
    ["two\nlines", "two\\\nlines"],
  ])("%j", (data, markdown) => expect(paragraph(data)).toBe(markdown));

  test("typed spans make markup", () => {
    const text: Text = [
      { strong: "x" },
      " ",
      { em: "y" },
      " ",
      { code: "a|b" },
      " ",
      { code: "c" },
      " ",
      { link: "docs (1)", url: "https://x.example/a_(b)" },
    ];
    expect(paragraph(text)).toBe("**x** *y* a\\|b `c` [docs (1)](https://x.example/a_%28b%29)");
  });

  test("a link whose address is its label is written once, and one that must not be followed is none", () => {
    expect(paragraph({ link: "https://x.example/a", url: "https://x.example/a" })).toBe(
      "<https://x.example/a>",
    );
    expect(paragraph({ link: "click", url: "javascript:alert(1)" })).toBe("click");
  });

  test("a label that is another address is set beside its own, also with an invisible mark in it", () => {
    expect(paragraph({ link: "https:\u200e//bank.example", url: "https://evil.example/2" })).toBe(
      "`https://bank.example` (<https://evil.example/2>)",
    );
  });

  test("code takes a fence longer than any inside it", () => {
    expect(renderMarkdown(documentOf({ type: "code", text: "```\nx", language: "sql" }))).toBe(
      "````sql\n```\nx\n````\n",
    );
  });
});

describe("hostile text", () => {
  test("reads in every place as it was written, and makes no link, no HTML and no other block", () => {
    fc.assert(
      fc.property(hostileText, (data) => {
        const expected = visibleLine(data);
        fc.pre(expected !== "");
        const markdown = renderMarkdown(
          documentOf(
            { type: "heading", level: 1, text: data },
            { type: "paragraph", text: data },
            { type: "list", items: [data, [{ strong: "x" }, " ", data]] },
            { type: "quote", text: data },
            {
              type: "table",
              columns: [{ title: data }, { title: "b" }],
              rows: [
                [data, "1"],
                [{ code: data }, data],
              ],
            },
          ),
        );
        const root = parseMarkdown(markdown);
        expect(root.children.map((node) => node.type)).toEqual([
          "heading",
          "paragraph",
          "list",
          "blockquote",
          "table",
        ]);
        const kinds = new Set(nodesOf(markdown).map((node) => node.type));
        for (const kind of [
          "html",
          "link",
          "image",
          "linkReference",
          "imageReference",
          "footnoteReference",
          "delete",
        ] as const)
          expect(kinds, markdown).not.toContain(kind);

        const [heading, , list, , table] = root.children as [Nodes, Nodes, Nodes, Nodes, Table];
        const said = (node: Nodes) => visibleLine(plainText(node));
        expect(said(heading)).toBe(expected);
        expect((list as { children: Nodes[] }).children.map(said)).toEqual([expected, `x ${expected}`]);
        expect(table.children.map((row) => row.children.map(said))).toEqual([
          [expected, "b"],
          [expected, "1"],
          [expected, expected],
        ]);
      }),
      { numRuns: 300 },
    );
  });

  test("keeps the tables of a whole report whole, and its links to those that were meant", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const document = postmortem(inputOf(hostileLog(text)));
        const nodes = nodesOf(renderMarkdown(document));
        const tables = nodes.filter((node) => node.type === "table");
        const meant = document.blocks.filter((block) => block.type === "table");
        const shapes = meant.map(({ columns, rows }) => [columns.length, rows.length + 1]);
        const seen = tables.map(({ children }) => [
          Math.max(...children.map((row) => row.children.length)),
          children.length,
        ]);
        expect(seen).toEqual([[4, 2], ...shapes]);
        expect(nodes.map((node) => node.type)).not.toContain("html");
        for (const node of nodes) if (node.type === "link") expect(node.url).toMatch(/^(https?:|mailto:)/);
      }),
      { numRuns: 60 },
    );
  });
});
