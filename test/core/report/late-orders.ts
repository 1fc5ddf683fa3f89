/** A multi-day incident of a data team, as literal events: what the report's tests and golden files are made from. */
import type {
  EventBody,
  NewEvent,
  NumberedSuspect,
  RecordedEvent,
  SeenBefore,
} from "../../../src/core/incident/events.ts";
import { record } from "../../../src/core/incident/log.ts";
import type { Actor, Via } from "../../../src/core/incident/person.ts";
import { fold } from "../../../src/core/incident/state.ts";
import type { ReportedAlert } from "../../../src/core/report/api.ts";
import type { PostmortemInput } from "../../../src/core/report/postmortem.ts";

export const ANA = { id: "U0ANA", name: "Ana Diaz" };
export const BEN = { id: "U0BEN", name: "Ben Okafor" };
export const ana: Actor = { kind: "person", ...ANA };
export const ben: Actor = { kind: "person", ...BEN };
export const dbt: Actor = { kind: "source", name: "dbt" };
export const airflow: Actor = { kind: "source", name: "airflow" };
export const system: Actor = { kind: "system" };

/** `22 03:10` is 22 November 2026, 03:10 UTC. */
export function on(day: string): string {
  const [date, time] = day.split(" ");
  return `2026-11-${date}T${time!.length === 5 ? `${time}:00` : time}.000Z`;
}

/** A log that grows by literal events. */
export class Log {
  readonly events: RecordedEvent[] = [];
  readonly key: string;
  constructor(key = "INC-12") {
    this.key = key;
  }
  add(now: string, actor: Actor, via: Via, ...decided: (EventBody | NewEvent)[]): this {
    const tail = { version: this.events.length, hash: this.events.at(-1)?.hash ?? "" };
    const asked = { actor, via, now: on(now), permalink: null };
    const bodies = decided.map((event) => ("body" in event ? event : { body: event }));
    this.events.push(...record(this.key, tail, bodies, asked));
    return this;
  }
  get state() {
    return fold(this.events)!;
  }
}

export const warehouse = (name: string) => ({ namespace: "snowflake://acme.eu", name });
const ORDERS = warehouse("analytics.staging.stg_orders");
const FACTS = warehouse("analytics.marts.fct_orders");
const REVENUE = warehouse("analytics.marts.finance_daily_revenue");
const CHURN = warehouse("analytics.marts.customer_churn_features");
const DASHBOARD = { namespace: "looker://acme", name: "Finance / Daily revenue" };

const SUSPECTS: NumberedSuspect[] = [
  {
    number: 1,
    change: "5d1c8e2f70a3b964",
    title: "Terraform run in acme/infra-prod applied: Upgrade orders-db",
    url: "https://app.terraform.example/app/acme/infra-prod/runs/run-77",
    actor: "ben-okafor",
    source: "terraform",
    at: on("21 22:35"),
    confidence: "possible",
    reason: "a change of infrastructure in prod, as what is broken, 5 min before the data broke",
  },
  {
    number: 2,
    change: "0b9e4c6d21f87a35",
    title: "Merge pull request #310: Docs of the orders mart",
    url: null,
    actor: "ana-diaz",
    source: "github",
    at: on("21 15:20"),
    confidence: "possible",
    reason:
      "changed models/staging/_orders.yml, which describes staging.stg_orders, which is broken itself, 7 h 20 min before the data broke",
  },
];
const SEEN: SeenBefore = {
  key: "INC-4",
  title: "stg_orders is 2 hours late",
  severity: "SEV3",
  resolvedAt: on("03 11:20"),
  outcome: "The connector was restarted",
  causeChange: null,
  url: "https://acme.slack.example/archives/C0DATA/p1793700000000100",
  reason: "same data (analytics.staging.stg_orders), similar error",
};

