import { readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import SQLite from "better-sqlite3";
import { Kysely, type LogEvent, SqliteDialect, sql } from "kysely";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Arrival } from "../../src/engine/arrival.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { Ledger } from "../../src/engine/ledger.ts";
import { buildServer } from "../../src/http/server.ts";
import { generic } from "../../src/source/generic.ts";
import { ledgerOf } from "../../src/store/ledger.ts";
import { MIGRATIONS, migrate } from "../../src/store/migrate.ts";
import { type Database, openForReading, openForWriting } from "../../src/store/open.ts";
import { readsOf } from "../../src/store/reads.ts";
import { type ReplayReads, replayReadsOf } from "../../src/store/replay-reads.ts";
import type { Schema } from "../../src/store/schema.ts";
import { openWriter } from "../../src/writer.ts";
import type { WriterSettings } from "../../src/writer-settings.ts";
import { startWriter } from "../../src/writer-start.ts";
import { alertOn, openWorld, temporaryFile } from "../engine/world.ts";

const ROOT = resolve(import.meta.dirname, "../..");

let place: ReturnType<typeof temporaryFile>;
let path: string;
let settings: WriterSettings;
beforeEach(() => {
  place = temporaryFile();
  path = place.database.type === "sqlite" ? place.database.path : "";
  settings = {
    database: place.database,
    channel: "C1",
    reopenWithinMs: 3_600_000,
    closeAfterMs: 86_400_000,
    grouping: { wait: "0s" },
    pathRules: [],
    routing: {},
    runbooks: [],
  };
});
afterEach(() => place.remove());

async function pragma(db: Database, name: string): Promise<unknown> {
  const { rows } = await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(db);
  return Object.values(rows[0] ?? {})[0];
}

describe("a connection to the file", () => {
  it("syncs fully, the first time and every time after", async () => {
    for (let opened = 0; opened < 3; opened++) {
      const writing = openForWriting(place.database);
      await migrate(writing);
      const reading = openForReading(place.database);
      expect(await pragma(writing, "synchronous")).toBe(2);
      expect(await pragma(writing, "journal_mode")).toBe("wal");
      expect(await pragma(reading, "synchronous")).toBe(2);
      expect(await pragma(writing, "integrity_check")).toBe("ok");
      await expect(sql`create table t (x)`.execute(reading)).rejects.toThrow(/readonly/);
      await reading.destroy();
      await writing.destroy();
    }
  });

  it("waits for another's lock before a transaction reads, instead of failing when it writes", async () => {
    const one = openForWriting(place.database);
    await migrate(one);
    const two = openForWriting(place.database);
    await sql`pragma busy_timeout = 50`.execute(two);
    await one.transaction().execute(async () => {
      await expect(two.transaction().execute(async () => {})).rejects.toMatchObject({ code: "SQLITE_BUSY" });
    });
    await one.destroy();
    await two.destroy();
  });
});

describe("migrations", () => {
  it("are the files of the folder, in their order", () => {
    const files = readdirSync(join(ROOT, "migrations")).map((file) => basename(file, ".ts"));
    expect(Object.keys(MIGRATIONS)).toEqual(files.toSorted());
  });

  it("do no harm the second time", async () => {
    const db = openForWriting(place.database);
    expect(await migrate(db)).toEqual(Object.keys(MIGRATIONS));
    const before = schemaOf(path);
    expect(await migrate(db)).toEqual([]);
    expect(schemaOf(path)).toBe(before);
    await db.destroy();
  });

  it("give the schema that was reviewed", async () => {
    const db = openForWriting(place.database);
    await migrate(db);
    await db.destroy();
    await expect(schemaOf(path)).toMatchFileSnapshot("../golden/schema.sql");
  });

  it("leave nothing behind when they are cut off half-way, and run whole the next time", async () => {
    const db = openForWriting(place.database);
    const file = new SQLite(path);
    // A name that the migration will want late is taken, so it fails after having made most of the tables.
    file.exec("create table kysely_migration (name text primary key, timestamp text not null)");
    file.exec("create table runbook_version (x)");
    await expect(migrate(db)).rejects.toThrow("could not be migrated");
    expect(schemaOf(path)).not.toContain("incident");
    file.exec("drop table runbook_version");
    file.close();
    expect(await migrate(db)).toEqual(Object.keys(MIGRATIONS));
    await db.destroy();
  });

  it("let twenty start at once on one new file", { timeout: 60_000 }, async () => {
    const writers = await Promise.all(Array.from({ length: 20 }, () => startWriter(settings, () => {})));
    const answers = await Promise.all(
      writers.map((writer, i) =>
        writer.submit({
          type: "ingest",
          alerts: [Arrival.of(alertOn(`t${i}`))],
          now: "2026-11-22T03:00:00.000Z",
        }),
      ),
    );
    expect(answers.map(({ ok }) => ok)).toEqual(Array(20).fill(true));
    await Promise.all(writers.map((writer) => writer.close()));
    const db = openForReading(place.database);
    expect((await readsOf(db).list({}, 100, null)).incidents.length).toBe(20);
    await db.destroy();
  });
});

