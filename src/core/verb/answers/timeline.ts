import type { Block, Document, Span, Text } from "../../report/document.ts";
import { clip } from "../../signal/alert.ts";

/** What of a timeline entry an answer shows, whoever made the timeline. */
export type ShownEntry = {
  seq: number;
  /** ISO 8601 UTC. */
  at: string;
  text: string;
  actor: string;
  via: string;
  permalink: string | null;
  edited: boolean;
};

/** As many entries, each cut to this, as fit in one message; the postmortem has all of them whole. */
const SHOWN = 30;
const TEXT_LIMIT = 200;

/** The timeline in the order given, each entry with its full date and the number that `timeline edit` takes. */
export function timelineDocument(key: string, entries: ShownEntry[]): Document {
  const shown = latestEntries(entries, SHOWN);
  const blocks: Block[] = [];
  if (entries.length > shown.length) {
    blocks.push({
      type: "context",
      text: `${entries.length - shown.length} earlier entries: the postmortem has all of them`,
    });
  }
  blocks.push({ type: "list", items: shown.map(timelineItem) });
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

/** `12 · 22 Nov 03:10 · the bucket was empty (Ana, slash, edited)`. */
export function timelineItem(entry: ShownEntry): Text {
  const time: Span = { time: entry.at, style: "datetime" };
  const via = entry.permalink ? { link: entry.via, url: entry.permalink } : entry.via;
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
