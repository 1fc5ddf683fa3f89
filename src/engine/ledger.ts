import type { LineageDocument } from "../core/correlate/lineage-document.ts";
import type { KnownAlert, KnownGroup } from "../core/correlate/place.ts";
import type { Silence, SilenceEvent } from "../core/correlate/silence.ts";
import type { RecordedEvent, Severity } from "../core/incident/events.ts";
import type { IncidentState } from "../core/incident/state.ts";
import type { Document } from "../core/report/document.ts";
import type { AlertOutcome, AlertSignal } from "../core/signal/alert.ts";
import type { KnownChange } from "../core/signal/change.ts";
import type { Arrival } from "./arrival.ts";
import type { CommandResult, HeldAlert, IncidentAlert, SilenceResult } from "./ports.ts";
import type { Cutoffs } from "./retention.ts";

/** An alert's identity row, over all incidents it was ever part of. Counts firings, retries left out. */
export type AlertRow = KnownAlert & {
  fingerprint: string;
  source: string;
  dedupKey: string;
  firstSeenAt: string;
  count: number;
  /** A hash of what it said last, and the id of the signal that has it in full. */
  said: string | null;
  signalId: number | null;
  /** How often it was repeated since its row in `incident` was written. */
  repeats: number;
};

/**
 * A signal as it came, with what became of it: the input log, from which routing can be replayed. What says the same as
 * the last of its alert `repeats` that; the id is null where both are of one batch.
 */
export type SignalRow = {
  receivedAt: string;
  arrival: Arrival;
  said: string;
  repeats: { signalId: number | null } | null;
  outcome: AlertOutcome;
};

/**
 * Something Slack is to show. A living one (`card`, `alerts`, `suspects`, `walk`) is posted once and edited in place until it shows
 * the incident's version `wanted`; a `reply`, `file` or `notice` is posted once; a notice stands in a channel by itself. `key` is unique, and the mark by which a message
 * is found again after a crash.
 */
export type Effect = {
  key: string;
  incident: string;
  kind: "card" | "alerts" | "suspects" | "walk" | "reply" | "file" | "notice";
  /** Kind-specific: the document of a reply, the runbook of a walk, the format of a file. */
  payload: unknown;
  /** Where the incident stands, as far as it is known: an id or `#name`. Its posts share one rate limit. */
  channel: string;
  wanted: number;
  /** Not posted sooner (ISO 8601 UTC): a storm gathers first. */
  notBefore?: string;
};

/** A message that is drawn anew whenever its incident changes, as it stands at that moment. */
export function isLiving({ kind }: Effect): boolean {
  return kind === "card" || kind === "alerts" || kind === "suspects" || kind === "walk";
}

/** The payload of a notice; `at` is when it was wanted, ISO 8601 UTC. */
export type Notice = { at: string; document: Document };

export type OutboxRow = Effect & {
  id: number;
  /** The version it shows; 0 before it is posted. */
  sent: number;
  /** `sending` means a post may or may not have happened: look for it before posting again. */
  state: "pending" | "sending" | "done" | "dead";
  attempts: number;
  notBefore: string;
  /** Null before it is posted. */
  ts: string | null;
};

/** One that waits for its delivery, with how bad its incident is: the worst are told first. */
export type WaitingRow = OutboxRow & { severity: Severity };

/**
 * The longest that a row says of itself it is to wait (`grouping.wait` and every pause of the deliverer are shorter).
 * One that says more was written before the clock was set back, and waits no longer.
 */
export const LONGEST_WAIT_MS = 15 * 60_000;

/** A provider's statement as it is kept; a version begins where it states something else than before. */
export type StoredLineage = { document: LineageDocument; version: number; hash: string; receivedAt: string };

/** A silence after what happened to it; `open` until all that it held is told. */
export type SilenceChange = { silence: Silence; open: boolean; events: RecordedEvent<SilenceEvent>[] };

export type IncidentChange = {
  state: IncidentState;
  /** The ids of assets. */
  assets: Set<string> | "all";
  /** The numbers of entries. */
  entries: Set<number>;
  /** Events that may tell new words to find it by. */
  telling: RecordedEvent[];
};

