import { hash } from "node:crypto";
import { z } from "zod";
import { Asset } from "./asset.ts";

export const ALERT_SEVERITIES = ["critical", "error", "warning", "info"] as const;
export const AlertSeverity = z.enum(ALERT_SEVERITIES);
export type AlertSeverity = z.infer<typeof AlertSeverity>;

/** An instant as the core keeps it: ISO 8601 in UTC with milliseconds, e.g. `2026-11-22T03:10:00.000Z`. */
export const Instant = z.iso.datetime({ precision: 3 });

export const Link = z.object({ title: z.string().min(1).max(200), url: z.url().max(3000) });
export type Link = z.infer<typeof Link>;

/** The limits hold the size of what is stored and shown; an adapter cuts text to them (see `clip`). */
export const ALERT_LIMITS = {
  title: 300,
  description: 4000,
  labels: 100,
  labelValue: 1000,
  assets: 200,
  links: 20,
  dedupKey: 1000,
} as const;

/**
 * What every source is read into: one thing that one tool says is broken, or whole again.
 *
 * - `dedupKey` is the identity of what is broken, stable over runs and retries (a test failing again tomorrow is the
 *   same alert). With `source` it makes the fingerprint.
 * - `deliveryId` is the identity of the message, so that a retried request is no news; null where the sender has none.
 * - `observedAt` is when the sender saw this status; an older one than is already recorded changes nothing.
 * - `assets` are broken themselves, `impacted` are known by the sender to be hurt by it (a skipped downstream model).
 * - `warnings` say which parts of the payload were not understood.
 */
export const AlertSignal = z.object({
  source: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  dedupKey: z.string().min(1).max(ALERT_LIMITS.dedupKey),
  deliveryId: z.string().max(500).nullable(),
  status: z.enum(["firing", "resolved"]),
  severity: AlertSeverity,
  title: z.string().min(1).max(ALERT_LIMITS.title),
  description: z.string().max(ALERT_LIMITS.description).nullable(),
  assets: z.array(Asset).max(ALERT_LIMITS.assets),
  impacted: z.array(Asset).max(ALERT_LIMITS.assets),
  labels: z.record(z.string().min(1).max(200), z.string().max(ALERT_LIMITS.labelValue)),
  links: z.array(Link).max(ALERT_LIMITS.links),
  startsAt: Instant.nullable(),
  endsAt: Instant.nullable(),
  observedAt: Instant.nullable(),
  /** A sender's own idea of what belongs together (Alertmanager's groupKey), used where there is no asset. */
  groupHint: z.string().max(1000).nullable(),
  warnings: z.array(z.string().max(500)).max(50),
  raw: z.unknown(),
});
export type AlertSignal = z.infer<typeof AlertSignal>;

/** A signal as it is written down: its JSON without what the sender sent, and the JSON of that. */
export type SignalText = { text: string; raw: string };

export function writeSignal({ raw, ...signal }: AlertSignal): SignalText {
  return { text: JSON.stringify(signal), raw: JSON.stringify(raw) ?? "null" };
}

/** The whole of it as one JSON object. */
export function joinSignal({ text, raw }: SignalText): string {
  return `${text.slice(0, -1)},"raw":${raw}}`;
}

/** The stable identity of an alert: 16 hex digits of SHA-256 over source and dedup key. */
export function fingerprint(signal: Pick<AlertSignal, "source" | "dedupKey">): string {
  return hash("sha256", `${signal.source}\n${signal.dedupKey}`).slice(0, 16);
}

/** What became of one alert, as the ingest answer names it. */
export const OUTCOMES = [
  "opened",
  "grouped",
  "deduplicated",
  "resolved",
  "silenced",
  "inhibited",
  "ignored",
] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type AlertOutcome = { fingerprint: string; outcome: Outcome; incident: string | null; reason: string };

/** Cuts text to a limit counted in UTF-16 units without splitting a character, marking the cut with an ellipsis. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const cut = text.slice(0, limit - 1);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
