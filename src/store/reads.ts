import { sql } from "kysely";
import { z } from "zod";
import { LineageProvider } from "../core/correlate/lineage-document.ts";
import { later } from "../core/duration.ts";
import type { RecordedEvent, Severity } from "../core/incident/events.ts";
import { relationsIn } from "../core/incident/log.ts";
import type { IncidentState } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { timelineJson } from "../core/report/api.ts";
import { curatedTimeline } from "../core/report/timeline.ts";
import { LONGEST_WAIT_MS, type WaitingRow } from "../engine/ledger.ts";
import type { IncidentAlert, IncidentFilter, Reads } from "../engine/ports.ts";
import { readHeld, readIncident, readSilences } from "./models.ts";
import { atOneMoment, type Database } from "./open.ts";
import { isAmong } from "./put.ts";
import {
  changeFromRow,
  countedAlertFromRow,
  eventFromRow,
  heldAsAlert,
  incidentFromRow,
  lineageFromRow,
  waitingFromRow,
} from "./rows.ts";
import type { Schema } from "./schema.ts";
import { toldLately } from "./term-index.ts";
import { assetTerm, sourceTerm, words } from "./terms.ts";

/** What the deliverer reads besides: the outbox. */
export type OutboxReads = {
  /**
   * What may be sent now: so many posts, then so many redraws at the most, of each what is about the `attended` incidents
   * first, then what matters most. Nothing is posted under an incident before what it must come after.
   */
  due(now: string, limit: number, attended: readonly string[]): Promise<WaitingRow[]>;
  /** The worst severity of the roots whose first time comes within a span (ISO 8601 UTC), by channel. */
  comingRoots(after: string, until: string): Promise<Map<string, Severity>>;
  /** Posts that were under way when the process ended. */
  sending(): Promise<WaitingRow[]>;
  nextDue(now: string): Promise<string | null>;
  undelivered(): Promise<{ pending: number; dead: number }>;
};

/** As the partial index has it, or SQLite would walk every row ever delivered. */
const undelivered = sql<boolean>`outbox.state <> 'done'`;

/** Of the incident that a row is about; a notice is about none, and goes with the worst: it is one message for many. */
const severity =
  sql<Severity>`coalesce((select incident.severity from incident where incident.key = outbox.incident), 'SEV1')`.as(
    "severity",
  );

/**
 * An incident's alerts, the newest of those that fire and then the newest of those that have resolved: each half as the
 * index has it, so that a page of a hundred thousand costs what one of a few does.
 */
async function newestAlerts(
  db: Database,
  incident: string,
  limit: number,
  lead: string | null,
): Promise<IncidentAlert[]> {
  const alerts = db
    .selectFrom("incident_alert")
    .select(["fingerprint", "body"])
    .where("incident", "=", incident);
  const no = db.selectFrom("alert").select("no").where("fingerprint", "=", lead);
  const rows = lead === null ? [] : await alerts.where("alert", "=", no).execute();
  for (const status of ["firing", "resolved"]) {
    if (rows.length >= limit) break;
    const half = await alerts
      .where("status", "=", status)
      .$if(lead !== null, (others) => others.where("fingerprint", "!=", lead))
      .orderBy("last_seen_at", "desc")
      .orderBy("fingerprint")
      .limit(limit - rows.length)
      .execute();
    rows.push(...half);
  }
  const counted = await db
    .selectFrom("alert")
    .select(["fingerprint", "repeats", "last_seen_at as heard"])
    .where(isAmong(db, { fingerprint: rows.map(({ fingerprint }) => fingerprint) }))
    .where("incident", "=", incident)
    .where("repeats", ">", 0)
    .execute();
  const since = new Map(counted.map((row) => [row.fingerprint, row]));
  return rows.map((row) => countedAlertFromRow(row, since.get(row.fingerprint)));
}

/** Those, and after them what is held back and counts on the incident. */
async function shownAlerts(db: Database, incident: string, limit: number, lead: string | null) {
  const rows = await newestAlerts(db, incident, limit, lead);
  const held = await db
    .selectFrom("held_alert")
    .select(["body", "signal"])
    .where("incident", "=", incident)
    .orderBy("fingerprint")
    .limit(limit - rows.length)
    .execute();
  return [...rows, ...held.map((row) => ({ incident, ...heldAsAlert(row) }))];
}

