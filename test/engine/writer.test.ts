import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Config } from "../../src/config.ts";
import { Grouping } from "../../src/core/correlate/grouping.ts";
import { brokenAt } from "../../src/core/incident/log.ts";
import { fold } from "../../src/core/incident/state.ts";
import type { AlertOutcome } from "../../src/core/signal/alert.ts";
import { Arrival } from "../../src/engine/arrival.ts";
import type { CommitSettings } from "../../src/engine/batch.ts";
import type { Job, JobResult } from "../../src/engine/commit.ts";
import { StoreFault } from "../../src/engine/ledger.ts";
import { createWriter, type Writer } from "../../src/engine/writer.ts";
import { ledgerOf } from "../../src/store/ledger.ts";
import { migrate } from "../../src/store/migrate.ts";
import { type Database, openForReading, openForWriting } from "../../src/store/open.ts";
import { readsOf } from "../../src/store/reads.ts";
import { openWriter } from "../../src/writer.ts";
import { loadWriterThread } from "../../src/writer-load.ts";
import type { WriterSettings } from "../../src/writer-settings.ts";
import { startWriter } from "../../src/writer-start.ts";
import { startPostgres } from "../harness/postgres.ts";
import { alertOn, ana, temporaryFile } from "./world.ts";

const NOW = "2026-11-22T03:00:00.000Z";

const settings: CommitSettings = {
  channel: "C1",
  reopenWithinMs: 3_600_000,
  closeAfterMs: 86_400_000,
  grouping: Grouping.parse({ wait: "0s" }),
  pathRules: [],
  routing: { routes: [], tiers: {}, maintenance: [], inhibit: [] },
  suggestRunbooks: () => [],
};
const settingsOf = (database: Config["database"]): WriterSettings => ({
  database,
  channel: "C1",
  reopenWithinMs: 3_600_000,
  closeAfterMs: 86_400_000,
  grouping: { wait: "0s" },
  pathRules: [],
  routing: {},
  runbooks: [],
});

const alert = (table: string, test = table): Job => ({
  type: "ingest",
  alerts: [Arrival.of(alertOn(table, { dedupKey: test }))],
  now: NOW,
});
const note = (text: string, incident = "INC-1"): Job => ({
  type: "command",
  request: { incident, command: { type: "note", text, at: null }, actor: ana, via: "slash" },
  now: NOW,
});