export const opened = (given: Partial<Extract<EventBody, { type: "opened" }>> = {}): EventBody => ({
  type: "opened",
  kind: "incident",
  severity: "SEV3",
  title: "stg_orders is 4 hours late",
  channel: "C0DATA",
  startedAt: on("21 22:40"),
  origin: {
    source: "dbt",
    fingerprint: "a0a0a0a0a0a0a000",
    title: "Source freshness of raw.orders failed",
    description: "max_loaded_at is 4 h 30 min old",
    asset: ORDERS,
    labels: { project: "analytics" },
    links: [{ title: "dbt run 88121", url: "https://cloud.getdbt.example/runs/88121" }],
  },
  groupingKey: "analytics.staging.stg_orders",
  reason: "no open incident has stg_orders or anything upstream of it",
  ...given,
});

export const attached = (
  n: number,
  source: string,
  title: string,
  assets = [ORDERS],
  brokenAt = on("21 22:40"),
): EventBody => ({
  type: "alert_attached",
  fingerprint: n.toString(16).padStart(16, "a"),
  source,
  severity: "error",
  title,
  assets,
  impacted: [],
  brokenAt,
  reason: "stg_orders is upstream of it",
});

const STEPS = [
  { id: "confirm-the-table-is-late", title: "Confirm the table is late" },
  { id: "find-the-last-good-load", title: "Find the last good load" },
  { id: "pause-what-exports-it", title: "Pause what exports it" },
  { id: "check-the-connector", title: "Check the connector" },
  { id: "backfill-the-gap", title: "Backfill the gap" },
  { id: "tell-the-owners-downstream", title: "Tell the owners downstream" },
];
const step = (
  place: number,
  outcome: "done" | "skipped" | "failed",
  note: string | null = null,
): EventBody => ({
  type: "step_finished",
  runbook: "late-table",
  step: STEPS[place]!.id,
  title: STEPS[place]!.title,
  outcome,
  note,
});

function storm(log: Log): void {
  for (let n = 0; n < 31; n++)
    log.add(
      `22 03:1${Math.floor(n / 8)}:${String(10 + n).padStart(2, "0")}`,
      dbt,
      "alert",
      attached(n + 1, "dbt", `not_null_model_${n}_order_id failed`, [n % 3 ? FACTS : REVENUE]),
    );
  for (let n = 0; n < 8; n++)
    log.add(
      `22 03:14:0${n}`,
      airflow,
      "alert",
      attached(n + 40, "airflow", `DAG export_orders_${n} failed on load`, [CHURN], on("22 03:05")),
    );
}

