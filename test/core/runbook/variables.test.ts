import fc from "fast-check";
import type { Nodes } from "mdast";
import { toString as plainText } from "mdast-util-to-string";
import { describe, expect, test } from "vitest";
import { parseMarkdown, walk } from "../../../src/core/runbook/markdown.ts";
import { assetVariables, fill, VARIABLES, type Variables } from "../../../src/core/runbook/variables.ts";

const VALUES: Variables = {
  ...assetVariables({ namespace: "snowflake://acme", name: "analytics.marts.orders" }),
  source: "dbt",
  title: "orders is late",
  error: "column x does not exist",
  incident: "INC-42",
  severity: "SEV2",
  started_at: "2026-11-22T03:10:00.000Z",
  run_url: "https://airflow.example.com/run?id=1&try=2",
  labels: { dag_id: "orders_daily", "k8s.io/name": "a-b" },
};

describe("a variable", () => {
  test.each([
    [
      "{{ asset }} {{table}} {{ schema }} {{ database }}",
      "snowflake://acme/analytics.marts.orders orders marts analytics",
    ],
    ["{{ source }}, {{ incident }}, {{ severity }}", "dbt, INC-42, SEV2"],
    ["`{{ started_at }}`", "`2026-11-22T03:10:00.000Z`"],
    ["`{{ relation }}`", "`analytics.marts.orders`"],
    ["{{ label.dag_id }} {{ label.k8s.io/name }}", "orders_daily a-b"],
    ["{{ title }}: {{ error }}", "orders is late: column x does not exist"],
    ["Open {{ run_url }}", "Open <https://airflow.example.com/run?id=1&try=2>"],
    ["https://a.example/dags/{{ label.dag_id }}/grid", "https://a.example/dags/orders_daily/grid"],
    ["{{ nonsense }} and {{ ref('orders') }}", "{{ nonsense }} and {{ ref('orders') }}"],
  ])("%s becomes %s", (markdown, expected) => {
    expect(plainText(parseMarkdown(fill(markdown, VALUES)))).toBe(
      plainText(parseMarkdown(expected)).replace("://acme", ":\u2060//acme"),
    );
  });

  test("that has no value says so, in words and as a syntax error in code", () => {
    const shown = plainText(
      parseMarkdown(fill("{{ table }}, {{ label.dag_id }}, {{ run_url }}", { table: null, labels: {} })),
    );
    expect(shown).toBe("(no table), (no label dag_id), (no run url)");
    expect(fill("`select 1 from {{ table }}`", { table: " \n" })).toBe("`select 1 from (no table)`");
  });

  test("reads database, schema and table from the end of the asset's name", () => {
    expect(assetVariables({ namespace: "bigquery", name: "orders" })).toEqual({
      asset: "bigquery/orders",
      relation: "orders",
      table: "orders",
      schema: undefined,
      database: undefined,
    });
    expect(assetVariables(null)).toEqual({});
  });

  test("cannot reach what objects inherit", () => {
    expect(fill("`{{ label.constructor }}` {{ constructor }}", { labels: {} })).toBe(
      "`(no label constructor)` {{ constructor }}",
    );
  });

  test("stays short: a stack trace does not fill a phone", () => {
    expect(fill("{{ error }}", { error: "x".repeat(4000) }).length).toBe(300);
  });
});

describe("in code, a name that could mean something is replaced as a whole", () => {
  test.each([
    "orders; drop table users",
    "orders` rm",
    "orders\n```\n<!channel>",
    'orders"',
    "orders'",
    "orders where 1",
    "$(reboot)",
    "a&b",
    "--full-refresh",
    "orders--",
    "a//b",
    "\\orders",
    "größe",
    "@stage",
  ])("%j", (table) => {
    expect(fill("`select * from {{ table }}`", { table })).toBe(
      "`select * from (unsafe table: take it from the alert)`",
    );
  });

  test.each([
    "analytics.marts.orders",
    "manual__2026-01-01T00:00:00+00:00",
    "snowflake://acme/a.b",
    "/data/in",
    "a-b",
    "user@host",
  ])("%s is passed through", (table) => {
    expect(fill("```sh\nrun {{ table }}\n```", { table })).toBe(`\`\`\`sh\nrun ${table}\n\`\`\``);
  });

  test("words are cleaned, for there is nothing to paste", () => {
    expect(fill("`{{ error }}`", { error: "near `;` --x\n'y'" })).toBe("`near x y`");
  });
});

