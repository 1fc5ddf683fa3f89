import { misused } from "../ask.ts";
import type { Verb } from "../verb.ts";

export const silences: Verb = {
  name: "silences",
  aliases: ["held"],
  usage: "",
  help: "List silences, and alerts held back and why",
  example: "silences",
  about: "none",
  group: "alerts",
  parse(rest) {
    if (rest.trim() !== "") throw misused(silences, "It takes no words.");
    return { kind: "query", query: { type: "silences" } };
  },
};
