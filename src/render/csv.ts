import { stringify } from "csv-stringify/sync";
import type { TimelineEntry } from "../core/report/timeline.ts";
import { visible } from "./span.ts";

const COLUMNS = ["at", "recorded_at", "kind", "actor", "via", "text", "permalink", "seq"];

/** The timeline as CSV (RFC 4180), one entry a row, with a header row. */
export function renderTimelineCsv(entries: TimelineEntry[]): string {
  const rows = entries.map((entry) => {
    const { at, recordedAt, kind, actor, via, text, permalink, seq } = entry;
    return [...[at, recordedAt, kind, actor, via, text, permalink ?? ""].map(inert), seq];
  });
  // The writer by itself quotes only its own record delimiter, and a reader takes any line break for one.
  return stringify(rows, {
    header: true,
    columns: COLUMNS,
    record_delimiter: "windows",
    quoted_match: /[\r\n]/,
  });
}

/**
 * A cell that no spreadsheet takes for a formula: one that begins with a character that starts one gets an apostrophe.
 * Spaces before it do not save a cell, since some programs trim them. Source: https://owasp.org/www-community/attacks/CSV_Injection
 */
function inert(text: string): string {
  const shown = visible(text);
  return /^\s*[=+\-@＝＋－＠]/.test(shown) || /^[\t\r\n]/.test(text) ? `'${shown}` : shown;
}
