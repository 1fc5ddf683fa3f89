import { copyFileSync } from "node:fs";
import SQLite from "better-sqlite3";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Config } from "../../src/config.ts";
import { recordAct } from "../../src/store/audit.ts";
import { openForWriting } from "../../src/store/open.ts";
import { prune } from "../../src/store/prune.ts";
import { verifySignals } from "../../src/store/verify-signals.ts";
import { alertOn, openWorld, temporaryFile } from "../engine/world.ts";
import { type Postgres, startPostgres } from "../harness/postgres.ts";
import { faultsIn, faultsOf, fill } from "./filled.ts";

/** An edit by hand, and what the finding says of the place. */
const EDITS: [string, string, RegExp][] = [
  [
    "a word in an event",
    "update event set body = replace(body, 'cat', 'dog')",
    /^INC-1: the chain .* at entry \d+/,
  ],
  ["who did it", "update event set actor = replace(actor, 'Bo', 'Al')", /^INC-1: the chain/],
  ["when it was", "update event set at = '2020-01-01T00:00:00.000Z' where seq = 3", /^INC-\d: the chain/],
  [
    "a field more in an event",
    `update event set body = replace(body, '{"type"', '{"x":1,"type"') where incident = 'INC-3' and seq = 2`,
    /^INC-3: the chain .* entry 2/,
  ],
  [
    "an event that is gone",
    "delete from event where incident = 'INC-1' and seq = 4",
    /^INC-1: the chain .* entry 5/,
  ],
  [
    "the last event, gone",
    "delete from event where incident = 'INC-2' and seq = (select max(seq) from event where incident = 'INC-2')",
    /^INC-2, incident: the log does not fold/,
  ],
  [
    "an event erased by hand",
    'update event set salt = null, digests = \'{"actor":"a","permalink":"b","body":"c"}\' where incident = \'INC-3\' and seq = 1',
    /^(INC-3: the chain|erased entries)/,
  ],
  ["a whole log", "delete from event where incident = 'INC-3'", /^INC-3: there is no log/],
  [
    "a whole incident",
    "delete from event where incident = 'INC-3'; delete from incident where key = 'INC-3'",
    /^counter incident/,
  ],
  [
    "an incident's severity",
    "update incident set severity = 'SEV4' where key = 'INC-1'",
    /^INC-1, incident: /,
  ],
  [
    "an incident's state",
    "update incident set state = replace(state, 'restarted', 'rewrote')",
    /^INC-1, incident: /,
  ],
  [
    "an asset",
    "update incident_asset set recovery = 'impacted' where incident = 'INC-1'",
    /^INC-1, incident_asset: /,
  ],
  [
    "what somebody wrote",
    "update incident_entry set body = replace(body, 'keyboard', 'dashboard')",
    /^INC-1, incident_entry: /,
  ],
  [
    "a grouping key",
    "update incident_group set open = 1 - open where incident = 'INC-3'",
    /^INC-3, incident_group: /,
  ],
  [
    "a search term",
    "delete from incident_term where incident = 'INC-2' and term = 'users'",
    /^INC-2, incident_term: /,
  ],
  [
    "a search term more",
    "insert into incident_term values ('secret', '2026-01-01', 'INC-2')",
    /^INC-2, incident_term: /,
  ],
  [
    "what an incident told to be found by",
    "update incident_telling set terms = replace(terms, 'users', 'losers') where incident = 'INC-2'",
    /^INC-2, incident_term: /,
  ],
  [
    "an alert of an incident",
    "update incident_alert set body = replace(body, 'payments', 'refunds')",
    /^incident_alert INC-3 /,
  ],
  [
    "an alert of an incident, gone",
    "delete from incident_alert where incident = 'INC-3'",
    /^INC-3, incident_alert: /,
  ],
  [
    "the number of an alert",
    "update incident_alert set alert = alert + 100 where incident = 'INC-3'",
    /^incident_alert INC-3 \w+: it stands under the number of another alert/,
  ],
  ["an alert", "update alert set count = 7", /^alert \w+/],
  ["how often an alert was repeated", "update alert set repeats = 3", /^alert \w+/],
  ["an alert, gone", "delete from alert", /^alert \w+: the row is gone/],
  [
    "a signal",
    "update signal set body = replace(body, 'users', 'losers') where id = 2",
    /^signals \d+ to \d+: they are not as/,
  ],
  ["a signal, gone", "delete from signal where id = 2", /^signals \d+ to \d+: 3 were stored, 2 are there/],
  [
    "the oldest signals with their links",
    "delete from signal where id <= 3; delete from signal_batch where seq = 1",
    /^signals 1 to 4: the chain of hashes breaks here/,
  ],
  [
    "the newest signals with their links",
    "delete from signal where id > 3; delete from signal_batch where seq > 1",
    /^signals: the last is of .*, an alert of /,
  ],
  [
    "a signal more",
    "insert into signal (id, received_at, source, fingerprint, body, outcome, reason) values (99, '', 'x', 'x', '{}', 'opened', '')",
    /^signal 99: it was not stored by the bot/,
  ],
  ["a link of the signals", "update signal_batch set rows = 2 where seq = 1", /^signals 1 to 3: the chain/],
  ["what is to be told", "update outbox set payload = replace(payload, 'INC-1', 'INC-9')", /^outbox /],
  ["a change", "update change set body = replace(body, 'Deploy 7', 'Deploy 8')", /^change \w+/],
  ["lineage", "update lineage set body = replace(body, 'raw.orders', 'raw.others')", /^lineage yaml shop/],
  [
    "a version of lineage",
    "update lineage_version set edges = 9 where version = 1",
    /^lineage_version yaml shop/,
  ],
  ["a remembered answer", "update processed set result = '{}'", /^processed E1/],
  ["a runbook as it was walked", "update runbook_version set text = 'x'", /^runbook_version h1/],
  ["an act", "update audit set details = '{}' where seq = 1", /^audit: act 1/],
  ["who did an act", "update audit set by = 'nobody' where seq = 2", /^audit: act 2/],
  ["an act, gone", "delete from audit where seq = 1", /^audit: act 2/],
  ["the counter", "update counter set value = 9 where name = 'incident'", /^counter incident/],
  ["the counter, gone", "delete from counter where name = 'incident'", /^counter incident/],
  [
    "the newest incident, gone with the counter",
    "delete from counter where name = 'incident'; delete from event where incident = 'INC-3'; delete from incident where key = 'INC-3'",
    /^counter incident/,
  ],
  [
    "a silence, gone with its log",
    "insert into counter values ('silence', 1)",
    /^counter silence: it stands at 1, and there are 0/,
  ],
  ["a permit left", "insert into log_permit values ('event')", /^log_permit: the event log was left open/],
];

