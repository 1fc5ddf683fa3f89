import type { Grouping } from "../core/correlate/grouping.ts";
import { documentHash } from "../core/correlate/lineage-document.ts";
import { type LineageStatement, mergeJobDocument } from "../core/correlate/lineage-statement.ts";
import { matchable } from "../core/correlate/matcher.ts";
import {
  type GroupingKeys,
  groupingKeys,
  hintKey,
  type Kinship,
  type KnownGroup,
  type Placement,
  place,
} from "../core/correlate/place.ts";
import { type Routing, type RoutingRules, routeAlert } from "../core/correlate/route.ts";
import { failsAlike, type Move, sortOut } from "../core/correlate/sort-out.ts";
import { assetFacts } from "../core/correlate/tiers.ts";
import { type Kin, older, type Topology } from "../core/correlate/topology.ts";
import type { PathRule } from "../core/correlate/touched.ts";
import type { Asked, Command } from "../core/incident/command.ts";
import { decide, severityOf } from "../core/incident/decide.ts";
import type { EventType, NewEvent, RecordedEvent, Relation, Severity } from "../core/incident/events.ts";
import { record, touchedAssets } from "../core/incident/log.ts";
import { react } from "../core/incident/react.ts";
import { evolve, type IncidentState, isOpen } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { replyFor } from "../core/report/replies.ts";
import { type AlertOutcome, type AlertSignal, fingerprint, type Outcome } from "../core/signal/alert.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";
import { type ChangeOutcome, type ChangeSignal, changeId, learnChange } from "../core/signal/change.ts";
import { type Aftermath, createAftermath } from "./aftermath.ts";
import type { AlertRow, Changes, Effect, Ledger, OutboxOutcome } from "./ledger.ts";
import { isForming, type Memory, recall } from "./memory.ts";
import type { CommandRequest, CommandResult, IncidentAlert, LineageOutcome } from "./ports.ts";

/** One piece of work for the writer, with the moment it was asked (ISO 8601 UTC). */
export type Job =
  | { type: "ingest"; signals: AlertSignal[]; now: string }
  | { type: "lineage"; statements: LineageStatement[]; now: string }
  | { type: "changes"; changes: ChangeSignal[]; now: string }
  | { type: "command"; request: CommandRequest; now: string }
  | { type: "claim"; id: number; now: string }
  | { type: "settle"; id: number; outcome: OutboxOutcome; now: string }
  | { type: "tick"; now: string };

export type JobResult =
  | { ok: true; value: AlertOutcome[] | ChangeOutcome[] | LineageOutcome[] | CommandResult | boolean | null }
  | { ok: false; refusal: { code: Refusal["code"]; message: string; issues: Refusal["issues"] } };

export type CommitSettings = {
  channel: string;
  reopenWithinMs: number;
  closeAfterMs: number;
  grouping: Grouping;
  /** Which assets a changed file concerns, where no lineage says so. */
  pathRules: PathRule[];
  routing: RoutingRules;
  /** The runbooks that fit an alert, best first: the one that a routing rule names, then what the runbooks' own rules say. */
  suggestRunbooks(
    signal: AlertSignal,
    severity: Severity,
    routed: string | null,
  ): { slug: string; title: string; reason: string }[];
};

/**
 * Carries out a batch of jobs in one transaction: each sees what the ones before it did, and all become durable
 * together. A refusal is one job's answer and changes nothing; any other error fails the batch, and with it the
 * transaction. `memory` lasts between batches and is the caller's to clear after a failure.
 */
