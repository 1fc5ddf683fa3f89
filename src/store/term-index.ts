import { sql } from "kysely";
import type { IncidentState } from "../core/incident/state.ts";
import type { Database } from "./open.ts";
import { isAmong, put } from "./put.ts";
import type { Schema } from "./schema.ts";

type Telling = Schema["incident_telling"];

/** As the partial index has it, or the planner would not know that it may use it. */
const isDue = sql<boolean>`incident_telling.due = 1`;

/** What an incident is found by since its last event. */
export function tellingRow(state: IncidentState, terms: ReadonlySet<string>): Telling {
  const { key: incident, version: seq, detectedAt: detected_at } = state;
  return { incident, seq, detected_at, terms: JSON.stringify([...terms]), due: 1 };
}

/**
 * Puts what was told into the index by word, at most `limit` rows of it; returns how many. A word has a place of its own
 * in the index, so it is done for many incidents at once, and not while somebody waits for one to open.
 */
export async function indexTerms(db: Database, limit: number): Promise<number> {
  const rows = await toldIn(db).where(isDue).orderBy("incident").orderBy("seq").limit(limit).execute();
  const last = rows.at(-1);
  if (!last) return 0;
  await put(db, "incident_term", byWord(rows));
  await db
    .updateTable("incident_telling")
    .set({ due: 0 })
    .where(isDue)
    .where((e) => e(e.refTuple("incident", "seq"), "<=", e.tuple(last.incident, last.seq)))
    .execute();
  return rows.length;
}

/** The same for all that some incidents told: what is over is looked for by word alone. */
export async function indexTermsOf(db: Database, incidents: string[]): Promise<void> {
  if (incidents.length === 0) return;
  const rows = await toldIn(db, incidents).where(isDue).execute();
  if (rows.length === 0) return;
  await put(db, "incident_term", byWord(rows));
  const keys = { incident: incidents };
  await db.updateTable("incident_telling").set({ due: 0 }).where(isAmong(db, keys)).where(isDue).execute();
}

/** An incident was noticed earlier than was known: what it told before is found by the new time from now on. */
export async function redate(db: Database, incident: string, detected_at: string): Promise<void> {
  const told = await toldIn(db, [incident]).where("detected_at", "<>", detected_at).execute();
  if (told.length === 0) return;
  await db
    .deleteFrom("incident_term")
    .where(areIndexed(db, byWord(told)))
    .execute();
  await db
    .updateTable("incident_telling")
    .set({ detected_at, due: 1 })
    .where("incident", "=", incident)
    .execute();
}

/** The incidents that have all of some terms and told one of them too lately for the index to have it. */
export async function toldLately(db: Database, terms: string[]): Promise<string[]> {
  const late = await toldIn(db).where(isDue).execute();
  const some = new Set(
    late.filter((row) => termsIn(row).some((term) => terms.includes(term))).map(incidentOf),
  );
  if (some.size === 0) return [];
  const told = Map.groupBy(await toldIn(db, [...some]).execute(), incidentOf);
  return [...some].filter((incident) => {
    const has = new Set(told.get(incident)?.flatMap(termsIn));
    return terms.every((term) => has.has(term));
  });
}

/** Takes an incident out of the index, and out of what was told. */
export async function forgetTerms(db: Database, incident: string): Promise<void> {
  const rows = byWord(await toldIn(db, [incident]).execute());
  await db.deleteFrom("incident_term").where(areIndexed(db, rows)).execute();
  await db.deleteFrom("incident_telling").where("incident", "=", incident).execute();
}

/** Rows of the index that are among some. */
export function areIndexed(db: Database, rows: Schema["incident_term"][]) {
  return isAmong(db, {
    term: rows.map(({ term }) => term),
    detected_at: rows.map(({ detected_at }) => detected_at),
    incident: rows.map(({ incident }) => incident),
  });
}

/** What was told, of all incidents or of some. */
export function toldIn(db: Database, incidents?: string[]) {
  const all = db.selectFrom("incident_telling").selectAll();
  return incidents ? all.where(isAmong(db, { incident: incidents })) : all;
}

function incidentOf({ incident }: Telling): string {
  return incident;
}

export function termsIn({ terms }: Telling): string[] {
  return JSON.parse(terms);
}

/** As rows of the index, in its order: what stands side by side there is written together. */
export function byWord(rows: Telling[]): Schema["incident_term"][] {
  return rows
    .flatMap((row) =>
      termsIn(row).map((term) => ({ term, detected_at: row.detected_at, incident: row.incident })),
    )
    .sort((a, b) => (a.term < b.term ? -1 : a.term > b.term ? 1 : 0));
}
