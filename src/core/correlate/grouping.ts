import { z } from "zod";
import { durationBetween } from "../duration.ts";
import { type AlertSignal, clip } from "../signal/alert.ts";
import { type Matchable, matchable } from "./matcher.ts";
import { Match } from "./matcher-yaml.ts";
import { Flapping } from "./recurrence.ts";

/** Fields of an alert that are the same for all alerts of a group; any other name is a label's. */
const GROUP_FIELDS = ["asset", "namespace", "source", "severity", "title", "team"] as const;

export const GroupingKey = z.strictObject({
  match: Match,
  by: z
    .array(
      z
        .string("write asset, source, team or a label's name")
        .min(1, "write asset, source, team or a label's name"),
      "write a list, such as [labels.dag_id] or [source, team]",
    )
    .min(1, "is empty; write what alerts of a group have in common, such as [labels.dag_id]"),
});
export type GroupingKey = z.infer<typeof GroupingKey>;

/** `grouping` of breakwater.yaml; all of it may be left out. */
export const Grouping = z.strictObject({
  /** How long a new incident waits before its first message, so that a storm is one. */
  wait: durationBetween("0s", "10m").prefault("5s"),
  /** How long after an alert others may still join for what they have in common. */
  window: durationBetween("1m", "48h").prefault("6h"),
  /** Whether each alert that joins begins the window anew, or only the first counts. */
  windowKind: z.enum(["rolling", "fixed"], "write rolling or fixed").default("rolling"),
  lineage: z.boolean("write true or false").default(true),
  /** How many steps of lineage may lie between two alerts of an incident. */
  maxSteps: z
    .int("write a number of steps, such as 10")
    .min(1, "write 1 or more")
    .max(1000, "write 1000 or fewer")
    .default(20),
  /** Which incidents an alert upstream of several makes one: those nobody has acknowledged, all, or none. */
  merge: z
    .enum(["unacknowledged", "always", "never"], "write unacknowledged, always or never")
    .default("unacknowledged"),
  keys: z.array(GroupingKey, "write a list of keys, each starting with a dash").default([]),
  /** When an alert that comes and goes is held in its incident. */
  flapping: Flapping.prefault({}),
});
export type Grouping = z.infer<typeof Grouping>;

/**
 * The key under which the rules group an alert, and what it is about in words: of the first rule that fits and whose
 * fields the alert all has. Lacking one says nothing, or all alerts that lack it would be one group. null where no rule
 * says anything.
 */
export function configuredKey(
  alert: AlertSignal,
  keys: readonly GroupingKey[],
  subject: Matchable = matchable(alert),
): { key: string; about: string } | null {
  for (const { match, by } of keys) {
    if (!match.try(subject).fits) continue;
    const parts = [...new Set(by)].map((name) => ({ name, value: readField(subject, name) }));
    if (parts.some(({ value }) => value === null)) continue;
    const about = parts.map(
      ({ name, value }) => `${name.replace(/^labels\./, "")} ${clip(value!.shown, 80)}`,
    );
    return {
      key: `by:${JSON.stringify(parts.map(({ name, value }) => [name, value!.key]))}`,
      about: `for ${about.join(", ")}`,
    };
  }
  return null;
}

function readField(alert: Matchable, name: string): { key: string; shown: string } | null {
  const plain = (value: string | undefined) =>
    value === undefined || value === "" ? null : { key: value, shown: value };
  const field = GROUP_FIELDS.find((each) => each === name);
  switch (field) {
    case undefined: {
      const label = name.startsWith("labels.") ? name.slice("labels.".length) : name;
      return Object.hasOwn(alert.labels, label) ? plain(alert.labels[label]) : null;
    }
    case "asset": {
      const [first] = alert.assets;
      return first ? { key: first.key, shown: first.asset.name } : null;
    }
    case "namespace":
      return plain(alert.assets[0]?.asset.namespace);
    case "team":
      return plain(alert.teams[0]);
    case "source":
    case "severity":
    case "title":
      return plain(alert[field]);
    default:
      return field satisfies never;
  }
}
