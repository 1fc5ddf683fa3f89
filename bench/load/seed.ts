import SQLite from "better-sqlite3";
import type { Actor } from "../../src/core/incident/person.ts";
import type { AlertSignal } from "../../src/core/signal/alert.ts";
import type { Asset } from "../../src/core/signal/asset.ts";
import { Arrival } from "../../src/engine/arrival.ts";
import type { Job, JobResult } from "../../src/engine/commit.ts";
import type { Writer } from "../../src/engine/writer.ts";
import { openWriter } from "../../src/writer.ts";
import { SLACK } from "./subjects.ts";

/** So many incidents of a history are still open at its end. */
const OPEN = 20;
const AT_ONCE = 400;
/** A word that one incident in a thousand has in its title. */
export const RARE_WORD = "kumquat";

const MAYA: Actor = { kind: "person", id: "U0MAYA", name: "Maya Okafor" };

/**
 * A database with so many incidents, as years of use leave it: each opened by an alert about a table of its own, posted,
 * acknowledged, resolved when the alert passed; all through the engine's own writer, so that every table and every chain
 * is as it would be. Returns the file.
 */
export async function seedDatabase(file: string, incidents: number): Promise<string> {
  const writer = await openBenchWriter(file);
  const reader = new SQLite(file, { readonly: true });
  // Word for word what the partial index says, or each look would walk through all that was ever posted.
  const cards = reader.prepare(
    "select id, incident from outbox where state <> 'done' and state = 'pending' and kind = 'card'",
  );
  const began = Date.now() - incidents * 120_000;
  const all = (jobs: Job[]) => Promise.all(jobs.map((job) => writer.submit(job).then(checked)));
  for (let from = 1; from <= incidents; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, incidents - from + 1) }, (_, n) => from + n);
    const at = (number: number, minutes: number) =>
      new Date(began + number * 120_000 + minutes * 60_000).toISOString();
    await all(
      numbers.map(
        (n): Job => ({ type: "ingest", alerts: [Arrival.of(alertOf(n, "firing", at(n, 0)))], now: at(n, 0) }),
      ),
    );
    const ids = cards.all() as { id: number; incident: string }[];
    await all(ids.map(({ id }): Job => ({ type: "claim", id, now: at(from, 1) })));
    await all(
      ids.map(({ id, incident }): Job => {
        const ts = `${1_600_000_000 + Number(incident.split("-")[1])}.000100`;
        const outcome = { type: "sent", version: 1, channel: SLACK.channel, ts, permalink: null } as const;
        return { type: "settle", id, outcome, now: at(from, 1) };
      }),
    );
    const over = numbers.filter((number) => number <= incidents - OPEN);
    await all(over.map((n): Job => commandOf(n, { type: "acknowledge" }, at(n, 2))));
    await all(
      over.map(
        (n): Job => ({
          type: "ingest",
          alerts: [Arrival.of(alertOf(n, "resolved", at(n, 30)))],
          now: at(n, 30),
        }),
      ),
    );
    await all(over.map((n): Job => commandOf(n, { type: "restore", assets: [], reason: null }, at(n, 30))));
    await all(
      over.map((n): Job => commandOf(n, { type: "resolve", text: "The load was repeated." }, at(n, 31))),
    );
  }
  reader.close();
  await writer.close();
  settleOutbox(file);
  return file;
}

/** The engine's writer in this process. */
export function openBenchWriter(path: string): Promise<Writer> {
  return openWriter({
    database: { type: "sqlite", path },
    channel: SLACK.channel,
    reopenWithinMs: 24 * 3_600_000,
    closeAfterMs: 14 * 86_400_000,
    grouping: { wait: "0s" },
    pathRules: [],
    routing: {},
    runbooks: [],
  });
}

function commandOf(
  number: number,
  command: Extract<Job, { type: "command" }>["request"]["command"],
  now: string,
): Job {
  return { type: "command", request: { incident: `INC-${number}`, command, actor: MAYA, via: "slash" }, now };
}

export function checked(result: JobResult): void {
  if (!result.ok) throw new Error(`the history could not be written: ${result.refusal.message}`);
}

/** Everything was posted long ago: a start must find nothing to send. */
function settleOutbox(file: string): void {
  const db = new SQLite(file);
  db.exec(`update outbox set state = 'done', sent = wanted, channel = '${SLACK.channel}',
    ts = coalesce(ts, '16' || substr('00000000' || id, -8) || '.000200')`);
  db.pragma("wal_checkpoint(truncate)");
  db.close();
}

/** An alert about a table: the one of this number, unless another asset is given. */
export function alertOf(
  number: number,
  status: AlertSignal["status"],
  at: string,
  about?: Asset,
): AlertSignal {
  const asset = about ?? {
    namespace: "snowflake://fernhollow-eu_prod",
    name: `analytics.marts.table_${number}`,
  };
  const rare = number % 1_000 === 1 ? `${RARE_WORD} ` : "";
  return {
    source: "generic",
    dedupKey: `check/${number}`,
    deliveryId: null,
    status,
    severity: number % 5 === 0 ? "critical" : "error",
    title: `${rare}not_null_order_id failed on table_${number}`,
    description:
      "Got 1,284 rows where at most 0 were expected: order_id is null in rows loaded since 03:00 UTC.",
    assets: [asset],
    impacted: [],
    labels: { environment: "production", owner: "analytics-engineering", check: "not_null_order_id" },
    links: [{ title: "Source", url: "https://checks.fernhollow.example/runs" }],
    startsAt: at,
    endsAt: status === "resolved" ? at : null,
    observedAt: at,
    groupHint: null,
    warnings: [],
    raw: { text: "x".repeat(400) },
  };
}
