import { createHash } from "node:crypto";
import type { AlertSignal } from "../../src/core/signal/alert.ts";
import type { Asset } from "../../src/core/signal/asset.ts";

export const TOOLS = [
  "dbt",
  "airflow",
  "great-expectations",
  "soda",
  "openlineage",
  "alertmanager",
  "generic",
] as const;
export type Tool = (typeof TOOLS)[number];

/** What is wrong with a table, in the eyes of the tool that looks at it. */
export type Symptom = "rows" | "error" | "stale" | "column";

/** What a tool has to say of a table at one time. */
export type Finding = {
  tool: Tool;
  status: "firing" | "resolved";
  severity: AlertSignal["severity"];
  symptom: Symptom;
  /** The table as people call it, the id that dbt or the scheduler has for it, and the domain of its team. */
  table: string;
  uniqueId: string;
  domain: string;
  column: string;
  /** Named by the tool, as the tool writes them. */
  assets: Asset[];
  impacted: Asset[];
  /** The run that saw it: the same for all that one run saw, another at each retry. */
  run: string;
  attempt: number;
  /** ISO 8601 UTC. */
  seenAt: string;
  brokenSince: string;
};

/** What differs from tool to tool, in the shapes that src/source reads out of their payloads. */
type Shape = Pick<AlertSignal, "dedupKey" | "deliveryId" | "title" | "labels"> & { groupHint?: string };

export function signalOf(finding: Finding): AlertSignal {
  const { tool, status, severity, assets, impacted, seenAt, brokenSince } = finding;
  const firing = status === "firing";
  return {
    source: tool,
    status,
    severity,
    description: firing ? MESSAGES[finding.symptom](finding) : null,
    assets,
    impacted: firing ? impacted : [],
    links: [],
    startsAt: firing ? brokenSince : null,
    endsAt: firing ? null : seenAt,
    observedAt: tool === "generic" ? null : seenAt,
    groupHint: null,
    warnings: [],
    raw: {},
    ...SHAPES[tool](finding),
  };
}

const MESSAGES: Record<Symptom, (finding: Finding) => string> = {
  rows: ({ attempt }) => `Got ${11 + attempt} results, configured to fail if != 0`,
  error: ({ table }) => `Database Error in ${table}: query was cancelled`,
  stale: () => "The last row is older than the threshold",
  column: ({ column }) => `column "${column}" does not exist`,
};

const SHAPES: Record<Tool, (finding: Finding) => Shape> = {
  dbt: dbtShape,
  airflow: airflowShape,
  "great-expectations": expectationShape,
  soda: sodaShape,
  openlineage: openLineageShape,
  alertmanager: alertmanagerShape,
  generic: genericShape,
};

function verb({ status }: Finding): string {
  return status === "firing" ? "failed" : "passed";
}

/** A source's freshness and a model's error have the node's own id, a test one of its own. */
function dbtShape(finding: Finding): Shape {
  const { symptom, table, column, uniqueId, run } = finding;
  const own = symptom === "rows" ? null : uniqueId;
  const test = `not_null_${table.replace(".", "_")}_${column}`;
  const id = own ?? `test.fernhollow.${test}.${digest(test).slice(0, 10)}`;
  return {
    dedupKey: `fernhollow/prod/${id}`,
    deliveryId: `${run}/${finding.status}`,
    title: own
      ? `${table} ${symptom === "stale" ? "is stale" : `${verb(finding)}: ${MESSAGES[symptom](finding)}`}`
      : `${test} ${verb(finding)}`,
    labels: {
      unique_id: id,
      resource_type: id.split(".")[0]!,
      run_id: run,
      target: "prod",
      command: "build",
      ...(own ? {} : { test_name: "not_null", column_name: column }),
    },
  };
}

function airflowShape(finding: Finding): Shape {
  const { table, uniqueId, domain, run, attempt } = finding;
  const isJob = !uniqueId.includes(".fernhollow.");
  const [dag, task] = isJob ? uniqueId.split(".") : [`${domain}_nightly`, `build_${table.replace(".", "_")}`];
  const key = isJob ? `prod/${uniqueId}` : `${dag}/${task}/-1`;
  return {
    dedupKey: key,
    deliveryId: `${key}/${run}/${attempt}/${finding.status}`,
    title: `${dag}.${task} ${verb(finding)}`,
    labels: { dag_id: dag!, task_id: task!, run_id: run, try_number: String(attempt), environment: "prod" },
    groupHint: `${dag}/${run}`,
  };
}

function expectationShape(finding: Finding): Shape {
  const { table, column, symptom, run } = finding;
  const expectation =
    symptom === "column"
      ? "expect_column_to_exist"
      : symptom === "stale"
        ? "expect_column_max_to_be_between"
        : "expect_column_values_to_not_be_null";
  const batch = `fernhollow_dw-${table}`;
  const key = `${batch}/${expectation}/${column}`;
  return {
    dedupKey: key,
    deliveryId: `${key}/${run}/${finding.status}`,
    title: `${expectation} on ${table}.${column} ${verb(finding)}`,
    labels: { expectation, column, batch, suite: `${finding.domain}_suite`, run_name: run },
  };
}

function sodaShape(finding: Finding): Shape {
  const { table, column, symptom, domain, run } = finding;
  const check = {
    rows: `${column} is given`,
    error: `${table} has rows`,
    stale: `${table} is fresh`,
    column: `schema of ${table}`,
  }[symptom];
  const scan = `nightly ${domain}`;
  const key = `scan/${scan}/${digest(`${table}/${check}`).slice(0, 8)}`;
  return {
    dedupKey: key,
    deliveryId: `${key}/${run}/${finding.status}`,
    title: `${check} on ${table} ${verb(finding)}`,
    labels: { check, table, column, scan, data_source: "fernhollow_dw", team: domain },
    groupHint: `scan/${scan}`,
  };
}

function openLineageShape(finding: Finding): Shape {
  const { uniqueId, run, symptom } = finding;
  const job = symptom === "rows" ? `${uniqueId}.test` : uniqueId;
  return {
    dedupKey: `dbt-prod/${job}`,
    deliveryId: `dbt-prod/${job}/${run}/${finding.attempt}/${finding.status === "firing" ? "FAIL" : "COMPLETE"}`,
    title: `${job} ${finding.status === "firing" ? "failed" : "completed"}`,
    labels: { job_namespace: "dbt-prod", job_name: job, integration: "DBT", run_id: run },
    groupHint: run,
  };
}

/** Alertmanager says the same again without saying that it is the same message. */
function alertmanagerShape({ table, domain, symptom, assets }: Finding): Shape {
  const alertname = {
    rows: "RowCountLow",
    error: "ModelBuildFailing",
    stale: "TableStale",
    column: "SchemaDrift",
  }[symptom];
  return {
    dedupKey: digest(`${alertname}/${table}`).slice(0, 16),
    deliveryId: null,
    title: alertname,
    labels: {
      alertname,
      table,
      team: domain,
      dataset_namespace: assets[0]?.namespace ?? "",
      cluster: "prod-eu",
    },
    groupHint: `{}:{alertname="${alertname}"}`,
  };
}

function genericShape(finding: Finding): Shape {
  const { table, symptom, run, status } = finding;
  return {
    dedupKey: `${symptom}/${table}`,
    deliveryId: `${run}/${table}/${symptom}/${status}`,
    title: `${symptom === "stale" ? "Freshness" : "Volume"} of ${table} ${verb(finding)}`,
    labels: { source: "homegrown-monitor", team: finding.domain },
  };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