export async function commitJobs(
  ledger: Ledger,
  jobs: Job[],
  settings: CommitSettings,
  memory: Memory,
): Promise<JobResult[]> {
  const { topology } = await recall(memory, ledger);
  const batch = new Batch(ledger, settings, memory, topology);
  await batch.prefetch(jobs);
  const results: JobResult[] = [];
  for (const job of jobs) {
    try {
      results.push({ ok: true, value: await batch.run(job) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      results.push({
        ok: false,
        refusal: { code: error.code, message: error.message, issues: error.issues },
      });
    }
  }
  await batch.flush();
  return results;
}

const CLOCK: Pick<Asked, "actor" | "via" | "permalink"> = {
  actor: { kind: "system" },
  via: "clock",
  permalink: null,
};

/** The working set of one transaction: what was read, as the jobs so far have changed it. */
class Batch {
  private readonly ledger: Ledger;
  private readonly settings: CommitSettings;
  private readonly memory: Memory;
  private readonly topology: Topology;
  private readonly states: Map<string, IncidentState>;
  private readonly changes: Changes = {
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
  };
  private alerts = new Map<string, AlertRow>();
  private readonly incidentAlerts = new Map<string, IncidentAlert>();
  private seen = new Set<string>();
  private groups = new Map<string, KnownGroup>();
  private readonly keys = new Map<AlertSignal, GroupingKeys & { all: string[] }>();
  private readonly aftermath: Aftermath;

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
  }

  /** Reads in a few queries what all ingest jobs of the batch will need. */
  async prefetch(jobs: Job[]): Promise<void> {
    const signals = jobs.flatMap((job) => (job.type === "ingest" ? job.signals : []));
    if (signals.length === 0) return;
    const prints = [...new Set(signals.map(fingerprint))];
    const keys = [
      ...new Set(signals.filter((s) => s.status === "firing").flatMap((s) => this.keysOf(s).all)),
    ];
    const deliveries = signals.flatMap((s) =>
      s.deliveryId === null
        ? []
        : [{ source: s.source, fingerprint: fingerprint(s), deliveryId: s.deliveryId }],
    );
    this.alerts = await this.ledger.alerts(prints);
    this.groups = await this.ledger.groups(keys);
    this.seen = await this.ledger.seenDeliveries(deliveries);
    const pairs = [...this.alerts.values()].flatMap((a) =>
      a.incident ? [{ incident: a.incident, fingerprint: a.fingerprint }] : [],
    );
    const reopenable = signals.flatMap((s) => {
      const holders = this.keysOf(s).all.map((key) => this.groups.get(key)?.resolved?.incident);
      return holders.flatMap((incident) => (incident ? [{ incident, fingerprint: fingerprint(s) }] : []));
    });
    for (const [key, row] of await this.ledger.incidentAlerts([...pairs, ...reopenable]))
      this.incidentAlerts.set(key, row);
  }

  async run(job: Job): Promise<Extract<JobResult, { ok: true }>["value"]> {
    switch (job.type) {
      case "ingest":
        return this.ingest(job.signals, job.now);
      case "lineage":
        return this.learnLineage(job.statements, job.now);
      case "changes":
        return this.learn(job.changes, job.now);
      case "command":
        return this.command(job.request, job.now);
      case "claim":
        return this.claim(job.id, job.now);
      case "settle":
        return this.settle(job.id, job.outcome, job.now);
      case "tick":
        return this.tick(job.now);
      default:
        return job satisfies never;
    }
  }

  async flush(): Promise<void> {
    for (const { incident, command, now } of await this.aftermath.afterthoughts()) {
      const asked: Asked = { ...CLOCK, now };
      this.announce(
        incident,
        this.append(incident, decide(await this.state(incident), command, asked), asked),
      );
    }
    return this.ledger.save(this.changes);
  }

  // --- incidents

  private async state(key: string): Promise<IncidentState> {
    const cached = this.states.get(key);
    if (cached) return cached;
    const stored = await this.ledger.incident(key);
    if (!stored) throw new Refusal("not_found", `There is no ${key}. \`list\` shows the open incidents.`);
    this.states.set(key, stored);
    return stored;
  }

  /** Appends decided events to an incident and moves its state; what they cause outside is left to `announce`. */
  private append(key: string, decided: NewEvent[], asked: Asked): RecordedEvent[] {
    let state = this.states.get(key) ?? null;
    const hadAssets = state !== null && state.assets.size > 0;
    const events = record(key, { version: state?.version ?? 0, hash: state?.hash ?? "" }, decided, asked);
    for (const event of events) state = evolve(state, event);
    if (!state || events.length === 0) return events;
    this.states.set(key, state);
    this.changes.events.push(...events);
    const change = this.changes.incidents.get(key) ?? { state, assets: new Set<string>() };
    for (const { body } of events) {
      const touched = touchedAssets(body);
      if (touched === "all") change.assets = "all";
      else if (change.assets !== "all") for (const asset of touched) change.assets.add(assetId(asset));
    }
    this.changes.incidents.set(key, change);
    if (events.some(({ body }) => CHANGES_HOLD.has(body.type)))
      for (const group of state.groupingKeys) this.noteGroup(group, state);
    this.topology.note(state);
    this.aftermath.note(state, events, hadAssets, asked.now);
    if (isForming(state)) this.memory.forming.add(key);
    else this.memory.forming.delete(key);
    return events;
  }

  /** Keeps the batch's view of who holds a grouping key in step with the states. */
  private noteGroup(key: string, state: IncidentState): void {
    const known = this.groups.get(key) ?? { open: null, resolved: null };
    if (isOpen(state.phase)) known.open = state.key;
    else if (known.open === state.key) known.open = null;
    const { resolved } = known;
    if (state.phase !== "resolved") known.resolved = resolved?.incident === state.key ? null : resolved;
    // A note in one that was resolved earlier does not make it the last.
    else if (!resolved || resolved.at <= state.resolvedAt! || resolved.incident === state.key)
      known.resolved = { incident: state.key, at: state.resolvedAt! };
    this.groups.set(key, known);
  }

  /** Queues what Slack is to show of events that belong together: one reply, and the living messages they touch. */
  private announce(key: string, events: RecordedEvent[]): void {
    const first = events[0];
    if (!first) return;
    const state = this.states.get(key)!;
    // It was taken in by another before anybody saw it, so there is no thread to tell it in.
    if (state.phase === "merged" && state.thread === null) return;
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
          ? { notBefore: plus(state.detectedAt, this.settings.grouping.wait) }
          : {}),
      });
    }
    const reply = replyFor(events, state);
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

  private effect(effect: Effect): void {
    this.changes.effects.set(effect.key, effect);
  }

  // --- commands

  private async command(request: CommandRequest, now: string): Promise<CommandResult> {
    const done = request.idempotencyKey
      ? (this.changes.processed.find((p) => p.key === request.idempotencyKey)?.result ??
        (await this.ledger.processed(request.idempotencyKey)))
      : null;
    if (done) return done;
    const result = await this.carryOut(request, {
      actor: request.actor,
      via: request.via,
      now,
      permalink: request.permalink ?? null,
    });
    if (request.idempotencyKey) this.changes.processed.push({ key: request.idempotencyKey, result });
    if (request.runbook) this.changes.runbooks.set(request.runbook.hash, request.runbook);
    return result;
  }

  private async carryOut(request: CommandRequest, asked: Asked): Promise<CommandResult> {
    const { command } = request;
    if (command.type === "open") return this.open(command, asked);
    if (!request.incident) throw new Refusal("invalid", "Say which incident: `INC-1`.");
    const state = await this.state(request.incident);
    if (command.type === "merge_into") return this.merge(state, command, asked);
    if (command.type === "reopen") await this.refuseRival(state);
    const events = this.append(state.key, decide(state, command, asked), asked);
    this.announce(state.key, events);
    return { incident: state.key, events };
  }

  private async open(command: Extract<Command, { type: "open" }>, asked: Asked): Promise<CommandResult> {
    const decided = decide(null, command, asked);
    const prefix = command.kind === "drill" ? "DRILL" : "INC";
    const key = `${prefix}-${await this.ledger.nextNumber(command.kind)}`;
    const events = this.append(key, decided, asked);
    this.announce(key, events);
    return { incident: key, events };
  }

  /** Reopening must not leave two open incidents for one grouping key. */
  private async refuseRival(state: IncidentState): Promise<void> {
    const rival = await this.rivalOf(state);
    if (rival) {
      throw new Refusal(
        "conflict",
        `${rival} is open for the same problem. Work there; once it is resolved or cancelled, \`reopen ${state.key} <reason>\` works.`,
      );
    }
  }

  /** Another incident that is open for one of the grouping keys of this one. */
  private async rivalOf(state: IncidentState): Promise<string | null> {
    const unread = state.groupingKeys.filter((key) => !this.groups.has(key));
    for (const [key, known] of await this.ledger.groups(unread)) this.groups.set(key, known);
    const holders = state.groupingKeys.map((key) => this.groups.get(key)?.open);
    return holders.find((holder) => holder && holder !== state.key) ?? null;
  }

  private routeOf(signal: AlertSignal): Routing {
    const facts = assetFacts(signal, this.memory.lineage);
    return routeAlert(matchable(signal, facts.teams), this.settings.routing, facts);
  }

  /** Asked for several times for each signal. */
  private keysOf(signal: AlertSignal): GroupingKeys & { all: string[] } {
    const known = this.keys.get(signal);
    if (known) return known;
    const found = groupingKeys(signal, this.settings.grouping.keys, this.topology.name);
    const hint = hintKey(signal);
    const all = hint && !found.keys.includes(hint) ? [...found.keys, hint] : found.keys;
    const keys = { ...found, all };
    this.keys.set(signal, keys);
    return keys;
  }

  /** Who holds a signal's group. An incident that took others in cannot reopen while another holds what was theirs. */
  private async groupOf(signal: AlertSignal): Promise<KnownGroup> {
    const { keys } = this.keysOf(signal);
    const known = keys.map((key) => this.groups.get(key) ?? { open: null, resolved: null });
    const open = known.flatMap(({ open }) => open ?? []).sort(older)[0];
    if (open) return { open, resolved: null };
    // An alert without an asset came first, for the run as a whole: what it was about shows now.
    const hint = hintKey(signal);
    const herald = hint === null ? null : (this.groups.get(hint)?.open ?? null);
    if (herald && (await this.state(herald)).roots.length === 0) return { open: herald, resolved: null };
    const resolved = known
      .flatMap(({ resolved }) => resolved ?? [])
      .sort((a, b) => (a.at < b.at ? 1 : -1))[0];
    if (!resolved) return { open: null, resolved: null };
    const rival = await this.rivalOf(await this.state(resolved.incident));
    return rival ? { open: null, resolved: null } : { open: null, resolved };
  }

  /** An open incident within the window that lineage ties a signal to. */
  private async kinOf(signal: AlertSignal, now: string): Promise<Kinship | null> {
    const { lineage, maxSteps } = this.settings.grouping;
    if (!lineage) return null;
    for (const [kind, look] of [
      ["downstream", this.topology.above],
      ["upstream", this.topology.below],
      ["sibling", this.topology.beside],
    ] as const) {
      const found: Kin[] = [];
      for (const asset of causes(signal)) {
        for (const kin of look(asset)) {
          if (kin.steps > maxSteps) break;
          if (await this.mayJoin(kin.incident, kind, signal, now)) {
            found.push(kin);
            break;
          }
        }
      }
      const nearest = found.sort((a, b) => a.steps - b.steps || older(a.incident, b.incident))[0];
      if (nearest) {
        const { incident, asset, steps } = nearest;
        const confidence = kind === "sibling" ? "medium" : "high";
        return { incident, relation: { kind, asset, steps, confidence } };
      }
    }
    return null;
  }

  private async mayJoin(
    key: string,
    kind: Relation["kind"],
    signal: AlertSignal,
    now: string,
  ): Promise<boolean> {
    const { window, windowKind } = this.settings.grouping;
    const state = await this.state(key);
    const since = windowKind === "rolling" ? (state.lastAlertAt ?? state.detectedAt) : state.detectedAt;
    if (Date.parse(now) - Date.parse(since) > window) return false;
    if (kind !== "sibling") return true;
    const origin = state.likelyOrigin ?? state.origin;
    return origin?.asset ? failsAlike(signal, { ...origin, assets: [origin.asset] }) : false;
  }

  private async merge(
    from: IncidentState,
    command: Extract<Command, { type: "merge_into" }>,
    asked: Asked,
  ): Promise<CommandResult> {
    const news = new Map<string, RecordedEvent[]>();
    const events = await this.mergeInto(from, command, asked, news);
    for (const [key, told] of news) this.announce(key, told);
    return { incident: from.key, events };
  }

  private async mergeInto(
    from: IncidentState,
    command: Extract<Command, { type: "merge_into" }>,
    asked: Asked,
    news: Map<string, RecordedEvent[]>,
  ): Promise<RecordedEvent[]> {
    const into = await this.state(command.into);
    const mergedEvents = decide(from, command, asked);
    const known = await this.incidentAlertsOf(into.key);
    const moving = (await this.incidentAlertsOf(from.key)).filter(
      (row) => !known.some((k) => k.fingerprint === row.fingerprint),
    );
    const firing = moving.filter((row) => row.status === "firing").length;
    const absorbed = decide(
      into,
      {
        type: "absorb",
        incident: from.key,
        title: from.title,
        groupingKeys: from.groupingKeys,
        alerts: { total: moving.length, firing, resolved: moving.length - firing },
        assets: [...from.assets.values()].map((a) => ({
          ...a.asset,
          firing: a.firing,
          recovery: a.recovery,
        })),
        sources: from.sources,
        roots: from.roots,
      },
      asked,
    );
    const events = this.append(from.key, mergedEvents, asked);
    tell(news, from.key, events);
    tell(news, into.key, this.append(into.key, absorbed, asked));
    for (const row of moving) await this.moveAlert(row, into.key);
    return events;
  }

  private async incidentAlertsOf(key: string): Promise<IncidentAlert[]> {
    const rows = new Map(
      (await this.ledger.allIncidentAlerts(key)).map((row) => [alertKey(key, row.fingerprint), row]),
    );
    for (const [id, row] of this.changes.incidentAlerts) if (row.incident === key) rows.set(id, row);
    return [...rows.values()];
  }

  private async moveAlert(row: IncidentAlert, into: string): Promise<void> {
    const moved = { ...row, incident: into };
    this.changes.incidentAlerts.set(alertKey(into, row.fingerprint), moved);
    this.incidentAlerts.set(alertKey(into, row.fingerprint), moved);
    const alert =
      this.alerts.get(row.fingerprint) ?? (await this.ledger.alerts([row.fingerprint])).get(row.fingerprint);
    if (!alert || alert.incident !== row.incident) return;
    alert.incident = into;
    this.alerts.set(alert.fingerprint, alert);
    this.changes.alerts.set(alert.fingerprint, alert);
  }

  // --- alerts

  private async ingest(signals: AlertSignal[], now: string): Promise<AlertOutcome[]> {
    const news = new Map<string, RecordedEvent[]>();
    const outcomes: AlertOutcome[] = [];
    for (const signal of signals) {
      const outcome = await this.one(signal, now, news).catch(asFault);
      outcomes.push(outcome);
      this.changes.signals.push({ receivedAt: now, signal, outcome });
    }
    for (const [key, events] of news) this.announce(key, events);
    return outcomes;
  }

  private async one(
    signal: AlertSignal,
    now: string,
    news: Map<string, RecordedEvent[]>,
  ): Promise<AlertOutcome> {
    const print = fingerprint(signal);
    const alert = this.alerts.get(print) ?? null;
    if (signal.deliveryId !== null) {
      const delivery = `${signal.source}\n${print}\n${signal.deliveryId}`;
      if (this.seen.has(delivery)) {
        return {
          fingerprint: print,
          outcome: "deduplicated",
          incident: alert?.incident ?? null,
          reason: `delivery ${signal.deliveryId} was received before`,
        };
      }
      this.seen.add(delivery);
    }
    const current = alert?.incident ? await this.state(alert.incident) : null;
    const isCurrent = current !== null && isOpen(current.phase);
    const group = await this.groupOf(signal);
    const alone = signal.status === "firing" && !isCurrent && group.open === null;
    const placement = place(
      signal,
      alert,
      isCurrent,
      group,
      now,
      this.settings.reopenWithinMs,
      this.keysOf(signal).about,
      alone ? await this.kinOf(signal, now) : null,
    );
    return this.carry(signal, print, placement, now, news);
  }

  private async carry(
    signal: AlertSignal,
    print: string,
    placement: Placement,
    now: string,
    news: Map<string, RecordedEvent[]>,
  ): Promise<AlertOutcome> {
    const asked: Asked = {
      actor: { kind: "source", name: signal.source },
      via: "alert",
      now,
      permalink: null,
    };
    const incident =
      placement.to === "open"
        ? await this.openFor(signal, print, placement.reason, asked, news)
        : placement.to === "ignore"
          ? null
          : placement.incident;
    const outcome = OUTCOME_OF[placement.to];
    // What is ignored is out of order or unheard of; it must not overwrite what is known, except to make it known.
    if (placement.to === "ignore") {
      if (!this.alerts.has(print)) this.remember(signal, print, null, now);
      return { fingerprint: print, outcome, incident: null, reason: placement.reason };
    }
    if (incident) {
      const state = await this.state(incident);
      const row = this.incidentAlerts.get(alertKey(incident, print));
      const command = newsFor(signal, print, row ?? null, placement.reason, now);
      if (command.type === "alert_fired") {
        const keys = this.freeKeys(signal, state);
        if (keys.length > 0) command.alert.groupingKeys = keys;
        // Asking lineage who is downstream takes time; what is known of an asset already is asked once.
        if (signal.assets.some((asset) => !state.assets.has(assetId(asset)))) {
          const { severity, severityReason: reason } = this.routeOf(signal);
          if (severity !== severityOf(signal.severity)) command.alert.routed = { severity, reason };
        }
        const relation = placement.to === "attach" ? placement.relation : undefined;
        if (relation) command.alert.relation = relation;
        // What is related is explained by what is there, or explains it (`becomeOrigin`).
        if (relation?.kind === "sibling" || (!relation && causes(signal).length > 1))
          command.alert.roots = causes(signal);
      }
      const events =
        placement.to === "duplicate" ? [] : this.append(incident, decide(state, command, asked), asked);
      const told = news.get(incident) ?? [];
      told.push(...events);
      news.set(incident, told);
      this.rememberIn(incident, signal, print, row ?? null, outcome, placement.reason, now);
      if (placement.to === "attach" && placement.relation?.kind === "upstream")
        await this.becomeOrigin(signal, print, incident, placement.reason, asked, news);
      if (placement.to === "attach" || placement.to === "open")
        if (causes(signal).length > 1) await this.joinNamed(signal, incident, asked, news);
    }
    this.remember(signal, print, incident, now);
    return { fingerprint: print, outcome, incident, reason: placement.reason };
  }

  /** Keys of a signal that no open incident holds yet, so that the next alert on the same finds this one at once. */
  private freeKeys(signal: AlertSignal, state: IncidentState): string[] {
    return this.keysOf(signal).all.filter(
      (key) => !state.groupingKeys.includes(key) && (this.groups.get(key)?.open ?? null) === null,
    );
  }

  /**
   * An alert upstream of an incident's root is what likely broke first. Other incidents below it, and those whose root
   * fails just as it does beside it, are the same problem.
   */
  private async becomeOrigin(
    signal: AlertSignal,
    print: string,
    incident: string,
    reason: string,
    asked: Asked,
    news: Map<string, RecordedEvent[]>,
  ): Promise<void> {
    const system: Asked = { ...asked, actor: { kind: "system" } };
    const [asset] = signal.assets;
    const replaces: Asset[] = [];
    const around = causes(signal).flatMap((each) => [
      ...this.topology.below(each).map((kin) => ({ ...kin, kind: "upstream" as const })),
      ...this.topology.beside(each).map((kin) => ({ ...kin, kind: "sibling" as const })),
    ]);
    for (const kin of around) {
      const isOwn = kin.incident === incident;
      if (!isOwn) {
        const state = await this.state(kin.incident);
        if (!isOpen(state.phase) || !(await this.mayMerge(state, kin.kind, signal, asked.now))) continue;
        const why =
          kin.kind === "upstream"
            ? `${asset!.name}, upstream of both, failed too`
            : `${kin.asset.name} fails as ${asset!.name} does, and reads from the same`;
        await this.mergeInto(state, { type: "merge_into", into: incident, reason: why }, system, news);
      }
      if (kin.kind === "upstream") replaces.push(kin.asset);
    }
    const { title, description } = signal;
    const origin = { asset: asset!, fingerprint: print, title, description, replaces, reason };
    const command: Command = { type: "find_origin", ...origin, confidence: "high" };
    tell(news, incident, this.append(incident, decide(await this.state(incident), command, system), system));
    // The runbook for what broke first is worth more than that for what showed first.
    const state = await this.state(incident);
    const runbooks = this.settings.suggestRunbooks(signal, state.severity, this.routeOf(signal).runbook);
    if (Object.keys(state.walks).length > 0 || runbooks.length === 0) return;
    const suggest: Command = { type: "suggest_runbooks", runbooks };
    tell(news, incident, this.append(incident, decide(state, suggest, system), system));
  }

  /** An alert that names what several incidents are about (a load and its tables) says that they are one problem. */
  private async joinNamed(
    signal: AlertSignal,
    incident: string,
    asked: Asked,
    news: Map<string, RecordedEvent[]>,
  ): Promise<void> {
    const system: Asked = { ...asked, actor: { kind: "system" } };
    const named = new Set(this.keysOf(signal).keys.flatMap((key) => this.groups.get(key)?.open ?? []));
    for (const asset of causes(signal))
      for (const { incident: below } of this.topology.below(asset)) named.add(below);
    named.delete(incident);
    for (const key of [...named].sort(older)) {
      const state = await this.state(key);
      if (!isOpen(state.phase) || !(await this.mayMerge(state, "upstream", signal, asked.now))) continue;
      const reason = `“${signal.title}” names what both come from`;
      await this.mergeInto(state, { type: "merge_into", into: incident, reason }, system, news);
    }
  }

  private async mayMerge(
    state: IncidentState,
    kind: Relation["kind"],
    signal: AlertSignal,
    now: string,
  ): Promise<boolean> {
    const { merge } = this.settings.grouping;
    if (merge === "never" || (merge === "unacknowledged" && state.phase !== "triggered")) return false;
    return this.mayJoin(state.key, kind, signal, now);
  }

  private async openFor(
    signal: AlertSignal,
    print: string,
    reason: string,
    asked: Asked,
    news: Map<string, RecordedEvent[]>,
  ): Promise<string> {
    const routing = this.routeOf(signal);
    const { severity } = routing;
    const rules = routing.trail.filter(({ set }) => set.length > 0).map(({ rule }) => rule);
    const decided = decide(
      null,
      {
        type: "open",
        kind: "incident",
        severity,
        title: signal.title,
        channel: routing.channel ?? this.settings.channel,
        startedAt: brokenAt(signal, asked.now),
        origin: {
          source: signal.source,
          fingerprint: print,
          title: signal.title,
          description: signal.description,
          asset: signal.assets[0] ?? null,
          labels: signal.labels,
          links: signal.links,
        },
        groupingKey: this.keysOf(signal).keys[0]!,
        assets: [],
        summary: null,
        reason,
        ...(rules.length > 0 || severity !== severityOf(signal.severity)
          ? { routing: { team: routing.team, severityReason: routing.severityReason, rules } }
          : {}),
      },
      asked,
    );
    const key = `INC-${await this.ledger.nextNumber("incident")}`;
    const events = this.append(key, decided, asked);
    const suggest: Command = {
      type: "suggest_runbooks",
      runbooks: this.settings.suggestRunbooks(signal, severity, routing.runbook),
    };
    events.push(
      ...this.append(key, decide(this.states.get(key)!, suggest, asked), {
        ...asked,
        actor: { kind: "system" },
      }),
    );
    news.set(key, events);
    return key;
  }

  private remember(signal: AlertSignal, print: string, incident: string | null, now: string): void {
    const before = this.alerts.get(print);
    const row: AlertRow = {
      fingerprint: print,
      source: signal.source,
      dedupKey: signal.dedupKey,
      status: signal.status,
      incident: incident ?? before?.incident ?? null,
      startsAt: signal.startsAt ?? before?.startsAt ?? null,
      observedAt: signal.observedAt ?? before?.observedAt ?? null,
      firstSeenAt: before?.firstSeenAt ?? now,
      lastSeenAt: now,
      count: (before?.count ?? 0) + (signal.status === "firing" ? 1 : 0),
    };
    this.alerts.set(print, row);
    this.changes.alerts.set(print, row);
  }

  private rememberIn(
    incident: string,
    signal: AlertSignal,
    print: string,
    before: IncidentAlert | null,
    outcome: Outcome,
    reason: string,
    now: string,
  ): void {
    const firing = signal.status === "firing";
    const row: IncidentAlert = {
      incident,
      fingerprint: print,
      source: signal.source,
      status: signal.status,
      severity: firing || !before ? signal.severity : before.severity,
      title: firing || !before ? signal.title : before.title,
      description: firing || !before ? signal.description : before.description,
      assets: firing || !before ? signal.assets : before.assets,
      labels: firing || !before ? signal.labels : before.labels,
      links: signal.links.length > 0 ? signal.links : (before?.links ?? []),
      warnings: signal.warnings,
      startsAt: signal.startsAt ?? before?.startsAt ?? null,
      endsAt: firing ? null : (signal.endsAt ?? now),
      firstSeenAt: before?.firstSeenAt ?? now,
      lastSeenAt: now,
      count: (before?.count ?? 0) + (firing ? 1 : 0),
      // How it came to be here stays; a repeat does not overwrite "opened".
      outcome: before?.outcome ?? outcome,
      reason: before?.reason ?? reason,
    };
    this.incidentAlerts.set(alertKey(incident, print), row);
    this.changes.incidentAlerts.set(alertKey(incident, print), row);
  }

  // --- lineage and changes

  private async learnLineage(statements: LineageStatement[], now: string): Promise<LineageOutcome[]> {
    const outcomes: LineageOutcome[] = [];
    for (const statement of statements) {
      const { provider, key } = statement.document;
      const id = `${provider}\n${key}`;
      const before = this.changes.lineage.get(id) ?? (await this.ledger.lineageOf(provider, key));
      // A job tells its datasets event by event; everybody else says all at once.
      const document =
        provider === "openlineage"
          ? mergeJobDocument(before?.document ?? null, statement)
          : statement.document;
      const hash = documentHash(document);
      const same = before?.hash === hash;
      const version = same ? before.version : (before?.version ?? 0) + 1;
      // A project that says the same as yesterday is not written again; of a job it is also kept what its run has said.
      if (!same || provider === "openlineage")
        this.changes.lineage.set(id, { document, version, hash, receivedAt: now });
      if (!same) this.memory.stated.push(document);
      const outcome = same ? "unchanged" : before ? "updated" : "recorded";
      const { assets, edges } = document;
      outcomes.push({ provider, key, outcome, version, assets: assets.length, edges: edges.length });
    }
    return outcomes;
  }

  private async learn(changes: ChangeSignal[], now: string): Promise<ChangeOutcome[]> {
    const unread = [...new Set(changes.map(changeId))].filter((id) => !this.changes.known.has(id));
    const stored = await this.ledger.knownChanges(unread);
    return changes.map((change) => {
      const id = changeId(change);
      const before = this.changes.known.get(id) ?? stored.get(id) ?? null;
      const { known, outcome } = learnChange(before, change, now);
      if (known !== before) {
        this.changes.known.set(id, known);
        this.aftermath.learned(known, now);
      }
      return outcome;
    });
  }

  // --- delivery and clock

  /** The last moment before a message is posted: what has gathered is sorted out first. */
  private async claim(id: number, now: string): Promise<boolean> {
    await this.sortForming(now);
    return this.ledger.claimOutbox(id);
  }

  /** Sorts the alerts of all incidents that nobody has seen yet into problems, whatever order they came in. */
  private async sortForming(now: string): Promise<void> {
    const { grouping } = this.settings;
    const states: IncidentState[] = [];
    for (const key of [...this.memory.forming].sort(older)) {
      const state = await this.state(key);
      const late = Date.parse(now) - Date.parse(state.detectedAt) > grouping.wait + FORMING_GRACE_MS;
      if (late) this.memory.forming.delete(key);
      else if (state.roots.length > 0 && state.alerts.total <= FORMING_ALERTS) states.push(state);
    }
    if (states.length < 2 || !grouping.lineage) return;
    const alerts = new Map<string, IncidentAlert[]>();
    for (const state of states) alerts.set(state.key, await this.incidentAlertsOf(state.key));
    const moves = sortOut(states, alerts, this.topology, grouping.maxSteps);
    const news = new Map<string, RecordedEvent[]>();
    const asked: Asked = { ...CLOCK, now };
    for (const move of moves) await this.carryOutMove(move, asked, news);
    for (const [key, events] of news) this.announce(key, events);
  }

  private async carryOutMove(move: Move, asked: Asked, news: Map<string, RecordedEvent[]>): Promise<void> {
    const into = await this.state(move.into);
    if (move.type === "origin") {
      tell(news, into.key, this.append(into.key, decide(into, move.command, asked), asked));
      return;
    }
    const from = await this.state(move.from);
    if (move.type === "merge") {
      await this.mergeInto(from, { type: "merge_into", into: into.key, reason: move.reason }, asked, news);
      return;
    }
    await this.moveSome(from, into, move.fingerprints, move.reason, asked, news);
  }

  /** Some alerts of one incident go to another, with what only they speak of. */
  private async moveSome(
    from: IncidentState,
    into: IncidentState,
    fingerprints: string[],
    reason: string,
    asked: Asked,
    news: Map<string, RecordedEvent[]>,
  ): Promise<void> {
    const rows = await this.incidentAlertsOf(from.key);
    const leaving = rows.filter((row) => fingerprints.includes(row.fingerprint));
    if (leaving.length === 0) return;
    const staying = new Set(
      rows.filter((row) => !leaving.includes(row)).flatMap((row) => row.assets.map(assetId)),
    );
    const released = [
      ...new Map(leaving.flatMap((row) => row.assets.map((a) => [assetId(a), a]))).values(),
    ].filter((asset) => !staying.has(assetId(asset)));
    const names = new Set(released.map((asset) => `asset:${this.topology.name(asset)}`));
    const keys = from.groupingKeys.filter((key) => names.has(key));
    const alerts = leaving.map(({ fingerprint, title, status, assets }) => ({
      fingerprint,
      title,
      status,
      assets,
    }));
    const assets = released.flatMap((asset) => {
      const known = from.assets.get(assetId(asset));
      return known ? [{ ...asset, firing: known.firing, recovery: known.recovery }] : [];
    });
    const sources = [...new Set(leaving.map((row) => row.source))];
    const { key: to } = into;
    const gone: Command = { type: "move_alerts", to, alerts, groupingKeys: keys, released, reason };
    tell(news, from.key, this.append(from.key, decide(from, gone, asked), asked));
    for (const key of keys) this.groups.set(key, { open: null, resolved: null });
    const come: Command = {
      type: "receive_alerts",
      from: from.key,
      alerts,
      groupingKeys: keys,
      sources,
      assets,
      reason,
    };
    tell(news, to, this.append(to, decide(await this.state(to), come, asked), asked));
    for (const row of leaving) {
      this.changes.leftAlerts.push({ incident: from.key, fingerprint: row.fingerprint });
      this.changes.incidentAlerts.delete(alertKey(from.key, row.fingerprint));
      this.incidentAlerts.delete(alertKey(from.key, row.fingerprint));
      await this.moveAlert(row, to);
    }
  }

  private async settle(id: number, outcome: OutboxOutcome, now: string): Promise<null> {
    const row = await this.ledger.settleOutbox(id, outcome);
    if (row?.kind !== "card" || outcome.type !== "sent") return null;
    const asked: Asked = { ...CLOCK, now };
    const { channel, ts, permalink } = outcome;
    this.append(
      row.incident,
      decide(await this.state(row.incident), { type: "record_thread", channel, ts, permalink }, asked),
      asked,
    );
    return null;
  }

  private async tick(now: string): Promise<null> {
    await this.sortForming(now);
    const before = new Date(Date.parse(now) - this.settings.closeAfterMs).toISOString();
    for (const key of await this.ledger.resolvedBefore(before, 100)) {
      // A job before this one may have reopened it; refusing that would leave the ones after it unclosed.
      if ((await this.state(key)).phase !== "resolved") continue;
      const asked: Asked = { ...CLOCK, now };
      this.announce(
        key,
        this.append(
          key,
          decide(
            await this.state(key),
            { type: "close", reason: "its time for reopening has passed" },
            asked,
          ),
          asked,
        ),
      );
    }
    return null;
  }
}

