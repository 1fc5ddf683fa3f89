import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block, Document, Span, Text } from "../../src/core/report/document.ts";
import { renderDocument } from "../../src/slack/block-kit.ts";
import { type SlackBlock, SlackMessage } from "../../src/slack/limits.ts";

function render(...blocks: Block[]) {
  return renderDocument({ summary: "s", title: null, blocks }, { dates: "slack" });
}

function textOf(block: SlackBlock | undefined): string {
  if (block?.type === "section") return block.text?.text ?? "";
  if (block?.type === "header") return block.text.text;
  return block?.type === "context" ? block.elements.map((element) => element.text).join("") : "";
}

function shown(...blocks: Block[]): string {
  return render(...blocks)
    .blocks.map(textOf)
    .join("\n");
}

describe("a block", () => {
  it("shows a title as a header and headings in bold", () => {
    const { blocks } = renderDocument(
      { summary: "s", title: "🔴 INC-1", blocks: [{ type: "heading", level: 2, text: "Step *3*" }] },
      { dates: "slack" },
    );
    expect(blocks.map(textOf)).toEqual(["🔴 INC-1", "*Step ∗3∗*"]);
  });

  it("shows facts one per line, label first", () => {
    expect(
      shown({
        type: "facts",
        facts: [
          { label: "Lead", value: { person: "Maya", id: "U0MAYA" } },
          { label: "Alerts", value: "3" },
        ],
      }),
    ).toBe("*Lead:* Maya\n*Alerts:* 3");
  });

  it("numbers an ordered list", () => {
    expect(shown({ type: "list", ordered: true, items: ["a", "b"] })).toBe("1. a\n2. b");
  });

  it("quotes every line", () => {
    expect(shown({ type: "quote", text: "a\nb" })).toBe("> a\n> b");
  });

  it("keeps code in its block, whatever is in it", () => {
    expect(shown({ type: "code", text: "select 1\n```\n<!channel>" })).toBe(
      "```\nselect 1\n``\u2060`\n&lt;!channel&gt;\n```",
    );
  });

  it("aligns a table, East Asian text too", () => {
    const text = shown({
      type: "table",
      columns: [{ title: "asset" }, { title: "rows", align: "right" }],
      rows: [
        ["orders", "12"],
        ["注文", "3"],
      ],
    });
    expect(text).toBe("```\nasset   rows\norders    12\n注文       3\n```");
  });

  it("says how many rows a long table leaves out", () => {
    const rows = Array.from({ length: 500 }, (_, index) => [`row ${index}`, "x".repeat(30)]);
    const text = shown({ type: "table", columns: [{ title: "a" }, { title: "b" }], rows });
    const drawn = text.match(/^row/gm)!.length;
    expect(text).toContain(`…and ${500 - drawn} more`);
  });

  it("says how many items of a list did not fit", () => {
    const items = Array.from({ length: 2000 }, (_, index) => `item ${index} ${"x".repeat(40)}`);
    const text = shown({ type: "list", items });
    const drawn = text.match(/^• item/gm)!.length;
    expect(drawn).toBeGreaterThan(100);
    expect(text).toContain(`…and ${2000 - drawn} more`);
  });

  it("spreads a long text over blocks, whole", () => {
    const words = Array.from({ length: 1200 }, (_, index) => `word${index}`).join(" ");
    const { blocks } = render({ type: "paragraph", text: words });
    expect(blocks.length).toBeGreaterThan(2);
    expect(blocks.map(textOf).join("")).toBe(words);
  });

  it("keeps the buttons of a document that is too long", () => {
    const { blocks } = render(
      ...Array.from({ length: 30 }, (): Block => ({ type: "paragraph", text: "x".repeat(2000) })),
      { type: "actions", buttons: [{ action: "ack", label: "Acknowledge", value: "INC-1" }] },
    );
    expect(blocks.some((block) => block.type === "actions")).toBe(true);
    expect(textOf(blocks.at(-1))).toMatch(/^…and \d+ more parts$/);
  });

  it("puts one action twice into two rows, since Slack wants ids that differ in a row", () => {
    const { blocks } = render({
      type: "actions",
      buttons: [
        { action: "runbook_start", label: "Late table", value: "INC-1|late-table" },
        { action: "runbook_start", label: "Failed DAG", value: "INC-1|failed-dag" },
      ],
    });
    expect(blocks.map((block) => block.type)).toEqual(["actions", "actions"]);
  });

  it("leaves out a button whose value does not fit: a cut one would act on something else", () => {
    expect(
      render({ type: "actions", buttons: [{ action: "pick", label: "Pick", value: "x".repeat(2001) }] })
        .blocks,
    ).toEqual([]);
  });
});