describe("a link", () => {
  test("shows its own address, or is no link", () => {
    expect(fill("{{ run_url }}", { run_url: "javascript:alert(1)" })).not.toContain("<");
    expect(fill("{{ run_url }}", { run_url: "https://bank.example@evil.example/" })).not.toContain("<");
    expect(fill("{{ run_url }}", { run_url: "https://e.example/a|b`c>d e" })).toBe(
      "<https://e.example/a%7Cb%60c%3Ed%20e>",
    );
  });

  test("of the author's cannot be led elsewhere", () => {
    const evil = {
      run_url: "https://evil.example/",
      labels: { host: "evil.example", path: "x) [y](https://evil.example" },
    };
    for (const text of [
      "[run]({{run_url}})",
      "[run]({{ run_url }})",
      "https://{{ label.host }}/x",
      "[x](https://{{ label.host }})",
      "[r]: {{ run_url }}\n\n[r]",
    ]) {
      expect(targets(fill(text, evil)).join(" ")).not.toContain("evil");
    }
    expect(targets(fill("[run](https://ok.example/{{ label.path }})", evil))).toEqual([
      "https://ok.example/x%29%20%5By%5D%28https%3A%2F%2Fevil.example",
    ]);
  });
});

function targets(markdown: string): string[] {
  return Array.from(walk(parseMarkdown(markdown)), ({ node }) =>
    "url" in node ? String(node.url) : "",
  ).filter(Boolean);
}

/** The shape of a document: which nodes it has, without its words. */
function shape(markdown: string): string[] {
  return Array.from(
    walk(parseMarkdown(markdown)),
    ({ node, ancestors }) => `${ancestors.length} ${node.type}${size(node)}`,
  );
}

function size(node: Nodes): string {
  if (node.type === "code") return ` of ${node.value.split("\n").length} lines`;
  return node.type === "heading" ? ` ${node.depth}` : "";
}

describe("whatever an alert says", () => {
  const fragments = [
    "`",
    "```",
    "\n",
    "\n\n",
    "*",
    "_",
    "~~",
    "[x](http://evil.example)",
    "<!channel>",
    "<@U123>",
    "<b>",
    "](",
    "![",
    "http://evil.example",
    "www.evil.example",
    "a@b.example",
    "|",
    "# ",
    "- ",
    "1. ",
    "1)",
    "+ ",
    "> ",
    "---",
    "===",
    "&lt;",
    "&#60;",
    "\\",
    "$",
    ";",
    "'",
    '"',
    "--",
    "//",
    "\u202e",
    "\u2060",
    "\ud800",
    "{{ table }}",
    "[^1]",
    "[ ]",
    "!",
    ":",
    "orders",
    " ",
    "<",
    ">",
    "=",
    "é",
  ];
  const hostile = fc.oneof(
    fc.array(fc.constantFrom(...fragments), { minLength: 1, maxLength: 8 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
  );
  const templates = [
    "Look at {{ v }} now",
    "{{ v }}",
    "{{ v }}{{ v }}",
    "Above\n{{ v }}\nbelow",
    "- {{ v }}\n- other",
    "> {{ v }}",
    "**{{ v }}** and *x {{ v }} y*",
    "See [docs](https://ok.example/a) {{ v }}[more](https://ok.example/b)",
    "[words {{ v }} words](https://ok.example)",
    "| a | b |\n| - | - |\n| {{ v }} | `{{ v }}` |",
    "`{{ v }}`",
    "```sql\nselect * from {{ v }}\nwhere x = '{{ v }}'\n```",
    "~~~\n{{ v }}\n~~~",
    "    indented {{ v }}",
    "https://ok.example/x/{{ v }}/y",
    "[go](https://ok.example/?q={{ v }})",
  ];
  const names = ["table", "error", "label.x"] as const;

  test.each(
    templates.flatMap((template) =>
      names.map((name) => [template.replaceAll("{{ v }}", `{{ ${name} }}`), name] as const),
    ),
  )("%j keeps the shape its author gave it", (template, name) => {
    const using = (value: string): Variables =>
      name === "label.x" ? { labels: { x: value } } : { [name]: value };
    const expected = shape(fill(template, using("orders")));
    fc.assert(
      fc.property(hostile, (value) => {
        const filled = fill(template, using(value));
        expect(shape(filled)).toEqual(expected);
        expect(filled).not.toMatch(/<[!@#]/);
        expect(targets(filled).filter((url) => !url.startsWith("https://ok.example"))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test("code holds only characters that are safe to paste", () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom("table", "asset", "run_url", "label.x"), (value, name) => {
        const filled = fill(
          `\`{{ ${name} }}\``,
          name === "label.x" ? { labels: { x: value } } : { [name]: value },
        );
        expect(filled.slice(1, -1)).toMatch(
          /^(\((no|unsafe) [A-Za-z :]+\)|[A-Za-z0-9_/][A-Za-z0-9_.:/@+-]*)$/,
        );
        expect(filled).not.toContain("--");
      }),
      { numRuns: 1000 },
    );
  });
});

test("every variable has a description and an example that its kind lets through", () => {
  for (const [name, { kind, description, example }] of Object.entries(VARIABLES)) {
    expect(description).not.toBe("");
    if (kind === "name")
      expect(
        fill(`\`{{ ${name.replace("KEY", "x")} }}\``, {
          ...(name === "label.KEY" ? { labels: { x: example } } : { [name]: example }),
        }),
      ).toBe(`\`${example}\``);
  }
});
