/** How an alert comes and goes: how many runs it has passed in a row, and whether it changes too often to be told. */
import { z } from "zod";
import { durationBetween } from "../duration.ts";
import type { AlertSignal } from "../signal/alert.ts";

/**
 * `grouping.flapping` of breakwater.yaml. A job that people repeat while they mend it changes a few times; a check that
 * comes and goes by itself does so all the time.
 */
export const Flapping = z.strictObject({
  /** So many changes between firing and passing ... */
  changes: z
    .int("write a number of changes, such as 6")
    .min(3, "write 3 or more")
    .max(100, "write 100 or fewer")
    .default(6),
  /** ... in so long make an alert one that flaps ... */
  within: durationBetween("1m", "24h").prefault("1h"),
  /** ... until it has not changed for so long. */
  quiet: durationBetween("1m", "24h").prefault("30m"),
});
export type Flapping = z.infer<typeof Flapping>;

type Status = AlertSignal["status"];

export type Recurrence = {
  /** Runs passed in a row, 0 while it fires. */
  passes: number;
  /** When the last run that counts passed, by its sender; null where the sender does not say. */
  passedAt: string | null;
  /** The last times at which it changed between firing and passing, ISO 8601 UTC, within the window. */
  changes: string[];
};

/** What is known of an alert in its incident. Rows of the first versions lack how it recurred. */
export type Recurring = Partial<Recurrence> & {
  status: Status;
  /** What it says, while it flaps and counts as firing. */
  flapping?: Status;
  lastSeenAt: string;
};

/** How an alert stands once a signal of it came, at `now`; `flapsNow` where with this it has changed once too often. */
export function recur(
  known: Recurring | null,
  signal: Pick<AlertSignal, "status" | "observedAt" | "endsAt">,
  now: string,
  { changes: most, within }: Flapping,
): Recurrence & { flapsNow: boolean } {
  const before = known && (known.flapping ?? known.status);
  const counted = passed(known, before, signal);
  if (!known || before === signal.status)
    return { ...counted, changes: known?.changes ?? [], flapsNow: false };
  const recent = (known.changes ?? []).filter((at) => Date.parse(now) - Date.parse(at) <= within);
  const changes = [...recent, now].slice(-most);
  return { ...counted, changes, flapsNow: changes.length === most };
}

/** The same run may be told twice, but not at a later time. Where the sender gives no times, each message is a run. */
function passed(
  known: Recurring | null,
  before: Status | null,
  signal: Pick<AlertSignal, "status" | "observedAt" | "endsAt">,
): Pick<Recurrence, "passes" | "passedAt"> {
  if (signal.status === "firing") return { passes: 0, passedAt: null };
  const at = signal.observedAt ?? signal.endsAt;
  if (before !== "resolved") return { passes: 1, passedAt: at };
  const passes = passesOf(known!);
  const last = known!.passedAt ?? null;
  return at === null || last === null || at > last
    ? { passes: passes + 1, passedAt: at ?? last }
    : { passes, passedAt: last };
}

/** Runs passed in a row. */
export function passesOf({ passes, status }: Pick<Recurring, "passes" | "status">): number {
  return passes ?? (status === "resolved" ? 1 : 0);
}

/** Runs passed in a row by the alerts of an incident, of which there may be a hundred thousand, by fingerprint. */
export type RunCount = {
  passes: Map<string, number>;
  fewest: number;
  /** Those that have passed no more than the fewest. */
  last: Set<string>;
};

export function runCount(
  alerts: (Pick<Recurring, "passes" | "status"> & { fingerprint: string })[],
): RunCount {
  const count: RunCount = { passes: new Map(), fewest: 0, last: new Set() };
  for (const alert of alerts) noteRuns(count, alert.fingerprint, passesOf(alert));
  return count;
}

/** Takes note of how many runs an alert has passed; one that has passed none fires, and is not waited for here. */
export function noteRuns(count: RunCount, fingerprint: string, passes: number): void {
  count.last.delete(fingerprint);
  count.passes.delete(fingerprint);
  if (passes === 0) return;
  count.passes.set(fingerprint, passes);
  if (passes < count.fewest) count.last.clear();
  if (passes <= count.fewest) {
    count.fewest = passes;
    count.last.add(fingerprint);
  }
}

/** How many runs all of them have passed; 0 where none has. They are looked through once for each run, not for each alert. */
export function fewestRuns(count: RunCount): number {
  if (count.last.size > 0) return count.fewest;
  count.fewest = Math.min(...new Set(count.passes.values()));
  for (const [fingerprint, passes] of count.passes) if (passes === count.fewest) count.last.add(fingerprint);
  return count.last.size > 0 ? count.fewest : 0;
}

/** Whether an alert that flaps has stopped. */
export function isQuiet({ changes, lastSeenAt }: Recurring, now: string, { quiet }: Flapping): boolean {
  return Date.parse(now) - Date.parse(changes?.at(-1) ?? lastSeenAt) >= quiet;
}