export function story(): Log {
  const log = new Log();
  log.add("22 03:10", dbt, "alert", opened(), attached(0, "dbt", "Source freshness of raw.orders failed"));
  log.add("22 03:10:01", system, "clock", {
    type: "thread_opened",
    channel: "C0DATA",
    ts: "1795316999.000100",
    permalink: "https://acme.slack.example/archives/C0DATA/p1795316999000100",
  });
  log.add(
    "22 03:10:01",
    system,
    "clock",
    { type: "changes_suspected", suspects: SUSPECTS },
    { type: "similar_found", incidents: [SEEN] },
  );
  log.add("22 03:10:02", system, "clock", {
    type: "runbook_suggested",
    runbooks: [
      {
        slug: "late-table",
        title: "Late or stale table",
        reason: "matches source dbt and asset analytics.*",
      },
      { slug: "upstream-outage", title: "Upstream source outage", reason: "matches label project" },
    ],
  });
  storm(log);
  log.add(
    "22 03:16",
    ana,
    "button",
    { type: "acknowledged" },
    { type: "role_assigned", role: "lead", person: ANA },
  );
  log.add("22 03:21", ana, "slash", {
    type: "severity_changed",
    from: "SEV3",
    to: "SEV2",
    reason: "the finance dashboard is affected",
  });
  log.add("22 03:22", ana, "slash", {
    type: "asset_added",
    asset: DASHBOARD,
    reason: "it reads finance_daily_revenue",
  });
  log.add("22 03:25", ana, "button", {
    type: "runbook_started",
    runbook: "late-table",
    title: "Late or stale table",
    hash: "5f2d9c0e7b1a4c6d8e9f00112233445566778899aabbccddeeff001122334455",
    steps: STEPS,
  });
  log.add("22 03:29", ana, "button", step(0, "done"));
  log.add("22 03:41", ana, "button", step(1, "done", "last good load: 21 Nov 22:31"));
  log.add("22 03:43", ana, "modal", step(2, "skipped", "the export reads from the replica, which is fine"));
  log.add("22 03:50", ben, "slash", { type: "role_assigned", role: "communications", person: BEN });
  log.add("22 03:52", ben, "emoji", {
    body: {
      type: "pinned",
      messageTs: "1795319400.000200",
      author: ben,
      text: "Replication slot was dropped by the Postgres 17 upgrade, see https://grafana.acme.example/d/slots?orgId=1 <@U0ANA>",
    },
    at: on("22 03:50"),
    permalink: "https://acme.slack.example/archives/C0DATA/p1795319400000200",
  });
  log.add("22 03:53", ben, "emoji", {
    type: "pin_edited",
    messageTs: "1795319400.000200",
    text: "The replication slot was dropped by the Postgres 17 upgrade, see https://grafana.acme.example/d/slots?orgId=1 <@U0ANA>",
  });
  log.add(
    "22 03:54",
    ben,
    "emoji",
    {
      body: { type: "pinned", messageTs: "1795319500.000300", author: ben, text: "brb coffee" },
      at: on("22 03:54"),
    },
    { type: "unpinned", messageTs: "1795319500.000300" },
  );
  log.add("22 03:58", ben, "slash", {
    type: "change_linked",
    text: "Upgrade of orders-db to Postgres 17",
    url: "https://github.example/acme/infra/pull/4412",
    changedAt: on("21 22:35"),
  });
  log.add("22 04:02", ben, "slash", {
    type: "status_posted",
    text: "Orders since yesterday 22:40 UTC are missing from every finance number. Next update at 05:00 UTC.",
  });
  log.add(
    "22 04:20",
    ana,
    "modal",
    step(3, "failed", "the connector cannot resume without its slot; needs a new snapshot"),
  );
  log.add(
    "22 05:40",
    ana,
    "slash",
    { type: "mitigated", text: "new slot created, the connector streams again" },
    { type: "asset_recovering", asset: ORDERS, reason: "the cause is fixed" },
  );
  log.add("22 07:05", ben, "mention", {
    body: { type: "noted", text: "Finance was told by phone not to use the daily revenue number." },
    at: on("22 04:10"),
  });
  log.add("22 18:30", ana, "button", step(4, "done", "snapshot of 1.2 M rows, 11 h"));
  for (let n = 0; n < 31; n++)
    log.add(`22 18:${String(35 + (n >> 3))}:${String(n).padStart(2, "0")}`, dbt, "alert", {
      type: "alert_resolved",
      fingerprint: (n + 1).toString(16).padStart(16, "a"),
      title: `not_null_model_${n}_order_id failed`,
      assets: [n % 3 ? FACTS : REVENUE],
    });
  for (let n = 0; n < 8; n++)
    log.add(`22 18:40:0${n}`, airflow, "alert", {
      type: "alert_resolved",
      fingerprint: (n + 40).toString(16).padStart(16, "a"),
      title: `DAG export_orders_${n} failed on load`,
      assets: [CHURN],
    });
  log.add("22 18:41", dbt, "alert", {
    type: "alert_resolved",
    fingerprint: "aaaaaaaaaaaaaaa0",
    title: "Source freshness of raw.orders failed",
    assets: [ORDERS],
  });
  log.add(
    "22 18:45",
    ana,
    "button",
    { type: "asset_verified", asset: ORDERS, reason: "row counts match the source" },
    { type: "asset_verified", asset: FACTS, reason: null },
  );
  log.add(
    "23 08:30",
    ben,
    "modal",
    { type: "asset_verified", asset: REVENUE, reason: "finance checked three days against the ledger" },
    { type: "asset_verified", asset: DASHBOARD, reason: null },
  );
  log.add("23 08:50", ana, "slash", {
    type: "asset_waived",
    asset: CHURN,
    reason: "retrained weekly, next run is on Friday",
  });
  log.add("23 09:12", ana, "modal", {
    type: "resolved",
    text: "all orders are loaded and finance has confirmed the numbers",
  });
  const mitigated = log.events.find((event) => event.body.type === "mitigated")!.seq;
  log.add("23 09:20", ana, "modal", { type: "entry_edited", seq: mitigated, text: null, at: on("22 05:31") });
  const [cause] = SUSPECTS;
  log.add("23 09:22", ana, "mention", {
    type: "cause_named",
    change: cause!.change,
    text: cause!.title,
    url: cause!.url,
    changedAt: cause!.at,
  });
  log.add("23 09:25", ana, "slash", {
    type: "summary_set",
    text: "A planned upgrade of orders-db dropped the replication slot of the CDC connector. No order reached the warehouse for 7 hours, and a new snapshot took 11 more.\n\nFinance worked with a wrong daily revenue number for one morning.",
  });
  log.add("23 09:30", ana, "slash", {
    type: "review_written",
    section: "well",
    statements: [
      "One incident for 40 alerts: nobody was paged twice.",
      "Finance heard from us before they noticed.",
    ],
  });
  log.add("23 09:31", ben, "slash", {
    type: "review_written",
    section: "badly",
    statements: [
      "Freshness was checked every 6 hours, so the gap ran for 4 h 30 min unseen.",
      "The runbook did not say what to do when the slot is gone.",
    ],
  });
  log.add("23 09:33", ana, "slash", {
    type: "review_written",
    section: "factor",
    statements: [
      "Major version upgrades drop logical replication slots (https://www.postgresql.org/docs/17/logical-replication.html).",
    ],
  });
  log.add("23 09:40", ben, "modal", {
    type: "task_added",
    task: 1,
    text: "Check raw.orders for freshness every 30 minutes",
    owner: BEN,
    due: "2026-11-27",
  });
  log.add(
    "23 09:41",
    ana,
    "modal",
    {
      type: "task_added",
      task: 2,
      text: "Add the lost slot to the late-table runbook",
      owner: ANA,
      due: "2026-12-04",
    },
    {
      type: "task_added",
      task: 3,
      text: "Ask infra to announce database upgrades to #data",
      owner: null,
      due: null,
    },
  );
  log.add("23 15:00", ana, "slash", { type: "task_done", task: 2 });
  log.add("23 15:01", ana, "slash", {
    type: "link_added",
    link: { title: "Freshness dashboard", url: "https://grafana.acme.example/d/freshness" },
  });
  log.add("24 15:00", system, "clock", { type: "closed", reason: "resolved for a day" });
  return log;
}

