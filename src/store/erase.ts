import { sql } from "kysely";
import { forgetter, isBy, namesIn, withoutWords, writtenIn } from "../core/incident/forget.ts";
import { digestsOf } from "../core/incident/log.ts";
import { Refusal } from "../core/refusal.ts";
import { appendAct } from "./audit.ts";
import { sealOfErased } from "./erased.ts";
import { rebuild, rebuildSilence } from "./models.ts";
import { type Database, isPostgres } from "./open.ts";
import { pages, type WalkedTable } from "./pages.ts";
import { withPermit } from "./permit.ts";
import { entryFromRow } from "./rows.ts";
import { SEALED, type SealedTable, sealOf, updateRow } from "./seal.ts";
import { signalsOf } from "./signal-log.ts";

export type Erasure = {
  /** The Slack user id. */
  id: string;
  /** Other names they go by in free text, beside those in the logs. */
  names: string[];
  reason: string;
  /** Also what they wrote: notes, reasons, updates, pinned messages. */
  texts: boolean;
  by: string;
};
/** What was done, and where the name stands still because it comes from outside and would come again. */
export type Erased = { events: number; incidents: number; signals: number; rows: number; left: string[] };

type Forget = ReturnType<typeof forgetter>;

/** Columns of working tables that hold words, as JSON. */
const WORDED: { [T in WalkedTable]?: readonly string[] } = {
  incident_alert: ["body"],
  outbox: ["payload"],
  processed: ["result"],
  change: ["body"],
  held_alert: ["body", "signal"],
};

/**
 * Takes a person out of everything that is stored, in one transaction. Of events that name them the digests stay, so
 * every chain holds; what stands in their place is sealed in the audit log, which does not say who it was. The bot must
 * not be running, as it would write what it remembers.
 */
export async function erasePerson(db: Database, asked: Erasure): Promise<Erased> {
  const erased = await db
    .transaction()
    .execute((trx) =>
      withPermit(trx, ["event", "signal", "signal_batch", "audit"], () => eraseIn(trx, asked)),
    );
  await sweep(db);
  return erased;
}

async function eraseIn(db: Database, asked: Erasure): Promise<Erased> {
  const { names, texts, silences } = await findAll(db, asked);
  if (names.size === 0)
    throw new Refusal(
      "not_found",
      `Nobody with the id ${asked.id} stands in any log. The id is in their Slack profile: Copy member ID.`,
    );
  for (const name of asked.names) names.add(name);
  const forget = forgetter({ id: asked.id, names: [...names], texts, silences });
  if (forget.inText(asked.reason) !== asked.reason)
    throw new Refusal("invalid", "The reason names the person, and would stay. Say it without the name.");
  const events = await eraseEvents(db, asked, forget);
  for (const key of events.logs) await (key.startsWith("S-") ? rebuildSilence : rebuild)(db, key);
  const rows = await eraseRows(db, forget, asked.texts ? events.logs : null);
  const signals = await eraseSignals(db, forget);
  await eraseActs(db, forget);
  const left = await stillNamed(db, forget);
  await appendAct(db, {
    act: "erased",
    by: asked.by,
    details: {
      ...{ reason: asked.reason, texts: asked.texts, events: events.count, incidents: events.logs.size },
      ...{ signals, seal: await sealOfErased(db) },
    },
  });
  return { events: events.count, incidents: events.logs.size, signals, rows, left };
}

type Found = { names: Set<string>; texts: Set<string>; silences: Map<string, string> };

/** The names that the logs have for the id; with `texts` also all they wrote, and why they silenced alerts. */
async function findAll(db: Database, { id, texts }: Erasure): Promise<Found> {
  const found: Found = { names: new Set(), texts: new Set(), silences: new Map() };
  for await (const rows of pages(db, "event")) {
    for (const row of rows) {
      const { actor, body } = entryFromRow(row);
      for (const name of namesIn([actor, body], id)) found.names.add(name);
      if (!texts || !isBy(actor, body, id)) continue;
      // A silence begins with why.
      if (row.seq === 1 && row.incident.startsWith("S-"))
        for (const reason of writtenIn(body)) found.silences.set(row.incident, reason);
      // One word is as likely to be a value of some field as a quotation.
      for (const text of writtenIn(body)) if (/\s/.test(text.trim())) found.texts.add(text);
    }
  }
  return found;
}

async function eraseEvents(
  db: Database,
  { id, texts }: Erasure,
  forget: Forget,
): Promise<{ count: number; logs: Set<string> }> {
  const logs = new Set<string>();
  let count = 0;
  for await (const rows of pages(db, "event")) {
    for (const row of rows) {
      const entry = entryFromRow(row);
      const words = texts && isBy(entry.actor, entry.body, id) ? withoutWords(entry.body) : entry.body;
      const set = {
        actor: JSON.stringify(forget.inValue(entry.actor)),
        body: JSON.stringify(forget.inValue(words)),
      };
      if (set.actor === row.actor && set.body === row.body) continue;
      const digests = JSON.stringify(entry.digests ?? digestsOf(entry));
      await updateRow(db, "event", row, { ...set, salt: null, digests });
      logs.add(row.incident);
      count++;
    }
  }
  return { count, logs };
}