/** Alerts that come this long after the wait are still sorted with the ones before, where nothing was posted yet. */
const FORMING_GRACE_MS = 60_000;
/** An incident of more alerts than these is left as it is; reading them all would hold the batch up. */
const FORMING_ALERTS = 5_000;

/** Events after which an incident may hold other grouping keys, or hold or let go of its own. */
const CHANGES_HOLD: ReadonlySet<EventType> = new Set([
  "opened",
  "alert_attached",
  "absorbed",
  "alerts_received",
  "resolved",
  "reopened",
  "closed",
  "cancelled",
  "merged",
] as const);

/** So many assets of one alert are looked at. */
const LOOKED_AT = 20;
/** An alert that names as many is about what writes them all; one that names two is about the first (a test of rows). */
const NAMES_ALL = 3;

/** The assets of an alert that it says are broken, rather than only concerned. */
function causes({ assets }: AlertSignal): Asset[] {
  return assets.length >= NAMES_ALL ? assets.slice(0, LOOKED_AT) : assets.slice(0, 1);
}

function tell(news: Map<string, RecordedEvent[]>, incident: string, events: RecordedEvent[]): void {
  news.set(incident, [...(news.get(incident) ?? []), ...events]);
}

function plus(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}

const OUTCOME_OF: Record<Placement["to"], Outcome> = {
  open: "opened",
  attach: "grouped",
  reopen: "grouped",
  duplicate: "deduplicated",
  resolve: "resolved",
  ignore: "ignored",
};

/** An alert is placed where it is allowed; a refusal here is a fault of ours, and must fail the batch, not half of it. */
function asFault(error: unknown): never {
  if (!(error instanceof Refusal)) throw error;
  throw new Error("an alert was placed where it may not go", { cause: error });
}

/** The key of an alert within an incident, in maps. */
export function alertKey(incident: string, print: string): string {
  return `${incident}\n${print}`;
}

/** When the data broke, never after we heard of it. */
function brokenAt(signal: AlertSignal, now: string): string {
  return signal.startsAt !== null && signal.startsAt < now ? signal.startsAt : now;
}

function newsFor(
  signal: AlertSignal,
  print: string,
  row: IncidentAlert | null,
  reason: string,
  now: string,
): Command {
  const firing = signal.status === "firing";
  const { source, severity, title } = signal;
  // What passes is what was firing, whatever assets the passing message names.
  const assets = firing || !row ? signal.assets : row.assets;
  const news = {
    fingerprint: print,
    source,
    severity,
    title,
    assets,
    known: row?.status ?? ("never" as const),
    reason,
  };
  return firing
    ? { type: "alert_fired", alert: { ...news, impacted: signal.impacted, brokenAt: brokenAt(signal, now) } }
    : { type: "alert_passed", alert: news };
}
