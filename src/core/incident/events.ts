import { z } from "zod";
import { AlertSeverity, Instant, Link } from "../signal/alert.ts";
import { Asset } from "../signal/asset.ts";
import { Actor, Person, type Via } from "./person.ts";

/** SEV1 is the highest. */
export const SEVERITIES = ["SEV1", "SEV2", "SEV3", "SEV4"] as const;
export const Severity = z.enum(SEVERITIES);
export type Severity = z.infer<typeof Severity>;

export const IncidentKind = z.enum(["incident", "drill"]);
export type IncidentKind = z.infer<typeof IncidentKind>;

/** The sections of the postmortem that people write; each holds a list of short statements. */
export const REVIEW_SECTIONS = ["well", "badly", "lucky", "factor"] as const;
export const ReviewSection = z.enum(REVIEW_SECTIONS);
export type ReviewSection = z.infer<typeof ReviewSection>;

/** The alert an incident began with, as much of it as titles, runbook variables and links need. */
export const Origin = z.object({
  source: z.string(),
  fingerprint: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  asset: Asset.nullable(),
  labels: z.record(z.string(), z.string()),
  links: z.array(Link),
});
export type Origin = z.infer<typeof Origin>;

/** How sure a conclusion of ours is: lineage says so; a likeness says so; a guess. */
export const Confidence = z.enum(["high", "medium", "low"]);
export type Confidence = z.infer<typeof Confidence>;

/** Why an alert belongs to an incident that is not about its own asset. */
export const Relation = z.object({
  kind: z.enum(["downstream", "upstream", "sibling"]),
  /** The asset of the incident that the alert's asset is related to. */
  asset: Asset,
  steps: z.int(),
  confidence: Confidence,
});
export type Relation = z.infer<typeof Relation>;

/** How an incident recovers, by the routing rules. */
export const RecoveryRule = z.object({
  /** How many runs its checks have to pass in a row. */
  passes: z.int(),
  /** Whether it resolves by itself then, unless a person has acted. */
  autoResolve: z.boolean(),
  /** The rules that say so. */
  rules: z.array(z.string()),
});
export type RecoveryRule = z.infer<typeof RecoveryRule>;

/** Alerts that come and go, by fingerprint: each is held until it is quiet. */
export const FlappingAlerts = z.record(z.string(), z.object({ title: z.string(), since: Instant }));
export type FlappingAlerts = z.infer<typeof FlappingAlerts>;

/** An alert that goes from one incident to another, as both logs need to know it. */
const MovedAlert = z.object({
  fingerprint: z.string(),
  title: z.string(),
  status: z.enum(["firing", "resolved"]),
  assets: z.array(Asset),
});

/** Stretches in which data was not to be trusted, as the incident that gives an asset away knew them. */
const Downtime = z.array(z.object({ from: Instant, to: Instant.nullable() }));

/** A change that may be the cause, under the number by which people name it. `at` is when it took effect. */
export const NumberedSuspect = z.object({
  number: z.int(),
  /** The change's id. */
  change: z.string(),
  title: z.string(),
  url: z.string().nullable(),
  actor: z.string().nullable(),
  source: z.string(),
  at: Instant,
  confidence: z.enum(["likely", "possible", "unlikely"]),
  reason: z.string(),
});
export type NumberedSuspect = z.infer<typeof NumberedSuspect>;

/** A past incident like this one, as much of it as people are told. */
export const SeenBefore = z.object({
  key: z.string(),
  title: z.string(),
  severity: z.string(),
  resolvedAt: Instant,
  outcome: z.string().nullable(),
  /** The title of the change that was named as its cause. */
  causeChange: z.string().nullable(),
  url: z.string().nullable(),
  /** In what it is alike. */
  reason: z.string(),
});
export type SeenBefore = z.infer<typeof SeenBefore>;

const text = z.string().min(1);
const fingerprint = z.string().min(1);

/**
 * What can happen to an incident, in the past tense. This union is the product's memory: a stored event is never
 * changed, a new meaning is a new type. `at` (in the record) is when it happened, `recordedAt` when we knew.
 */
