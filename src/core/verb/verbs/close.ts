import { does, LIMITS, within } from "../ask.ts";
import { resolveWith } from "../solution.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

/** A verb of its own and not an alias of `resolve`: two people resolving at once must not close it by accident. */
export const close: Verb = {
  name: "close",
  aliases: [],
  usage: "[reason]",
  help: "Close what is resolved; on anything else, resolve",
  example: "close the postmortem is done",
  about: "incident",
  afterwards: true,
  group: "respond",
  parse(rest, context) {
    const phase = context.incident?.phase;
    if (phase !== "resolved" && phase !== "closed") return resolveWith(rest, context);
    const reason = within(plainText(rest, context.names), LIMITS.reason, "reason");
    return does({ type: "close", reason: reason || null });
  },
};
