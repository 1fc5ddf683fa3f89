import { fingerprint } from "../../src/core/signal/alert.ts";
import { assetId } from "../../src/core/signal/asset.ts";
import type { StormAlert } from "./storms.ts";

/** A firing alert, what it is truly part of (any of these), and where it was put. */
export type Placed = { truth: string[]; incident: string };

/** Pairs of firing alerts: put together, belonging together, and both. */
export type Pairs = { together: number; belonging: number; both: number };

export const NO_PAIRS: Pairs = { together: 0, belonging: 0, both: 0 };

/**
 * Counts pairs. An alert that may be part of several problems is taken for the one that its incident is mostly about;
 * in an incident about none of them, for its first.
 */
export function countPairs(placed: readonly Placed[]): Pairs {
  const settled = settleTruths(placed);
  const size = (key: (alert: { truth: string; incident: string }) => string) =>
    [...Map.groupBy(settled, key).values()].reduce((sum, { length }) => sum + (length * (length - 1)) / 2, 0);
  return {
    together: size(({ incident }) => incident),
    belonging: size(({ truth }) => truth),
    both: size(({ incident, truth }) => `${incident}\n${truth}`),
  };
}

function settleTruths(placed: readonly Placed[]): { truth: string; incident: string }[] {
  const certain = new Map<string, number>();
  for (const { truth, incident } of placed) {
    if (truth.length > 1) continue;
    const key = `${incident}\n${truth[0]}`;
    certain.set(key, (certain.get(key) ?? 0) + 1);
  }
  return placed.map(({ truth, incident }) => {
    const share = (each: string) => certain.get(`${incident}\n${each}`) ?? 0;
    return { incident, truth: truth.reduce((best, each) => (share(each) > share(best) ? each : best)) };
  });
}

export function addPairs(one: Pairs, other: Pairs): Pairs {
  return {
    together: one.together + other.together,
    belonging: one.belonging + other.belonging,
    both: one.both + other.both,
  };
}

/** Of the pairs put together, the share that belongs together; null where none were. */
export function precision({ together, both }: Pairs): number | null {
  return together === 0 ? null : both / together;
}

/** Of the pairs that belong together, the share that was put together; null where there are none. */
export function recall({ belonging, both }: Pairs): number | null {
  return belonging === 0 ? null : both / belonging;
}

/** The alerts that are scored, with the truths as a list: all that fire, at every time that they are said to. */
export function firing(alerts: readonly StormAlert[]): (StormAlert & { truths: string[] })[] {
  return alerts
    .filter(({ signal }) => signal.status === "firing")
    .map((alert) => ({ ...alert, truths: [alert.truth].flat() }));
}

/** The first baseline: each alert its own incident, however often it fires. */
export function onePerAlert(alerts: readonly StormAlert[]): Placed[] {
  return firing(alerts).map(({ signal, truths }) => ({ truth: truths, incident: fingerprint(signal) }));
}

const GROUP_INTERVAL_MS = 5 * 60_000;

/**
 * The second baseline, Alertmanager's grouping by labels (https://prometheus.io/docs/alerting/latest/configuration/#route):
 * by the source and what the alert is named or about. A group lives as long as an alert in it fires, and is forgotten
 * at the group interval after that.
 */
export function labelGrouping(alerts: readonly StormAlert[]): Placed[] {
  const groups = new Map<string, { number: number; firing: Set<string>; quietSince: number }>();
  const placed: Placed[] = [];
  for (const { at, signal, truth } of alerts) {
    const { alertname } = signal.labels;
    const about = alertname ?? (signal.assets[0] ? assetId(signal.assets[0]) : signal.title);
    const key = `${signal.source}\n${about}`;
    const print = fingerprint(signal);
    const group = groups.get(key) ?? { number: 1, firing: new Set(), quietSince: at };
    groups.set(key, group);
    if (signal.status === "resolved") {
      if (group.firing.delete(print) && group.firing.size === 0) group.quietSince = at;
      continue;
    }
    if (group.firing.size === 0 && at - group.quietSince > GROUP_INTERVAL_MS) group.number += 1;
    group.firing.add(print);
    placed.push({ truth: [truth].flat(), incident: `${key}\n${group.number}` });
  }
  return placed;
}
