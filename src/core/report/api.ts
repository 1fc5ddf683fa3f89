/** The shapes of the read API and of the JSON export. Fields may be added; none is renamed or removed. */
import type { NumberedSuspect, RecordedEvent, SeenBefore } from "../incident/events.ts";
import { brokenAt } from "../incident/log.ts";
import {
  assetsInOrder,
  type IncidentState,
  type Phase,
  type Recovery,
  suspectsNow,
} from "../incident/state.ts";
import type { Asset } from "../signal/asset.ts";
import type { KnownChange } from "../signal/change.ts";
import { type Clocks, clocks, downtime, downtimeIntervals, elapsed } from "./clocks.ts";
import { type Coverage, coverage } from "./coverage.ts";
import { type TimelineEntry, timeline } from "./timeline.ts";

/** One alert of an incident, as the API and the reports show it. */
export type ReportedAlert = {
  fingerprint: string;
  source: string;
  status: "firing" | "resolved";
  severity: string;
  title: string;
  description: string | null;
  assets: Asset[];
  labels: Record<string, string>;
  links: { title: string; url: string }[];
  startsAt: string | null;
  endsAt: string | null;
  firstSeenAt: string;
  lastSeenAt: string;
  count: number;
  outcome: string;
  reason: string;
  /** What of its payload was not understood; rows of the first versions do not say. */
  warnings?: string[];
  /** How many runs it has passed in a row, 0 while it fires; rows of the first versions do not say. */
  passes?: number;
  /** What it says while it flaps; its `status` is firing then. */
  flapping?: "firing" | "resolved";
};

export type IncidentJson = {
  key: string;
  kind: "incident" | "drill";
  state: Phase;
  severity: string;
  title: string;
  summary: string | null;
  startedAt: string;
  detectedAt: string;
  acknowledgedAt: string | null;
  mitigatedAt: string | null;
  resolvedAt: string | null;
  closedAt: string | null;
  outcome: string | null;
  /** The lead's name; `roles` has everyone, with Slack ids. */
  lead: string | null;
  roles: { role: string; name: string; id: string | null }[];
  channel: string;
  threadTs: string | null;
  url: string | null;
  assets: (Asset & { recovery: Recovery; downtimeSeconds: number })[];
  alerts: { total: number; firing: number; resolved: number; held: number };
  sources: string[];
  /** Whom the routing rules gave it to. */
  team: string | null;
  originAsset: Asset | null;
  mergedInto: string | null;
};

/** As in words (`formatDuration`): nothing took less than no time, though a clock that was set back says so. */
const seconds = (milliseconds: number) => Math.max(0, Math.trunc(milliseconds / 1000));

/** `asOf` is the moment to which data downtime that lasts is measured; `url` overrides the thread's own link. */
export function incidentJson(state: IncidentState, asOf: string, url: string | null = null): IncidentJson {
  return {
    key: state.key,
    kind: state.kind,
    state: state.phase,
    severity: state.severity,
    title: state.title,
    summary: state.summary,
    startedAt: state.startedAt,
    detectedAt: state.detectedAt,
    acknowledgedAt: state.acknowledgedAt,
    mitigatedAt: state.mitigatedAt,
    resolvedAt: state.resolvedAt,
    closedAt: state.closedAt,
    outcome: state.outcome,
    lead: state.roles.lead?.name ?? null,
    roles: Object.entries(state.roles)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([role, { name, id }]) => ({ role, name, id })),
    channel: state.thread?.channel ?? state.channel,
    threadTs: state.thread?.ts ?? null,
    url: url ?? state.thread?.permalink ?? null,
    assets: assetsInOrder(state).map((known) => ({
      namespace: known.asset.namespace,
      name: known.asset.name,
      recovery: known.recovery,
      downtimeSeconds: seconds(downtime(state, known, asOf)),
    })),
    alerts: { ...state.alerts },
    sources: [...state.sources],
    team: state.team,
    originAsset: state.likelyOrigin?.asset ?? state.origin?.asset ?? null,
    mergedInto: state.mergedInto,
  };
}

