CREATE TABLE "alert" ("no" integer primary key,
  "fingerprint" text not null unique, "source" text not null,
  "dedup_key" text not null,
  "status" text not null,
  "incident" text,
  "starts_at" text,
  "observed_at" text,
  "first_seen_at" text not null,
  "last_seen_at" text not null,
  "count" integer not null,
  "seal" text,
  "said" text,
  "signal_id" integer, "repeats" integer);

CREATE TABLE "audit" ("seq" integer primary key,
  "at" text not null,
  "act" text not null,
  "by" text not null,
  "details" text not null,
  "salt" text,
  "digest" text not null,
  "hash" text not null);

CREATE INDEX "audit_act" on "audit" ("act", "seq");

CREATE TRIGGER audit_no_delete before delete on audit when not exists (select 1 from log_permit where log = 'audit') begin select raise(abort, 'the audit log is append-only'); end;

CREATE TRIGGER audit_no_update before update on audit when not exists (select 1 from log_permit where log = 'audit') begin select raise(abort, 'the audit log is append-only'); end;

CREATE TABLE "change" ("id" text primary key,
  "source" text not null,
  "at" text not null,
  "body" text not null,
  "seal" text);

CREATE INDEX "change_at" on "change" ("at", "id");

CREATE TABLE "counter" ("name" text primary key,
  "value" integer not null);

CREATE TABLE "event" ("incident" text not null,
  "seq" integer not null,
  "at" text not null,
  "recorded_at" text not null,
  "actor" text not null,
  "via" text not null,
  "permalink" text,
  "body" text not null,
  "hash" text not null,
  "salt" text,
  "digests" text,
  constraint "event_pk" primary key ("incident", "seq"));

CREATE INDEX event_erased on event (incident, seq) where digests is not null;

CREATE TRIGGER event_no_delete before delete on event when not exists (select 1 from log_permit where log = 'event') begin select raise(abort, 'the event log is append-only'); end;

CREATE TRIGGER event_no_update before update on event when not exists (select 1 from log_permit where log = 'event') begin select raise(abort, 'the event log is append-only'); end;

CREATE TABLE "held_alert" ("fingerprint" text primary key,
  "holder" text not null,
  "incident" text,
  "body" text not null,
  "signal" text not null,
  "seal" text);

CREATE INDEX "held_alert_incident" on "held_alert" ("incident");

CREATE TABLE "incident" ("key" text primary key,
  "number" integer not null,
  "kind" text not null,
  "phase" text not null,
  "open" integer not null,
  "severity" text not null,
  "channel" text not null,
  "thread_ts" text,
  "detected_at" text not null,
  "resolved_at" text,
  "version" integer not null,
  "state" text not null);

CREATE INDEX "incident_newest" on "incident" ("detected_at", "key");

CREATE INDEX "incident_open" on "incident" ("open", "channel");

CREATE INDEX "incident_phase" on "incident" ("phase", "detected_at", "key");

CREATE UNIQUE INDEX "incident_thread" on "incident" ("channel", "thread_ts");

CREATE TABLE "incident_alert" ("alert" integer not null,
  "incident" text not null,
  "fingerprint" text not null,
  "status" text not null,
  "last_seen_at" text not null,
  "body" text not null,
  "seal" text,
  constraint "incident_alert_pk" primary key ("alert", "incident"));

CREATE INDEX "incident_alert_newest" on "incident_alert" ("incident", "status", "last_seen_at");

CREATE TABLE "incident_asset" ("incident" text not null,
  "asset" text not null,
  "recovery" text not null,
  "state" text not null,
  constraint "incident_asset_pk" primary key ("incident", "asset"));

CREATE TABLE "incident_entry" ("incident" text not null,
  "seq" integer not null,
  "body" text not null,
  constraint "incident_entry_pk" primary key ("incident", "seq"));

CREATE TABLE "incident_group" ("grouping_key" text not null,
  "incident" text not null,
  "open" integer not null,
  constraint "incident_group_pk" primary key ("grouping_key", "incident"));

