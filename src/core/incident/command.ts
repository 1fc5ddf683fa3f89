import type { AlertSeverity, Link } from "../signal/alert.ts";
import type { Asset } from "../signal/asset.ts";
import type {
  EventOf,
  IncidentKind,
  NumberedSuspect,
  Origin,
  RecoveryRule,
  Relation,
  ReviewSection,
  SeenBefore,
  Severity,
} from "./events.ts";
import type { Actor, Person, Via } from "./person.ts";

/** What an alert has to say to an incident; `known` is what this incident last heard of the same fingerprint. */
export type AlertNews = {
  fingerprint: string;
  source: string;
  severity: AlertSeverity;
  title: string;
  assets: Asset[];
  impacted: Asset[];
  brokenAt: string;
  known: "never" | "firing" | "resolved";
  /** Of one that fires on: what it did not name before, and when that broke. */
  further?: { assets: Asset[]; brokenAt: string };
  reason: string;
  /** How severe it is by the rules, and why; its sender's level says so otherwise. */
  routed?: { severity: Severity; reason: string };
  relation?: Relation;
  roots?: Asset[];
  groupingKeys?: string[];
  recovery?: RecoveryRule;
};

/**
 * What a person says of some alerts of an incident, in words that name them; `all` where the words may mean several. It
 * concerns two incidents, so the engine makes a command for each of it.
 */
export type ByHand = { alerts: string; all: boolean; reason: string | null } & (
  | { type: "split" }
  | { type: "move"; into: string }
);

/** Assets, some by names that are not whole; the writer, which knows lineage, finds out which are meant (`add_assets`). */
export type NamesAssets = { type: "name_assets"; assets: (Asset | string)[]; reason: string | null };

/** All that people can have done to an incident; what is not yet a command becomes one where it is looked up. */
export type Order = Command | ByHand | NamesAssets;

/** Everything that can be asked of an incident. Doors build these; `decide` answers with events or a Refusal. */
export type Command =
  | {
      type: "open";
      kind: IncidentKind;
      severity: Severity;
      title: string;
      channel: string;
      startedAt: string;
      detectedAt?: string;
      origin: Origin | null;
      groupingKey: string | null;
      assets: Asset[];
      summary: string | null;
      reason: string;
      severityAssumed?: true;
      routing?: EventOf<"opened">["routing"];
    }
  | { type: "record_thread"; channel: string; ts: string; permalink: string | null }
  | { type: "alert_fired"; alert: AlertNews }
  /** It is no new failure of what it named before. */
  | { type: "alert_fires_on"; alert: AlertNews }
  | { type: "alert_passed"; alert: Omit<AlertNews, "brokenAt" | "impacted"> }
  /** The run that all of its alerts have passed, and as many before it. */
  | { type: "count_runs"; runs: number }
  | ({ type: "begin_flapping" } & Omit<EventOf<"flapping_began">, "type">)
  /** `alert.known` is as what it counted meanwhile, `status` what it says by now. */
  | {
      type: "end_flapping";
      alert: Omit<AlertNews, "brokenAt" | "impacted">;
      status: "firing" | "resolved";
    }
  | ({ type: "hold_alert" } & Omit<EventOf<"alert_held">, "type">)
  | ({ type: "release_alert" } & Omit<EventOf<"alert_released">, "type">)
  | ({ type: "note_silence" } & Omit<EventOf<"silence_set">, "type">)
  | ({ type: "note_silence_end" } & Omit<EventOf<"silence_ended">, "type">)
  /** By the lineage, not by a person. */
  | ({ type: "find_origin" } & Omit<EventOf<"origin_found">, "type">)
  | ({ type: "move_alerts" } & Omit<EventOf<"alerts_moved">, "type">)
  | ({ type: "receive_alerts" } & Omit<EventOf<"alerts_received">, "type">)
  /** `note`: what was said while doing it. `since`: it was so in an incident that was taken in, then already. */
  | { type: "acknowledge"; note?: string; since?: string }
  | { type: "unacknowledge"; reason: string | null }
  | { type: "assign_role"; role: string; person: Person }
  | { type: "clear_role"; role: string }
  | { type: "set_severity"; severity: Severity; reason: string }
  | { type: "set_title"; title: string }
  | { type: "set_summary"; text: string }
  | { type: "set_started_at"; startedAt: string; reason: string }
  | { type: "post_status"; text: string }
  | { type: "note"; text: string; at: string | null }
  | { type: "pin"; messageTs: string; author: Actor; text: string; at: string }
  | { type: "unpin"; messageTs: string }
  | { type: "edit_pin"; messageTs: string; text: string }
  | { type: "delete_pin"; messageTs: string }
  | { type: "edit_entry"; seq: number; text: string | null; at: string | null }
  | { type: "hide_entry"; seq: number; reason: string | null }
  | { type: "mitigate"; text: string }
  | { type: "add_assets"; assets: Asset[]; reason: string | null }
  /** `assets` as people type them (name or namespace/name); empty means all that are left. */
  | { type: "restore"; assets: string[]; reason: string | null }
  | { type: "waive"; assets: string[]; reason: string }
  | { type: "resolve"; text: string }
  | { type: "reopen"; reason: string }
  | { type: "close"; reason: string | null }
  | { type: "cancel"; reason: string }
  | { type: "merge_into"; into: string; reason: string | null }
  | ({ type: "absorb" } & Omit<EventOf<"absorbed">, "type">)
  | { type: "suggest_runbooks"; runbooks: { slug: string; title: string; reason: string }[] }
  | {
      type: "start_runbook";
      runbook: string;
      title: string;
      hash: string;
      steps: { id: string; title: string }[];
    }
  /** `step` is the step the person saw; a walk that has moved on refuses it. */
  | {
      type: "finish_step";
      runbook: string | null;
      step: string | null;
      outcome: "done" | "skipped" | "failed";
      note: string | null;
    }
  | { type: "step_back"; runbook: string | null; step: string | null }
  | { type: "add_task"; text: string; owner: Person | null; due: string | null }
  | { type: "finish_task"; task: number }
  | { type: "add_link"; link: Link }
  | { type: "link_change"; text: string; url: string | null; changedAt: string | null }
  /** By the ranking, not by a person; the likeliest first. */
  | { type: "suspect_changes"; suspects: NumberedSuspect[] }
  /** The suspected change of that number was the cause, or that one of those that people noted. */
  | { type: "name_cause"; number: number; noted?: true }
  | { type: "tell_similar"; incidents: SeenBefore[] }
  | { type: "write_review"; section: ReviewSection; statements: string[]; append: boolean }
  | { type: "record_export"; format: string };

/** Who asks, through which door, when (ISO 8601 UTC), and where it stands in Slack. */
export type Asked = { actor: Actor; via: Via; now: string; permalink: string | null };
