import {
  hintKey,
  type Kinship,
  type KnownGroup,
  type Placement,
  place,
  stillFiring,
} from "../core/correlate/place.ts";
import { recur } from "../core/correlate/recurrence.ts";
import { isOver } from "../core/correlate/silence.ts";
import { failsAlike } from "../core/correlate/sort-out.ts";
import { type Kin, older } from "../core/correlate/topology.ts";
import type { Asked, Command } from "../core/incident/command.ts";
import { decide, severityOf } from "../core/incident/decide.ts";
import type { Relation } from "../core/incident/events.ts";
import { type IncidentState, isOpen, provenAt } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { formatDuration } from "../core/report/clocks.ts";
import { type AlertOutcome, type AlertSignal, fingerprint, type Outcome } from "../core/signal/alert.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";
import { areApart } from "./apart.ts";
import type { Arrival } from "./arrival.ts";
import { alertKey, type Batch, deliveryKey, type News, tell } from "./batch.ts";
import { mergeInto } from "./combine.ts";
import { causes, fireOn, freeKeys, furtherData, routedFor } from "./fires-on.ts";
import { keepBack, letGo } from "./hold.ts";
import { recallHeld } from "./memory.ts";
import type { HeldAlert, IncidentAlert } from "./ports.ts";
import { beginFlapping, countRuns, holdFlapping, recoveryFor } from "./recur.ts";

export async function ingest(
  batch: Batch,
  arrivals: readonly Arrival[],
  now: string,
): Promise<AlertOutcome[]> {
  const news: News = new Map();
  const outcomes: AlertOutcome[] = [];
  if (batch.holds.isNeeded) await batch.holds.note(arrivals, now);
  for (const arrival of arrivals) {
    const said = arrival.said(now);
    const before = batch.alerts.get(arrival.fingerprint);
    const outcome = again(batch, arrival, now) ?? (await one(batch, arrival, said, now, news).catch(asFault));
    outcomes.push(outcome);
    const repeats = before?.said === said ? { signalId: before.signalId } : null;
    batch.changes.signals.push({ receivedAt: now, arrival, said, repeats, outcome });
  }
  for (const [key, events] of news) batch.announce(key, events);
  // What resolved may have been what inhibited others.
  if (batch.holds.isNeeded && arrivals.some(({ signal }) => signal.status === "resolved"))
    await release(batch, now);
  return outcomes;
}

/** Most of what comes in a storm: it fires on, and says nothing new. Placed by all the rules, it would come out the same. */
function again(batch: Batch, arrival: Arrival, now: string): AlertOutcome | null {
  const incident = batch.firesOnIn(arrival, now);
  if (incident === null) return null;
  const { fingerprint } = arrival;
  batch.countAgain(fingerprint, now);
  return { fingerprint, outcome: "deduplicated", incident, reason: stillFiring(incident) };
}

/**
 * Tells held alerts that nothing holds any more, the longest held first, and lays silences down that are over. Returns
 * whether more are left than may be told in one transaction.
 */
export async function release(batch: Batch, now: string): Promise<boolean> {
  const { silences, held } = await recallHeld(batch.memory, batch.ledger);
  const free: HeldAlert[] = [];
  for (const alert of held.values())
    if ((await batch.holds.stillHolds(alert, now)) === null) free.push(alert);
  const told = free.slice(0, RELEASED);
  const stored = await batch.ledger.heldSignals(told.map((alert) => alert.fingerprint));
  const signals = told.map(
    ({ fingerprint: print }) => batch.changes.held.get(print)?.signal ?? stored.get(print)!,
  );
  await batch.prefetch(signals);
  const news: News = new Map();
  for (const signal of signals)
    await placed(batch, signal, fingerprint(signal), null, now, news).catch(asFault);
  for (const [key, events] of news) batch.announce(key, events);
  const holding = new Set([...held.values()].map(({ holder }) => holder));
  for (const { match: _, ...silence } of silences.values()) {
    if (!isOver(silence, now) || holding.has(silence.id)) continue;
    const events = batch.changes.silences.get(silence.id)?.events ?? [];
    batch.changes.silences.set(silence.id, { silence, open: false, events });
    silences.delete(silence.id);
  }
  return free.length > told.length;
}

