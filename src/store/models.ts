import { evolveSilence, type Silence } from "../core/correlate/silence.ts";
import type { RecordedEvent } from "../core/incident/events.ts";
import { tellsNew } from "../core/incident/log.ts";
import { type AssetState, evolve, type IncidentState, isOpen } from "../core/incident/state.ts";
import { assetId } from "../core/signal/asset.ts";
import type { HeldAlert } from "../engine/ports.ts";
import type { Database } from "./open.ts";
import { put } from "./put.ts";
import {
  eventFromRow,
  heldAlertFromRow,
  incidentFromRow,
  incidentToRow,
  silenceEventFromRow,
  silenceFromRow,
  silenceIsOpen,
} from "./rows.ts";
import type { Schema } from "./schema.ts";
import { sealed } from "./seal.ts";
import { forgetTerms, indexTermsOf, tellingRow } from "./term-index.ts";
import { termsOf } from "./terms.ts";

/** What an incident's log says the read models hold of it. */
export type Models = {
  state: IncidentState;
  incident: Schema["incident"];
  groups: Schema["incident_group"][];
  assets: Schema["incident_asset"][];
  entries: Schema["incident_entry"][];
  /** What it is found by. */
  terms: Set<string>;
};

/** An incident as it is stored. */
export async function readIncident(
  db: Database,
  key: string,
  { entries = false }: { entries?: boolean } = {},
): Promise<IncidentState | null> {
  const row = await db.selectFrom("incident").select("state").where("key", "=", key).executeTakeFirst();
  if (!row) return null;
  return incidentFromRow(
    row,
    await db
      .selectFrom("incident_asset")
      .select(["asset", "state"])
      .where("incident", "=", key)
      .orderBy("asset")
      .execute(),
    entries
      ? await db.selectFrom("incident_entry").select(["seq", "body"]).where("incident", "=", key).execute()
      : [],
  );
}

/** Silences that are not over, in the order in which they were set. */
export async function readSilences(db: Database): Promise<Silence[]> {
  const rows = await db.selectFrom("silence").select("body").where(silenceIsOpen).execute();
  return rows.map(silenceFromRow).sort((a, b) => numberOf(a) - numberOf(b));
}

/** `S-12` */
function numberOf({ id }: Silence): number {
  return Number(id.slice(2));
}

/** The alerts that are held, the longest held first. */
export async function readHeld(db: Database): Promise<HeldAlert[]> {
  const rows = await db.selectFrom("held_alert").select("body").orderBy("fingerprint").execute();
  return rows.map(heldAlertFromRow).sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));
}

const PAGE = 500;

/** The events of one log as they are stored, in order, some hundred at a time. */
export async function* eventsOf(db: Database, key: string): AsyncGenerator<Schema["event"]> {
  let after = 0;
  for (;;) {
    const rows = await db
      .selectFrom("event")
      .selectAll()
      .where("incident", "=", key)
      .where("seq", ">", after)
      .orderBy("seq")
      .limit(PAGE)
      .execute();
    yield* rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.seq;
  }
}

/** Folds a log row by row; `models` is what it amounts to at the end, null for an empty log. */
export function modeller(): { take(row: Schema["event"]): void; models(): Models | null } {
  let state: IncidentState | null = null;
  const terms = new Set<string>();
  return {
    take(row) {
      const event: RecordedEvent = eventFromRow(row);
      if (tellsNew(state, event.body)) for (const term of termsOf(event)) terms.add(term);
      state = evolve(state, event);
    },
    models: () => state && modelsOf(state, terms),
  };
}

function modelsOf(state: IncidentState, terms: Set<string>): Models {
  const { key, phase } = state;
  const open = isOpen(phase) ? 1 : 0;
  return {
    state,
    incident: incidentToRow(state),
    groups: [...new Set(state.groupingKeys)].map((grouping_key) => ({ grouping_key, incident: key, open })),
    assets: [...state.assets.values()].map((asset) => ({ incident: key, ...assetToRow(asset) })),
    entries: Object.keys(state.entries).map((seq) => entryToRow(state, Number(seq))),
    terms,
  };
}

export function assetToRow(asset: AssetState) {
  return { asset: assetId(asset.asset), recovery: asset.recovery, state: JSON.stringify(asset) };
}

export function entryToRow({ key, entries }: IncidentState, seq: number): Schema["incident_entry"] {
  return { incident: key, seq, body: JSON.stringify(entries[seq]) };
}

/** What the log of an incident says the read models hold of it; null where there is no log. */
async function foldedModels(db: Database, key: string): Promise<Models | null> {
  const model = modeller();
  for await (const row of eventsOf(db, key)) model.take(row);
  return model.models();
}

/** Writes the read models of an incident anew, from its log. */
export async function rebuild(db: Database, key: string): Promise<void> {
  const models = await foldedModels(db, key);
  if (!models) return;
  await db.updateTable("incident").set(models.incident).where("key", "=", key).execute();
  await db.deleteFrom("incident_group").where("incident", "=", key).execute();
  await db.deleteFrom("incident_asset").where("incident", "=", key).execute();
  await db.deleteFrom("incident_entry").where("incident", "=", key).execute();
  await put(db, "incident_group", models.groups);
  await put(db, "incident_asset", models.assets);
  await put(db, "incident_entry", models.entries);
  await tellAnew(db, models);
}

/** Writes a silence anew, from its log. Whether it is open stays as it is: the log does not say what ends by the clock. */
export async function rebuildSilence(db: Database, id: string): Promise<void> {
  const row = await db.selectFrom("silence").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) return;
  let silence: Silence | null = null;
  for await (const event of eventsOf(db, id)) silence = evolveSilence(silence, silenceEventFromRow(event));
  const renewed = { ...row, body: JSON.stringify(silence) };
  await put(db, "silence", [sealed("silence", renewed)]);
}

async function tellAnew(db: Database, { state, terms }: Models): Promise<void> {
  await forgetTerms(db, state.key);
  await put(db, "incident_telling", [tellingRow(state, terms)]);
  await indexTermsOf(db, [state.key]);
}

/** Writes anew what incidents to which alert after alert came are found by. */
export async function retell(db: Database): Promise<void> {
  const joined = await db
    .selectFrom("event")
    .select("incident")
    .where("body", "like", '{"type":"alert_attached"%')
    .groupBy("incident")
    .having((e) => e.fn.countAll(), ">", 1)
    .execute();
  for (const { incident } of joined) {
    const models = await foldedModels(db, incident);
    if (models) await tellAnew(db, models);
  }
}
