import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AssetState } from "../../src/core/incident/state.ts";
import type { Block, Document, Text } from "../../src/core/report/document.ts";
import { drawing } from "../../src/core/report/drawing.ts";
import { postmortem } from "../../src/core/report/postmortem.ts";
import { renderHtml } from "../../src/render/html.ts";
import { markdownToHtml } from "../../src/render/html-markdown.ts";
import { inputOf, story } from "../core/report/late-orders.ts";
import { openBrowser } from "../harness/chromium.ts";
import { hostileLog, hostileText } from "./hostile.ts";

const documentOf = (...blocks: Block[]): Document => ({ summary: "s", title: null, blocks });
const paragraph = (text: Text) =>
  /<main>\n<p>(.*)<\/p>\n<\/main>/s.exec(renderHtml(documentOf({ type: "paragraph", text })))?.[1];

test("spans become their elements, data is escaped", () => {
  const text: Text = [
    { strong: "firing", tone: "bad" },
    " <i>",
    { link: "a & b", url: "https://x.example/?a=1&b=2" },
    { time: "2026-11-22T03:10:00.000Z", style: "datetime" },
  ];
  expect(paragraph(text)).toBe(
    '<strong class="tone bad">firing</strong> &lt;i&gt;<a href="https://x.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow">a &amp; b</a><time datetime="2026-11-22T03:10:00.000Z">22 Nov 2026 03:10 UTC</time>',
  );
});

test.each([
  "javascript:alert(1)",
  "data:text/html,x",
  "file:///etc/passwd",
  "//x.example",
  " java\nscript:alert(1)",
  "vbscript:x",
])("%j is no link", (url) => {
  expect(paragraph({ link: "click", url })).toBe("click");
});

test("a label that is another address is set beside its own, also with an invisible mark in it", () =>
  expect(paragraph({ link: "https:\u200e//bank.example", url: "https://evil.example/2" })).toBe(
    'https://bank.example (<a href="https://evil.example/2" rel="noopener noreferrer nofollow">https://evil.example/2</a>)',
  ));

test("a mail address may be written to", () =>
  expect(paragraph({ link: "us", url: "mailto:data@acme.example" })).toContain(
    'href="mailto:data@acme.example"',
  ));

test("markdown of a runbook is rendered, HTML in it is shown, pictures are not loaded", () => {
  const html = markdownToHtml(
    "**Run** `dbt build` <b>now</b>\n\n1. one\n2. [two](javascript:x)\n\n![logo](https://x.example/l.png)\n\n```sql\nselect '<a>'\n```",
  );
  expect(html).toBe(
    '<p><strong>Run</strong> <code>dbt build</code> &lt;b&gt;now&lt;/b&gt;</p><ol start="1"><li><p>one</p></li><li><p>two</p></li></ol>' +
      '<p><a href="https://x.example/l.png" rel="noopener noreferrer nofollow">logo</a></p><pre><code>select &#39;&lt;a&gt;&#39;</code></pre>',
  );
});

/** Every tag that we write, with attributes whose values hold no markup. */
const OURS =
  /<\/?(?:html|head|meta|title|body|main|header|section|h[1-4]|p|blockquote|ul|ol|li|dl|dt|dd|div|table|thead|tbody|tr|th|td|strong|em|code|pre|a|time|span|figure|br|wbr|hr|svg|g|rect|line|circle|text)(?: [a-zA-Z0-9-]+="[^"<>]*")*\/?>/g;

describe("hostile text", () => {
  test("makes no element, no attribute and no address of its own", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const html = renderHtml(postmortem(inputOf(hostileLog(text))));
        const rest = html
          .replace("<!doctype html>", "")
          .replace(/<style>[^<]*<\/style>/, "")
          .replace(OURS, "");
        expect(rest).not.toMatch(/[<>]/);
        for (const [, name] of html
          .replace(/<style>[^<]*<\/style>/, "")
          .matchAll(/<[^>]* (on\w+|style|src|action)=/g))
          expect.fail(`attribute ${name}`);
        for (const [, address] of html.matchAll(/href="([^"]*)"/g))
          expect(address).toMatch(/^(https?|mailto):/);
        expect(html).not.toMatch(/&lt;@[UW][A-Z0-9]+/);
      }),
      { numRuns: 100 },
    );
  });

  test("a drawing keeps its shape when it is only markup", () => {
    const html = renderHtml(postmortem(inputOf(hostileLog('"/><script>alert(1)</script>'))));
    expect(html).not.toContain("<script");
  });
});

