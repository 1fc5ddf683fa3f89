import { createHash } from "node:crypto";
import type { Database } from "./open.ts";
import { signalsOf } from "./signal-log.ts";

/**
 * A hash over everything that stands in the place of something erased, or null where nothing was. Each erasure puts it
 * into the audit log: the chains hold by the old digests, so without it what stands there could be changed unseen.
 */
export async function sealOfErased(db: Database): Promise<string | null> {
  const sum = createHash("sha256");
  let any = false;
  const add = (row: object) => {
    any = true;
    sum.update(`\n${JSON.stringify(Object.values(row))}`);
  };
  const events = db.selectFrom("event").where("digests", "is not", null);
  for (const row of await events
    .select(["incident", "seq", "at", "recorded_at", "actor", "via", "permalink", "body", "hash", "digests"])
    .orderBy("incident")
    .orderBy("seq")
    .execute())
    add(row);
  const named = db.selectFrom("audit").where("salt", "is", null);
  for (const row of await named.select(["seq", "by", "digest"]).orderBy("seq").execute()) add(row);
  const links = db.selectFrom("signal_batch").where("salt", "is", null);
  for (const { seq, last_id } of await links.select(["seq", "last_id"]).orderBy("seq").execute()) {
    const before = await db
      .selectFrom("signal_batch")
      .select("last_id")
      .where("seq", "=", seq - 1)
      .executeTakeFirst();
    for (const row of await signalsOf(db, before?.last_id ?? 0, last_id)) add(row);
  }
  return any ? sum.digest("hex") : null;
}
