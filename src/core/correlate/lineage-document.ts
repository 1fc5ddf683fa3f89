import { createHash } from "node:crypto";
import { z } from "zod";
import { Instant } from "../signal/alert.ts";
import { Asset, assetId } from "../signal/asset.ts";
import { cleanLine, cleanText } from "../signal/text.ts";

/** In order of precedence; see `byPrecedence`. */
export const LINEAGE_PROVIDERS = ["yaml", "dbt", "openlineage"] as const;
export const LineageProvider = z.enum(LINEAGE_PROVIDERS);
export type LineageProvider = z.infer<typeof LineageProvider>;

/**
 * What an asset is, from what says least to what says most: where two documents differ, the later in this list is
 * believed (what one project calls a source is the model of another).
 */
export const LINEAGE_KINDS = [
  "other",
  "dataset",
  "table",
  "view",
  "source",
  "seed",
  "snapshot",
  "model",
  "metric",
  "job",
  "dashboard",
  "exposure",
] as const;
export const LineageKind = z.enum(LINEAGE_KINDS);
export type LineageKind = z.infer<typeof LineageKind>;

export const LINEAGE_LIMITS = {
  assets: 300_000,
  edges: 2_000_000,
  key: 1600,
  title: 300,
  word: 200,
  tags: 50,
  description: 500,
  url: 3000,
  paths: 20,
  path: 500,
  tests: 200,
  test: 500,
} as const;

const word = z.string().min(1).max(LINEAGE_LIMITS.word);

/** Absent fields are left out rather than null: a document can hold 100,000 of these. */
export const LineageAsset = Asset.extend({
  kind: LineageKind,
  title: z.string().min(1).max(LINEAGE_LIMITS.title).optional(),
  /** What the provider calls this sort of thing: a dbt materialization or exposure type, an OpenLineage job type. */
  type: word.optional(),
  owner: word.optional(),
  ownerEmail: word.optional(),
  group: word.optional(),
  tags: z.array(word).max(LINEAGE_LIMITS.tags).optional(),
  /** How much depends on it, in the words of its owner (`gold`, `1`, `critical`). */
  tier: word.optional(),
  maturity: word.optional(),
  description: z.string().min(1).max(LINEAGE_LIMITS.description).optional(),
  url: z.string().min(1).max(LINEAGE_LIMITS.url).optional(),
  /** The files that define it, relative to its project, the defining one before those that only describe it. */
  paths: z.array(z.string().min(1).max(LINEAGE_LIMITS.path)).max(LINEAGE_LIMITS.paths).optional(),
  /** The dbt tests that watch it, by unique id (alerts carry it as their label `unique_id`). */
  tests: z.array(z.string().min(1).max(LINEAGE_LIMITS.test)).max(LINEAGE_LIMITS.tests).optional(),
});
export type LineageAsset = z.infer<typeof LineageAsset>;

/**
 * One provider's statement about lineage. The document of a (provider, key) replaces the one before it as a whole.
 *
 * - `key` is the dbt project (with its target, `shop/prod`), the OpenLineage job (`namespace/name`), the YAML file.
 * - `at` is when the provider stated it.
 * - `edges` are pairs of indices into `assets`, from upstream to downstream.
 * - `run` is OpenLineage's run under way, and `statedEdges` the edges it has stated so far; see `mergeJobDocument`.
 */
export const LineageDocument = z
  .object({
    provider: LineageProvider,
    key: z.string().min(1).max(LINEAGE_LIMITS.key),
    at: Instant.nullable(),
    assets: z.array(LineageAsset).max(LINEAGE_LIMITS.assets),
    edges: z.array(z.tuple([z.int().min(0), z.int().min(0)])).max(LINEAGE_LIMITS.edges),
    run: z.string().max(500).optional(),
    statedEdges: z.array(z.int().min(0)).max(LINEAGE_LIMITS.edges).optional(),
  })
  .superRefine((document, context) => {
    const wrong = document.edges.findIndex(([from, to]) => Math.max(from, to) >= document.assets.length);
    if (wrong >= 0)
      context.addIssue({
        code: "custom",
        path: ["edges", wrong],
        message: "names an asset that is not listed",
      });
  });
export type LineageDocument = z.infer<typeof LineageDocument>;

/** What names a document, and when it was stated. */
export type DocumentName = Pick<LineageDocument, "provider" | "key" | "at">;

/**
 * Whose word goes first where several documents speak of one asset: people's (YAML), then dbt's, then what runs showed;
 * of each provider the latest.
 */
