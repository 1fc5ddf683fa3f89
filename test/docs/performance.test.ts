import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { LINES } from "../../bench/load/lines.ts";

/** The cells of README's table, line by line, without its head. */
function table(): string[][] {
  const readme = readFileSync("README.md", "utf8");
  const section = readme.slice(readme.indexOf("## How fast it is"), readme.indexOf("## Work on it"));
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

it("README's table has every line of the bench, in its words, each with a number or the reason why not", () => {
  const rows = table();
  expect(rows.map(([id, what, unit]) => [id, what, unit])).toEqual(
    LINES.map(({ id, what, unit }) => [id, what, unit]),
  );
  expect(rows.filter(([, , , ours]) => !/^(?:[\d,.]+( \(|$)|not measured: .)/.test(ours!))).toEqual([]);
});
