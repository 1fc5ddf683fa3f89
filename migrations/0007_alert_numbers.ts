import { type Kysely, PostgresAdapter, sql } from "kysely";

/**
 * Alerts get numbers, in the order in which they were first heard of, and their rows in incidents are kept by these:
 * what comes in a storm then stands at the end of an index, where by its fingerprint each would change a page of its own.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const postgres = db.getExecutor().adapter instanceof PostgresAdapter;
  const run = (text: string) => sql.raw(text).execute(db);

  await run("alter table alert rename to alert_before");
  if (postgres) await run("alter table alert_before rename constraint alert_pkey to alert_before_pkey");
  await db.schema
    .createTable("alert")
    .addColumn("no", postgres ? "bigserial" : "integer", (c) => c.primaryKey())
    .addColumn("fingerprint", "text", (c) => c.notNull().unique())
    .addColumn("source", "text", (c) => c.notNull())
    .addColumn("dedup_key", "text", (c) => c.notNull())
    .addColumn("status", "text", (c) => c.notNull())
    .addColumn("incident", "text")
    .addColumn("starts_at", "text")
    .addColumn("observed_at", "text")
    .addColumn("first_seen_at", "text", (c) => c.notNull())
    .addColumn("last_seen_at", "text", (c) => c.notNull())
    .addColumn("count", "integer", (c) => c.notNull())
    .addColumn("seal", "text")
    .addColumn("said", "text")
    .addColumn("signal_id", postgres ? "bigint" : "integer")
    .addColumn("repeats", "integer")
    .execute();
  const alert =
    "fingerprint, source, dedup_key, status, incident, starts_at, observed_at, first_seen_at, last_seen_at, count, seal, said, signal_id, repeats";
  await run(
    `insert into alert (${alert}) select ${alert} from alert_before order by first_seen_at, fingerprint`,
  );
  await run("drop table alert_before");

  await run("alter table incident_alert rename to incident_alert_before");
  if (postgres)
    await run(
      "alter table incident_alert_before rename constraint incident_alert_pk to incident_alert_before_pk",
    );
  await run("drop index incident_alert_newest");
  await db.schema
    .createTable("incident_alert")
    .addColumn("alert", postgres ? "bigint" : "integer", (c) => c.notNull())
    .addColumn("incident", "text", (c) => c.notNull())
    .addColumn("fingerprint", "text", (c) => c.notNull())
    .addColumn("status", "text", (c) => c.notNull())
    .addColumn("last_seen_at", "text", (c) => c.notNull())
    .addColumn("body", "text", (c) => c.notNull())
    .addColumn("seal", "text")
    .addPrimaryKeyConstraint("incident_alert_pk", ["alert", "incident"])
    .execute();
  const row = "incident, fingerprint, status, last_seen_at, body, seal";
  await run(
    `insert into incident_alert (alert, ${row})
     select alert.no, ${row
       .split(", ")
       .map((column) => `before.${column}`)
       .join(", ")}
     from incident_alert_before as before join alert on alert.fingerprint = before.fingerprint order by 1`,
  );
  await run("drop table incident_alert_before");
  await db.schema
    .createIndex("incident_alert_newest")
    .on("incident_alert")
    .columns(["incident", "status", "last_seen_at"])
    .execute();
}
