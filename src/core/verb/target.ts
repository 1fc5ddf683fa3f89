import { Refusal } from "../refusal.ts";
import { usageOf } from "./ask.ts";
import type { Verb } from "./verb.ts";

/** Which incident a line is about: one, none because the verb needs none, or one that the person must pick. */
export type Target = { incident: string } | { none: true } | { pick: string[] };

/**
 * Chooses by what the person said, then by where they said it; never a guess. A key that was typed wins over the thread
 * it was typed in.
 */
export function chooseTarget(asked: {
  key: string | null;
  threadIncident: string | null;
  openInChannel: string[];
  verb: Pick<Verb, "name" | "usage" | "about" | "orHeld">;
}): Target {
  if (asked.verb.about === "none") return { none: true };
  if (asked.key) return { incident: asked.key };
  if (asked.threadIncident) return { incident: asked.threadIncident };
  const [only, ...others] = asked.openInChannel;
  if (only && others.length === 0) return { incident: only };
  if (only) return { pick: asked.openInChannel };
  if (asked.verb.orHeld) return { none: true };
  const usage = usageOf(asked.verb).replace(asked.verb.name, `${asked.verb.name} INC-1`);
  throw new Refusal(
    "not_found",
    `No incident is open in this channel. Name the one you mean: \`${usage}\`; \`list all\` shows them.`,
  );
}
