import type { RecordedEvent } from "../core/incident/events.ts";
import { type IncidentState, isOpen } from "../core/incident/state.ts";
import { type AlertSignal, joinSignal } from "../core/signal/alert.ts";
import type { KnownChange } from "../core/signal/change.ts";
import { keysBroughtBy, MOVES_GROUPS } from "../engine/batch.ts";
import type { AlertRow, Changes, Effect, SignalRow, SilenceChange, StoredLineage } from "../engine/ledger.ts";
import type { HeldAlert, IncidentAlert } from "../engine/ports.ts";
import { assetToRow, entryToRow } from "./models.ts";
import type { Database } from "./open.ts";
import { isAmong, put } from "./put.ts";
import { eventToRow, incidentToRow } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { sealed } from "./seal.ts";
import { type AppendedSignals, appendSignals, lastLink, repeatOf } from "./signal-log.ts";
import { indexTermsOf, redate, tellingRow } from "./term-index.ts";
import { termsOf } from "./terms.ts";

/** Writes all that a batch changes, within the transaction of `db`. */
export async function save(db: Database, changes: Changes): Promise<void> {
  await put(db, "event", changes.events.map(eventToRow));
  await saveIncidents(db, changes);
  const signals = await numbered(db, changes);
  await put(db, "alert", [...changes.alerts.values()].map(alertRow));
  for (const { incident, fingerprint } of changes.leftAlerts)
    await db
      .deleteFrom("incident_alert")
      .where("alert", "=", (e) => e.selectFrom("alert").select("no").where("fingerprint", "=", fingerprint))
      .where("incident", "=", incident)
      .execute();
  await put(db, "incident_alert", [...changes.incidentAlerts.values()].map(incidentAlertRow));
  await appendSignals(db, signals);
  await put(db, "outbox", [...changes.effects.values()].map(effectRow));
  await put(db, "processed", changes.processed.map(processedRow));
  for (const stored of changes.lineage.values()) await saveLineage(db, stored);
  await put(db, "change", [...changes.known.values()].map(changeRow));
  await saveSilences(db, changes);
  await put(db, "runbook_version", [...changes.runbooks].map(runbookRow));
}

async function saveIncidents(db: Database, { incidents, events }: Changes): Promise<void> {
  const changed = [...incidents.values()].map((change) => ({ ...change, incident: change.state.key }));
  const logs = Map.groupBy(events, ({ incident }) => incident);
  await put(
    db,
    "incident",
    changed.map(({ state }) => incidentToRow(state)),
  );
  for (const { incident, body } of events)
    if (body.type === "alerts_moved" && body.groupingKeys.length > 0)
      await db
        .deleteFrom("incident_group")
        .where("incident", "=", incident)
        .where(isAmong(db, { grouping_key: body.groupingKeys }))
        .execute();
  const groups = changed.flatMap(({ incident, state }) => {
    const open = isOpen(state.phase) ? 1 : 0;
    return [...movedKeys(logs.get(incident)!, state)].map((grouping_key) => ({
      grouping_key,
      incident,
      open,
    }));
  });
  // Those that let go first: the index allows a key one open holder at every moment.
  groups.sort((a, b) => a.open - b.open);
  await put(db, "incident_group", groups);
  for (const { incident, state, assets } of changed) {
    const gone = assets === "all" ? [] : [...assets].filter((id) => !state.assets.has(id));
    if (gone.length > 0)
      await db
        .deleteFrom("incident_asset")
        .where("incident", "=", incident)
        .where(isAmong(db, { asset: gone }))
        .execute();
  }
  const assets = changed.flatMap(({ incident, state, assets }) => {
    const ids = assets === "all" ? [...state.assets.keys()] : [...assets];
    const touched = ids.flatMap((id) => state.assets.get(id) ?? []);
    return touched.map((asset) => ({ incident, ...assetToRow(asset) }));
  });
  await put(db, "incident_asset", assets);
  const entries = changed.flatMap(({ state, entries }) => [...entries].map((seq) => entryToRow(state, seq)));
  await put(db, "incident_entry", entries);
  const tellings = changed.flatMap(({ state, telling }) => {
    const terms = new Set(telling.flatMap(termsOf));
    return terms.size > 0 ? [tellingRow(state, terms)] : [];
  });
  for (const { incident, body } of events)
    if ((body.type === "absorbed" || body.type === "alerts_received") && body.detectedAt)
      await redate(db, incident, incidents.get(incident)!.state.detectedAt);
  await put(db, "incident_telling", tellings);
  const over = changed.filter(({ state }) => !isOpen(state.phase));
  await indexTermsOf(
    db,
    over.map(({ incident }) => incident),
  );
}

/** The grouping keys whose rows its last events change; of a storm that attaches alert after alert, the new ones only. */
function movedKeys(events: RecordedEvent[], { groupingKeys }: IncidentState): Set<string> {
  const held = new Set(groupingKeys);
  if (events.some(({ body }) => MOVES_GROUPS.has(body.type))) return held;
  const brought = events.flatMap(({ body }) => keysBroughtBy(body));
  return new Set(brought.filter((key) => held.has(key)));
}

