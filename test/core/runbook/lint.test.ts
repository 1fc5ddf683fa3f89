import { describe, expect, test } from "vitest";
import { lintRunbooks } from "../../../src/core/runbook/lint.ts";

const GOOD = "# Late table\n\n## Look\nAt {{ table }}.\n";

function lint(body: string): string[] {
  return lintRunbooks([{ path: "runbooks/late.md", text: body }]).map(
    ({ file, line, message }) => `${file}:${line}: ${message}`,
  );
}

function only(body: string): string {
  const found = lint(body);
  expect(found).toHaveLength(1);
  return found[0]!;
}

test("a good runbook has no problems", () => {
  expect(lint(GOOD)).toEqual([]);
  expect(
    lint(
      "---\ntitle: T\nreviewed: 2999-01-01\n---\n## Look\n`<script>` and {{ ref('x') }} and a \\<b>\n\n```sh\necho {{ label.dag_id }}\n```\n",
    ),
  ).toEqual([]);
});

describe("lint finds", () => {
  test("what parsing finds", () => {
    expect(only("---\ntitle: T\nmacth: []\n---\n## Look\nAt it.")).toContain(
      "runbooks/late.md:3: macth is not a field",
    );
  });
  test("no steps", () => {
    expect(only("# T\nText.")).toContain("late.md:1: It has no steps. Write each step under a ## heading");
  });
  test("two steps with one title", () => {
    expect(only(`${GOOD}\n## 2. look\nAgain.\n`)).toContain(
      'late.md:6: The step "look" has the same title as the one on line 3. Say',
    );
  });
  test("a step that says nothing", () => {
    expect(only(`${GOOD}\n## Wait\n\n`)).toContain('late.md:6: The step "Wait" says nothing. Write');
  });
  test("a step without a title", () => {
    expect(only(`${GOOD}\n## \nText.\n`)).toContain("late.md:6: The step has no title. Write");
  });
  test("a step too long for one message", () => {
    expect(only(`# T\n## Look\n${"x".repeat(2801)}`)).toMatch(
      /late\.md:2: The step "Look" has 2801 characters, one Slack message takes 2800\. Split/,
    );
  });
  test("titles too long for Slack", () => {
    expect(only(`# ${"T".repeat(151)}\n## Look\nAt it.`)).toContain(
      "late.md:1: The title has 151 characters, Slack shows 150. Shorten",
    );
    expect(only(`# T\n## ${"L".repeat(151)}\nAt it.`)).toContain(
      "late.md:2: The step's title has 151 characters",
    );
  });
  test("an unknown variable", () => {
    expect(only("# T\n## Look\nAt\n{{ tabel }}.")).toMatch(
      /late\.md:4: \{\{ tabel }} is not a variable\. Known variables: asset, relation, table, /,
    );
  });
  test("free text from an alert in code", () => {
    expect(only("# T\n## Look\n```\ngrep {{ error }}\n```")).toContain(
      "late.md:4: {{ error }} is free text from an alert, and code gets pasted. Move it",
    );
  });
  test("a variable in a step's title", () => {
    expect(only("# T\n## Look at {{ table }}\nNow.")).toContain(
      "late.md:2: The step's title has a variable.",
    );
  });
  test("a link whose host comes from an alert", () => {
    expect(only("# T\n## Look\n[run]({{ run_url }})")).toContain(
      "late.md:3: {{ run_url }} would let an alert choose where this link leads",
    );
  });
  test.each(["```sql\nselect 1\n", "~~~\nx\n```\n", "````\nx\n```\n", "- a\n  ```\n  x\n", "```"])(
    "the unclosed fence of %j",
    (code) => {
      expect(lint(`# T\n## Look\nThis:\n\n${code}`)).toEqual([
        expect.stringMatching(/late\.md:(5|6): The code block that starts here has no end\. Add/),
      ]);
    },
  );
  test.each([
    "```\nx\n```",
    "~~~~\nx\n~~~~~",
    "```\n```",
    "> ```\n> x\n> ```",
    "    indented",
    "- a\n\n  ```\n  x\n  ```",
  ])("no problem in the closed fence of %j", (code) => {
    expect(lint(`# T\n## Look\nThis:\n\n${code}\n`)).toEqual([]);
  });
  test.each(["<!channel>", "<!here>", "<@U123>", "<!subteam^S1>"])(
    "the mention %s, in code too",
    (mention) => {
      expect(only(`# T\n## Ask\n${mention} now`)).toContain('late.md:3: "');
      expect(only(`# T\n## Ask\n\`${mention}\` now`)).toContain(
        "would ping people each time the step is shown. Write",
      );
    },
  );
  test("HTML", () => {
    expect(only("# T\n## Look\nSee <br> this")).toContain("late.md:3: HTML is not shown in Slack. Put");
  });
  test("a link that is defined elsewhere", () => {
    expect(only("# T\n## Look\n[x][y]\n\n[y]: https://a.example")).toContain(
      "late.md:5: A step is shown on its own",
    );
  });
  test("two files with one name", () => {
    const files = ["runbooks/late.md", "runbooks/more/late.md"].map((path) => ({ path, text: GOOD }));
    expect(lintRunbooks(files)).toEqual([
      {
        file: "runbooks/more/late.md",
        line: 1,
        message: 'The runbook "late" exists already, in runbooks/late.md. Rename one of the files.',
      },
    ]);
  });
  test("problems in the order of their lines", () => {
    expect(lint("# T\n## Ask\n{{ nope }}\n## Ask\n<!here>").map((problem) => problem.split(":")[1])).toEqual([
      "3",
      "4",
      "5",
    ]);
  });
});
