import { randomBytes } from "node:crypto";
import type { Grouping } from "../core/correlate/grouping.ts";
import type { InhibitRule } from "../core/correlate/inhibit.ts";
import type { MaintenanceWindow } from "../core/correlate/maintenance.ts";
import { matchable } from "../core/correlate/matcher.ts";
import { type GroupingKeys, groupingKeys, hintKey, type KnownGroup } from "../core/correlate/place.ts";
import { noteRuns, passesOf, type Recurrence } from "../core/correlate/recurrence.ts";
import { type Routing, type RoutingRules, routeAlert } from "../core/correlate/route.ts";
import { type AssetFacts, assetFacts } from "../core/correlate/tiers.ts";
import type { Topology } from "../core/correlate/topology.ts";
import type { PathRule } from "../core/correlate/touched.ts";
import { later } from "../core/duration.ts";
import type { Asked } from "../core/incident/command.ts";
import { decide } from "../core/incident/decide.ts";
import type { EventBody, EventType, NewEvent, RecordedEvent, Severity } from "../core/incident/events.ts";
import { record, tellsNew, touchedAssets, touchedEntry } from "../core/incident/log.ts";
import { react } from "../core/incident/react.ts";
import { evolve, type IncidentState, isOpen, provenAt } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import type { Document } from "../core/report/document.ts";
import { replyFor } from "../core/report/replies.ts";
import { type AlertSignal, fingerprint, type Outcome } from "../core/signal/alert.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";
import { type Aftermath, createAftermath } from "./aftermath.ts";
import type { Arrival } from "./arrival.ts";
import { createHolds, type Holds } from "./hold.ts";
import {
  type AlertRow,
  type Changes,
  type Effect,
  type IncidentChange,
  isLiving,
  type Ledger,
  type Notice,
} from "./ledger.ts";
import { endForming, flaps, isForming, type Memory } from "./memory.ts";
import type { CommandResult, IncidentAlert, SilenceResult } from "./ports.ts";
import type { Retention } from "./retention.ts";

export type CommitSettings = {
  channel: string;
  reopenWithinMs: number;
  closeAfterMs: number;
  grouping: Grouping;
  /** Which assets a changed file concerns, where no lineage says so. */
  pathRules: PathRule[];
  routing: RoutingRules & HoldRules;
  /** How long what is not an incident is kept; for ever where it is left out. */
  retention?: Retention;
  /** The runbooks that fit an alert, best first: the one that a routing rule names, then what the runbooks' own rules say. */
  suggestRunbooks(
    signal: AlertSignal,
    severity: Severity,
    routed: string | null,
  ): { slug: string; title: string; reason: string }[];
};

export const CLOCK: Pick<Asked, "actor" | "via" | "permalink"> = {
  actor: { kind: "system" },
  via: "clock",
  permalink: null,
};

/** What holds alerts back by configuration, beside the silences that people ask for. */
export type HoldRules = { maintenance: readonly MaintenanceWindow[]; inhibit: readonly InhibitRule[] };

/** What happened to which incident, told together at the end of a job. */
export type News = Map<string, RecordedEvent[]>;

/** The working set of one transaction: what was read, as the jobs so far have changed it. */
export class Batch {
  readonly ledger: Ledger;
  readonly settings: CommitSettings;
  readonly memory: Memory;
  readonly topology: Topology;
  readonly states: Map<string, IncidentState>;
  readonly changes: Changes = {
    events: [],
    incidents: new Map(),
    alerts: new Map(),
    incidentAlerts: new Map(),
    leftAlerts: [],
    signals: [],
    effects: new Map(),
    processed: [],
    runbooks: new Map(),
    lineage: new Map(),
    known: new Map(),
    silences: new Map(),
    held: new Map(),
  };
  readonly alerts = new Map<string, AlertRow>();
  /** The alerts that were looked for, whether there were any. */
  private readonly looked = new Set<string>();
  readonly incidentAlerts = new Map<string, IncidentAlert>();
  readonly seen = new Set<string>();
  /** Those that were no news when the batch began: nothing was looked up for them. */
  private readonly repeats = new Set<Arrival>();
  readonly groups = new Map<string, KnownGroup>();
  /** Incidents that the batch changed, by the keys of theirs that were not read until then. */
  private readonly moved = new Map<string, Set<string>>();
  readonly keys = new Map<AlertSignal, GroupingKeys & { all: string[] }>();
  private readonly facts = new Map<string, AssetFacts>();
  readonly aftermath: Aftermath;
  readonly holds: Holds;
  /** So that what is erased from the log later cannot be guessed from its hash. */
  readonly salt = randomBytes(16).toString("hex");
  private staleFiring = false;

