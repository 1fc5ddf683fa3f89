import { later } from "../core/duration.ts";
import { readInstant } from "../core/signal/instant.ts";
import { field, type JsonObject, object, textAt } from "./json.ts";

/**
 * How old data are, as sources.json tells it of sources (https://docs.getdbt.com/reference/artifacts/sources-json) and
 * freshness.json of dbt 2 of sources and models.
 */

const VERBS: Record<string, string> = { pass: "is fresh", warn: "is getting stale", error: "is stale" };

/** Whether a result is about the age of data and not about a run: the same model may have one of each. */
export function isFreshness(result: JsonObject): boolean {
  return textAt(result, "snapshotted_at") !== null || textAt(result, "max_loaded_at") !== null;
}

export function freshnessVerb(status: string): string | null {
  return Object.hasOwn(VERBS, status) ? VERBS[status]! : null;
}

/** Of a stale source dbt gives no message, only the times. */
export function ageOf(result: JsonObject): string | null {
  const loaded = textAt(result, "max_loaded_at");
  if (loaded === null) return null;
  const hours = Number(field(result, "max_loaded_at_time_ago_in_s") ?? Number.NaN) / 3600;
  return `Last loaded at ${loaded}${Number.isFinite(hours) ? ` (${hours.toFixed(1)} hours before the check)` : ""}`;
}

const UNIT_MS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** When the threshold of a stale source passed, which is since when it is broken; null where that is not said. */
export function staleSince(result: JsonObject, status: string, receivedAt: string): string | null {
  const threshold = field(result, "criteria", status === "warn" ? "warn_after" : "error_after");
  const period = textAt(threshold, "period")?.toLowerCase() ?? "";
  const count = Number(field(threshold, "count") ?? Number.NaN);
  const loaded = readInstant(field(result, "max_loaded_at"), receivedAt).at;
  if (loaded === null || !Object.hasOwn(UNIT_MS, period) || !(count > 0 && count < 10_000)) return null;
  return later(loaded, count * UNIT_MS[period]!);
}

/** Up to dbt 0.18, sources.json had its results by unique id, and `state` for `status`. Null for another file. */
export function withResultList(file: JsonObject | null): JsonObject | null {
  const checked = Object.entries(object(file?.sources) ?? {}).filter(
    ([, said]) => textAt(said, "state") !== null,
  );
  if (checked.length === 0) return null;
  const results = checked.map(([id, said]) => ({
    ...object(said),
    unique_id: id,
    status: field(said, "state"),
  }));
  return { metadata: field(file, "meta"), results };
}
