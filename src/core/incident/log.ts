import { createHash } from "node:crypto";
import type { Asset } from "../signal/asset.ts";
import type { Asked } from "./command.ts";
import { EventBody, type NewEvent, type RecordedEvent } from "./events.ts";

/** JSON with sorted keys: the same value gives the same bytes, whatever order it was built or parsed in. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const fields = Object.entries(value).filter(([, v]) => v !== undefined);
    return `{${fields
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`)
      .join(",")}}`;
  }
  return JSON.stringify(value);
}

/** SHA-256 over the hash before and everything of the event: a changed, lost or swapped entry breaks the chain. */
function hashEvent(previous: string, event: Omit<RecordedEvent, "hash">): string {
  return createHash("sha256")
    .update(`${previous}\n${canonicalJson(event)}`)
    .digest("hex");
}

/**
 * Turns decided events into log entries that continue the incident's chain. Bodies are parsed as they will be when they
 * are read back: a field too many would break the chain, and a wrong one the reading of the whole log.
 */
export function record(
  incident: string,
  tail: { version: number; hash: string },
  decided: NewEvent[],
  asked: Asked,
): RecordedEvent[] {
  let { version, hash } = tail;
  return decided.map((event) => {
    const entry = {
      incident,
      seq: ++version,
      at: event.at ?? asked.now,
      recordedAt: asked.now,
      actor: event.actor ?? asked.actor,
      via: event.via ?? asked.via,
      permalink: event.permalink === undefined ? asked.permalink : event.permalink,
      body: EventBody.parse(event.body),
    };
    hash = hashEvent(hash, entry);
    return { ...entry, hash };
  });
}

/** Where a chain first breaks (a sequence number), or null when it is whole. */
export function brokenAt(events: RecordedEvent[]): number | null {
  let previous = "";
  for (const [index, { hash, ...entry }] of events.entries()) {
    if (entry.seq !== index + 1 || hashEvent(previous, entry) !== hash) return index + 1;
    previous = hash;
  }
  return null;
}

/** The assets whose state an event changes; `"all"` where it moves a clock they share. */
export function touchedAssets(body: EventBody): Asset[] | "all" {
  switch (body.type) {
    case "alert_attached":
      return [...body.assets, ...body.impacted];
    case "alert_refired":
    case "alert_resolved":
    case "absorbed":
    case "alerts_received":
      return body.assets;
    case "alerts_moved":
      return [...body.alerts.flatMap((alert) => alert.assets), ...body.released];
    case "asset_added":
    case "asset_recovering":
    case "asset_verified":
    case "asset_waived":
      return [body.asset];
    case "started_at_set":
      return "all";
    default:
      return [];
  }
}
