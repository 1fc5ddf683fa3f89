import { type Asset, assetId } from "../signal/asset.ts";
import type {
  EventBody,
  EventOf,
  FlappingAlerts,
  IncidentKind,
  NumberedSuspect,
  Origin,
  RecordedEvent,
  RecoveryRule,
  ReviewSection,
  SeenBefore,
  Severity,
} from "./events.ts";
import type { Actor, Person } from "./person.ts";

export const PHASES = [
  "triggered",
  "acknowledged",
  "mitigated",
  "resolved",
  "closed",
  "merged",
  "cancelled",
] as const;
export type Phase = (typeof PHASES)[number];

/** Phases in which people still work on it; at most one such incident per grouping key. */
const OPEN_PHASES: readonly Phase[] = ["triggered", "acknowledged", "mitigated"];
export function isOpen(phase: Phase): boolean {
  return OPEN_PHASES.includes(phase);
}

/** Data is wrong (`impacted`), being made right or unproven (`recovering`), proven right (`verified`), or given up on with a reason (`waived`). */
export const RECOVERIES = ["impacted", "recovering", "verified", "waived"] as const;
export type Recovery = (typeof RECOVERIES)[number];

export type AssetState = {
  asset: Asset;
  recovery: Recovery;
  /** Alerts on this very asset that fire now. */
  firing: number;
  /** Stretches in which the data was not to be trusted; the last one is open (`to: null`) until verified or waived. */
  downtime: { from: string; to: string | null }[];
  waivedReason: string | null;
};

export type StepResult = {
  outcome: "done" | "skipped" | "failed";
  note: string | null;
  by: Actor;
  at: string;
};
export type Walk = {
  runbook: string;
  title: string;
  hash: string;
  steps: { id: string; title: string; result: StepResult | null }[];
  startedAt: string;
  startedBy: Actor;
  finishedAt: string | null;
};

/** Something a person wrote that stands on the timeline and may be corrected. */
export type Entry = { at: string; text: string; kind: string; hidden: boolean };

export type Task = {
  task: number;
  text: string;
  owner: Person | null;
  due: string | null;
  doneAt: string | null;
};

export type IncidentState = {
  key: string;
  kind: IncidentKind;
  phase: Phase;
  severity: Severity;
  /** Once a person chose the severity, alerts no longer raise it. */
  severitySetByPerson: boolean;
  title: string;
  summary: string | null;
  channel: string;
  /** What alerts are gathered here by: its own key and those of incidents it took in. */
  groupingKeys: string[];
  origin: Origin | null;
  /** What it is about: those of its assets that no other of them explains by lineage. Replaced, never changed in place. */
  roots: Asset[];
  /** What is likely to have broken first, where lineage says more than the first alert did. */
  likelyOrigin: Omit<EventOf<"origin_found">, "type" | "replaces"> | null;
  /** When an alert last fired here, ISO 8601 UTC. */
  lastAlertAt: string | null;
  titleSetByPerson: boolean;
  /** Whom the routing rules gave it to. */
  team: string | null;
  openedBy: Actor;
  openedReason: string;
  thread: { channel: string; ts: string; permalink: string | null } | null;
  /** Clocks, ISO 8601 UTC: startedAt ≤ detectedAt ≤ acknowledgedAt, mitigatedAt, resolvedAt. */
  startedAt: string;
  startedAtSetByPerson: boolean;
  detectedAt: string;
  acknowledgedAt: string | null;
  acknowledgedBy: Actor | null;
  mitigatedAt: string | null;
  resolvedAt: string | null;
  closedAt: string | null;
  /** What the last phase change said: how it was resolved, why it was cancelled, into which it was merged. */
  outcome: string | null;
  mergedInto: string | null;
  absorbed: string[];
  /** Incidents that a person moved alerts to or from: they are different problems, whatever lineage says. */
  apart: string[];
  roles: Record<string, Person>;
  assets: Map<string, AssetState>;
  alerts: { total: number; firing: number; resolved: number; held: number };
  /** What has to pass before its end is asked for: the most that the rules of any of its alerts ask. */
  recovery: RecoveryRule;
  /** How many runs all of its alerts have passed, since one last fired. */
  runs: number;
  flapping: FlappingAlerts;
  /** Whether a person ever did something in it. */
  touchedByPerson: boolean;
  sources: string[];
  lastStatus: { text: string; at: string; by: Actor } | null;
  suggestedRunbooks: { slug: string; title: string; reason: string }[];
  walks: Record<string, Walk>;
  entries: Record<number, Entry>;
  /** Pinned Slack messages by their ts → the timeline entry's sequence number. */
  pins: Record<string, number>;
  tasks: Task[];
  links: { title: string; url: string }[];
  /** Linked by people. `change` is the id of one that we were told of; `cause` is set where it was named as the cause. */
  changes: {
    text: string;
    url: string | null;
    changedAt: string | null;
    seq: number;
    change: string | null;
    cause: boolean;
  }[];
  /** All changes that were ever suspected, as last told: a number keeps its meaning. */
  suspects: NumberedSuspect[];
  /** The numbers of those suspected now, the likeliest first. */
  shownSuspects: number[];
  /** Past incidents like it, the likest first. */
  similar: SeenBefore[];
  review: Record<ReviewSection, string[]>;
  version: number;
  hash: string;
};

