import { misused } from "../ask.ts";
import type { Verb } from "../verb.ts";

export const alerts: Verb = {
  name: "alerts",
  aliases: [],
  usage: "[page]",
  help: "List all its alerts",
  example: "alerts 2",
  about: "incident",
  group: "look",
  parse(rest) {
    const said = rest.trim().replace(/^page\s+/i, "");
    if (said !== "" && !/^[1-9]\d{0,4}$/.test(said)) throw misused(alerts, "Which page? They count from 1.");
    return { kind: "query", query: { type: "alerts", page: said === "" ? 1 : Number(said) } };
  },
};
