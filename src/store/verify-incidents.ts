import { sql } from "kysely";
import { evolveSilence, type Silence } from "../core/correlate/silence.ts";
import { canonicalJson, followChain } from "../core/incident/log.ts";
import { eventsOf, type Models, modeller } from "./models.ts";
import { atOneMoment, type Database } from "./open.ts";
import { pages } from "./pages.ts";
import { entryFromRow, silenceEventFromRow, silenceFromRow } from "./rows.ts";
import { areIndexed, byWord, termsIn, toldIn } from "./term-index.ts";
import type { Checking } from "./verify.ts";

const INCIDENT = /^(INC|DRILL)-\d+$/;
const SILENCE = /^S-\d+$/;
const KEYS = 200;

/** Every log's chain of hashes, and that what is stored of incidents and silences is what their logs fold to. */
export async function verifyIncidents(db: Database, { fault, progress }: Checking): Promise<number> {
  let checked = 0;
  for await (const key of logs(db)) {
    for (const { place, what } of await atOneMoment(db, (trx) => faultsOf(trx, key))) fault({ place, what });
    if (INCIDENT.test(key)) checked++;
    if (checked % 1000 === 0 && checked > 0) progress(`${checked} incidents`);
  }
  await verifyOrphans(db, fault);
  await verifyIndex(db, fault);
  return checked;
}

/** The keys of all logs, and of incidents that have none. */
async function* logs(db: Database): AsyncGenerator<string> {
  let after = "";
  for (;;) {
    const keys = await db
      .selectFrom("event")
      .select("incident as key")
      .distinct()
      .where("incident", ">", after)
      .union(db.selectFrom("incident").select("key").where("key", ">", after))
      .orderBy("key")
      .limit(KEYS)
      .execute();
    yield* keys.map(({ key }) => key);
    if (keys.length < KEYS) return;
    after = keys.at(-1)!.key;
  }
}

async function faultsOf(db: Database, key: string): Promise<{ place: string; what: string }[]> {
  const follows = followChain();
  const model = INCIDENT.test(key) ? modeller() : null;
  let silence: Silence | null = null;
  for await (const row of eventsOf(db, key)) {
    try {
      if (!follows(entryFromRow(row)))
        return [{ place: key, what: `the chain of hashes breaks at entry ${row.seq}` }];
      model?.take(row);
      if (SILENCE.test(key)) silence = evolveSilence(silence, silenceEventFromRow(row));
    } catch (error) {
      return [
        {
          place: key,
          what: `entry ${row.seq} cannot be read: ${error instanceof Error ? error.message : error}`,
        },
      ];
    }
  }
  if (model) return modelFaults(db, key, model.models());
  const stored = await db.selectFrom("silence").select("body").where("id", "=", key).executeTakeFirst();
  const isSame = canonicalJson(silence) === canonicalJson(stored ? silenceFromRow(stored) : null);
  return isSame ? [] : [{ place: `${key}, silence`, what: "the log does not fold to what is stored" }];
}

/** Rows as text, in an order of their own, so that they can be compared. */
function same(a: object[], b: object[]): boolean {
  const lines = (rows: object[]) => rows.map((row) => canonicalJson(parsed(row))).sort();
  const [one, other] = [lines(a), lines(b)];
  return one.length === other.length && one.every((line, i) => line === other[i]);
}

/** What is stored as JSON compares by its values. */
function parsed(row: object): object {
  return "state" in row ? { ...row, state: JSON.parse(String(row.state)) } : row;
}

async function modelFaults(
  db: Database,
  key: string,
  models: Models | null,
): Promise<{ place: string; what: string }[]> {
  if (!models) return [{ place: key, what: "there is no log of it" }];
  const stored = {
    incident: await db.selectFrom("incident").selectAll().where("key", "=", key).execute(),
    incident_group: await db.selectFrom("incident_group").selectAll().where("incident", "=", key).execute(),
    incident_asset: await db.selectFrom("incident_asset").selectAll().where("incident", "=", key).execute(),
    incident_entry: await db.selectFrom("incident_entry").selectAll().where("incident", "=", key).execute(),
  };
  const expected = {
    incident: [models.incident],
    incident_group: models.groups,
    incident_asset: models.assets,
    incident_entry: models.entries,
  };
  const differing = (Object.keys(expected) as (keyof typeof expected)[]).filter(
    (table) => !same(stored[table], expected[table]),
  );
  const wrong = [...differing, ...((await isFound(db, models)) ? [] : ["incident_term"])];
  return [
    ...wrong.map((table) => ({
      place: `${key}, ${table}`,
      what: "the log does not fold to what is stored",
    })),
    ...(await alertFaults(db, models)),
  ];
}

/** The alerts of an incident are as many as its log counts. */
async function alertFaults(db: Database, { state }: Models): Promise<{ place: string; what: string }[]> {
  const rows = await db
    .selectFrom("incident_alert")
    .select(["status", (e) => e.fn.countAll<number>().as("n")])
    .where("incident", "=", state.key)
    .groupBy("status")
    .execute();
  const count = (status: string) => Number(rows.find((row) => row.status === status)?.n ?? 0);
  const { firing, resolved } = state.alerts;
  if (count("firing") === firing && count("resolved") === resolved) return [];
  return [
    {
      place: `${state.key}, incident_alert`,
      what: `the log counts ${firing} firing and ${resolved} resolved alerts, ${count("firing")} and ${count("resolved")} are stored`,
    },
  ];
}

/** Whether an incident is found by what its log says: all of it was told, and is indexed unless it is due. */
async function isFound(db: Database, { state, terms }: Models): Promise<boolean> {
  const told = await toldIn(db, [state.key]).execute();
  const said = new Set(told.flatMap(termsIn));
  if (said.size !== terms.size || [...said].some((term) => !terms.has(term))) return false;
  if (told.some((row) => row.detected_at !== state.detectedAt)) return false;
  const indexed = byWord(told.filter(({ due }) => due === 0));
  const found = await db.selectFrom("incident_term").select("term").where(areIndexed(db, indexed)).execute();
  return found.length === new Set(indexed.map(({ term }) => term)).size;
}

/** What the index has, and nobody told. */
async function verifyIndex(db: Database, fault: Checking["fault"]): Promise<void> {
  for await (const rows of pages(db, "incident_term")) {
    const told = await toldIn(db, [...new Set(rows.map(({ incident }) => incident))]).execute();
    const known = new Set(
      byWord(told).map(({ term, detected_at, incident }) => `${incident} ${detected_at} ${term}`),
    );
    for (const { term, detected_at, incident } of rows)
      if (!known.has(`${incident} ${detected_at} ${term}`))
        fault({ place: `${incident}, incident_term`, what: "it is indexed by what it never told" });
  }
}

/** Rows of incidents that there are not. A notice is about none, but about a silence or a channel. */
async function verifyOrphans(db: Database, fault: Checking["fault"]): Promise<void> {
  for (const table of [
    "incident_group",
    "incident_asset",
    "incident_entry",
    "incident_telling",
    "incident_alert",
    "outbox",
  ] as const) {
    const rows = await db
      .selectFrom(table)
      .select("incident")
      .distinct()
      .$if(table === "outbox", (rows) => rows.where(sql`kind`, "<>", "notice"))
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom("incident as known")
              .select("known.key")
              .whereRef("known.key", "=", `${table}.incident`),
          ),
        ),
      )
      .limit(20)
      .execute();
    for (const { incident } of rows)
      fault({ place: `${table} of ${incident}`, what: "there is no such incident" });
  }
}
