import { historyLines } from "./lines/history.ts";
import { ingestLines } from "./lines/ingest.ts";
import type { Line } from "./lines/line.ts";
import { slackLines } from "./lines/slack.ts";

/** The lines of the table, in its order. */
export const LINES: readonly Line[] = [...ingestLines, ...slackLines, ...historyLines];
