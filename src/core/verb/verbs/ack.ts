import { does, LIMITS, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText } from "../words.ts";

export const ack: Verb = {
  name: "ack",
  aliases: ["acknowledge"],
  usage: "[note]",
  help: "Say that you are on it",
  example: "ack",
  about: "incident",
  group: "respond",
  parse(rest, context) {
    const text = within(plainText(rest, context.names), LIMITS.text, "note");
    // What is said while acknowledging ("looking at the loader") is worth keeping, so it becomes a note.
    return does({ type: "acknowledge", ...(text && { note: text }) });
  },
};