function alertJson(alert: ReportedAlert): ReportedAlert {
  // Labels are sorted because two databases may give them back in different orders.
  const labels = Object.fromEntries(Object.entries(alert.labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    fingerprint: alert.fingerprint,
    source: alert.source,
    status: alert.status,
    severity: alert.severity,
    title: alert.title,
    description: alert.description,
    assets: alert.assets.map(({ namespace, name }) => ({ namespace, name })),
    labels,
    links: alert.links.map(({ title, url }) => ({ title, url })),
    startsAt: alert.startsAt,
    endsAt: alert.endsAt,
    firstSeenAt: alert.firstSeenAt,
    lastSeenAt: alert.lastSeenAt,
    count: alert.count,
    outcome: alert.outcome,
    reason: alert.reason,
    warnings: alert.warnings ?? [],
    ...(alert.passes === undefined ? {} : { passes: alert.passes }),
    ...(alert.flapping === undefined ? {} : { flapping: alert.flapping }),
  };
}

/** A change as the read API shows it; `at` is when it took effect, as far as is known. */
export function changeJson({ id, change, at, firstReceivedAt, lastReceivedAt }: KnownChange) {
  const { dedupKey: _, deliveryId: __, raw: ___, ...shown } = change;
  return { id, at, ...shown, firstReceivedAt, lastReceivedAt };
}

/** A change that people linked; `cause` where they named it as the cause. */
export type ChangeJson = { text: string; url: string | null; changedAt: string | null; cause: boolean };
export type ActionItemJson = {
  task: number;
  text: string;
  owner: string | null;
  due: string | null;
  doneAt: string | null;
};
export type RunbookJson = Omit<Coverage, "steps"> & {
  steps: (Omit<Coverage["steps"][number], "tookMs"> & { tookSeconds: number | null })[];
};

function runbookJson(covered: Coverage): RunbookJson {
  const steps = covered.steps.map(({ tookMs, ...step }) => ({
    ...step,
    tookSeconds: tookMs === null ? null : seconds(tookMs),
  }));
  return { ...covered, steps };
}

const changesJson = (state: IncidentState): ChangeJson[] =>
  state.changes.map(({ text, url, changedAt, cause }) => ({ text, url, changedAt, cause }));

/** Field by field, so that a database gives them back in one order. */
const suspectsJson = (state: IncidentState): NumberedSuspect[] =>
  suspectsNow(state).map(({ number, change, title, url, actor, source, at, confidence, reason }) => ({
    ...{ number, change, title, url, actor, source, at, confidence, reason },
  }));

const similarJson = (state: IncidentState): SeenBefore[] =>
  state.similar.map(({ key, title, severity, resolvedAt, outcome, causeChange, url, reason }) => ({
    ...{ key, title, severity, resolvedAt, outcome, causeChange, url, reason },
  }));

const actionItemsJson = (state: IncidentState): ActionItemJson[] =>
  state.tasks.map(({ task, text, owner, due, doneAt }) => ({
    task,
    text,
    owner: owner?.name ?? null,
    due,
    doneAt,
  }));

export type IncidentDetailJson = IncidentJson & {
  alertList: ReportedAlert[];
  changes: ChangeJson[];
  /** Changes that may be the cause, the likeliest first. */
  suspects: NumberedSuspect[];
  /** Past incidents like it, the likest first. */
  similar: SeenBefore[];
  runbooks: RunbookJson[];
  actionItems: ActionItemJson[];
};

export function incidentDetailJson(
  state: IncidentState,
  alerts: ReportedAlert[],
  asOf: string,
  url: string | null = null,
): IncidentDetailJson {
  return {
    ...incidentJson(state, asOf, url),
    alertList: alerts.map(alertJson),
    changes: changesJson(state),
    suspects: suspectsJson(state),
    similar: similarJson(state),
    runbooks: Object.values(state.walks).map((walk) => runbookJson(coverage(walk, state))),
    actionItems: actionItemsJson(state),
  };
}

export type TimelineJson = { entries: TimelineEntry[] };

export function timelineJson(events: RecordedEvent[]): TimelineJson {
  return { entries: timeline(events) };
}

/** The five clocks in seconds, null for what has not happened. */
export type ClocksJson = { [name in keyof Clocks as `${name}Seconds`]: Clocks[name] };

function clocksJson(state: IncidentState): ClocksJson {
  const { ttd, tta, ttm, ttr, total } = clocks(state);
  const inSeconds = (milliseconds: number | null) => (milliseconds === null ? null : seconds(milliseconds));
  return {
    ttdSeconds: seconds(ttd),
    ttaSeconds: inSeconds(tta),
    ttmSeconds: inSeconds(ttm),
    ttrSeconds: inSeconds(ttr),
    totalSeconds: inSeconds(total),
  };
}

/** What the log's hash chain says: its length, its end, and the entry at which it breaks (null when it is whole). */
export type Integrity = { entries: number; lastAt: string | null; hash: string; brokenAt: number | null };

export function integrity(events: RecordedEvent[]): Integrity {
  const last = events.at(-1);
  return {
    entries: events.length,
    lastAt: last?.recordedAt ?? null,
    hash: last?.hash ?? "",
    brokenAt: brokenAt(events),
  };
}

export type PostmortemJson = {
  schemaVersion: 1;
  asOf: string;
  incident: IncidentJson;
  timeline: TimelineEntry[];
  clocks: ClocksJson;
  impact: {
    assets: (Asset & {
      recovery: Recovery;
      downtimeSeconds: number;
      intervals: { from: string; to: string | null; seconds: number }[];
      waivedReason: string | null;
    })[];
  };
  runbooks: RunbookJson[];
  alerts: ReportedAlert[];
  review: { well: string[]; badly: string[]; lucky: string[]; factor: string[] };
  actionItems: ActionItemJson[];
  changes: ChangeJson[];
  suspects: NumberedSuspect[];
  similar: SeenBefore[];
  links: { title: string; url: string }[];
  integrity: Integrity;
};

/** `state`, `events` and `alerts` as `prepare` (postmortem.ts) gives them. */
export function postmortemJson(input: {
  state: IncidentState;
  events: RecordedEvent[];
  alerts: ReportedAlert[];
  asOf: string;
  integrity: Integrity;
}): PostmortemJson {
  const { state, events, alerts, asOf, integrity } = input;
  const { alertList, runbooks, actionItems, changes, suspects, similar, ...incident } = incidentDetailJson(
    state,
    alerts,
    asOf,
  );
  return {
    schemaVersion: 1,
    asOf,
    incident,
    timeline: timeline(events),
    clocks: clocksJson(state),
    impact: { assets: assetsInOrder(state).map((known) => assetImpact(state, known, asOf)) },
    runbooks,
    alerts: alertList,
    review: {
      well: state.review.well,
      badly: state.review.badly,
      lucky: state.review.lucky,
      factor: state.review.factor,
    },
    actionItems,
    changes,
    suspects,
    similar,
    links: state.links.map(({ title, url }) => ({ title, url })),
    integrity,
  };
}

function assetImpact(
  state: IncidentState,
  known: Parameters<typeof downtime>[1],
  asOf: string,
): PostmortemJson["impact"]["assets"][number] {
  return {
    namespace: known.asset.namespace,
    name: known.asset.name,
    recovery: known.recovery,
    downtimeSeconds: seconds(downtime(state, known, asOf)),
    intervals: downtimeIntervals(state, known, asOf).map(({ from, to, until }) => ({
      from,
      to,
      seconds: seconds(elapsed(from, until) ?? 0),
    })),
    waivedReason: known.waivedReason,
  };
}