export function byPrecedence(a: DocumentName, b: DocumentName): number {
  return (
    LINEAGE_PROVIDERS.indexOf(a.provider) - LINEAGE_PROVIDERS.indexOf(b.provider) ||
    (b.at ?? "").localeCompare(a.at ?? "") ||
    (a.key < b.key ? -1 : 1)
  );
}

/**
 * Stands for what a document states, 16 hex digits: when and by which run is left out, so that the same lineage stated
 * again every night is no news.
 */
export function documentHash(document: LineageDocument): string {
  const hash = createHash("sha256").update(JSON.stringify([document.provider, document.key]));
  for (const asset of document.assets) {
    const said = FIELDS.map((name) => asset[name] ?? null);
    hash.update(JSON.stringify(said));
  }
  const edges = new Int32Array(document.edges.length * 2);
  document.edges.forEach(([from, to], at) => {
    edges[at * 2] = from;
    edges[at * 2 + 1] = to;
  });
  return hash.update(edges).digest("hex").slice(0, 16);
}

const FIELDS = Object.keys(LineageAsset.shape) as (keyof LineageAsset)[];

/** An asset as a provider describes it, with its values as they came; null and empty mean "not said". */
export type LineageAssetDraft = Asset & {
  kind: LineageKind;
  tags?: string[];
  paths?: (string | null)[];
  tests?: string[];
} & Partial<
    Record<
      "title" | "type" | "owner" | "ownerEmail" | "group" | "tier" | "maturity" | "description" | "url",
      string | null
    >
  >;

export type DocumentDraft = {
  /** The handle of an asset, to link it by; null where its name is empty or too long. Named again, it is the same. */
  add(asset: LineageAssetDraft): number | null;
  /** An edge from upstream to downstream; one from an asset to itself says nothing and is dropped. */
  link(from: number, to: number): void;
  /** A test that watches an asset. */
  watch(asset: number, test: string): void;
  readonly assetCount: number;
  readonly edgeCount: number;
  /** Assets that were left out for their names. */
  readonly unnamed: number;
  /** The document in canonical order, so that the same statement is the same document whatever order it was read in. */
  finish(head: Pick<LineageDocument, "provider" | "key" | "at">): LineageDocument;
};

/** The one place where what a provider said is cleaned and cut to `LINEAGE_LIMITS`. */
export function draftDocument(): DocumentDraft {
  const assets: LineageAsset[] = [];
  const handles = new Map<string, number>();
  // Pairs of handles as one number each; handles stay far below 2^26.
  const edges = new Set<number>();
  let unnamed = 0;
  return {
    add(draft) {
      const asset = cleanAsset(draft);
      if (asset === null) {
        unnamed += 1;
        return null;
      }
      const id = assetId(asset);
      const known = handles.get(id);
      if (known !== undefined) {
        assets[known] = mergeStatements(assets[known]!, asset);
        return known;
      }
      handles.set(id, assets.length);
      return assets.push(asset) - 1;
    },
    link(from, to) {
      if (from !== to) edges.add(from * PAIR + to);
    },
    watch(asset, test) {
      const watched = assets[asset]!;
      watched.tests ??= [];
      const id = cleanLine(test, LINEAGE_LIMITS.test);
      if (id !== "" && watched.tests.length < LINEAGE_LIMITS.tests) watched.tests.push(id);
    },
    get assetCount() {
      return assets.length;
    },
    get edgeCount() {
      return edges.size;
    },
    get unnamed() {
      return unnamed;
    },
    finish: (head) => ({ ...head, ...inOrder(assets, edges) }),
  };
}

const PAIR = 2 ** 26;

/** Assets by name, edges by their indices, tests by id. */
function inOrder(assets: LineageAsset[], edges: Set<number>): Pick<LineageDocument, "assets" | "edges"> {
  const ids = assets.map(assetId);
  const order = [...assets.keys()].sort((a, b) => (ids[a]! < ids[b]! ? -1 : 1));
  const rank = new Int32Array(assets.length);
  order.forEach((handle, at) => {
    rank[handle] = at;
  });
  const pairs = Float64Array.from(
    edges,
    (edge) => rank[Math.floor(edge / PAIR)]! * PAIR + rank[edge % PAIR]!,
  );
  return {
    assets: order.map((handle) => {
      const asset = assets[handle]!;
      return asset.tests ? { ...asset, tests: [...new Set(asset.tests)].sort() } : asset;
    }),
    edges: Array.from(pairs.sort(), (pair): [number, number] => [Math.floor(pair / PAIR), pair % PAIR]),
  };
}

