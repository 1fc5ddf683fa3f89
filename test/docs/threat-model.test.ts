import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, read } from "./pages.ts";

const page = read("docs/threat-model.md");
const rows = [...page.matchAll(/^\| (.+) \|$/gm)]
  .map(([, row]) => row!.split(" | ").map((cell) => cell.trim()))
  .filter(([first]) => first !== "threat" && !/^-+$/.test(first!));
const threats = rows.filter(([first]) => !/^\*\*/.test(first!));

test("every line says what stops the threat, and names a test that is there", () => {
  expect(threats.length).toBeGreaterThan(45);
  for (const [threat, stopped, shown] of threats) {
    expect(stopped, threat).toBeTruthy();
    const [, file, title] = /^`(test\/[\w./-]+\.test\.ts)` "(.+)"$/.exec(shown ?? "") ?? [];
    expect(file, `${threat}: ${shown}`).toBeDefined();
    expect(existsSync(join(ROOT, file!)), file).toBe(true);
    const code = read(file!);
    // As a title in the code: of a test of its own, or one for each of a list.
    expect(
      [`"${title}"`, `\`${title}\``].some((quoted) => code.includes(quoted)),
      `${file}: ${title}`,
    ).toBe(true);
  }
});

test("it goes through all of STRIDE, with threats of each kind", () => {
  const kinds = rows.flatMap(([first], index) => (/^\*\*/.test(first!) ? [{ name: first!, index }] : []));
  expect(kinds.map(({ name }) => name.replaceAll("*", "").replaceAll("|", "").trim())).toEqual([
    "Spoofing",
    "Tampering",
    "Repudiation",
    "Information disclosure",
    "Denial of service",
    "Elevation of privilege",
  ]);
  for (const [at, { index }] of kinds.entries())
    expect((kinds[at + 1]?.index ?? rows.length) - index).toBeGreaterThan(1);
});