const quoted = (text: string) => text.replace(/\bset by\b/g, 'set "by"');

function pathOf({ database }: { database: Config["database"] }): string {
  return database.type === "sqlite" ? database.path : "";
}

describe("on SQLite", () => {
  let place: ReturnType<typeof temporaryFile>;
  let path: string;
  let triggers: { name: string; sql: string }[];
  let whole: ReturnType<typeof temporaryFile>;
  beforeAll(async () => {
    whole = temporaryFile();
    await fill(whole.database);
    const db = openForWriting(whole.database);
    await recordAct(db, { act: "backed_up", by: "cli:root", details: {} });
    await db.destroy();
    const file = new SQLite(pathOf(whole));
    triggers = file
      .prepare("select name, sql from sqlite_schema where type = 'trigger'")
      .all() as typeof triggers;
    file.close();
  });
  afterAll(() => whole.remove());
  beforeEach(() => {
    place = temporaryFile();
    path = pathOf(place);
    copyFileSync(pathOf(whole), path);
  });
  afterEach(() => place.remove());

  /** As somebody would who means it: the guards away, the edit, the guards back. */
  function edit(text: string) {
    const file = new SQLite(path);
    for (const { name } of triggers) file.exec(`drop trigger ${name}`);
    file.exec(quoted(text));
    for (const { sql } of triggers) file.exec(sql);
    file.close();
  }

  it("finds nothing where nobody touched it", async () => {
    expect(await faultsIn(place.database)).toEqual([]);
  });

  it.each(EDITS)("finds %s", async (_, text, finding) => {
    edit(text);
    const faults = await faultsIn(place.database);
    expect(faults.filter((fault) => finding.test(fault))).not.toEqual([]);
    expect(faults.length).toBeLessThan(20);
  });

  it("takes what is not indexed yet for no fault, and what only says that it is for one", async () => {
    const world = await openWorld(place.database);
    await world.ingest(alertOn("fresh"));
    await world.close();
    expect(await faultsIn(place.database)).toEqual([]);
    edit("update incident_telling set due = 0");
    expect(await faultsIn(place.database)).toEqual([
      "INC-4, incident_term: the log does not fold to what is stored",
    ]);
  });

  it("finds a guard that is gone, and one that was weakened", async () => {
    const file = new SQLite(path);
    file.exec("drop trigger event_no_update; drop trigger signal_no_delete");
    file.exec("create trigger signal_no_delete before delete on signal begin select 1; end");
    file.close();
    expect(await faultsIn(place.database)).toEqual([
      "schema, trigger event_no_update: it is gone",
      "schema, trigger signal_no_delete: it was changed",
    ]);
  });

  it("finds what the disk did to the file", async () => {
    const file = new SQLite(path);
    file.unsafeMode(true);
    file.pragma("writable_schema = on");
    file.exec(
      "update sqlite_schema set rootpage = (select rootpage from sqlite_schema where name = 'counter') where name = 'change_at'",
    );
    file.close();
    expect((await faultsIn(place.database).catch((error) => [String(error)])).join()).toMatch(
      /the file|malformed|corrupt/,
    );
  });

  it("is not misled by retention that is ahead of it", { timeout: 60_000 }, async () => {
    const world = await openWorld(place.database);
    // The clock is where that of whoever filled it was.
    world.advance(3_600_000);
    for (let no = 0; no < 160; no++) await world.ingest(alertOn("orders", { dedupKey: `${no}` }));
    world.advance(86_400_000);
    await world.ingest(alertOn("users"));
    await world.close();
    const db = openForWriting(place.database);
    const forever = { changes: null, deliveries: null, answers: null, lineage: null };
    await prune(db, { ...forever, signals: "2026-11-23T00:00:00.000Z" }, 1);
    const faults: string[] = [];
    await verifySignals(db, {
      fault: ({ place: where, what }) => faults.push(`${where}: ${what}`),
      progress: () => {
        edit("delete from signal where id <= (select last_id from signal_batch where seq = 150)");
        edit("delete from signal_batch where seq <= 150");
      },
    });
    await db.destroy();
    expect(faults).toEqual([]);
  });

  it("leaves the logs closed to a plain update or delete", () => {
    const file = new SQLite(path);
    for (const log of ["event", "signal", "signal_batch", "audit"]) {
      expect(() => file.exec(`delete from ${log}`), log).toThrow("append-only");
      expect(
        () => file.exec(`update ${log} set hash = 'x'`.replace("signal set hash", "signal set reason")),
        log,
      ).toThrow("append-only");
    }
    file.close();
  });
});

