import { type Kysely, PostgresAdapter, sql } from "kysely";

/**
 * What incidents are found by is kept twice: as it was told, one row for all words of a moment, and by word. Only the
 * first is written as an incident opens, as by word each would change a page of its own. What is by word is a key and
 * nothing else, so in a file it is kept as that, without rows that the key would only point to.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const postgres = db.getExecutor().adapter instanceof PostgresAdapter;
  const run = (text: string) => sql.raw(text).execute(db);
  const keyed = postgres ? sql`` : sql`without rowid`;

  await db.schema
    .createTable("incident_telling")
    .addColumn("incident", "text", (c) => c.notNull())
    .addColumn("seq", "integer", (c) => c.notNull())
    .addColumn("detected_at", "text", (c) => c.notNull())
    .addColumn("terms", "text", (c) => c.notNull())
    .addColumn("due", "integer", (c) => c.notNull())
    .addPrimaryKeyConstraint("incident_telling_pk", ["incident", "seq"])
    .modifyEnd(keyed)
    .execute();
  await sql`create index incident_telling_due on incident_telling (incident, seq) where due = 1`.execute(db);
  const all = postgres ? "json_agg(term)::text" : "json_group_array(term)";
  await run(
    `insert into incident_telling select incident, 0, detected_at, ${all}, 0 from incident_term group by incident, detected_at`,
  );

  await run("alter table incident_term rename to incident_term_before");
  if (postgres)
    await run(
      "alter table incident_term_before rename constraint incident_term_pk to incident_term_before_pk",
    );
  await run("drop index incident_term_incident");
  await db.schema
    .createTable("incident_term")
    .addColumn("term", "text", (c) => c.notNull())
    .addColumn("detected_at", "text", (c) => c.notNull())
    .addColumn("incident", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("incident_term_pk", ["term", "detected_at", "incident"])
    .modifyEnd(keyed)
    .execute();
  await run(
    "insert into incident_term select term, detected_at, incident from incident_term_before order by 1, 2, 3",
  );
  await run("drop table incident_term_before");
}
