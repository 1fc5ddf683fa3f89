/** Slack in HTTP mode: signed requests to the one port, for workspaces that may not use Socket Mode. */
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import type { Json } from "../harness/slack.ts";
import { buttonsOf, CHANNEL, CHANNEL_ID, MAYA, openWorld, PRIYA, wordsOf } from "./world.ts";

const world = openWorld({ http: true });

const FORM = "application/x-www-form-urlencoded";
const now = () => Math.floor(Date.now() / 1000);

type Signing = { at?: number; secret?: string; headers?: Record<string, string>; tamper?: string };

/** Posts bytes as Slack does: signed over the timestamp and the body. */
async function post(type: string, body: string, signing: Signing = {}) {
  const at = signing.at ?? now();
  const secret = signing.secret ?? world.slack.slack.signingSecret;
  const signature = `v0=${createHmac("sha256", secret).update(`v0:${at}:${body}`).digest("hex")}`;
  return world.request("/slack/events", {
    method: "POST",
    headers: {
      "content-type": type,
      "x-slack-request-timestamp": String(at),
      "x-slack-signature": signature,
      ...signing.headers,
    },
    body: body + (signing.tamper ?? ""),
  });
}

const event = (body: Json, signing: Signing = {}) => post("application/json", JSON.stringify(body), signing);
const interaction = (payload: Json, signing: Signing = {}) =>
  post(FORM, new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), signing);
const slash = (text: string, trigger: string, signing: Signing = {}) =>
  post(
    FORM,
    new URLSearchParams({
      command: "/incident",
      text,
      user_id: "U0MAYA",
      user_name: "maya",
      channel_id: CHANNEL_ID,
      channel_name: "data-incidents",
      team_id: "T0FERNHOLLOW",
      api_app_id: "A0BREAKWATER",
      trigger_id: trigger,
      response_url: `${world.slack.slack.url}/_hooks/response/none`,
    }).toString(),
    signing,
  );

const callback = (inner: Json, eventId: string) => ({
  type: "event_callback",
  team_id: "T0FERNHOLLOW",
  api_app_id: "A0BREAKWATER",
  event_id: eventId,
  event_time: now(),
  authorizations: [{ team_id: "T0FERNHOLLOW", user_id: "U0BREAKWATER", is_bot: true }],
  event: inner,
});

const person = (id: string) => ({ id, name: id.slice(2).toLowerCase(), team_id: "T0FERNHOLLOW" });
const team = { id: "T0FERNHOLLOW", domain: "fernhollow" };

async function mention(line: string, eventId: string) {
  const { ts: root } = await world.card("INC-1");
  const ts = await world.slack.say("maya", CHANNEL, line, root);
  const words = `<@U0BREAKWATER> ${line}`;
  return callback(
    { type: "app_mention", user: "U0MAYA", text: words, ts, channel: CHANNEL_ID, thread_ts: root },
    eventId,
  );
}

const notes = async () => (await world.timeline("INC-1")).filter((entry) => entry.kind === "noted");

test("the whole way works over HTTP: typed, pressed, filled in and mentioned", async () => {
  await world.alert();
  await world.slash("maya", "ack");
  await world.card("INC-1", `Acknowledged* by ${MAYA}`);
  await world.press("jonas", "INC-1", "mitigate");
  await world.fill("jonas", "mitigate", { text: "rolled back" });
  await world.card("INC-1", "Mitigated");
  await world.mention("maya", "INC-1", "restored all checked it");
  await world.card("INC-1", "verified");
  await world.press("maya", "INC-1", "resolve");
  await world.fill("maya", "resolve", { text: "a rollback" });
  const card = await world.card("INC-1", "Resolved");
  expect(buttonsOf(card).map((button) => button.text)).toContain("Postmortem");
  expect((await world.timeline("INC-1")).map((entry) => entry.via)).toEqual(
    expect.arrayContaining(["slash", "modal", "mention"]),
  );
});

test("Slack's check of the address is answered with its challenge", async () => {
  const { status, text } = await event({ type: "url_verification", challenge: "3eZbrw1aB", token: "x" });
  expect([status, text]).toEqual([200, "3eZbrw1aB"]);
  expect((await post(FORM, "ssl_check=1&token=x")).status).toBe(200);
});

