import { type Kysely, PostgresAdapter, sql } from "kysely";

/**
 * What proves that nothing was changed beside the bot, and what lets retention and erasure through all the same: seals
 * on working rows, a chain over the signals, the audit log, and permits.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const postgres = db.getExecutor().adapter instanceof PostgresAdapter;

  // Of an event the hash covers digests of what may have to be erased; erased, the digests stand in its place.
  await db.schema.alterTable("event").addColumn("salt", "text").execute();
  await db.schema.alterTable("event").addColumn("digests", "text").execute();
  await sql`create index event_erased on event (incident, seq) where digests is not null`.execute(db);

  // A link for each transaction that stored signals: a hash over them and over the link before.
  await db.schema
    .createTable("signal_batch")
    .addColumn("seq", "integer", (c) => c.primaryKey())
    .addColumn("at", "text", (c) => c.notNull())
    .addColumn("last_id", postgres ? "bigint" : "integer", (c) => c.notNull())
    .addColumn("rows", "integer", (c) => c.notNull())
    .addColumn("salt", "text")
    .addColumn("digest", "text", (c) => c.notNull())
    .addColumn("hash", "text", (c) => c.notNull())
    .execute();
  await db.schema.createIndex("signal_batch_at").on("signal_batch").column("at").execute();
  await sql`create index signal_batch_erased on signal_batch (seq) where salt is null`.execute(db);

  // Administrative acts: starts, changes of configuration, migrations, backups, restores, retention, erasures.
  await db.schema
    .createTable("audit")
    .addColumn("seq", "integer", (c) => c.primaryKey())
    .addColumn("at", "text", (c) => c.notNull())
    .addColumn("act", "text", (c) => c.notNull())
    .addColumn("by", "text", (c) => c.notNull())
    .addColumn("details", "text", (c) => c.notNull())
    .addColumn("salt", "text")
    .addColumn("digest", "text", (c) => c.notNull())
    .addColumn("hash", "text", (c) => c.notNull())
    .execute();
  await db.schema.createIndex("audit_act").on("audit").columns(["act", "seq"]).execute();

  // A row here, written and taken back within one transaction, opens a log to retention or erasure.
  await db.schema
    .createTable("log_permit")
    .addColumn("log", "text", (c) => c.primaryKey())
    .execute();
  for (const log of ["event", "signal", "signal_batch", "audit"]) await appendOnly(db, postgres, log);

  for (const table of [
    "alert",
    "incident_alert",
    "outbox",
    "change",
    "lineage",
    "lineage_version",
    "processed",
    "runbook_version",
  ])
    await db.schema.alterTable(table).addColumn("seal", "text").execute();

  // By which the rows of one incident are found, to be checked or written anew.
  await db.schema.createIndex("incident_term_incident").on("incident_term").column("incident").execute();
  await db.schema.createIndex("incident_group_incident").on("incident_group").column("incident").execute();

  // What retention takes away is found by time.
  await db.schema
    .alterTable("processed")
    .addColumn("at", "text", (c) => c.notNull().defaultTo(""))
    .execute();
  await db.schema.createIndex("processed_at").on("processed").column("at").execute();
  await sql`create index outbox_told on outbox (ts) where state = 'done' and kind in ('reply', 'file', 'notice')`.execute(
    db,
  );
}

/** As in the first schema, but for whoever has a permit. */
async function appendOnly(db: Kysely<unknown>, postgres: boolean, table: string): Promise<void> {
  const message = `the ${table} log is append-only`;
  const run = (text: string) => sql.raw(text).execute(db);
  const permitted = `exists (select 1 from log_permit where log = '${table}')`;
  if (postgres) {
    await run(`drop trigger if exists ${table}_append_only on ${table}`);
    await run(
      `create or replace function ${table}_append_only() returns trigger language plpgsql as $$ begin
         if tg_op <> 'TRUNCATE' and ${permitted} then
           if tg_op = 'DELETE' then return old; end if;
           return new;
         end if;
         raise exception '${message}';
       end $$`,
    );
    await run(
      `create trigger ${table}_append_only before update or delete on ${table} for each row execute function ${table}_append_only()`,
    );
    await run(
      `create trigger ${table}_no_truncate before truncate on ${table} for each statement execute function ${table}_append_only()`,
    );
    return;
  }
  for (const change of ["update", "delete"]) {
    await run(`drop trigger if exists ${table}_no_${change}`);
    await run(
      `create trigger ${table}_no_${change} before ${change} on ${table} when not ${permitted} begin select raise(abort, '${message}'); end`,
    );
  }
}