describe("a span", () => {
  const time: Span = { time: "2026-11-22T03:10:00.000Z", style: "datetime" };

  it("is a time in the reader's zone, with UTC for who cannot show that", () => {
    expect(shown({ type: "paragraph", text: time })).toBe(
      "<!date^1795317000^{date_short_pretty} {time}|22 Nov 2026 03:10 UTC>",
    );
  });

  it("is plain UTC for the local page", () => {
    const message = renderDocument(
      { summary: "s", title: null, blocks: [{ type: "paragraph", text: time }] },
      { dates: "plain" },
    );
    expect(message.blocks.map(textOf)).toEqual(["22 Nov 2026 03:10 UTC"]);
  });

  it("mentions a person only when asked to", () => {
    const person = { person: "Maya", id: "U0MAYA" };
    expect(shown({ type: "paragraph", text: [person, " and ", { ...person, ping: true }] })).toBe(
      "Maya and <@U0MAYA>",
    );
  });

  it("never pings with an id that is none", () => {
    expect(shown({ type: "paragraph", text: { person: "x", id: "U1> <!channel", ping: true } })).toBe("x");
  });

  it.each([
    ["a link", { link: "run", url: "https://a.example/x?a=1&b=2" }, "<https://a.example/x?a=1&b=2|run>"],
    ["a script", { link: "run", url: "javascript:alert(1)" }, "run"],
    ["a bar in an address", { link: "run", url: "https://a.example/x|y" }, "<https://a.example/x%7Cy|run>"],
    ["a name before the host", { link: "run", url: "https://bank.example@evil.example" }, "run"],
    [
      "a label that is another address",
      { link: "https://bank.example", url: "https://evil.example/" },
      "<https://evil.example/|https://evil.example/>",
    ],
    [
      "a label that is another host",
      { link: "bank.example/login", url: "https://evil.example/1" },
      "<https://evil.example/1|https://evil.example/1>",
    ],
    [
      "a label that ends the link",
      { link: "a> <!here>", url: "https://a.example/" },
      "<https://a.example/|a&gt; &lt;!here&gt;>",
    ],
  ])("as %s", (_, span, expected) => {
    expect(shown({ type: "paragraph", text: span })).toBe(expected);
  });
});

describe("runbook markdown", () => {
  it("becomes mrkdwn", () => {
    const markdown = [
      "Look at **the source** and _wait_; see [the page](https://wiki.example/late).",
      "",
      "Run this:",
      "",
      "```sql",
      "select count(*) from orders where ts < now()",
      "```",
      "",
      "1. one",
      "   - inner `code`",
      "2. two",
      "",
      "| a | b |",
      "| - | -: |",
      "| x | 10 |",
      "",
      "> mind *this*",
    ].join("\n");
    expect(shown({ type: "markdown", text: markdown })).toBe(
      [
        "Look at *the source* and _wait_; see <https://wiki.example/late|the page>.",
        "",
        "Run this:",
        "```",
        "select count(*) from orders where ts &lt; now()",
        "```",
        "",
        "1. one",
        "    ◦ inner `code`",
        "2. two",
        "",
        "```",
        "a   b",
        "x  10",
        "```",
        "",
        "> mind _this_",
      ].join("\n"),
    );
  });

  it("pings nobody and runs nothing", () => {
    const text = shown({
      type: "markdown",
      text: "Hi <!channel> <@U0MAYA> [x](javascript:alert(1)) <b>y</b> @here",
    });
    expect(text).not.toMatch(/<[!@]|javascript|<b>/);
  });
});