  constructor(ledger: Ledger, settings: CommitSettings, memory: Memory, topology: Topology) {
    this.ledger = ledger;
    this.settings = settings;
    this.memory = memory;
    this.topology = topology;
    this.states = memory.states;
    this.aftermath = createAftermath({
      ledger,
      memory,
      rules: settings.pathRules,
      batch: this.changes,
      state: (key) => this.state(key),
    });
    this.holds = createHolds(this);
  }

  /** Reads in a few queries what placing alerts will need; of those that fire on and say nothing new, only that they do. */
  async prefetchArrivals(jobs: readonly { alerts: readonly Arrival[]; now: string }[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.readAlerts(jobs.flatMap(({ alerts }) => alerts.map((alert) => alert.fingerprint)));
    const news: AlertSignal[] = [];
    for (const { alerts, now } of jobs)
      for (const alert of alerts) {
        if (this.firesOnIn(alert, now) === null) news.push(alert.signal);
        else this.repeats.add(alert);
      }
    await this.prefetch(news);
  }

  /** The same for an alert that would have been no news, had those before it in the batch changed nothing. */
  async prefetchLate(alert: Arrival): Promise<void> {
    if (this.repeats.delete(alert)) await this.prefetch([alert.signal]);
  }

  /** Reads into `alerts` those that the batch does not have. */
  async readAlerts(prints: string[]): Promise<void> {
    const unread = [...new Set(prints)].filter((print) => !this.looked.has(print));
    for (const print of unread) this.looked.add(print);
    // What an earlier job of the batch changed is newer.
    for (const [print, row] of await this.ledger.alerts(unread))
      if (!this.alerts.has(print)) this.alerts.set(print, row);
  }

  /** Whether its sender delivered it before: what it says is known, and may be older than what came since. */
  isRedelivered(arrival: Arrival): boolean {
    return arrival.deliveryId !== null && this.seen.has(deliveryKey(arrival));
  }

  /** The open incident in which an alert fires on that says what it said last; null for all others. */
  firesOnIn(arrival: Arrival, now: string): string | null {
    const alert = this.alerts.get(arrival.fingerprint);
    if (alert?.status !== "firing" || alert.incident === null || arrival.deliveryId !== null) return null;
    if (alert.said !== arrival.said(now)) return null;
    const { flapping, silences, held } = this.memory;
    const state = this.states.get(alert.incident);
    const isKnown = state !== undefined && isOpen(state.phase) && !flapping.has(state.key);
    // Where its sender gives no times, each message is a failure; after the data was proven right it is news.
    const isTimeless = alert.startsAt === null && alert.observedAt === null;
    if (isKnown && isTimeless && provenAt([...state.assets.values()]) !== null) return null;
    return isKnown && silences !== null && !held.has(alert.fingerprint) ? state.key : null;
  }

  /** Reads in a few queries what placing these signals will need, where the batch does not have it. */
  async prefetch(signals: AlertSignal[]): Promise<void> {
    if (signals.length === 0) return;
    const prints = new Map(signals.map((signal) => [signal, fingerprint(signal)]));
    const keys = signals.filter((s) => s.status === "firing").flatMap((s) => this.keysOf(s).all);
    const deliveries = signals.flatMap((s) =>
      s.deliveryId === null
        ? []
        : [{ source: s.source, fingerprint: prints.get(s)!, deliveryId: s.deliveryId }],
    );
    await this.readAlerts([...prints.values()]);
    await this.readGroups(keys);
    for (const delivery of await this.ledger.seenDeliveries(deliveries)) this.seen.add(delivery);
    const pairs = [...prints.values()].flatMap((print) => {
      const incident = this.alerts.get(print)?.incident;
      return incident ? [{ incident, fingerprint: print }] : [];
    });
    const reopenable = signals.flatMap((s) => {
      const holders = this.keysOf(s).all.map((key) => this.groups.get(key)?.resolved?.incident);
      return holders.flatMap((incident) => (incident ? [{ incident, fingerprint: prints.get(s)! }] : []));
    });
    for (const [key, row] of await this.ledger.incidentAlerts([...pairs, ...reopenable]))
      if (!this.incidentAlerts.has(key)) this.incidentAlerts.set(key, row);
  }

  async flush(): Promise<void> {
    for (const { incident, command, now } of await this.aftermath.afterthoughts()) {
      const asked: Asked = { ...CLOCK, now };
      this.announce(
        incident,
        this.append(incident, decide(await this.state(incident), command, asked), asked),
      );
    }
    if (this.staleFiring) this.memory.firing = null;
    return this.ledger.save(this.changes);
  }

  /** Does what is asked for under a key once; asked for again, it gives what came of it then. */
  async once<Result extends CommandResult | SilenceResult>(
    key: string | null | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    if (!key) return work();
    const { processed } = this.changes;
    const done = processed.find((each) => each.key === key)?.result ?? (await this.ledger.processed(key));
    if (done) return done as Result;
    const result = await work();
    processed.push({ key, result });
    return result;
  }

  async state(key: string): Promise<IncidentState> {
    const cached = this.states.get(key);
    if (cached) return cached;
    const stored = await this.ledger.incident(key);
    if (!stored) throw new Refusal("not_found", `There is no ${key}. \`list\` shows the open incidents.`);
    this.states.set(key, stored);
    return stored;
  }

  /** Appends decided events to an incident and moves its state; what they cause outside is left to `announce`. */
  append(key: string, decided: NewEvent[], asked: Asked): RecordedEvent[] {
    let state = this.states.get(key) ?? null;
    const hadAssets = state !== null && state.assets.size > 0;
    const tail = { version: state?.version ?? 0, hash: state?.hash ?? "" };
    const events = record(key, tail, decided, asked, this.salt);
    const telling: RecordedEvent[] = [];
    const entries: number[] = [];
    for (const event of events) {
      if (tellsNew(state, event.body)) telling.push(event);
      const entry = touchedEntry(state, event);
      state = evolve(state, event);
      if (state.entries[entry]) entries.push(entry);
    }
    if (!state || events.length === 0) return events;
    this.states.set(key, state);
    this.changes.events.push(...events);
    const change: IncidentChange = this.changes.incidents.get(key) ?? {
      state,
      assets: new Set(),
      entries: new Set(),
      telling: [],
    };
    change.telling.push(...telling);
    for (const entry of entries) change.entries.add(entry);
    for (const { body } of events) {
      const touched = touchedAssets(body);
      if (touched === "all") change.assets = "all";
      else if (change.assets !== "all") for (const asset of touched) change.assets.add(assetId(asset));
    }
    this.changes.incidents.set(key, change);
    // Which alerts fire in open incidents is read anew.
    if (events.some(({ body }) => ENDS.has(body.type) || FLAPS.has(body.type))) this.staleFiring = true;
    if (events.some(({ body }) => MOVES_GROUPS.has(body.type) || keysBroughtBy(body).length > 0))
      for (const group of state.groupingKeys) this.noteGroup(group, state);
    this.topology.note(state);
    this.aftermath.note(state, events, hadAssets, asked.now);
    if (isForming(state)) {
      this.memory.forming.add(key);
      this.memory.unsorted = true;
    } else endForming(this.memory, key);
    if (flaps(state)) this.memory.flapping.add(key);
    else this.memory.flapping.delete(key);
    if (!isOpen(state.phase)) this.memory.runs.delete(key);
    return events;
  }

  /** Reads who holds grouping keys, where the batch does not know it, and lays over that what the batch itself has done. */
  private async readGroups(keys: string[]): Promise<void> {
    const unread = [...new Set(keys)].filter((key) => !this.groups.has(key));
    const stored = await this.ledger.groups(unread);
    for (const key of unread) {
      this.groups.set(key, stored.get(key) ?? { open: null, resolved: null });
      for (const incident of this.moved.get(key) ?? []) this.noteGroup(key, this.states.get(incident)!);
    }
  }

  /** Keeps the batch's view of who holds a grouping key in step with the states. */
  noteGroup(key: string, state: IncidentState): void {
    const known = this.groups.get(key);
    if (!known) return void this.moved.set(key, (this.moved.get(key) ?? new Set()).add(state.key));
    const holds = state.groupingKeys.includes(key);
    if (holds && isOpen(state.phase)) known.open = state.key;
    else if (known.open === state.key) known.open = null;
    const { resolved } = known;
    if (!holds || state.phase !== "resolved")
      known.resolved = resolved?.incident === state.key ? null : resolved;
    // A note in one that was resolved earlier does not make it the last.
    else if (!resolved || resolved.at <= state.resolvedAt! || resolved.incident === state.key)
      known.resolved = { incident: state.key, at: state.resolvedAt! };
  }

  /**
   * Queues what Slack is to show of events that belong together: one reply, unless it is told otherwise, and the living
   * messages they touch.
   */
  announce(key: string, events: RecordedEvent[], told = true): void {
    const first = events[0];
    if (!first) return;
    const state = this.states.get(key)!;
    // It was taken in by another before anybody saw it, so there is no thread to tell it in.
    if (state.phase === "merged" && state.thread === null) {
      this.redrawQueued(`card:${key}`, state);
      return;
    }
    const channel = state.thread?.channel ?? state.channel;
    for (const reaction of react(events, state)) {
      const suffix =
        reaction.kind === "walk"
          ? `:${reaction.runbook}`
          : reaction.kind === "file"
            ? `:${reaction.seq}`
            : "";
      this.effect({
        key: `${reaction.kind}:${key}${suffix}`,
        incident: key,
        kind: reaction.kind,
        payload: reaction,
        channel,
        wanted: state.version,
        // A storm gathers before its first message; what a person declares is shown at once.
        ...(isForming(state) && reaction.kind === "card"
          ? { notBefore: later(state.detectedAt, this.settings.grouping.wait) }
          : {}),
      });
    }
    const reply =
      told && replyFor(events, state, (other) => this.states.get(other) ?? { key: other, thread: null });
    if (reply)
      this.effect({
        key: `reply:${key}:${first.seq}`,
        incident: key,
        kind: "reply",
        payload: reply,
        channel,
        wanted: state.version,
      });
  }

  /** Says something in an incident's thread that is none of its events. `key` is its own for ever. */
  reply(incident: string, key: string, document: Document): void {
    const state = this.states.get(incident)!;
    const channel = state.thread?.channel ?? state.channel;
    const shown = { kind: "reply", payload: document, channel, wanted: state.version } as const;
    this.effect({ key: `reply:${key}`, incident, ...shown });
  }

  /** Says something in a channel that is about no one incident. `about` and `key` are its own for ever; `at` is when. */
  notice(about: string, key: string, channel: string | null, document: Document, at: string): void {
    const payload: Notice = { at, document };
    const shown = { kind: "notice", payload, channel: channel ?? this.settings.channel, wanted: 1 } as const;
    this.effect({ key: noticeKey(about, key), incident: about, ...shown });
  }

  /** A message that may be on its way to Slack just now, as it was, is to be drawn once more; none is asked for. */
  private redrawQueued(key: string, { version }: IncidentState): void {
    if (this.memory.undrawn.has(key)) this.memory.undrawn.set(key, version);
  }

  private effect(effect: Effect): void {
    const { undrawn } = this.memory;
    // It will be drawn as its incident stands then; nothing more need be written for that.
    const isQueued = undrawn.has(effect.key);
    if (isLiving(effect)) undrawn.set(effect.key, effect.wanted);
    if (!isQueued) this.changes.effects.set(effect.key, effect);
  }

  /** Another incident that is open for one of the grouping keys of this one. */
  async rivalOf(state: IncidentState): Promise<string | null> {
    await this.readGroups(state.groupingKeys);
    const holders = state.groupingKeys.map((key) => this.groups.get(key)?.open);
    return holders.find((holder) => holder && holder !== state.key) ?? null;
  }

  /** Asking lineage who is downstream takes time, and what it knows is the same for all of a batch. */
  private factsOf(signal: AlertSignal): AssetFacts {
    const key = signal.assets.map(assetId).join("\n");
    const facts = this.facts.get(key) ?? assetFacts(signal, this.memory.lineage);
    this.facts.set(key, facts);
    return facts;
  }

  routeOf(signal: AlertSignal): Routing {
    const facts = this.factsOf(signal);
    return routeAlert(matchable(signal, facts.teams), this.settings.routing, facts);
  }

  /** Asked for several times for each signal. */
  keysOf(signal: AlertSignal): GroupingKeys & { all: string[] } {
    const known = this.keys.get(signal);
    if (known) return known;
    const found = groupingKeys(signal, this.settings.grouping.keys, this.topology.name);
    const hint = hintKey(signal);
    const all = hint && !found.keys.includes(hint) ? [...found.keys, hint] : found.keys;
    const keys = { ...found, all };
    this.keys.set(signal, keys);
    return keys;
  }

  async incidentAlertsOf(key: string): Promise<IncidentAlert[]> {
    const { forming, formingAlerts } = this.memory;
    const rows = formingAlerts.get(key) ?? (await this.readAlertsOf(key));
    if (forming.has(key)) formingAlerts.set(key, rows);
    // Whatever order they came in.
    return [...rows.values()].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  }

  private async readAlertsOf(key: string): Promise<Map<string, IncidentAlert>> {
    const stored = await this.ledger.allIncidentAlerts(key);
    const rows = new Map(stored.map((row) => [row.fingerprint, row]));
    for (const { incident, fingerprint } of this.changes.leftAlerts)
      if (incident === key) rows.delete(fingerprint);
    for (const row of this.changes.incidentAlerts.values())
      if (row.incident === key) rows.set(row.fingerprint, row);
    return rows;
  }

  /** An alert leaves an incident for another, where it is kept with `moveAlert`. */
  letGo({ incident, fingerprint }: IncidentAlert): void {
    this.changes.leftAlerts.push({ incident, fingerprint });
    this.changes.incidentAlerts.delete(alertKey(incident, fingerprint));
    this.incidentAlerts.delete(alertKey(incident, fingerprint));
    this.memory.formingAlerts.get(incident)?.delete(fingerprint);
  }

  /** Takes an alert into another incident, with all that was counted of it. `left` is whether its row stays behind. */
  async moveAlert(row: IncidentAlert, into: string, left: "row" | "nothing"): Promise<void> {
    this.memory.runs.delete(row.incident);
    await this.readAlerts([row.fingerprint]);
    const alert = this.alerts.get(row.fingerprint);
    if (!alert || alert.incident !== row.incident) return void this.keepIn({ ...row, incident: into });
    const { repeats, lastSeenAt } = alert;
    const counted = repeats > 0 ? { ...row, count: row.count + repeats, lastSeenAt } : row;
    if (counted !== row && left === "row") this.keepIn(counted);
    this.keepIn({ ...counted, incident: into });
    const moved: AlertRow = { ...alert, incident: into, repeats: 0 };
    this.alerts.set(moved.fingerprint, moved);
    this.changes.alerts.set(moved.fingerprint, moved);
  }

  remember(
    signal: AlertSignal,
    print: string,
    said: string | null,
    incident: string | null,
    now: string,
  ): void {
    const before = this.alerts.get(print);
    if (before && incident !== before.incident) this.settleRepeats(before);
    const row: AlertRow = {
      fingerprint: print,
      source: signal.source,
      dedupKey: signal.dedupKey,
      status: signal.status,
      incident: incident ?? before?.incident ?? null,
      startsAt: signal.startsAt ?? before?.startsAt ?? null,
      observedAt: signal.observedAt ?? latest(before?.observedAt, signal.startsAt),
      firstSeenAt: before?.firstSeenAt ?? now,
      // What is told or held later than it came was not heard again.
      lastSeenAt: (said === null ? before?.lastSeenAt : null) ?? now,
      count: (before?.count ?? 0) + (said !== null && signal.status === "firing" ? 1 : 0),
      said: said ?? before?.said ?? null,
      signalId: before?.signalId ?? null,
      // Its row in an incident has them all now.
      repeats: 0,
    };
    this.alerts.set(print, row);
    this.changes.alerts.set(print, row);
  }

  /**
   * Counts an alert that fires on in its incident and says what it said last, without writing its row there anew; false
   * where there is more to do.
   */
  repeat(print: string, incident: string | null, said: string, now: string): boolean {
    const alert = this.alerts.get(print);
    if (!alert || incident === null || alert.incident !== incident || alert.said !== said) return false;
    const row = this.incidentAlerts.get(alertKey(incident, print));
    if (row?.status !== "firing" || row.flapping !== undefined) return false;
    this.countAgain(print, now);
    return true;
  }

  /** Counts an alert that fires on; its row in the incident stays as it is. */
  countAgain(print: string, now: string): void {
    const alert = this.alerts.get(print)!;
    const { count, repeats } = alert;
    const again: AlertRow = { ...alert, lastSeenAt: now, count: count + 1, repeats: repeats + 1 };
    this.alerts.set(print, again);
    this.changes.alerts.set(print, again);
  }

  /** What was counted of an alert stays with the incident in which it was. */
  private settleRepeats({ incident, fingerprint: print, repeats, lastSeenAt }: AlertRow): void {
    const left = repeats > 0 && incident !== null && this.incidentAlerts.get(alertKey(incident, print));
    if (left) this.keepIn({ ...left, count: left.count + repeats, lastSeenAt });
  }

  rememberIn(
    incident: string,
    signal: AlertSignal,
    print: string,
    before: IncidentAlert | null,
    outcome: Outcome,
    reason: string,
    now: string,
    /** `held` where it flaps: then it counts as firing, whatever it says. `assets` are those it counts as firing on, or did. */
    { held, assets, ...recurrence }: Recurrence & { held: boolean; assets: Asset[] },
  ): IncidentAlert {
    const firing = signal.status === "firing";
    const alert = this.alerts.get(print);
    const repeats = alert?.incident === incident ? alert.repeats : 0;
    return this.keepIn({
      incident,
      fingerprint: print,
      source: signal.source,
      status: held ? "firing" : signal.status,
      severity: firing || !before ? signal.severity : before.severity,
      title: firing || !before ? signal.title : before.title,
      description: firing || !before ? signal.description : before.description,
      assets,
      labels: firing || !before ? signal.labels : before.labels,
      links: signal.links.length > 0 ? signal.links : (before?.links ?? []),
      warnings: signal.warnings,
      startsAt: signal.startsAt ?? before?.startsAt ?? null,
      endsAt: firing ? null : (signal.endsAt ?? now),
      firstSeenAt: before?.firstSeenAt ?? now,
      lastSeenAt: now,
      count: (before?.count ?? 0) + repeats + (firing ? 1 : 0),
      // How it came to be here stays; a repeat does not overwrite "opened".
      outcome: before?.outcome ?? outcome,
      reason: before?.reason ?? reason,
      ...recurrence,
      ...(held ? { flapping: signal.status } : {}),
    });
  }

  /** Keeps an alert's row, and in step with it how many runs it passed, where that was asked. */
  keepIn(row: IncidentAlert): IncidentAlert {
    const key = alertKey(row.incident, row.fingerprint);
    this.incidentAlerts.set(key, row);
    this.changes.incidentAlerts.set(key, row);
    this.memory.formingAlerts.get(row.incident)?.set(row.fingerprint, row);
    const runs = this.memory.runs.get(row.incident);
    if (runs) noteRuns(runs, row.fingerprint, passesOf(row));
    return row;
  }
}

/** Events with which an incident begins or ends to be open. */
const ENDS: ReadonlySet<EventType> = new Set([
  "resolved",
  "reopened",
  "closed",
  "cancelled",
  "merged",
] as const);

/** Events with which an alert begins or ends to count as firing, whatever it says. */
const FLAPS: ReadonlySet<EventType> = new Set(["flapping_began", "flapping_ended"] as const);

/** Events after which an incident may hold other grouping keys, or hold or let go of its own. An alert may bring some (`keysBroughtBy`). */
export const MOVES_GROUPS: ReadonlySet<EventType> = new Set([
  ...ENDS,
  "opened",
  "absorbed",
  "alerts_received",
] as const);

export function keysBroughtBy(body: EventBody): string[] {
  return (body.type === "alert_attached" || body.type === "keys_added" ? body.groupingKeys : null) ?? [];
}

export function tell(news: News, incident: string, events: RecordedEvent[]): void {
  const told = news.get(incident);
  if (told) told.push(...events);
  else news.set(incident, [...events]);
}

export function noticeKey(about: string, key: string): string {
  return `notice:${about}:${key}`;
}

/** The key of a delivery in `seen`. */
export function deliveryKey({ source, fingerprint: print, deliveryId }: Arrival): string {
  return `${source}\n${print}\n${deliveryId}`;
}

/** The key of an alert within an incident, in maps. */
export function alertKey(incident: string, print: string): string {
  return `${incident}\n${print}`;
}

function latest(a: string | null | undefined, b: string | null): string | null {
  if (!a || !b) return a || b;
  return a > b ? a : b;
}
