import { sql } from "kysely";
import type { LineageDocument } from "../core/correlate/lineage-document.ts";
import type { EventType } from "../core/incident/events.ts";
import { isOpen } from "../core/incident/state.ts";
import type { AlertSignal } from "../core/signal/alert.ts";
import type { KnownChange } from "../core/signal/change.ts";
import { alertKey } from "../engine/batch.ts";
import type {
  AlertRow,
  Changes,
  Effect,
  Ledger,
  OutboxOutcome,
  OutboxRow,
  StoredLineage,
} from "../engine/ledger.ts";
import type { IncidentAlert } from "../engine/ports.ts";
import { assetToRow } from "./models.ts";
import type { Database } from "./open.ts";
import { prune } from "./prune.ts";
import {
  changeFromRow,
  eventToRow,
  heldAlertFromRow,
  incidentAlertFromRow,
  incidentFromRow,
  incidentToRow,
  lineageFromRow,
  outboxFromRow,
  silenceFromRow,
  silenceIsOpen,
} from "./rows.ts";
import { sealed } from "./seal.ts";
import { appendSignals } from "./signal-log.ts";
import { assetTerm, termsOf, words } from "./terms.ts";

/** Rows a statement writes or values it looks up at once; SQLite takes 32,766 parameters, Postgres 65,535. */
const CHUNK = 500;

function* chunks<T>(items: T[]): Generator<T[]> {
  for (let i = 0; i < items.length; i += CHUNK) yield items.slice(i, i + CHUNK);
}

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
    async incident(key) {
      const row = await db.selectFrom("incident").select("state").where("key", "=", key).executeTakeFirst();
      if (!row) return null;
      return incidentFromRow(
        row,
        await db
          .selectFrom("incident_asset")
          .select(["asset", "state"])
          .where("incident", "=", key)
          .execute(),
      );
    },
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
      const rows = await db.selectFrom("incident").select("key").where("open", "=", 1).execute();
      return rows.map((row) => row.key);
    },
    async allLineage() {
      const rows = await db.selectFrom("lineage").select("body").execute();
      return rows.map((row): LineageDocument => JSON.parse(row.body));
    },
    async openSilences() {
      const rows = await db.selectFrom("silence").select("body").where(silenceIsOpen).execute();
      return rows.map(silenceFromRow);
    },
    async heldAlerts() {
      const rows = await db.selectFrom("held_alert").select("body").execute();
      return rows.map(heldAlertFromRow);
    },
    async heldSignals(fingerprints) {
      const found = new Map<string, AlertSignal>();
      for (const chunk of chunks(fingerprints)) {
        const rows = await db
          .selectFrom("held_alert")
          .select(["fingerprint", "signal"])
          .where("fingerprint", "in", chunk)
          .execute();
        for (const row of rows) found.set(row.fingerprint, JSON.parse(row.signal));
      }
      return found;
    },
    async firingAlerts() {
      const rows = await db
        .selectFrom("incident")
        .innerJoin("incident_alert", "incident_alert.incident", "incident.key")
        .select("incident_alert.body")
        .where("incident.open", "=", 1)
        .where("incident_alert.status", "=", "firing")
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
    claimOutbox: async (id) => {
      const claimed = await db
        .updateTable("outbox")
        .set({ state: "sending" })
        .where("id", "=", id)
        .where("state", "=", "pending")
        .executeTakeFirst();
      return claimed.numUpdatedRows > 0n;
    },
    settleOutbox: (id, outcome) => settleOutbox(db, id, outcome),
    prune: (before, limit) => prune(db, before, limit),
    save: (changes) => save(db, changes),
  };
}

async function readAlerts(db: Database, fingerprints: string[]): Promise<Map<string, AlertRow>> {
  const found = new Map<string, AlertRow>();
  for (const chunk of chunks(fingerprints)) {
    for (const row of await db.selectFrom("alert").selectAll().where("fingerprint", "in", chunk).execute()) {
      found.set(row.fingerprint, {
        fingerprint: row.fingerprint,
        source: row.source,
        dedupKey: row.dedup_key,
        status: row.status as AlertRow["status"],
        incident: row.incident,
        startsAt: row.starts_at,
        observedAt: row.observed_at,
        firstSeenAt: row.first_seen_at,
        lastSeenAt: row.last_seen_at,
        count: row.count,
      });
    }
  }
  return found;
}