/** The state right after `opened`. */
function open(event: RecordedEvent, body: Extract<EventBody, { type: "opened" }>): IncidentState {
  return {
    key: event.incident,
    kind: body.kind,
    phase: "triggered",
    severity: body.severity,
    severitySetByPerson: body.origin === null && !body.severityAssumed,
    title: body.title,
    summary: null,
    channel: body.channel,
    groupingKeys: body.groupingKey === null ? [] : [body.groupingKey],
    origin: body.origin,
    roots: body.origin?.asset ? [body.origin.asset] : [],
    likelyOrigin: null,
    lastAlertAt: body.origin ? event.at : null,
    titleSetByPerson: body.origin === null,
    team: body.routing?.team ?? null,
    openedBy: event.actor,
    openedReason: body.reason,
    thread: null,
    startedAt: body.startedAt,
    startedAtSetByPerson: false,
    detectedAt: body.detectedAt ?? event.at,
    acknowledgedAt: null,
    acknowledgedBy: null,
    mitigatedAt: null,
    resolvedAt: null,
    closedAt: null,
    outcome: null,
    mergedInto: null,
    absorbed: [],
    apart: [],
    roles: {},
    assets: new Map(),
    alerts: { total: 0, firing: 0, resolved: 0, held: 0 },
    recovery: { passes: 1, autoResolve: false, rules: [] },
    runs: 0,
    flapping: {},
    touchedByPerson: false,
    sources: [],
    lastStatus: null,
    suggestedRunbooks: [],
    walks: {},
    entries: {},
    pins: {},
    tasks: [],
    links: [],
    changes: [],
    suspects: [],
    shownSuspects: [],
    similar: [],
    review: { well: [], badly: [], lucky: [], factor: [] },
    version: 0,
    hash: "",
  };
}

function impact(state: IncidentState, asset: Asset, at: string): AssetState {
  const id = assetId(asset);
  let known = state.assets.get(id);
  if (!known) {
    known = { asset, recovery: "impacted", firing: 0, downtime: [], waivedReason: null };
    state.assets.set(id, known);
  }
  known.recovery = "impacted";
  known.waivedReason = null;
  breakFrom(known, state.startedAtSetByPerson ? later(at, state.startedAt) : at);
  return known;
}

/** An alert fires on data that it did not fire on until now. */
function failOn(
  state: IncidentState,
  { assets, impacted = [], brokenAt }: Pick<EventOf<"alert_refired">, "assets" | "impacted" | "brokenAt">,
) {
  for (const asset of assets) impact(state, asset, brokenAt).firing++;
  for (const asset of impacted) impact(state, asset, brokenAt);
}

/** Opens a stretch of downtime, or lets the open one begin earlier; stretches never overlap, or time would count twice. */
function breakFrom({ downtime }: AssetState, at: string) {
  const open = downtime.at(-1)?.to === null ? downtime.pop()! : null;
  const from = open && open.from < at ? open.from : at;
  downtime.push({ from: later(from, downtime.at(-1)?.to ?? from), to: null });
}

