/** What becomes of a message by what Slack, or whatever stands in front of it, answers. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMessenger, slackClient } from "../../src/slack/messenger.ts";
import { startAnswering } from "./answering.ts";

let answer = "";
let slack: Awaited<ReturnType<typeof startAnswering>>;
beforeAll(async () => {
  slack = await startAnswering(() => answer);
});
afterAll(() => slack.stop());

const messenger = () =>
  createMessenger(slackClient("xoxb-1", slack.apiUrl), { dates: "plain" }, async () => null);

it.each([
  ["invalid_arguments", "retry"],
  ["some_error_to_come", "retry"],
  ["not_in_channel", "retry"],
  ["fatal_error", "unknown"],
  ["thread_not_found", "refused"],
])("a search that is answered %s does not say that the message is not there: %s", async (error, outcome) => {
  answer = JSON.stringify({ ok: false, error });
  const looking = messenger().find(
    { channel: "C1", threadTs: "1.0", mark: "m" },
    null,
    "2026-11-22T03:00:00Z",
  );
  await expect(looking).rejects.toMatchObject({ kind: outcome });
});

it.each([
  ["what an admin can mend", '{"ok":false,"error":"restricted_action_read_only_channel"}', "retry"],
  ["what passes by itself", '{"ok":false,"error":"message_limit_exceeded"}', "retry"],
  ["a limit that is told without a 429", '{"ok":false,"error":"rate_limited"}', "retry"],
  ["what will never do", '{"ok":false,"error":"invalid_blocks"}', "refused"],
  ["a list", "[]", "unknown"],
  ["nothing", "null", "unknown"],
  ["no reason", '{"ok":false}', "unknown"],
  ["a reason that is no word", '{"ok":false,"error":{"code":7}}', "unknown"],
  ["another program's page", "<html>", "unknown"],
  ["no message", '{"ok":true}', "unknown"],
])("%s: %s", async (_, said, outcome) => {
  answer = said;
  const document = { summary: "x", title: null, blocks: [] };
  const posting = messenger().post({ channel: "C1", threadTs: null, mark: "m" }, document, {
    permalink: false,
  });
  await expect(posting).rejects.toMatchObject({ kind: outcome });
});
