/**
 * What people did, as the log tells it afterwards: a replay puts alerts together differently, and has to know when what
 * it put together was over.
 */
import type { RecordedEvent } from "../incident/events.ts";
import type { Actor } from "../incident/person.ts";

type Move = { fingerprint: string; to: string };

/** Something that happened to a recorded incident and matters to where alerts go. `at` is when it was known. */
export type Deed = { at: string; incident: string; actor: Actor } & (
  | { type: "acknowledged" }
  | { type: "resolved" | "cancelled" | "reopened"; reason: string }
  | { type: "merged"; into: string }
  | { type: "moved"; moves: Move[] }
);

export function deedsOf(events: readonly RecordedEvent[]): Deed[] {
  return events.flatMap(({ body, recordedAt, incident, actor }): Deed[] => {
    const deed = { at: recordedAt, incident, actor };
    switch (body.type) {
      case "acknowledged":
        return [{ ...deed, type: body.type }];
      case "resolved":
        return [{ ...deed, type: body.type, reason: body.text }];
      case "cancelled":
      case "reopened":
        return [{ ...deed, type: body.type, reason: body.reason }];
      case "merged":
        return [{ ...deed, type: body.type, into: body.into }];
      case "alerts_moved":
        return [
          {
            ...deed,
            type: "moved",
            moves: body.alerts.map(({ fingerprint }) => ({ fingerprint, to: body.to })),
          },
        ];
      default:
        return [];
    }
  });
}

/** Follows the recorded incidents through time: which alerts each of them holds, and which of them are over. */
export function createHindsight() {
  const holder = new Map<string, string>();
  const held = new Map<string, Set<string>>();
  const mergedInto = new Map<string, string>();
  const over = new Set<string>();

  /** An incident, or the one that took it in. */
  function rootOf(incident: string): string {
    const into = mergedInto.get(incident);
    return into === undefined ? incident : rootOf(into);
  }

  /** An alert went to an incident. */
  function note(fingerprint: string, incident: string): void {
    const root = rootOf(incident);
    const before = holder.get(fingerprint);
    if (before === root) return;
    if (before !== undefined) held.get(before)!.delete(fingerprint);
    holder.set(fingerprint, root);
    const alerts = held.get(root) ?? new Set();
    held.set(root, alerts.add(fingerprint));
  }

  function learn(deed: Deed): void {
    switch (deed.type) {
      case "acknowledged":
        return;
      case "resolved":
      case "cancelled":
        over.add(deed.incident);
        return;
      case "reopened":
        over.delete(deed.incident);
        return;
      case "merged": {
        const alerts = alertsOf(deed.incident);
        mergedInto.set(deed.incident, deed.into);
        for (const fingerprint of alerts) note(fingerprint, deed.into);
        return;
      }
      case "moved":
        for (const { fingerprint, to } of deed.moves)
          if (holder.get(fingerprint) === deed.incident) note(fingerprint, to);
        return;
      default:
        deed satisfies never;
    }
  }

  function alertsOf(incident: string): string[] {
    return [...(held.get(rootOf(incident)) ?? [])];
  }

  /** Whether the last of the incidents that these alerts are in is over; null where they are in none. */
  function isOver(fingerprints: readonly string[]): boolean | null {
    const holders = fingerprints.flatMap((fingerprint) => holder.get(fingerprint) ?? []);
    return holders.length === 0 ? null : holders.every((incident) => over.has(incident));
  }

  return { note, learn, alertsOf, isOver };
}
