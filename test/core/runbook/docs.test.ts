import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FrontMatter, MatchRule } from "../../../src/core/runbook/front-matter.ts";
import { lintRunbooks } from "../../../src/core/runbook/lint.ts";
import { VARIABLES } from "../../../src/core/runbook/variables.ts";

const docs = readFileSync(new URL("../../../docs/runbooks.md", import.meta.url), "utf8");

/** The rows of the table under this header, cells trimmed. */
function rows(header: string): string[][] {
  const lines = docs.slice(docs.indexOf(`| ${header} |`)).split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines.slice(2, end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test("docs/runbooks.md lists every variable as the code has it", () => {
  expect(rows("variable")).toEqual(
    Object.entries(VARIABLES).map(([name, { description, example }]) => [
      `\`{{ ${name} }}\``,
      description,
      `\`${example}\``,
    ]),
  );
});

test("docs/runbooks.md lists every field", () => {
  const fields = (header: string) => rows(header).map(([field]) => field!.replaceAll("`", ""));
  expect(fields("field")).toEqual(Object.keys(FrontMatter.shape));
  expect(fields("field of a rule")).toEqual(Object.keys(MatchRule.shape));
});

test("the example in docs/runbooks.md is a runbook without problems", () => {
  const example = /```markdown\n([\s\S]*?)\n```\n/.exec(docs)![1]!;
  expect(lintRunbooks([{ path: "late-orders.md", text: example }])).toEqual([]);
});