const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "<!channel>",
    "<@U0MAYA>",
    "```",
    "*b*",
    "_i_",
    ":tada:",
    "&".repeat(4000),
    "<".repeat(20_000),
    "日本語".repeat(2000),
    "🧨".repeat(3000),
    "\ud800",
    "\n".repeat(500),
    " ",
    "",
    "x".repeat(100_000),
    "https://a.example/<|>",
    "\u202Etxt.exe",
    "|".repeat(300),
  ),
);
const span: fc.Arbitrary<Span> = fc.oneof(
  { weight: 4, arbitrary: hostile },
  fc.record({ strong: hostile }),
  fc.record({ em: hostile }),
  fc.record({ code: hostile }),
  fc.record({ link: hostile, url: fc.oneof(hostile, fc.webUrl()) }),
  fc.record({
    time: fc.oneof(fc.constant("2026-11-22T03:10:00.000Z"), hostile),
    style: fc.constantFrom("datetime", "time", "date", "ago"),
  }),
  fc.record({ person: hostile, id: fc.option(hostile), ping: fc.boolean() }),
  fc.record({ emoji: hostile }),
);
const text: fc.Arbitrary<Text> = fc.oneof(hostile, fc.array(span, { maxLength: 6 }));
const button = fc.record(
  {
    action: fc.constantFrom("ack" as const, "more" as const, "runbook_start" as const),
    label: hostile,
    value: hostile,
    style: fc.constantFrom("primary" as const, "danger" as const),
    url: fc.oneof(hostile, fc.webUrl()),
    confirm: fc.record({ title: hostile, text: hostile, yes: hostile }),
  },
  { requiredKeys: ["action", "label", "value"] },
);
const block: fc.Arbitrary<Block> = fc.oneof(
  fc.record({
    type: fc.constant("heading" as const),
    level: fc.constantFrom(1 as const, 2 as const, 3 as const),
    text: hostile,
  }),
  fc.record({ type: fc.constantFrom("paragraph" as const, "context" as const, "quote" as const), text }),
  fc.record({
    type: fc.constant("list" as const),
    ordered: fc.boolean(),
    items: fc.array(text, { maxLength: 12 }),
  }),
  fc.record({
    type: fc.constant("facts" as const),
    facts: fc.array(fc.record({ label: hostile, value: text }), { maxLength: 12 }),
  }),
  fc.record({
    type: fc.constant("table" as const),
    columns: fc.array(
      fc.record({ title: hostile, align: fc.constantFrom("left" as const, "right" as const) }),
      { maxLength: 5 },
    ),
    rows: fc.array(fc.array(text, { maxLength: 6 }), { maxLength: 8 }),
  }),
  fc.record({ type: fc.constant("code" as const), text: hostile }),
  fc.record({ type: fc.constant("markdown" as const), text: hostile }),
  fc.constant({ type: "divider" as const }),
  fc.record({ type: fc.constant("figure" as const), svg: hostile, alt: hostile }),
  fc.record({ type: fc.constant("actions" as const), buttons: fc.array(button, { maxLength: 30 }) }),
);
const documents: fc.Arbitrary<Document> = fc.record({
  summary: hostile,
  title: fc.option(hostile),
  blocks: fc.array(block, { maxLength: 60 }),
});

describe("any document", () => {
  it.each(["slack", "plain"] as const)("is a message that Slack accepts (%s dates)", (dates) => {
    fc.assert(
      fc.property(documents, (document) => {
        const checked = SlackMessage.safeParse(renderDocument(document, { dates }));
        expect(checked.error?.issues ?? []).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("pings nobody: no markup of Slack's but links and dates", () => {
    const unpinged = documents.map(
      (document) =>
        JSON.parse(JSON.stringify(document, (key, value) => (key === "ping" ? false : value))) as Document,
    );
    fc.assert(
      fc.property(unpinged, (document) => {
        const message = renderDocument(document, { dates: "slack" });
        const words = [
          message.text,
          ...message.blocks.flatMap((one) => (one.type === "header" ? [] : [textOf(one)])),
        ].join("\n");
        expect(words.match(/<(?!!date\^|https?:\/\/)/g)).toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});
