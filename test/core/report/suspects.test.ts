import fc from "fast-check";
import { expect, test } from "vitest";
import { rankChanges, worthTelling } from "../../../src/core/correlate/suspects.ts";
import { numberSuspects, suspectsDocument, suspectsMessage } from "../../../src/core/report/suspects.ts";
import { renderMarkdown } from "../../../src/render/markdown.ts";
import { renderDocument } from "../../../src/slack/block-kit.ts";
import { SlackMessage } from "../../../src/slack/limits.ts";
import { renderText } from "../../harness/plain-text.ts";
import { hostileText } from "../../render/hostile.ts";
import { expectMessage } from "../../slack/golden.ts";
import { BROKE, changed, SHOP, table } from "../correlate/changes.ts";
import { suspected } from "./incident-story.ts";

const INCIDENT = { key: "INC-7", kind: "incident" } as const;
const BROKEN = { startedAt: BROKE, assets: [table("marts.revenue")], originAsset: table("core.orders") };
const suspects = (...changes: ReturnType<typeof changed>[]) =>
  worthTelling(rankChanges(changes, BROKEN, SHOP));
const link = (url: string) => ({ links: [{ title: "Compare", url }] });

const MERGED = changed("merged", 35, {
  kind: "merge",
  title: "Pull request #87 merged: Add returns, drop discount",
  paths: ["models/staging/stg_orders.sql", "models/schema.yml"],
  ...link("https://github.com/fernhollow/warehouse/pull/87"),
});
const ALTERED = changed("altered", 600, {
  source: "eventbridge",
  kind: "schema",
  actor: null,
  title: "Glue table shop.orders was altered",
  assets: [table("raw.orders")],
});
const APPLIED = changed("applied", 20, {
  source: "terraform",
  kind: "infrastructure",
  status: "failed",
  title: "Terraform run in fernhollow/warehouse-prod failed: Resize the loader's cluster",
  ...link("https://app.terraform.io/app/fernhollow/warehouse-prod/runs/run-1"),
});

test("the suspects stand in the thread with who, when, why and how to name the cause", async () => {
  const document = suspectsDocument(INCIDENT, numberSuspects(suspects(MERGED, ALTERED, APPLIED), []))!;
  expect(document.summary).toMatch(
    /^INC-7: What changed before this\? Pull request #87 merged.* \(likely: changed models\/staging/,
  );
  expect(renderText(document)).toContain("@breakwater change cause 1");
  await expectMessage("suspects", document);
});

test("where nothing is likely it says so", async () => {
  const nearest = suspects(changed("a", 30, { title: "Nightly clean-up" }), changed("b", 50));
  await expectMessage("suspects-unlikely", suspectsDocument(INCIDENT, numberSuspects(nearest, []))!);
});

test("where nothing changed there is no message", () => {
  expect(suspectsDocument(INCIDENT, [])).toBeNull();
});

test("the message says which was named as the cause, and asks no more once all are", async () => {
  const story = suspected();
  story.does({ type: "name_cause", number: 1 });
  const document = suspectsMessage(story.incident);
  expect(renderText(document)).toContain("1 · named as the cause");
  expect(renderText(document)).toContain("change cause 2");
  await expectMessage("suspects-cause", document);
  story.does({ type: "name_cause", number: 2 });
  expect(renderText(suspectsMessage(story.incident))).not.toContain("change cause");
});

test("the message stays and says so where nothing is suspected any more", () => {
  const story = suspected();
  story.does({ type: "suspect_changes", suspects: [] });
  const text = renderText(suspectsMessage(story.incident));
  expect(text).toContain("Nothing that is known");
  expect(text).not.toContain("change cause");
});

test("a drill is marked as one", () => {
  const document = suspectsDocument({ key: "DRILL-1", kind: "drill" }, numberSuspects(suspects(MERGED), []))!;
  expect(renderText(document)).toMatch(/^🟣 DRILL · /);
});

test("a number stays with its change", () => {
  const first = numberSuspects(suspects(MERGED, APPLIED), []);
  const next = numberSuspects(suspects(MERGED, ALTERED, APPLIED), first);
  expect(first.map(({ change, number }) => [change, number])).toEqual([
    ["merged", 1],
    ["applied", 2],
  ]);
  expect(next.map(({ change, number }) => [change, number])).toEqual([
    ["merged", 1],
    ["altered", 3],
    ["applied", 2],
  ]);
});

test("whatever a change says is text, in Slack and in reports", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const hostile = changed("c", 5, {
        title: text,
        actor: text,
        repository: text,
        assets: [table("core.orders"), { namespace: text, name: text }],
        paths: [text],
        ...link("https://git.example/1"),
      });
      const document = suspectsDocument(INCIDENT, numberSuspects(suspects(hostile), []))!;
      const slack = JSON.stringify(SlackMessage.parse(renderDocument(document, { dates: "slack" })));
      expect(slack).not.toMatch(/<[@#!](?!date\^)/);
      expect(renderMarkdown(document)).not.toMatch(/(?<!\\)<(?:script|img)/);
      expect(document.blocks).toHaveLength(4);
    }),
  );
});
