import { expect } from "vitest";
import type { Document } from "../../src/core/report/document.ts";
import { renderDocument } from "../../src/slack/block-kit.ts";
import { SlackMessage, SlackView } from "../../src/slack/limits.ts";

const DIRECTORY = new URL("../golden/slack/", import.meta.url).pathname;

async function matches(name: string, value: unknown): Promise<void> {
  await expect(`${JSON.stringify(value, null, 2)}\n`).toMatchFileSnapshot(`${DIRECTORY}${name}.json`);
}

/** The document as Slack gets it: accepted by Slack, and as it was when last reviewed. */
export async function expectMessage(name: string, document: Document): Promise<void> {
  const message = renderDocument(document, { dates: "slack" });
  expect(() => SlackMessage.parse(message)).not.toThrow();
  await matches(name, message);
}

export async function expectView(name: string, view: SlackView): Promise<void> {
  expect(() => SlackView.parse(view)).not.toThrow();
  await matches(name, view);
}
