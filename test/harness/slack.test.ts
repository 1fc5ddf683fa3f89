/** The harnesses against the smallest bot there is: what they promise to the tests built on them. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, LogLevel } from "@slack/bolt";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startLocalSlack } from "../../src/sandbox/local-slack.ts";
import { SANDBOX_WORKSPACE } from "../../src/sandbox/workspace.ts";
import { openBrowser } from "./chromium.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { type Json, SlackHarness } from "./slack.ts";

const CHANNEL = "#data-incidents";
const CHANNEL_ID = "C0INCIDENTS";

const text = (content: string) => ({ type: "plain_text" as const, text: content });
const options = ["SEV1", "SEV2"].map((name) => ({ text: text(name), value: name }));
const MODAL = {
  type: "modal" as const,
  callback_id: "update",
  private_metadata: "INC-1",
  title: text("Update"),
  submit: text("Save"),
  blocks: [
    {
      type: "input" as const,
      block_id: "note",
      label: text("What is known"),
      element: { type: "plain_text_input" as const, action_id: "text" },
    },
    {
      type: "input" as const,
      block_id: "severity",
      label: text("Severity"),
      element: {
        type: "static_select" as const,
        action_id: "pick",
        options,
        initial_option: options[1],
      },
    },
    {
      type: "input" as const,
      block_id: "lead",
      optional: true,
      label: text("Lead"),
      element: { type: "users_select" as const, action_id: "person" },
    },
  ],
};
const button = (label: string, value: string) => ({
  type: "button" as const,
  action_id: "ack",
  text: text(label),
  value,
});
const CARD = [
  { type: "section" as const, block_id: "card", text: text("Orders are late") },
  { type: "actions" as const, block_id: "press", elements: [button("Acknowledge", "INC-1")] },
];

describe("the Slack harness", () => {
  let slack: SlackHarness;
  let bot: App;
  /** What the bot was told, in order. */
  let told: Json[];

  beforeAll(async () => {
    slack = await SlackHarness.start();
    bot = new App({
      token: slack.slack.botToken,
      appToken: slack.slack.appToken,
      socketMode: true,
      logLevel: LogLevel.ERROR,
      clientOptions: { slackApiUrl: slack.slack.apiUrl },
    });
    bot.use(async ({ body, next }) => {
      told.push("event" in body ? body.event : body);
      await next();
    });
    bot.command("/incident", async ({ ack, command, respond }) => {
      if (command.text === "slow")
        return void (await new Promise((done) => setTimeout(done, 3_200)).then(() => ack()));
      if (command.text === "later") {
        await ack();
        return void (await respond({ response_type: "ephemeral", text: "here you are" }));
      }
      await ack({ response_type: "ephemeral", text: `you said ${command.text}` });
    });
    bot.event("app_mention", async ({ event, say }) => {
      await say({ text: `heard ${event.text}`, thread_ts: event.thread_ts ?? event.ts });
    });
    bot.action("ack", async ({ ack, body, client }) => {
      await ack();
      if ("trigger_id" in body) await client.views.open({ trigger_id: body.trigger_id, view: MODAL });
    });
    bot.view("update", async ({ ack, view }) => {
      if (view.state.values.note?.text?.value !== "wrong") return ack();
      return ack({ response_action: "errors", errors: { note: "Say more" } });
    });
    await bot.start();
    await slack.untilConnected();
  });
  beforeEach(async () => {
    told = [];
    await slack.reset();
  });
  afterAll(async () => {
    await bot?.stop();
    await slack?.stop();
  });

  const post = async (extra: { thread_ts?: string } = {}) => {
    const posted = await bot.client.chat.postMessage({
      channel: CHANNEL_ID,
      text: "Orders are late",
      blocks: CARD,
      ...extra,
    });
    return posted.ts ?? "";
  };
  const toldOf = (type: string, subtype?: string) =>
    slack.waitFor(() => told.find((event) => event.type === type && event.subtype === subtype), {
      what: `the bot to be told of ${type} ${subtype ?? ""}`,
    });

  test("a slash command is answered to the one who typed it, at once or later", async () => {
    await slack.slash("maya", CHANNEL, "/incident", "list");
    await slack.slash("jonas", CHANNEL, "/incident", "later");
    expect(told[0]).toMatchObject({ command: "/incident", user_id: "U0MAYA", channel_id: CHANNEL_ID });
    expect((await slack.ephemerals("maya")).map((message) => message.text)).toEqual(["you said list"]);
    const later = await slack.waitFor(async () => (await slack.ephemerals("jonas"))[0], {
      what: "the answer",
    });
    expect(later.text).toBe("here you are");
    expect(await slack.messages(CHANNEL)).toEqual([]);
  });

  test("a bot that answers too late is caught", async () => {
    await expect(slack.slash("maya", CHANNEL, "/incident", "slow")).rejects.toThrow("did not acknowledge");
  });

  test("a mention in a thread is answered there", async () => {
    const root = await post();
    await slack.say("priya", CHANNEL, `${slack.mention} status`, root);
    const replies = await slack.waitFor(
      async () => {
        const thread = await slack.thread(CHANNEL, root);
        return thread.length === 3 && thread;
      },
      { what: "the bot's reply" },
    );
    expect(replies[2]).toMatchObject({ text: `heard ${slack.mention} status`, thread_ts: root });
    expect((await slack.messages(CHANNEL)).map((message) => message.ts)).toEqual([root]);
    expect(await slack.calls("chat.postMessage")).toHaveLength(2);
  });

  test("a button opens a modal, which keeps its initial values, its metadata and its errors", async () => {
    const root = await post();
    await slack.click("maya", CHANNEL, root, "ack");
    expect((await slack.untilModal()).private_metadata).toBe("INC-1");
    const refused = await slack.submitModal("maya", { note: { text: "wrong" } });
    expect(refused).toMatchObject({ errors: { note: "Say more" }, modal: { callback_id: "update" } });

    await slack.submitModal("maya", { note: { text: "a stale source" }, lead: { person: "U0JONAS" } });
    expect(slack.currentModal()).toBeNull();
    expect(told.at(-1)).toMatchObject({
      type: "view_submission",
      user: { id: "U0MAYA" },
      view: {
        private_metadata: "INC-1",
        state: {
          values: {
            note: { text: { value: "a stale source" } },
            severity: { pick: { selected_option: { value: "SEV2" } } },
            lead: { person: { selected_user: "U0JONAS" } },
          },
        },
      },
    });
  });

  test("nobody can press, fill in or leave out what Slack would not let them", async () => {
    const root = await post();
    await expect(slack.click("maya", CHANNEL, root, "resolve")).rejects.toThrow('No "resolve" on message');
    await expect(slack.click("maya", CHANNEL, root, "ack", { value: "INC-2" })).rejects.toThrow(
      "ack (INC-1)",
    );
    await expect(slack.submitModal("maya")).rejects.toThrow("No modal is open");
    await slack.click("maya", CHANNEL, root, "ack", { value: "INC-1", blockId: "press" });
    await slack.untilModal();
    await expect(slack.submitModal("maya")).rejects.toThrow('"What is known" (note) is required');
    await expect(slack.submitModal("maya", { note: { body: "x" } })).rejects.toThrow("no field note.body");
    await expect(
      slack.submitModal("maya", { note: { text: "x" }, severity: { pick: "SEV9" } }),
    ).rejects.toThrow('no option "SEV9"');
    await slack.closeModal("maya");
    expect(slack.currentModal()).toBeNull();
    await expect(slack.say("nobody", CHANNEL, "hi")).rejects.toThrow("Nobody is called nobody");
    await expect(slack.say("maya", "#void", "hi")).rejects.toThrow("No channel #void");
  });

  test("reactions, edits and deletions reach the bot", async () => {
    const said = await slack.say("jonas", CHANNEL, "we found it");
    await slack.react("maya", CHANNEL, said, "pushpin");
    const item = { type: "message", channel: CHANNEL_ID, ts: said };
    expect(await toldOf("reaction_added")).toMatchObject({ user: "U0MAYA", reaction: "pushpin", item });
    await slack.unreact("maya", CHANNEL, said, "pushpin");
    expect(await toldOf("reaction_removed")).toMatchObject({ user: "U0MAYA", reaction: "pushpin", item });
    await slack.edit("jonas", CHANNEL, said, "we fixed it");
    expect(await toldOf("message", "message_changed")).toMatchObject({
      message: { ts: said, text: "we fixed it", edited: { user: "U0JONAS" } },
      previous_message: { text: "we found it" },
    });
    await expect(slack.remove("maya", CHANNEL, said)).rejects.toThrow("not_authorized");
    await slack.remove("jonas", CHANNEL, said);
    expect(await toldOf("message", "message_deleted")).toMatchObject({ deleted_ts: said });
    expect(await slack.messages(CHANNEL)).toEqual([]);
  });

  test("files go into the thread, from the bot and from people", async () => {
    const root = await post();
    await bot.client.filesUploadV2({
      channel_id: CHANNEL_ID,
      thread_ts: root,
      filename: "report.md",
      content: "# Report",
    });
    await slack.upload("hannah", CHANNEL, { name: "rows.csv", content: "a,b\n" }, { threadTs: root });
    const [report, rows] = await slack.files(CHANNEL, root);
    expect([report?.name, rows?.name]).toEqual(["report.md", "rows.csv"]);
    expect((await slack.download(report!)).toString()).toBe("# Report");
    expect(await toldOf("message", "file_share")).toMatchObject({ user: "U0HANNAH", thread_ts: root });
  });

  test("what the bot looks up is there: people, permalinks, its own blocks", async () => {
    const root = await post();
    const reply = await post({ thread_ts: root });
    const { user } = await bot.client.users.info({ user: "U0PRIYA" });
    expect(user).toMatchObject({ tz: "Asia/Kolkata", profile: { email: "priya.raman@fernhollow.example" } });
    const link = await bot.client.chat.getPermalink({ channel: CHANNEL_ID, message_ts: reply });
    expect(link.permalink).toBe(
      `${slack.slack.url}/archives/${CHANNEL_ID}/p${reply.replace(".", "")}?thread_ts=${root}&cid=${CHANNEL_ID}`,
    );
    const history = await bot.client.conversations.history({ channel: CHANNEL_ID });
    expect(history.messages?.map((message) => message.blocks?.[0]?.block_id)).toEqual(["card"]);
    const replies = await bot.client.conversations.replies({ channel: CHANNEL_ID, ts: root });
    expect(replies.messages?.map((message) => message.blocks?.[0]?.block_id)).toEqual(["card", "card"]);
  });

  test("the log holds more than the server's own thousand lines", async () => {
    await Promise.all(
      Array.from({ length: 1_050 }, () => fetch(`${slack.slack.apiUrl}auth.test`, { method: "POST" })),
    );
    expect(await slack.calls("auth.test")).toHaveLength(1_050);
  });

  test("a permalink opens its thread in the page", async ({ skip }) => {
    const browser = await openBrowser();
    if (!browser) return skip("no Chromium on this machine");
    try {
      const root = await post();
      const reply = await bot.client.chat.postMessage({
        channel: CHANNEL_ID,
        thread_ts: root,
        text: "the reply",
      });
      const link = await bot.client.chat.getPermalink({ channel: CHANNEL_ID, message_ts: reply.ts ?? "" });
      const page = await browser.newPage();
      await page.goto(link.permalink ?? "");
      await page.getByText("the reply").waitFor();
      expect(await page.getByRole("button", { name: "Acknowledge" }).count()).toBe(2);
    } finally {
      await browser.close();
    }
  });
});