function cleanAsset(draft: LineageAssetDraft): LineageAsset | null {
  const name = Asset.safeParse({
    namespace: cleanText(draft.namespace, 2000).trim(),
    name: cleanText(draft.name, 2000).trim(),
  });
  if (!name.success) return null;
  const asset: LineageAsset = { ...name.data, kind: draft.kind };
  const keep = <Field extends "title" | "type" | "owner" | "ownerEmail" | "group" | "tier" | "maturity">(
    field: Field,
    limit: number,
  ) => {
    const said = cleanLine(draft[field] ?? "", limit);
    if (said !== "") asset[field] = said;
  };
  keep("title", LINEAGE_LIMITS.title);
  for (const field of ["type", "owner", "ownerEmail", "group", "tier", "maturity"] as const)
    keep(field, LINEAGE_LIMITS.word);
  const description = cleanText((draft.description ?? "").trim(), LINEAGE_LIMITS.description);
  if (description !== "") asset.description = description;
  const url = cleanText((draft.url ?? "").trim(), Number.POSITIVE_INFINITY);
  // Only web addresses: a `javascript:` link has no business in a chat message.
  if (/^https?:\/\/\S+$/i.test(url) && url.length <= LINEAGE_LIMITS.url) asset.url = url;
  const tags = cleanWords(draft.tags ?? [], LINEAGE_LIMITS.tags);
  if (tags.length > 0) asset.tags = tags;
  const paths = [...new Set((draft.paths ?? []).map((path) => repositoryPath(path ?? "")))].filter(
    (path) => path !== "" && path.length <= LINEAGE_LIMITS.path,
  );
  if (paths.length > 0) asset.paths = paths.slice(0, LINEAGE_LIMITS.paths);
  const tests = (draft.tests ?? []).map((test) => cleanLine(test, LINEAGE_LIMITS.test)).filter(Boolean);
  if (tests.length > 0) asset.tests = tests.slice(0, LINEAGE_LIMITS.tests);
  return asset;
}

function cleanWords(words: string[], limit: number): string[] {
  const cleaned = words.map((each) => cleanLine(each, LINEAGE_LIMITS.word)).filter((each) => each !== "");
  return [...new Set(cleaned)].sort().slice(0, limit);
}

/** A path as it is compared: forward slashes, without `./` or `/` in front. */
export function repositoryPath(path: string): string {
  return cleanText(path, Number.POSITIVE_INFINITY)
    .trim()
    .replaceAll("\\", "/")
    .replace(/^(?:\.?\/)+/, "");
}

/** Two statements of one provider about one asset: what the first leaves open the second may say. */
export function mergeStatements(first: LineageAsset, second: LineageAsset): LineageAsset {
  const lists = (["tags", "paths", "tests"] as const).flatMap((name) => {
    const both = [...new Set([...(first[name] ?? []), ...(second[name] ?? [])])];
    // The order of paths means something, that of tags and tests does not.
    if (name !== "paths") both.sort();
    return both.length > 0 ? [[name, both.slice(0, LINEAGE_LIMITS[name])]] : [];
  });
  return {
    ...second,
    ...first,
    // An owner and the address of another would be a lie.
    ...(first.owner !== undefined && { ownerEmail: first.ownerEmail }),
    ...Object.fromEntries(lists),
    kind: moreSpecific(first.kind, second.kind),
  };
}

export function moreSpecific(a: LineageKind, b: LineageKind): LineageKind {
  return LINEAGE_KINDS.indexOf(a) >= LINEAGE_KINDS.indexOf(b) ? a : b;
}

/** How many assets lie on a cycle or between two: those left after taking away, again and again, every loose end. */
export function countInCycles(document: LineageDocument): number {
  const alive = new Set(document.assets.keys());
  for (const [from, to] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const degree = new Int32Array(document.assets.length);
    const next = new Map<number, number[]>();
    for (const edge of document.edges) {
      if (!alive.has(edge[0]) || !alive.has(edge[1])) continue;
      degree[edge[to]]! += 1;
      const known = next.get(edge[from]);
      if (known) known.push(edge[to]);
      else next.set(edge[from], [edge[to]]);
    }
    const loose = [...alive].filter((asset) => degree[asset] === 0);
    for (let asset = loose.pop(); asset !== undefined; asset = loose.pop()) {
      alive.delete(asset);
      for (const other of next.get(asset) ?? []) {
        degree[other]! -= 1;
        if (degree[other] === 0) loose.push(other);
      }
    }
  }
  return alive.size;
}
