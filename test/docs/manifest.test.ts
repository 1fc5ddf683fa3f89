import { expect, test } from "vitest";
import { manifestCommand } from "../../src/cli/manifest.ts";
import { openDoors } from "../../src/slack/doors.ts";
import { EVENTS, manifest, SCOPES } from "../../src/slack/manifest.ts";
import { runCommand } from "../cli/run.ts";
import { codes, filesOf, read, rowsOf } from "./pages.ts";

type Manifest = {
  features: {
    app_home: Record<string, boolean>;
    slash_commands: { command: string; url?: string; should_escape: boolean }[];
    shortcuts: { name: string; type: string; callback_id: string; description: string }[];
  };
  oauth_config: { scopes: { bot: string[] } };
  settings: {
    event_subscriptions: { request_url?: string; bot_events: string[] };
    interactivity: { is_enabled: boolean; request_url?: string };
    socket_mode_enabled: boolean;
  };
};

function manifestOf(command = "/incident", publicUrl: string | null = null): Manifest {
  return manifest({ command, publicUrl }) as Manifest;
}

/** What the doors listen to: an app that only takes note. */
function listened(command: string): Record<"command" | "event" | "action" | "view" | "shortcut", string[]> {
  const noted = { command: [], event: [], action: [], view: [], shortcut: [] } as Record<string, string[]>;
  const app = Object.fromEntries(
    Object.keys(noted).map((kind) => [kind, (what: string | RegExp) => noted[kind]!.push(String(what))]),
  );
  openDoors(app as never, { command } as never);
  return noted as ReturnType<typeof listened>;
}

test("the slash command is the configured one, with people's ids escaped", () => {
  expect(manifestOf("/data-incident").features.slash_commands).toMatchObject([
    { command: "/data-incident", should_escape: true },
  ]);
  expect(listened("/data-incident").command).toEqual(["/data-incident"]);
});

test("the events asked for are the events listened to", () => {
  const asked = new Set(
    manifestOf().settings.event_subscriptions.bot_events.map((name) => name.split(".")[0]),
  );
  expect(asked).toEqual(new Set(listened("/incident").event));
  expect(new Set(EVENTS).size).toBe(EVENTS.length);
});

test("nobody can type to the bot in a direct message, which it does not hear; it can write there", () => {
  const { features, settings } = manifestOf();
  expect(settings.event_subscriptions.bot_events).not.toContain("message.im");
  expect(features.app_home).toMatchObject({
    messages_tab_enabled: true,
    messages_tab_read_only_enabled: true,
  });
});

test("every shortcut is registered and listened to", () => {
  const { shortcuts } = manifestOf().features;
  expect(shortcuts.map((each) => each.callback_id).sort()).toEqual(listened("/incident").shortcut.sort());
  // Slack's limits on names and descriptions: https://docs.slack.dev/reference/app-manifest.
  for (const { name, description } of shortcuts) {
    expect(name.length).toBeLessThanOrEqual(24);
    expect(description.length).toBeLessThanOrEqual(150);
  }
});

test("Socket Mode names no address, HTTP mode one for everything", () => {
  const socket = manifestOf();
  expect(socket.settings.socket_mode_enabled).toBe(true);
  expect(JSON.stringify(socket)).not.toContain("/slack/events");
  const http = manifestOf("/incident", "https://breakwater.example.com");
  const address = "https://breakwater.example.com/slack/events";
  expect(http.settings.socket_mode_enabled).toBe(false);
  expect(http.features.slash_commands[0]!.url).toBe(address);
  expect(http.settings.event_subscriptions.request_url).toBe(address);
  expect(http.settings.interactivity.request_url).toBe(address);
});

/** What each call and event needs, from its page at https://docs.slack.dev/reference; [] where a token is enough. */
const NEEDS: Record<string, string[]> = {
  "auth.test": [],
  "chat.getPermalink": [],
  "views.open": [],
  "chat.postMessage": ["chat:write"],
  "chat.postEphemeral": ["chat:write"],
  "chat.update": ["chat:write"],
  "conversations.history": ["channels:history", "groups:history"],
  "conversations.replies": ["channels:history", "groups:history"],
  "conversations.info": ["channels:read", "groups:read"],
  "conversations.list": ["channels:read", "groups:read"],
  "files.getUploadURLExternal": ["files:write"],
  "files.completeUploadExternal": ["files:write"],
  "reactions.add": ["reactions:write"],
  "users.info": ["users:read"],
  app_mention: ["app_mentions:read"],
  "message.channels": ["channels:history"],
  "message.groups": ["groups:history"],
  reaction_added: ["reactions:read"],
  reaction_removed: ["reactions:read"],
};

/** Every Web API method that the code calls. */
function methodsCalled(): string[] {
  const code = filesOf("src/slack").map(read).concat(read("src/app.ts")).join("\n");
  const calls = code.matchAll(/\bclient\s*\.(\w+)\s*\.(\w+)\s*\(/g);
  return [...new Set([...calls].map(([, family, method]) => `${family}.${method}`))];
}

test("the permissions are those that calls, events and commands need, no more and no fewer", () => {
  const used = [...methodsCalled(), ...EVENTS];
  expect(used.filter((each) => !NEEDS[each])).toEqual([]);
  const needed = new Set(["commands", ...used.flatMap((each) => NEEDS[each]!)]);
  expect(manifestOf().oauth_config.scopes.bot.toSorted()).toEqual([...needed].sort());
});

test("docs/slack.md gives the reason for each permission", () => {
  const page = read("docs/slack.md");
  const section = page.slice(
    page.indexOf("\n## Permissions\n"),
    page.indexOf("\n## What people can do there\n"),
  );
  const rows = rowsOf(section).map(([scope, why]) => [codes(scope!)[0], why]);
  expect(Object.fromEntries(rows)).toEqual(SCOPES);
});

test("an address that is none is refused in one line", async () => {
  for (const [url, said] of [
    [
      "foo",
      "--http takes the public address of this bot, and `foo` is none. Write it whole, such as https://breakwater.example.com.\n",
    ],
    ["ftp://a.example", /`ftp:\/\/a\.example` is none/],
  ] as const) {
    const { err, out, code } = await runCommand(manifestCommand, ["--http", url]);
    expect([out, code]).toEqual(["", 1]);
    expect(err).toMatch(said);
  }
});
