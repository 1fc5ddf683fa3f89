import type { Relation } from "../incident/events.ts";
import type { AlertSignal } from "../signal/alert.ts";
import type { Asset } from "../signal/asset.ts";
import { datasetKey } from "../signal/dataset.ts";
import { configuredKey, type GroupingKey } from "./grouping.ts";

/** What the ledger knows of an alert when news of it comes. */
export type KnownAlert = {
  status: "firing" | "resolved";
  incident: string | null;
  startsAt: string | null;
  observedAt: string | null;
  /** When it was heard of last. */
  lastSeenAt: string;
};

/** What the ledger knows of the incidents of a grouping key. */
export type KnownGroup = { open: string | null; resolved: { incident: string; at: string } | null };

/** Where an alert goes, and why in words a person is shown. */
export type Placement =
  | { to: "open"; reason: string }
  | { to: "attach"; incident: string; reason: string; relation?: Relation }
  | { to: "reopen"; incident: string; reason: string }
  | { to: "duplicate"; incident: string | null; reason: string }
  | { to: "resolve"; incident: string | null; reason: string }
  | { to: "ignore"; reason: string };

/** What an alert goes together by: the first key names it, any of them finds an incident that holds it. */
export type GroupingKeys = { keys: string[]; about: string };

/** As many assets of one alert are looked at; a load may name hundreds of tables. */
const MAX_KEYED_ASSETS = 20;

/**
 * What belongs together: what the configured rules say; else alerts on the same asset, whichever tool reports them and
 * however it writes the name; without an asset, what the sender groups; without that, the alert alone. `name` gives an
 * asset's canonical name.
 */
export function groupingKeys(
  signal: AlertSignal,
  rules: readonly GroupingKey[] = [],
  name: (asset: Asset) => string = datasetKey,
): GroupingKeys {
  const configured = rules.length > 0 ? configuredKey(signal, rules) : null;
  if (configured) return { keys: [configured.key], about: configured.about };
  const [first] = signal.assets;
  if (first) {
    const names = signal.assets.slice(0, MAX_KEYED_ASSETS).map((asset) => `asset:${name(asset)}`);
    return { keys: [...new Set(names)], about: `about ${first.name}` };
  }
  const hint = hintKey(signal);
  if (hint) return { keys: [hint], about: `for this group of ${signal.source}` };
  return { keys: [`alert:${signal.source}:${signal.dedupKey}`], about: "for this alert" };
}

/** The sender's own idea of what belongs together: a run, an Alertmanager group. */
export function hintKey(signal: AlertSignal): string | null {
  return signal.groupHint ? `group:${signal.source}:${signal.groupHint}` : null;
}

/** An open incident that lineage ties an alert to, and how. */
export type Kinship = { incident: string; relation: Relation };

function kinReason({ incident, relation: { kind, asset, steps } }: Kinship): string {
  const far = steps === 1 ? "1 step" : `${steps} steps`;
  switch (kind) {
    case "downstream":
      return `${far} downstream of ${asset.name}, which ${incident} is about`;
    case "upstream":
      return `${far} upstream of ${asset.name}, which ${incident} is about: the likely origin`;
    case "sibling":
      return `fails as ${asset.name} does, which reads from the same and which ${incident} is about`;
    default:
      return kind satisfies never;
  }
}

/** Why an alert that fires in an open incident is no news there. */
export function stillFiring(incident: string): string {
  return `still firing in ${incident}`;
}

/** What is known where a signal comes in. */
export type Situation = {
  alert: KnownAlert | null;
  /** Whether it is held back: to the incidents it does not fire yet. */
  isHeld: boolean;
  /** Whether the alert's incident is still worked on. */
  incidentOpen: boolean;
  group: KnownGroup;
  /** What the group is about, in words. */
  about: string;
  /** An open incident that lineage ties it to. */
  kin: Kinship | null;
  /** When its data was last proven right in its open incident, where it was, though the alert did not pass. */
  provenAt: string | null;
};

/** Decides what becomes of one signal. Pure: `now` is when it came, `reopenWithinMs` the configured window. */
export function place(
  signal: AlertSignal,
  situation: Situation,
  now: string,
  reopenWithinMs: number,
): Placement {
  const reason = outdated(signal, situation.alert, now);
  if (reason !== null) return { to: "ignore", reason };
  if (signal.status === "resolved") return placeResolved(situation);
  const { alert, isHeld } = situation;
  const told = alert && isHeld ? { ...alert, status: "resolved" as const } : alert;
  return placeFiring(signal, { ...situation, alert: told }, now, reopenWithinMs);
}

/** As long as one message of a sender may be overtaken by the next: Alertmanager's `group_interval`. */
const LATE_MS = 5 * 60_000;

/**
 * Why a signal is older than what is known of its alert; null where it is not. Who says only since when it fires repeats
 * that: soon after the end it is a late repeat; later on it fires still, and the end was none (Alertmanager ends what it
 * is not told of for a while).
 */
export function outdated(signal: AlertSignal, alert: KnownAlert | null, now: string): string | null {
  const { status, observedAt, startsAt } = signal;
  if (!alert?.observedAt) return null;
  if (observedAt)
    return observedAt < alert.observedAt
      ? `older (${observedAt}) than what is already recorded (${alert.observedAt})`
      : null;
  const repeats =
    status === "firing" && alert.status === "resolved" && startsAt !== null && startsAt < alert.observedAt;
  return repeats && Date.parse(now) - Date.parse(alert.lastSeenAt) < LATE_MS
    ? `a late repeat of what fired since ${startsAt} and was over at ${alert.observedAt}`
    : null;
}

function placeResolved({ alert, incidentOpen }: Situation): Placement {
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
  { alert, incidentOpen, group, about, kin, provenAt }: Situation,
  now: string,
  reopenWithinMs: number,
): Placement {
  if (alert?.incident && incidentOpen) {
    const { incident } = alert;
    if (alert.status !== "firing") return { to: "attach", incident, reason: `fires again in ${incident}` };
    // A repeat of what failed before the data was proven says nothing of it; a later failure does.
    if (provenAt !== null && (signal.startsAt ?? signal.observedAt ?? now) > provenAt)
      return { to: "attach", incident, reason: "it failed again after its data was verified" };
    return { to: "duplicate", incident, reason: stillFiring(incident) };
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
  if (group.open) return { to: "attach", incident: group.open, reason: `${group.open} is open ${about}` };
  if (kin) return { to: "attach", incident: kin.incident, reason: kinReason(kin), relation: kin.relation };
  if (group.resolved) {
    // A clock that was set back may put the end later than now.
    const agoMs = Math.max(0, Date.parse(now) - Date.parse(group.resolved.at));
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
