import type { Asset } from "../core/signal/asset.ts";
import { datasetFromParts, datasetFromRelation, platformNamespace } from "../core/signal/dataset.ts";
import { field, type JsonObject, list, object, text, textAt } from "./json.ts";

/**
 * A view of dbt's manifest.json (https://docs.getdbt.com/reference/artifacts/manifest-json), which can be tens of MB:
 * nodes are looked up when asked for and never copied or checked as a whole. Without a manifest every look-up answers
 * null, and assets are named by what run_results.json itself says.
 */
export type DbtManifest = {
  /** Where this project's tables live; `dbt` where nobody says, and `placed` is false then. */
  namespace: string;
  placed: boolean;
  node(uniqueId: string): JsonObject | null;
  /** The nodes that read each node, by unique id; empty without a manifest. */
  children(): Map<string, string[]>;
};

/** The maps of the manifest that hold what can have a result, what a result is about, and who owns it. */
const NODE_MAPS = ["nodes", "sources", "unit_tests", "saved_queries", "exposures", "groups"];

export function dbtManifest(manifest: unknown, namespace: string | null): DbtManifest {
  const adapter = textAt(manifest, "metadata", "adapter_type");
  const maps = NODE_MAPS.map((name) => object(field(manifest, name))).filter((map) => map !== null);
  let children: Map<string, string[]> | null = null;
  return {
    namespace: namespace ?? (adapter === null ? "dbt" : platformNamespace(adapter)),
    placed: namespace !== null || adapter !== null,
    node: (uniqueId) =>
      object(
        field(
          maps.find((map) => Object.hasOwn(map, uniqueId)),
          uniqueId,
        ),
      ),
    children: () => (children ??= childrenOf(maps)),
  };
}

/** The manifest has a `child_map`, but a slimmed one may not, while `depends_on` is always kept. */
function childrenOf(maps: JsonObject[]): Map<string, string[]> {
  const children = new Map<string, string[]>();
  for (const map of maps) {
    for (const uniqueId of Object.keys(map)) {
      for (const parent of dependencies(object(map[uniqueId]))) {
        const known = children.get(parent);
        if (known) known.push(uniqueId);
        else children.set(parent, [uniqueId]);
      }
    }
  }
  return children;
}

/** The unique ids that a node reads. */
export function dependencies(node: JsonObject | null): string[] {
  return list(field(node, "depends_on", "nodes")).filter((id) => typeof id === "string");
}

/** What is between dots in front of a unique id: `model`, `test`, `source`, `unit_test`, … */
export function resourceType(uniqueId: string): string {
  return uniqueId.split(".", 1)[0]!;
}

export function isTest(uniqueId: string): boolean {
  return ["test", "unit_test"].includes(resourceType(uniqueId));
}

/** What stands in the warehouse, and so can be broken or go stale. */
export function isDataset(uniqueId: string): boolean {
  return ["model", "seed", "snapshot", "source"].includes(resourceType(uniqueId));
}

/**
 * The table of a node. dbt writes `relation_name` as SQL would; where it is missing the parts stand beside it. Without
 * either (run_results.json alone, before dbt 1.8) the asset is the node itself.
 */
export function datasetOf(
  manifest: DbtManifest,
  uniqueId: string,
  relationName: string | null,
): Asset | null {
  if (!isDataset(uniqueId)) return null;
  const node = manifest.node(uniqueId);
  const relation = textAt(node, "relation_name") ?? relationName;
  if (relation !== null) return datasetFromRelation(manifest.namespace, relation);
  const table = textAt(node, "alias") ?? textAt(node, "identifier") ?? textAt(node, "name");
  if (node === null || table === null) return { namespace: "dbt", name: uniqueId };
  return datasetFromParts(manifest.namespace, [textAt(node, "database"), textAt(node, "schema"), table]);
}

/**
 * The unique ids of what a test tests. A generic test is attached to one node, even where it reads a second (as
 * `relationships` does), and so is a unit test; older manifests say so only in the test's arguments. A singular test
 * is about all it reads.
 */
export function testedNodes(test: JsonObject | null): string[] {
  const read = dependencies(test);
  if (read.length < 2) return read;
  const attached = textAt(test, "attached_node") ?? textAt(test, "tested_node_unique_id");
  if (attached !== null) return [attached];
  const argument = textAt(test, "test_metadata", "kwargs", "model");
  const named = argument === null ? null : /(?:ref|source)\(([^()]{1,500})\)/.exec(argument)?.[1];
  const names = [...(named ?? "").matchAll(/['"]([^'"]{1,200})['"]/g)].map((match) => match[1]);
  const tail = `.${names.join(".")}`;
  const argumentNodes = names.length === 0 ? [] : read.filter((id) => id.endsWith(tail));
  return argumentNodes.length > 0 ? argumentNodes : read;
}

/** Who owns a node, by its own `meta.owner`, that of its config, or its group. */
export function ownerOf(manifest: DbtManifest, node: JsonObject | null): string | null {
  const group = manifest.node(`group.${textAt(node, "package_name")}.${textAt(node, "group")}`);
  const candidates = [
    field(node, "config", "meta", "owner"),
    field(node, "meta", "owner"),
    field(node, "owner"),
    field(group, "owner"),
  ];
  for (const owner of candidates) {
    const said = Array.isArray(owner)
      ? owner.map(text).filter(Boolean).join(", ")
      : (text(owner) ?? textAt(owner, "name") ?? textAt(owner, "email"));
    if (said) return said;
  }
  return null;
}

/** The few fields of a node that are worth keeping with an alert. */
const KEPT = [
  "unique_id",
  "name",
  "alias",
  "database",
  "schema",
  "relation_name",
  "original_file_path",
  "compiled_path",
  "column_name",
  "attached_node",
  "group",
  "tags",
];

export function slimNode(node: JsonObject | null): JsonObject | null {
  if (node === null) return null;
  const kept = KEPT.filter((name) => Object.hasOwn(node, name)).map((name) => [name, node[name]]);
  return { ...Object.fromEntries(kept), depends_on: dependencies(node) };
}
