import {
  countInCycles,
  type DocumentDraft,
  draftDocument,
  LINEAGE_LIMITS,
  type LineageAssetDraft,
  type LineageDocument,
  type LineageKind,
} from "../core/correlate/lineage-document.ts";
import { Refusal } from "../core/refusal.ts";
import {
  type DbtManifest,
  datasetOf,
  dbtManifest,
  dependencies,
  isDataset,
  isTest,
  ownerOf,
  resourceType,
  testedNodes,
} from "./dbt-manifest.ts";
import { invalid, keepInstant } from "./draft.ts";
import { field, type JsonObject, list, object, text, textAt } from "./json.ts";

/** The document, and what of the input it leaves out. */
export type LineageReading = { document: LineageDocument; warnings: string[] };

/**
 * What the sender says beside the manifest. `namespace` is where the tables live, as for alerts; with `project` and
 * `target` one project may be stated once for each of its environments.
 */
export type DbtLineageOptions = {
  namespace: string | null;
  project: string | null;
  target: string | null;
  receivedAt: string;
};

/** The maps of the manifest that hold assets, and what stands in the dependencies of others on the way to one. */
const ASSET_MAPS = ["sources", "nodes", "semantic_models", "metrics", "saved_queries", "exposures"];

const KINDS: Record<string, LineageKind> = {
  model: "model",
  source: "source",
  seed: "seed",
  snapshot: "snapshot",
  semantic_model: "metric",
  metric: "metric",
  saved_query: "metric",
  exposure: "exposure",
};

/**
 * dbt's manifest.json (https://docs.getdbt.com/reference/artifacts/manifest-json), whole or slimmed, as lineage. Tables
 * are named as the alerts of dbt name them. What has no table (exposures, metrics) is `dbt` + its unique id. Ephemeral
 * models stay in it: lineage leads through them, and their tests speak of them. Disabled nodes, analyses, operations and
 * tests are not in it; each asset lists the tests that watch it.
 */
export function readDbtLineage(body: unknown, options: DbtLineageOptions): LineageReading {
  const content = contentOf(body);
  const manifest = dbtManifest(content, options.namespace);
  const nodes = assetNodes(content);
  const draft = draftDocument();
  const handles = new Map<string, number>();
  for (const [uniqueId, node] of nodes) {
    const handle = draft.add(assetOf(manifest, uniqueId, node));
    if (handle !== null) handles.set(uniqueId, handle);
    bound("assets", draft.assetCount);
  }
  const dangling = linkNodes(draft, content, nodes, handles);
  watchNodes(draft, content, handles);
  const warnings: string[] = [];
  const document = draft.finish({
    provider: "dbt",
    key: keyOf(content, nodes, options),
    at: keepInstant(field(content, "metadata", "generated_at"), "manifest", options.receivedAt, warnings),
  });
  return { document, warnings: [...warnings, ...warningsOf(manifest, draft, document, dangling)] };
}

function contentOf(body: unknown): JsonObject {
  for (const content of [object(body), object(field(body, "manifest"))]) {
    if (content && (object(content.nodes) || object(content.sources))) return content;
  }
  throw invalid("This is no dbt manifest. Send target/manifest.json as it is.", [
    { path: "nodes", message: "must be the map of nodes of manifest.json" },
  ]);
}

function assetNodes(content: JsonObject): Map<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const name of ASSET_MAPS) {
    const map = object(content[name]) ?? {};
    for (const uniqueId of Object.keys(map)) {
      const node = object(map[uniqueId]);
      if (node === null || !Object.hasOwn(KINDS, resourceType(uniqueId))) continue;
      // `enabled: false` puts a node into `disabled`; slimmed manifests may have kept it where it was.
      if (field(node, "config", "enabled") !== false) found.set(uniqueId, node);
    }
  }
  return found;
}

function assetOf(manifest: DbtManifest, uniqueId: string, node: JsonObject): LineageAssetDraft {
  const isExposure = resourceType(uniqueId) === "exposure";
  const dataset = isDataset(uniqueId) ? datasetOf(manifest, uniqueId, null) : null;
  return {
    ...(dataset ?? { namespace: "dbt", name: uniqueId }),
    kind: KINDS[resourceType(uniqueId)]!,
    title: textAt(node, "label") ?? textAt(node, "name") ?? uniqueId.split(".").at(-1)!,
    type: textAt(node, "type") ?? textAt(node, "config", "materialized"),
    owner: ownerOf(manifest, node),
    ownerEmail: emailOf(manifest, node),
    group: textAt(node, "group") ?? textAt(node, "config", "group"),
    tags: texts(field(node, "tags")).concat(texts(field(node, "config", "tags"))),
    tier: tierOf(node),
    maturity: isExposure ? textAt(node, "maturity") : null,
    description: textAt(node, "description"),
    url: isExposure ? textAt(node, "url") : null,
    paths: [textAt(node, "original_file_path"), withoutPackage(textAt(node, "patch_path"))],
  };
}

