import { PROBLEMS } from "../problem.ts";
import type { Protocol } from "./protocol.ts";

/**
 * A Slack incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks): for some tools
 * the only way out. The secret is the last part of the address, as it is with Slack's own
 * (`/services/T…/B…/<secret>`).
 */
export const slackProtocol: Protocol = {
  source: "slack-webhook",
  title: "a Slack incoming webhook",
  security: [],
  routes: [
    {
      method: "POST",
      url: "/slack/incoming/:secret",
      summary: "Send what a tool would post to a Slack incoming webhook",
      reader: "read",
      accepted: () => ({ status: 200, body: "ok" }),
    },
  ],
  // Slack's own words for its errors, which clients show as they are.
  refused: (problem) => {
    const { status } = PROBLEMS[problem.code];
    if (status === 401) return { status: 403, body: "invalid_token" };
    if (status === 413) return { status, body: "payload_too_large" };
    if (status === 429) return { status, body: "rate_limited" };
    return status >= 500 ? { status, body: "service_unavailable" } : { status: 400, body: "invalid_payload" };
  },
};
