/**
 * Holding alerts back: silences, maintenance windows, inhibition. What is held is stored, counted and listed, and told
 * as soon as nothing holds it any more. That something is whole again is never held.
 */
import { type FiringAlert, type Inhibited, inhibition } from "../core/correlate/inhibit.ts";
import {
  type ActiveWindow,
  activeWindows,
  heldByWindow,
  windowWords,
} from "../core/correlate/maintenance.ts";
import { type Matchable, matchable } from "../core/correlate/matcher.ts";
import { outdated, type Placement } from "../core/correlate/place.ts";
import { isOver, silencedBy, silencedWords } from "../core/correlate/silence.ts";
import { assetFacts } from "../core/correlate/tiers.ts";
import type { Asked } from "../core/incident/command.ts";
import { decide } from "../core/incident/decide.ts";
import { type IncidentState, isOpen } from "../core/incident/state.ts";
import { type AlertOutcome, AlertSeverity, type AlertSignal, fingerprint } from "../core/signal/alert.ts";
import type { Arrival } from "./arrival.ts";
import { asSignals } from "./as-signal.ts";
import { alertKey, type Batch, type News, tell } from "./batch.ts";
import { recallHeld } from "./memory.ts";
import type { HeldAlert, IncidentAlert } from "./ports.ts";

/** What holds an alert, with the reason in words. */
export type Hold = Pick<HeldAlert, "by" | "holder" | "reason" | "inhibitor">;

/** What a batch looks up once, however many alerts it asks it of. */
export type Holds = ReturnType<typeof createHolds>;

export function createHolds(batch: Batch) {
  const { memory, ledger, settings } = batch;
  const { maintenance, inhibit } = settings.routing;
  let windows: { at: string; active: ActiveWindow[] } | null = null;
  let prepared: ReturnType<typeof inhibition> | null = null;

  const subject = (alert: Parameters<typeof matchable>[0]): Matchable =>
    matchable(alert, assetFacts(alert, memory.lineage).teams);

  function windowsAt(now: string): ActiveWindow[] {
    if (windows?.at !== now) windows = { at: now, active: activeWindows(maintenance, now) };
    return windows.active;
  }

  /** One that a rule is about, on either side; null for all others, of which there may be many. */
  function candidate(alert: Parameters<typeof matchable>[0], print: string): FiringAlert | null {
    const asked = subject(alert);
    const concerns = inhibit.some(({ when, held }) => when.try(asked).fits || held.try(asked).fits);
    return concerns ? { ...asked, fingerprint: print } : null;
  }

  async function firing(): Promise<Map<string, FiringAlert>> {
    if (memory.firing) return memory.firing;
    const { held } = await recallHeld(memory, ledger);
    const found = new Map<string, FiringAlert>();
    const add = (alert: Parameters<typeof matchable>[0], print: string) => {
      const one = candidate(alert, print);
      if (one) found.set(print, one);
    };
    for (const row of await ledger.firingAlerts())
      add({ ...row, severity: AlertSeverity.parse(row.severity) }, row.fingerprint);
    for (const [print, signal] of await ledger.heldSignals([...held.keys()])) add(signal, print);
    memory.firing = found;
    return found;
  }

  /** Takes note of what fires and what does not, before any of it is placed: which came first makes no difference. */
  async function note(arrivals: readonly Arrival[], now: string): Promise<void> {
    if (inhibit.length === 0) return;
    const known = await firing();
    const noted = new Set<string>();
    for (const arrival of arrivals) {
      const { fingerprint: print } = arrival;
      // Most fire on and say nothing new, and of those no more is read.
      if (!noted.has(print) && batch.firesOnIn(arrival, now) !== null) continue;
      noted.add(print);
      if (batch.isRedelivered(arrival)) continue;
      const { signal } = arrival;
      if (outdated(signal, batch.alerts.get(print) ?? null, now) !== null) continue;
      const row = rowOf(print);
      // It counts as firing until it is quiet.
      if (signal.status === "resolved" && row?.flapping !== undefined) continue;
      // What it named while it fires it is about, though it names it no more (`fires-on`): after a restart its row says so.
      const assets = [...signal.assets, ...(row?.status === "firing" ? row.assets : [])];
      const fires = signal.status === "firing" ? candidate({ ...signal, assets }, print) : null;
      if (fires) known.set(print, fires);
      else known.delete(print);
    }
    prepared = null;
  }

  /** An alert as it stands in its incident. */
  function rowOf(print: string): IncidentAlert | undefined {
    const incident = batch.alerts.get(print)?.incident;
    return incident ? batch.incidentAlerts.get(alertKey(incident, print)) : undefined;
  }

  /** By which rule a firing alert is inhibited now. */
  async function inhibited(print: string): Promise<Inhibited | null> {
    if (inhibit.length === 0) return null;
    prepared ??= inhibition([...(await firing()).values()], inhibit, memory.lineage);
    return prepared.by({ fingerprint: print, status: "firing" });
  }

  /** What holds a firing alert at this moment; null where nothing does. */
  async function on(signal: AlertSignal, print: string, now: string): Promise<Hold | null> {
    const { silences } = await recallHeld(memory, ledger);
    if (silences.size === 0 && maintenance.length === 0 && inhibit.length === 0) return null;
    const asked = subject(signal);
    const silenced = silencedBy(asked, [...silences.values()], now);
    if (silenced)
      return { by: "silence", holder: silenced.silence.id, reason: silenced.reason, inhibitor: null };
    const window = heldByWindow(asked, windowsAt(now));
    if (window) return { by: "window", holder: window.window.name, reason: window.reason, inhibitor: null };
    const rule = await inhibited(print);
    return rule && { by: "rule", holder: rule.rule, reason: rule.reason, inhibitor: rule.by };
  }

  /** Why what holds an alert still does, in the words of this moment; null where it does no more. */
  async function stillHolds({ by, holder, fingerprint }: HeldAlert, now: string): Promise<string | null> {
    switch (by) {
      case "silence": {
        const silence = (await recallHeld(memory, ledger)).silences.get(holder);
        return silence && !isOver(silence, now) ? silencedWords(silence) : null;
      }
      case "window": {
        const active = windowsAt(now).find(({ window }) => window.name === holder);
        return active ? windowWords(active) : null;
      }
      case "rule":
        return (await inhibited(fingerprint))?.reason ?? null;
      default:
        return by satisfies never;
    }
  }

  return { note, inhibited, on, stillHolds, isNeeded: inhibit.length > 0 };
}

