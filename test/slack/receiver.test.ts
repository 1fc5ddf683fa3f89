import type { ReceiverEvent } from "@slack/bolt";
import { expect, test } from "vitest";
import { HttpReceiver } from "../../src/slack/receiver.ts";

test.each([
  ["application/x-www-form-urlencoded", "trigger_id=1%00.2&channel_id=%00C1&text=a%00b"],
  [
    "application/x-www-form-urlencoded",
    `payload=${encodeURIComponent(nul({ trigger_id: "1", text: "ab" }))}`,
  ],
  ["application/json", nul({ trigger_id: "1", text: "ab" })],
])("a NUL character in %s reaches nothing that stores it", async (type, body) => {
  const heard: ReceiverEvent[] = [];
  const receiver = new HttpReceiver("secret", () => true);
  receiver.init({ processEvent: async (event: ReceiverEvent) => void heard.push(event) } as never);
  const headers = { "content-type": type, "x-slack-signature": "v0=", "x-slack-request-timestamp": "1" };
  void receiver.handle(headers, Buffer.from(body));
  await expect.poll(() => heard).toHaveLength(1);
  expect(JSON.stringify(heard[0]!.body)).not.toContain("\\u0000");
});

/** JSON with a NUL at the end of every text. */
function nul(value: Record<string, string>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(value).map(([key, text]) => [key, `${text}\0`])));
}