export const EventBody = z.discriminatedUnion("type", [
  // opening
  z.object({
    type: z.literal("opened"),
    kind: IncidentKind,
    severity: Severity,
    title: text,
    channel: z.string(),
    /** When the data broke, as the sender or the person says; else when it was noticed. */
    startedAt: Instant,
    /** When it was noticed, where that was before: its alerts were in another incident. */
    detectedAt: Instant.optional(),
    /** The first alert, or null when a person declared it. */
    origin: Origin.nullable(),
    groupingKey: z.string().nullable(),
    reason: text,
    /** Whoever declared it did not say how severe it is. */
    severityAssumed: z.literal(true).optional(),
    /** What the routing rules made of it; absent where none applied. */
    routing: z
      .object({ team: z.string().nullable(), severityReason: text, rules: z.array(z.string()) })
      .optional(),
  }),
  /** The root message stands: its place in Slack. */
  z.object({
    type: z.literal("thread_opened"),
    channel: z.string(),
    ts: z.string(),
    permalink: z.string().nullable(),
  }),

  // alerts
  z.object({
    type: z.literal("alert_attached"),
    fingerprint,
    source: z.string(),
    severity: AlertSeverity,
    title: text,
    assets: z.array(Asset),
    impacted: z.array(Asset),
    /** When the data broke by the sender's word, never later than the alert itself came. */
    brokenAt: Instant,
    reason: text,
    /** Absent for an alert on what the incident is about. */
    relation: Relation.optional(),
    /** Those of its assets that the incident is about from now on, beside what it was about before. */
    roots: z.array(Asset).optional(),
    /** What alerts are gathered here by from now on, beside what they were before. */
    groupingKeys: z.array(z.string()).optional(),
    /** Absent where the rules say nothing of it. */
    recovery: RecoveryRule.optional(),
  }),
  /** What is likely to have broken first lies upstream of what the incident was about so far. */
  z.object({
    type: z.literal("origin_found"),
    asset: Asset,
    fingerprint,
    title: text,
    description: z.string().nullable(),
    /** The roots that it explains. */
    replaces: z.array(Asset),
    confidence: Confidence,
    reason: text,
  }),
  z.object({
    type: z.literal("alerts_moved"),
    to: z.string(),
    alerts: z.array(MovedAlert).min(1),
    groupingKeys: z.array(z.string()),
    /** Assets that no alert of this incident speaks of any more. */
    released: z.array(Asset),
    /** The alert that it begins with from now on, where the one it began with goes. */
    origin: Origin.optional(),
    /** What it is about from now on, where nothing of that stays. */
    roots: z.array(Asset).optional(),
    reason: text.nullable(),
  }),
  /** The other side of `alerts_moved`. */
  z.object({
    type: z.literal("alerts_received"),
    from: z.string(),
    alerts: z.array(MovedAlert).min(1),
    groupingKeys: z.array(z.string()),
    sources: z.array(z.string()),
    assets: z.array(Asset.extend({ firing: z.int(), recovery: z.string(), downtime: Downtime.optional() })),
    /** When what came broke and was noticed; logs of the first versions do not say. */
    startedAt: Instant.optional(),
    detectedAt: Instant.optional(),
    /** What the incident is about from now on, beside what it was about before. */
    roots: z.array(Asset).optional(),
    recovery: RecoveryRule.optional(),
    flapping: FlappingAlerts.optional(),
    reason: text.nullable(),
  }),
  z.object({
    type: z.literal("alert_refired"),
    fingerprint,
    title: text,
    assets: z.array(Asset),
    brokenAt: Instant,
    reason: text,
    recovery: RecoveryRule.optional(),
    /** As in `alert_attached`; logs of the first versions do not say. */
    impacted: z.array(Asset).optional(),
    roots: z.array(Asset).optional(),
  }),
  /** It fires on and names further data than it did. */
  z.object({
    type: z.literal("alert_widened"),
    fingerprint,
    title: text,
    /** What it is about beside what it named before, and what is hurt by it and was not known of here. */
    assets: z.array(Asset),
    impacted: z.array(Asset),
    brokenAt: Instant,
    roots: z.array(Asset).optional(),
  }),
  /** By what alerts are gathered here too, since one that was here already came with it. */
  z.object({ type: z.literal("keys_added"), fingerprint, groupingKeys: z.array(z.string()).min(1) }),
  z.object({ type: z.literal("alert_resolved"), fingerprint, title: text, assets: z.array(Asset) }),
  /** All of its alerts have passed so many runs in a row, and have to pass more. */
  z.object({ type: z.literal("run_passed"), runs: z.int(), of: z.int() }),
  /** All of its alerts have passed as many runs in a row as they have to. */
  z.object({ type: z.literal("checks_passed"), runs: z.int() }),
  /** An alert changes between firing and passing so often that it is held, as firing, until it is quiet. */
  z.object({
    type: z.literal("flapping_began"),
    fingerprint,
    title: text,
    changes: z.int(),
    /** In how long it changed so often. */
    overMs: z.int(),
    /** For how long it must not change. */
    quietMs: z.int(),
  }),
  /** It stands again as it last was. */
  z.object({
    type: z.literal("flapping_ended"),
    fingerprint,
    title: text,
    status: z.enum(["firing", "resolved"]),
  }),
  /** An alert that belongs here fires, and nobody is told: a silence, a maintenance window or an inhibition holds it. */
  z.object({
    type: z.literal("alert_held"),
    fingerprint,
    source: z.string(),
    title: text,
    assets: z.array(Asset),
    /** The silence's id, the window's or the rule's name. */
    holder: z.string(),
    reason: text,
  }),
  /** It is held here no more: it passed, it is told from now on, or another incident has it. */
  z.object({
    type: z.literal("alert_released"),
    fingerprint,
    title: text,
    outcome: z.enum(["resolved", "told", "moved"]),
    reason: text,
  }),
  /** Somebody silenced alerts from this thread, or ended that. */
  z.object({
    type: z.literal("silence_set"),
    silence: z.string(),
    matcher: text,
    endsAt: Instant,
    reason: text,
  }),
  z.object({ type: z.literal("silence_ended"), silence: z.string(), reason: z.string().nullable() }),

  // state
  z.object({ type: z.literal("acknowledged") }),
  z.object({ type: z.literal("unacknowledged"), reason: z.string().nullable() }),
  z.object({ type: z.literal("mitigated"), text: z.string() }),
  z.object({ type: z.literal("resolved"), text: z.string() }),
  z.object({ type: z.literal("reopened"), reason: text }),
  z.object({ type: z.literal("closed"), reason: z.string().nullable() }),
  z.object({ type: z.literal("cancelled"), reason: text }),
  z.object({ type: z.literal("merged"), into: z.string(), reason: z.string().nullable() }),
  /** The other side of `merged`: this incident took another in, with the alerts it had. */
  z.object({
    type: z.literal("absorbed"),
    incident: z.string(),
    title: text,
    groupingKeys: z.array(z.string()),
    alerts: z.object({ total: z.int(), firing: z.int(), resolved: z.int(), held: z.int().optional() }),
    assets: z.array(Asset.extend({ firing: z.int(), recovery: z.string(), downtime: Downtime.optional() })),
    /** Its clocks, its people and what they have yet to do go on here; logs of the first versions do not say. */
    startedAt: Instant.optional(),
    detectedAt: Instant.optional(),
    roles: z.record(z.string(), Person).optional(),
    tasks: z.array(z.object({ text, owner: Person.nullable(), due: z.string().nullable() })).optional(),
    /** Who sent its alerts; logs of the first versions do not say. */
    sources: z.array(z.string()).optional(),
    /** What it was about. */
    roots: z.array(Asset).optional(),
    recovery: RecoveryRule.optional(),
    flapping: FlappingAlerts.optional(),
    /** The incidents that a person took it apart from. */
    apart: z.array(z.string()).optional(),
  }),

  // what it is
  z.object({ type: z.literal("severity_changed"), from: Severity, to: Severity, reason: text }),
  z.object({ type: z.literal("title_changed"), title: text }),
  z.object({ type: z.literal("summary_set"), text }),
  z.object({ type: z.literal("started_at_set"), startedAt: Instant, reason: text }),
  z.object({ type: z.literal("role_assigned"), role: text, person: Person }),
  z.object({ type: z.literal("role_cleared"), role: text }),

  // assets
  z.object({ type: z.literal("asset_added"), asset: Asset, reason: z.string().nullable() }),
  /** It was proven right or given up on, and an alert that fails anew, or who reopens over one, says that it is wrong. */
  z.object({ type: z.literal("asset_impacted"), asset: Asset, brokenAt: Instant, reason: text }),
  z.object({ type: z.literal("asset_recovering"), asset: Asset, reason: text }),
  z.object({ type: z.literal("asset_verified"), asset: Asset, reason: z.string().nullable() }),
  z.object({ type: z.literal("asset_waived"), asset: Asset, reason: text }),

  // words
  z.object({ type: z.literal("status_posted"), text }),
  z.object({ type: z.literal("noted"), text }),
  /** A thread message put on the timeline; `at` of the record is when it was written, `author` who wrote it. */
  z.object({ type: z.literal("pinned"), messageTs: text, author: Actor, text }),
  z.object({ type: z.literal("unpinned"), messageTs: text }),
  z.object({ type: z.literal("pin_edited"), messageTs: text, text }),
  z.object({ type: z.literal("pin_deleted"), messageTs: text }),
  /** A correction of an earlier entry of this incident, by its sequence number. The old words stay in the log. */
  z.object({
    type: z.literal("entry_edited"),
    seq: z.int(),
    text: z.string().nullable(),
    at: Instant.nullable(),
  }),
  z.object({ type: z.literal("entry_hidden"), seq: z.int(), reason: z.string().nullable() }),

  // runbook
  z.object({
    type: z.literal("runbook_suggested"),
    runbooks: z.array(z.object({ slug: text, title: text, reason: text })),
  }),
  z.object({
    type: z.literal("runbook_started"),
    runbook: text,
    title: text,
    hash: text,
    steps: z.array(z.object({ id: text, title: text })).min(1),
  }),
  z.object({
    type: z.literal("step_finished"),
    runbook: text,
    step: text,
    title: text,
    outcome: z.enum(["done", "skipped", "failed"]),
    note: z.string().nullable(),
  }),
  z.object({ type: z.literal("step_reopened"), runbook: text, step: text, title: text }),
  z.object({ type: z.literal("runbook_finished"), runbook: text }),

  // after it
  z.object({
    type: z.literal("task_added"),
    task: z.int(),
    text,
    owner: Person.nullable(),
    due: z.string().nullable(),
  }),
  z.object({ type: z.literal("task_done"), task: z.int() }),
  z.object({ type: z.literal("link_added"), link: Link }),
  z.object({
    type: z.literal("change_linked"),
    text,
    url: z.string().nullable(),
    changedAt: Instant.nullable(),
  }),
  /** What may have been the cause, the likeliest first; it takes the place of what was suspected before. */
  z.object({ type: z.literal("changes_suspected"), suspects: z.array(NumberedSuspect) }),
  /** A person says that a change was the cause. `change` is its id, where it is one that we were told of. */
  z.object({
    type: z.literal("cause_named"),
    change: z.string().nullable(),
    text,
    url: z.string().nullable(),
    changedAt: Instant.nullable(),
  }),
  z.object({ type: z.literal("similar_found"), incidents: z.array(SeenBefore).min(1) }),
  z.object({ type: z.literal("review_written"), section: ReviewSection, statements: z.array(text) }),
  z.object({ type: z.literal("postmortem_exported"), format: text }),
]);
export type EventBody = z.infer<typeof EventBody>;
export type EventType = EventBody["type"];
export type EventOf<T extends EventType> = Extract<EventBody, { type: T }>;

/** An event as the log holds it. `seq` counts from 1 within the incident; the hash covers the one before. */
export type RecordedEvent<Body = EventBody> = {
  incident: string;
  seq: number;
  at: string;
  recordedAt: string;
  actor: Actor;
  via: Via;
  permalink: string | null;
  body: Body;
  hash: string;
  /** What keeps its hash from being guessed; none once something of it was erased. */
  salt?: string;
  /** The hashes of actor, permalink and body as they were before something of it was erased. */
  digests?: { actor: string; permalink: string; body: string };
};

/** An event decided but not yet in the log. `at` defaults to the moment of the command. */
export type NewEvent<Body = EventBody> = {
  body: Body;
  at?: string;
  actor?: Actor;
  via?: Via;
  permalink?: string | null;
};
