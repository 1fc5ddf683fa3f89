/** Tables as aligned text for a code block: Slack's own table block does not exist on every client we write for. */
import { clip } from "../core/signal/alert.ts";

type Column = { title: string; align?: "left" | "right" };

/** A phone in portrait shows about forty characters of code in a line; a column is cut before it pushes the others out. */
const COLUMN_WIDTH = 32;

/** Cells are plain words on one line. The first line is the titles. */
export function alignedTable(columns: Column[], rows: string[][]): string[] {
  const cells = [columns.map((column) => column.title), ...rows].map((row) =>
    columns.map((_, index) => clip(row[index] ?? "", COLUMN_WIDTH)),
  );
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => width(row[index]!))));
  return cells.map((row) =>
    row
      .map((cell, index) => pad(cell, widths[index]!, columns[index]!.align ?? "left"))
      .join("  ")
      .trimEnd(),
  );
}

function pad(cell: string, to: number, align: "left" | "right"): string {
  const space = " ".repeat(to - width(cell));
  return align === "right" ? space + cell : cell + space;
}

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u;

/** Width in columns of a fixed-width font, in which East Asian characters and emoji take two. */
function width(text: string): number {
  return Array.from(text).reduce((sum, char) => sum + (WIDE.test(char) ? 2 : 1), 0);
}
