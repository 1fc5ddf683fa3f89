import { readFileSync } from "node:fs";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dbCommand } from "../../src/cli/db.ts";
import type { Config } from "../../src/config.ts";
import type { Actor } from "../../src/core/incident/person.ts";
import type { SilenceAsk } from "../../src/core/verb/verb.ts";
import { acts, recordAct } from "../../src/store/audit.ts";
import { type Erasure, erasePerson } from "../../src/store/erase.ts";
import { openAlone, openForReading, openForWriting } from "../../src/store/open.ts";
import { pruneAll } from "../../src/store/prune.ts";
import { readsOf } from "../../src/store/reads.ts";
import { runCommand } from "../cli/run.ts";
import { alertOn, openWorld, temporaryFile } from "../engine/world.ts";
import { startPostgres } from "../harness/postgres.ts";
import { bo, deliver, faultsIn, fill, zoe } from "./filled.ts";

const ASKED: Erasure = {
  id: "U0ZOE7Q",
  names: [],
  reason: "asked by mail of 3 November",
  texts: false,
  by: "cli:root",
};

async function erase(database: Config["database"], asked: Partial<Erasure> = {}) {
  const db = await openAlone(database);
  try {
    return await erasePerson(db, { ...ASKED, ...asked });
  } finally {
    await db.destroy();
  }
}

/** Zoë silences alerts from a thread and from a channel, which then fire; Bo has the first silence last longer. */
async function silence(database: Config["database"]) {
  const world = await openWorld(database);
  const ask = (actor: Actor, asked: SilenceAsk, incident: string | null = null) =>
    world.engine.silence({
      ...{ ask: asked, incident, channel: "C1", actor, via: "slash", permalink: null },
      idempotencyKey: `${asked.type} ${incident}`,
    });
  const [opened] = await world.ingest(alertOn("stocks"));
  const twoHours = { type: "silence", lengthMs: 7_200_000 } as const;
  await ask(zoe, { ...twoHours, matcher: "asset=*.stocks", reason: "overhaul" }, opened!.incident);
  await ask(zoe, { ...twoHours, matcher: "asset=*.prices", reason: "we move warehouses" });
  await ask(bo, { type: "extend", id: "S-1", byMs: 3_600_000, reason: null }, opened!.incident);
  await world.ingest(
    alertOn("stocks", { dedupKey: "again", labels: { job: "overhaul" }, deliveryId: "d2" }),
    alertOn("prices"),
  );
  await deliver(world);
  await world.close();
}

let place: ReturnType<typeof temporaryFile>;
let path: string;
beforeEach(async () => {
  place = temporaryFile();
  path = place.database.type === "sqlite" ? place.database.path : "";
  await fill(place.database);
});
afterEach(() => place.remove());

const bytes = () => readFileSync(path).toString("latin1").toLowerCase();
const asBytes = (text: string) => Buffer.from(text).toString("latin1").toLowerCase();