/** What of some stretches lies behind an instant. */
export function downtimeSince(downtime: AssetState["downtime"], since: string): AssetState["downtime"] {
  return downtime
    .filter(({ to }) => to === null || to > since)
    .map(({ from, to }) => ({ from: later(from, since), to }));
}

/** The downtime of an asset as it counts: none is from before what a person said to be the beginning. */
export function countedDowntime(
  { startedAt, startedAtSetByPerson }: IncidentState,
  { downtime }: AssetState,
): AssetState["downtime"] {
  return startedAtSetByPerson ? downtimeSince(downtime, startedAt) : downtime;
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}

function addRoots(state: IncidentState, assets: Asset[]) {
  const known = new Set(state.roots.map(assetId));
  const fresh = assets.filter((asset) => !known.has(assetId(asset)));
  if (fresh.length > 0) state.roots = [...state.roots, ...fresh];
}

/** What the rules say of alerts that come: the most runs count, and it ends by itself only where they all say so. */
function recoverBy(state: IncidentState, said?: RecoveryRule) {
  const { passes, autoResolve, rules } = state.recovery;
  const isFirst = state.alerts.total === 0;
  state.recovery = {
    passes: Math.max(passes, said?.passes ?? 1),
    autoResolve: (isFirst || autoResolve) && said?.autoResolve === true,
    rules: [...new Set([...rules, ...(said?.rules ?? [])])],
  };
}

function keepApart(state: IncidentState, others: string[]) {
  state.apart = [...new Set([...state.apart, ...others])].filter((key) => key !== state.key);
}

/** What was left to recover in another incident is left to recover here; what was settled there stays so. */
function absorbAsset(
  state: IncidentState,
  from: string,
  { firing, recovery, downtime = [], ...asset }: EventOf<"alerts_received">["assets"][number],
  at: string,
) {
  const id = assetId(asset);
  const before = state.assets.get(id)?.recovery;
  const known = downtime.map((stretch) => ({ ...stretch }));
  if (recovery === "impacted" || recovery === "recovering") {
    const here = impact(state, asset, at);
    here.recovery = before === "impacted" ? "impacted" : recovery;
    if (!before && known.length > 0) here.downtime = known;
  } else if (!before) {
    const settled = { firing: 0, downtime: known };
    state.assets.set(
      id,
      recovery === "waived"
        ? { asset, recovery, waivedReason: `waived in ${from}`, ...settled }
        : { asset, recovery: "verified", waivedReason: null, ...settled },
    );
  }
  state.assets.get(id)!.firing += firing;
}

/** What began earlier in another incident than what is here began then, unless a person said when it did. */
function takeClocks(
  state: IncidentState,
  { startedAt, detectedAt }: Pick<EventOf<"absorbed">, "startedAt" | "detectedAt">,
) {
  if (startedAt && startedAt < state.startedAt && !state.startedAtSetByPerson) state.startedAt = startedAt;
  if (detectedAt && detectedAt < state.detectedAt && detectedAt >= state.startedAt)
    state.detectedAt = detectedAt;
}

/** Two histories of the same data as one: stretches that overlap or touch are one, or time would count twice. */
function joined(a: AssetState["downtime"], b: AssetState["downtime"]): AssetState["downtime"] {
  const stretches: AssetState["downtime"] = [];
  for (const { from, to } of [...a, ...b].sort((x, y) => (x.from < y.from ? -1 : 1))) {
    const last = stretches.at(-1);
    if (!last || (last.to !== null && last.to < from)) stretches.push({ from, to });
    else if (last.to !== null && (to === null || to > last.to)) last.to = to;
  }
  return stretches;
}

/** When the last of some assets was proven right, of those on which alerts fire all the same; null where none was. */
export function provenAt(assets: AssetState[]): string | null {
  const proven = assets.filter(({ recovery, firing }) => recovery === "verified" && firing > 0);
  const instants = proven.flatMap(({ downtime }) => downtime.at(-1)?.to ?? []);
  return instants.sort().at(-1) ?? null;
}