const NO_WORDS = { summary: "(erased)", title: null, blocks: [] };

/** What is told already is of no use any more, and may quote what was written. */
function withoutWhatWasTold(kind: unknown, payload: string): string {
  if (kind === "reply") return JSON.stringify(NO_WORDS);
  return kind === "notice" ? JSON.stringify({ ...JSON.parse(payload), document: NO_WORDS }) : payload;
}

/** `wordless` are the logs out of which what they wrote was taken; null where that stays. */
async function eraseRows(db: Database, forget: Forget, wordless: Set<string> | null): Promise<number> {
  let count = 0;
  for (const [table, columns] of Object.entries(WORDED) as [WalkedTable, string[]][]) {
    for await (const rows of pages(db, table)) {
      for (const each of rows) {
        const row: Record<string, unknown> = { ...each };
        const set = Object.fromEntries(columns.map((column) => [column, cleansed(row, column, forget)]));
        if (wordless && table === "outbox" && row.state === "done")
          if (wordless.has(String(row.incident)) || set.payload !== row.payload)
            set.payload = withoutWhatWasTold(row.kind, String(set.payload));
        if (columns.every((column) => set[column] === row[column])) continue;
        const seal = table in SEALED ? { seal: sealOf(table as SealedTable, { ...row, ...set }) } : {};
        await updateRow(db, table, row, { ...set, ...seal });
        count++;
      }
    }
  }
  return count;
}

/** A remembered answer has events with their salts; none are needed to know that it was given. */
function cleansed(row: Record<string, unknown>, column: string, forget: Forget): unknown {
  const value: unknown = JSON.parse(String(row[column]));
  const forgotten = forget.inValue(value) as object;
  if (forgotten === value) return row[column];
  return JSON.stringify(
    column === "result" && "events" in forgotten ? { ...forgotten, events: [] } : forgotten,
  );
}

async function eraseSignals(db: Database, forget: Forget): Promise<number> {
  const changedOf = new Set<string>();
  let count = 0;
  let before = 0;
  for await (const links of pages(db, "signal_batch")) {
    for (const link of links) {
      let changed = false;
      for (const row of await signalsOf(db, before, link.last_id)) {
        const body = JSON.stringify(forget.inValue(JSON.parse(row.body)));
        const reason = forget.inText(row.reason);
        if (body === row.body && reason === row.reason) continue;
        await updateRow(db, "signal", row, { body, reason });
        changedOf.add(row.fingerprint);
        changed = true;
        count++;
      }
      if (changed) await updateRow(db, "signal_batch", link, { salt: null });
      before = link.last_id;
    }
  }
  // The hash of what an alert said last would show who guesses the name.
  for await (const rows of pages(db, "alert"))
    for (const row of rows) {
      if (row.said === null || !changedOf.has(row.fingerprint)) continue;
      await updateRow(db, "alert", row, { said: null, seal: sealOf("alert", { ...row, said: null }) });
    }
  return count;
}

async function eraseActs(db: Database, forget: Forget): Promise<void> {
  for await (const rows of pages(db, "audit"))
    for (const row of rows) {
      const by = forget.inText(row.by);
      if (by !== row.by) await updateRow(db, "audit", row, { by, salt: null });
    }
}

/** What tools and files say comes again with their next statement: there it has to be changed. */
async function stillNamed(db: Database, forget: Forget): Promise<string[]> {
  const left: string[] = [];
  const names = (text: string) => forget.inText(text) !== text;
  for await (const rows of pages(db, "lineage", 10))
    for (const row of rows) if (names(row.body)) left.push(`lineage ${row.provider} ${row.key}`);
  for await (const rows of pages(db, "runbook_version"))
    for (const row of rows) if (names(row.text)) left.push(`runbook ${row.slug}`);
  for await (const rows of pages(db, "alert"))
    for (const row of rows) if (names(row.dedup_key)) left.push(`the identity of alert ${row.fingerprint}`);
  return [...new Set(left)];
}

/** What was overwritten stands in the file until its space is used again. */
async function sweep(db: Database): Promise<void> {
  if (isPostgres(db)) {
    const models = ["incident", "incident_asset", "incident_entry", "incident_telling", "incident_term"];
    // With the salts and hashes by which a name could be guessed.
    const logs = ["event", "signal", "signal_batch", "audit"];
    const tables = [...logs, ...models, "silence", "alert", ...Object.keys(WORDED)];
    await sql`vacuum full ${sql.join(tables.map((table) => sql.table(table)))}`.execute(db);
    return;
  }
  await sql`vacuum`.execute(db);
  await sql`pragma wal_checkpoint(truncate)`.execute(db);
}
