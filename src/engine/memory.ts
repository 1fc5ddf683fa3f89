import type { FiringAlert } from "../core/correlate/inhibit.ts";
import { buildLineage, type Lineage } from "../core/correlate/lineage.ts";
import type { LineageDocument } from "../core/correlate/lineage-document.ts";
import type { RunCount } from "../core/correlate/recurrence.ts";
import { type CompiledSilence, compileSilence } from "../core/correlate/silence.ts";
import { createTopology, type Topology } from "../core/correlate/topology.ts";
import type { IncidentState } from "../core/incident/state.ts";
import type { KnownChange } from "../core/signal/change.ts";
import { datasetKey } from "../core/signal/dataset.ts";
import type { Ledger } from "./ledger.ts";
import type { HeldAlert, IncidentAlert } from "./ports.ts";

/** The last that a channel was told of many incidents at once: when (ISO 8601 UTC), and of which. */
export type Digest = { at: string; told: Set<string> };

/**
 * What the one writer keeps between transactions, so that it need not be read again. All of it but the digests can be
 * read anew from what is stored; after a failed transaction it is.
 */
export type Memory = {
  states: Map<string, IncidentState>;
  /** The graph of what is committed; null until it is needed, and after it may be stale. */
  lineage: Lineage | null;
  /** Where the open incidents stand in it. */
  topology: Topology | null;
  /** Incidents whose first message is still held back, so that a storm gathers. */
  forming: Set<string>;
  /** Their alerts by fingerprint, once they were read: they are sorted out again with every claim while more come. */
  formingAlerts: Map<string, Map<string, IncidentAlert>>;
  /** Something came to one of them since they were last sorted out. */
  unsorted: boolean;
  /**
   * The last digest of each channel, as committed, and as the transaction under way has it. A restart forgets them: those
   * that still wait for their first message then may be told of once more.
   */
  digests: Map<string, Digest>;
  telling: Map<string, Digest>;
  /**
   * Incidents whose root message may have been on its way when a digest told of them, until that one is settled: a claim
   * of theirs is refused once, and with the next the deliverer knows of the digest.
   */
  yielding: Set<string>;
  /**
   * Living messages that are known to be queued, by key, with the version that is wanted of each by now: their rows are
   * not written again for it. One that is queued and not known is written once more, and drawn once more where its incident changed meanwhile.
   */
  undrawn: Map<string, number>;
  /** Open incidents with alerts that flap. */
  flapping: Set<string>;
  /** How many runs the alerts of an incident have passed in a row, where that was asked. */
  runs: Map<string, RunCount>;
  /** What the transaction under way states of lineage: in force once it is committed. */
  stated: LineageDocument[];
  /** Silences that are not over, or whose alerts are still to be told, by id; null until they are read. */
  silences: Map<string, CompiledSilence> | null;
  /** Alerts that fire and are held back, by fingerprint. */
  held: Map<string, HeldAlert>;
  /** Alerts that fire in open incidents or are held and may inhibit or be inhibited, by fingerprint; null where it may be stale. */
  firing: Map<string, FiringAlert> | null;
  /** Changes of the last days as they were last read, by id, without what their senders sent: that would be megabytes. */
  changes: Map<string, KnownChange>;
};

export function emptyMemory(): Memory {
  return {
    states: new Map(),
    lineage: null,
    topology: null,
    forming: new Set(),
    formingAlerts: new Map(),
    unsorted: true,
    digests: new Map(),
    telling: new Map(),
    yielding: new Set(),
    undrawn: new Map(),
    flapping: new Set(),
    runs: new Map(),
    stated: [],
    silences: null,
    held: new Map(),
    firing: null,
    changes: new Map(),
  };
}

/** Reads the graph and the open incidents where memory does not have them. */
export async function recall(
  memory: Memory,
  ledger: Ledger,
): Promise<{ lineage: Lineage; topology: Topology }> {
  memory.lineage ??= buildLineage(await ledger.allLineage(), datasetKey);
  if (!memory.topology) {
    memory.topology = createTopology(memory.lineage);
    for (const key of await ledger.openIncidents()) {
      const state = memory.states.get(key) ?? (await ledger.incident(key));
      if (!state) continue;
      memory.states.set(key, state);
      memory.topology.note(state);
      if (isForming(state)) memory.forming.add(key);
      if (flaps(state)) memory.flapping.add(key);
    }
  }
  return { lineage: memory.lineage, topology: memory.topology };
}

/** Reads what is silenced and held where memory does not have it. */
export async function recallHeld(
  memory: Memory,
  ledger: Ledger,
): Promise<{ silences: Map<string, CompiledSilence>; held: Map<string, HeldAlert> }> {
  if (!memory.silences) {
    const silences = (await ledger.openSilences()).map(compileSilence);
    memory.silences = new Map(silences.map((silence) => [silence.id, silence]));
    memory.held = new Map((await ledger.heldAlerts()).map((alert) => [alert.fingerprint, alert]));
  }
  return { silences: memory.silences, held: memory.held };
}

export function flaps(state: IncidentState): boolean {
  return Object.keys(state.flapping).length > 0;
}

/** An incident that alerts opened, and that nobody has seen or touched yet. */
export function isForming(state: IncidentState): boolean {
  return (
    state.thread === null &&
    state.phase === "triggered" &&
    state.kind === "incident" &&
    state.origin !== null &&
    // One that a person split off is wanted at once, and by itself.
    state.openedBy.kind !== "person"
  );
}

export function endForming(memory: Memory, key: string): void {
  memory.forming.delete(key);
  memory.formingAlerts.delete(key);
}

/**
 * Forgets the states of incidents where there are more than so many, but for those that nobody has seen yet: with every
 * claim all of these are asked for.
 */
export function forgetStates(memory: Memory, beyond: number): void {
  const { states, forming } = memory;
  if (states.size - forming.size <= beyond) return;
  for (const key of states.keys()) if (!forming.has(key)) states.delete(key);
}

/** The transaction is committed: what it said of lineage counts from now on, and what it tells of is told. */
export function commitMemory(memory: Memory): void {
  for (const [channel, digest] of memory.telling) memory.digests.set(channel, digest);
  memory.telling.clear();
  for (const document of memory.stated) {
    if (memory.lineage) memory.lineage = memory.lineage.with(document);
  }
  if (memory.stated.length > 0 && memory.lineage) memory.topology?.follow(memory.lineage);
  memory.stated = [];
}

/** The transaction failed, or another writer was first: what is remembered may be what was never stored. */
export function forget(memory: Memory): void {
  memory.states.clear();
  memory.lineage = null;
  memory.topology = null;
  memory.forming.clear();
  memory.formingAlerts.clear();
  memory.unsorted = true;
  memory.telling.clear();
  memory.yielding.clear();
  memory.undrawn.clear();
  memory.flapping.clear();
  memory.runs.clear();
  memory.stated = [];
  memory.silences = null;
  memory.held.clear();
  memory.firing = null;
  memory.changes.clear();
}
