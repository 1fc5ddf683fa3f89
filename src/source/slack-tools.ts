import { datasetFromRelation } from "../core/signal/dataset.ts";
import { readSeverity } from "../core/signal/words.ts";
import { fact, type ToolAlert } from "./slack-alert.ts";
import { elementaryAlert, elementaryGroup } from "./slack-elementary.ts";
import type { SlackMessage } from "./slack-message.ts";
import { severityOfWords, statusOfWords, subjectOf, withoutMarks } from "./slack-words.ts";

/** What recognises the messages of one tool; null for a message of somebody else's. */
type Recognise = (message: SlackMessage) => ToolAlert[] | null;

/** The first that knows the message reads it. */
export function toolAlerts(message: SlackMessage): ToolAlert[] | null {
  for (const recognise of [
    elementaryGroup,
    elementaryAlert,
    greatExpectations,
    prefect,
    airflow,
  ] satisfies Recognise[]) {
    const alerts = recognise(message);
    if (alerts !== null) return alerts;
  }
  return null;
}

/**
 * The SlackNotificationAction of Great Expectations 1.x, whose state is only in the header `<action> - <checkpoint> -
 * Failure :no_entry:`, and that of 0.x, one message a suite.
 */
function greatExpectations(message: SlackMessage): ToolAlert[] | null {
  const [, name, state] =
    /^(.{1,500}) - (Success|Failure|Failed)\b[^-]{0,40}$/i.exec(message.title ?? "") ?? [];
  const suite = fact(message, "expectation_suite", "expectation_suite_name");
  const assets = message.facts
    .filter(([each]) => each === "asset" || each === "data_asset_name")
    .map(([, value]) => value.split(/\s{2,}/, 1)[0]!);
  const batchState = fact(message, "batch_validation_status");
  const known =
    name !== undefined ? suite !== null || fact(message, "runtime") !== null : batchState !== null;
  if (!known) return null;
  const resolved = /^success/i.test(state ?? batchState ?? "");
  // The action comes first; a checkpoint has one for failures and another for successes if it likes.
  const checkpoint = name === undefined ? null : (/ - (.+)$/.exec(name)?.[1] ?? name);
  const subject = checkpoint ?? [suite, ...assets].join("/");
  const shown = checkpoint === null ? `Suite ${suite ?? ""}` : `Checkpoint ${checkpoint}`;
  return [
    {
      tool: "great-expectations",
      subject,
      status: resolved ? "resolved" : "firing",
      severity: "error",
      title: `${shown.trim()} ${resolved ? "passed" : "failed"}`,
      description: message.paragraphs.join("\n"),
      assets: assets.map((asset) => ({ namespace: "great-expectations", name: asset })),
      labels: { checkpoint, suite, batch: fact(message, "batch_id"), run_id: fact(message, "run_id") },
      warnings:
        assets.length > 1 && !resolved
          ? [`The message does not say which of ${assets.length} data assets failed, so all are named.`]
          : [],
    },
  ];
}

