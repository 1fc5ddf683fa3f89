import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readOutline } from "../../../src/core/runbook/outline.ts";
import { parseRunbook } from "../../../src/core/runbook/parse.ts";

const FRONT = "---\ntitle: Late table\nmatch:\n  - sources: [dbt]\n---\n";

/** What reading the whole file comes to, as far as an outline goes. */
function outlineOf(slug: string, text: string) {
  const { runbook } = parseRunbook(slug, text);
  return runbook && { slug: runbook.slug, title: runbook.title, match: runbook.match };
}

describe("the outline of a runbook", () => {
  const shipped = readdirSync("runbooks").filter((name) => name.endsWith(".md"));
  test.each(shipped)("of %s is told by its front matter", (name) => {
    const text = readFileSync(`runbooks/${name}`, "utf8");
    const slug = name.replace(".md", "");
    expect(readOutline(slug, text)).toEqual(outlineOf(slug, text));
    expect(readOutline(slug, text)).not.toBeNull();
  });

  test.each([
    ["a heading in a fence", `${FRONT}\`\`\`\n## Not a step\n\`\`\`\n`],
    ["a heading in a comment", `${FRONT}<!--\n## Not a step\n-->\n`],
    ["no step", `${FRONT}Only words.\n`],
    ["no title in the front matter", "---\nowner: data\n---\n# Late\n\n## Look\n"],
    ["a front matter without an end", "---\ntitle: Late table\n## Look\n"],
    ["a front matter that is wrong", "---\ntitle: Late\nmatches: []\n---\n## Look\n"],
  ])("is left to reading the whole file: %s", (_, text) => {
    expect(readOutline("late", text)).toBeNull();
  });

  test("is never another than that of the whole file", () => {
    const line = fc.constantFrom(
      "## Look",
      "##  Look twice ##",
      "## ##",
      "##Look",
      "    ## Look",
      "# End",
      "- item",
      "  text",
      "> quote",
      "```",
      "~~~",
      "<div>",
      "<!--",
      "-->",
      "[a]: /b 'c",
      "| a | b |",
      "|---|---|",
      "[^1]: note",
      "===",
      "---",
      "\t## Look",
      "",
      "words",
    );
    const text = fc
      .tuple(fc.constantFrom(FRONT, "---\ntitle: ' '\n---\n", ""), fc.array(line, { maxLength: 8 }))
      .map(([front, lines]) => front + lines.join("\n"));
    fc.assert(
      fc.property(text, fc.constantFrom("late", "Late table"), (text, slug) => {
        const outline = readOutline(slug, text);
        if (outline) expect(outline).toEqual(outlineOf(slug, text));
      }),
      { numRuns: 2000 },
    );
  });
});
