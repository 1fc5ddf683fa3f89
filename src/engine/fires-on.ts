/** What an alert says beside what its incident knows of it, while it fires on: further data, other keys, a worse level. */
import type { Asked } from "../core/incident/command.ts";
import { decide, severityOf } from "../core/incident/decide.ts";
import type { Severity } from "../core/incident/events.ts";
import { type IncidentState, isOpen } from "../core/incident/state.ts";
import { ALERT_LIMITS, type AlertSignal } from "../core/signal/alert.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";
import { type Batch, type News, tell } from "./batch.ts";
import type { IncidentAlert } from "./ports.ts";

/** Tells the incident in which an alert fires on what it says now. Returns the data that it counts as firing on from then on. */
export async function fireOn(
  batch: Batch,
  signal: AlertSignal,
  row: IncidentAlert,
  reason: string,
  asked: Asked,
  news: News,
): Promise<Asset[]> {
  const state = await batch.state(row.incident);
  if (!isOpen(state.phase)) return row.assets;
  const { fingerprint, incident } = row;
  const { source, severity, title, impacted, assets } = signal;
  const further = furtherData(batch, signal, row, asked.now);
  const alert = {
    ...{ fingerprint, source, severity, title, assets, impacted, reason, further },
    brokenAt: further.brokenAt,
    known: "firing",
    groupingKeys: freeKeys(batch, signal, state, row),
    ...routedFor(batch, signal, state),
    ...(causes(signal).length > 1 ? { roots: causes(signal) } : {}),
  } as const;
  const decided = decide(state, { type: "alert_fires_on", alert }, asked);
  tell(news, incident, batch.append(incident, decided, asked));
  return [...row.assets, ...further.assets];
}

/**
 * The data that an alert did not name when it was last heard, so that it was right until then as far as its sender knew:
 * the alert's own times count only where they are later. One alert is about no more data than one message may name.
 */
export function furtherData(
  batch: Batch,
  { assets, startsAt, observedAt }: AlertSignal,
  row: IncidentAlert,
  now: string,
): { assets: Asset[]; brokenAt: string } {
  const named = new Set(row.assets.map(assetId));
  const room = Math.max(0, ALERT_LIMITS.assets - row.assets.length);
  const heardAt = batch.alerts.get(row.fingerprint)?.lastSeenAt ?? row.lastSeenAt;
  const said = [startsAt, observedAt].filter((at) => at !== null && at > heardAt && at < now).sort();
  return {
    assets: assets.filter((asset) => !named.has(assetId(asset))).slice(0, room),
    brokenAt: said[0] ?? now,
  };
}

/**
 * Keys of a signal that no open incident holds yet, so that the next alert on the same finds this one at once. What an
 * alert that is there already (`row`) brings with each run is kept up to a limit.
 */
export function freeKeys(
  batch: Batch,
  signal: AlertSignal,
  { groupingKeys }: IncidentState,
  row: IncidentAlert | null,
): string[] {
  if (row !== null && groupingKeys.length >= KEYS) return [];
  const { all } = batch.keysOf(signal);
  return all.filter((key) => !groupingKeys.includes(key) && (batch.groups.get(key)?.open ?? null) === null);
}

/** How severe an alert is by the rules, where they say something else than its sender and could raise its incident. */
export function routedFor(
  batch: Batch,
  signal: AlertSignal,
  state: IncidentState,
): { routed?: { severity: Severity; reason: string } } {
  if (state.severitySetByPerson || state.severity === "SEV1") return {};
  const { severity, severityReason: reason } = batch.routeOf(signal);
  return severity === severityOf(signal.severity) ? {} : { routed: { severity, reason } };
}

/** The assets of an alert that it says are broken, rather than only concerned. */
export function causes({ assets }: Pick<AlertSignal, "assets">): Asset[] {
  return assets.length >= NAMES_ALL ? assets.slice(0, LOOKED_AT) : assets.slice(0, 1);
}

/** A job that fails every minute for a week, with a run of its own each time, must not make its incident slow. */
const KEYS = 500;
/** So many assets of one alert are looked at. */
const LOOKED_AT = 20;
/** An alert that names as many is about what writes them all; one that names two is about the first (a test of rows). */
const NAMES_ALL = 3;
