import { type Kysely, sql } from "kysely";

/** Silences, and the alerts that are held back. What happens to a silence stands in the log, under the silence's id. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("silence")
    .addColumn("id", "text", (c) => c.primaryKey())
    // Until it is over and all that it held is told.
    .addColumn("open", "integer", (c) => c.notNull())
    .addColumn("body", "text", (c) => c.notNull())
    .addColumn("seal", "text")
    .execute();
  await sql`create index silence_open on silence (id) where open = 1`.execute(db);
  await db.schema
    .createTable("held_alert")
    .addColumn("fingerprint", "text", (c) => c.primaryKey())
    // The silence's id, the window's or the rule's name.
    .addColumn("holder", "text", (c) => c.notNull())
    // On which it counts.
    .addColumn("incident", "text")
    .addColumn("body", "text", (c) => c.notNull())
    // As it came last: what is told once it is held no more.
    .addColumn("signal", "text", (c) => c.notNull())
    .addColumn("seal", "text")
    .execute();
  await db.schema.createIndex("held_alert_incident").on("held_alert").column("incident").execute();
}
