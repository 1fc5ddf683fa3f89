import { Refusal } from "../core/refusal.ts";
import { PIN_EMOJI } from "./doors/pin.ts";
import { SHORTCUTS } from "./doors/shortcut.ts";

/** What each permission is for; the manifest asks for these and no others. */
export const SCOPES: Record<string, string> = {
  "app_mentions:read": "hear `@breakwater ack` in a thread",
  "channels:history": "read a pinned message, and find its own messages again after a crash",
  "channels:read": "find the channel by its name",
  "chat:write": "post and update the incident's thread, and answer whoever asked",
  commands: "the slash command",
  "files:write": "upload the postmortem",
  "groups:history": "the same in private channels",
  "groups:read": "the same in private channels",
  "reactions:read": `put a message on the timeline with :${PIN_EMOJI}:`,
  "reactions:write": "tick off a mention that was carried out",
  "users:read": "people's names and time zones",
};

export const EVENTS = [
  "app_mention",
  "message.channels",
  "message.groups",
  "reaction_added",
  "reaction_removed",
];

/**
 * The app manifest for https://api.slack.com/apps?new_app=1. With a `publicUrl` it is for HTTP mode, otherwise for
 * Socket Mode. Source: https://docs.slack.dev/reference/app-manifest.
 */
export function manifest(options: { command: string; publicUrl: string | null }): object {
  const events = options.publicUrl === null ? null : eventsUrl(options.publicUrl);
  const url = events ? { url: events } : {};
  const requestUrl = events ? { request_url: events } : {};
  return {
    display_information: {
      name: "Breakwater",
      description: "Runs your data incidents: alert, thread, runbook, timeline, postmortem.",
      background_color: "#1d3b4f",
    },
    features: {
      // Answers may come as direct messages. What is typed there would not be heard, so Slack says that nobody can type.
      app_home: {
        home_tab_enabled: false,
        messages_tab_enabled: true,
        messages_tab_read_only_enabled: true,
      },
      bot_user: { display_name: "breakwater", always_online: true },
      slash_commands: [
        {
          command: options.command,
          description: "Run a data incident",
          usage_hint: "help | ack | status <text> | …",
          should_escape: true,
          ...url,
        },
      ],
      shortcuts: [
        {
          name: "Declare an incident",
          type: "global",
          callback_id: SHORTCUTS.declare,
          description: "Open an incident in a form",
        },
        {
          name: "Pin to timeline",
          type: "message",
          callback_id: SHORTCUTS.pin,
          description: "Put this message on the incident's timeline",
        },
      ],
    },
    oauth_config: { scopes: { bot: Object.keys(SCOPES) } },
    settings: {
      event_subscriptions: { ...requestUrl, bot_events: EVENTS },
      interactivity: { is_enabled: true, ...requestUrl },
      org_deploy_enabled: false,
      socket_mode_enabled: options.publicUrl === null,
      token_rotation_enabled: false,
    },
  };
}

function eventsUrl(publicUrl: string): string {
  const url = URL.parse("/slack/events", publicUrl);
  if (url && /^https?:$/.test(url.protocol)) return url.href;
  throw new Refusal(
    "invalid",
    `--http takes the public address of this bot, and \`${publicUrl}\` is none. Write it whole, such as https://breakwater.example.com.`,
  );
}
