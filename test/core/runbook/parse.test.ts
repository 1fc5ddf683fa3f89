import { createHash } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { parseRunbook, type Runbook } from "../../../src/core/runbook/parse.ts";

const FULL = `---
title: Late table
owner: data-platform
reviewed: 2026-03-31
match:
  - sources: [dbt]
    labels: { resource_type: source }
  - {}
---
# Another heading

Read this first.

## Step 1: Measure it

\`\`\`sql
## not a heading
\`\`\`

### Detail

## 2. Tell people (optional)
One line.

# Reference

## Not a step
Links.
`;

function parsed(text: string, slug = "late-table"): Runbook {
  const { runbook, problems } = parseRunbook(slug, text);
  expect(problems).toEqual([]);
  return runbook!;
}

function problemsOf(frontMatter: string): { line: number; message: string }[] {
  const { runbook, problems } = parseRunbook("late-table", `---\n${frontMatter}\n---\n## Do\nIt.\n`);
  expect(runbook).toBeNull();
  return problems;
}

describe("a runbook", () => {
  test("has its title, owner, review, rules, intro, steps and reference", () => {
    const runbook = parsed(FULL);
    expect(runbook).toMatchObject({
      slug: "late-table",
      title: "Late table",
      owner: "data-platform",
      reviewed: "2026-03-31",
      match: [{ sources: ["dbt"], labels: { resource_type: "source" } }, {}],
      intro: "Read this first.",
    });
    expect(runbook.steps).toEqual([
      {
        id: "measure-it",
        title: "Measure it",
        body: "```sql\n## not a heading\n```\n\n### Detail",
        optional: false,
      },
      { id: "tell-people", title: "Tell people", body: "One line.", optional: true },
    ]);
    expect(runbook.reference).toBe("# Reference\n\n## Not a step\nLinks.");
  });

  test("is pinned by the hash of its exact text", () => {
    const windows = FULL.replaceAll("\n", "\r\n");
    const runbook = parsed(windows);
    expect(runbook.hash).toBe(createHash("sha256").update(windows).digest("hex"));
    expect(runbook.text).toBe(windows);
    expect(runbook.steps).toEqual(parsed(FULL).steps);
  });

  test("takes its title from the # heading and needs no front matter", () => {
    expect(parsed("# Late table\n\n## Look\nAt it.\n")).toMatchObject({
      title: "Late table",
      owner: null,
      reviewed: null,
      match: [],
      intro: "",
    });
  });

  test("keeps a step's id when steps are renumbered", () => {
    const ids = (text: string) => parsed(text).steps.map((step) => step.id);
    expect(ids("# T\n## 1. Look\na\n## 2. Fix it\nb")).toEqual(["look", "fix-it"]);
    expect(ids("# T\n## Step 2: Fix it\nb\n## Step 3 - Look\na")).toEqual(["fix-it", "look"]);
  });

  test("gives every step an id of its own", () => {
    const text = "# T\n## Look\na\n## Look 2\nb\n## Look\nc\n## !!!\nd\n## 表を見る\ne";
    expect(parsed(text).steps.map((step) => step.id)).toEqual([
      "look",
      "look-2",
      "look-3",
      "step",
      "表を見る",
    ]);
  });

  test("is not taken apart by a number that belongs to its words", () => {
    expect(parsed("# T\n## 3 hours late?\na").steps[0]!.title).toBe("3 hours late?");
  });
});

