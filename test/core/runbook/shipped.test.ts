import { expect, test } from "vitest";
import { compileRunbooks, type MatchSubject, matchRunbooks } from "../../../src/core/runbook/match.ts";
import { loadRunbooks } from "../../../src/runbooks.ts";

/** An alert as each tool's adapter reads it, and the runbook a person would reach for. */
const ALERTS: [runbook: string, subject: Partial<MatchSubject>][] = [
  [
    "failed-dbt-model",
    {
      source: "dbt",
      labels: { resource_type: "model", status: "error" },
      title: "orders failed: 002003: column CUSTOMER_ID does not exist",
    },
  ],
  ["failed-dbt-model", { source: "dbt", title: "Job nightly failed" }],
  [
    "failed-dbt-model",
    {
      source: "dbt",
      labels: { resource_type: "snapshot", status: "error" },
      title: "orders_snapshot failed",
    },
  ],
  [
    "failed-dbt-test",
    {
      source: "dbt",
      labels: { resource_type: "test", test_name: "unique", status: "fail" },
      title: "unique_orders_id failed: Got 12 results",
    },
  ],
  [
    "failed-dbt-test",
    {
      source: "great-expectations",
      title: "expect_column_values_to_not_be_null failed on orders.customer_id",
    },
  ],
  ["failed-dbt-test", { source: "soda", title: "missing_count(customer_id) = 0 failed" }],
  [
    "late-or-stale-table",
    { source: "dbt", labels: { resource_type: "source", status: "error" }, title: "shop.orders is stale" },
  ],
  [
    "late-or-stale-table",
    {
      source: "dbt",
      labels: { resource_type: "test", test_name: "recency" },
      title: "recency_orders failed",
    },
  ],
  ["late-or-stale-table", { source: "monte-carlo", title: "Freshness anomaly on analytics:marts.orders" }],
  [
    "late-or-stale-table",
    {
      source: "alertmanager",
      labels: { alertname: "TableStale", severity: "critical" },
      title: "orders has not been loaded for 3 h",
    },
  ],
  ["late-or-stale-table", { source: "generic", title: "orders is 3 hours late" }],
  [
    "volume-anomaly",
    {
      source: "elementary",
      labels: { resource_type: "test", test_name: "elementary_volume_anomalies" },
      title: "volume anomalies in orders",
    },
  ],
  ["volume-anomaly", { source: "monte-carlo", title: "Volume anomaly on analytics:marts.orders" }],
  ["volume-anomaly", { source: "generic", title: "Row count of orders dropped by 80 %" }],
  ["schema-change", { source: "monte-carlo", title: "Schema change on analytics:marts.orders" }],
  [
    "schema-change",
    {
      source: "elementary",
      labels: { resource_type: "test", test_name: "schema_changes_from_baseline" },
      title: "Schema changes in orders",
    },
  ],
  [
    "schema-change",
    { source: "great-expectations", title: "expect_table_columns_to_match_set failed on orders" },
  ],
  [
    "failed-airflow-dag",
    {
      source: "airflow",
      labels: { dag_id: "orders_daily", task_id: "load", run_id: "scheduled__2026-11-22T00:00:00+00:00" },
      title: "orders_daily.load failed: upstream_failed",
    },
  ],
  [
    "failed-airflow-dag",
    {
      source: "alertmanager",
      labels: { alertname: "AirflowDagRunFailed", dag_id: "orders_daily" },
      title: "AirflowDagRunFailed",
    },
  ],
  [
    "upstream-source-outage",
    {
      source: "alertmanager",
      labels: { alertname: "DebeziumConnectorDown" },
      title: "Connector shop is down",
    },
  ],
  ["upstream-source-outage", { source: "generic", title: "Source API of partner X unreachable" }],
  ["data-incident-basics", { source: "generic", title: "Numbers on the revenue dashboard look odd" }],
  [
    "data-incident-basics",
    {
      source: "alertmanager",
      labels: { alertname: "KubeQuotaAlmostFull" },
      title: "Template rendering latency",
    },
  ],
];

const { runbooks, problems } = await loadRunbooks("runbooks");
const catalog = compileRunbooks(runbooks);

test("the shipped runbooks have no problems", () => {
  expect(problems).toEqual([]);
});

test.each(ALERTS)("%s is the first choice for %o", (slug, subject) => {
  const assets = [{ namespace: "snowflake://acme", name: "analytics.marts.orders" }];
  const [first] = matchRunbooks(catalog, {
    source: "generic",
    assets,
    labels: {},
    severity: "SEV2",
    title: "",
    ...subject,
  });
  expect(first?.slug).toBe(slug);
});

test("every shipped runbook is the first choice for some alert", () => {
  expect([...new Set(ALERTS.map(([slug]) => slug))].sort()).toEqual(runbooks.map(({ slug }) => slug));
});

test.each(runbooks.map((runbook) => [runbook.slug, runbook] as const))(
  "%s can be followed on a phone",
  (_, runbook) => {
    expect(runbook.steps.length).toBeGreaterThanOrEqual(5);
    expect(runbook.steps.length).toBeLessThanOrEqual(8);
    for (const step of runbook.steps) expect(step.body.length, step.title).toBeLessThan(700);
    expect(runbook.owner).not.toBeNull();
    expect(runbook.steps.at(-1)!.title).toMatch(/resolve$/);
  },
);
