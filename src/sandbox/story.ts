/**
 * The sandbox's first night: one table breaks, and three tools say so in their own formats. They are sent through the
 * front door like anybody's alerts. Times are relative to `now`, so that the incident is always fresh.
 */
export type Delivery = { path: string; body: unknown };

const MINUTE = 60_000;
const DBT_RUN = "https://dbt.fernhollow.example/runs/70441";

export function story(now: Date): Delivery[] {
  const ago = (minutes: number) => new Date(now.getTime() - minutes * MINUTE).toISOString();
  return [
    {
      path: `/v1/alerts/dbt?namespace=snowflake://fernhollow&url=${encodeURIComponent(DBT_RUN)}`,
      body: { run_results: runResults(ago), manifest: manifest() },
    },
    { path: "/v1/alerts/airflow", body: failedTask(ago) },
    { path: "/v1/alerts/alertmanager", body: lateTable(ago) },
  ];
}

type Ago = (minutes: number) => string;

/** As the callback of docs/sources/airflow.md sends it. */
function failedTask(ago: Ago) {
  return {
    status: "firing",
    dag_id: "nightly_marts",
    task_id: "dbt_build_marts",
    map_index: -1,
    run_id: `scheduled__${ago(60).slice(0, 13)}:00:00+00:00`,
    try_number: 2,
    start_date: ago(14),
    end_date: ago(11),
    log_url: "https://airflow.fernhollow.example/dags/nightly_marts/grid?task_id=dbt_build_marts",
    error: "Bash command failed. The command returned a non-zero exit code 1.",
    owner: "data-platform",
    tags: ["marts", "tier-1"],
    outlets: [{ uri: "snowflake://fernhollow/analytics/marts/orders" }],
  };
}

function result(id: string, status: string, message: string, startedAt: string) {
  return {
    unique_id: id,
    status,
    message,
    failures: null,
    execution_time: 2.4,
    thread_id: "Thread-1",
    adapter_response: {},
    timing: status === "skipped" ? [] : [{ name: "execute", started_at: startedAt, completed_at: startedAt }],
  };
}

/** As `dbt build` leaves it in target/: one model fails, what is built from it is skipped. */
function runResults(ago: Ago) {
  const error = [
    "Database Error in model orders (models/marts/orders.sql)",
    "  000904 (42000): SQL compilation error: error line 14 at position 8",
    "  invalid identifier 'CUSTOMER_TIER'",
  ].join("\n");
  return {
    metadata: {
      dbt_schema_version: "https://schemas.getdbt.com/dbt/run-results/v6.json",
      dbt_version: "1.10.4",
      generated_at: ago(11),
      invocation_id: `sandbox-${ago(11)}`,
      env: {},
    },
    args: { which: "build", target: "prod" },
    elapsed_time: 132.8,
    results: [
      result("model.fernhollow.stg_orders", "success", "SUCCESS 1", ago(13)),
      result("model.fernhollow.orders", "error", error, ago(12)),
      result("model.fernhollow.daily_revenue", "skipped", "", ago(12)),
      result("model.fernhollow.customer_value", "skipped", "", ago(12)),
    ],
  };
}

function manifest() {
  const model = (name: string, schema: string, dependsOn: string[]) => ({
    unique_id: `model.fernhollow.${name}`,
    resource_type: "model",
    package_name: "fernhollow",
    name,
    alias: name,
    database: "analytics",
    schema,
    relation_name: `analytics.${schema}.${name}`,
    original_file_path: `models/${schema}/${name}.sql`,
    depends_on: { nodes: dependsOn.map((d) => `model.fernhollow.${d}`) },
    config: { severity: null, meta: { owner: "analytics-engineering" } },
    tags: [],
  });
  const models = [
    model("stg_orders", "staging", []),
    model("orders", "marts", ["stg_orders"]),
    model("daily_revenue", "marts", ["orders"]),
    model("customer_value", "marts", ["orders"]),
  ];
  return {
    metadata: { adapter_type: "snowflake", project_name: "fernhollow" },
    nodes: Object.fromEntries(models.map((m) => [m.unique_id, m])),
    sources: {},
  };
}

/** As Alertmanager's webhook sends it. */
function lateTable(ago: Ago) {
  const alert = {
    status: "firing",
    labels: {
      alertname: "TableLate",
      severity: "warning",
      dataset_namespace: "snowflake://fernhollow",
      database: "analytics",
      schema: "marts",
      table: "orders",
      team: "data-platform",
    },
    annotations: {
      summary: "analytics.marts.orders has not been updated for 26 hours",
      description: "The finance dashboard reads it at 08:00.",
    },
    startsAt: ago(9),
    endsAt: "0001-01-01T00:00:00Z",
    generatorURL: "https://prometheus.fernhollow.example/graph?g0.expr=table_age_hours%3E25",
    fingerprint: "5b1f0c7d2a94e613",
  };
  return {
    version: "4",
    groupKey: '{}:{alertname="TableLate"}',
    truncatedAlerts: 0,
    status: "firing",
    receiver: "breakwater",
    groupLabels: { alertname: "TableLate" },
    commonLabels: alert.labels,
    commonAnnotations: alert.annotations,
    externalURL: "https://alertmanager.fernhollow.example",
    alerts: [alert],
  };
}