describe("a problem in the front matter names its line and the next step", () => {
  test("unknown field", () => {
    expect(problemsOf("title: T\nownr: me")).toEqual([
      {
        line: 3,
        message: "ownr is not a field of the front matter. Known fields: title, owner, reviewed, match.",
      },
    ]);
  });
  test("unknown field of a rule", () => {
    expect(problemsOf("title: T\nmatch:\n  - sources: [dbt]\n    tables: [orders]")).toEqual([
      {
        line: 5,
        message:
          "match[0].tables is not a field of a match rule. Known fields: sources, assets, labels, severities, titles.",
      },
    ]);
  });
  test("wrong severity", () => {
    expect(problemsOf("title: T\nmatch:\n  - severities:\n      - SEV1\n      - high")).toEqual([
      { line: 6, message: "match[0].severities[1] must be one of SEV1, SEV2, SEV3, SEV4." },
    ]);
  });
  test("a glob that does not compile", () => {
    expect(problemsOf('title: T\nmatch:\n  - assets: ["*.orders", "{a,b"]')).toEqual([
      {
        line: 4,
        message:
          'match[0].assets[1] does not compile: "{a,b" has a { without its }; close it, or write \\{ for the character.',
      },
    ]);
  });
  test("a label's glob", () => {
    expect(problemsOf("title: T\nmatch:\n  - labels:\n      env: '[p]'")).toMatchObject([
      { line: 5, message: expect.stringContaining("match[0].labels.env") },
    ]);
  });
  test("an empty list, a wrong date, a wrong source, text for a list", () => {
    const messages = problemsOf(
      "title: T\nreviewed: yesterday\nmatch:\n  - sources: []\n  - sources: [Great Expectations]\n  - titles: late",
    );
    expect(messages).toEqual([
      { line: 3, message: "reviewed must be a date such as 2026-03-31." },
      { line: 5, message: "match[0].sources is empty; remove the field to match anything, or fill it." },
      {
        line: 6,
        message:
          "match[1].sources[0] is not a source name; write it as in /v1/alerts/<source>, such as great-expectations.",
      },
      { line: 7, message: "match[2].titles must be a list, such as [a, b]." },
    ]);
  });
  test("broken YAML", () => {
    expect(problemsOf("title: T\nmatch: [")[0]).toMatchObject({
      message: expect.stringContaining("not valid YAML"),
    });
  });
  test("a YAML tag that is not known, without a warning of the process", () => {
    const warned = vi.spyOn(process, "emitWarning");
    expect(problemsOf("title: !!js/function T")).toEqual([
      { line: 2, message: expect.stringContaining("Unresolved tag: tag:yaml.org,2002:js/function") },
    ]);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
  test("YAML that is no set of fields, or repeats itself without end", () => {
    expect(problemsOf("- a")).toEqual([
      { line: 2, message: "The front matter must be fields such as `title: Late table`." },
    ]);
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x,x]",
      ..."bcdefg".split("").map((c, i) => `${c}: &${c} [${Array(10).fill(`*${"abcdef"[i]}`)}]`),
    ];
    expect(problemsOf(bomb.join("\n"))[0]).toMatchObject({ message: expect.stringContaining("anchors") });
  });
  test("no end", () => {
    const { runbook, problems } = parseRunbook("late", "---\ntitle: T\n## Do\nIt.");
    expect(runbook).toBeNull();
    expect(problems[0]).toEqual({
      line: 1,
      message: "The front matter has no end. Add a line --- after its last field.",
    });
  });
});

describe("a file is no runbook", () => {
  test("without a title", () => {
    expect(parseRunbook("late", "## Do\nIt.")).toMatchObject({
      runbook: null,
      problems: [{ line: 1, message: expect.stringContaining("no title") }],
    });
  });
  test("without a step", () => {
    expect(parseRunbook("late", "# Late\nWords.")).toMatchObject({
      runbook: null,
      problems: [{ line: 1, message: expect.stringContaining("no steps") }],
    });
  });
  test("with a name nobody can type", () => {
    expect(parseRunbook("Late Table", "# T\n## Do\nIt.")).toMatchObject({
      runbook: null,
      problems: [{ message: expect.stringContaining("Rename the file") }],
    });
  });
  test("when it is too long to read", () => {
    expect(parseRunbook("late", `# T\n## Do\n${"x".repeat(100_001)}`)).toMatchObject({
      runbook: null,
      problems: [{ message: expect.stringContaining("Split it") }],
    });
  });
});