for (const [what, signing] of Object.entries<Signing>({
  "another secret": { secret: "not-the-secret" },
  "a body that was changed": { tamper: " " },
  "no signature": { headers: { "x-slack-signature": "" } },
  "a signature that is none": { headers: { "x-slack-signature": "v0=zz" } },
  "no time": { headers: { "x-slack-request-timestamp": "" } },
  "a time that is none": { headers: { "x-slack-request-timestamp": "soon" } },
  "a time of ten minutes ago": { at: now() - 600 },
})) {
  test(`a request with ${what} is turned away, and changes nothing`, async () => {
    await world.alert();
    const answers = [
      await slash("ack INC-1", "1.1", signing),
      await event({ type: "url_verification", challenge: "x" }, signing),
      await interaction(
        {
          type: "block_actions",
          user: person("U0MAYA"),
          team,
          trigger_id: "1.2",
          container: { type: "message", channel_id: CHANNEL_ID },
          channel: { id: CHANNEL_ID },
          actions: [{ type: "button", action_id: "ack", block_id: "b", value: "INC-1" }],
        },
        signing,
      ),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(answers.map(({ text }) => text).join()).not.toContain("INC-1");
    expect((await world.incident("INC-1")).state).toBe("triggered");
  });
}

test("a slash command is answered in the answer itself", async () => {
  await world.alert();
  const { status, body } = await slash("list", "1.1");
  expect([status, body.response_type]).toEqual([200, "ephemeral"]);
  expect(wordsOf(body)).toContain("orders is late");
});

test("the same slash command delivered twice is carried out once, and answered alike", async () => {
  await world.alert();
  // The answer links to the thread, so the thread stands before the first one.
  await world.card("INC-1");
  const first = await slash("note INC-1 the vendor was paged", "7.7");
  const second = await slash("note INC-1 the vendor was paged", "7.7");
  expect(second.body).toEqual(first.body);
  expect(await notes()).toHaveLength(1);
  await slash("note INC-1 the vendor was paged", "7.8");
  expect(await notes()).toHaveLength(2);
});

test("the same event delivered twice, also as a retry, is acted on once", async () => {
  await world.alert();
  const body = await mention("note the bucket was empty", "Ev0TWICE");
  expect((await event(body)).status).toBe(200);
  const retry = { "x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout" };
  expect((await event(body, { headers: retry })).status).toBe(200);
  expect((await event(await mention("note another", "Ev0OTHER"))).status).toBe(200);
  await world.entry("INC-1", (entry) => entry.text === "another", "the other note");
  expect((await notes()).map((entry) => entry.text)).toEqual(["the bucket was empty", "another"]);
});

test("an event that comes for the first time as a retry is acted on all the same", async () => {
  await world.alert();
  const body = await mention("note late but here", "Ev0LATE");
  await event(body, { headers: { "x-slack-retry-num": "2", "x-slack-retry-reason": "http_error" } });
  await world.entry("INC-1", (entry) => entry.text === "late but here", "the note");
});

test("the same press delivered twice is carried out once, and told as if it were new", async () => {
  await world.alert();
  const { ts } = await world.card("INC-1");
  const press = {
    type: "block_actions",
    user: person("U0MAYA"),
    team,
    api_app_id: "A0BREAKWATER",
    trigger_id: "9.9",
    container: { type: "message", message_ts: ts, channel_id: CHANNEL_ID },
    channel: { id: CHANNEL_ID, name: "data-incidents" },
    message: { type: "message", ts, text: "" },
    actions: [{ type: "button", action_id: "ack", block_id: "b", value: "INC-1" }],
  };
  expect((await interaction(press)).status).toBe(200);
  expect((await interaction(press)).status).toBe(200);
  await world.card("INC-1", `Acknowledged* by ${MAYA}`);
  const taken = (await world.timeline("INC-1")).filter((entry) => entry.kind === "acknowledged");
  expect(taken).toMatchObject([{ via: "button", actor: MAYA }]);
  expect(await world.slack.ephemerals("maya")).toEqual([]);
});

test("a request without a body is answered, not stumbled over", async () => {
  expect((await world.request("/slack/events", { method: "POST" })).status).toBe(401);
});

test("the same form submitted twice opens one incident", async () => {
  const field = (value: Json) => ({ value });
  const submission = {
    type: "view_submission",
    user: person("U0HANNAH"),
    team,
    api_app_id: "A0BREAKWATER",
    view: {
      id: "V0DECLARE",
      hash: "1.abc",
      type: "modal",
      callback_id: "form_declare",
      private_metadata: JSON.stringify({
        incident: null,
        channel: CHANNEL_ID,
        threadTs: null,
        runbook: null,
        step: null,
      }),
      blocks: [],
      state: {
        values: {
          title: { value: field("Revenue looks too low") },
          severity: { value: { selected_option: { value: "SEV2" } } },
        },
      },
    },
  };
  // Pressed again as Slack had not heard of us in time: every press has a trigger of its own.
  for (const trigger_id of ["5.5", "5.6"]) {
    const { status, text } = await interaction({ ...submission, trigger_id });
    expect([status, text]).toEqual([200, ""]);
  }
  await world.card("INC-1", "Revenue looks too low", "SEV2");
  expect((await world.get("/v1/incidents")).body.incidents).toHaveLength(1);
});

test("the message shortcut puts a message on the timeline, and says so to whoever used it", async () => {
  await world.alert();
  const { ts: root } = await world.card("INC-1");
  const ts = await world.slack.say("priya", CHANNEL, "the bucket is empty", root);
  const shortcut = (on: string, threadTs: string | undefined, trigger: string) => ({
    type: "message_action",
    callback_id: "pin_to_timeline",
    user: person("U0MAYA"),
    team,
    trigger_id: trigger,
    channel: { id: CHANNEL_ID, name: "data-incidents" },
    message_ts: on,
    message: { type: "message", user: "U0PRIYA", ts: on, thread_ts: threadTs, text: "the bucket is empty" },
    response_url: `${world.slack.slack.url}/_hooks/response/none`,
  });
  expect((await interaction(shortcut(ts, root, "3.1"))).status).toBe(200);
  const pin = await world.entry("INC-1", (entry) => entry.kind === "pinned", "the pin");
  expect(pin).toMatchObject({ via: "shortcut", actor: PRIYA, text: "the bucket is empty" });
  await world.told("maya", "The message is on the timeline of INC-1.");

  const elsewhere = await world.slack.say("priya", CHANNEL, "lunch?");
  await interaction(shortcut(elsewhere, undefined, "3.2"));
  await world.told("maya", "no reply in an incident's thread");
});

test("the global shortcut opens the form for a new incident", async () => {
  // A trigger that Slack knows, since it opens a form for no other.
  await world.slash("maya", "help");
  const log = await world.slack.log();
  const sent = log.find(({ kind, direction }) => kind === "slash_commands" && direction === "to_bot")!;
  const trigger = new URLSearchParams(sent.detail).get("trigger_id");
  const { status } = await interaction({
    type: "shortcut",
    callback_id: "declare_incident",
    user: person("U0MAYA"),
    team,
    trigger_id: trigger,
  });
  expect(status).toBe(200);
  const [opened] = await world.slack.waitFor(
    async () => {
      const calls = await world.slack.calls("views.open");
      return calls.length > 0 && calls;
    },
    { what: "the form" },
  );
  expect(opened).toMatchObject({ trigger_id: trigger, view: { callback_id: "form_declare" } });
});

test("what is neither JSON nor a form, or asks for nothing we know, is refused and breaks nothing", async () => {
  expect((await post("application/json", "{")).status).toBe(400);
  expect((await post(FORM, "payload={")).status).toBe(400);
  for (const body of ["null", "[]", '"x"', "{}", '{"type":"event_callback"}'])
    expect((await post("application/json", body)).status, body).toBeLessThan(500);
  expect((await event(callback({ type: "team_join", user: { id: "U1" } }, "Ev0X"))).status).toBeLessThan(500);
  expect((await interaction({ type: "block_actions" })).status).toBeLessThan(500);
  expect((await slash("help", "1.1")).status).toBe(200);
});
