import { assetId } from "../signal/asset.ts";
import {
  type DocumentDraft,
  draftDocument,
  type LineageAsset,
  type LineageDocument,
} from "./lineage-document.ts";

/**
 * What a sender states of lineage at one time. A dbt project or a file of people is stated whole (`complete`, no run). An
 * OpenLineage job says its datasets event by event: to be merged with what was known of it; see `mergeJobDocument`.
 */
export type LineageStatement = {
  document: LineageDocument;
  run: string | null;
  complete: boolean;
  warnings: string[];
};

/**
 * What is known of a job after another statement. An event may say less than the one before it (a FAIL has often no
 * outputs), so within a run statements add up, and on top of what was known before. Only a run that has completed, and
 * has stated both inputs and outputs, replaces what earlier runs said and it did not. A late statement of an earlier
 * run than the one under way changes nothing.
 *
 * Keep the answer even where `documentHash` says that it states the same: it knows what the run under way has stated.
 */
export function mergeJobDocument(before: LineageDocument | null, after: LineageStatement): LineageDocument {
  const stated = after.document;
  const run = after.run ?? undefined;
  if (before === null) return { ...stated, run, statedEdges: [...stated.edges.keys()] };
  const sameRun = after.run !== null && before.run === after.run;
  if (!sameRun && before.at !== null && stated.at !== null && stated.at < before.at) return before;
  const draft = unionDraft(before, stated);
  const at = later(before.at, stated.at);
  const union = draft.finish({ provider: "openlineage", key: stated.key, at });
  const byNow = edgeNames(stated, stated.edges.keys());
  if (sameRun) for (const edge of edgeNames(before, before.statedEdges ?? [])) byNow.add(edge);
  const names = edgeList(union);
  const statedEdges = [...names.keys()].filter((edge) => byNow.has(names[edge]!));
  const merged: LineageDocument = { ...union, run, statedEdges };
  return after.complete && statesBothSides(merged) ? onlyStated(merged) : merged;
}

/** What the later statement says of an asset goes first. */
function unionDraft(before: LineageDocument, stated: LineageDocument): DocumentDraft {
  const draft = draftDocument();
  for (const document of [stated, before]) {
    const handles = document.assets.map((asset) => draft.add(asset));
    for (const [from, to] of document.edges) {
      const [a, b] = [handles[from] ?? null, handles[to] ?? null];
      if (a !== null && b !== null) draft.link(a, b);
    }
  }
  return draft;
}

function later(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}

function edgeList(document: LineageDocument): string[] {
  const ids = document.assets.map(assetId);
  return document.edges.map(([from, to]) => `${ids[from]}\n${ids[to]}`);
}

function edgeNames(document: LineageDocument, edges: Iterable<number>): Set<string> {
  const names = edgeList(document);
  return new Set([...edges].map((edge) => names[edge]!));
}

/** Whether the run under way has stated what its job reads and what it writes. */
function statesBothSides(document: LineageDocument): boolean {
  const isJob = (asset: number) => document.assets[asset]!.kind === "job";
  const edges = (document.statedEdges ?? []).map((edge) => document.edges[edge]!);
  return edges.some(([, to]) => isJob(to)) && edges.some(([from]) => isJob(from));
}

/** Without the edges that the run has not stated, and the assets that no edge is left for. */
function onlyStated(document: LineageDocument): LineageDocument {
  const edges = document.statedEdges!.map((edge) => document.edges[edge]!);
  const used = new Set(edges.flat());
  const kept: LineageAsset[] = [];
  const moved = new Map<number, number>();
  for (const [index, asset] of document.assets.entries()) {
    if (used.has(index)) moved.set(index, kept.push(asset) - 1);
  }
  return {
    ...document,
    assets: kept,
    edges: edges.map(([from, to]): [number, number] => [moved.get(from)!, moved.get(to)!]),
    statedEdges: [...edges.keys()],
  };
}