describe("on Postgres", () => {
  let postgres: Postgres;
  let database: Config["database"];
  beforeAll(async () => {
    postgres = await startPostgres();
    database = { type: "postgres", url: postgres.url };
    await fill(database);
    const db = openForWriting(database);
    await recordAct(db, { act: "backed_up", by: "cli:root", details: {} });
    await db.destroy();
  }, 60_000);
  afterAll(() => postgres.stop());

  it("finds nothing where nobody touched it", async () => {
    expect(await faultsIn(database)).toEqual([]);
  });

  it("finds nothing beside a bot that goes on writing", { timeout: 60_000 }, async () => {
    const world = await openWorld(database);
    let isOn = true;
    async function write(): Promise<void> {
      for (let no = 0; isOn; no++) {
        world.advance(1000);
        await world.ingest(alertOn(`busy${no % 5}`, { dedupKey: `${no}` }));
        await world.engine.index();
      }
    }
    const written = write();
    const faults: string[] = [];
    for (let times = 0; times < 5; times++) faults.push(...(await faultsIn(database)));
    isOn = false;
    await written;
    await world.close();
    expect(faults).toEqual([]);
  });

  it("finds every edit, and nothing once it is taken back", { timeout: 120_000 }, async () => {
    const db = openForWriting(database);
    for (const [name, text, finding] of EDITS) {
      const undone = db.transaction().execute(async (trx) => {
        await sql.raw("set local session_replication_role = replica").execute(trx);
        for (const each of quoted(text).split("; ")) await sql.raw(each).execute(trx);
        const faults = await faultsOf(trx);
        expect(
          faults.filter((fault) => finding.test(fault)),
          `${name}: ${faults}`,
        ).not.toEqual([]);
        throw new Error("take it back");
      });
      await expect(undone).rejects.toThrow("take it back");
    }
    expect(await faultsOf(db)).toEqual([]);
    await db.destroy();
  });

  it("finds a guard that is switched off, and leaves the logs closed to truncating", async () => {
    const db = openForWriting(database);
    await expect(sql`truncate signal`.execute(db)).rejects.toThrow("append-only");
    await sql`alter table event disable trigger event_append_only`.execute(db);
    expect(await faultsOf(db)).toEqual(["schema, trigger event_append_only: it is gone or switched off"]);
    await sql`alter table event enable trigger event_append_only`.execute(db);
    await db.destroy();
  });
});