CREATE INDEX "incident_group_incident" on "incident_group" ("incident");

CREATE UNIQUE INDEX incident_group_open on incident_group (grouping_key) where open = 1;

CREATE TABLE "incident_telling" ("incident" text not null,
  "seq" integer not null,
  "detected_at" text not null,
  "terms" text not null,
  "due" integer not null,
  constraint "incident_telling_pk" primary key ("incident", "seq")) without rowid;

CREATE INDEX incident_telling_due on incident_telling (incident, seq) where due = 1;

CREATE TABLE "incident_term" ("term" text not null,
  "detected_at" text not null,
  "incident" text not null,
  constraint "incident_term_pk" primary key ("term", "detected_at", "incident")) without rowid;

CREATE TABLE "lineage" ("provider" text not null,
  "key" text not null,
  "version" integer not null,
  "hash" text not null,
  "received_at" text not null,
  "body" text not null,
  "seal" text,
  constraint "lineage_pk" primary key ("provider", "key"));

CREATE TABLE "lineage_version" ("provider" text not null,
  "key" text not null,
  "version" integer not null,
  "hash" text not null,
  "received_at" text not null,
  "assets" integer not null,
  "edges" integer not null,
  "seal" text,
  constraint "lineage_version_pk" primary key ("provider", "key", "version"));

CREATE TABLE "log_permit" ("log" text primary key);

CREATE TABLE "outbox" ("id" integer primary key autoincrement,
  "key" text not null unique, "incident" text not null,
  "kind" text not null,
  "payload" text not null,
  "wanted" integer not null,
  "sent" integer not null,
  "state" text not null,
  "attempts" integer not null,
  "not_before" text not null,
  "channel" text not null,
  "ts" text,
  "error" text,
  "seal" text);

CREATE INDEX outbox_told on outbox (ts) where state = 'done' and kind in ('reply', 'file', 'notice');

CREATE INDEX outbox_undelivered on outbox (state, id) where state <> 'done';

CREATE INDEX outbox_unposted on outbox (incident, id) where ts is null;

CREATE TABLE "processed" ("key" text primary key,
  "result" text not null,
  "seal" text,
  "at" text default '' not null);

CREATE INDEX "processed_at" on "processed" ("at");

CREATE TABLE "runbook_version" ("hash" text primary key,
  "slug" text not null,
  "text" text not null,
  "seal" text);

CREATE TABLE "signal" ("id" integer primary key autoincrement,
  "received_at" text not null,
  "source" text not null,
  "fingerprint" text not null,
  "delivery_id" text,
  "body" text not null,
  "outcome" text not null,
  "incident" text,
  "reason" text not null);

CREATE INDEX signal_delivery on signal (source, fingerprint, delivery_id) where delivery_id is not null;

CREATE TRIGGER signal_no_delete before delete on signal when not exists (select 1 from log_permit where log = 'signal') begin select raise(abort, 'the signal log is append-only'); end;

CREATE TRIGGER signal_no_update before update on signal when not exists (select 1 from log_permit where log = 'signal') begin select raise(abort, 'the signal log is append-only'); end;

CREATE TABLE "signal_batch" ("seq" integer primary key,
  "at" text not null,
  "last_id" integer not null,
  "rows" integer not null,
  "salt" text,
  "digest" text not null,
  "hash" text not null);

CREATE INDEX "signal_batch_at" on "signal_batch" ("at");

CREATE INDEX signal_batch_erased on signal_batch (seq) where salt is null;

CREATE TRIGGER signal_batch_no_delete before delete on signal_batch when not exists (select 1 from log_permit where log = 'signal_batch') begin select raise(abort, 'the signal_batch log is append-only'); end;

CREATE TRIGGER signal_batch_no_update before update on signal_batch when not exists (select 1 from log_permit where log = 'signal_batch') begin select raise(abort, 'the signal_batch log is append-only'); end;

CREATE TABLE "silence" ("id" text primary key,
  "open" integer not null,
  "body" text not null,
  "seal" text);

CREATE INDEX silence_open on silence (id) where open = 1;
