/** Text as an attacker, or a database, may put it into an alert: what each target would read as markup, and worse. */
import fc from "fast-check";
import { ana, attached, ben, dbt, Log, on, opened } from "../core/report/late-orders.ts";

// biome-ignore format: a list to read across
const FRAGMENTS = [
  "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</td></table>", "<!--", "]]>", "&lt;b&gt;", "&amp", '"', "'", "</title>", "</style>",
  "| a | b |", "\\|", "\\", "`", "```", "``", "**", "_", "__init__", "~~", "[x](https://evil.example)", "![x](https://evil.example/p.png)", "<https://evil.example>",
  "https://evil.example/a_b|c", "www.evil.example", "mailto:a@evil.example", "a@evil.example", "javascript:alert(1)", "[^1]", "[x]: https://evil.example", "$x$",
  "# title", "\n# title", "\n\n", "\n---\n", "===", "- item", "1. item", "> quote", "    code", "\t", "\r\n", "| --- |",
  "<@U0123ABC>", "<@U0ANA>", "<!channel>", "<!subteam^S123>", "<#C123|general>", "<https://evil.example|bank>", "<@U9|<@U0123ABC>>",
  "=1+1", "+1", "-1", "@SUM(A1)", "＝1", "'", "\u202e", "\u2066", "\u0007", "\u001b[31m", "\u0000", "\ud800", "é", "漢字", "👩‍🔧", "fct_orders", "analytics.marts.x", " ",
];

export const hostileText = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...FRAGMENTS) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 6 }) },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(""))
  // Events hold no empty words, and the log would refuse them.
  .filter((text) => text !== "");

/** An incident in which every text that anyone can write is the hostile one. */
export function hostileLog(text: string): Log {
  const asset = { namespace: text, name: text };
  const link = { title: text, url: "javascript:alert(1)" };
  const person = { id: "U0EVE", name: text };
  const steps = [
    { id: "s1", title: text },
    { id: "s2", title: text },
  ];
  const log = new Log().add(
    "22 03:10",
    dbt,
    "alert",
    opened({
      title: text,
      reason: text,
      origin: {
        source: text,
        fingerprint: "f",
        title: text,
        description: text,
        asset,
        labels: { [text]: text },
        links: [link],
      },
    }),
  );
  log.add("22 03:11", { kind: "source", name: text }, "alert", attached(1, text, text, [asset]));
  log.add(
    "22 03:12",
    { kind: "person", ...person },
    "button",
    { type: "acknowledged" },
    { type: "role_assigned", role: "lead", person },
    { type: "role_assigned", role: text, person },
  );
  log.add(
    "22 03:13",
    ana,
    "slash",
    { type: "summary_set", text },
    { type: "noted", text },
    { type: "status_posted", text },
    { type: "severity_changed", from: "SEV3", to: "SEV1", reason: text },
  );
  log.add("22 03:14", ben, "emoji", {
    body: { type: "pinned", messageTs: "1.1", author: ben, text },
    at: on("22 03:13"),
    permalink: "javascript:alert(1)",
  });
  log.add(
    "22 03:15",
    ana,
    "button",
    { type: "runbook_suggested", runbooks: [{ slug: "x", title: text, reason: text }] },
    { type: "runbook_started", runbook: text, title: text, hash: text, steps },
  );
  log.add("22 03:20", ana, "modal", {
    type: "step_finished",
    runbook: text,
    step: "s1",
    title: text,
    outcome: "failed",
    note: text,
  });
  log.add(
    "22 03:30",
    ana,
    "slash",
    { type: "change_linked", text, url: text, changedAt: on("22 03:00") },
    {
      type: "changes_suspected",
      suspects: [
        {
          ...{ number: 1, change: "c1", title: text, url: text, actor: text, source: "github" },
          ...{ at: on("22 03:00"), confidence: "likely", reason: text },
        },
      ],
    },
    {
      type: "similar_found",
      incidents: [
        {
          ...{ key: "INC-1", title: text, severity: "SEV2", resolvedAt: on("22 03:00") },
          ...{ outcome: text, causeChange: text, url: text, reason: text },
        },
      ],
    },
    { type: "link_added", link },
    { type: "task_added", task: 1, text, owner: person, due: text },
  );
  log.add(
    "22 03:40",
    ana,
    "slash",
    ...(["well", "badly", "lucky", "factor"] as const).map((section) => ({
      type: "review_written" as const,
      section,
      statements: [text],
    })),
  );
  log.add(
    "22 03:50",
    ana,
    "slash",
    { type: "asset_waived", asset, reason: text },
    { type: "resolved", text },
  );
  return log;
}