/** Keeps an alert back instead of placing it. It counts on the incident that it would have joined, or that of what inhibits it. */
export async function keepBack(
  batch: Batch,
  signal: AlertSignal,
  /** See `AlertRow`; null where it is not news. */
  said: string | null,
  placement: Placement,
  hold: Hold,
  now: string,
  news: News,
): Promise<AlertOutcome> {
  const print = fingerprint(signal);
  const { held } = await recallHeld(batch.memory, batch.ledger);
  const asked: Asked = { actor: { kind: "source", name: signal.source }, via: "alert", now, permalink: null };
  const before = held.get(print) ?? null;
  const incident = placement.to === "attach" ? placement.incident : await incidentOf(batch, hold.inhibitor);
  const alert: HeldAlert = {
    ...hold,
    fingerprint: print,
    source: signal.source,
    title: signal.title,
    asset: signal.assets[0]?.name ?? null,
    since: before?.since ?? now,
    incident,
  };
  if (before && before.incident !== incident) await letGo(batch, before, "moved", asked, news);
  if (incident && before?.incident !== incident) {
    const { source, title, assets } = signal;
    const { holder, reason } = hold;
    const command = {
      type: "hold_alert",
      fingerprint: print,
      source,
      title,
      assets,
      holder,
      reason,
    } as const;
    tell(news, incident, batch.append(incident, decide(await batch.state(incident), command, asked), asked));
  }
  if (incident) countAnew(batch, incident, print);
  held.set(print, alert);
  batch.changes.held.set(print, { alert, signal });
  batch.remember(signal, print, said, null, now);
  const outcome = hold.by === "rule" ? "inhibited" : "silenced";
  return { fingerprint: print, outcome, incident, reason: hold.reason };
}

