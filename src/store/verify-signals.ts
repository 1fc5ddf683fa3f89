import { lastAct } from "./audit.ts";
import { atOneMoment, type Database } from "./open.ts";
import { digestSignals, linkHash, signalsOf } from "./signal-log.ts";
import type { Checking } from "./verify.ts";

const LINKS = 100;

/**
 * Follows the chain over the signals from its first link that is left. Retention says in the audit log up to which link
 * it takes away; what is missing beyond that was taken by somebody else.
 */
export async function verifySignals(db: Database, { fault, progress }: Checking): Promise<number> {
  let before: { seq: number; last_id: number; hash: string | null } | null = null;
  let checked = 0;
  for (;;) {
    const more: boolean = await atOneMoment(db, async (trx) => {
      const links = await trx
        .selectFrom("signal_batch")
        .selectAll()
        .where("seq", ">", before?.seq ?? 0)
        .orderBy("seq")
        .limit(LINKS)
        .execute();
      const first = links[0]?.seq ?? null;
      before ??= await beginning(trx, first);
      if (first !== null && first > before.seq + 1) {
        // Retention goes on meanwhile, and may be ahead of us.
        const left = await beginning(trx, first);
        if (left.seq > before.seq) before = left;
      }
      for (const link of links) {
        const place = `signals ${before.last_id + 1} to ${link.last_id}`;
        const follows =
          link.seq === before.seq + 1 && (before.hash === null || linkHash(before.hash, link) === link.hash);
        if (!follows) fault({ place, what: "the chain of hashes breaks here" });
        const rows = await signalsOf(trx, before.last_id, link.last_id);
        if (rows.length !== link.rows)
          fault({ place, what: `${link.rows} were stored, ${rows.length} are there` });
        // Where something was erased, the audit log vouches for what is left.
        else if (link.salt !== null && digestSignals(link.salt, rows) !== link.digest)
          fault({ place, what: "they are not as they were stored" });
        checked += rows.length;
        before = link;
      }
      if (links.length < LINKS) await verifyEnds(trx, before.last_id, fault);
      return links.length === LINKS;
    });
    if (!more) return checked;
    progress(`${checked} signals`);
  }
}

/** What comes before the first link that is left. */
async function beginning(
  db: Database,
  first: number | null,
): Promise<{ seq: number; last_id: number; hash: string | null }> {
  const act = await lastAct(db, "retention");
  const taken = act?.details.signals as { through: number; lastId: number; hash: string } | null | undefined;
  if (!taken || first === 1) return { seq: 0, last_id: 0, hash: "" };
  if (first === null || first > taken.through)
    return { seq: taken.through, last_id: taken.lastId, hash: taken.hash };
  // Retention is under way; what it has taken so far hung together with what it is still to take.
  const least = await db
    .selectFrom("signal")
    .select((e) => e.fn.min("id").as("id"))
    .executeTakeFirst();
  return { seq: first - 1, last_id: (least?.id ?? 1) - 1, hash: null };
}

async function verifyEnds(db: Database, last: number, fault: Checking["fault"]): Promise<void> {
  const { id } = await db
    .selectFrom("signal")
    .select((e) => e.fn.max("id").as("id"))
    .executeTakeFirstOrThrow();
  if (id !== null && id > last) fault({ place: `signal ${id}`, what: "it was not stored by the bot" });
}
