import { sql } from "kysely";
import type { LineageDocument } from "../core/correlate/lineage-document.ts";
import type { AlertSignal } from "../core/signal/alert.ts";
import type { KnownChange } from "../core/signal/change.ts";
import { alertKey } from "../engine/batch.ts";
import {
  type AlertRow,
  isLiving,
  type Ledger,
  type OutboxOutcome,
  type OutboxRow,
} from "../engine/ledger.ts";
import type { IncidentAlert } from "../engine/ports.ts";
import { readHeld, readIncident, readSilences } from "./models.ts";
import type { Database } from "./open.ts";
import { prune } from "./prune.ts";
import { isAmong, listOf } from "./put.ts";
import { alertFromRow, changeFromRow, incidentAlertFromRow, lineageFromRow, outboxFromRow } from "./rows.ts";
import { save } from "./save.ts";
import { indexTerms } from "./term-index.ts";
import { assetTerm, words } from "./terms.ts";

/** The ledger over one transaction of either database. */
export function ledgerOf(db: Database): Ledger {
  return {
    alerts: (fingerprints) => readAlerts(db, fingerprints),
    incidentAlerts: (pairs) => readIncidentAlerts(db, pairs),
    async allIncidentAlerts(incident) {
      const rows = await db
        .selectFrom("incident_alert")
        .select("body")
        .where("incident", "=", incident)
        .execute();
      return rows.map(incidentAlertFromRow);
    },
    seenDeliveries: (signals) => readDeliveries(db, signals),
    groups: (keys) => readGroups(db, keys),
    incident: (key) => readIncident(db, key, { entries: true }),
    async lineageOf(provider, key) {
      const row = await db
        .selectFrom("lineage")
        .selectAll()
        .where("provider", "=", provider)
        .where("key", "=", key)
        .executeTakeFirst();
      return row ? lineageFromRow(row) : null;
    },
    knownChanges: (ids) => readChanges(db, ids),
    changesBetween: (since, until, limit) =>
      db
        .selectFrom("change")
        .select(["id", "at"])
        .where("at", ">=", since)
        .where("at", "<=", until)
        .orderBy("at", "desc")
        .orderBy("id", "desc")
        .limit(limit)
        .execute(),
    pastLike: (assets, text, limit) => readPastLike(db, assets, text, limit),
    async someIncidentAlerts(incident, limit) {
      const rows = await db
        .selectFrom("incident_alert")
        .select("body")
        .where("incident", "=", incident)
        // Both ways down, so that the index gives them in this order, however many there are.
        .orderBy("status", "desc")
        .orderBy("last_seen_at", "desc")
        .limit(limit)
        .execute();
      return rows.map(incidentAlertFromRow);
    },
    async openIncidents() {
      const rows = await db
        .selectFrom("incident")
        .select("key")
        .where("open", "=", 1)
        .orderBy("number")
        .execute();
      return rows.map((row) => row.key);
    },
    async allLineage() {
      const rows = await db.selectFrom("lineage").select("body").execute();
      return rows.map((row): LineageDocument => JSON.parse(row.body));
    },
    openSilences: () => readSilences(db),
    heldAlerts: () => readHeld(db),
    async heldSignals(fingerprints) {
      const rows = await db
        .selectFrom("held_alert")
        .select(["fingerprint", "signal"])
        .where(isAmong(db, { fingerprint: fingerprints }))
        .execute();
      return new Map(rows.map((row): [string, AlertSignal] => [row.fingerprint, JSON.parse(row.signal)]));
    },
    async firingAlerts() {
      const rows = await db
        .selectFrom("incident")
        .innerJoin("incident_alert", "incident_alert.incident", "incident.key")
        .select("incident_alert.body")
        .where("incident.open", "=", 1)
        .where("incident_alert.status", "=", "firing")
        .orderBy("incident.number")
        .orderBy("incident_alert.alert")
        .execute();
      return rows.map(incidentAlertFromRow);
    },
    async processed(key) {
      const row = await db.selectFrom("processed").select("result").where("key", "=", key).executeTakeFirst();
      return row ? JSON.parse(row.result) : null;
    },
    async nextNumber(kind) {
      const row = await db
        .insertInto("counter")
        .values({ name: kind, value: 1 })
        .onConflict((c) => c.column("name").doUpdateSet({ value: sql`counter.value + 1` }))
        .returning("value")
        .executeTakeFirstOrThrow();
      return row.value;
    },
    async resolvedBefore(instant, limit) {
      const rows = await db
        .selectFrom("incident")
        .select("key")
        .where("phase", "=", "resolved")
        .where("resolved_at", "<", instant)
        .limit(limit)
        .execute();
      return rows.map((r) => r.key);
    },
    async isQueued(key) {
      const row = await db.selectFrom("outbox").select("id").where("key", "=", key).executeTakeFirst();
      return row !== undefined;
    },
    claimOutbox: async (id) => {
      const claimed = await db
        .updateTable("outbox")
        .set({ state: "sending" })
        .where("id", "=", id)
        .where("state", "=", "pending")
        .executeTakeFirst();
      return claimed.numUpdatedRows > 0n;
    },
    settleOutbox: (id, outcome, wantedOf) => settleOutbox(db, id, outcome, wantedOf),
    prune: (before, limit) => prune(db, before, limit),
    indexTerms: (limit) => indexTerms(db, limit),
    save: (changes) => save(db, changes),
  };
}

async function readAlerts(db: Database, fingerprints: string[]): Promise<Map<string, AlertRow>> {
  if (fingerprints.length === 0) return new Map();
  const rows = await db
    .selectFrom("alert")
    .selectAll()
    .where(isAmong(db, { fingerprint: fingerprints }))
    .execute();
  return new Map(rows.map((row) => [row.fingerprint, alertFromRow(row)]));
}