export function readsOf(db: Database): Reads & OutboxReads {
  const noAssets = (row: { state: string }): IncidentState => incidentFromRow(row);
  async function events(key: string): Promise<RecordedEvent[]> {
    const rows = await db
      .selectFrom("event")
      .selectAll()
      .where("incident", "=", key)
      .orderBy("seq")
      .execute();
    return rows.map(eventFromRow);
  }
  return {
    state: (key, parts) => atOneMoment(db, (trx) => readIncident(trx, key, parts)),
    async byThread(channel, threadTs) {
      const row = await db
        .selectFrom("incident")
        .select("key")
        .where("channel", "=", channel)
        .where("thread_ts", "=", threadTs)
        .executeTakeFirst();
      return row?.key ?? null;
    },
    async openIn(channel) {
      const rows = await db
        .selectFrom("incident")
        .select("state")
        .where("open", "=", 1)
        .where("channel", "=", channel)
        .orderBy("number", "desc")
        .limit(100)
        .execute();
      return rows.map(noAssets);
    },
    list: (filter, limit, cursor) => list(db, filter, limit, cursor),
    async length(key) {
      const row = await db.selectFrom("incident").select("version").where("key", "=", key).executeTakeFirst();
      return row?.version ?? 0;
    },
    events,
    story: async (key) => curatedTimeline(await events(key)),
    async timeline(key) {
      const log = await events(key);
      return log.length > 0 ? JSON.stringify(timelineJson(log)) : null;
    },
    async relations(key, fingerprints) {
      const relations = relationsIn(await events(key));
      return new Map([...relations].filter(([print]) => fingerprints.includes(print)));
    },
    alerts: (key, limit, lead = null) => atOneMoment(db, (trx) => shownAlerts(trx, key, limit, lead)),
    async held(limit) {
      const rows = await db
        .selectFrom("held_alert")
        .select(["body", "signal"])
        .orderBy("fingerprint")
        .limit(limit)
        .execute();
      return rows.map(heldAsAlert);
    },
    async silences() {
      const [silences, held] = await atOneMoment(
        db,
        async (trx) => [await readSilences(trx), await readHeld(trx)] as const,
      );
      const counts = new Map<string, number>();
      for (const { holder } of held) counts.set(holder, (counts.get(holder) ?? 0) + 1);
      return { silences, held, counts };
    },
    async changes({ since, until }, limit) {
      const rows = await db
        .selectFrom("change")
        .select("body")
        .where("at", ">=", since)
        .where("at", "<", until)
        .orderBy("at", "desc")
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows.map(changeFromRow);
    },
    async lineage() {
      const rows = await db.selectFrom("lineage").selectAll().orderBy("provider").orderBy("key").execute();
      return rows.map(lineageFromRow);
    },
    async lineageStatements() {
      const rows = await db
        .selectFrom("lineage")
        .innerJoin("lineage_version", (join) =>
          join
            .onRef("lineage_version.provider", "=", "lineage.provider")
            .onRef("lineage_version.key", "=", "lineage.key")
            .onRef("lineage_version.version", "=", "lineage.version"),
        )
        .select(["lineage.provider", "lineage.key", "lineage.version", "lineage.received_at"])
        .select(["lineage_version.assets", "lineage_version.edges"])
        .orderBy("lineage.provider")
        .orderBy("lineage.key")
        .execute();
      return rows.map(({ provider, received_at, ...row }) => ({
        ...row,
        provider: LineageProvider.parse(provider),
        receivedAt: received_at,
      }));
    },
    async runbookText(hash) {
      const row = await db
        .selectFrom("runbook_version")
        .select("text")
        .where("hash", "=", hash)
        .executeTakeFirst();
      return row?.text ?? null;
    },
    async due(now, limit, attended) {
      const far = later(now, LONGEST_WAIT_MS);
      const waiting = db
        .selectFrom("outbox")
        .selectAll("outbox")
        .select(severity)
        .where(undelivered)
        .where("state", "=", "pending")
        .where((e) => e.or([e("not_before", "<=", now), e("not_before", ">", far)]))
        .orderBy(sql`case when ${isAmong(db, { incident: [...attended] })} then 0 else 1 end`)
        .limit(limit);
      const posts = await waiting
        .where("ts", "is", null)
        // A thread is read in order: a post put off holds back the later ones, and a root given up all of them.
        .leftJoin(
          (e) =>
            e
              .selectFrom("outbox")
              .select((f) => ["incident as held", f.fn.min("id").as("first")])
              .where(undelivered)
              .where("state", "in", ["pending", "dead"])
              .where("ts", "is", null)
              .where((f) =>
                f.or([
                  f.and([f("state", "=", "pending"), f("not_before", ">", now), f("not_before", "<=", far)]),
                  f.and([f("state", "=", "dead"), f("kind", "=", "card")]),
                ]),
              )
              .groupBy("incident")
              .as("holding"),
          (join) => join.onRef("held", "=", "outbox.incident").onRef("first", "<", "outbox.id"),
        )
        .where("first", "is", null)
        // What tells of many roots comes first, then these, then what is under them.
        .orderBy(
          sql`case when kind = 'notice' and incident = channel then 0 when kind = 'card' then 1 else 2 end`,
        )
        .orderBy("severity")
        .orderBy("id")
        .execute();
      const redraws = await waiting
        .where("ts", "is not", null)
        .orderBy(sql`case when kind in ('card', 'walk') then 0 else 1 end`)
        .orderBy("severity")
        .orderBy("id")
        .execute();
      return [...posts, ...redraws].map(waitingFromRow);
    },
    async comingRoots(after, until) {
      const rows = await db
        .selectFrom("outbox")
        .innerJoin("incident", "incident.key", "outbox.incident")
        .select((e) => ["outbox.channel", e.fn.min("incident.severity").as("worst")])
        .where(undelivered)
        .where("outbox.state", "=", "pending")
        .where("outbox.kind", "=", "card")
        .where("ts", "is", null)
        .where("attempts", "=", 0)
        .where("not_before", ">", after)
        .where("not_before", "<=", until)
        .groupBy("outbox.channel")
        .execute();
      return new Map(rows.map(({ channel, worst }) => [channel, worst as Severity]));
    },
    async sending() {
      const rows = await db
        .selectFrom("outbox")
        .selectAll()
        .select(severity)
        .where(undelivered)
        .where("state", "=", "sending")
        .orderBy("id")
        .execute();
      return rows.map(waitingFromRow);
    },
    async nextDue(now) {
      const row = await db
        .selectFrom("outbox")
        .select((e) => e.fn.min("not_before").as("at"))
        .where(undelivered)
        .where("state", "=", "pending")
        .where("not_before", ">", now)
        .executeTakeFirst();
      return row?.at ?? null;
    },
    async undelivered() {
      const rows = await db
        .selectFrom("outbox")
        .select(["state", (e) => e.fn.countAll<number>().as("n")])
        .where(undelivered)
        .groupBy("state")
        .execute();
      const count = (state: string) => Number(rows.find((r) => r.state === state)?.n ?? 0);
      return { pending: count("pending") + count("sending"), dead: count("dead") };
    },
  };
}

