/** What becomes of a message by what Slack, or whatever stands in front of it, answers. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMessenger, slackClient } from "../../src/slack/messenger.ts";

let answer = "";
const server = createServer((request, response) => {
  request.resume().on("end", () => response.setHeader("content-type", "application/json").end(answer));
});
let address = "";
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
});
afterAll(() => void server.close());

const messenger = () => createMessenger(slackClient("xoxb-1", address), { dates: "plain" }, async () => null);

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
