import { sql } from "kysely";
import type { Waiting } from "../engine/troubles.ts";
import { recordAct } from "./audit.ts";
import type { Database } from "./open.ts";

/** A message that Slack refused for good. `error` is Slack's word for why. */
export type Parked = {
  id: number;
  key: string;
  incident: string;
  kind: string;
  channel: string;
  error: string | null;
};

/** As the partial index has it, or SQLite would walk every row ever delivered. */
const undelivered = sql<boolean>`state <> 'done'`;

/** More than these are not looked at one by one. */
const MAX_WAITING = 1000;

/** What waits, oldest first. */
export async function waitingOf(db: Database): Promise<Waiting[]> {
  const rows = await db
    .selectFrom("outbox")
    .select(["id", "sent", "attempts", "not_before"])
    .where(undelivered)
    .where("state", "in", ["pending", "sending"])
    .orderBy("id")
    .limit(MAX_WAITING)
    .execute();
  return rows.map(({ not_before, ...row }) => ({ ...row, notBefore: not_before }));
}

export async function parkedOf(db: Database): Promise<Parked[]> {
  return db
    .selectFrom("outbox")
    .select(["id", "key", "incident", "kind", "channel", "error"])
    .where(undelivered)
    .where("state", "=", "dead")
    .orderBy("id")
    .execute();
}

/**
 * Puts parked messages back among those that wait: one of them, or all (null). Safe beside the running bot: it is one
 * short transaction that touches nothing but parked rows, of which the bot remembers nothing; it finds them at its next
 * look, five seconds later at most. `by` is who, for the audit log. Returns how many.
 */
export function putBack(db: Database, id: number | null, by: string): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const done = await trx
      .updateTable("outbox")
      .set({ state: "pending", attempts: 0, not_before: "" })
      .where(undelivered)
      .where("state", "=", "dead")
      .$if(id !== null, (query) => query.where("id", "=", id!))
      .executeTakeFirst();
    const count = Number(done.numUpdatedRows);
    if (count > 0) await recordAct(trx, { act: "delivery_retried", by, details: { id, count } });
    return count;
  });
}
