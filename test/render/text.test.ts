import fc from "fast-check";
import { expect, test } from "vitest";
import type { Block } from "../../src/core/report/document.ts";
import { renderText } from "../../src/render/text.ts";
import { hostileText } from "./hostile.ts";

const render = (...blocks: Block[]) => renderText({ summary: "s", title: null, blocks });

test("a table stands in columns while it is narrow", () => {
  const table: Block = {
    type: "table",
    columns: [{ title: "Clock" }, { title: "Took", align: "right" }, { title: "To" }],
    rows: [
      ["TTD", "4 h", "03:10"],
      ["TTA", "6 min", ""],
    ],
  };
  expect(render(table)).toBe("Clock   Took  To\n-----  -----  -----\nTTD      4 h  03:10\nTTA    6 min\n");
});

test("a wide table is told row by row, without its empty cells", () => {
  const long = "x".repeat(130);
  expect(
    render({
      type: "table",
      columns: [{ title: "A" }, { title: "B" }, { title: "C" }],
      rows: [["one", long, ""]],
    }),
  ).toBe(`- one\n  B: ${long}\n`);
});

test("a link shows where it goes", () => {
  expect(
    render({
      type: "paragraph",
      text: [
        { link: "docs", url: "https://x.example" },
        " ",
        { link: "https://y.example", url: "https://y.example" },
      ],
    }),
  ).toBe("docs (https://x.example) https://y.example\n");
});

test("hostile text commands no terminal and adds no row", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const written = render(
        { type: "paragraph", text },
        { type: "table", columns: [{ title: "A" }], rows: [[text], [text]] },
        { type: "code", text },
      );
      expect(written.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }),
  );
});
