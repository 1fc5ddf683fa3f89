/** Joining a workspace whose Slack takes the first call and refuses the next. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectSlack } from "../../src/slack/connect.ts";
import type { DoorDeps } from "../../src/slack/doors/interaction.ts";
import { slackClient } from "../../src/slack/messenger.ts";

const WHO = { ok: true, team: "acme", user: "breakwater", user_id: "U0BOT", bot_id: "B0BOT", team_id: "T1" };
const REFUSED = { ok: false, error: "token_revoked" };

let asked = 0;
const server = createServer((request, response) => {
  const answer = JSON.stringify(asked++ === 0 ? WHO : REFUSED);
  request.resume().on("end", () => response.setHeader("content-type", "application/json").end(answer));
});
let api = "";
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
});
afterAll(() => void server.close());

it("asks who we are once, and is not ended by what Slack answers after that", async () => {
  const log = { info() {}, warn() {}, error() {} };
  const doors = { command: "/incident", access: "workspace" } as unknown as Omit<DoorDeps, "workspaceUrl">;
  const connection = await connectSlack(
    { botToken: "xoxb-1", mode: { type: "http", signingSecret: "s" }, apiUrl: api },
    slackClient("xoxb-1", api),
    log,
    async () => null,
    doors,
  );
  // Whatever else Bolt asks of its own accord is asked before this.
  await fetch(`${api}auth.test`, { method: "POST" });
  expect(connection.health()).toEqual({ ok: true, detail: null });
  expect(asked).toBe(2);
  await connection.stop();
});