/** What Prefect's own template for notifications begins with, whatever subject stands above it. */
const FLOW_RUN_SAID =
  /^Flow run (.{1,300})\/([^\s/]{1,200}) (?:observed in|entered) state [`'"]?([A-Za-z ]{1,50}?)[`'"]?(?: at (\S+?))?\.?$/;

/**
 * A notification of a Prefect automation. The run is another each time, so what is broken is the flow. States that are
 * neither bad nor well are no news, as where Prefect sends its events.
 */
function prefect(message: SlackMessage): ToolAlert[] | null {
  for (const line of [message.title ?? "", ...message.paragraphs.flatMap((each) => each.split("\n"))]) {
    const [, flow, run, state, at] = FLOW_RUN_SAID.exec(line.trim()) ?? [];
    if (flow === undefined) continue;
    const word = state!.replaceAll(" ", "").toLowerCase();
    if (!/^(completed|failed|crashed|timedout|late)$/.test(word)) return [];
    const reason = fact(message, "state_message");
    const link = message.links.find(({ url }) => /\/flow-runs?\//.test(url));
    return [
      {
        tool: "prefect",
        subject: flow,
        status: word === "completed" ? "resolved" : "firing",
        severity: word === "late" ? "warning" : "error",
        title: `${flow} ${state!.replace(/([a-z])([A-Z])/, "$1 $2").toLowerCase()}${word === "completed" || reason === null ? "" : `: ${reason}`}`,
        description: message.paragraphs.join("\n"),
        labels: { flow, flow_run: run, state, flow_run_id: fact(message, "flow_run_id") },
        links: link === undefined ? [] : [{ title: `Flow run ${run}`, url: link.url }],
        at: at ?? null,
      },
    ];
  }
  return null;
}

const NAME = "[`\"']?([A-Za-z0-9_][\\w.-]{0,249})[`\"']?";
const DAG_SAID = new RegExp(`\\bdag:?\\s+${NAME}`, "i");
const TASK_SAID = new RegExp(`\\btask:?\\s+${NAME}`, "i");
const NO_NAME =
  /^(failed|fails|failure|succeeded|success|successful|is|has|was|run|for|in|of|and|alert|id|task|error)$/i;

/**
 * The notifiers of Airflow post what their user wrote. Known are the facts that everybody gives (Dag, Task, Log Url), and
 * sentences as in Airflow's documentation: "The task extract failed".
 */
function airflow(message: SlackMessage): ToolAlert[] | null {
  const title = message.title ?? "";
  const log = message.links.find(({ url }) => /[?&/](dag_id=|dags\/)|\/log(\?|\b)/i.test(url));
  const dag = fact(message, "dag", "dag_id", "dag_name", "dagid") ?? nameIn(title, DAG_SAID);
  const task =
    fact(message, "task", "task_id", "task_name", "taskid", "failed_task") ?? nameIn(title, TASK_SAID);
  const saysIt = /^the task \S+ (failed|succeeded)/i.test(title) || log !== undefined;
  if (dag === null && !(task !== null && saysIt)) return null;
  const status = statusOfWords(title, message.color);
  const shown = [dag, task].filter((each) => each !== null).join(".");
  return [
    {
      tool: "airflow",
      subject: [dag, task].filter((each) => each !== null).join("/"),
      status,
      severity: severityOfWords(title, message.color),
      title: title.includes(task ?? dag!) ? withoutMarks(title) : `${shown}: ${withoutMarks(title)}`,
      description: fact(message, "exception", "error", "message") ?? message.paragraphs.join("\n"),
      labels: {
        dag_id: dag,
        task_id: task,
        run_id: fact(message, "run_id", "run", "dag_run", "dag_run_id"),
        try_number: fact(message, "try", "try_number"),
        logical_date: fact(message, "logical_date", "execution_time", "execution_date", "execution"),
        owner: fact(message, "owner"),
      },
      links: log === undefined ? [] : [{ title: "Task log", url: log.url }],
    },
  ];
}

function nameIn(sentence: string, pattern: RegExp): string | null {
  const name = pattern.exec(sentence)?.[1]?.replace(/[.-]+$/, "");
  return name === undefined || name === "" || NO_NAME.test(name) ? null : name;
}

/** Facts that say where something is broken, and so belong to the identity of a message that no tool is known for. */
const IDENTITY_FACTS = [
  "service",
  "project",
  "job",
  "pipeline",
  "table",
  "dataset",
  "model",
  "test",
  "check",
  "monitor",
  "environment",
  "env",
  "host",
];

/** A message of nobody in particular: the title is all there is to go by. */
export function anyAlert(message: SlackMessage & { title: string }): ToolAlert {
  const title = withoutMarks(message.title) || message.title;
  const said = subjectOf(message.title) || title.toLowerCase();
  const where = IDENTITY_FACTS.map((name) => fact(message, name)).filter((each) => each !== null);
  const table = fact(message, "table", "dataset", "model");
  return {
    tool: null,
    subject: [said, ...where].join("/"),
    status: statusOfWords(message.title, message.color),
    severity:
      readSeverity(fact(message, "severity", "priority")) ?? severityOfWords(message.title, message.color),
    title,
    description: message.paragraphs.join("\n"),
    assets: [table === null || /\s/.test(table) ? null : datasetFromRelation("slack-webhook", table)],
    labels: Object.fromEntries(message.facts.filter(([, value]) => !value.includes("\n")).slice(0, 50)),
    warnings: [
      "The message is of no tool that is known, so what is broken was taken from its title: an alert whose title changes counts as another one.",
    ],
  };
}