/** Everything a batch changes, written in one go. */
export type Changes = {
  events: RecordedEvent[];
  /** States after their events, and what of them these changed. */
  incidents: Map<string, IncidentChange>;
  alerts: Map<string, AlertRow>;
  incidentAlerts: Map<string, IncidentAlert>;
  /** Alerts that an incident gave to another. */
  leftAlerts: { incident: string; fingerprint: string }[];
  signals: SignalRow[];
  effects: Map<string, Effect>;
  processed: { key: string; result: CommandResult | SilenceResult }[];
  runbooks: Map<string, { slug: string; text: string }>;
  lineage: Map<string, StoredLineage>;
  /** Changes to the data platform, by id. */
  known: Map<string, KnownChange>;
  silences: Map<string, SilenceChange>;
  /** Alerts that are held from now on, with the signal to tell later; null for those that are held no more. */
  held: Map<string, { alert: HeldAlert; signal: AlertSignal } | null>;
};

/** What committing needs of a database, within one transaction. Reads see what is committed; `save` writes a batch. */
export type Ledger = {
  alerts(fingerprints: string[]): Promise<Map<string, AlertRow>>;
  incidentAlerts(pairs: { incident: string; fingerprint: string }[]): Promise<Map<string, IncidentAlert>>;
  allIncidentAlerts(incident: string): Promise<IncidentAlert[]>;
  /** The keys `source\nfingerprint\ndelivery` of those already received. */
  seenDeliveries(
    signals: { source: string; fingerprint: string; deliveryId: string }[],
  ): Promise<Set<string>>;
  groups(keys: string[]): Promise<Map<string, KnownGroup>>;
  incident(key: string): Promise<IncidentState | null>;
  /** Keys of all incidents that are open. */
  openIncidents(): Promise<string[]>;
  /** Every provider's current statement of lineage. */
  allLineage(): Promise<LineageDocument[]>;
  /** What a provider last stated under a key. */
  lineageOf(provider: string, key: string): Promise<StoredLineage | null>;
  knownChanges(ids: string[]): Promise<Map<string, KnownChange>>;
  /** Ids of changes that took effect in a span (ISO 8601 UTC, both inclusive), the latest first. */
  changesBetween(since: string, until: string, limit: number): Promise<{ id: string; at: string }[]>;
  /** Past incidents (resolved or closed) that share an asset or a rare word of a text, those that share most first. */
  pastLike(assets: string[], text: string, limit: number): Promise<string[]>;
  /** The newest of an incident's alerts, those that have resolved first. */
  someIncidentAlerts(incident: string, limit: number): Promise<IncidentAlert[]>;
  processed(key: string): Promise<CommandResult | SilenceResult | null>;
  /** Counts from 1, without gaps. */
  nextNumber(kind: "incident" | "drill" | "silence"): Promise<number>;
  /** Silences that hold alerts now or will, and those whose alerts are still to be told. */
  openSilences(): Promise<Silence[]>;
  /** The longest held first. */
  heldAlerts(): Promise<HeldAlert[]>;
  /** Held alerts as they came last. */
  heldSignals(fingerprints: string[]): Promise<Map<string, AlertSignal>>;
  /** The alerts that fire in open incidents. */
  firingAlerts(): Promise<IncidentAlert[]>;
  /** Incidents resolved before an instant and not closed. */
  resolvedBefore(instant: string, limit: number): Promise<string[]>;
  /** Whether a message was ever asked for under this key. */
  isQueued(key: string): Promise<boolean>;
  claimOutbox(id: number): Promise<boolean>;
  /** `wantedOf` says which version of a living message is wanted by now, where that is more than its row says. */
  settleOutbox(
    id: number,
    outcome: OutboxOutcome,
    wantedOf: (row: OutboxRow) => Promise<number>,
  ): Promise<OutboxRow | null>;
  /** Takes away at most `limit` rows of each kind that are older than its cutoff; how many went. */
  prune(before: Cutoffs, limit: number): Promise<number>;
  /** Puts what at most `limit` times was told of incidents into the index they are searched by; how many it did. */
  indexTerms(limit: number): Promise<number>;
  save(changes: Changes): Promise<void>;
};

/** How a delivery ended, as the deliverer reports it. */
export type OutboxOutcome =
  | { type: "sent"; version: number; channel: string; ts: string; permalink: string | null }
  | { type: "retry"; notBefore: string; error: string }
  | { type: "dead"; error: string }
  /** There is nothing to show any more, and that is as it should be. */
  | { type: "dropped" };

/**
 * Why the database did not carry out a transaction. `conflict`: another writer was first, so what was read is stale;
 * with a fresh look it may succeed. `unavailable`: it takes no writes just now (full, locked, read-only, away).
 */
export class StoreFault extends Error {
  readonly kind: "conflict" | "unavailable";
  constructor(kind: StoreFault["kind"], message: string, cause: unknown) {
    super(message, { cause });
    this.name = "StoreFault";
    this.kind = kind;
  }
}
