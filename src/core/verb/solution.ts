import { does, form, LIMITS, within } from "./ask.ts";
import type { Ask, VerbContext } from "./verb.ts";
import { plainText } from "./words.ts";

/** `resolve`, and `close` on what is not resolved yet: what fixed it, asked for in a form where nothing was said. */
export function resolveWith(rest: string, context: VerbContext): Ask {
  const text = within(plainText(rest, context.names), LIMITS.text, "text");
  return text ? does({ type: "resolve", text }) : form("resolve");
}
