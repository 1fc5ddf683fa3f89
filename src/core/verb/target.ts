import { Refusal } from "../refusal.ts";
import { usageOf } from "./ask.ts";
import type { Verb } from "./verb.ts";

/**
 * Which incident a line is about: one, none because the verb needs none, or one that the person must pick. One `toLookAt`
 * was not named and is over: nothing is changed in it before that is asked.
 */
export type Target = { incident: string; toLookAt?: true } | { none: true } | { pick: string[] };

/**
 * Chooses by what the person said, then by where they said it; never a guess. A key that was typed wins over the thread
 * it was typed in. One that stands among the words, outside of a thread, may be meant or only told of: that is asked.
 */
export function chooseTarget(asked: {
  key: string | null;
  threadIncident: string | null;
  openInChannel: string[];
  /** Keys that stand among the words, where none is looked for. */
  named: string[];
  /** The other incident that the words name, which is not what it is done to. */
  another: string | null;
  /** Looked for where none is open, the last one first. */
  endedLately: string[];
  verb: Pick<Verb, "name" | "usage" | "about" | "orHeld">;
}): Target {
  if (asked.verb.about === "none") return { none: true };
  if (asked.key) return { incident: asked.key };
  if (asked.threadIncident) return { incident: asked.threadIncident };
  const [only, ...others] = asked.openInChannel;
  if (only && others.length === 0 && asked.named.every((key) => key === only)) return { incident: only };
  const open = asked.openInChannel.filter((key) => key !== asked.another);
  const pick = [...new Set([...asked.named, ...open])];
  if (pick.length > 0) return { pick };
  const [last, ...earlier] = asked.endedLately;
  if (last) return earlier.length > 0 ? { pick: asked.endedLately } : { incident: last, toLookAt: true };
  if (asked.verb.orHeld) return { none: true };
  const usage = usageOf(asked.verb).replace(asked.verb.name, `${asked.verb.name} INC-1`);
  throw new Refusal(
    "not_found",
    `No incident is open in this channel. Name the one you mean: \`${usage}\`; \`list all\` shows them.`,
  );
}
