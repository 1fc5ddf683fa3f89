import { sql } from "kysely";
import { auditFaults } from "./audit.ts";
import { sealOfErased } from "./erased.ts";
import { atOneMoment, type Database, isPostgres } from "./open.ts";
import { sealedRows, sealOf } from "./seal.ts";
import { verifyIncidents } from "./verify-incidents.ts";
import { schemaFaults } from "./verify-schema.ts";
import { verifySignals } from "./verify-signals.ts";

/** Something that is not as it was written: where it stands, and what is wrong with it. */
export type Fault = { place: string; what: string };
export type Checking = {
  fault(fault: Fault): void;
  /** Called now and then with how far it is, for somebody who waits. */
  progress(line: string): void;
};
export type Checked = { incidents: number; signals: number; acts: number; rows: number };

/**
 * Checks everything there is to check of a database, in memory that does not grow with it; works beside the running
 * bot. What is wrong is told to `fault` as it is found.
 */
export async function verifyDatabase(db: Database, checking: Checking): Promise<Checked> {
  if (!isPostgres(db)) {
    checking.progress("the file itself");
    await verifyFile(db, checking);
  }
  for (const fault of await schemaFaults(db)) checking.fault(fault);
  const audit = await verifyAudit(db, checking);
  const signals = await verifySignals(db, checking);
  const incidents = await verifyIncidents(db, checking);
  const rows = await verifyRows(db, checking);
  return { incidents, signals, acts: audit, rows };
}

/** SQLite's own checks; what a broken file says of itself ends the rest. */
async function verifyFile(db: Database, { fault }: Checking): Promise<void> {
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check(20)`.execute(db);
  for (const { integrity_check: what } of rows) if (what !== "ok") fault({ place: "the file", what });
  const keys = await sql<{ table: string; rowid: number }>`pragma foreign_key_check`.execute(db);
  for (const { table, rowid } of keys.rows)
    fault({ place: `${table}, row ${rowid}`, what: "it refers to what is not there" });
}

async function verifyAudit(db: Database, { fault }: Checking): Promise<number> {
  const { rows, seal } = await atOneMoment(db, async (trx) => ({
    rows: await trx.selectFrom("audit").selectAll().orderBy("seq").execute(),
    seal: await sealOfErased(trx),
  }));
  for (const what of auditFaults(rows)) fault({ place: "audit", what });
  const seals = rows.flatMap(({ details }): unknown[] => JSON.parse(details).seal ?? []);
  const expected = seals.at(-1) ?? null;
  if (seal !== expected)
    fault({
      place: "erased entries",
      what: "what stands in the place of erased words is not what the last erasure left there",
    });
  const permits = await db.selectFrom("log_permit").select("log").execute();
  for (const { log } of permits)
    fault({ place: "log_permit", what: `the ${log} log was left open to changes` });
  return rows.length;
}

/** The rows of which nothing but their seal tells that they are ours. */
async function verifyRows(db: Database, { fault, progress }: Checking): Promise<number> {
  let checked = 0;
  let heard = "";
  for await (const { table, rows } of sealedRows(db)) {
    for (const row of rows) {
      checked++;
      if (table === "alert" && String(row.last_seen_at) > heard) heard = String(row.last_seen_at);
      if (checked % 50_000 === 0) progress(`${checked} working rows`);
      const place = `${table} ${placeOf(table, row)}`;
      if (row.seal !== sealOf(table, row)) fault({ place, what: "the row was changed beside the bot" });
    }
    if (table === "incident_alert") await verifyKnown(db, rows, fault);
  }
  // An alert is heard of by a signal, so signals that are gone from the end of their chain are missed here.
  const { at } = await db
    .selectFrom("signal_batch")
    .select((e) => e.fn.max("at").as("at"))
    .executeTakeFirstOrThrow();
  const last = at ?? "";
  if (last < heard)
    fault({ place: "signals", what: `the last is of ${last || "never"}, an alert of ${heard}` });
  for (const name of ["incident", "drill", "silence"] as const) await verifyCounter(db, name, fault);
  return checked;
}

function placeOf(table: string, row: Record<string, unknown>): string {
  const { key, id, hash, fingerprint, incident, provider } = row;
  if (table === "incident_alert") return `${incident} ${fingerprint}`;
  if (table === "lineage" || table === "lineage_version") return `${provider} ${key}`;
  return String(key ?? id ?? fingerprint ?? hash);
}

/** Every alert of an incident is known by itself, too, under the number that it has there. */
async function verifyKnown(
  db: Database,
  rows: Record<string, unknown>[],
  fault: Checking["fault"],
): Promise<void> {
  const prints = [...new Set(rows.map(({ fingerprint }) => String(fingerprint)))];
  const known = await db
    .selectFrom("alert")
    .select(["fingerprint", "no"])
    .where("fingerprint", "in", prints)
    .execute();
  const numbers = new Map(known.map(({ fingerprint, no }) => [fingerprint, no]));
  for (const print of prints)
    if (!numbers.has(print)) fault({ place: `alert ${print}`, what: "the row is gone" });
  for (const row of rows) {
    const number = numbers.get(String(row.fingerprint));
    if (number !== undefined && number !== row.alert)
      fault({
        place: `incident_alert ${placeOf("incident_alert", row)}`,
        what: "it stands under the number of another alert",
      });
  }
}

/**
 * Numbers are given one after the other, so one that is missing was taken away. The counter is read before what it
 * counted and after, as the bot may be counting.
 */
async function verifyCounter(
  db: Database,
  name: "incident" | "drill" | "silence",
  fault: Checking["fault"],
): Promise<void> {
  const before = await counterOf(db, name);
  const row = await (name === "silence"
    ? db.selectFrom("silence").select([
        sql<number>`count(*)`.as("found"),
        // `S-12`
        sql<number | null>`max(cast(substr(id, 3) as integer))`.as("last"),
      ])
    : db
        .selectFrom("incident")
        .select((e) => [e.fn.countAll<number>().as("found"), e.fn.max<number | null>("number").as("last")])
        .where("kind", "=", name)
  ).executeTakeFirstOrThrow();
  const [found, last] = [Number(row.found), Number(row.last ?? 0)];
  if (found < before || last > (await counterOf(db, name)))
    fault({ place: `counter ${name}`, what: `it stands at ${before}, and there are ${found} up to ${last}` });
}

async function counterOf(db: Database, name: string): Promise<number> {
  const row = await db.selectFrom("counter").select("value").where("name", "=", name).executeTakeFirst();
  return row?.value ?? 0;
}
