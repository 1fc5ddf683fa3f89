import fc from "fast-check";
import { expect, test } from "vitest";
import { timeline } from "../../src/core/report/timeline.ts";
import { renderTimelineCsv } from "../../src/render/csv.ts";
import { ana, dbt, Log, opened } from "../core/report/late-orders.ts";
import { hostileLog, hostileText } from "./hostile.ts";

/** A reader of RFC 4180, independent of the writer. */
function readCsv(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === "\r\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1"])(
  "%j is no formula in any spreadsheet",
  (text) => {
    const log = new Log()
      .add("22 03:10", dbt, "alert", opened())
      .add("22 03:11", ana, "slash", { type: "noted", text });
    expect(readCsv(renderTimelineCsv(timeline(log.events)))[2]![5]).toMatch(/^'/);
  },
);

test("ordinary text is left alone", () => {
  const log = new Log()
    .add("22 03:10", dbt, "alert", opened())
    .add("22 03:11", ana, "slash", { type: "noted", text: 'he said "1 - 1", then\nleft' });
  expect(readCsv(renderTimelineCsv(timeline(log.events)))[2]).toEqual([
    "2026-11-22T03:11:00.000Z",
    "2026-11-22T03:11:00.000Z",
    "noted",
    "Ana Diaz",
    "slash",
    'he said "1 - 1", then\nleft',
    "",
    "2",
  ]);
});

test("hostile text adds no row, no column and no formula", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const entries = timeline(hostileLog(text).events);
      const rows = readCsv(renderTimelineCsv(entries));
      expect(rows).toHaveLength(entries.length + 1);
      for (const row of rows) {
        expect(row).toHaveLength(8);
        for (const cell of row) expect(cell).not.toMatch(/^\s*[=+\-@＝＋－＠]/);
        expect(row.join(" ")).not.toMatch(/<@[UW][A-Z0-9]+[>|]/);
      }
    }),
    { numRuns: 100 },
  );
});
