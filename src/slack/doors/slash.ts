import type { App } from "@slack/bolt";
import type { Door } from "../../engine/converse.ts";
import { attempt, type DoorDeps, ephemeral, inTime, modalFor, openModal } from "./interaction.ts";

export function slashDoor(app: App, deps: DoorDeps): void {
  app.command(deps.command, async ({ command, ack, respond }) => {
    const where = { channel: command.channel_id, threadTs: null };
    const door: Door = { via: "slash", permalink: null, key: `slash:${command.trigger_id}` };
    const work = attempt(deps, "a slash command", async () => {
      const answer = await deps.conversation.say(
        command.text,
        await deps.people.get(command.user_id),
        where,
        door,
      );
      if (answer.kind !== "form") return answer.document;
      await openModal(deps, command.trigger_id, modalFor(deps, answer.form, answer.incident, where));
      return null;
    });
    await inTime(
      work,
      (document) => (document ? ack(ephemeral(deps, document)) : ack()),
      async (document) => void (document && (await respond(ephemeral(deps, document)))),
    );
  });
}
