import type { App } from "@slack/bolt";
import type { Door } from "../../engine/converse.ts";
import { asker, attempt, type DoorDeps, ephemeral, inTime, modalFor, openModal } from "./interaction.ts";

export function slashDoor(app: App, deps: DoorDeps): void {
  app.command(deps.command, async ({ command, ack, respond }) => {
    const where = { channel: command.channel_id, threadTs: null };
    const door: Door = { via: "slash", permalink: null, key: `slash:${command.trigger_id}` };
    const work = attempt(deps, "a slash command", async () => {
      const answer = await deps.conversation.say(
        command.text,
        await asker(deps, command.user_id, command.team_id),
        where,
        door,
      );
      if (answer.kind !== "form") return answer.document;
      const { form, incident, typed } = answer;
      const view = modalFor(deps, form, incident, where, typed && { typed });
      await openModal(deps, command.trigger_id, view);
      return null;
    });
    await inTime(
      work,
      (document) => (document ? ack(ephemeral(deps, document)) : ack()),
      async (document) => {
        if (document && isSlack(command.response_url, deps.client.slackApiUrl))
          await respond(ephemeral(deps, document));
      },
    );
  });
}

/**
 * A late answer goes to an address that stands in the request. Only Slack's own count, whoever could sign the request:
 * https://docs.slack.dev/interactivity/handling-user-interaction#message_responses.
 */
export function isSlack(address: string, apiUrl: string): boolean {
  const url = URL.parse(address);
  if (url === null) return false;
  const gateways = ["https://hooks.slack.com", "https://hooks.slack-gov.com"];
  return gateways.includes(url.origin) || url.origin === new URL(apiUrl).origin;
}
