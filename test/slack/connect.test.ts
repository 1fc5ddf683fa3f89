/** Joining a workspace whose Slack takes the first call and refuses the next. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectSlack } from "../../src/slack/connect.ts";
import type { DoorDeps } from "../../src/slack/doors/interaction.ts";
import { slackClient } from "../../src/slack/messenger.ts";
import { startAnswering } from "./answering.ts";

const WHO = { ok: true, team: "acme", user: "breakwater", user_id: "U0BOT", bot_id: "B0BOT", team_id: "T1" };
const REFUSED = { ok: false, error: "token_revoked" };

let asked = 0;
let slack: Awaited<ReturnType<typeof startAnswering>>;
beforeAll(async () => {
  slack = await startAnswering(() => JSON.stringify(asked++ === 0 ? WHO : REFUSED));
});
afterAll(() => slack.stop());

it("asks who we are once, and is not ended by what Slack answers after that", async () => {
  const log = { info() {}, warn() {}, error() {} };
  const doors = { command: "/incident", access: "workspace" } as unknown as Omit<DoorDeps, "workspaceUrl">;
  const connection = await connectSlack(
    { botToken: "xoxb-1", mode: { type: "http", signingSecret: "s" }, apiUrl: slack.apiUrl },
    slackClient("xoxb-1", slack.apiUrl),
    log,
    async () => null,
    doors,
  );
  // Whatever else Bolt asks of its own accord is asked before this.
  await fetch(`${slack.apiUrl}auth.test`, { method: "POST" });
  expect(connection.health()).toEqual({ ok: true, detail: null });
  expect(asked).toBe(2);
  await connection.stop();
});