async function readIncidentAlerts(
  db: Database,
  pairs: { incident: string; fingerprint: string }[],
): Promise<Map<string, IncidentAlert>> {
  const found = new Map<string, IncidentAlert>();
  for (const [incident, group] of Map.groupBy(pairs, (p) => p.incident)) {
    for (const chunk of chunks(group.map((p) => p.fingerprint))) {
      const rows = await db
        .selectFrom("incident_alert")
        .select(["fingerprint", "body"])
        .where("incident", "=", incident)
        .where("fingerprint", "in", chunk)
        .execute();
      for (const row of rows) found.set(alertKey(incident, row.fingerprint), incidentAlertFromRow(row));
    }
  }
  return found;
}

async function readDeliveries(
  db: Database,
  signals: { source: string; fingerprint: string; deliveryId: string }[],
): Promise<Set<string>> {
  const found = new Set<string>();
  const key = (s: { source: string; fingerprint: string; deliveryId: string | null }) =>
    `${s.source}\n${s.fingerprint}\n${s.deliveryId}`;
  for (const [source, group] of Map.groupBy(signals, (s) => s.source)) {
    for (const chunk of chunks(group)) {
      const rows = await db
        .selectFrom("signal")
        .select(["source", "fingerprint", "delivery_id as deliveryId"])
        .where("source", "=", source)
        .where(
          "fingerprint",
          "in",
          chunk.map((s) => s.fingerprint),
        )
        .where("delivery_id", "in", [...new Set(chunk.map((s) => s.deliveryId))])
        .execute();
      for (const row of rows) found.add(key(row));
    }
  }
  return found;
}

async function readChanges(db: Database, ids: string[]): Promise<Map<string, KnownChange>> {
  const found = new Map<string, KnownChange>();
  for (const chunk of chunks(ids)) {
    const rows = await db.selectFrom("change").select("body").where("id", "in", chunk).execute();
    for (const known of rows.map(changeFromRow)) found.set(known.id, known);
  }
  return found;
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
  const past: { key: string; at: string; score: number }[] = [];
  for (const chunk of chunks([...scores.keys()])) {
    const rows = await db
      .selectFrom("incident")
      .select(["key", "detected_at as at"])
      .where("key", "in", chunk)
      .where("phase", "in", ["resolved", "closed"])
      .execute();
    past.push(...rows.map((row) => ({ ...row, score: scores.get(row.key)! })));
  }
  return past
    .sort((a, b) => b.score - a.score || (a.at < b.at ? 1 : a.at > b.at ? -1 : a.key < b.key ? -1 : 1))
    .slice(0, limit)
    .map(({ key }) => key);
}

async function readGroups(db: Database, keys: string[]) {
  const found: Awaited<ReturnType<Ledger["groups"]>> = new Map();
  for (const chunk of chunks(keys)) {
    const rows = await db
      .selectFrom("incident_group")
      .innerJoin("incident", "incident.key", "incident_group.incident")
      .select(["grouping_key", "incident.key as incident", "incident_group.open", "phase", "resolved_at"])
      .where("grouping_key", "in", chunk)
      .where((e) => e.or([e("incident_group.open", "=", 1), e("phase", "=", "resolved")]))
      .orderBy("resolved_at")
      .execute();
    for (const row of rows) {
      const known = found.get(row.grouping_key) ?? { open: null, resolved: null };
      if (row.open === 1) known.open = row.incident;
      else if (row.resolved_at) known.resolved = { incident: row.incident, at: row.resolved_at };
      found.set(row.grouping_key, known);
    }
  }
  return found;
}