describe("erasing a person", () => {
  it("leaves not one byte of their name or id in the file, and every proof whole", async () => {
    expect(bytes()).toContain(asBytes("Quartermain"));
    const { events, incidents, signals, left } = await erase(place.database);
    expect({ events, incidents, signals, left }).toEqual({ events: 13, incidents: 3, signals: 2, left: [] });
    for (const word of ["Quartermain", "quartermain", "Zoë", "zoë", "U0ZOE7Q"])
      expect(bytes(), word).not.toContain(asBytes(word));
    expect(await faultsIn(place.database)).toEqual([]);
  });

  it("leaves no hash by which a name could be guessed", async () => {
    const said = async () => {
      const db = openForReading(place.database);
      const rows = await db.selectFrom("alert").select("said").orderBy("dedup_key").execute();
      await db.destroy();
      return rows.map((row) => row.said !== null);
    };
    expect(await said()).toEqual([true, true, true]);
    await erase(place.database);
    // Those of the two signals in which she stood.
    expect(await said()).toEqual([true, false, false]);
  });

  it("leaves what others did and wrote, and what she wrote unless that is asked for", async () => {
    await erase(place.database);
    const db = openForReading(place.database);
    const events = await readsOf(db).events("INC-1");
    const state = (await readsOf(db).state("INC-1"))!;
    const noted = events.flatMap(({ actor, body }) =>
      body.type === "noted" ? [{ actor, text: body.text }] : [],
    );
    expect(noted).toEqual([
      { actor: { ...zoe, id: null, name: "erased person" }, text: "my own cat walked over the keyboard" },
      { actor: bo, text: "asked erased person (erased person) to rerun" },
    ]);
    expect(state.roles).toEqual({ lead: { id: null, name: "erased person" } });
    expect(state.acknowledgedBy).toEqual({ kind: "person", id: null, name: "erased person" });
    expect((await readsOf(db).state("INC-2"))!.title).toBe("users late, ask erased person");
    expect((await readsOf(db).list({ text: "quartermain" }, 10, null)).incidents).toEqual([]);
    await db.destroy();
  });

  it("takes what she wrote, too, wherever it is quoted", async () => {
    await erase(place.database, { texts: true });
    for (const words of ["own cat", "never liked me", "seen by me", "loader twice"])
      expect(bytes(), words).not.toContain(words);
    expect(bytes()).toContain("same cause");
    expect(await faultsIn(place.database)).toEqual([]);
  });

  it("takes why she silenced alerts out of what it is quoted in, also a single word, which elsewhere is none of hers", async () => {
    await silence(place.database);
    expect(await faultsIn(place.database)).toEqual([]);
    await erase(place.database, { texts: true });
    expect(await faultsIn(place.database)).toEqual([]);
    expect(bytes()).not.toContain("move warehouses");
    expect(bytes()).toContain('"job":"overhaul"');
    expect(bytes().replaceAll('"job":"overhaul"', "")).not.toContain("overhaul");
    const db = openForReading(place.database);
    const { silences, held } = await readsOf(db).silences();
    expect(silences.map(({ reason, createdBy }) => ({ reason, createdBy }))).toEqual(
      Array(2).fill({ reason: "[erased]", createdBy: { kind: "person", id: null, name: "erased person" } }),
    );
    expect(held.map(({ reason }) => reason)).toEqual([
      "silenced by erased person until 22 Nov 2026 06:00 UTC (S-1, asset=*.stocks): [erased]",
      "silenced by erased person until 22 Nov 2026 05:00 UTC (S-2, asset=*.prices): [erased]",
    ]);
    await db.destroy();
  });

  it("is a command, with as many other names as they go by", async () => {
    vi.stubEnv("DATABASE_URL", `sqlite:${path}`);
    const names = ["--name", "Keyboard", "--name", "loader"];
    const asked = ["erase-person", ...names, "U0ZOE7Q", "--reason", ASKED.reason];
    const { out, err } = await runCommand(dbCommand, asked);
    vi.unstubAllEnvs();
    expect([out, err]).toEqual([expect.stringContaining("Erased from "), ""]);
    for (const name of ["keyboard", "loader", "quartermain"]) expect(bytes(), name).not.toContain(name);
  });

  it("is written down without saying who it was", async () => {
    await erase(place.database);
    const db = openForReading(place.database);
    const all = await acts(db);
    expect(all.at(-1)).toMatchObject({
      act: "erased",
      by: "cli:root",
      details: { reason: ASKED.reason, events: 13, incidents: 3, signals: 2, texts: false },
    });
    await db.destroy();
  });

  it("refuses one whom nobody knows, and a reason that would keep the name", async () => {
    await expect(erase(place.database, { id: "U0NOBODY" })).rejects.toThrow("Nobody with the id U0NOBODY");
    await expect(erase(place.database, { reason: "zoë quartermain left" })).rejects.toThrow(
      "names the person",
    );
    expect(await faultsIn(place.database)).toEqual([]);
    expect(bytes()).toContain(asBytes("Quartermain"));
  });

  it("refuses while the bot runs", async () => {
    const world = await openWorld(place.database);
    await expect(erase(place.database)).rejects.toThrow("Stop the bot");
    await world.close();
  });

  it("does not let what is left be changed, nor anything else be passed off as erased", async () => {
    await erase(place.database);
    const db = openForWriting(place.database);
    await sql`drop trigger event_no_update`.execute(db);
    await sql`update event set body = replace(body, 'keyboard', 'mouse') where body like '%keyboard%'`.execute(
      db,
    );
    await db.destroy();
    expect((await faultsIn(place.database)).filter((fault) => !fault.startsWith("schema"))).toEqual(
      [
        "INC-1, incident_entry: the log does not fold to what is stored",
        "erased entries: what stands in the place of erased words is not what the last erasure left there",
      ].toSorted((a, b) => (a < b ? 1 : -1)),
    );
  });

  it("can be done again for another, and the log goes on", async () => {
    await erase(place.database);
    await erase(place.database, { id: "U0BO" });
    expect(await faultsIn(place.database)).toEqual([]);
    const world = await openWorld(place.database);
    await world.command("INC-3", { type: "note", text: "and on", at: null });
    await world.close();
    expect(await faultsIn(place.database)).toEqual([]);
    expect(bytes()).not.toContain("karlsson");
  });

  it("is proved also after retention took the signals in which she stood", async () => {
    await erase(place.database);
    const world = await openWorld(place.database);
    world.advance(200 * 86_400_000);
    await world.command("INC-3", { type: "note", text: "later", at: null });
    await world.close();
    const db = openForWriting(place.database);
    const off = { changes: null, deliveries: null, answers: null, lineage: null };
    expect(await pruneAll(db, { ...off, signals: 86_400_000 }, world.now())).toBe(3);
    await db.destroy();
    expect(await faultsIn(place.database)).toEqual([]);
  });
});

