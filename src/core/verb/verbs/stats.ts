import { misused } from "../ask.ts";
import type { Verb } from "../verb.ts";

const DEFAULT_DAYS = 30;
const MAX_DAYS = 366;

export const stats: Verb = {
  name: "stats",
  aliases: ["metrics"],
  usage: "[7d|30d]",
  help: "How many there were and how long they took",
  example: "stats 7d",
  about: "none",
  group: "look",
  parse(rest) {
    const said = rest.trim();
    const match = /^(\d{1,4})\s?(d|days?|w|weeks?)?$/i.exec(said);
    const days = match ? Number(match[1]) * (match[2]?.toLowerCase().startsWith("w") ? 7 : 1) : DEFAULT_DAYS;
    if ((said !== "" && !match) || days < 1 || days > MAX_DAYS) {
      throw misused(stats, `The time to look back on is from 1 to ${MAX_DAYS} days.`);
    }
    return { kind: "query", query: { type: "stats", days } };
  },
};
