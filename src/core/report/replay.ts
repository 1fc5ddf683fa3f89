/** What a changed configuration makes of the same signals: two replays of one log, compared. */

export type ReplayedIncident = {
  /** Its key in its replay, which nobody else knows. */
  key: string;
  /** What people know it by: the recorded incident that its first alert went to. */
  name: string;
  title: string;
  /** When its first alert came, ISO 8601 UTC. */
  at: string;
  severity: string;
  team: string | null;
  channel: string;
  /** The runbook that is suggested first. */
  runbook: string | null;
  /** The change that is suspected first. */
  suspect: string | null;
  /** How many messages there are in its thread; null where it was never posted. */
  replies: number | null;
};

/** Where one replay put the signals: the incident of each in the end, null where it is in none. */
export type Replayed = { incidents: Map<string, ReplayedIncident>; placed: (string | null)[] };

/** What of an incident is compared, in the order in which it is told. */
export const COMPARED = ["severity", "team", "channel", "runbook", "suspect", "title", "replies"] as const;
export type FieldChange = {
  field: (typeof COMPARED)[number];
  before: string | number | null;
  after: string | number | null;
};

/**
 * `merged`: several are one; `split`: one is several; `regrouped`: several are several, cut differently; `gone`, `new`: it
 * opens on one side only; `changed`: it is one on both sides, and not the same.
 */
export type DifferenceKind = "merged" | "split" | "regrouped" | "gone" | "new" | "changed";

/** Incidents of both sides in the order of their first alerts. Signals are counted from 0, in the order they came. */
export type Difference = {
  kind: DifferenceKind;
  before: ReplayedIncident[];
  after: ReplayedIncident[];
  /** Of the first of both sides. */
  fields: FieldChange[];
  /** Signals that are in an incident on one side only. */
  left: number;
  joined: number;
  /** Signals that show why: the first to go elsewhere, one for each incident that becomes part of another. */
  turns: number[];
};

/** The differences in the order in which their first signals came. */
export function compareReplays(before: Replayed, after: Replayed): Difference[] {
  const firsts = { before: firstSignals(before.placed), after: firstSignals(after.placed) };
  const differences = [...clusters(before.placed, after.placed)].flatMap((cluster) => {
    const sides = {
      before: sorted(cluster.before, firsts.before),
      after: sorted(cluster.after, firsts.after),
    };
    const difference: Difference = {
      kind: kindOf(sides.before.length, sides.after.length),
      before: sides.before.map((key) => before.incidents.get(key)!),
      after: sides.after.map((key) => after.incidents.get(key)!),
      fields: [],
      left: cluster.left,
      joined: cluster.joined,
      turns: [],
    };
    difference.fields = fieldChanges(difference);
    difference.turns = turnsOf(cluster, [
      ...sides.before.map((key) => firsts.before.get(key)!),
      ...sides.after.map((key) => firsts.after.get(key)!),
    ]);
    return isDifferent(difference) ? [{ difference, first: cluster.first }] : [];
  });
  return differences.sort((a, b) => a.first - b.first).map(({ difference }) => difference);
}

/** Incidents of both sides that have signals in common, directly or through each other. */
type Cluster = {
  before: Set<string>;
  after: Set<string>;
  first: number;
  left: number;
  joined: number;
  /** The first signal that is in an incident on one side only. */
  stray: number | null;
};

function clusters(before: Replayed["placed"], after: Replayed["placed"]): Set<Cluster> {
  const of = { before: new Map<string, Cluster>(), after: new Map<string, Cluster>() };
  for (const [signal, from] of before.entries()) {
    const to = after[signal] ?? null;
    const known = [from === null ? null : of.before.get(from), to === null ? null : of.after.get(to)];
    const [one, other] = known.flatMap((cluster) => cluster ?? []);
    if (from === null && to === null) continue;
    const cluster = one ?? newCluster(signal);
    if (other && other !== cluster) {
      for (const key of other.before) of.before.set(key, cluster);
      for (const key of other.after) of.after.set(key, cluster);
      join(cluster, other);
    }
    if (from !== null) of.before.set(from, cluster).get(from)!.before.add(from);
    if (to !== null) of.after.set(to, cluster).get(to)!.after.add(to);
    if (to === null) cluster.left++;
    if (from === null) cluster.joined++;
    if (from === null || to === null) cluster.stray ??= signal;
  }
  return new Set([...of.before.values(), ...of.after.values()]);
}

function newCluster(first: number): Cluster {
  return { before: new Set(), after: new Set(), first, left: 0, joined: 0, stray: null };
}

function join(cluster: Cluster, other: Cluster): void {
  for (const key of other.before) cluster.before.add(key);
  for (const key of other.after) cluster.after.add(key);
  cluster.first = Math.min(cluster.first, other.first);
  cluster.left += other.left;
  cluster.joined += other.joined;
  const strays = [cluster.stray, other.stray].filter((signal) => signal !== null);
  cluster.stray = strays.length > 0 ? Math.min(...strays) : null;
}

/** The first signal of each incident. */
export function firstSignals(placed: Replayed["placed"]): Map<string, number> {
  const first = new Map<string, number>();
  for (const [signal, key] of placed.entries()) if (key !== null && !first.has(key)) first.set(key, signal);
  return first;
}

function sorted(keys: Set<string>, first: Map<string, number>): string[] {
  return [...keys].sort((a, b) => first.get(a)! - first.get(b)!);
}

function kindOf(before: number, after: number): DifferenceKind {
  if (after === 0) return "gone";
  if (before === 0) return "new";
  if (before === 1 && after === 1) return "changed";
  return after === 1 ? "merged" : before === 1 ? "split" : "regrouped";
}

function fieldChanges({ before: [before], after: [after] }: Difference): FieldChange[] {
  if (!before || !after) return [];
  return COMPARED.filter((field) => before[field] !== after[field]).map((field) => ({
    field,
    before: before[field],
    after: after[field],
  }));
}

/** What both sides begin with shows nothing, unless it opens on one of them only. */
function turnsOf({ first, stray }: Cluster, firsts: number[]): number[] {
  const turns = firsts.filter((signal) => signal !== first);
  return [...new Set(stray === null ? turns : [...turns, stray])].sort((a, b) => a - b);
}

function isDifferent({ kind, fields, left, joined }: Difference): boolean {
  return kind !== "changed" || fields.length > 0 || left > 0 || joined > 0;
}