/** The alerts as the store would give them: newest first. */
export function alertsOf(log: Log): ReportedAlert[] {
  return log.events
    .flatMap(({ at, body }): ReportedAlert[] => {
      if (body.type !== "alert_attached") return [];
      const { fingerprint, source, severity, title, assets, brokenAt, reason } = body;
      const resolved = log.events.find(
        (event) => event.body.type === "alert_resolved" && event.body.fingerprint === fingerprint,
      );
      const links = fingerprint.endsWith("a0")
        ? [{ title: "dbt run 88121", url: "https://cloud.getdbt.example/runs/88121" }]
        : [];
      return [
        {
          ...{
            fingerprint,
            source,
            severity,
            title,
            assets,
            reason,
            links,
            description: null,
            labels: { project: "analytics", env: "prod" },
          },
          ...{
            status: resolved ? "resolved" : "firing",
            startsAt: brokenAt,
            endsAt: resolved?.at ?? null,
            firstSeenAt: at,
          },
          ...{ lastSeenAt: resolved?.at ?? at, count: resolved ? 2 : 1, outcome: "grouped" },
        },
      ];
    })
    .reverse();
}

export function inputOf(log: Log, asOf = "2027-01-01T00:00:00.000Z"): PostmortemInput {
  return { state: log.state, events: log.events, alerts: alertsOf(log), asOf };
}
