import type { Selectable } from "kysely";
import { z } from "zod";
import { EventBody, type RecordedEvent } from "../core/incident/events.ts";
import { Actor, Via } from "../core/incident/person.ts";
import { type AssetState, type IncidentState, isOpen } from "../core/incident/state.ts";
import type { KnownChange } from "../core/signal/change.ts";
import type { OutboxRow, StoredLineage } from "../engine/ledger.ts";
import type { IncidentAlert } from "../engine/ports.ts";
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
});

export function eventFromRow(row: Schema["event"]): RecordedEvent {
  const { recorded_at, actor, body, ...rest } = row;
  return EventRow.parse({
    ...rest,
    recordedAt: recorded_at,
    actor: JSON.parse(actor),
    body: JSON.parse(body),
  });
}

export function eventToRow(event: RecordedEvent): Schema["event"] {
  const { recordedAt, actor, body, ...rest } = event;
  return { ...rest, recorded_at: recordedAt, actor: JSON.stringify(actor), body: JSON.stringify(body) };
}

/** Assets have rows of their own, so that a storm does not rewrite all of them with each alert. */
export function incidentToRow(state: IncidentState): Schema["incident"] {
  const { assets: _, ...stored } = state;
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
  assets: Pick<Schema["incident_asset"], "asset" | "state">[],
): IncidentState {
  const stored: Omit<IncidentState, "assets"> = JSON.parse(row.state);
  return {
    ...stored,
    ...sinceStored(stored),
    assets: new Map(assets.map((a) => [a.asset, JSON.parse(a.state) as AssetState])),
  };
}

/** What rows written by earlier versions lack. */
function sinceStored({ suspects, shownSuspects, similar, changes }: Partial<IncidentState>) {
  return {
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

export function incidentAlertFromRow(row: Pick<Schema["incident_alert"], "body">): IncidentAlert {
  return JSON.parse(row.body);
}

export function changeFromRow(row: Pick<Schema["change"], "body">): KnownChange {
  return JSON.parse(row.body);
}

export function lineageFromRow(row: Schema["lineage"]): StoredLineage {
  const { version, hash, received_at: receivedAt, body } = row;
  return { document: JSON.parse(body), version, hash, receivedAt };
}

export function outboxFromRow(row: Selectable<Schema["outbox"]>): OutboxRow {
  const { not_before, payload, error: _, ...rest } = row;
  return { ...rest, notBefore: not_before, payload: JSON.parse(payload) } as OutboxRow;
}
