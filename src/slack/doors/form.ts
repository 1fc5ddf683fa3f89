import { createHash } from "node:crypto";
import type { App } from "@slack/bolt";
import type { Target } from "../../core/report/action-name.ts";
import type { Document } from "../../core/report/document.ts";
import type { Door } from "../../engine/converse.ts";
import { chosenPeople, SubmittedView } from "../fields.ts";
import { formOf, MODALS, metadataOf } from "../modals.ts";
import { asker, attempt, type DoorDeps, isAnswer, modalFor, whisper } from "./interaction.ts";

export function formDoor(app: App, deps: DoorDeps): void {
  app.view(/.*/, async ({ ack, view, body }) => {
    const form = formOf(view.callback_id);
    if (!form) return ack();
    const submitted = SubmittedView.parse(view);
    const about = await attempt(deps, "a form", async () => metadataOf(submitted));
    if ("summary" in about) return ack(besideFirst(submitted, about) ?? undefined);
    const where = { channel: about.channel, threadTs: about.threadTs };
    const user = body.user.id;
    const door: Door = { via: "modal", permalink: null, key: `view:${view.id}:${entered(submitted)}` };
    const result = await attempt(deps, "a form", async () => {
      const author = await asker(deps, user, body.user.team_id ?? null);
      const incident = about.incident ? await deps.engine.reads.state(about.incident) : null;
      const names = await deps.people.names(chosenPeople(submitted));
      const parsed = MODALS[form].parse(submitted, {
        now: deps.now(),
        timeZone: author.timeZone,
        asker: author,
        names,
        incident,
      });
      if (!parsed.ok) return parsed;
      return deps.conversation.ask(parsed.ask, about.incident, author, door);
    });
    if ("ok" in result) return result.ok ? ack() : ack({ response_action: "errors", errors: result.errors });
    // A refusal stands beside the first field, so that nothing typed is lost.
    if (!isAnswer(result)) {
      const beside = besideFirst(submitted, result);
      if (beside) return ack(beside);
      await ack();
      return whisper(deps, user, where, result);
    }
    if (result.kind === "form")
      return ack({
        response_action: "update",
        view: modalFor(deps, result.form, result.incident, where, { target: targetOf(about) }) as never,
      });
    await ack();
    if (result.kind === "document" || about.incident === null)
      await whisper(deps, user, where, result.document);
  });
}

/** Words beside the first field; null where the form has none. */
function besideFirst({ blocks }: SubmittedView, { summary }: Document) {
  const field = blocks.find((block) => "element" in block)?.block_id;
  return field ? { response_action: "errors" as const, errors: { [field]: summary } } : null;
}

/**
 * What was entered, in short. Where our answer came too late the modal stays open and people press the button again:
 * the same words of the same modal are then one submission, while each press has a trigger of its own.
 */
function entered({ state }: SubmittedView): string {
  return createHash("sha256").update(JSON.stringify(state.values)).digest("hex").slice(0, 16);
}

function targetOf(about: { incident: string | null; runbook: string | null; step: string | null }): Target {
  return { incident: about.incident ?? "", runbook: about.runbook, step: about.step };
}
