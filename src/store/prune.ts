import { sql } from "kysely";
import { type Cutoffs, cutoffs, type Retention } from "../engine/retention.ts";
import { appendAct, lastAct } from "./audit.ts";
import { sealOfErased } from "./erased.ts";
import type { Database } from "./open.ts";
import { withPermit } from "./permit.ts";
import { lastLink } from "./signal-log.ts";

/** Up to where retention takes signals away: the last link, and its hash, which stands for all that went before it. */
type Taken = { through: number; lastId: number; hash: string };

/**
 * Takes away some of what is older than its cutoff: at most `limit` rows of a kind, but always whole links of the chain
 * of signals. Says first in the audit log what will go. Returns how many rows went; 0 means that nothing is left to do.
 */
export async function prune(db: Database, before: Cutoffs, limit: number): Promise<number> {
  const due = await countOld(db, before, limit);
  if (Object.values(due).every((count) => count === 0)) return 0;
  const taken = await announce(db, before);
  let gone = taken && due.signals > 0 ? await pruneSignals(db, taken, limit) : 0;
  for (const remove of removals(db, before, limit))
    gone += Number((await remove.execute())[0]!.numDeletedRows);
  return gone;
}

/** Rows of a kind in one transaction, where somebody waits for all of them. */
const STEP = 5000;

/** Everything that is older than it is kept, step by step, so that a bot beside it is never held up for long. */
export async function pruneAll(db: Database, retention: Retention, now: string): Promise<number> {
  const before = cutoffs(retention, now);
  let gone = 0;
  for (;;) {
    const step = await db.transaction().execute((trx) => prune(trx, before, STEP));
    if (step === 0) return gone;
    gone += step;
  }
}

/** How much of each kind is older than it is kept. */
export function countDue(db: Database, retention: Retention, now: string) {
  return countOld(db, cutoffs(retention, now), Number.MAX_SAFE_INTEGER);
}

/** The same, at most `limit` of each kind. */
async function countOld(
  db: Database,
  before: Cutoffs,
  limit: number,
): Promise<Record<keyof Cutoffs, number>> {
  const counted = async (
    query: { limit(n: number): { execute(): Promise<object[]> } },
    cutoff: string | null,
  ) => (cutoff === null ? 0 : (await query.limit(limit).execute()).length);
  const links = await db
    .selectFrom("signal_batch")
    .select("rows")
    .where("at", "<", before.signals ?? "")
    .orderBy("at")
    .limit(limit)
    .execute();
  return {
    signals: links.reduce((sum, { rows }) => sum + rows, 0),
    changes: await counted(oldChanges(db, before.changes), before.changes),
    deliveries: await counted(oldDeliveries(db, before.deliveries), before.deliveries),
    answers: await counted(oldAnswers(db, before.answers), before.answers),
    lineage: await counted(oldLineage(db, before.lineage), before.lineage),
  };
}

const oldChanges = (db: Database, before: string | null) =>
  db
    .selectFrom("change")
    .select("id")
    .where("at", "<", before ?? "");
const oldAnswers = (db: Database, before: string | null) =>
  db
    .selectFrom("processed")
    .select("key")
    .where("at", "<", before ?? "");
/** Replies and files that Slack has; a living message is needed for as long as it may be edited. Its ts is a time. */
const oldDeliveries = (db: Database, before: string | null) =>
  db
    .selectFrom("outbox")
    .select("id")
    .where(sql<boolean>`state = 'done' and kind in ('reply', 'file', 'notice')`)
    .where("ts", "<", String(Date.parse(before ?? "1970-01-01") / 1000));
/** The history of statements, but for the one in force. */
const oldLineage = (db: Database, before: string | null) =>
  db
    .selectFrom("lineage_version as old")
    .select(["old.provider", "old.key", "old.version"])
    .where("old.received_at", "<", before ?? "")
    .where((e) =>
      e.exists(
        e
          .selectFrom("lineage")
          .select("lineage.key")
          .whereRef("lineage.provider", "=", "old.provider")
          .whereRef("lineage.key", "=", "old.key")
          .whereRef("lineage.version", ">", "old.version"),
      ),
    );

function removals(db: Database, before: Cutoffs, limit: number) {
  return [
    db.deleteFrom("change").where("id", "in", oldChanges(db, before.changes).limit(limit)),
    db.deleteFrom("processed").where("key", "in", oldAnswers(db, before.answers).limit(limit)),
    db.deleteFrom("outbox").where("id", "in", oldDeliveries(db, before.deliveries).limit(limit)),
    db
      .deleteFrom("lineage_version")
      .where((e) =>
        e(
          e.refTuple("provider", "key", "version"),
          "in",
          oldLineage(db, before.lineage).limit(limit).$asTuple("provider", "key", "version"),
        ),
      ),
  ];
}

/** Where the audit log does not say yet that so much will go, it does now. Returns up to where signals go. */
async function announce(db: Database, before: Cutoffs): Promise<Taken | null> {
  const last = await lastAct(db, "retention");
  const was = (last?.details ?? { before: null, signals: null }) as {
    before: Cutoffs;
    signals: Taken | null;
  };
  if (JSON.stringify(was.before) === JSON.stringify(sorted(before))) return was.signals;
  const link =
    before.signals === null
      ? undefined
      : await db
          .selectFrom("signal_batch")
          .select(["seq", "last_id", "hash"])
          .where("at", "<", before.signals)
          .orderBy("at", "desc")
          .orderBy("seq", "desc")
          .limit(1)
          .executeTakeFirst();
  const through = link && { through: link.seq, lastId: link.last_id, hash: link.hash };
  const signals = through && through.through > (was.signals?.through ?? 0) ? through : was.signals;
  await appendAct(db, { act: "retention", by: "bot", details: { before, signals } });
  return signals;
}

/** As the audit log has it. */
function sorted(before: Cutoffs): object {
  return Object.fromEntries(Object.entries(before).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function pruneSignals(db: Database, { through }: Taken, limit: number): Promise<number> {
  // The newest link stays, whatever its age: the next one continues it.
  const newest = (await lastLink(db))?.seq ?? 0;
  const links = await db
    .selectFrom("signal_batch")
    .select(["seq", "last_id", "rows", "salt"])
    .where("seq", "<=", Math.min(through, newest - 1))
    .orderBy("seq")
    .limit(limit)
    .execute();
  let count = 0;
  const going = links.filter(({ rows }, i) => {
    count += rows;
    return i === 0 || count <= limit;
  });
  const last = going.at(-1);
  if (!last) return 0;
  await withPermit(db, ["signal", "signal_batch"], async () => {
    await db.deleteFrom("signal").where("id", "<=", last.last_id).execute();
    await db.deleteFrom("signal_batch").where("seq", "<=", last.seq).execute();
  });
  // What was erased in them is gone with them, so what the audit log says of the rest is said anew.
  if (going.some(({ salt }) => salt === null)) {
    const { details } = (await lastAct(db, "retention"))!;
    await appendAct(db, {
      act: "retention",
      by: "bot",
      details: { ...details, seal: await sealOfErased(db) },
    });
  }
  return going.reduce((sum, { rows }) => sum + rows, 0);
}