function settle(
  state: IncidentState,
  asset: Asset,
  recovery: "verified" | "waived",
  at: string,
  reason: string | null,
) {
  const known = state.assets.get(assetId(asset));
  if (!known) return;
  known.recovery = recovery;
  known.waivedReason = recovery === "waived" ? reason : null;
  const last = known.downtime.at(-1);
  if (last && last.to === null) last.to = at;
}

/** The walk of a runbook, undefined where it was not started: one may be called `constructor`, and asked for by any name. */
export function walkIn(state: IncidentState, runbook: string): Walk | undefined {
  return Object.hasOwn(state.walks, runbook) ? state.walks[runbook] : undefined;
}

function walkOf(state: IncidentState, runbook: string): Walk {
  const walk = walkIn(state, runbook);
  if (!walk) throw new Error(`event for runbook ${runbook}, which was never started`);
  return walk;
}

function write(state: IncidentState, event: RecordedEvent, kind: string, text: string) {
  state.entries[event.seq] = { at: event.at, text, kind, hidden: false };
}

function isLastStatus(state: IncidentState, entry: Entry): boolean {
  return (
    entry.kind === "status_posted" &&
    state.lastStatus?.at === entry.at &&
    state.lastStatus.text === entry.text
  );
}

/** Corrected words stand wherever the old ones stood: they were corrected for a reason. */
function correctText(state: IncidentState, entry: Entry, text: string) {
  if (isLastStatus(state, entry)) state.lastStatus!.text = text;
  if (entry.kind === "resolved" && state.outcome === entry.text) state.outcome = text;
  entry.text = text;
}

const CLOCKS = {
  acknowledged: "acknowledgedAt",
  mitigated: "mitigatedAt",
  resolved: "resolvedAt",
} as const;

/** The clock that an entry stands for; null for one that was taken back or repeated since, whose clock moved on. */
export function clockOf(state: IncidentState, entry: Entry): (typeof CLOCKS)[keyof typeof CLOCKS] | null {
  const clock = Object.hasOwn(CLOCKS, entry.kind) ? CLOCKS[entry.kind as keyof typeof CLOCKS] : null;
  return clock && state[clock] === entry.at ? clock : null;
}

/** Moves what an entry stands for with its time. */
function correctTime(state: IncidentState, entry: Entry, at: string) {
  const clock = clockOf(state, entry);
  if (clock) state[clock] = at;
  if (isLastStatus(state, entry)) state.lastStatus!.at = at;
  entry.at = at;
}

/**
 * Applies one event. The state passed in belongs to the caller and is changed in place and returned, like the
 * accumulator of a reduce: an incident of a hundred thousand alerts must not be copied a hundred thousand times.
 */
export function evolve(state: IncidentState | null, event: RecordedEvent): IncidentState {
  const body = event.body;
  const next = body.type === "opened" ? open(event, body) : state;
  if (next === null) throw new Error(`the log of ${event.incident} begins with ${body.type}`);
  if (event.seq !== next.version + 1) throw new Error(`the log of ${event.incident} jumps to ${event.seq}`);
  apply(next, event, body);
  next.touchedByPerson ||= event.actor.kind === "person";
  if (next.alerts.firing > 0) next.runs = 0;
  next.version = event.seq;
  next.hash = event.hash;
  return next;
}