async function readIncidentAlerts(
  db: Database,
  pairs: { incident: string; fingerprint: string }[],
): Promise<Map<string, IncidentAlert>> {
  if (pairs.length === 0) return new Map();
  const known = { incident: pairs.map((p) => p.incident), fingerprint: pairs.map((p) => p.fingerprint) };
  const rows = await db
    .selectFrom(listOf(db, known).as("asked"))
    .innerJoin("alert", "alert.fingerprint", "asked.fingerprint")
    .innerJoin("incident_alert", (join) =>
      join
        .onRef("incident_alert.alert", "=", "alert.no")
        .onRef("incident_alert.incident", "=", "asked.incident"),
    )
    .select("incident_alert.body")
    .execute();
  const alerts = rows.map(incidentAlertFromRow);
  return new Map(alerts.map((alert) => [alertKey(alert.incident, alert.fingerprint), alert]));
}

async function readDeliveries(
  db: Database,
  signals: { source: string; fingerprint: string; deliveryId: string }[],
): Promise<Set<string>> {
  if (signals.length === 0) return new Set();
  const known = {
    source: signals.map((s) => s.source),
    fingerprint: signals.map((s) => s.fingerprint),
    delivery_id: signals.map((s) => s.deliveryId),
  };
  const rows = await db
    .selectFrom("signal")
    .select(Object.keys(known) as (keyof typeof known)[])
    // Or the index, which has only these, would not be used.
    .where("delivery_id", "is not", null)
    .where(isAmong(db, known))
    .execute();
  return new Set(rows.map((row) => `${row.source}\n${row.fingerprint}\n${row.delivery_id}`));
}

async function readChanges(db: Database, ids: string[]): Promise<Map<string, KnownChange>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom("change")
    .select("body")
    .where(isAmong(db, { id: ids }))
    .execute();
  return new Map(rows.map(changeFromRow).map((known) => [known.id, known]));
}

/** So many of the newest that are found by a term are looked at; a word that as many have says nothing. */
const FOUND = 100;
const PAST_TERMS = { assets: 20, words: 30 } as const;

async function readPastLike(db: Database, assets: string[], text: string, limit: number): Promise<string[]> {
  const scores = new Map<string, number>();
  const terms = [
    ...assets.slice(0, PAST_TERMS.assets).map((asset) => ({ term: assetTerm(asset), isAsset: true })),
    ...words(text)
      .slice(0, PAST_TERMS.words)
      .map((term) => ({ term, isAsset: false })),
  ];
  for (const { term, isAsset } of terms) {
    const found = await db
      .selectFrom("incident_term")
      .select("incident")
      .where("term", "=", term)
      .orderBy("detected_at", "desc")
      .orderBy("incident", "desc")
      .limit(FOUND)
      .execute();
    if (!isAsset && found.length >= FOUND) continue;
    for (const { incident } of found)
      scores.set(incident, (scores.get(incident) ?? 0) + (isAsset ? 1 : 1 / found.length));
  }
  const rows = await db
    .selectFrom("incident")
    .select(["key", "detected_at as at"])
    .where(isAmong(db, { key: [...scores.keys()] }))
    .where("phase", "in", ["resolved", "closed"])
    .execute();
  const past = rows.map((row) => ({ ...row, score: scores.get(row.key)! }));
  return past
    .sort((a, b) => b.score - a.score || (a.at < b.at ? 1 : a.at > b.at ? -1 : a.key < b.key ? -1 : 1))
    .slice(0, limit)
    .map(({ key }) => key);
}

async function readGroups(db: Database, keys: string[]) {
  const found: Awaited<ReturnType<Ledger["groups"]>> = new Map();
  if (keys.length === 0) return found;
  const rows = await db
    .selectFrom("incident_group")
    .innerJoin("incident", "incident.key", "incident_group.incident")
    .select(["grouping_key", "incident.key as incident", "incident_group.open", "phase", "resolved_at"])
    .where(isAmong(db, { grouping_key: keys }))
    .where((e) => e.or([e("incident_group.open", "=", 1), e("phase", "=", "resolved")]))
    .orderBy("resolved_at")
    .execute();
  for (const row of rows) {
    const known = found.get(row.grouping_key) ?? { open: null, resolved: null };
    if (row.open === 1) known.open = row.incident;
    else if (row.resolved_at) known.resolved = { incident: row.incident, at: row.resolved_at };
    found.set(row.grouping_key, known);
  }
  return found;
}

async function settleOutbox(
  db: Database,
  id: number,
  outcome: OutboxOutcome,
  wantedOf: (row: OutboxRow) => Promise<number>,
): Promise<OutboxRow | null> {
  const row = await db.selectFrom("outbox").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) return null;
  const known = outboxFromRow(row);
  const wanted = outcome.type === "sent" && isLiving(known) ? await wantedOf(known) : 0;
  const set =
    outcome.type === "sent"
      ? {
          sent: outcome.version,
          channel: outcome.channel,
          ts: outcome.ts,
          attempts: 0,
          error: null,
          // Something newer may have been wanted while this was under way.
          state: Math.max(row.wanted, wanted) > outcome.version ? "pending" : "done",
        }
      : outcome.type === "retry"
        ? {
            state: "pending",
            attempts: row.attempts + 1,
            not_before: outcome.notBefore,
            error: outcome.error,
          }
        : outcome.type === "dropped"
          ? { state: "done", error: null }
          : { state: "dead", error: outcome.error };
  await db.updateTable("outbox").set(set).where("id", "=", id).execute();
  return outboxFromRow({ ...row, ...set });
}
