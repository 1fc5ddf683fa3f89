import { type Kysely, sql } from "kysely";

const PAGE = 500;

/** Of the likely origin its alert is known too, which stands first where not all alerts are shown. It is in the log. */
export async function up(db: Kysely<unknown>): Promise<void> {
  let after = "";
  for (;;) {
    const { rows } = await sql<{ key: string; state: string }>`
      select key, state from incident where key > ${after} order by key limit ${PAGE}`.execute(db);
    for (const row of rows) {
      const state = JSON.parse(row.state) as { likelyOrigin?: object | null };
      if (!state.likelyOrigin) continue;
      const { rows: found } = await sql<{ body: string }>`
        select body from event where incident = ${row.key} and body like '{"type":"origin_found"%'
        order by seq desc limit 1`.execute(db);
      // A log that lacks it is damaged, which `db verify` says; the bot starts all the same.
      if (!found[0]) continue;
      const { fingerprint } = JSON.parse(found[0].body) as { fingerprint: string };
      const told = { ...state, likelyOrigin: { ...state.likelyOrigin, fingerprint } };
      await sql`update incident set state = ${JSON.stringify(told)} where key = ${row.key}`.execute(db);
    }
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.key;
  }
}