function apply(state: IncidentState, event: RecordedEvent, body: EventBody): void {
  switch (body.type) {
    case "opened":
      return;
    case "thread_opened":
      state.thread = { channel: body.channel, ts: body.ts, permalink: body.permalink };
      return;
    case "alert_attached":
      recoverBy(state, body.recovery);
      state.alerts.total++;
      state.alerts.firing++;
      state.lastAlertAt = event.at;
      if (!state.sources.includes(body.source)) state.sources.push(body.source);
      if (body.groupingKeys) state.groupingKeys.push(...body.groupingKeys);
      addRoots(state, body.roots ?? (state.roots.length === 0 ? body.assets.slice(0, 1) : []));
      if (body.brokenAt < state.startedAt && !state.startedAtSetByPerson) state.startedAt = body.brokenAt;
      failOn(state, body);
      return;
    case "alert_refired":
      addRoots(state, body.roots ?? []);
      recoverBy(state, body.recovery);
      state.alerts.firing++;
      state.alerts.resolved--;
      state.lastAlertAt = event.at;
      failOn(state, body);
      return;
    case "alert_widened":
      addRoots(state, body.roots ?? []);
      failOn(state, body);
      return;
    case "keys_added":
      state.groupingKeys.push(...body.groupingKeys);
      return;
    case "alert_resolved":
      state.alerts.firing--;
      state.alerts.resolved++;
      for (const asset of body.assets) {
        const known = state.assets.get(assetId(asset));
        if (known) known.firing = Math.max(0, known.firing - 1);
      }
      return;
    case "run_passed":
    case "checks_passed":
      state.runs = body.runs;
      return;
    case "flapping_began":
      state.flapping[body.fingerprint] = { title: body.title, since: event.at };
      return;
    case "flapping_ended":
      delete state.flapping[body.fingerprint];
      return;
    case "alert_held":
      state.alerts.held++;
      return;
    case "alert_released":
      state.alerts.held--;
      return;
    case "silence_set":
    case "silence_ended":
      return;
    case "origin_found": {
      const { asset, fingerprint, title, description, confidence, reason } = body;
      state.likelyOrigin = { asset, fingerprint, title, description, confidence, reason };
      const explained = new Set([asset, ...body.replaces].map(assetId));
      state.roots = [asset, ...state.roots.filter((root) => !explained.has(assetId(root)))];
      return;
    }
    case "alerts_moved": {
      for (const alert of body.alerts) {
        delete state.flapping[alert.fingerprint];
        state.alerts.total--;
        state.alerts[alert.status]--;
        for (const asset of alert.status === "firing" ? alert.assets : []) {
          const known = state.assets.get(assetId(asset));
          if (known) known.firing = Math.max(0, known.firing - 1);
        }
      }
      const gone = new Set(body.released.map(assetId));
      for (const id of gone) state.assets.delete(id);
      state.roots = body.roots ?? state.roots.filter((root) => !gone.has(assetId(root)));
      if (body.origin) state.origin = body.origin;
      if (state.likelyOrigin && gone.has(assetId(state.likelyOrigin.asset))) state.likelyOrigin = null;
      const given = new Set(body.groupingKeys);
      state.groupingKeys = state.groupingKeys.filter((key) => !given.has(key));
      if (event.actor.kind === "person") keepApart(state, [body.to]);
      return;
    }
    case "alerts_received":
      recoverBy(state, body.recovery);
      Object.assign(state.flapping, body.flapping);
      for (const alert of body.alerts) {
        state.alerts.total++;
        state.alerts[alert.status]++;
      }
      state.groupingKeys.push(...body.groupingKeys);
      state.sources = [...new Set([...state.sources, ...body.sources])];
      for (const asset of body.assets) absorbAsset(state, body.from, asset, event.at);
      takeClocks(state, body);
      addRoots(state, body.roots ?? []);
      if (event.actor.kind === "person") keepApart(state, [body.from]);
      return;
    case "acknowledged":
      // One that was taken in may have been acknowledged while this one was not there yet, or is mitigated by now.
      if (state.phase === "triggered") state.phase = "acknowledged";
      if (state.acknowledgedAt === null || event.at < state.acknowledgedAt) state.acknowledgedAt = event.at;
      state.acknowledgedBy = event.actor;
      write(state, event, body.type, "");
      return;
    case "unacknowledged":
      state.phase = "triggered";
      state.acknowledgedAt = null;
      state.acknowledgedBy = null;
      return;
    case "mitigated":
      state.phase = "mitigated";
      state.mitigatedAt = event.at;
      write(state, event, body.type, body.text);
      return;
    case "resolved":
      state.phase = "resolved";
      state.resolvedAt = event.at;
      state.outcome = body.text;
      write(state, event, body.type, body.text);
      return;
    case "reopened":
      state.phase = state.acknowledgedAt ? "acknowledged" : "triggered";
      state.mitigatedAt = null;
      state.resolvedAt = null;
      state.runs = 0;
      state.closedAt = null;
      state.outcome = null;
      return;
    case "closed":
      state.phase = "closed";
      state.closedAt = event.at;
      return;
    case "cancelled":
      state.phase = "cancelled";
      state.closedAt = event.at;
      state.outcome = body.reason;
      return;
    case "merged":
      state.phase = "merged";
      state.closedAt = event.at;
      state.mergedInto = body.into;
      state.flapping = {};
      state.outcome = body.reason;
      return;
    case "absorbed":
      state.absorbed.push(body.incident);
      recoverBy(state, body.recovery);
      Object.assign(state.flapping, body.flapping);
      state.groupingKeys.push(...body.groupingKeys);
      state.alerts.total += body.alerts.total;
      state.alerts.firing += body.alerts.firing;
      state.alerts.resolved += body.alerts.resolved;
      state.alerts.held += body.alerts.held ?? 0;
      state.sources = [...new Set([...state.sources, ...(body.sources ?? [])])];
      for (const asset of body.assets) {
        absorbAsset(state, body.incident, asset, event.at);
        const known = state.assets.get(assetId(asset))!;
        if (asset.downtime) known.downtime = joined(known.downtime, asset.downtime);
      }
      takeClocks(state, body);
      state.roles = { ...body.roles, ...state.roles };
      for (const task of body.tasks ?? [])
        state.tasks.push({ task: state.tasks.length + 1, ...task, doneAt: null });
      addRoots(state, body.roots ?? []);
      keepApart(state, body.apart ?? []);
      state.apart = state.apart.filter((key) => key !== body.incident);
      return;
    case "severity_changed":
      state.severity = body.to;
      state.severitySetByPerson ||= event.actor.kind === "person";
      return;
    case "title_changed":
      state.title = body.title;
      state.titleSetByPerson ||= event.actor.kind === "person";
      return;
    case "summary_set":
      state.summary = body.text;
      return;
    case "started_at_set": {
      const before = state.startedAt;
      state.startedAt = body.startedAt;
      state.startedAtSetByPerson = true;
      for (const known of state.assets.values()) {
        const first = known.downtime[0];
        if (first && first.from === before) first.from = body.startedAt;
      }
      return;
    }
    case "role_assigned":
      state.roles[body.role] = body.person;
      return;
    case "role_cleared":
      delete state.roles[body.role];
      return;
    case "asset_added":
      // One that was settled before is wrong again, not wrong since the beginning.
      impact(state, body.asset, state.assets.has(assetId(body.asset)) ? event.at : state.startedAt);
      return;
    case "asset_impacted":
      impact(state, body.asset, body.brokenAt);
      return;
    case "asset_recovering": {
      const known = state.assets.get(assetId(body.asset));
      if (known) known.recovery = "recovering";
      return;
    }
    case "asset_verified":
      settle(state, body.asset, "verified", event.at, null);
      return;
    case "asset_waived":
      settle(state, body.asset, "waived", event.at, body.reason);
      return;
    case "status_posted":
      state.lastStatus = { text: body.text, at: event.at, by: event.actor };
      write(state, event, body.type, body.text);
      return;
    case "noted":
      write(state, event, body.type, body.text);
      return;
    case "pinned":
      state.pins[body.messageTs] = event.seq;
      write(state, event, body.type, body.text);
      return;
    case "unpinned":
    case "pin_deleted": {
      const seq = state.pins[body.messageTs];
      if (seq !== undefined) state.entries[seq]!.hidden = true;
      delete state.pins[body.messageTs];
      return;
    }
    case "pin_edited": {
      const seq = state.pins[body.messageTs];
      if (seq !== undefined) state.entries[seq]!.text = body.text;
      return;
    }
    case "entry_edited": {
      const entry = state.entries[body.seq];
      if (!entry) return;
      if (body.text !== null) correctText(state, entry, body.text);
      if (body.at !== null) correctTime(state, entry, body.at);
      return;
    }
    case "entry_hidden": {
      const entry = state.entries[body.seq];
      if (!entry) return;
      entry.hidden = true;
      if (isLastStatus(state, entry)) state.lastStatus = null;
      return;
    }
    case "runbook_suggested":
      state.suggestedRunbooks = body.runbooks;
      return;
    case "runbook_started":
      state.walks[body.runbook] = {
        runbook: body.runbook,
        title: body.title,
        hash: body.hash,
        steps: body.steps.map((step) => ({ ...step, result: null })),
        startedAt: event.at,
        startedBy: event.actor,
        finishedAt: null,
      };
      return;
    case "step_finished": {
      const step = walkOf(state, body.runbook).steps.find((s) => s.id === body.step);
      if (step) step.result = { outcome: body.outcome, note: body.note, by: event.actor, at: event.at };
      return;
    }
    case "step_reopened": {
      const walk = walkOf(state, body.runbook);
      walk.finishedAt = null;
      const step = walk.steps.find((s) => s.id === body.step);
      if (step) step.result = null;
      return;
    }
    case "runbook_finished":
      walkOf(state, body.runbook).finishedAt = event.at;
      return;
    case "task_added":
      state.tasks.push({ task: body.task, text: body.text, owner: body.owner, due: body.due, doneAt: null });
      return;
    case "task_done": {
      const task = state.tasks.find((t) => t.task === body.task);
      if (task) task.doneAt = event.at;
      return;
    }
    case "link_added":
      state.links.push(body.link);
      return;
    case "change_linked":
      state.changes.push({
        text: body.text,
        url: body.url,
        changedAt: body.changedAt,
        seq: event.seq,
        change: null,
        cause: false,
      });
      return;
    case "changes_suspected": {
      const told = new Set(body.suspects.map(({ number }) => number));
      const before = state.suspects.filter(({ number }) => !told.has(number));
      state.suspects = [...before, ...body.suspects].sort((a, b) => a.number - b.number);
      state.shownSuspects = body.suspects.map(({ number }) => number);
      return;
    }
    case "cause_named": {
      const { change, text, url, changedAt } = body;
      const noted = notedChanges(state).find(
        (each) => change === null && !each.cause && each.text === text && each.url === url,
      );
      if (noted) {
        noted.cause = true;
        return;
      }
      state.changes.push({ text, url, changedAt, seq: event.seq, change, cause: true });
      return;
    }
    case "similar_found":
      state.similar = body.incidents;
      return;
    case "review_written":
      state.review[body.section] = body.statements;
      return;
    case "postmortem_exported":
      return;
    default:
      body satisfies never;
  }
}

