import { createHash } from "node:crypto";
import { z } from "zod";
import { Instant, Link } from "./alert.ts";
import { Asset } from "./asset.ts";

/** What was done: code arriving, code going live, infrastructure applied, a job run, a table's columns altered. */
export const CHANGE_KINDS = [
  "push",
  "merge",
  "release",
  "pipeline",
  "deployment",
  "infrastructure",
  "run",
  "schema",
  "other",
] as const;
export const ChangeKind = z.enum(CHANGE_KINDS);
export type ChangeKind = z.infer<typeof ChangeKind>;

export const CHANGE_STATUSES = ["started", "succeeded", "failed", "cancelled"] as const;
export const ChangeStatus = z.enum(CHANGE_STATUSES);
export type ChangeStatus = z.infer<typeof ChangeStatus>;

export const CHANGE_LIMITS = { paths: 1000, path: 500 } as const;

/**
 * What every change sender is read into: one thing that somebody or something did, which could be the cause of what
 * breaks after it.
 *
 * - `dedupKey` is the identity of the change over all that its sender says of it (a Terraform run that is planned,
 *   applied and completed is one change). With `source` it makes the change's id.
 * - `actor` is who did it, as the sender names them.
 * - `paths` are the files it touched, relative to the repository; `assets` those that the sender itself names. What
 *   assets the paths stand for is looked up where lineage and the rules are known.
 * - `startedAt` and `endedAt` are when it began and when it took effect.
 */
export const ChangeSignal = z.object({
  source: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  dedupKey: z.string().min(1).max(1000),
  deliveryId: z.string().max(500).nullable(),
  kind: ChangeKind,
  status: ChangeStatus,
  title: z.string().min(1).max(300),
  description: z.string().max(4000).nullable(),
  actor: z.string().max(200).nullable(),
  repository: z.string().max(300).nullable(),
  revision: z.string().max(200).nullable(),
  environment: z.string().max(200).nullable(),
  paths: z.array(z.string().min(1).max(CHANGE_LIMITS.path)).max(CHANGE_LIMITS.paths),
  assets: z.array(Asset).max(200),
  labels: z.record(z.string().min(1).max(200), z.string().max(1000)),
  links: z.array(Link).max(20),
  startedAt: Instant.nullable(),
  endedAt: Instant.nullable(),
  warnings: z.array(z.string().max(500)).max(50),
  raw: z.unknown(),
});
export type ChangeSignal = z.infer<typeof ChangeSignal>;

/** The stable identity of a change: 16 hex digits of SHA-256 over source and dedup key. */
export function changeId(change: Pick<ChangeSignal, "source" | "dedupKey">): string {
  return createHash("sha256")
    .update(`change\n${change.source}\n${change.dedupKey}`)
    .digest("hex")
    .slice(0, 16);
}

/** What became of one change, as the ingest answer names it. */
export const CHANGE_OUTCOMES = ["recorded", "updated", "deduplicated"] as const;
export type ChangeOutcome = { id: string; outcome: (typeof CHANGE_OUTCOMES)[number]; reason: string };

/** What is known of a change, over all that its sender said of it. */
export type KnownChange = {
  id: string;
  change: ChangeSignal;
  /** When it took effect as far as is known, else when it began, else when we first heard of it. */
  at: string;
  firstReceivedAt: string;
  lastReceivedAt: string;
};

/**
 * What news of a change makes of what was known. A change that has ended does not begin again, as deliveries come out of
 * order; what one message says (its paths) and the next leaves out is kept.
 */
export function learnChange(
  known: KnownChange | null,
  change: ChangeSignal,
  receivedAt: string,
): { known: KnownChange; outcome: ChangeOutcome } {
  const id = changeId(change);
  if (!known) {
    const at = change.endedAt ?? change.startedAt ?? receivedAt;
    const first = { id, change, at, firstReceivedAt: receivedAt, lastReceivedAt: receivedAt };
    return { known: first, outcome: { id, outcome: "recorded", reason: "not heard of before" } };
  }
  if (change.deliveryId !== null && change.deliveryId === known.change.deliveryId) {
    const reason = `delivery ${change.deliveryId} was received before`;
    return { known, outcome: { id, outcome: "deduplicated", reason } };
  }
  if (change.status === "started" && known.change.status !== "started") {
    const reason = `it has already ended (${known.change.status})`;
    return { known, outcome: { id, outcome: "deduplicated", reason } };
  }
  const before = known.change;
  const merged: ChangeSignal = {
    ...change,
    description: change.description ?? before.description,
    actor: change.actor ?? before.actor,
    repository: change.repository ?? before.repository,
    revision: change.revision ?? before.revision,
    environment: change.environment ?? before.environment,
    paths: [...new Set([...before.paths, ...change.paths])].slice(0, CHANGE_LIMITS.paths),
    assets: change.assets.length > 0 ? change.assets : before.assets,
    links: change.links.length > 0 ? change.links : before.links,
    startedAt: before.startedAt ?? change.startedAt,
    endedAt: change.endedAt ?? before.endedAt,
  };
  const at = merged.endedAt ?? merged.startedAt ?? known.firstReceivedAt;
  if (before.status === change.status && JSON.stringify(before) === JSON.stringify(merged)) {
    return { known, outcome: { id, outcome: "deduplicated", reason: "says nothing new" } };
  }
  return {
    known: { ...known, change: merged, at, lastReceivedAt: receivedAt },
    outcome: { id, outcome: "updated", reason: `${before.status} before, ${change.status} now` },
  };
}
