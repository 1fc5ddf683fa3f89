import type { Kysely } from "kysely";

/** Changes that could be the cause of what breaks after them: deploys, merges, applies, runs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("change")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("source", "text", (c) => c.notNull())
    .addColumn("at", "text", (c) => c.notNull())
    .addColumn("body", "text", (c) => c.notNull())
    .execute();
  // They are asked for by time: those before an incident.
  await db.schema.createIndex("change_at").on("change").columns(["at", "id"]).execute();
}
