import { type Kysely, PostgresAdapter, sql } from "kysely";

/** The first schema. Times are ISO 8601 UTC text, which sorts as time; JSON is text, so that hashed bytes stay as they are. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const postgres = db.getExecutor().adapter instanceof PostgresAdapter;

  await db.schema
    .createTable("counter")
    .addColumn("name", "text", (c) => c.primaryKey())
    .addColumn("value", "integer", (c) => c.notNull())
    .execute();

  // The log. One row an event, never changed: the triggers below hold that.
  await db.schema
    .createTable("event")
    .addColumn("incident", "text", (c) => c.notNull())
    .addColumn("seq", "integer", (c) => c.notNull())
    .addColumn("at", "text", (c) => c.notNull())
    .addColumn("recorded_at", "text", (c) => c.notNull())
    .addColumn("actor", "text", (c) => c.notNull())
    .addColumn("via", "text", (c) => c.notNull())
    .addColumn("permalink", "text")
    .addColumn("body", "text", (c) => c.notNull())
    .addColumn("hash", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("event_pk", ["incident", "seq"])
    .execute();
  await appendOnly(db, postgres, "event");

  // What came in, with what became of it; routing can be replayed from it.
  await db.schema
    .createTable("signal")
    .addColumn("id", postgres ? "bigserial" : "integer", (c) =>
      postgres ? c.primaryKey() : c.primaryKey().autoIncrement(),
    )
    .addColumn("received_at", "text", (c) => c.notNull())
    .addColumn("source", "text", (c) => c.notNull())
    .addColumn("fingerprint", "text", (c) => c.notNull())
    .addColumn("delivery_id", "text")
    .addColumn("body", "text", (c) => c.notNull())
    .addColumn("outcome", "text", (c) => c.notNull())
    .addColumn("incident", "text")
    .addColumn("reason", "text", (c) => c.notNull())
    .execute();
  await sql`create index signal_delivery on signal (source, fingerprint, delivery_id) where delivery_id is not null`.execute(
    db,
  );
  await appendOnly(db, postgres, "signal");

  // Read models: folds of the log, written in the same transaction.
  await db.schema
    .createTable("incident")
    .addColumn("key", "text", (c) => c.primaryKey())
    .addColumn("number", "integer", (c) => c.notNull())
    .addColumn("kind", "text", (c) => c.notNull())
    .addColumn("phase", "text", (c) => c.notNull())
    .addColumn("open", "integer", (c) => c.notNull())
    .addColumn("severity", "text", (c) => c.notNull())
    .addColumn("channel", "text", (c) => c.notNull())
    .addColumn("thread_ts", "text")
    .addColumn("detected_at", "text", (c) => c.notNull())
    .addColumn("resolved_at", "text")
    .addColumn("version", "integer", (c) => c.notNull())
    .addColumn("state", "text", (c) => c.notNull())
    .execute();
  await db.schema.createIndex("incident_newest").on("incident").columns(["detected_at", "key"]).execute();
  await db.schema.createIndex("incident_open").on("incident").columns(["open", "channel"]).execute();
  await db.schema
    .createIndex("incident_phase")
    .on("incident")
    .columns(["phase", "detected_at", "key"])
    .execute();
  await db.schema
    .createIndex("incident_thread")
    .unique()
    .on("incident")
    .columns(["channel", "thread_ts"])
    .execute();

  await db.schema
    .createTable("incident_group")
    .addColumn("grouping_key", "text", (c) => c.notNull())
    .addColumn("incident", "text", (c) => c.notNull())
    .addColumn("open", "integer", (c) => c.notNull())
    .addPrimaryKeyConstraint("incident_group_pk", ["grouping_key", "incident"])
    .execute();
  // At most one open incident per grouping key, whatever the code above believes.
  await sql`create unique index incident_group_open on incident_group (grouping_key) where open = 1`.execute(
    db,
  );

  await db.schema
    .createTable("incident_asset")
    .addColumn("incident", "text", (c) => c.notNull())
    .addColumn("asset", "text", (c) => c.notNull())
    .addColumn("recovery", "text", (c) => c.notNull())
    .addColumn("state", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("incident_asset_pk", ["incident", "asset"])
    .execute();

  // Words, assets and sources by which an incident is found, newest first.
  await db.schema
    .createTable("incident_term")
    .addColumn("term", "text", (c) => c.notNull())
    .addColumn("detected_at", "text", (c) => c.notNull())
    .addColumn("incident", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("incident_term_pk", ["term", "detected_at", "incident"])
    .execute();

  await db.schema
    .createTable("alert")
    .addColumn("fingerprint", "text", (c) => c.primaryKey())
    .addColumn("source", "text", (c) => c.notNull())
    .addColumn("dedup_key", "text", (c) => c.notNull())
    .addColumn("status", "text", (c) => c.notNull())
    .addColumn("incident", "text")
    .addColumn("starts_at", "text")
    .addColumn("observed_at", "text")
    .addColumn("first_seen_at", "text", (c) => c.notNull())
    .addColumn("last_seen_at", "text", (c) => c.notNull())
    .addColumn("count", "integer", (c) => c.notNull())
    .execute();

  await db.schema
    .createTable("incident_alert")
    .addColumn("incident", "text", (c) => c.notNull())
    .addColumn("fingerprint", "text", (c) => c.notNull())
    .addColumn("status", "text", (c) => c.notNull())
    .addColumn("last_seen_at", "text", (c) => c.notNull())
    .addColumn("body", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("incident_alert_pk", ["incident", "fingerprint"])
    .execute();
  await db.schema
    .createIndex("incident_alert_newest")
    .on("incident_alert")
    .columns(["incident", "status", "last_seen_at"])
    .execute();

  // Effects: what Slack is to show, and what it shows.
  await db.schema
    .createTable("outbox")
    .addColumn("id", postgres ? "bigserial" : "integer", (c) =>
      postgres ? c.primaryKey() : c.primaryKey().autoIncrement(),
    )
    .addColumn("key", "text", (c) => c.notNull().unique())
    .addColumn("incident", "text", (c) => c.notNull())
    .addColumn("kind", "text", (c) => c.notNull())
    .addColumn("payload", "text", (c) => c.notNull())
    .addColumn("wanted", "integer", (c) => c.notNull())
    .addColumn("sent", "integer", (c) => c.notNull())
    .addColumn("state", "text", (c) => c.notNull())
    .addColumn("attempts", "integer", (c) => c.notNull())
    .addColumn("not_before", "text", (c) => c.notNull())
    .addColumn("channel", "text", (c) => c.notNull())
    .addColumn("ts", "text")
    .addColumn("error", "text")
    .execute();
  // Delivered rows stay, so these leave them out; a query must repeat the condition word for word to be served by them.
  await sql`create index outbox_undelivered on outbox (state, id) where state <> 'done'`.execute(db);
  await sql`create index outbox_unposted on outbox (incident, id) where ts is null`.execute(db);

  // Idempotency keys of commands, with the answer that was given.
  await db.schema
    .createTable("processed")
    .addColumn("key", "text", (c) => c.primaryKey())
    .addColumn("result", "text", (c) => c.notNull())
    .execute();

  await db.schema
    .createTable("runbook_version")
    .addColumn("hash", "text", (c) => c.primaryKey())
    .addColumn("slug", "text", (c) => c.notNull())
    .addColumn("text", "text", (c) => c.notNull())
    .execute();
}

async function appendOnly(db: Kysely<unknown>, postgres: boolean, table: string): Promise<void> {
  const message = `the ${table} log is append-only`;
  if (postgres) {
    await sql
      .raw(
        `create function ${table}_append_only() returns trigger language plpgsql as $$ begin raise exception '${message}'; end $$`,
      )
      .execute(db);
    await sql
      .raw(
        `create trigger ${table}_append_only before update or delete on ${table} for each row execute function ${table}_append_only()`,
      )
      .execute(db);
    return;
  }
  for (const change of ["update", "delete"]) {
    await sql
      .raw(
        `create trigger ${table}_no_${change} before ${change} on ${table} begin select raise(abort, '${message}'); end`,
      )
      .execute(db);
  }
}