async function one(
  batch: Batch,
  arrival: Arrival,
  said: string,
  now: string,
  news: News,
): Promise<AlertOutcome> {
  await batch.prefetchLate(arrival);
  const { signal, fingerprint: print, deliveryId } = arrival;
  if (batch.isRedelivered(arrival))
    return {
      fingerprint: print,
      outcome: "deduplicated",
      incident: batch.alerts.get(print)?.incident ?? null,
      reason: `delivery ${deliveryId} was received before`,
    };
  if (deliveryId !== null) batch.seen.add(deliveryKey(arrival));
  return placed(batch, signal, print, said, now, news);
}

/** Places a signal, unless something holds it back. */
async function placed(
  batch: Batch,
  signal: AlertSignal,
  print: string,
  /** Null for one that was held: what its alert said last stands as it is. */
  said: string | null,
  now: string,
  news: News,
): Promise<AlertOutcome> {
  const alert = batch.alerts.get(print) ?? null;
  const held = (await recallHeld(batch.memory, batch.ledger)).held.get(print) ?? null;
  const fires = signal.status === "firing";
  const current = alert?.incident ? await batch.state(alert.incident) : null;
  const isCurrent = current !== null && isOpen(current.phase);
  const group = await groupOf(batch, signal, current);
  const alone = fires && !isCurrent && group.open === null;
  const situation = {
    alert,
    isHeld: held !== null,
    incidentOpen: isCurrent,
    group,
    about: batch.keysOf(signal).about,
    kin: alone ? await kinOf(batch, signal, current, now) : null,
    provenAt: isCurrent
      ? provenAt(signal.assets.flatMap((asset) => current.assets.get(assetId(asset)) ?? []))
      : null,
  };
  const placement = place(signal, situation, now, batch.settings.reopenWithinMs);
  // What is told already is not held back; it fails anew where it fires.
  const isTold = isCurrent && alert?.status === "firing" && !held;
  if (!isTold && (placement.to === "open" || placement.to === "attach" || placement.to === "reopen")) {
    const hold = await batch.holds.on(signal, print, now);
    if (hold) return keepBack(batch, signal, said, placement, hold, now, news);
  }
  if (held && placement.to !== "ignore" && placement.to !== "duplicate") {
    const asked: Asked = { actor: { kind: "system" }, via: "alert", now, permalink: null };
    await letGo(batch, held, fires ? "told" : "resolved", asked, news);
  }
  return carry(batch, signal, print, said, placement, now, news, fires ? held?.since : undefined);
}

/**
 * Who holds a signal's group. An incident that took others in cannot reopen while another holds what was theirs. An
 * alert whose incident (`current`) a person took apart from the holder goes back to its own, or opens one.
 */
async function groupOf(
  batch: Batch,
  signal: AlertSignal,
  current: IncidentState | null,
): Promise<KnownGroup> {
  const { keys } = batch.keysOf(signal);
  const known = keys.map((key) => batch.groups.get(key) ?? { open: null, resolved: null });
  const open = known.flatMap(({ open }) => open ?? []).sort(older)[0];
  if (open && current && (await areApart(batch, current, open))) return ownGroup(batch, current);
  if (open) return { open, resolved: null };
  // An alert without an asset came first, for the run as a whole: what it was about shows now.
  const hint = hintKey(signal);
  const herald = hint === null ? null : (batch.groups.get(hint)?.open ?? null);
  if (herald && (await batch.state(herald)).roots.length === 0) return { open: herald, resolved: null };
  const resolved = known.flatMap(({ resolved }) => resolved ?? []).sort((a, b) => (a.at < b.at ? 1 : -1))[0];
  if (!resolved) return { open: null, resolved: null };
  const rival = await batch.rivalOf(await batch.state(resolved.incident));
  return rival ? { open: null, resolved: null } : { open: null, resolved };
}

async function ownGroup(batch: Batch, own: IncidentState): Promise<KnownGroup> {
  const { key, phase, resolvedAt } = own;
  const returns = phase === "resolved" && (await batch.rivalOf(own)) === null;
  return { open: null, resolved: returns ? { incident: key, at: resolvedAt! } : null };
}