function alertRow(alert: AlertRow) {
  return sealed("alert", {
    fingerprint: alert.fingerprint,
    source: alert.source,
    dedup_key: alert.dedupKey,
    status: alert.status,
    incident: alert.incident,
    starts_at: alert.startsAt,
    observed_at: alert.observedAt,
    first_seen_at: alert.firstSeenAt,
    last_seen_at: alert.lastSeenAt,
    count: alert.count,
    said: alert.said,
    signal_id: alert.signalId,
    repeats: alert.repeats === 0 ? null : alert.repeats,
  });
}

function incidentAlertRow(alert: IncidentAlert) {
  const { incident, fingerprint, status, lastSeenAt: last_seen_at } = alert;
  const body = JSON.stringify(alert);
  return sealed("incident_alert", { incident, fingerprint, status, last_seen_at, body });
}

/** Gives signals their ids: alerts, and signals that repeat others, refer to them by these. */
async function numbered(db: Database, { signals, alerts }: Changes): Promise<AppendedSignals> {
  if (signals.length === 0) return { tail: null, rows: [] };
  const tail = await lastLink(db);
  const first = (tail?.last_id ?? 0) + 1;
  const full = new Map<string, number>();
  const rows = signals.map((row, index) => {
    const id = first + index;
    const key = `${row.outcome.fingerprint} ${row.said}`;
    if (row.repeats) return signalRow(row, id, repeatOf(full.get(key) ?? row.repeats.signalId!));
    full.set(key, id);
    return signalRow(row, id, joinSignal(row.arrival));
  });
  for (const alert of alerts.values())
    alert.signalId = full.get(`${alert.fingerprint} ${alert.said}`) ?? alert.signalId;
  return { tail, rows };
}

function signalRow({ receivedAt, arrival, outcome }: SignalRow, id: number, body: string): Schema["signal"] {
  const { outcome: what, incident, reason, fingerprint } = outcome;
  return {
    id,
    received_at: receivedAt,
    source: arrival.source,
    fingerprint,
    delivery_id: arrival.deliveryId,
    body,
    outcome: what,
    incident,
    reason,
  };
}

function effectRow({ key, incident, kind, payload, wanted, notBefore, channel }: Effect) {
  return sealed("outbox", {
    key,
    incident,
    kind,
    payload: JSON.stringify(payload),
    wanted,
    sent: 0,
    state: "pending",
    attempts: 0,
    not_before: notBefore ?? "",
    channel,
    ts: null,
    error: null,
  });
}

function processedRow({ key, result }: Changes["processed"][number]) {
  return sealed("processed", { key, result: JSON.stringify(result), at: answeredAt(result) });
}

/** When a command was answered: retention goes by it. One that changed nothing has no time of its own. */
function answeredAt(result: Changes["processed"][number]["result"]): string {
  const last = "events" in result ? result.events.at(-1) : undefined;
  return last?.recordedAt ?? new Date().toISOString();
}

function changeRow(known: KnownChange) {
  const { id, at, change } = known;
  return sealed("change", { id, source: change.source, at, body: JSON.stringify(known) });
}

function runbookRow([hash, { slug, text }]: [string, { slug: string; text: string }]) {
  return sealed("runbook_version", { hash, slug, text });
}

function silenceRow({ silence, open }: SilenceChange) {
  return sealed("silence", { id: silence.id, open: open ? 1 : 0, body: JSON.stringify(silence) });
}

function heldRow({ alert, signal }: { alert: HeldAlert; signal: AlertSignal }) {
  const { fingerprint, holder, incident } = alert;
  const [body, told] = [JSON.stringify(alert), JSON.stringify(signal)];
  return sealed("held_alert", { fingerprint, holder, incident, body, signal: told });
}

async function saveSilences(db: Database, { silences, held }: Changes): Promise<void> {
  const changed = [...silences.values()];
  const events = changed.flatMap((change) => change.events);
  await put(db, "event", events.map(eventToRow));
  await put(db, "silence", changed.map(silenceRow));
  const released = [...held].flatMap(([fingerprint, kept]) => (kept === null ? [fingerprint] : []));
  if (released.length > 0)
    await db
      .deleteFrom("held_alert")
      .where(isAmong(db, { fingerprint: released }))
      .execute();
  const kept = [...held.values()].filter((each) => each !== null);
  await put(db, "held_alert", kept.map(heldRow));
}

async function saveLineage(db: Database, stored: StoredLineage): Promise<void> {
  const { document, version, hash, receivedAt: received_at } = stored;
  const { provider, key } = document;
  const statement = { provider, key, version, hash, received_at };
  const body = JSON.stringify(document);
  await put(db, "lineage", [sealed("lineage", { ...statement, body })]);
  const assets = document.assets.length;
  const edges = document.edges.length;
  await put(db, "lineage_version", [sealed("lineage_version", { ...statement, assets, edges })]);
}
