import type { Asset } from "../core/signal/asset.ts";
import { CHANGE_LIMITS, type ChangeSignal } from "../core/signal/change.ts";
import { cleanJson, cleanLine, cleanText } from "../core/signal/text.ts";
import { keepAssets, keepInstant, keepLabels, keepLinks, required, shorten } from "./draft.ts";

/** A change as a source reads it, with the sender's values as they came; `finishChange` makes it fit to keep. */
export type ChangeDraft = {
  source: string;
  dedupKey: string;
  deliveryId?: string | null;
  kind: ChangeSignal["kind"];
  status: ChangeSignal["status"];
  title: string;
  description?: string | null;
  actor?: string | null;
  repository?: string | null;
  revision?: string | null;
  environment?: string | null;
  paths?: string[];
  assets?: (Asset | null)[];
  labels?: Record<string, unknown>;
  links?: { title: string; url: unknown }[];
  startedAt?: unknown;
  endedAt?: unknown;
  warnings?: string[];
  raw: unknown;
};

/** What `finishAlert` is for alerts: cuts, cleans and normalises; what has to be left out is said in `warnings`. */
export function finishChange(draft: ChangeDraft, receivedAt: string): ChangeSignal {
  const warnings = [...(draft.warnings ?? [])];
  const line = (value: string | null | undefined, limit: number) => cleanLine(value ?? "", limit) || null;
  const change: ChangeSignal = {
    source: draft.source,
    dedupKey: required("dedup_key", shorten(draft.dedupKey, 1000)),
    deliveryId: draft.deliveryId ? shorten(draft.deliveryId, 500) || null : null,
    kind: draft.kind,
    status: draft.status,
    title: required("title", cleanLine(draft.title, 300)),
    description: cleanText(draft.description?.trim() ?? "", 4000) || null,
    actor: line(draft.actor, 200),
    repository: line(draft.repository, 300),
    revision: line(draft.revision, 200),
    environment: line(draft.environment, 200),
    paths: keepPaths(draft.paths ?? [], warnings),
    assets: keepAssets(draft.assets ?? [], "assets", warnings),
    labels: keepLabels(draft.labels ?? {}, warnings),
    links: keepLinks(draft.links ?? [], warnings),
    startedAt: keepInstant(draft.startedAt, "start", receivedAt, warnings),
    endedAt: keepInstant(draft.endedAt, "end", receivedAt, warnings),
    warnings: [],
    raw: cleanJson(draft.raw),
  };
  return { ...change, warnings: [...new Set(warnings)].slice(0, 50).map((each) => cleanText(each, 500)) };
}

function keepPaths(paths: string[], warnings: string[]): string[] {
  const kept = [...new Set(paths.map((path) => cleanLine(path, CHANGE_LIMITS.path)))].filter(Boolean);
  if (kept.length > CHANGE_LIMITS.paths) {
    warnings.push(`Only the first ${CHANGE_LIMITS.paths} of ${kept.length} paths were kept.`);
  }
  return kept.slice(0, CHANGE_LIMITS.paths);
}
