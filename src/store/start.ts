import { appendAct, lastAct } from "./audit.ts";
import type { Database } from "./open.ts";

/** The version that starts, and a hash of each of its settings. */
export type Start = { version: string; settings: Record<string, string> };

/** A start, and before it which settings are not as they were at the last one. */
export async function recordStart(db: Database, { version, settings }: Start): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const before = (await lastAct(trx, "started"))?.details as Start | undefined;
    const known = new Set([...Object.keys(settings), ...Object.keys(before?.settings ?? {})]);
    const changed = [...known].filter((key) => before?.settings[key] !== settings[key]).sort();
    if (before && changed.length > 0)
      await appendAct(trx, { act: "config_changed", by: "bot", details: { changed } });
    await appendAct(trx, { act: "started", by: "bot", details: { version, settings } });
  });
}