const Cursor = z.tuple([z.iso.datetime(), z.string().regex(/^[A-Z]+-\d+$/)]);

function readCursor(cursor: string): [string, string] {
  try {
    return Cursor.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw new Refusal("invalid", "The cursor is not one of ours. Leave it out to start at the newest.", [
      { path: "cursor", message: "unknown" },
    ]);
  }
}

/** Each is a table that the query joins: enough for the title of an alert, and SQLite joins at most 64. */
const MAX_WORDS = 20;

/** Of a term that more incidents have than these it is not counted how many. */
const COMMON = 1_000;

/**
 * What is searched for, the rarest first: the incidents that have it are walked, newest first, until a page is full. Where
 * few have it that is soon over; of common words that hardly ever come together, all with the first are looked at.
 */
async function searchTerms(db: Database, filter: IncidentFilter): Promise<string[]> {
  const terms = [
    ...(filter.asset ? [assetTerm(filter.asset)] : []),
    ...words(filter.text ?? ""),
    ...(filter.source ? [sourceTerm(filter.source)] : []),
  ];
  if (terms.length < 2) return terms;
  const counted = await Promise.all(
    terms.map(async (term) => {
      const some = db.selectFrom("incident_term").select("term").where("term", "=", term).limit(COMMON);
      const { count } = await db
        .selectFrom(some.as("some"))
        .select((e) => e.fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      return { term, count };
    }),
  );
  return counted.sort((a, b) => a.count - b.count).map(({ term }) => term);
}

async function list(
  db: Database,
  filter: IncidentFilter,
  limit: number,
  cursor: string | null,
): ReturnType<Reads["list"]> {
  const wordCount = words(filter.text ?? "").length;
  // A text without a word that is searched for (a single letter, signs) is found nowhere, rather than everywhere.
  if (filter.text && wordCount === 0) return { incidents: [], next: null };
  if (wordCount > MAX_WORDS)
    throw new Refusal(
      "invalid",
      `A search takes at most ${MAX_WORDS} words, these are ${wordCount}. Leave out all but the rarest.`,
      [{ path: "q", message: `must have at most ${MAX_WORDS} words` }],
    );
  const terms = await searchTerms(db, filter);
  const late = terms.length > 0 ? await toldLately(db, terms) : [];
  const before = cursor === null ? null : readCursor(cursor);
  const found = [
    ...(await pageOf(db, filter, limit + 1, before, { terms })),
    ...(late.length > 0 ? await pageOf(db, filter, limit + 1, before, { keys: late }) : []),
  ];
  const rows = [...new Map(found.map((row) => [row.key, row])).values()];
  if (late.length > 0) rows.sort((a, b) => (isNewer(a, b) ? -1 : 1));
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next =
    rows.length > limit && last
      ? Buffer.from(JSON.stringify([last.detected_at, last.key])).toString("base64url")
      : null;
  return { incidents: page.map((row) => incidentFromRow(row)), next };
}

type Listed = Pick<Schema["incident"], "state" | "detected_at" | "key">;

function isNewer(a: Listed, b: Listed): boolean {
  return a.detected_at === b.detected_at ? a.key > b.key : a.detected_at > b.detected_at;
}

/** The newest incidents that a filter lets through before a place in the list: those indexed by all of some terms, or of some keys. */
async function pageOf(
  db: Database,
  filter: IncidentFilter,
  limit: number,
  before: [string, string] | null,
  { terms = [], keys }: { terms?: string[]; keys?: string[] },
): Promise<Listed[]> {
  let query = db.selectFrom("incident").select(["incident.state", "incident.detected_at", "incident.key"]);
  // Both say when an incident was detected and which it is; ordered by those of the term, nothing is sorted.
  const newest =
    terms.length > 0
      ? ({
          at: "term0.detected_at" as "incident.detected_at",
          key: "term0.incident" as "incident.key",
        } as const)
      : ({ at: "incident.detected_at", key: "incident.key" } as const);
  for (const [i, term] of terms.entries()) {
    const alias = `term${i}` as const;
    query = query.innerJoin(`incident_term as ${alias}`, (j) =>
      j
        .onRef(`${alias}.incident` as "incident.key", "=", "incident.key")
        .onRef(`${alias}.detected_at` as "incident.detected_at", "=", "incident.detected_at")
        .on(`${alias}.term` as "incident.key", "=", term),
    ) as typeof query;
  }
  if (keys) query = query.where(isAmong(db, { key: keys }));
  if (filter.phases) query = query.where("phase", "in", filter.phases);
  if (filter.severities) query = query.where("severity", "in", filter.severities);
  if (filter.since) query = query.where(newest.at, ">=", filter.since);
  if (filter.until) query = query.where(newest.at, "<", filter.until);
  if (filter.kind) query = query.where("kind", "=", filter.kind);
  if (filter.open !== undefined) query = query.where("open", "=", filter.open ? 1 : 0);
  if (before !== null) {
    const [at, key] = before;
    query = query.where((e) =>
      e.or([e(newest.at, "<", at), e.and([e(newest.at, "=", at), e(newest.key, "<", key)])]),
    );
  }
  return query.orderBy(newest.at, "desc").orderBy(newest.key, "desc").limit(limit).execute();
}
