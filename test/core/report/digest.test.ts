import fc from "fast-check";
import { expect, test } from "vitest";
import { digestDocument } from "../../../src/core/report/digest.ts";
import { markdownToHtml } from "../../../src/render/html-markdown.ts";
import { renderMarkdown } from "../../../src/render/markdown.ts";
import { renderDocument } from "../../../src/slack/block-kit.ts";
import { SlackMessage } from "../../../src/slack/limits.ts";
import { renderText } from "../../harness/plain-text.ts";
import { hostileText } from "../../render/hostile.ts";
import { expectMessage } from "../../slack/golden.ts";

const incident = (number: number, severity: "SEV1" | "SEV2" | "SEV3", title = `table_${number} is late`) => ({
  key: `INC-${number}`,
  severity,
  title,
  thread: null,
});

test("many incidents are told of in one message: how many, how bad, the worst by name", async () => {
  const many = Array.from({ length: 40 }, (_, n) =>
    incident(n + 1, n === 30 ? "SEV1" : n % 2 ? "SEV2" : "SEV3"),
  );
  const document = digestDocument(many);
  expect(document.summary).toBe("40 incidents opened at once: 1 SEV1, 20 SEV2, 19 SEV3");
  const text = renderText(document);
  expect(text).toContain("Their threads follow, the worst first.");
  expect(text.match(/INC-\d+/g)).toEqual(
    [31, 2, 4, 6, 8, 10, 12, 14, 16, 18].map((number) => `INC-${number}`),
  );
  expect(text).toContain("… and 30 more");
  await expectMessage("digest", document);
});

test("where all are named, nothing is said of more", () => {
  const text = renderText(digestDocument([incident(2, "SEV2"), incident(1, "SEV2")]));
  expect(text.match(/INC-\d+/g)).toEqual(["INC-1", "INC-2"]);
  expect(text).not.toContain("more");
});

test("whatever the incidents are called is text", () => {
  fc.assert(
    fc.property(fc.array(hostileText, { minLength: 1, maxLength: 30 }), (titles) => {
      const document = digestDocument(titles.map((title, n) => incident(n + 1, "SEV2", title)));
      const slack = JSON.stringify(SlackMessage.parse(renderDocument(document, { dates: "slack" })));
      expect(slack).not.toMatch(/<[@#!](?!date\^)/);
      expect(markdownToHtml(renderMarkdown(document))).not.toMatch(/<(?:script|img)/);
    }),
  );
});