/** Tags and addresses may be one text or a list of them. */
function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map(text).filter((each) => each !== null);
}

/** `shop://models/schema.yml` is `models/schema.yml` in the package `shop`. */
function withoutPackage(patchPath: string | null): string | null {
  return patchPath?.replace(/^[^/]*:\/\//, "") ?? null;
}

/** The address of the owner whom `ownerOf` names: of the first place that says anything. */
function emailOf(manifest: DbtManifest, node: JsonObject): string | null {
  const group = manifest.node(`group.${textAt(node, "package_name")}.${textAt(node, "group")}`);
  const owner = [
    field(node, "config", "meta", "owner"),
    field(node, "meta", "owner"),
    field(node, "owner"),
    field(group, "owner"),
  ].find((each) => text(each) ?? (object(each) || list(each).length > 0));
  return texts(field(owner, "email"))[0] ?? texts(owner).find((each) => /^\S+@\S+$/.test(each)) ?? null;
}

function tierOf(node: JsonObject): string | null {
  const places = [field(node, "config", "meta"), field(node, "meta"), field(node, "source_meta")];
  const said = places.flatMap((meta) => [textAt(meta, "tier"), textAt(meta, "criticality")]);
  return said.find((each) => each !== null) ?? null;
}

/** Adds the edges; answers the references that lead nowhere. */
function linkNodes(
  draft: DocumentDraft,
  content: JsonObject,
  nodes: Map<string, JsonObject>,
  handles: Map<string, number>,
): string[] {
  const dangling = new Set<string>();
  for (const [uniqueId, node] of nodes) {
    const to = handles.get(uniqueId);
    if (to === undefined) continue;
    for (const parent of parentsOf(content, uniqueId, node)) {
      const from = handles.get(parent);
      if (from !== undefined) draft.link(from, to);
      // A model may depend on an operation or analysis, which is no asset; only what should be one is missed.
      else if (Object.hasOwn(KINDS, resourceType(parent))) dangling.add(parent);
    }
    bound("edges", draft.edgeCount);
  }
  return [...dangling];
}

/** A slimmed manifest may have kept `parent_map` in place of each node's `depends_on`. */
function parentsOf(content: JsonObject, uniqueId: string, node: JsonObject): string[] {
  const read = dependencies(node);
  return read.length > 0 ? read : texts(field(content, "parent_map", uniqueId));
}

function watchNodes(draft: DocumentDraft, content: JsonObject, handles: Map<string, number>): void {
  for (const map of [object(content.nodes), object(content.unit_tests)]) {
    for (const uniqueId of Object.keys(map ?? {})) {
      if (!isTest(uniqueId)) continue;
      for (const tested of testedNodes(object(map![uniqueId]))) {
        const handle = handles.get(tested);
        if (handle !== undefined) draft.watch(handle, uniqueId);
      }
    }
  }
}

/** Before dbt 1.6 a manifest does not name its project: then it is the package of most of its models. */
function keyOf(content: JsonObject, nodes: Map<string, JsonObject>, options: DbtLineageOptions): string {
  const project = options.project ?? textAt(content, "metadata", "project_name") ?? commonPackage(nodes);
  const key = options.target === null ? project : `${project}/${options.target}`;
  return key.slice(0, LINEAGE_LIMITS.key);
}

function commonPackage(nodes: Map<string, JsonObject>): string {
  const counts = new Map<string, number>();
  for (const uniqueId of nodes.keys()) {
    const [type, name] = uniqueId.split(".");
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + (type === "model" ? 1000 : 1));
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  if (most === undefined || most[0] === "") {
    throw invalid("The manifest names no project, and no node from which to tell it: send ?project=.", [
      { path: "metadata.project_name", message: "is required where there are no nodes" },
    ]);
  }
  return most[0];
}

function bound(what: "assets" | "edges", count: number): void {
  if (count <= LINEAGE_LIMITS[what]) return;
  throw new Refusal(
    "too_large",
    `The manifest has more than ${LINEAGE_LIMITS[what]} ${what}: send it in parts, one project each.`,
  );
}

function warningsOf(
  manifest: DbtManifest,
  draft: DocumentDraft,
  document: LineageDocument,
  dangling: string[],
): string[] {
  const warnings: string[] = [];
  if (!manifest.placed) {
    warnings.push(
      "The manifest has no metadata.adapter_type, so its tables are named under `dbt`: send ?namespace= with it.",
    );
  }
  if (draft.unnamed > 0)
    warnings.push(`${draft.unnamed} nodes were left out: their names are empty or too long.`);
  if (dangling.length > 0) {
    const shown = dangling.slice(0, 3).map((id) => id.slice(0, 100));
    warnings.push(`${dangling.length} nodes that others read are not in the manifest: ${shown.join(", ")}.`);
  }
  const cycling = countInCycles(document);
  if (cycling > 0)
    warnings.push(`${cycling} assets are in or between cycles: up- and downstream are the same there.`);
  return warnings;
}