describe("group commit", () => {
  let place: ReturnType<typeof temporaryFile>;
  let db: Database;
  let transactions: number;
  let fail: ((transaction: number) => Error | null) | null;
  let writer: Writer;
  /** What the writer's clock shows; it stands still unless a test lets it go on. */
  let clockMs: number;

  beforeEach(async () => {
    place = temporaryFile();
    db = openForWriting(place.database);
    await migrate(db);
    transactions = 0;
    fail = null;
    clockMs = 0;
    writer = createWriter(
      (work) =>
        db.transaction().execute(async (trx) => {
          transactions++;
          const result = await work(ledgerOf(trx));
          const error = fail?.(transactions);
          if (error) throw error;
          return result;
        }),
      settings,
      { clock: () => clockMs },
    );
  });
  afterEach(async () => {
    await writer.close();
    await db.destroy();
    place.remove();
  });

  const notes = async () =>
    (await readsOf(db).events("INC-1")).flatMap(({ body }) => (body.type === "noted" ? [body.text] : []));

  it("takes what gathers while a transaction runs into the next one, in the order it came", async () => {
    await writer.submit(alert("orders"));
    transactions = 0;
    const texts = Array.from({ length: 300 }, (_, i) => `note ${i}`);
    const answered: string[] = [];
    await Promise.all(texts.map((text) => writer.submit(note(text)).then(() => void answered.push(text))));
    expect(transactions).toBe(1);
    expect(answered).toEqual(texts);
    expect(await notes()).toEqual(texts);

    transactions = 0;
    const first = writer.submit(note("first"));
    await new Promise((done) => setImmediate(done));
    await Promise.all([first, ...texts.map((text) => writer.submit(note(text)))]);
    expect(transactions).toBe(2);
  });

  it("bounds a transaction, so that a flood does not hold back the first of it", async () => {
    await writer.submit(alert("orders"));
    transactions = 0;
    const flood = Array.from({ length: 1100 }, (_, i) => writer.submit(alert("orders", `t${i}`)));
    await flood[0];
    expect(transactions).toBe(1);
    await Promise.all(flood);
    expect(transactions).toBe(3);
  });

  it("takes fewer alerts into a transaction where they take long, as in a new process", async () => {
    // Each transaction takes a tenth of a second.
    fail = () => {
      clockMs += 100;
      return null;
    };
    const flood = (many: number) =>
      Promise.all(Array.from({ length: many }, (_, i) => writer.submit(alert("orders", `t${i}`))));
    await flood(200);
    expect(transactions).toBe(4);
    // And now a millisecond.
    fail = () => {
      clockMs += 1;
      return null;
    };
    transactions = 0;
    await flood(50);
    await flood(500);
    expect(transactions).toBe(2);
  });

  it("lets a person's words go before a flood that came earlier, in the order in which they were said", async () => {
    await writer.submit(alert("orders"));
    transactions = 0;
    const done: string[] = [];
    const flood = Array.from({ length: 1100 }, (_, i) =>
      writer.submit(alert("orders", `t${i}`)).then(() => void done.push("alert")),
    );
    const said = ["one", "two"].map((text) => writer.submit(note(text)).then(() => void done.push(text)));
    await Promise.all([...said, ...flood]);
    expect(done.slice(0, 2)).toEqual(["one", "two"]);
    expect(await notes()).toEqual(["one", "two"]);
    expect(transactions).toBe(4);
  });

  it("lets no number of words keep the alerts back", async () => {
    await writer.submit(alert("orders"));
    let stored = false;
    const flood = Array.from({ length: 200 }, (_, i) => writer.submit(alert("orders", `t${i}`)));
    const all = Promise.all(flood).then(() => {
      stored = true;
    });
    let words = 0;
    const talk = async () => {
      for (; !stored && words < 1000; words++) await writer.submit(note(`word ${words}`));
    };
    await Promise.all([all, talk()]);
    expect(words).toBeLessThan(5);
  });

  it("answers a refusal to the one who asked, and commits the rest with it", async () => {
    await writer.submit(alert("orders"));
    transactions = 0;
    const results = await Promise.all([
      writer.submit(note("before")),
      writer.submit(note("nowhere", "INC-9")),
      writer.submit(note("after")),
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(results[1]).toMatchObject({ refusal: { code: "not_found" } });
    expect(transactions).toBe(1);
    expect(await notes()).toEqual(["before", "after"]);
  });

  it("fails a job that faults alone; the others of its batch are carried out", async () => {
    await writer.submit(alert("orders"));
    const results = await Promise.allSettled([
      writer.submit(note("before")),
      writer.submit({ type: "ingest", alerts: [null as never], now: NOW }),
      writer.submit(note("after")),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await notes()).toEqual(["before", "after"]);
    const events = await readsOf(db).events("INC-1");
    expect(brokenAt(events)).toBeNull();
    expect(fold(events)).toEqual(await readsOf(db).state("INC-1", { entries: true }));
  });

  it("forgets the states of a transaction that did not happen", async () => {
    await writer.submit(alert("orders"));
    fail = (transaction) => (transaction <= 3 ? new Error("the disk is gone") : null);
    await expect(writer.submit(note("lost"))).rejects.toThrow("the disk is gone");
    await expect(writer.submit(alert("users"))).rejects.toThrow("the disk is gone");
    fail = null;
    await writer.submit(note("kept"));
    await writer.submit(alert("users"));
    const reads = readsOf(db);
    expect((await reads.events("INC-1")).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(await notes()).toEqual(["kept"]);
    // The number of the incident that was not opened is not used up.
    expect((await reads.list({}, 10, null)).incidents.map(({ key }) => key)).toEqual(["INC-2", "INC-1"]);
  });

  it("tries a batch again as a whole when another writer was first", async () => {
    await writer.submit(alert("orders"));
    const from = transactions;
    fail = (transaction) =>
      transaction <= from + 2 ? new StoreFault("conflict", "Another writer was first", null) : null;
    await Promise.all(["a", "b", "c"].map((text) => writer.submit(note(text))));
    expect(transactions - from).toBe(3);
    expect(await notes()).toEqual(["a", "b", "c"]);
  });

  it("knows the holder of a grouping key that an earlier job of the batch moved before it was read", async () => {
    const days = (n: number) => new Date(Date.parse(NOW) + n * 86_400_000).toISOString();
    const fires = (test: string, now: string): Job => ({
      type: "ingest",
      alerts: [Arrival.of(alertOn("orders", { dedupKey: test, title: `${test} on orders failed` }))],
      now,
    });
    const asks = (incident: string, command: object, now: string): Job =>
      ({ type: "command", request: { incident, command, actor: ana, via: "slash" }, now }) as Job;
    const submit = async (job: Job) => expect(await writer.submit(job)).toMatchObject({ ok: true });
    await submit(fires("late", NOW));
    await submit(asks("INC-1", { type: "waive", assets: [], reason: "known" }, NOW));
    await submit(asks("INC-1", { type: "resolve", text: "done" }, NOW));
    // Too late for the first to be opened again, and nothing has closed it yet.
    await submit(fires("late", days(2)));
    await submit(fires("unique", days(2)));
    await submit(asks("INC-2", { type: "split", alerts: "unique", all: false, reason: null }, days(2)));
    transactions = 0;
    const results = await Promise.all(
      [
        fires("unique", days(2)),
        asks("INC-3", { type: "cancel", reason: "false alarm" }, days(2)),
        { type: "tick", now: days(2) } satisfies Job,
        fires("unique", days(2)),
      ].map((job) => writer.submit(job)),
    );
    expect(results.at(-1)).toMatchObject({ ok: true, value: [{ outcome: "opened", incident: "INC-4" }] });
    expect(transactions).toBe(1);
    expect((await readsOf(db).state("INC-1"))!.phase).toBe("closed");
    expect((await readsOf(db).state("INC-4"))!.groupingKeys).toEqual([]);
  });

  it("does not try for ever", async () => {
    fail = () => new StoreFault("conflict", "Another writer was first", null);
    await expect(writer.submit(alert("orders"))).rejects.toThrow("Another writer was first");
    expect(transactions).toBe(10);
  });

  it("refuses the whole batch at once while the database takes no writes, and takes the next", async () => {
    fail = (transaction) =>
      transaction === 1 ? new StoreFault("unavailable", "The database is full", null) : null;
    const results = await Promise.all(["a", "b", "c"].map((table) => writer.submit(alert(table))));
    expect(transactions).toBe(1);
    for (const result of results)
      expect(result).toMatchObject({
        ok: false,
        refusal: { code: "unavailable", message: expect.stringContaining("Nothing of this was stored") },
      });
    expect(await writer.submit(alert("a"))).toMatchObject({ ok: true });
  });

  it("reads no incident again that still waits for its first message, however many there are", async () => {
    let read = 0;
    const few = createWriter(
      (work) =>
        db.transaction().execute((trx) => {
          const ledger = ledgerOf(trx);
          const incident = (key: string) => {
            read++;
            return ledger.incident(key);
          };
          return work({ ...ledger, incident });
        }),
      { ...settings, grouping: Grouping.parse({ wait: "1s" }) },
      { maxCached: 5 },
    );
    for (let i = 0; i < 30; i++) await few.submit(alert(`t${i}`));
    const later = new Date(Date.parse(NOW) + 2_000).toISOString();
    for (const id of [1, 2, 3]) await few.submit({ type: "claim", id, rootOf: `INC-${id}`, now: later });
    expect(read).toBe(0);
    await few.close();
  });

  it("closes when all that was submitted is answered", async () => {
    let answered = 0;
    for (let i = 0; i < 1200; i++)
      void writer.submit(alert("orders", `t${i}`)).then(() => {
        answered++;
      });
    await writer.close();
    expect(answered).toBe(1200);
  });
});

describe("the writer's thread", () => {
  let place: ReturnType<typeof temporaryFile>;
  beforeEach(() => {
    place = temporaryFile();
  });
  afterEach(() => place.remove());

  it("answers what was submitted before it was closed, and refuses what comes after", async () => {
    const failures: Error[] = [];
    const writer = await startWriter(settingsOf(place.database), (error) => failures.push(error));
    const results = Promise.all(
      Array.from({ length: 50 }, (_, i) => writer.submit(alert("orders", `t${i}`))),
    );
    await writer.close();
    expect((await results).every(({ ok }) => ok)).toBe(true);
    await expect(writer.submit(alert("users"))).rejects.toThrow();
    await writer.close();
    expect(failures).toEqual([]);
  });

  it("passes a fault on to the one who asked, and lives on", async () => {
    const writer = await startWriter(settingsOf(place.database), () => {});
    await expect(writer.submit({ type: "ingest", alerts: [null as never], now: NOW })).rejects.toThrow();
    expect(await writer.submit(alert("orders"))).toMatchObject({ ok: true });
    await writer.close();
  });

  it("refuses to start on a database that cannot be opened, without calling it a death", async () => {
    const failures: Error[] = [];
    await expect(
      startWriter(settingsOf({ type: "sqlite", path: "/dev/null/no/such.db" }), (error) =>
        failures.push(error),
      ),
    ).rejects.toThrow(/ENOTDIR|not a directory/i);
    expect(failures).toEqual([]);
  });

  it("rejects what waits when it dies, says so once, and rejects what comes after", async () => {
    const failures: Error[] = [];
    const thread = loadWriterThread();
    const writer = await startWriter(settingsOf(place.database), (error) => failures.push(error), thread);
    // Nothing is answered before it dies.
    const lock = openForWriting(place.database);
    const begun = await lock.startTransaction().execute();
    const waiting = [writer.submit(alert("orders")), writer.submit(note("seen"))];
    void thread.terminate();
    await begun.rollback().execute();
    await lock.destroy();
    const results = await Promise.allSettled(waiting);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(writer.submit(alert("payments"))).rejects.toThrow();
    await writer.close();
    expect(failures.length).toBe(1);
  });
});

describe("two writers on one database", () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  /** Both write about the same few incidents, each with states of its own in memory. */
  async function contend(database: Config["database"], open: () => Promise<Writer>): Promise<void> {
    const writers = [await open(), await open()];
    const results: PromiseSettledResult<JobResult>[] = [];
    for (let round = 0; round < 25; round++) {
      const table = `t${round % 4}`;
      const asked = writers.flatMap((writer, w) => [
        writer.submit(alert(table, `${table}.${w}.${round}`)),
        writer.submit(alert(table, `${table}.shared`)),
        writer.submit(note(`writer ${w}, round ${round}`)),
        writer.submit(alert(`new${round}`)),
      ]);
      results.push(...(await Promise.allSettled(asked)));
    }
    await Promise.all(writers.map((writer) => writer.close()));
    // Nobody is turned away: only the notes that came before there was an incident.
    const turnedAway = results.filter(
      (r) => r.status === "rejected" || (!r.value.ok && r.value.refusal.code !== "not_found"),
    );
    expect(turnedAway).toEqual([]);

    const db = openForReading(database);
    const reads = readsOf(db);
    const { incidents } = await reads.list({}, 1000, null);
    const opened = results.flatMap((result) =>
      result.status === "fulfilled" && result.value.ok && Array.isArray(result.value.value)
        ? (result.value.value as AlertOutcome[])
        : [],
    );
    // What was answered is what is stored: 4 + 25 problems, each opened once.
    expect(incidents.length).toBe(29);
    expect(opened.filter(({ outcome }) => outcome === "opened").length).toBe(29);
    for (const { key } of incidents) {
      const events = await reads.events(key);
      expect(brokenAt(events), key).toBeNull();
      expect(fold(events), key).toEqual(await reads.state(key, { entries: true }));
      const alerts = await reads.alerts(key, 1000);
      expect(alerts.length, key).toBe((await reads.state(key))!.alerts.total);
    }
    // Both counted the same alert, and no count was overwritten: rounds 0, 4 … 24 for the first table.
    const shared = await db
      .selectFrom("alert")
      .select(["dedup_key", "count"])
      .where("dedup_key", "like", "%.shared")
      .orderBy("dedup_key")
      .execute();
    expect(shared.map(({ count }) => count)).toEqual([14, 12, 12, 12]);
    const rows = await db.selectFrom("outbox").select("key").execute();
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
    const noted = (await reads.events("INC-1")).filter(({ body }) => body.type === "noted");
    expect(noted.length).toBe(
      results.filter(
        (r) =>
          r.status === "fulfilled" && r.value.ok && r.value.value !== null && !Array.isArray(r.value.value),
      ).length,
    );
    await db.destroy();
  }

  it("do not corrupt the log on Postgres", async () => {
    const database = { type: "postgres", url: await postgres.createDatabase() } as const;
    await contend(database, () => openWriter(settingsOf(database)));
  });

  it("do not corrupt the log on SQLite", async () => {
    const place = temporaryFile();
    // In threads, as SQLite's wait for a lock stops the thread that it waits in.
    await contend(place.database, () => startWriter(settingsOf(place.database), () => {}));
    place.remove();
  });
});
