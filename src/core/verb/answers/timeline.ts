import type { Via } from "../../incident/person.ts";
import type { Block, Document, Span, Text } from "../../report/document.ts";
import { VIA_WORDS } from "../../report/wording.ts";
import { clip } from "../../signal/alert.ts";
import { dayHere } from "../time.ts";

/** What of a timeline entry an answer shows, whoever made the timeline. */
export type ShownEntry = {
  seq: number;
  /** ISO 8601 UTC. */
  at: string;
  text: string;
  actor: string;
  via: Via;
  permalink: string | null;
  edited: boolean;
};

/** As many entries, each cut to this, as fit in one message; the postmortem has all of them whole. */
const SHOWN = 30;
const TEXT_LIMIT = 200;

/** The timeline in the order given, each entry with the number that `timeline edit` takes. */
export function timelineDocument(key: string, entries: ShownEntry[], timeZone: string): Document {
  const shown = latestEntries(entries, SHOWN);
  const blocks: Block[] = [];
  if (entries.length > shown.length) {
    blocks.push({
      type: "context",
      text: `${entries.length - shown.length} earlier entries: the postmortem has all of them`,
    });
  }
  blocks.push({ type: "list", items: timelineItems(shown, timeZone) });
  blocks.push({
    type: "context",
    text: [
      "Correct one with ",
      { code: "timeline edit <n> <text>" },
      ", ",
      { code: "timeline edit <n> at <time>" },
      " or ",
      { code: "timeline hide <n>" },
    ],
  });
  return {
    summary: `${key}: timeline, ${entries.length === 1 ? "1 entry" : `${entries.length} entries`}`,
    title: `${key} · Timeline`,
    blocks,
  };
}

export function latestEntries(entries: ShownEntry[], count: number): ShownEntry[] {
  return entries.slice(Math.max(0, entries.length - count));
}

/** With the date once for each day of the asker's. */
export function timelineItems(entries: ShownEntry[], timeZone: string): Text[] {
  const days = Map.groupBy(entries, ({ at }) => dayHere({ now: at, timeZone }));
  return [...days.values()].flatMap((day) =>
    day.map((entry, index) => timelineItem(entry, index === 0 ? "datetime" : "time")),
  );
}

/** `12 03:10 · the bucket was empty (Ana, slash command, edited)`. */
function timelineItem(entry: ShownEntry, style: "time" | "datetime"): Text {
  const time: Span = { time: entry.at, style };
  const words = VIA_WORDS[entry.via];
  const via = entry.permalink ? { link: words, url: entry.permalink } : words;
  // `Ana acknowledged (Ana, button)` would say it twice, and so would `dbt alert: … (dbt, alert)`.
  const named = entry.text.startsWith(`${entry.actor} `);
  return [
    { code: String(entry.seq) },
    " ",
    time,
    ` · ${clip(entry.text, TEXT_LIMIT)} (${named ? "" : `${entry.actor}, `}`,
    via,
    entry.edited ? ", edited)" : ")",
  ];
}
