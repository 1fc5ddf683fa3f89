import { postmortemJson } from "../core/report/api.ts";
import { type PostmortemInput, postmortem, prepare, reportedEvents } from "../core/report/postmortem.ts";
import { timeline } from "../core/report/timeline.ts";
import { renderTimelineCsv } from "./csv.ts";
import type { PostmortemFormat } from "./formats.ts";
import { renderHtml } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";

/** `csv` is the timeline alone, for a spreadsheet; the others are the whole report. The same input gives the same bytes. */
export function renderPostmortem(
  format: PostmortemFormat,
  input: PostmortemInput,
): { filename: string; mediaType: string; body: string } {
  const { key } = input.state;
  switch (format) {
    case "md":
      return {
        filename: `${key}-postmortem.md`,
        mediaType: "text/markdown; charset=utf-8",
        body: renderMarkdown(postmortem(input)),
      };
    case "html":
      return {
        filename: `${key}-postmortem.html`,
        mediaType: "text/html; charset=utf-8",
        body: renderHtml(postmortem(input)),
      };
    case "json":
      return {
        filename: `${key}-postmortem.json`,
        mediaType: "application/json; charset=utf-8",
        body: `${JSON.stringify(postmortemJson(prepare(input)), null, 2)}\n`,
      };
    case "csv":
      return {
        filename: `${key}-timeline.csv`,
        mediaType: "text/csv; charset=utf-8",
        body: renderTimelineCsv(timeline(reportedEvents(input.events))),
      };
    default:
      return format satisfies never;
  }
}