/** A firing ends a row of runs that passed, also one that nobody is told of. */
function countAnew(batch: Batch, incident: string, print: string): void {
  const row = batch.incidentAlerts.get(alertKey(incident, print));
  if (row?.passes) batch.keepIn({ ...row, passes: 0 });
}

async function incidentOf(batch: Batch, print: string | null): Promise<string | null> {
  if (print === null) return null;
  const row = batch.alerts.get(print) ?? (await batch.ledger.alerts([print])).get(print);
  const { held } = await recallHeld(batch.memory, batch.ledger);
  const key = held.get(print)?.incident ?? row?.incident ?? null;
  return key && isOpen((await batch.state(key)).phase) ? key : null;
}

const GONE = {
  resolved: "it has resolved",
  told: "nothing holds it any more",
  moved: "it belongs to another incident now",
} as const;

/** An alert is held no more. */
export async function letGo(
  batch: Batch,
  { fingerprint: print, title, incident }: HeldAlert,
  outcome: keyof typeof GONE,
  asked: Asked,
  news: News,
): Promise<void> {
  batch.memory.held.delete(print);
  batch.changes.held.set(print, null);
  if (!incident) return;
  const state = await batch.state(incident);
  const reason = GONE[outcome];
  const command = { type: "release_alert", fingerprint: print, title, outcome, reason } as const;
  tell(news, incident, batch.append(incident, decide(state, command, asked), asked));
}

/** The held alerts that count on an incident. */
export async function heldOn({ memory, ledger }: Batch, incident: string): Promise<HeldAlert[]> {
  const { held } = await recallHeld(memory, ledger);
  return [...held.values()].filter((alert) => alert.incident === incident);
}

/** Held alerts follow the incident they count on into another. */
export async function followMerge(batch: Batch, following: HeldAlert[], into: string): Promise<void> {
  const { held } = await recallHeld(batch.memory, batch.ledger);
  const signals = await signalsOf(batch, following);
  for (const [i, each] of following.entries()) {
    const alert = { ...each, incident: into };
    held.set(each.fingerprint, alert);
    batch.changes.held.set(each.fingerprint, { alert, signal: signals[i]! });
  }
}

/** Held alerts as they came last. */
async function signalsOf({ ledger, changes }: Batch, held: HeldAlert[]): Promise<AlertSignal[]> {
  const prints = held.map(({ fingerprint: print }) => print);
  const stored = await ledger.heldSignals(prints.filter((print) => !changes.held.get(print)));
  return prints.map((print) => changes.held.get(print)?.signal ?? stored.get(print)!);
}

/**
 * What inhibits an alert may come a moment after it. While nobody has seen its incident, the order makes no difference:
 * all of its alerts are held then, and the incident is never posted.
 */
export async function holdForming(
  batch: Batch,
  state: IncidentState,
  asked: Asked,
  news: News,
): Promise<void> {
  const rows = (await batch.incidentAlertsOf(state.key)).filter(({ status }) => status === "firing");
  const holds = await Promise.all(rows.map((row) => batch.holds.inhibited(row.fingerprint)));
  const [first] = holds;
  if (!first || holds.includes(null)) return;
  const into = await incidentOf(batch, first.by);
  if (into === null || into === state.key) return;
  const before = await heldOn(batch, state.key);
  await batch.readAlerts([...rows, ...before].map(({ fingerprint: print }) => print));
  const merge = { type: "merge_into", into, reason: first.reason } as const;
  tell(news, state.key, batch.append(state.key, decide(state, merge, asked), asked));
  for (const [i, signal] of (await asSignals(batch, rows)).entries()) {
    const { rule, by, reason } = holds[i]!;
    const hold: Hold = { by: "rule", holder: rule, reason, inhibitor: by };
    await keepBack(batch, signal, null, { to: "attach", incident: into, reason }, hold, asked.now, news);
  }
  // What was held there before goes along, by what holds it.
  const along: Placement = { to: "attach", incident: into, reason: first.reason };
  for (const [i, signal] of (await signalsOf(batch, before)).entries())
    await keepBack(batch, signal, null, along, before[i]!, asked.now, news);
}