/** The schema as SQLite keeps it: each table with its columns, then its indexes and triggers. */
function schemaOf(file: string): string {
  const db = new SQLite(file, { readonly: true });
  const rows = db
    .prepare(
      `select sql from sqlite_schema
       where sql is not null and tbl_name not like 'sqlite_%' and tbl_name not like 'kysely_%'
       order by tbl_name, type = 'trigger', type = 'index', name`,
    )
    .pluck()
    .all() as string[];
  db.close();
  return rows
    .map((text) => `${text.replace(/(?<= (null|text|key|autoincrement)), /g, ",\n  ")};\n`)
    .join("\n");
}

describe("when the disk is in trouble", () => {
  const troubles: [string, (db: Database, other: SQLite.Database) => Promise<unknown>, string][] = [
    ["full", (db) => sql`pragma max_page_count = 1`.execute(db), "SQLITE_FULL"],
    ["read-only", (db) => sql`pragma query_only = on`.execute(db), "SQLITE_READONLY"],
    [
      "locked by somebody else",
      async (db, other) => {
        await sql`pragma busy_timeout = 50`.execute(db);
        other.exec("begin immediate");
      },
      "SQLITE_BUSY",
    ],
  ];
  const mended = async (db: Database, other: SQLite.Database) => {
    if (other.inTransaction) other.exec("rollback");
    await sql`pragma max_page_count = 1000000`.execute(db);
    await sql`pragma query_only = off`.execute(db);
  };

  it.each(troubles)(
    "answers 503 on a database that is %s, and 200 once it is mended",
    async (_, make, code) => {
      const db = openForWriting(place.database);
      const writer = await openWriter(settings, db);
      const other = new SQLite(path);
      const reading = openForReading(place.database);
      const now = () => "2026-11-22T03:00:00.000Z";
      const engine = createEngine({ writer, reads: readsOf(reading), now, committed: () => {} });
      const server = buildServer({
        engine,
        config: {
          apiTokens: [],
          openSources: new Set(),
          sandbox: false,
          redaction: { allow: {} },
          assetNames: [],
          sourceSecrets: new Map([["generic", ["s"]]]),
          maxBodyBytes: 65_536,
          rateLimit: { requestsPerSecond: 5000, failuresPerMinute: 600 },
        },
        sources: [generic],
        now,
        log: { level: "silent" },
        metrics: new Registry(),
        report: async () => null,
        fetch,
        health: async () => ({ checks: [] }),
      });
      const url = await server.listen({ host: "127.0.0.1", port: 0 });
      const post = (n: number) =>
        fetch(`${url}/v1/alerts/generic`, {
          method: "POST",
          headers: { authorization: "Bearer s", "content-type": "application/json" },
          body: JSON.stringify({
            title: `t${n}`,
            description: "x".repeat(3000),
            dedup_key: `${n}`,
            assets: [`a/b${n}`],
          }),
        });
      expect((await post(0)).status).toBe(200);
      await make(db, other);
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => post(i + 1)));
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(503));
      expect(answers[0]!.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(await answers[0]!.json()).toMatchObject({ detail: expect.stringContaining(code) });
      expect((await readsOf(reading).list({}, 100, null)).incidents.length).toBe(1);
      await mended(db, other);
      const after = await Promise.all(Array.from({ length: 20 }, (_, i) => post(i + 1)));
      expect(after.map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect((await readsOf(reading).list({}, 100, null)).incidents.length).toBe(21);
      await server.close();
      other.close();
      await reading.destroy();
      await writer.close();
    },
  );
});

