import type { App } from "@slack/bolt";
import { WebAPIPlatformError } from "@slack/web-api";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CommandRequest } from "../../src/engine/ports.ts";
import { formDoor } from "../../src/slack/doors/form.ts";
import { type DoorDeps, inTime, whisper } from "../../src/slack/doors/interaction.ts";
import { mentionDoor } from "../../src/slack/doors/mention.ts";
import { pinDoors } from "../../src/slack/doors/pin.ts";
import { shortcutDoors } from "../../src/slack/doors/shortcut.ts";
import { acknowledgingWhenDone } from "../../src/slack/receiver.ts";
import { resolved, triggered } from "../core/report/incident-story.ts";

/** As the socket answers while it reconnects. */
const gone = async () => {
  throw new Error("Failed to send a WebSocket message as the client is not ready");
};

/** Work that is done only when the time for an answer is long over. */
const slow = () => new Promise<string>((done) => setTimeout(() => done("the answer"), 10_000));

describe("a socket that goes while an answer is awaited", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("does not take the process with it, and the answer still comes", async () => {
    const late: string[] = [];
    const done = inTime(slow(), gone, async (answer) => void late.push(answer));
    await vi.advanceTimersByTimeAsync(10_000);
    await done;
    expect(late).toEqual(["the answer"]);
  });

  it("leaves an event unacknowledged, so that Slack sends it again", async () => {
    const app = acknowledgingWhenDone({ processEvent: slow } as unknown as App);
    const event = { body: { type: "event_callback" }, ack: gone };
    const done = expect(app.processEvent(event)).rejects.toThrow("not ready");
    await vi.advanceTimersByTimeAsync(10_000);
    await done;
  });
});

it.each(["{{", "null", "[]", "7", "{}"])(
  "a form about %s is refused beside its first field",
  async (about) => {
    const listeners: ((args: object) => Promise<void>)[] = [];
    const app = { view: (_id: RegExp, listener: (typeof listeners)[0]) => void listeners.push(listener) };
    formDoor(app as unknown as App, {} as DoorDeps);
    const answers: unknown[] = [];
    await listeners[0]!({
      ack: async (answer: unknown) => void answers.push(answer),
      body: { user: { id: "U0MAYA", team_id: "T1" } },
      view: {
        id: "V1",
        callback_id: "form_task",
        private_metadata: about,
        blocks: [
          { type: "context", block_id: "about" },
          { type: "input", block_id: "text", element: {} },
        ],
        state: { values: {} },
      },
    });
    expect(answers).toEqual([
      {
        response_action: "errors",
        errors: { text: expect.stringContaining("Close it and open it anew.") },
      },
    ]);
  },
);

describe("a change to a message", () => {
  /** The door over an incident in whose thread the message 2.0 is pinned; gives what it asked for, and of whom. */
  async function changed(message: object, now = message) {
    const listeners = new Map<string, (args: object) => Promise<void>>();
    const asked: CommandRequest[] = [];
    const looked: string[] = [];
    const deps = {
      engine: {
        reads: {
          byThread: async () => "INC-1",
          state: async () => ({ key: "INC-1", pins: { "2.0": 7 } }),
        },
        command: async (request: CommandRequest) => void asked.push(request),
      },
      people: {
        get: async (id: string) => ({ id, name: "Priya Raman", timeZone: "UTC" }),
        names: async (ids: string[]) => {
          looked.push(...ids);
          return {};
        },
      },
      client: { conversations: { replies: async () => ({ messages: [now] }) } },
      workspaceUrl: "https://acme.slack.com/",
    } as unknown as DoorDeps;
    pinDoors({ event: (name: string, on: never) => listeners.set(name, on) } as unknown as App, deps);
    const event = { subtype: "message_changed", channel: "C1", message };
    await listeners.get("message")!({ event, body: { event_id: "E1" } });
    return { commands: asked.map(({ command }) => command), looked };
  }

  it("leaves a pinned picture what it was called when it was pinned", async () => {
    const { commands } = await changed({ ts: "2.0", thread_ts: "1.0", user: "U1", text: "" });
    expect(commands).toEqual([{ type: "edit_pin", messageTs: "2.0", text: "(no text)" }]);
  });

  it("takes a message for what Slack shows now, not for what an event says that comes late", async () => {
    const edited = { ts: "2.0", thread_ts: "1.0", user: "U1", text: "half full" };
    const { commands } = await changed(edited, { ...edited, text: "full" });
    expect(commands).toEqual([{ type: "edit_pin", messageTs: "2.0", text: "full" }]);
  });

  it("asks Slack for nobody's name unless the message is pinned", async () => {
    const edited = { thread_ts: "1.0", user: "U1", text: "ask <@U0DIEGO>" };
    expect(await changed({ ...edited, ts: "3.0" })).toEqual({ commands: [], looked: [] });
    expect((await changed({ ...edited, ts: "2.0" })).looked).toEqual(["U0DIEGO"]);
  });
});

