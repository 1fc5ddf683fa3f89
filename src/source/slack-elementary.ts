import type { AlertSeverity } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { datasetFromRelation } from "../core/signal/dataset.ts";
import { fact, type ToolAlert } from "./slack-alert.ts";
import type { SlackMessage } from "./slack-message.ts";
import { withoutEmphasis } from "./slack-text.ts";
import { withoutMarks } from "./slack-words.ts";

const ELEMENTARY_TITLES =
  /\btest failed\b|\bdbt failed to \w+|\bfreshness exceeded\b|\bfailed to calculate the source freshness\b|\bschema change|\banomaly detected\b|\bdbt (test|model|snapshot|source freshness) alert\b/i;
const ELEMENTARY_STATUS = /^(Failure|Warning|Error|Runtime Error|Fail|Warn):\s+/i;

/** One test, model or source of Elementary: https://docs.elementary-data.com/oss/guides/alerts/send-slack-alerts */
export function elementaryAlert(message: SlackMessage): ToolAlert[] | null {
  const header = withoutMarks(message.title ?? "");
  const status = fact(message, "status");
  const kind = ["test", "model", "snapshot", "source"].find((name) => fact(message, name) !== null);
  if (kind === undefined || status === null || !ELEMENTARY_TITLES.test(header)) return null;
  const summary = header.replace(ELEMENTARY_STATUS, "");
  const name = fact(message, kind)!.replace(/\s*\|$/, "");
  const table = fact(message, "table");
  const column = fact(message, "column");
  // Of older versions the header only says what kind of alert it is, and of a source which schema is late.
  const vague = !summary.includes('"') || kind === "source";
  const subject = [fact(message, "env"), summary, vague ? name : null, vague ? table : null, column];
  const warns = /^warn/i.test(status) || /^warn/i.test(header);
  return [
    {
      tool: "elementary",
      subject: subject.filter((each) => each !== null).join("/"),
      status: /^(pass|passed|success)$/i.test(status) ? "resolved" : "firing",
      severity: warns ? "warning" : "error",
      title: vague ? `${header}: ${[name, table].filter(Boolean).join(" on ")}` : header,
      description: fact(message, "result_message") ?? fact(message, "description"),
      assets: [elementaryAsset(table ?? (kind === "test" ? tableOf(summary) : name))],
      labels: {
        [kind === "source" ? "source_name" : kind]: name,
        column,
        owner: fact(message, "owners"),
        tags: fact(message, "tags"),
        subscribers: fact(message, "subscribers"),
        environment: fact(message, "env"),
        path: fact(message, "path"),
        materialization: fact(message, "materialization"),
      },
      at: fact(message, "time"),
    },
  ];
}

const GROUP = /\b\d+ issues? detected\b/i;
const GROUP_SECTIONS: Record<string, AlertSeverity> = {
  "model errors": "error",
  "test failures": "error",
  "test warnings": "warning",
  "test errors": "error",
};

/** A group of Elementary's alerts is a list of them, each as one line, under what kind they are. */
export function elementaryGroup(message: SlackMessage): ToolAlert[] | null {
  if (!GROUP.test(message.title ?? "")) return null;
  const environment = fact(message, "env");
  const alerts: ToolAlert[] = [];
  let severity: AlertSeverity | null = null;
  for (const { text, links } of message.lines) {
    const [, marked = "", rest = ""] = /^[^*]{0,20}\*([^*]{1,1000})\*(.{0,2000})$/.exec(text.trim()) ?? [];
    const section = GROUP_SECTIONS[marked.toLowerCase()];
    if (section !== undefined && rest === "") severity = section;
    else if (severity !== null && marked !== "") {
      const summary = withoutEmphasis(marked);
      alerts.push({
        tool: "elementary",
        subject: [environment, summary].filter((each) => each !== null).join("/"),
        status: "firing",
        severity,
        title: summary,
        assets: [elementaryAsset(tableOf(summary))],
        labels: { owner: /Owners:\s*([^|]{1,500}?)\s*(?:\||- |$)/.exec(rest)?.[1], environment },
        links: links.slice(0, 1),
      });
    }
  }
  return alerts.length === 0 ? null : distinct(alerts);
}

/** The same line twice in one list (a test of two columns) is one alert, an error where one of them is. */
function distinct(alerts: ToolAlert[]): ToolAlert[] {
  const kept = new Map<string, ToolAlert>();
  for (const alert of alerts) {
    const known = kept.get(alert.subject);
    if (known === undefined) kept.set(alert.subject, alert);
    else if (alert.severity === "error") kept.set(alert.subject, { ...known, severity: "error" });
  }
  return [...kept.values()];
}

/** The table in `"not_null" test failed on orders` and `dbt failed to build table "orders"`. */
function tableOf(summary: string): string | null {
  return (
    (/\btest failed on (\S{1,500})$/.exec(summary) ??
      /\bdbt failed to \w+ \w+ "([^"]{1,500})"/.exec(summary))?.[1] ?? null
  );
}

function elementaryAsset(table: string | null): Asset | null {
  return table === null ? null : datasetFromRelation("elementary", table);
}