/** Tables that grow with every alert and every incident, for ever. */
const GROWING = [
  "event",
  "signal",
  "signal_batch",
  "processed",
  "incident",
  "incident_telling",
  "incident_term",
  "alert",
  "incident_alert",
  "outbox",
  "change",
];

describe("no read walks through a table that grows", () => {
  let db: Kysely<Schema>;
  let queries: { sql: string; parameters: readonly unknown[] }[];
  let file: SQLite.Database;

  beforeEach(async () => {
    const world = await openWorld(place.database);
    await world.ingest(alertOn("orders", { deliveryId: "d" }));
    await world.close();
    file = new SQLite(path);
    queries = [];
    db = new Kysely<Schema>({
      dialect: new SqliteDialect({ database: file }),
      log: (event: LogEvent) => {
        if (event.level === "query") queries.push(event.query);
      },
    });
  });
  afterEach(() => db.destroy());

  /** What EXPLAIN QUERY PLAN says of a walk through a growing table, from its beginning and without an index. */
  function walks(): string[] {
    return queries
      .filter(({ sql }) => /^(select|update|insert|with)/i.test(sql))
      .flatMap(({ sql, parameters }) => {
        const plan = file.prepare(`explain query plan ${sql}`).all(...parameters) as { detail: string }[];
        return plan
          .map(({ detail }) => detail)
          .filter((detail) => isWalk(detail))
          .map((detail) => `${detail}: ${sql}`);
      });
  }

  /**
   * The three walks there are, all along an index: the newest incidents first, over after one page; what is not delivered
   * yet, and what is not indexed by word yet, which is all that these indexes hold.
   */
  const SHORT =
    /^SCAN (incident USING INDEX incident_newest|outbox USING COVERING INDEX outbox_undelivered|incident_telling USING INDEX incident_telling_due)$/;

  function isWalk(detail: string): boolean {
    const table = /^SCAN (\w+)/.exec(detail)?.[1];
    return table !== undefined && GROWING.includes(table) && !SHORT.test(detail);
  }

  const NOW = "2026-11-22T03:00:00.000Z";
  const CURSOR = Buffer.from(JSON.stringify([NOW, "INC-1"])).toString("base64url");
  const reads: Record<string, (reads: ReturnType<typeof readsOf>) => Promise<unknown>> = {
    state: (r) => r.state("INC-1"),
    byThread: (r) => r.byThread("C1", "1.2"),
    openIn: (r) => r.openIn("C1"),
    length: (r) => r.length("INC-1"),
    events: (r) => r.events("INC-1"),
    story: (r) => r.story("INC-1"),
    timeline: (r) => r.timeline("INC-1"),
    relations: (r) => r.relations("INC-1", ["fp"]),
    alerts: (r) => r.alerts("INC-1", 10),
    held: (r) => r.held(10),
    silences: (r) => r.silences(),
    changes: (r) => r.changes({ since: NOW, until: NOW }, 100),
    lineage: (r) => r.lineage(),
    lineageStatements: (r) => r.lineageStatements(),
    runbookText: (r) => r.runbookText("hash"),
    due: (r) => r.due(NOW, 500, ["INC-1"]),
    comingRoots: (r) => r.comingRoots(NOW, NOW),
    sending: (r) => r.sending(),
    nextDue: (r) => r.nextDue(NOW),
    undelivered: (r) => r.undelivered(),
    "list of all": (r) => r.list({}, 50, null),
    "list, open": (r) => r.list({ open: true }, 50, null),
    "list, by state": (r) => r.list({ phases: ["triggered", "acknowledged"] }, 50, null),
    "list, by severity": (r) => r.list({ severities: ["SEV1"] }, 50, null),
    "list, by time": (r) => r.list({ since: NOW, until: NOW }, 50, null),
    "list, by asset, word and source": (r) =>
      r.list({ asset: "a/b", text: "not null", source: "dbt" }, 50, null),
    "list, the next page": async (r) => {
      await r.list({}, 50, CURSOR);
      await r.list({ open: true }, 50, CURSOR);
    },
  };
  it.each(Object.entries(reads))("%s", async (_, read) => {
    await read(readsOf(db));
    expect(queries.length).toBeGreaterThan(0);
    expect(walks()).toEqual([]);
  });
  it.each([
    ["a word", { text: "failed" }],
    ["words, a source and an asset", { text: "not null", source: "dbt", asset: "a/b" }],
    ["a word, in a time", { text: "failed", since: NOW, until: NOW }],
    ["a word, by severity", { text: "failed", severities: ["SEV1" as const] }],
  ])("a search for %s walks from the newest on, and sorts nothing", async (_, filter) => {
    for (const cursor of [null, CURSOR]) await readsOf(db).list(filter, 50, cursor);
    // The few that came within the last second are looked for by their keys, and sorted.
    const byWord = queries.filter(({ sql }) => sql.includes("incident_term"));
    expect(byWord.length).toBeGreaterThan(0);
    const plans = byWord.flatMap(({ sql, parameters }) =>
      (file.prepare(`explain query plan ${sql}`).all(...parameters) as { detail: string }[]).map(
        ({ detail }) => detail,
      ),
    );
    expect(plans.filter((detail) => /B-TREE/.test(detail))).toEqual([]);
  });
  const replayed: Record<string, (reads: ReplayReads) => Promise<unknown>> = {
    signalSince: (r) => r.signalSince(NOW),
    signals: (r) => r.signals(1, 100, 10),
    placed: (r) => r.placed(1, 10),
    verdict: (r) => r.verdict(1),
    holders: (r) => r.holders(["a", "b"]),
    fingerprintsIn: (r) => r.fingerprintsIn("INC-1"),
    queuedAfter: (r) => r.queuedAfter(1),
  };
  it.each(Object.entries(replayed))("a replay's %s", async (_, read) => {
    await read(replayReadsOf(db));
    expect(queries.length).toBeGreaterThan(0);
    expect(walks()).toEqual([]);
  });
  it("and every read is looked at", () => {
    expect(Object.keys(replayReadsOf(db))).toEqual(Object.keys(replayed));
    const named = new Set(Object.keys(reads).map((name) => name.split(/[ ,]/)[0]!));
    expect(Object.keys(readsOf(db)).filter((name) => !named.has(name))).toEqual([]);
  });

  const pair = { incident: "INC-1", fingerprint: "print" };
  const writes: Record<Exclude<keyof Ledger, "save">, (ledger: Ledger) => Promise<unknown>> = {
    alerts: (l) => l.alerts(["a", "b"]),
    incidentAlerts: (l) => l.incidentAlerts([pair]),
    openIncidents: (l) => l.openIncidents(),
    openSilences: (l) => l.openSilences(),
    heldAlerts: (l) => l.heldAlerts(),
    heldSignals: (l) => l.heldSignals(["a", "b"]),
    firingAlerts: (l) => l.firingAlerts(),
    allLineage: (l) => l.allLineage(),
    lineageOf: (l) => l.lineageOf("dbt", "shop"),
    knownChanges: (l) => l.knownChanges(["a", "b"]),
    changesBetween: (l) => l.changesBetween(NOW, NOW, 100),
    pastLike: (l) => l.pastLike(["a/b"], "not null", 10),
    someIncidentAlerts: (l) => l.someIncidentAlerts("INC-1", 10),
    allIncidentAlerts: (l) => l.allIncidentAlerts("INC-1"),
    seenDeliveries: (l) => l.seenDeliveries([{ source: "dbt", fingerprint: "print", deliveryId: "d" }]),
    groups: (l) => l.groups(["asset:a", "asset:b"]),
    incident: (l) => l.incident("INC-1"),
    processed: (l) => l.processed("key"),
    nextNumber: (l) => l.nextNumber("incident"),
    resolvedBefore: (l) => l.resolvedBefore(NOW, 100),
    isQueued: (l) => l.isQueued("notice:C1:INC-1"),
    claimOutbox: (l) => l.claimOutbox(1),
    settleOutbox: (l) => l.settleOutbox(1, { type: "dead", error: "x" }, async () => 0),
    prune: (l) =>
      l.prune(
        {
          signals: "2030-01-01",
          changes: "2030-01-01",
          deliveries: "2030-01-01",
          answers: "2030-01-01",
          lineage: "2030-01-01",
        },
        100,
      ),
    indexTerms: (l) => l.indexTerms(100),
  };
  it.each(Object.entries(writes))("the writer's %s", async (_, write) => {
    await write(ledgerOf(db));
    expect(queries.length).toBeGreaterThan(0);
    expect(walks()).toEqual([]);
  });
  it("and every one of the writer's reads is looked at", () => {
    expect(Object.keys(ledgerOf(db)).toSorted()).toEqual([...Object.keys(writes), "save"].toSorted());
  });
});
