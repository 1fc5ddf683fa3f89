import { type Kysely, PostgresAdapter } from "kysely";

/**
 * An alert that comes again and says nothing new is kept in the log as a reference to the signal that said it, and
 * counted here instead of in a row of its incident that would be written anew.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const postgres = db.getExecutor().adapter instanceof PostgresAdapter;
  // A hash of what it said last, and the signal that has it in full.
  await db.schema.alterTable("alert").addColumn("said", "text").execute();
  await db.schema
    .alterTable("alert")
    .addColumn("signal_id", postgres ? "bigint" : "integer")
    .execute();
  // How often it was repeated since its row in the incident was written.
  await db.schema.alterTable("alert").addColumn("repeats", "integer").execute();
}