describe("in a browser", () => {
  test("the report loads nothing, breaks no policy of its own, runs nothing, and fits a phone", async ({
    skip,
  }) => {
    const browser = await openBrowser();
    if (!browser) return skip("there is no Chromium here");
    try {
      const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
      const heard: string[] = [];
      page.on("console", (message) => heard.push(message.text()));
      page.on("request", (request) => heard.push(request.url()));
      page.on("dialog", (dialog) => heard.push(dialog.message()));
      for (const log of [
        story(),
        hostileLog("<img src=https://evil.example/x onerror=alert(1)><script>alert(1)</script>"),
      ]) {
        await page.setContent(renderHtml(postmortem(inputOf(log))));
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
        expect(await page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth")).toBe(
          "980px",
        );
      }
      expect(heard).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  test("on paper a short table stays whole, and a long one begins where it stands", async ({ skip }) => {
    const browser = await openBrowser();
    if (!browser) return skip("there is no Chromium here");
    try {
      const page = await browser.newPage();
      await page.emulateMedia({ media: "print" });
      const columns = ["Asset", "Recovery", "Data downtime", "When"].map((title) => ({ title }));
      const rows = (many: number) => Array.from({ length: many }, (_, n) => [`orders_${n}`, "", "", ""]);
      const tables = [5, 50].map((many): Block => ({ type: "table", columns, rows: rows(many) }));
      await page.setContent(renderHtml(documentOf(...tables)));
      const breaks = `[...document.querySelectorAll("table")].map((table) => getComputedStyle(table).breakInside)`;
      expect(await page.evaluate(breaks)).toEqual(["avoid", "auto"]);
    } finally {
      await browser.close();
    }
  });

  test("a table's first column breaks no name within a word, whatever stands beside it", async ({ skip }) => {
    const browser = await openBrowser();
    if (!browser) return skip("there is no Chromium here");
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      const columns = ["Asset", "Recovery", "Data downtime", "When"].map((title) => ({ title }));
      const times = "30 Nov 2026 20:34 UTC to 30 Nov 2026 20:51 UTC; 30 Nov 2026 20:51 UTC to now";
      const row: Text[] = [{ strong: "analytics.marts.orders" }, "waived: nobody reads it", "16 min", times];
      await page.setContent(renderHtml(documentOf({ type: "table", columns, rows: [row] })));
      const lines = await page.evaluate(`[...document.querySelectorAll("td strong")].map((cell) => {
        const lines = [];
        for (const text of [...cell.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE))
          for (let at = 0; at < text.length; at++) {
            const range = document.createRange();
            range.setStart(text, at);
            range.setEnd(text, at + 1);
            const { top } = range.getBoundingClientRect();
            if (lines.at(-1)?.top !== top) lines.push({ top, words: "" });
            lines.at(-1).words += text.data[at];
          }
        return lines.map(({ words }) => words);
      })`);
      expect(lines).toEqual([["analytics.marts.orders"]]);
    } finally {
      await browser.close();
    }
  });

  test("a long address in an action item pushes no column out of sight", async ({ skip }) => {
    const browser = await openBrowser();
    if (!browser) return skip("there is no Chromium here");
    try {
      const columns = ["#", "What", "Owner", "Due", "Done"].map((title) => ({
        title,
        ...(title === "#" ? { align: "right" as const } : {}),
      }));
      const row = [
        "1",
        `see https://git.example.com/${"0a1b2c3d".repeat(30)}`,
        "Ana Diaz",
        "2027-01-31",
        "open",
      ];
      for (const width of [390, 1280]) {
        const page = await browser.newPage({ viewport: { width, height: 844 } });
        await page.setContent(renderHtml(documentOf({ type: "table", columns, rows: [row] })));
        const [is, fits] = await page.evaluate<number[]>(
          `(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.querySelector(".table"))`,
        );
        expect(is, `at ${width}`).toBe(fits);
      }
    } finally {
      await browser.close();
    }
  });

  test("no asset's name runs under its bar in the picture", async ({ skip }) => {
    const browser = await openBrowser();
    if (!browser) return skip("there is no Chromium here");
    try {
      const page = await browser.newPage();
      const names = [
        "ANALYTICS.MARTS.CUSTOMER_LIFETIME",
        "SHOP.RAW.ORDERS_2026_WEEKLY",
        "shop.analytics.number_000_with_a_long_name",
        "shop.marts.顧客生涯価値の月次集計テーブル表",
      ];
      const { state, events } = inputOf(story());
      const [[key, asset]] = [...state.assets] as [[string, AssetState]];
      const named = names.map((name): [string, AssetState] => [
        `${key}${name}`,
        { ...asset, asset: { ...asset.asset, name } },
      ]);
      const { svg } = drawing({ ...state, assets: new Map(named) }, events, "2026-11-22T09:00:00.000Z");
      await page.setContent(`<div style="width: 900px">${svg}</div>`);
      const ends = await page.evaluate(
        `[...document.querySelectorAll("text[x='0']")].map((text) => text.getBBox()).map(({ x, width }) => x + width)`,
      );
      expect(Math.max(...(ends as number[]))).toBeLessThan(186);
    } finally {
      await browser.close();
    }
  });
});
