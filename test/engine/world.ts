import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../src/config.ts";
import type { ByHand, Command } from "../../src/core/incident/command.ts";
import type { Actor } from "../../src/core/incident/person.ts";
import type { AlertSignal } from "../../src/core/signal/alert.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { Writer } from "../../src/engine/writer.ts";
import { openForReading } from "../../src/store/open.ts";
import { readsOf } from "../../src/store/reads.ts";
import { openWriter } from "../../src/writer.ts";

export const ana: Actor = { kind: "person", id: "U1", name: "Ana Diaz" };

/** A real engine over a real database, with a clock the test moves. */
export async function openWorld(
  database: Config["database"],
  channel = "C1",
  grouping: object = {},
  routing: Config["routing"] = {},
) {
  let now = Date.parse("2026-11-22T03:00:00.000Z");
  let writer: Writer = await open();
  let committed: (attended: string | null) => void = () => {};
  const readDb = openForReading(database);
  const reads = readsOf(readDb);
  const iso = () => new Date(now).toISOString();
  const engine = createEngine({
    writer: { submit: (job) => writer.submit(job), close: () => writer.close() },
    reads,
    now: iso,
    committed: (attended) => committed(attended),
  });

  function open(): Promise<Writer> {
    return openWriter({
      database,
      channel,
      reopenWithinMs: 24 * 3_600_000,
      closeAfterMs: 14 * 86_400_000,
      // Tests of delivery have no time to wait.
      grouping: { wait: "0s", ...grouping },
      pathRules: [],
      routing,
      runbooks: [],
    });
  }

  return {
    engine,
    reads,
    readDb,
    now: iso,
    /** Whom the engine tells that there may be something to deliver. */
    tells(whom: typeof committed) {
      committed = whom;
    },
    advance(ms: number) {
      now += ms;
    },
    ingest: (...signals: AlertSignal[]) => engine.ingest(signals, iso()),
    command: (incident: string | null, command: Command | ByHand, actor: Actor = ana) =>
      engine.command({ incident, command, actor, via: "slash" }),
    submit: (job: Parameters<Writer["submit"]>[0]) => writer.submit(job),
    /** Closes and opens the writer, as a restart of the process does. */
    async restart() {
      await writer.close();
      writer = await open();
    },
    async close() {
      await readDb.destroy();
      await writer.close();
    },
  };
}
export type World = Awaited<ReturnType<typeof openWorld>>;

export function temporaryFile(): { database: Config["database"]; remove(): void } {
  const path = join(tmpdir(), `breakwater-${randomUUID()}.db`);
  return {
    database: { type: "sqlite", path },
    remove: () => {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    },
  };
}

/** An alert about `table`, firing unless said otherwise. */
export function alertOn(table: string, changes: Partial<AlertSignal> = {}): AlertSignal {
  return {
    source: "dbt",
    dedupKey: `test.${table}`,
    deliveryId: null,
    status: "firing",
    severity: "error",
    title: `not_null on ${table} failed`,
    description: null,
    assets: [{ namespace: "snowflake://acme", name: `analytics.core.${table}` }],
    impacted: [],
    labels: {},
    links: [],
    startsAt: null,
    endsAt: null,
    observedAt: null,
    groupHint: null,
    warnings: [],
    raw: {},
    ...changes,
  };
}
