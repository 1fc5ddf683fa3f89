import { hash } from "node:crypto";
import manifest from "../../package.json" with { type: "json" };
import type { Config } from "../config.ts";
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

/**
 * A hash of each setting, by which a change of it is seen; of what is secret only that it is there, and for whom.
 */
export function startOf(config: Config): Start {
  const { slack, apiTokens, sourceSecrets, database, openSources, ...rest } = config;
  const plain = {
    ...rest,
    slack: slack && { mode: slack.mode.type, apiUrl: slack.apiUrl },
    apiTokens: apiTokens.length,
    sourceSecrets: [...sourceSecrets].map(([name, secrets]) => `${name} ${secrets.length}`).sort(),
    openSources: [...openSources].sort(),
    database: database.type === "sqlite" ? database.path : database.type,
  };
  const hashes = Object.entries(plain).map(([key, value]) => [
    key,
    hash("sha256", JSON.stringify(value) ?? "").slice(0, 12),
  ]);
  return { version: manifest.version, settings: Object.fromEntries(hashes) };
}
