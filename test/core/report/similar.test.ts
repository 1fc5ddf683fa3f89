import fc from "fast-check";
import { expect, test } from "vitest";
import type { Similar } from "../../../src/core/correlate/similar.ts";
import { similarDocument } from "../../../src/core/report/similar.ts";
import { renderMarkdown } from "../../../src/render/markdown.ts";
import { renderDocument } from "../../../src/slack/block-kit.ts";
import { SlackMessage } from "../../../src/slack/limits.ts";
import { renderText } from "../../harness/plain-text.ts";
import { hostileText } from "../../render/hostile.ts";
import { expectMessage } from "../../slack/golden.ts";

const INCIDENT = { key: "INC-20", kind: "incident" } as const;

function seen(over: Partial<Similar["incident"]> = {}): Similar {
  const incident = {
    fingerprints: [],
    assets: [],
    texts: [],
    testNames: [],
    sources: [],
    key: "INC-12",
    title: "orders is 3 hours late",
    severity: "SEV2",
    resolvedAt: "2026-11-13T05:10:00.000Z",
    outcome: "The export had no time-out; it has one now, see https://git.example.com/pull/7",
    causeChange: "Deployed orders-export v2",
    url: "https://fernhollow.slack.example/archives/C0/p1",
    ...over,
  };
  return { incident, score: 0.9, reason: "same alert, same data (analytics.marts.orders), same error" };
}

test("past incidents stand in the thread with what resolved them", async () => {
  const document = similarDocument(INCIDENT, [
    seen(),
    seen({ key: "INC-3", outcome: null, causeChange: null, url: null }),
  ])!;
  expect(document.summary).toBe(
    "INC-20: Seen before? INC-12: orders is 3 hours late (same alert, same data (analytics.marts.orders), same error)",
  );
  expect(renderText(document)).toContain("Resolved by: The export had no time-out");
  await expectMessage("similar", document);
});

test("where nothing like it was seen there is no message", () => {
  expect(similarDocument(INCIDENT, [])).toBeNull();
});

test("a drill is marked as one", () => {
  const document = similarDocument({ key: "DRILL-1", kind: "drill" }, [seen()])!;
  expect(renderText(document)).toMatch(/^🟣 DRILL · /);
});

test("whatever an incident says is text, in Slack and in reports", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const document = similarDocument(INCIDENT, [
        { ...seen({ title: text, outcome: text, causeChange: text }), reason: text },
      ])!;
      const slack = JSON.stringify(SlackMessage.parse(renderDocument(document, { dates: "slack" })));
      expect(slack).not.toMatch(/<[@#!](?!date\^)/);
      expect(renderMarkdown(document)).not.toMatch(/(?<!\\)<(?:script|img)/);
    }),
  );
});
