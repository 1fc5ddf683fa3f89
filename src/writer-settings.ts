import { hash } from "node:crypto";
import manifest from "../package.json" with { type: "json" };
import type { Config } from "./config.ts";
import type { PathRule } from "./core/correlate/touched.ts";
import type { RunbookOutline } from "./core/runbook/outline.ts";
import type { Retention } from "./engine/retention.ts";
import type { Start } from "./store/start.ts";

/** What the writer needs, as plain data: it crosses a thread. */
export type WriterSettings = {
  database: Config["database"];
  /** Where incidents open: a channel id. */
  channel: string;
  reopenWithinMs: number;
  closeAfterMs: number;
  /** Grouping of breakwater.yaml, as it was validated; its matchers are compiled in the writer's thread. */
  grouping: unknown;
  pathRules: PathRule[];
  /** Routes, tiers, maintenance windows and inhibition rules, likewise. */
  routing: Config["routing"];
  /** What says when a runbook fits; its steps are nothing to the writer. */
  runbooks: RunbookOutline[];
  /** How long traces are kept; for ever where it is left out. */
  retention?: Retention;
  /** What starts: its version, and a hash of each setting, for the audit log. A replay is no start, and holds nothing. */
  start?: Start;
};

/** Where incidents open unless something else is configured. */
export const DEFAULT_CHANNEL = "#data-incidents";

/** The one place where what is configured is passed on to the writer, for the bot and for a replay alike. */
export function writerSettings(config: Config, runbooks: readonly RunbookOutline[]): WriterSettings {
  const { database, channel, reopenWithinMs, closeAfterMs, grouping, pathRules, routing, retention } = config;
  return {
    database,
    retention,
    channel: channel ?? DEFAULT_CHANNEL,
    reopenWithinMs,
    closeAfterMs,
    grouping,
    pathRules,
    routing,
    runbooks: runbooks.map(({ slug, title, match }) => ({ slug, title, match })),
  };
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
