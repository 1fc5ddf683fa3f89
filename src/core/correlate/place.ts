import type { AlertSignal } from "../signal/alert.ts";
import { assetId } from "../signal/asset.ts";

/** What the ledger knows of an alert when news of it comes. */
export type KnownAlert = {
  status: "firing" | "resolved";
  incident: string | null;
  startsAt: string | null;
  observedAt: string | null;
};

/** What the ledger knows of the incidents of a grouping key. */
export type KnownGroup = { open: string | null; resolved: { incident: string; at: string } | null };

/** Where an alert goes, and why in words a person is shown. */
export type Placement =
  | { to: "open"; reason: string }
  | { to: "attach"; incident: string; reason: string }
  | { to: "reopen"; incident: string; reason: string }
  | { to: "duplicate"; incident: string | null; reason: string }
  | { to: "resolve"; incident: string | null; reason: string }
  | { to: "ignore"; reason: string };

/**
 * What belongs together: alerts on the same asset, whichever tool reports them; without an asset, what the sender
 * groups; without that, the alert alone.
 */
export function groupingKey(signal: AlertSignal): { key: string; about: string } {
  const asset = signal.assets[0];
  if (asset) return { key: `asset:${assetId(asset)}`, about: `about ${asset.name}` };
  if (signal.groupHint)
    return { key: `group:${signal.source}:${signal.groupHint}`, about: `for this group of ${signal.source}` };
  return { key: `alert:${signal.source}:${signal.dedupKey}`, about: "for this alert" };
}

/** Decides what becomes of one signal. Pure: `now` is when it came, `reopenWithinMs` the configured window. */
export function place(
  signal: AlertSignal,
  alert: KnownAlert | null,
  /** Whether the alert's incident is still worked on. */
  incidentOpen: boolean,
  group: KnownGroup,
  now: string,
  reopenWithinMs: number,
): Placement {
  if (alert?.observedAt && signal.observedAt && signal.observedAt < alert.observedAt) {
    return {
      to: "ignore",
      reason: `older (${signal.observedAt}) than what is already recorded (${alert.observedAt})`,
    };
  }
  return signal.status === "resolved"
    ? placeResolved(alert, incidentOpen)
    : placeFiring(signal, alert, incidentOpen, group, now, reopenWithinMs);
}

function placeResolved(alert: KnownAlert | null, incidentOpen: boolean): Placement {
  if (!alert) return { to: "ignore", reason: "resolved, and never seen firing; recorded" };
  if (alert.status === "resolved")
    return { to: "duplicate", incident: alert.incident, reason: "already resolved" };
  if (!alert.incident) return { to: "resolve", incident: null, reason: "resolved; it was in no incident" };
  return {
    to: "resolve",
    incident: alert.incident,
    reason: incidentOpen ? `resolved in ${alert.incident}` : `resolved after ${alert.incident} had ended`,
  };
}

function placeFiring(
  signal: AlertSignal,
  alert: KnownAlert | null,
  incidentOpen: boolean,
  group: KnownGroup,
  now: string,
  reopenWithinMs: number,
): Placement {
  if (alert?.incident && incidentOpen) {
    return alert.status === "firing"
      ? { to: "duplicate", incident: alert.incident, reason: `still firing in ${alert.incident}` }
      : { to: "attach", incident: alert.incident, reason: `fires again in ${alert.incident}` };
  }
  // A sender repeats what still fires (Alertmanager's repeat_interval); that alone does not undo a person's "resolved".
  if (
    alert?.incident &&
    alert.status === "firing" &&
    alert.startsAt !== null &&
    alert.startsAt === signal.startsAt
  ) {
    return {
      to: "duplicate",
      incident: alert.incident,
      reason: `still the firing that ${alert.incident} ended with`,
    };
  }
  const { about } = groupingKey(signal);
  if (group.open) return { to: "attach", incident: group.open, reason: `${group.open} is open ${about}` };
  if (group.resolved) {
    const agoMs = Date.parse(now) - Date.parse(group.resolved.at);
    if (agoMs <= reopenWithinMs) {
      return {
        to: "reopen",
        incident: group.resolved.incident,
        reason: `fires again ${Math.round(agoMs / 60_000)} min after ${group.resolved.incident} was resolved`,
      };
    }
  }
  return { to: "open", reason: `no incident was open ${about}` };
}
