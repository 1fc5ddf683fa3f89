import {
  type DocumentDraft,
  draftDocument,
  LINEAGE_LIMITS,
  type LineageAssetDraft,
  type LineageKind,
} from "../core/correlate/lineage-document.ts";
import type { LineageStatement } from "../core/correlate/lineage-statement.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";
import { invalid, keepInstant, shorten } from "./draft.ts";
import { field, list, text, textAt } from "./json.ts";

/** As many datasets as one event may name; what is beyond is left out with a warning. */
const MAX_DATASETS = 5000;

/**
 * An OpenLineage event (https://openlineage.io/docs/spec/object-model) as lineage: a RunEvent or JobEvent as the inputs
 * and outputs of its job, which is an asset itself (input → job → output); a DatasetEvent as what is said of its
 * dataset. Null where nothing is stated: for an event without datasets, and for a test, which makes none. Lineage of
 * columns is left out.
 */
export function readOpenLineage(event: unknown, receivedAt: string): LineageStatement | null {
  const warnings: string[] = [];
  const draft = draftDocument();
  const job = field(event, "job");
  const key = job === undefined ? draftDataset(draft, event) : draftJob(draft, event, warnings);
  if (key === null || draft.assetCount === 0) return null;
  const at = keepInstant(field(event, "eventTime"), "event", receivedAt, warnings);
  const type = textAt(event, "eventType")?.toUpperCase() ?? null;
  return {
    document: draft.finish({ provider: "openlineage", key: shorten(key, LINEAGE_LIMITS.key), at }),
    run: textAt(event, "run", "runId")?.slice(0, 500) ?? null,
    // What has no type is no run but a static statement about the job, and whole.
    complete: type === "COMPLETE" || type === null,
    warnings,
  };
}

function draftDataset(draft: DocumentDraft, event: unknown): string | null {
  const dataset = field(event, "dataset");
  const name = nameOf(dataset);
  if (name === null) {
    throw invalid(
      "This is no OpenLineage event: it has neither a job nor a dataset with namespace and name.",
      [{ path: "job", message: "needs namespace and name" }],
    );
  }
  addDataset(draft, dataset, name);
  // Apart from the key of a job, which may have the name of the dataset that it makes.
  return `dataset ${assetId(name)}`;
}

function draftJob(draft: DocumentDraft, event: unknown, warnings: string[]): string | null {
  const job = field(event, "job");
  const name = nameOf(job);
  if (name === null) {
    throw invalid("The event's job has no namespace or name.", [
      { path: "job", message: "needs namespace and name" },
    ]);
  }
  if (textAt(job, "facets", "jobType", "jobType")?.toUpperCase() === "TEST") return null;
  const inputs = datasetsOf(event, "inputs", warnings);
  const outputs = datasetsOf(event, "outputs", warnings);
  if (inputs.length === 0 && outputs.length === 0) return null;
  const handle = draft.add(jobAsset(job, name));
  if (handle === null) return null;
  for (const { dataset, name: each } of inputs) {
    const input = addDataset(draft, dataset, each);
    if (input !== null) draft.link(input, handle);
  }
  for (const { dataset, name: each } of outputs) {
    const output = addDataset(draft, dataset, each);
    if (output !== null) draft.link(handle, output);
  }
  if (draft.unnamed > 0) warnings.push(`${draft.unnamed} datasets were left out: their names are too long.`);
  return assetId(name);
}

function datasetsOf(
  event: unknown,
  side: "inputs" | "outputs",
  warnings: string[],
): { dataset: unknown; name: Asset }[] {
  const all = list(field(event, side));
  const named = all.slice(0, MAX_DATASETS).flatMap((dataset) => {
    const name = nameOf(dataset);
    return name === null ? [] : [{ dataset, name }];
  });
  const left = all.length - named.length;
  if (left > 0)
    warnings.push(`${left} of the ${side} were left out: no namespace or name, or over ${MAX_DATASETS}.`);
  return named;
}

function nameOf(value: unknown): Asset | null {
  const namespace = textAt(value, "namespace");
  const name = textAt(value, "name");
  return namespace === null || name === null ? null : { namespace, name };
}

function jobAsset(job: unknown, name: Asset): LineageAssetDraft {
  const facets = field(job, "facets");
  const type = [textAt(facets, "jobType", "integration"), textAt(facets, "jobType", "jobType")];
  return {
    ...name,
    kind: "job",
    title: name.name,
    type: type.filter((each) => each !== null).join(" "),
    ...saidOf(facets),
    url: textAt(facets, "sourceCodeLocation", "url"),
    paths: [
      textAt(facets, "sourceCodeLocation", "path"),
      // Of dbt's own integration: the model's file.
      textAt(facets, "dbt_node", "original_file_path"),
    ],
  };
}

const DATASET_KINDS: Record<string, LineageKind> = {
  TABLE: "table",
  VIEW: "view",
  MATERIALIZED_VIEW: "view",
  DASHBOARD: "dashboard",
};

/**
 * Adds a dataset. Its symlinks (https://openlineage.io/docs/spec/facets/dataset-facets/symlinks) are other names of the
 * same thing, as of a path and the table in a catalog that it holds: each leads to the other, so that what lies above
 * or below one does so for both.
 */
function addDataset(draft: DocumentDraft, dataset: unknown, name: Asset): number | null {
  const facets = field(dataset, "facets");
  const type = textAt(facets, "datasetType", "datasetType")?.toUpperCase() ?? "";
  const kind = (Object.hasOwn(DATASET_KINDS, type) && DATASET_KINDS[type]) || "dataset";
  const handle = draft.add({ ...name, kind, type: type.toLowerCase(), ...saidOf(facets) });
  for (const symlink of list(field(facets, "symlinks", "identifiers")).slice(0, 20)) {
    const other = nameOf(symlink);
    const link = handle === null || other === null ? null : draft.add({ ...other, kind: "dataset" });
    if (link !== null) {
      draft.link(handle!, link);
      draft.link(link, handle!);
    }
  }
  return handle;
}

/** What the facets that jobs and datasets share say: documentation, ownership and tags. */
function saidOf(facets: unknown): Partial<LineageAssetDraft> {
  const owners = list(field(facets, "ownership", "owners")).map((owner) => textAt(owner, "name"));
  const owner = owners.filter((each) => each !== null).join(", ");
  const tags = list(field(facets, "tags", "tags")).map((tag) => ({
    key: textAt(tag, "key"),
    value: text(field(tag, "value")),
  }));
  return {
    description: textAt(facets, "documentation", "description"),
    owner,
    ownerEmail: /^[^\s,]+@[^\s,]+$/.test(owner) ? owner : null,
    tags: tags
      .filter(({ key }) => key !== null && key !== "openlineage_client_version")
      .map(({ key, value }) => (value === null || value === "true" ? key! : `${key}:${value}`)),
    tier: tags.find(({ key }) => key === "tier" || key === "criticality")?.value ?? null,
  };
}