/** An open incident within the window that lineage ties a signal to. */
async function kinOf(
  batch: Batch,
  signal: AlertSignal,
  current: IncidentState | null,
  now: string,
): Promise<Kinship | null> {
  const { lineage, maxSteps } = batch.settings.grouping;
  if (!lineage) return null;
  for (const [kind, look] of [
    ["downstream", batch.topology.above],
    ["upstream", batch.topology.below],
    ["sibling", batch.topology.beside],
  ] as const) {
    const found: Kin[] = [];
    for (const asset of causes(signal)) {
      for (const kin of look(asset)) {
        if (kin.steps > maxSteps) break;
        const isApart = current !== null && (await areApart(batch, current, kin.incident));
        if (!isApart && (await objection(batch, kin.incident, kind, signal, now)) === null) {
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

/** What speaks against an alert's joining an incident that lineage ties it to; null where nothing does. */
export async function objection(
  batch: Batch,
  key: string,
  kind: Relation["kind"],
  signal: AlertSignal,
  now: string,
): Promise<string | null> {
  const { window, windowKind } = batch.settings.grouping;
  const state = await batch.state(key);
  const since = windowKind === "rolling" ? (state.lastAlertAt ?? state.detectedAt) : state.detectedAt;
  const agoMs = Date.parse(now) - Date.parse(since);
  if (agoMs > window)
    return `${formatDuration(agoMs)} since its ${windowKind === "rolling" ? "last" : "first"} alert, and the window is ${formatDuration(window)}`;
  if (kind !== "sibling") return null;
  const origin = state.likelyOrigin ?? state.origin;
  const isAlike = origin?.asset && failsAlike(signal, { ...origin, assets: [origin.asset] });
  return isAlike ? null : "it fails in other words";
}

async function carry(
  batch: Batch,
  signal: AlertSignal,
  print: string,
  said: string | null,
  placement: Placement,
  now: string,
  news: News,
  heldSince?: string,
): Promise<AlertOutcome> {
  if (placement.to === "duplicate" && said !== null && batch.repeat(print, placement.incident, said, now))
    return {
      fingerprint: print,
      outcome: "deduplicated",
      incident: placement.incident,
      reason: placement.reason,
    };
  const asked: Asked = {
    actor: { kind: "source", name: signal.source },
    via: "alert",
    now,
    permalink: null,
  };
  // The data was wrong already while nobody was told.
  const dated = heldSince ? { ...signal, startsAt: brokenAt(signal, heldSince) } : signal;
  const incident =
    placement.to === "open"
      ? await openFor(batch, dated, print, placement.reason, asked, news)
      : placement.to === "ignore"
        ? null
        : placement.incident;
  const outcome = OUTCOME_OF[placement.to];
  // What is ignored is out of order or unheard of; it must not overwrite what is known, except to make it known.
  if (placement.to === "ignore") {
    if (!batch.alerts.has(print)) batch.remember(signal, print, said, null, now);
    return { fingerprint: print, outcome, incident: null, reason: placement.reason };
  }
  let answer: Pick<AlertOutcome, "outcome" | "reason"> = { outcome, reason: placement.reason };
  const flaps = incident && (await holdFlapping(batch, signal, print, incident, asked, news));
  if (flaps) answer = { outcome: "deduplicated", reason: flaps };
  else if (incident) {
    const state = await batch.state(incident);
    const row = batch.incidentAlerts.get(alertKey(incident, print)) ?? null;
    const command = newsFor(batch, dated, print, row, placement.reason, now);
    const { flapsNow, ...recurrence } = recur(row, signal, now, batch.settings.grouping.flapping);
    const passes = signal.status === "resolved";
    // What is over holds nothing.
    const held = flapsNow && (!passes || isOpen(state.phase));
    if (command.type === "alert_fired") {
      const recovery = command.alert.known === "firing" ? null : recoveryFor(batch, signal);
      if (recovery) command.alert.recovery = recovery;
      const keys = freeKeys(batch, signal, state, row);
      if (keys.length > 0) command.alert.groupingKeys = keys;
      Object.assign(command.alert, routedFor(batch, signal, state));
      const relation = placement.to === "attach" ? placement.relation : undefined;
      if (relation) command.alert.relation = relation;
      // What is related is explained by what is there, or explains it (`becomeOrigin`).
      if (relation?.kind === "sibling" || (!relation && causes(signal).length > 1))
        command.alert.roots = causes(signal);
    }
    const { reason } = placement;
    const firesOn = placement.to === "duplicate" && !passes && row?.status === "firing";
    const assets = firesOn ? await fireOn(batch, signal, row, reason, asked, news) : assetsIn(row, command);
    const silent = placement.to === "duplicate" || (held && passes);
    if (!silent) tell(news, incident, batch.append(incident, decide(state, command, asked), asked));
    const kept = batch.rememberIn(incident, signal, print, row, outcome, reason, now, {
      ...recurrence,
      held,
      assets,
    });
    if (held) {
      const why = await beginFlapping(batch, kept, asked, news);
      answer = { outcome: passes ? "deduplicated" : outcome, reason: why };
    } else if (passes) await countRuns(batch, incident, asked, news);
    if (placement.to === "attach" && placement.relation?.kind === "upstream")
      await becomeOrigin(batch, signal, print, incident, placement.reason, asked, news);
    const widens = firesOn && assets.length > row.assets.length;
    if (placement.to === "attach" || placement.to === "open" || widens)
      if (causes(signal).length > 1) await joinNamed(batch, signal, incident, asked, news);
  }
  batch.remember(signal, print, said, incident, now);
  return { fingerprint: print, ...answer, incident };
}

/**
 * An alert upstream of an incident's root is what likely broke first. Other incidents below it, and those whose root
 * fails just as it does beside it, are the same problem.
 */
async function becomeOrigin(
  batch: Batch,
  signal: AlertSignal,
  print: string,
  incident: string,
  reason: string,
  asked: Asked,
  news: News,
): Promise<void> {
  const system: Asked = { ...asked, actor: { kind: "system" } };
  const [asset] = signal.assets;
  const replaces: Asset[] = [];
  const around = causes(signal).flatMap((each) => [
    ...batch.topology.below(each).map((kin) => ({ ...kin, kind: "upstream" as const })),
    ...batch.topology.beside(each).map((kin) => ({ ...kin, kind: "sibling" as const })),
  ]);
  // An incident may be about several things around it.
  const own = new Set([incident]);
  for (const kin of around) {
    if (kin.steps > batch.settings.grouping.maxSteps) continue;
    if (!own.has(kin.incident)) {
      const state = await batch.state(kin.incident);
      if (!isOpen(state.phase) || !(await mayMerge(batch, state, incident, kin.kind, signal, asked.now)))
        continue;
      const why =
        kin.kind === "upstream"
          ? `${asset!.name}, upstream of both, failed too`
          : `${kin.asset.name} fails as ${asset!.name} does, and reads from the same`;
      await mergeInto(batch, state, { type: "merge_into", into: incident, reason: why }, system, news);
      own.add(kin.incident);
    }
    if (kin.kind === "upstream") replaces.push(kin.asset);
  }
  const { title, description } = signal;
  const origin = { asset: asset!, fingerprint: print, title, description, replaces, reason };
  const command: Command = { type: "find_origin", ...origin, confidence: "high" };
  tell(news, incident, batch.append(incident, decide(await batch.state(incident), command, system), system));
  // The runbook for what broke first is worth more than that for what showed first.
  const state = await batch.state(incident);
  const runbooks = batch.settings.suggestRunbooks(signal, state.severity, batch.routeOf(signal).runbook);
  if (Object.keys(state.walks).length > 0 || runbooks.length === 0) return;
  const suggest: Command = { type: "suggest_runbooks", runbooks };
  tell(news, incident, batch.append(incident, decide(state, suggest, system), system));
}

/** An alert that names what several incidents are about (a load and its tables) says that they are one problem. */
async function joinNamed(
  batch: Batch,
  signal: AlertSignal,
  incident: string,
  asked: Asked,
  news: News,
): Promise<void> {
  const system: Asked = { ...asked, actor: { kind: "system" } };
  const named = new Set(batch.keysOf(signal).keys.flatMap((key) => batch.groups.get(key)?.open ?? []));
  for (const asset of causes(signal))
    for (const { incident: below, steps } of batch.topology.below(asset))
      if (steps <= batch.settings.grouping.maxSteps) named.add(below);
  named.delete(incident);
  for (const key of [...named].sort(older)) {
    const state = await batch.state(key);
    if (!isOpen(state.phase) || !(await mayMerge(batch, state, incident, "upstream", signal, asked.now)))
      continue;
    const reason = `“${signal.title}” names what both come from`;
    await mergeInto(batch, state, { type: "merge_into", into: incident, reason }, system, news);
  }
}

async function mayMerge(
  batch: Batch,
  state: IncidentState,
  into: string,
  kind: Relation["kind"],
  signal: AlertSignal,
  now: string,
): Promise<boolean> {
  const { merge } = batch.settings.grouping;
  if (await areApart(batch, state, into)) return false;
  if (merge === "never" || (merge === "unacknowledged" && state.phase !== "triggered")) return false;
  return (await objection(batch, state.key, kind, signal, now)) === null;
}

export async function openFor(
  batch: Batch,
  signal: AlertSignal,
  print: string,
  reason: string,
  asked: Asked,
  news: News,
  /** When it was noticed, where that was before now. */
  detectedAt?: string,
): Promise<string> {
  const routing = batch.routeOf(signal);
  const { severity } = routing;
  const rules = routing.trail.filter(({ set }) => set.length > 0).map(({ rule }) => rule);
  const decided = decide(
    null,
    {
      type: "open",
      kind: "incident",
      severity,
      title: signal.title,
      channel: routing.channel ?? batch.settings.channel,
      startedAt: brokenAt(signal, asked.now),
      ...(detectedAt ? { detectedAt } : {}),
      origin: {
        source: signal.source,
        fingerprint: print,
        title: signal.title,
        description: signal.description,
        asset: signal.assets[0] ?? null,
        labels: signal.labels,
        links: signal.links,
      },
      // One that a person took out of where its key is held has none.
      groupingKey: batch.keysOf(signal).keys.find((key) => !batch.groups.get(key)?.open) ?? null,
      assets: [],
      summary: null,
      reason,
      ...(rules.length > 0 || severity !== severityOf(signal.severity)
        ? { routing: { team: routing.team, severityReason: routing.severityReason, rules } }
        : {}),
    },
    asked,
  );
  const key = `INC-${await batch.ledger.nextNumber("incident")}`;
  const events = batch.append(key, decided, asked);
  const suggest: Command = {
    type: "suggest_runbooks",
    runbooks: batch.settings.suggestRunbooks(signal, severity, routing.runbook),
  };
  events.push(
    ...batch.append(key, decide(batch.states.get(key)!, suggest, asked), {
      ...asked,
      actor: { kind: "system" },
    }),
  );
  news.set(key, events);
  return key;
}

/** So many held alerts are told in one transaction. */
const RELEASED = 500;

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

/** When the data broke, never after we heard of it. */
function brokenAt(signal: AlertSignal, now: string): string {
  return signal.startsAt !== null && signal.startsAt < now ? signal.startsAt : now;
}

/** The data on which an alert counts as firing in its incident after a command: all that it named since it began to. */
function assetsIn(row: IncidentAlert | null, { alert }: AlertCommand): Asset[] {
  return row?.status === "firing" ? [...row.assets, ...(alert.further?.assets ?? [])] : alert.assets;
}

type AlertCommand = Extract<Command, { type: "alert_fired" | "alert_passed" }>;

function newsFor(
  batch: Batch,
  signal: AlertSignal,
  print: string,
  row: IncidentAlert | null,
  reason: string,
  now: string,
): AlertCommand {
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
  if (!firing) return { type: "alert_passed", alert: news };
  const further = row?.status === "firing" ? { further: furtherData(batch, signal, row, now) } : {};
  const { impacted } = signal;
  return { type: "alert_fired", alert: { ...news, impacted, brokenAt: brokenAt(signal, now), ...further } };
}
