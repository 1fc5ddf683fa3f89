import type { Generated } from "kysely";

/** The tables as Kysely sees them. Created by migrations/; JSON columns are text, parsed in src/store/rows.ts. */
export type Schema = {
  counter: { name: string; value: number };
  event: {
    incident: string;
    seq: number;
    at: string;
    recorded_at: string;
    actor: string;
    via: string;
    permalink: string | null;
    body: string;
    hash: string;
    salt: string | null;
    /** JSON; set once something of the event was erased. */
    digests: string | null;
  };
  signal: {
    id: number;
    received_at: string;
    source: string;
    fingerprint: string;
    delivery_id: string | null;
    body: string;
    outcome: string;
    incident: string | null;
    reason: string;
  };
  /** A link of the chain over the signals: those after the link before, up to `last_id`. */
  signal_batch: {
    seq: number;
    at: string;
    last_id: number;
    rows: number;
    salt: string | null;
    digest: string;
    hash: string;
  };
  audit: {
    seq: number;
    at: string;
    act: string;
    by: string;
    details: string;
    salt: string | null;
    digest: string;
    hash: string;
  };
  log_permit: { log: string };
  incident: {
    key: string;
    number: number;
    kind: string;
    phase: string;
    open: number;
    severity: string;
    channel: string;
    thread_ts: string | null;
    detected_at: string;
    resolved_at: string | null;
    version: number;
    state: string;
  };
  incident_group: { grouping_key: string; incident: string; open: number };
  incident_asset: { incident: string; asset: string; recovery: string; state: string };
  /** What people wrote, by the number of the event; `body` is JSON. */
  incident_entry: { incident: string; seq: number; body: string };
  /** What an incident is found by, as it was told up to an event; `terms` is JSON. `due`: the index does not have it yet. */
  incident_telling: { incident: string; seq: number; detected_at: string; terms: string; due: number };
  incident_term: { term: string; detected_at: string; incident: string };
  alert: {
    no: Generated<number>;
    fingerprint: string;
    source: string;
    dedup_key: string;
    status: string;
    incident: string | null;
    starts_at: string | null;
    observed_at: string | null;
    first_seen_at: string;
    last_seen_at: string;
    count: number;
    said: string | null;
    signal_id: number | null;
    repeats: number | null;
    seal: string | null;
  };
  incident_alert: {
    /** The number of the alert. */
    alert: number;
    incident: string;
    fingerprint: string;
    status: string;
    last_seen_at: string;
    body: string;
    seal: string | null;
  };
  outbox: {
    id: Generated<number>;
    key: string;
    incident: string;
    kind: string;
    payload: string;
    wanted: number;
    sent: number;
    state: string;
    attempts: number;
    not_before: string;
    channel: string;
    ts: string | null;
    error: string | null;
    seal: string | null;
  };
  change: {
    id: string;
    source: string;
    at: string;
    body: string;
    seal: string | null;
  };
  lineage: {
    provider: string;
    key: string;
    version: number;
    hash: string;
    received_at: string;
    body: string;
    seal: string | null;
  };
  lineage_version: {
    provider: string;
    key: string;
    version: number;
    hash: string;
    received_at: string;
    assets: number;
    edges: number;
    seal: string | null;
  };
  silence: { id: string; open: number; body: string; seal: string | null };
  held_alert: {
    fingerprint: string;
    holder: string;
    incident: string | null;
    body: string;
    signal: string;
    seal: string | null;
  };
  processed: { key: string; result: string; at: string; seal: string | null };
  runbook_version: { hash: string; slug: string; text: string; seal: string | null };
};