describe("a mention", () => {
  /** The door, told a message; gives the line it took out of it, and what the person was told. */
  async function said(
    text: string,
    answer: object = { kind: "document", document: { summary: "done", title: null, blocks: [] } },
  ) {
    const listeners = new Map<string, (args: object) => Promise<void>>();
    const buttons: string[] = [];
    const lines: string[] = [];
    const told: string[] = [];
    const deps = {
      command: "/incident",
      conversation: {
        say: async (line: string) => {
          lines.push(line);
          return answer;
        },
      },
      people: {
        standing: async () => "member",
        get: async (id: string) => ({ id, name: "Maya", timeZone: "UTC" }),
      },
      client: {
        chat: {
          postEphemeral: async ({ text: words, blocks }: { text: string; blocks: object[] }) => {
            told.push(words);
            for (const block of blocks as { elements?: { value?: string }[] }[])
              buttons.push(...(block.elements ?? []).flatMap(({ value }) => value ?? []));
          },
        },
      },
      render: {},
      workspaceUrl: "https://acme.slack.com/",
    } as unknown as DoorDeps;
    mentionDoor({ event: (name: string, on: never) => listeners.set(name, on) } as unknown as App, deps);
    const event = { user: "U0MAYA", channel: "C1", ts: "1.0", text };
    const context = { botUserId: "U0BOT" };
    await listeners.get("app_mention")!({ event, body: { event_id: "E1" }, context });
    return { lines, told: told.join(), buttons };
  }

  it.each([
    ["<@U0BOT> ack INC-6", "ack INC-6"],
    ["<@U0BOT|breakwater>: ack INC-6", "ack INC-6"],
    ["hey <@U0BOT> ack INC-6", "ack INC-6"],
    ["<@U0BEN> fyi, <@U0BOT>, lead <@U0ANA>", "lead <@U0ANA>"],
    ["<@U0BOT> akc INC-6", "akc INC-6"],
    ["<@U0BOT>", ""],
  ])("%s", async (text, line) => {
    expect((await said(text)).lines).toEqual([line]);
  });

  it.each(["thanks <@U0BOT>", "new dashboards are up, thanks <@U0BOT>!", "I think <@U0BOT> is broken"])(
    "that only names the bot is told how it is talked to: %s",
    async (text) => {
      const { lines, told } = await said(text);
      expect(lines).toEqual([]);
      expect(told).toBe(
        "To ask something of me, put it behind my name: @breakwater help lists what there is.",
      );
    },
  );

  it("that needs more words keeps those that it had", async () => {
    const form = { kind: "form", form: "severity", incident: triggered().incident };
    const typed = { severity: "SEV1" };
    expect((await said("<@U0BOT> sev INC-1 1", { ...form, typed })).buttons).toEqual(["INC-1 severity 1"]);
    expect((await said("<@U0BOT> severity", form)).buttons).toEqual(["INC-1"]);
  });

  it("that a form would refuse is refused at once", async () => {
    const { incident } = resolved();
    const { told, buttons } = await said("<@U0BOT> resolve", { kind: "form", form: "resolve", incident });
    expect(told).toContain("INC-1 is resolved already.");
    expect(buttons).toEqual([]);
  });
});

describe("somebody who asks where the bot is not, or is not where it answers", () => {
  /** Slack refuses the ephemeral message, and all that is asked about the channel, with this error. */
  function refusing(error: string) {
    const refuse = async () => {
      throw new WebAPIPlatformError({ ok: false, error });
    };
    const direct: { channel: string; text: string }[] = [];
    const faults: string[] = [];
    const deps = {
      engine: { reads: { byThread: async () => null } },
      people: {
        standing: async () => "member",
        get: async (id: string) => ({ id, name: "Maya", timeZone: "UTC" }),
      },
      client: {
        conversations: { replies: refuse },
        chat: {
          postEphemeral: refuse,
          postMessage: async (message: (typeof direct)[0]) => void direct.push(message),
        },
      },
      render: {},
      log: { error: (_: object, words: string) => void faults.push(words) },
    } as unknown as DoorDeps;
    return { deps, direct, faults };
  }
  const declared = { summary: "INC-2 is open.", title: null, blocks: [] };

  it.each(["user_not_in_channel", "not_in_channel", "channel_not_found"])(
    "is told by a direct message: %s",
    async (error) => {
      const { deps, direct } = refusing(error);
      await whisper(deps, "U0MAYA", { channel: "C1", threadTs: "1.0" }, declared);
      expect(direct).toEqual([expect.objectContaining({ channel: "U0MAYA", text: "INC-2 is open." })]);
      expect(direct[0]).not.toHaveProperty("thread_ts");
    },
  );

  it("is not written to for another reason", async () => {
    const { deps, direct } = refusing("invalid_blocks");
    const told = whisper(deps, "U0MAYA", { channel: "C1", threadTs: null }, declared);
    await expect(told).rejects.toThrow("invalid_blocks");
    expect(direct).toEqual([]);
  });

  it("hears of the shortcut that there is no timeline, and no fault is logged", async () => {
    const { deps, direct, faults } = refusing("not_in_channel");
    const listeners = new Map<string, (args: object) => Promise<void>>();
    shortcutDoors({ shortcut: (id: string, on: never) => listeners.set(id, on) } as unknown as App, deps);
    await listeners.get("pin_to_timeline")!({
      ack: async () => {},
      shortcut: {
        ...{ type: "message_action", trigger_id: "1.1", user: { id: "U0MAYA", team_id: "T1" } },
        ...{ channel: { id: "C0LUNCH" }, message: { ts: "2.0", user: "U0PRIYA", text: "lunch?" } },
      },
    });
    expect(direct).toEqual([
      expect.objectContaining({
        channel: "U0MAYA",
        text: expect.stringContaining("no reply in an incident"),
      }),
    ]);
    expect(faults).toEqual([]);
  });
});