async function settleOutbox(db: Database, id: number, outcome: OutboxOutcome): Promise<OutboxRow | null> {
  const row = await db.selectFrom("outbox").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) return null;
  const set =
    outcome.type === "sent"
      ? {
          sent: outcome.version,
          channel: outcome.channel,
          ts: outcome.ts,
          attempts: 0,
          error: null,
          // Something newer may have been wanted while this was under way.
          state: row.wanted > outcome.version ? "pending" : "done",
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

async function save(db: Database, changes: Changes): Promise<void> {
  for (const chunk of chunks(changes.events))
    await db.insertInto("event").values(chunk.map(eventToRow)).execute();
  await saveIncidents(db, changes);
  await saveAlerts(db, changes);
  await appendSignals(db, changes.signals.map(signalRow));
  for (const chunk of chunks([...changes.effects.values()])) await saveEffects(db, chunk);
  for (const { key, result } of changes.processed)
    await db
      .insertInto("processed")
      .values(sealed("processed", { key, result: JSON.stringify(result), at: answeredAt(result) }))
      .execute();
  for (const stored of changes.lineage.values()) await saveLineage(db, stored);
  for (const chunk of chunks([...changes.known.values()])) {
    await db
      .insertInto("change")
      .values(chunk.map(changeRow))
      .onConflict((c) =>
        c.column("id").doUpdateSet((e) => ({
          at: e.ref("excluded.at"),
          body: e.ref("excluded.body"),
          seal: e.ref("excluded.seal"),
        })),
      )
      .execute();
  }
  await saveSilences(db, changes);
  for (const [hash, { slug, text }] of changes.runbooks) {
    await db
      .insertInto("runbook_version")
      .values(sealed("runbook_version", { hash, slug, text }))
      .onConflict((c) => c.column("hash").doNothing())
      .execute();
  }
}

async function saveSilences(db: Database, { silences, held }: Changes): Promise<void> {
  for (const { silence, open, events } of silences.values()) {
    if (events.length > 0) await db.insertInto("event").values(events.map(eventToRow)).execute();
    await db
      .insertInto("silence")
      .values(sealed("silence", { id: silence.id, open: open ? 1 : 0, body: JSON.stringify(silence) }))
      .onConflict((c) =>
        c.column("id").doUpdateSet((e) => ({
          open: e.ref("excluded.open"),
          body: e.ref("excluded.body"),
          seal: e.ref("excluded.seal"),
        })),
      )
      .execute();
  }
  const released = [...held].flatMap(([fingerprint, kept]) => (kept === null ? [fingerprint] : []));
  for (const chunk of chunks(released))
    await db.deleteFrom("held_alert").where("fingerprint", "in", chunk).execute();
  for (const chunk of chunks([...held.values()].filter((kept) => kept !== null))) {
    await db
      .insertInto("held_alert")
      .values(
        chunk.map(({ alert, signal }) =>
          sealed("held_alert", {
            fingerprint: alert.fingerprint,
            holder: alert.holder,
            incident: alert.incident,
            body: JSON.stringify(alert),
            signal: JSON.stringify(signal),
          }),
        ),
      )
      .onConflict((c) =>
        c.column("fingerprint").doUpdateSet((e) => ({
          holder: e.ref("excluded.holder"),
          incident: e.ref("excluded.incident"),
          body: e.ref("excluded.body"),
          signal: e.ref("excluded.signal"),
          seal: e.ref("excluded.seal"),
        })),
      )
      .execute();
  }
}

async function saveLineage(db: Database, stored: StoredLineage): Promise<void> {
  const { document, version, hash, receivedAt: received_at } = stored;
  const { provider, key } = document;
  await db
    .insertInto("lineage")
    .values(sealed("lineage", { provider, key, version, hash, received_at, body: JSON.stringify(document) }))
    .onConflict((c) =>
      c.columns(["provider", "key"]).doUpdateSet((e) => ({
        version: e.ref("excluded.version"),
        hash: e.ref("excluded.hash"),
        received_at: e.ref("excluded.received_at"),
        body: e.ref("excluded.body"),
        seal: e.ref("excluded.seal"),
      })),
    )
    .execute();
  const assets = document.assets.length;
  const edges = document.edges.length;
  await db
    .insertInto("lineage_version")
    .values(sealed("lineage_version", { provider, key, version, hash, received_at, assets, edges }))
    .onConflict((c) => c.doNothing())
    .execute();
}

function changeRow(known: KnownChange) {
  const { id, at, change } = known;
  return sealed("change", { id, source: change.source, at, body: JSON.stringify(known) });
}

/** When a command was answered: retention goes by it. One that changed nothing has no time of its own. */
function answeredAt(result: Changes["processed"][number]["result"]): string {
  const last = "events" in result ? result.events.at(-1) : undefined;
  return last?.recordedAt ?? new Date().toISOString();
}

function signalRow({ receivedAt, signal, outcome }: Changes["signals"][number]) {
  const { outcome: what, incident, reason, fingerprint } = outcome;
  return {
    received_at: receivedAt,
    source: signal.source,
    fingerprint,
    delivery_id: signal.deliveryId,
    body: JSON.stringify(signal),
    outcome: what,
    incident,
    reason,
  };
}

/** Events after which an incident may hold other grouping keys, or hold or let go of its own. */
const MOVES_GROUPS: ReadonlySet<EventType> = new Set([
  "opened",
  "absorbed",
  "alerts_received",
  "resolved",
  "reopened",
  "closed",
  "cancelled",
  "merged",
] as const);

function movesGroups({ body }: Changes["events"][number]): boolean {
  if (body.type === "alert_attached") return (body.groupingKeys ?? []).length > 0;
  return MOVES_GROUPS.has(body.type);
}

async function saveIncidents(db: Database, changes: Changes): Promise<void> {
  const changed = [...changes.incidents.values()];
  for (const chunk of chunks(changed.map((c) => incidentToRow(c.state)))) {
    await db
      .insertInto("incident")
      .values(chunk)
      .onConflict((c) =>
        c.column("key").doUpdateSet((e) => ({
          phase: e.ref("excluded.phase"),
          open: e.ref("excluded.open"),
          severity: e.ref("excluded.severity"),
          channel: e.ref("excluded.channel"),
          thread_ts: e.ref("excluded.thread_ts"),
          resolved_at: e.ref("excluded.resolved_at"),
          version: e.ref("excluded.version"),
          state: e.ref("excluded.state"),
        })),
      )
      .execute();
  }
  const moved = new Set(changes.events.filter(movesGroups).map((e) => e.incident));
  const holding = changed.filter(({ state }) => moved.has(state.key));
  for (const { incident, body } of changes.events) {
    if (body.type !== "alerts_moved" || body.groupingKeys.length === 0) continue;
    await db
      .deleteFrom("incident_group")
      .where("incident", "=", incident)
      .where("grouping_key", "in", body.groupingKeys)
      .execute();
  }
  const groups = holding.flatMap(({ state }) =>
    state.groupingKeys.map((k) => ({
      grouping_key: k,
      incident: state.key,
      open: isOpen(state.phase) ? 1 : 0,
    })),
  );
  // Those that let go first: the index allows a key one open holder at every moment.
  for (const chunk of chunks(groups.sort((a, b) => a.open - b.open))) {
    await db
      .insertInto("incident_group")
      .values(chunk)
      .onConflict((c) =>
        c.columns(["grouping_key", "incident"]).doUpdateSet((e) => ({ open: e.ref("excluded.open") })),
      )
      .execute();
  }
  for (const { state, assets } of changed) {
    const gone = assets === "all" ? [] : [...assets].filter((id) => !state.assets.has(id));
    for (const chunk of chunks(gone))
      await db
        .deleteFrom("incident_asset")
        .where("incident", "=", state.key)
        .where("asset", "in", chunk)
        .execute();
  }
  const assets = changed.flatMap(({ state, assets }) => {
    const touched =
      assets === "all" ? [...state.assets.values()] : [...assets].flatMap((id) => state.assets.get(id) ?? []);
    return touched.map((a) => ({ incident: state.key, ...assetToRow(a) }));
  });
  for (const chunk of chunks(assets)) {
    await db
      .insertInto("incident_asset")
      .values(chunk)
      .onConflict((c) =>
        c
          .columns(["incident", "asset"])
          .doUpdateSet((e) => ({ recovery: e.ref("excluded.recovery"), state: e.ref("excluded.state") })),
      )
      .execute();
  }
  const terms = [...Map.groupBy(changes.events, (e) => e.incident)].flatMap(([incident, events]) => {
    const detected_at = changes.incidents.get(incident)!.state.detectedAt;
    return [...new Set(events.flatMap(termsOf))].map((term) => ({ term, detected_at, incident }));
  });
  for (const chunk of chunks(terms))
    await db
      .insertInto("incident_term")
      .values(chunk)
      .onConflict((c) => c.doNothing())
      .execute();
}

async function saveAlerts(db: Database, changes: Changes): Promise<void> {
  for (const chunk of chunks([...changes.alerts.values()])) {
    await db
      .insertInto("alert")
      .values(
        chunk.map((a) =>
          sealed("alert", {
            fingerprint: a.fingerprint,
            source: a.source,
            dedup_key: a.dedupKey,
            status: a.status,
            incident: a.incident,
            starts_at: a.startsAt,
            observed_at: a.observedAt,
            first_seen_at: a.firstSeenAt,
            last_seen_at: a.lastSeenAt,
            count: a.count,
          }),
        ),
      )
      .onConflict((c) =>
        c.column("fingerprint").doUpdateSet((e) => ({
          status: e.ref("excluded.status"),
          incident: e.ref("excluded.incident"),
          starts_at: e.ref("excluded.starts_at"),
          observed_at: e.ref("excluded.observed_at"),
          last_seen_at: e.ref("excluded.last_seen_at"),
          count: e.ref("excluded.count"),
          seal: e.ref("excluded.seal"),
        })),
      )
      .execute();
  }
  for (const { incident, fingerprint } of changes.leftAlerts)
    await db
      .deleteFrom("incident_alert")
      .where("incident", "=", incident)
      .where("fingerprint", "=", fingerprint)
      .execute();
  for (const chunk of chunks([...changes.incidentAlerts.values()])) {
    await db
      .insertInto("incident_alert")
      .values(
        chunk.map((a) =>
          sealed("incident_alert", {
            incident: a.incident,
            fingerprint: a.fingerprint,
            status: a.status,
            last_seen_at: a.lastSeenAt,
            body: JSON.stringify(a),
          }),
        ),
      )
      .onConflict((c) =>
        c.columns(["incident", "fingerprint"]).doUpdateSet((e) => ({
          status: e.ref("excluded.status"),
          last_seen_at: e.ref("excluded.last_seen_at"),
          body: e.ref("excluded.body"),
          seal: e.ref("excluded.seal"),
        })),
      )
      .execute();
  }
}

/** A living message that is wanted again goes back to pending, unless a post of it is under way: that settles it. */
async function saveEffects(db: Database, effects: Effect[]): Promise<void> {
  await db
    .insertInto("outbox")
    .values(
      effects.map((e) =>
        sealed("outbox", {
          key: e.key,
          incident: e.incident,
          kind: e.kind,
          payload: JSON.stringify(e.payload),
          wanted: e.wanted,
          sent: 0,
          state: "pending",
          attempts: 0,
          not_before: e.notBefore ?? "",
          channel: e.channel,
          ts: null,
          error: null,
        }),
      ),
    )
    .onConflict((c) =>
      c.column("key").doUpdateSet((e) => ({
        wanted: e.ref("excluded.wanted"),
        payload: e.ref("excluded.payload"),
        seal: e.ref("excluded.seal"),
        state: sql<string>`case when outbox.state = 'sending' then 'sending' else 'pending' end`,
      })),
    )
    .execute();
}