it("does the same on Postgres", { timeout: 60_000 }, async () => {
  const postgres = await startPostgres();
  const database = { type: "postgres", url: postgres.url } as const;
  await fill(database);
  await silence(database);
  const before = openForWriting(database);
  await recordAct(before, { act: "backed_up", by: "cli:Zoë Quartermain", details: {} });
  const secrets = [
    ...(await before.selectFrom("signal_batch").select("salt as secret").execute()),
    ...(await before.selectFrom("alert").select("said as secret").execute()),
  ].flatMap(({ secret }) => secret ?? []);
  await before.destroy();
  expect(await erase(database, { texts: true })).toMatchObject({ incidents: 6, signals: 4 });
  expect(await faultsIn(database)).toEqual([]);
  const db = openForReading(database);
  // What is overwritten stands in a table's file still, unless it is written anew.
  await sql`checkpoint`.execute(db);
  const { rows: files } = await sql<{ bytes: Buffer }>`select
    pg_read_binary_file(pg_relation_filepath(oid)) as bytes from pg_class where relkind in ('r', 't') and
    relnamespace in ('public'::regnamespace, 'pg_toast'::regnamespace)`.execute(db);
  const stored = Buffer.concat(files.map(({ bytes }) => bytes))
    .toString("latin1")
    .toLowerCase();
  expect(stored).not.toContain("quartermain");
  const kept = [
    ...(await db.selectFrom("signal_batch").select("salt as secret").execute()),
    ...(await db.selectFrom("alert").select("said as secret").execute()),
  ].map(({ secret }) => secret);
  const gone = secrets.filter((secret) => !kept.includes(secret));
  expect(gone.length).toBeGreaterThan(2);
  for (const secret of gone) expect(stored).not.toContain(asBytes(secret));
  for (const table of [
    "event",
    "incident",
    "incident_alert",
    "incident_entry",
    "incident_telling",
    "incident_term",
    "outbox",
    "processed",
    "change",
    "silence",
    "held_alert",
    "signal",
    "audit",
  ]) {
    const { rows } = await sql`select * from ${sql.table(table)}`.execute(db);
    expect(JSON.stringify(rows).toLowerCase(), table).not.toMatch(
      /quartermain|u0zoe7q|zoë|: overhaul|"reason\\*":\\*"overhaul|move warehouses/,
    );
  }
  await db.destroy();
  await postgres.stop();
});
