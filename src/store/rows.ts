import { type Selectable, sql } from "kysely";
import { z } from "zod";
import { type Silence, SilenceEvent } from "../core/correlate/silence.ts";
import { EventBody, type RecordedEvent, type Severity } from "../core/incident/events.ts";
import type { LogEntry } from "../core/incident/log.ts";
import { Actor, Via } from "../core/incident/person.ts";
import { type AssetState, type Entry, type IncidentState, isOpen } from "../core/incident/state.ts";
import type { AlertSignal } from "../core/signal/alert.ts";
import type { KnownChange } from "../core/signal/change.ts";
import type { AlertRow, OutboxRow, StoredLineage, WaitingRow } from "../engine/ledger.ts";
import type { HeldAlert, IncidentAlert } from "../engine/ports.ts";
import type { Schema } from "./schema.ts";

/** The log is parsed as strictly as input is: an event nobody understands must not be folded into a wrong state. */
const EventRow = z.object({
  incident: z.string(),
  seq: z.number(),
  at: z.string(),
  recordedAt: z.string(),
  actor: Actor,
  via: Via,
  permalink: z.string().nullable(),
  body: EventBody,
  hash: z.string(),
  salt: z.string().optional(),
  digests: z.object({ actor: z.string(), permalink: z.string(), body: z.string() }).optional(),
});

const SilenceEventRow = EventRow.extend({ body: SilenceEvent });

/** The columns as a log entry, for its chain: nothing of them is left out, nor filled in. */
export function entryFromRow(row: Schema["event"]): LogEntry {
  const { recorded_at, actor, body, salt, digests, ...rest } = row;
  return {
    ...rest,
    recordedAt: recorded_at,
    actor: JSON.parse(actor),
    body: JSON.parse(body),
    ...(salt === null ? {} : { salt }),
    ...(digests === null ? {} : { digests: JSON.parse(digests) }),
  };
}

export function eventFromRow(row: Schema["event"]): RecordedEvent {
  return EventRow.parse(entryFromRow(row));
}

export function silenceEventFromRow(row: Schema["event"]): RecordedEvent<SilenceEvent> {
  return SilenceEventRow.parse(entryFromRow(row));
}

export function eventToRow(event: RecordedEvent<unknown>): Schema["event"] {
  const { recordedAt, actor, body, salt = null, digests, ...rest } = event;
  return {
    ...rest,
    recorded_at: recordedAt,
    actor: JSON.stringify(actor),
    body: JSON.stringify(body),
    salt,
    digests: digests ? JSON.stringify(digests) : null,
  };
}

/** Assets and entries have rows of their own, so that neither a storm nor a note rewrites all that were before. */
export function incidentToRow(state: IncidentState): Schema["incident"] {
  const { assets: _assets, entries: _entries, ...stored } = state;
  return {
    key: state.key,
    number: Number(state.key.split("-")[1]),
    kind: state.kind,
    phase: state.phase,
    open: isOpen(state.phase) ? 1 : 0,
    severity: state.severity,
    channel: state.thread?.channel ?? state.channel,
    thread_ts: state.thread?.ts ?? null,
    detected_at: state.detectedAt,
    resolved_at: state.resolvedAt,
    version: state.version,
    state: JSON.stringify(stored),
  };
}

export function incidentFromRow(
  row: Pick<Schema["incident"], "state">,
  assets: Pick<Schema["incident_asset"], "asset" | "state">[] = [],
  entries: Pick<Schema["incident_entry"], "seq" | "body">[] = [],
): IncidentState {
  const stored: Omit<IncidentState, "assets" | "entries"> = JSON.parse(row.state);
  return {
    ...stored,
    ...sinceStored(stored),
    assets: new Map(assets.map((a) => [a.asset, JSON.parse(a.state) as AssetState])),
    entries: Object.fromEntries(entries.map(({ seq, body }) => [seq, JSON.parse(body) as Entry])),
  };
}

/** What rows written by earlier versions lack. */
function sinceStored(stored: Partial<IncidentState>) {
  const { suspects, shownSuspects, similar, changes, apart } = stored;
  return {
    apart: apart ?? [],
    recovery: stored.recovery ?? { passes: 1, autoResolve: false, rules: [] },
    runs: stored.runs ?? 0,
    flapping: stored.flapping ?? {},
    // Where nobody knows, nothing ends by itself.
    touchedByPerson: stored.touchedByPerson ?? true,
    suspects: suspects ?? [],
    shownSuspects: shownSuspects ?? [],
    similar: similar ?? [],
    changes: (changes ?? []).map((each) => ({
      ...each,
      change: each.change ?? null,
      cause: each.cause ?? false,
    })),
  };
}

export function alertFromRow(row: Omit<Schema["alert"], "no">): AlertRow {
  return {
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
    said: row.said,
    signalId: row.signal_id,
    repeats: row.repeats ?? 0,
  };
}

export function incidentAlertFromRow(row: Pick<Schema["incident_alert"], "body">): IncidentAlert {
  return JSON.parse(row.body);
}

/** An alert of an incident with what was counted since its row was written. */
export function countedAlertFromRow(
  row: Pick<Schema["incident_alert"], "body">,
  since?: { repeats: number | null; heard: string },
): IncidentAlert {
  const alert = incidentAlertFromRow(row);
  return since ? { ...alert, count: alert.count + (since.repeats ?? 0), lastSeenAt: since.heard } : alert;
}

/** As the partial index has it, or the planner would not know that it may use it. */
export const silenceIsOpen = sql<boolean>`silence.open = 1`;

export function silenceFromRow(row: Pick<Schema["silence"], "body">): Silence {
  return JSON.parse(row.body);
}

export function heldAlertFromRow(row: Pick<Schema["held_alert"], "body">): HeldAlert {
  return JSON.parse(row.body);
}

/** A held alert as those of incidents are shown. */
export function heldAsAlert(
  row: Pick<Schema["held_alert"], "body" | "signal">,
): Omit<IncidentAlert, "incident"> {
  const { fingerprint, since, by, reason } = heldAlertFromRow(row);
  const signal: AlertSignal = JSON.parse(row.signal);
  const { source, severity, title, description, assets, labels, links, warnings, startsAt } = signal;
  return {
    fingerprint,
    source,
    status: "firing",
    severity,
    title,
    description,
    assets,
    labels,
    links,
    warnings,
    startsAt,
    endsAt: null,
    firstSeenAt: since,
    lastSeenAt: since,
    count: 1,
    outcome: by === "rule" ? "inhibited" : "silenced",
    reason,
  };
}

export function changeFromRow(row: Pick<Schema["change"], "body">): KnownChange {
  return JSON.parse(row.body);
}

export function lineageFromRow(row: Omit<Schema["lineage"], "seal">): StoredLineage {
  const { version, hash, received_at: receivedAt, body } = row;
  return { document: JSON.parse(body), version, hash, receivedAt };
}

export function outboxFromRow(row: Selectable<Schema["outbox"]>): OutboxRow {
  const { not_before, payload, error: _, seal: _seal, ...rest } = row;
  return { ...rest, notBefore: not_before, payload: JSON.parse(payload) } as OutboxRow;
}

export function waitingFromRow(row: Selectable<Schema["outbox"]> & { severity: Severity }): WaitingRow {
  const { severity, ...stored } = row;
  return { ...outboxFromRow(stored), severity };
}
