import { documentHash } from "../core/correlate/lineage-document.ts";
import { type LineageStatement, mergeJobDocument } from "../core/correlate/lineage-statement.ts";
import { groupingKey, type KnownGroup, type Placement, place } from "../core/correlate/place.ts";
import type { Asked, Command } from "../core/incident/command.ts";
import { decide, severityOf } from "../core/incident/decide.ts";
import type { NewEvent, RecordedEvent, Severity } from "../core/incident/events.ts";
import { record, touchedAssets } from "../core/incident/log.ts";
import { react } from "../core/incident/react.ts";
import { evolve, type IncidentState, isOpen } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { replyFor } from "../core/report/replies.ts";
import { type AlertOutcome, type AlertSignal, fingerprint, type Outcome } from "../core/signal/alert.ts";
import { assetId } from "../core/signal/asset.ts";
import { type ChangeOutcome, type ChangeSignal, changeId, learnChange } from "../core/signal/change.ts";
import type { AlertRow, Changes, Effect, Ledger, OutboxOutcome } from "./ledger.ts";
import type { CommandRequest, CommandResult, IncidentAlert, LineageOutcome } from "./ports.ts";

/** One piece of work for the writer, with the moment it was asked (ISO 8601 UTC). */
export type Job =
  | { type: "ingest"; signals: AlertSignal[]; now: string }
  | { type: "lineage"; statements: LineageStatement[]; now: string }
  | { type: "changes"; changes: ChangeSignal[]; now: string }
  | { type: "command"; request: CommandRequest; now: string }
  | { type: "claim"; id: number }
  | { type: "settle"; id: number; outcome: OutboxOutcome; now: string }
  | { type: "tick"; now: string };

export type JobResult =
  | { ok: true; value: AlertOutcome[] | ChangeOutcome[] | LineageOutcome[] | CommandResult | boolean | null }
  | { ok: false; refusal: { code: Refusal["code"]; message: string; issues: Refusal["issues"] } };

export type CommitSettings = {
  channel: string;
  reopenWithinMs: number;
  closeAfterMs: number;
  suggestRunbooks(signal: AlertSignal, severity: Severity): { slug: string; title: string; reason: string }[];
};

/**
 * Carries out a batch of jobs in one transaction: each sees what the ones before it did, and all become durable
 * together. A refusal is one job's answer and changes nothing; any other error fails the batch, and with it the
 * transaction. `cache` holds states between batches and is the caller's to clear after a failure.
 */
export async function commitJobs(
  ledger: Ledger,
  jobs: Job[],
  settings: CommitSettings,
  cache: Map<string, IncidentState>,
): Promise<JobResult[]> {
  const batch = new Batch(ledger, settings, cache);
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
  private readonly states: Map<string, IncidentState>;
  private readonly changes: Changes = {
    events: [],
    incidents: new Map(),
    alerts: new Map(),
    incidentAlerts: new Map(),
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

  constructor(ledger: Ledger, settings: CommitSettings, cache: Map<string, IncidentState>) {
    this.ledger = ledger;
    this.settings = settings;
    this.states = cache;
  }

  /** Reads in a few queries what all ingest jobs of the batch will need. */
  async prefetch(jobs: Job[]): Promise<void> {
    const signals = jobs.flatMap((job) => (job.type === "ingest" ? job.signals : []));
    if (signals.length === 0) return;
    const prints = [...new Set(signals.map(fingerprint))];
    const keys = [...new Set(signals.filter((s) => s.status === "firing").map((s) => groupingKey(s).key))];
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
      const resolved = this.groups.get(groupingKey(s).key)?.resolved;
      return resolved ? [{ incident: resolved.incident, fingerprint: fingerprint(s) }] : [];
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
        return this.ledger.claimOutbox(job.id);
      case "settle":
        return this.settle(job.id, job.outcome, job.now);
      case "tick":
        return this.tick(job.now);
      default:
        return job satisfies never;
    }
  }

  flush(): Promise<void> {
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
    for (const group of state.groupingKeys) this.noteGroup(group, state);
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

  /** Who holds a signal's group. An incident that took others in cannot reopen while another holds what was theirs. */
  private async groupOf(signal: AlertSignal): Promise<KnownGroup> {
    const known = this.groups.get(groupingKey(signal).key) ?? { open: null, resolved: null };
    if (known.open || !known.resolved) return known;
    const rival = await this.rivalOf(await this.state(known.resolved.incident));
    return rival ? { open: null, resolved: null } : known;
  }

  private async merge(
    from: IncidentState,
    command: Extract<Command, { type: "merge_into" }>,
    asked: Asked,
  ): Promise<CommandResult> {
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
      },
      asked,
    );
    const events = this.append(from.key, mergedEvents, asked);
    this.announce(from.key, events);
    this.announce(into.key, this.append(into.key, absorbed, asked));
    for (const row of moving) await this.moveAlert(row, into.key);
    return { incident: from.key, events };
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
    const placement = place(
      signal,
      alert,
      current !== null && isOpen(current.phase),
      await this.groupOf(signal),
      now,
      this.settings.reopenWithinMs,
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
      const events =
        placement.to === "duplicate" ? [] : this.append(incident, decide(state, command, asked), asked);
      const told = news.get(incident) ?? [];
      told.push(...events);
      news.set(incident, told);
      this.rememberIn(incident, signal, print, row ?? null, outcome, placement.reason, now);
    }
    this.remember(signal, print, incident, now);
    return { fingerprint: print, outcome, incident, reason: placement.reason };
  }

  private async openFor(
    signal: AlertSignal,
    print: string,
    reason: string,
    asked: Asked,
    news: Map<string, RecordedEvent[]>,
  ): Promise<string> {
    const severity = severityOf(signal.severity);
    const decided = decide(
      null,
      {
        type: "open",
        kind: "incident",
        severity,
        title: signal.title,
        channel: this.settings.channel,
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
        groupingKey: groupingKey(signal).key,
        assets: [],
        summary: null,
        reason,
      },
      asked,
    );
    const key = `INC-${await this.ledger.nextNumber("incident")}`;
    const events = this.append(key, decided, asked);
    const suggest: Command = {
      type: "suggest_runbooks",
      runbooks: this.settings.suggestRunbooks(signal, severity),
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
      if (known !== before) this.changes.known.set(id, known);
      return outcome;
    });
  }

  // --- delivery and clock

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
