import type { Kysely } from "kysely";

/** What depends on what, as each provider last stated it, and when it stated something else. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The current statement; the graph is made of all of them.
  await db.schema
    .createTable("lineage")
    .addColumn("provider", "text", (c) => c.notNull())
    .addColumn("key", "text", (c) => c.notNull())
    .addColumn("version", "integer", (c) => c.notNull())
    .addColumn("hash", "text", (c) => c.notNull())
    .addColumn("received_at", "text", (c) => c.notNull())
    .addColumn("body", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("lineage_pk", ["provider", "key"])
    .execute();
  // Only what tells versions apart: a manifest has tens of megabytes, and a project is deployed every day.
  await db.schema
    .createTable("lineage_version")
    .addColumn("provider", "text", (c) => c.notNull())
    .addColumn("key", "text", (c) => c.notNull())
    .addColumn("version", "integer", (c) => c.notNull())
    .addColumn("hash", "text", (c) => c.notNull())
    .addColumn("received_at", "text", (c) => c.notNull())
    .addColumn("assets", "integer", (c) => c.notNull())
    .addColumn("edges", "integer", (c) => c.notNull())
    .addPrimaryKeyConstraint("lineage_version_pk", ["provider", "key", "version"])
    .execute();
}
