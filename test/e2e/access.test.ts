/** Somebody of another organization in a shared channel: every door is closed to them, and nothing changes. */
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import type { Json } from "../harness/slack.ts";
import { buttonsOf, CHANNEL, CHANNEL_ID, openWorld } from "./world.ts";

const world = openWorld({ http: true });

const OUTSIDER = { user: "U0STRANGER", team: "T0OTHER" };
const US = "T0FERNHOLLOW";

/** Signed as Slack does, for what the local Slack cannot send: it knows one workspace only. */
async function post(type: string, body: string) {
  const at = Math.floor(Date.now() / 1000);
  const signed = createHmac("sha256", world.slack.slack.signingSecret)
    .update(`v0:${at}:${body}`)
    .digest("hex");
  return world.request("/slack/events", {
    method: "POST",
    headers: {
      "content-type": type,
      "x-slack-request-timestamp": String(at),
      "x-slack-signature": `v0=${signed}`,
    },
    body,
  });
}
const form = (fields: Record<string, string>) =>
  post("application/x-www-form-urlencoded", new URLSearchParams(fields).toString());
const event = (inner: Json, id: string) =>
  post(
    "application/json",
    JSON.stringify({
      ...{ type: "event_callback", team_id: US, api_app_id: "A0BREAKWATER", event_id: id, event: inner },
      authorizations: [{ team_id: US, user_id: "U0BREAKWATER", is_bot: true }],
    }),
  );
const about = (trigger: string, { user, team } = OUTSIDER) => ({
  ...{ user: { id: user, name: "x", team_id: team }, team: { id: US, domain: "fernhollow" } },
  ...{ trigger_id: trigger, api_app_id: "A0BREAKWATER" },
});

/** The same through each door: as the outsider, or as somebody of ours. */
function doors(root: string, said: string, who = OUTSIDER, nth = 1): Record<string, () => Promise<unknown>> {
  const mention = `<@U0BREAKWATER> note from a mention`;
  const view = {
    ...{
      id: `V${nth}`,
      type: "modal",
      callback_id: "form_note",
      team_id: US,
      hash: "1",
      root_view_id: `V${nth}`,
    },
    private_metadata: JSON.stringify({
      ...{ incident: "INC-1", runbook: null, step: null, channel: CHANNEL_ID, threadTs: root },
    }),
    ...{ title: { type: "plain_text", text: "Note" }, blocks: [], state: { values: {} } },
  };
  return {
    "a slash command": () =>
      form({
        ...{ command: "/incident", text: "ack INC-1", user_id: who.user, channel_id: CHANNEL_ID },
        ...{ team_id: who.team, trigger_id: `1.${nth}`, api_app_id: "A0BREAKWATER" },
        response_url: `${world.slack.slack.url}/_hooks/response/none`,
      }),
    "a button": () =>
      form({
        payload: JSON.stringify({
          ...{ type: "block_actions", ...about(`2.${nth}`, who), channel: { id: CHANNEL_ID } },
          container: { type: "message", channel_id: CHANNEL_ID, message_ts: root },
          message: { ts: root },
          actions: [{ type: "button", action_id: "ack", block_id: "b", value: "INC-1" }],
        }),
      }),
    "a form": () =>
      form({ payload: JSON.stringify({ type: "view_submission", ...about(`3.${nth}`, who), view }) }),
    "a mention": () =>
      event(
        {
          ...{ type: "app_mention", user: who.user, team: who.team, text: mention, channel: CHANNEL_ID },
          ...{ ts: `9.${nth}`, thread_ts: root },
        },
        `E1${nth}`,
      ),
    "an emoji": () =>
      event(
        {
          type: "reaction_added",
          user: who.user,
          reaction: "pushpin",
          item: { type: "message", channel: CHANNEL_ID, ts: said },
        },
        `E2${nth}`,
      ),
    "a shortcut": () =>
      form({
        payload: JSON.stringify({
          ...{ type: "message_action", callback_id: "pin_to_timeline", ...about(`4.${nth}`, who) },
          ...{
            channel: { id: CHANNEL_ID },
            message: { ts: said, user: "U0MAYA", thread_ts: root },
            message_ts: said,
          },
          response_url: `${world.slack.slack.url}/_hooks/response/none`,
        }),
      }),
  };
}

test("people of another organization are refused at every door, and nothing changes", async () => {
  world.mayFail = /user_not_in_channel|user_not_found|channel_not_found/;
  await world.alert();
  const { ts: root } = await world.card("INC-1");
  const said = await world.slack.say("maya", CHANNEL, "the load is stuck", root);
  const before = await world.timeline("INC-1");
  for (const [door, use] of Object.entries(doors(root, said))) {
    const answer = await use();
    expect(JSON.stringify(answer), door).not.toMatch(/Acknowledged|on the timeline/);
  }
  expect(await world.timeline("INC-1")).toEqual(before);
  expect((await world.incident("INC-1")).state).toBe("triggered");
  // The very same requests are heeded from somebody of ours.
  for (const use of Object.values(doors(root, said, { user: "U0MAYA", team: US }, 2))) await use();
  await world.card("INC-1", "Acknowledged");
  for (const kind of ["noted", "pinned"])
    await world.entry("INC-1", (entry) => entry.kind === kind, `what was ${kind}`);
});

test("they are told why", async () => {
  await world.alert();
  const root = await world.card("INC-1");
  expect(buttonsOf(root).map(({ action_id }) => action_id)).toContain("ack");
  const answer = (await doors(root.ts, root.ts)["a slash command"]!()) as Json;
  expect(answer.text).toMatch(/takes commands only from people of this workspace/);
  expect(await world.slack.messages(CHANNEL)).toHaveLength(1);
});
