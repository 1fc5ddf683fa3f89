import { type Kysely, sql } from "kysely";

const PAGE = 500;

/**
 * What people wrote in an incident has rows of its own, so that with each further note the ones before it are not read
 * and written again.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("incident_entry")
    .addColumn("incident", "text", (c) => c.notNull())
    .addColumn("seq", "integer", (c) => c.notNull())
    .addColumn("body", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("incident_entry_pk", ["incident", "seq"])
    .execute();
  let after = "";
  for (;;) {
    const { rows } = await sql<{ key: string; state: string }>`
      select key, state from incident where key > ${after} order by key limit ${PAGE}`.execute(db);
    for (const { key, state } of rows) {
      const { entries = {}, ...rest } = JSON.parse(state) as { entries?: Record<string, unknown> };
      await sql`update incident set state = ${JSON.stringify(rest)} where key = ${key}`.execute(db);
      for (const [seq, entry] of Object.entries(entries))
        await sql`insert into incident_entry (incident, seq, body)
          values (${key}, ${Number(seq)}, ${JSON.stringify(entry)})`.execute(db);
    }
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.key;
  }
}
