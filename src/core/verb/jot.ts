import { does, form, LIMITS, within } from "./ask.ts";
import type { Ask, VerbContext } from "./verb.ts";
import { takeWhen } from "./when.ts";
import { plainText } from "./words.ts";

/** `note`, and `timeline add`: words for the timeline, at the time they name or now. */
export function jot(rest: string, context: VerbContext): Ask {
  const { at, text } = takeWhen(plainText(rest, context.names), context);
  return text ? does({ type: "note", text: within(text, LIMITS.text, "note"), at }) : form("note");
}
