import { does, form, LIMITS, within } from "./ask.ts";
import type { Ask, VerbContext } from "./verb.ts";
import { takeWhen } from "./when.ts";
import { plainText } from "./words.ts";

/** `note`, and `timeline add`: words for the timeline, at the time they name or now. */
export function jot(rest: string, context: VerbContext): Ask {
  const words = plainText(rest, context.names);
  const { at, text } = takeWhen(words, context);
  if (text) return does({ type: "note", text: within(text, LIMITS.text, "note"), at });
  return form("note", at ? { when: words.replace(/^at\s+/i, "") } : undefined);
}
