import { type AssetState, assetsInOrder, countedDowntime, type IncidentState } from "../incident/state.ts";
import { assetId } from "../signal/asset.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `2 d 3 h 5 min`, `12 min`, `45 s`: days are never dropped, seconds only count below a minute. */
export function formatDuration(milliseconds: number): string {
  const left = Math.max(0, Math.trunc(milliseconds));
  if (left < MINUTE) return `${Math.trunc(left / SECOND)} s`;
  const parts: [number, string][] = [
    [Math.trunc(left / DAY), "d"],
    [Math.trunc((left % DAY) / HOUR), "h"],
    [Math.trunc((left % HOUR) / MINUTE), "min"],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** Milliseconds from one instant to another, null where either is missing. */
export function elapsed(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Date.parse(to) - Date.parse(from);
}

/**
 * How long things took, in milliseconds, null for what has not happened.
 *
 * - `ttd`, time to detect: from the data breaking (`startedAt`) to the first signal (`detectedAt`).
 * - `tta`, `ttm`, `ttr`, time to acknowledge, mitigate, resolve: from `detectedAt`, since before that nobody could act.
 *   They can be compared with what an on-call tool reports, which knows no earlier moment.
 * - `total`: from the data breaking to the incident being resolved, which is what consumers lived through (`ttd + ttr`).
 *
 * Only the clocks of the state count: neither the present moment nor a later edit, note or close moves them. After a
 * reopening the last mitigation and the last resolution count.
 */
export type Clocks = {
  ttd: number;
  tta: number | null;
  ttm: number | null;
  ttr: number | null;
  total: number | null;
};

type Instants = Pick<
  IncidentState,
  "startedAt" | "detectedAt" | "acknowledgedAt" | "mitigatedAt" | "resolvedAt"
>;

export function clocks(state: Instants): Clocks {
  return {
    ttd: Date.parse(state.detectedAt) - Date.parse(state.startedAt),
    tta: elapsed(state.detectedAt, state.acknowledgedAt),
    ttm: elapsed(state.detectedAt, state.mitigatedAt),
    ttr: elapsed(state.detectedAt, state.resolvedAt),
    total: elapsed(state.startedAt, state.resolvedAt),
  };
}

/** One stretch in which an asset was not to be trusted; `to` is null while it lasts, `until` is where it is measured to. */
export type Interval = { from: string; to: string | null; until: string };

/**
 * The stretches of an asset's data downtime; none of a false alarm, as its data was right. One that is still open is
 * measured to `asOf`, or to the end of an incident that was merged away: from then on another incident counts it.
 */
export function downtimeIntervals(state: IncidentState, asset: AssetState, asOf: string): Interval[] {
  if (state.phase === "cancelled") return [];
  const end = (state.phase === "merged" ? state.closedAt : null) ?? asOf;
  return countedDowntime(state, asset).map(({ from, to }) => ({
    from,
    to,
    until: to ?? [from, end].toSorted().at(-1)!,
  }));
}

/** Data downtime of one asset in milliseconds. A stretch that ends before it began, by a clock that was set back, adds none. */
export function downtime(state: IncidentState, asset: AssetState, asOf: string): number {
  return downtimeIntervals(state, asset, asOf).reduce(
    (sum, { from, until }) => sum + Math.max(0, elapsed(from, until) ?? 0),
    0,
  );
}

/**
 * The assets with their downtimes in milliseconds, the longest first; of those alike what broke first, then by name. What
 * lineage says is the likely origin stands before all: its alert often comes last, and of many only some are shown.
 */
export function byDowntime(state: IncidentState, asOf: string): { asset: AssetState; length: number }[] {
  const cause = state.likelyOrigin && assetId(state.likelyOrigin.asset);
  const rank = ({ asset }: AssetState) => (assetId(asset) === cause ? 0 : 1);
  return assetsInOrder(state)
    .map((asset) => ({ asset, length: downtime(state, asset, asOf) }))
    .sort((a, b) => rank(a.asset) - rank(b.asset) || b.length - a.length);
}

/** That of the asset whose data was wrong or unproven the longest. */
export function longestDowntime(state: IncidentState, asOf: string): number {
  return byDowntime(state, asOf).reduce((longest, { length }) => Math.max(longest, length), 0);
}

/** An incident nobody works on any more; what a report says about it no longer depends on when it is made. */
export function isFinished(state: IncidentState): boolean {
  return ["resolved", "closed", "merged", "cancelled"].includes(state.phase);
}