/** The state that a log amounts to, or null for an empty one. */
export function fold(events: Iterable<RecordedEvent>): IncidentState | null {
  let state: IncidentState | null = null;
  for (const event of events) state = evolve(state, event);
  return state;
}

/** The step a walk stands at, or null when all are dealt with. */
export function currentStep(walk: Walk): { id: string; title: string; index: number } | null {
  const index = walk.steps.findIndex((step) => step.result === null);
  const step = walk.steps[index];
  return step ? { id: step.id, title: step.title, index } : null;
}

/** The changes suspected now, the likeliest first. */
export function suspectsNow({ suspects, shownSuspects }: IncidentState): NumberedSuspect[] {
  return shownSuspects.flatMap((number) => suspects.find((each) => each.number === number) ?? []);
}

/** The changes that people noted, as they came: the number by which one is named as the cause is its place. */
export function notedChanges({ changes }: Pick<IncidentState, "changes">): IncidentState["changes"] {
  return changes.filter(({ change }) => change === null);
}

/** Whether a change was named as the cause, by its id. */
export function isCause({ changes }: Pick<IncidentState, "changes">, change: string): boolean {
  return changes.some((each) => each.cause && each.change === change);
}

/** The alert that says most of why: what is likely to have broken first, or else what came first. */
export function leadingAlert({ likelyOrigin, origin }: IncidentState): string | null {
  return likelyOrigin?.fingerprint ?? origin?.fingerprint ?? null;
}

/** What broke first, the rest by where it lives and its name: the same whether the state was folded or read from rows. */
export function assetsInOrder({ assets, likelyOrigin, origin }: IncidentState): AssetState[] {
  const first = likelyOrigin?.asset ?? origin?.asset;
  const firstId = first ? assetId(first) : null;
  const rank = (id: string) => (id === firstId ? 0 : 1);
  return [...assets].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)).map(([, asset]) => asset);
}

/** Assets that keep the incident from being resolved. */
export function unsettledAssets(state: IncidentState): AssetState[] {
  return assetsInOrder(state).filter((a) => a.recovery === "impacted" || a.recovery === "recovering");
}