describe("the local Slack server", () => {
  test("has nobody to take a command before the bot is connected", async () => {
    const slack = await SlackHarness.start();
    try {
      await expect(slack.slash("maya", CHANNEL, "/incident")).rejects.toThrow("No bot is connected");
    } finally {
      await slack.stop();
    }
  });

  test("says so when its port is taken", async () => {
    const occupied = createServer();
    await new Promise<void>((done) => occupied.listen(0, "127.0.0.1", done));
    const { port } = occupied.address() as { port: number };
    try {
      await expect(startLocalSlack({ workspace: SANDBOX_WORKSPACE, port })).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringContaining(`Port ${port} is taken`),
      });
    } finally {
      await new Promise((done) => occupied.close(done));
    }
  });

  test("says what to do on a machine it was not built for", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "breakwater-sandbox-"));
    try {
      const platform = { os: "plan9", cpu: "mips" };
      await expect(
        startLocalSlack({ workspace: SANDBOX_WORKSPACE, dataDir, platform }),
      ).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringMatching(/npx local-slack[\s\S]*SLACK_BOT_TOKEN[\s\S]*SLACK_APP_TOKEN/),
      });
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });

  test("answers loopback only, and is gone once stopped", async () => {
    const lines: string[] = [];
    const local = await startLocalSlack({ workspace: SANDBOX_WORKSPACE, log: (line) => lines.push(line) });
    expect(lines.join("\n")).not.toContain("every network interface");
    await local.stop();
    await local.stop();
    await expect(fetch(local.url)).rejects.toThrow("fetch failed");
  });
});

describe("the Postgres harness", () => {
  let postgres: Postgres;
  const clients: pg.Client[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
  });
  afterAll(() => postgres?.stop());

  test("gives each test a database of its own", async () => {
    for (const url of [postgres.url, await postgres.createDatabase()]) {
      const client = new pg.Client({ connectionString: url });
      clients.push(client);
      await client.connect();
      await client.query("CREATE TABLE incident (key text)");
      expect((await client.query("SELECT * FROM incident")).rows).toEqual([]);
    }
  });
});
