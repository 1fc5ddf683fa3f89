import { buildLineage, type Lineage } from "../core/correlate/lineage.ts";
import type { LineageDocument } from "../core/correlate/lineage-document.ts";
import { createTopology, type Topology } from "../core/correlate/topology.ts";
import type { IncidentState } from "../core/incident/state.ts";
import type { KnownChange } from "../core/signal/change.ts";
import { datasetKey } from "../core/signal/dataset.ts";
import type { Ledger } from "./ledger.ts";

/**
 * What the one writer keeps between transactions, so that it need not be read again. All of it can be read anew from
 * what is stored; after a failed transaction it is.
 */
export type Memory = {
  states: Map<string, IncidentState>;
  /** The graph of what is committed; null until it is needed, and after it may be stale. */
  lineage: Lineage | null;
  /** Where the open incidents stand in it. */
  topology: Topology | null;
  /** Incidents whose first message is still held back, so that a storm gathers. */
  forming: Set<string>;
  /** What the transaction under way states of lineage: in force once it is committed. */
  stated: LineageDocument[];
  /** Changes of the last days as they were last read, by id, without what their senders sent: that would be megabytes. */
  changes: Map<string, KnownChange>;
};

export function emptyMemory(): Memory {
  return {
    states: new Map(),
    lineage: null,
    topology: null,
    forming: new Set(),
    stated: [],
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
    }
  }
  return { lineage: memory.lineage, topology: memory.topology };
}

/** An incident that alerts opened, and that nobody has seen or touched yet. */
export function isForming(state: IncidentState): boolean {
  return (
    state.thread === null && state.phase === "triggered" && state.kind === "incident" && state.origin !== null
  );
}

/** The transaction is committed: what it said of lineage counts from now on. */
export function commitMemory(memory: Memory): void {
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
  memory.stated = [];
  memory.changes.clear();
}
