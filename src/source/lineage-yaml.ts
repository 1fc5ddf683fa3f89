import { z } from "zod";
import {
  countInCycles,
  draftDocument,
  LINEAGE_LIMITS,
  type LineageDocument,
  LineageKind,
} from "../core/correlate/lineage-document.ts";
import { eachKey, inPlainWords } from "../core/plain-words.ts";
import type { Asset } from "../core/signal/asset.ts";
import { parseAssetId } from "../core/signal/dataset.ts";
import { invalid, issuesIn } from "./draft.ts";

/** What the key of a file in git begins with. Nothing that is posted has such a key, so neither replaces the other. */
export const FILE_KEY = "file:";

/** `snowflake://acme/shop.analytics.orders`: where it lives, a slash, what it is called there. */
const AssetName = z.string().transform((written, context): Asset => {
  const asset = parseAssetId(written);
  if (asset) return asset;
  context.addIssue({
    code: "custom",
    message: `"${written.slice(0, 100)}" must be namespace/name, such as snowflake://acme/shop.analytics.orders`,
  });
  return z.NEVER;
});

const word = z.string().trim().min(1).max(LINEAGE_LIMITS.word);
// YAML reads `tier: 1` as a number.
const wordOrNumber = z.union([word, z.number()]).transform(String);

const LineageFile = z.strictObject({
  assets: z
    .array(
      z.strictObject({
        asset: AssetName,
        kind: LineageKind.default("table"),
        title: z.string().trim().min(1).max(LINEAGE_LIMITS.title).optional(),
        owner: word.optional(),
        owner_email: word.optional(),
        group: word.optional(),
        tier: wordOrNumber.optional(),
        tags: z.array(wordOrNumber).max(LINEAGE_LIMITS.tags).default([]),
        description: z.string().trim().max(LINEAGE_LIMITS.description).optional(),
        url: z
          .string()
          .regex(/^https?:\/\/\S+$/i, "must be an http(s) address")
          .max(LINEAGE_LIMITS.url)
          .optional(),
        upstream: z.array(AssetName).default([]),
        downstream: z.array(AssetName).default([]),
        paths: z.array(z.string().min(1).max(LINEAGE_LIMITS.path)).max(LINEAGE_LIMITS.paths).default([]),
      }),
    )
    .max(LINEAGE_LIMITS.assets),
});

/**
 * Lineage as people write it, in YAML or JSON (parsed already): for what neither dbt nor OpenLineage knows. An asset
 * that is only named as up- or downstream of another needs no entry. Refuses ("invalid") with the path of each wrong
 * field.
 */
export function readYamlLineage(
  value: unknown,
  name: { key: string; at: string | null },
): { document: LineageDocument; warnings: string[] } {
  const read = LineageFile.safeParse(value, { error: inPlainWords });
  if (!read.success) throw refusalOf(read.error, name.key);
  const draft = draftDocument();
  const add = (asset: Parameters<typeof draft.add>[0], path: string) => {
    const handle = draft.add(asset);
    if (handle !== null) return handle;
    throw invalid(`${name.key}: ${path} is too long a name.`, [{ path, message: "is too long" }]);
  };
  const declared = new Map<number, number>();
  for (const [index, { asset, owner_email, upstream, downstream, ...said }] of read.data.assets.entries()) {
    const path = `assets[${index}].asset`;
    const handle = add({ ...asset, ...said, ownerEmail: owner_email }, path);
    const twice = declared.get(handle);
    if (twice !== undefined) {
      const message = `is declared twice, here and in assets[${twice}]`;
      throw invalid(`${name.key}: ${path} ${message}.`, [{ path, message }]);
    }
    declared.set(handle, index);
  }
  for (const [index, { asset, kind, upstream, downstream }] of read.data.assets.entries()) {
    const self = add({ ...asset, kind }, `assets[${index}].asset`);
    const neighbour = (other: Asset, side: string, at: number) =>
      add({ ...other, kind: "other" }, `assets[${index}].${side}[${at}]`);
    for (const [at, other] of upstream.entries()) draft.link(neighbour(other, "upstream", at), self);
    for (const [at, other] of downstream.entries()) draft.link(self, neighbour(other, "downstream", at));
  }
  const document = draft.finish({ provider: "yaml", ...name });
  const cycling = countInCycles(document);
  const warnings =
    cycling > 0 ? [`${cycling} assets are in or between cycles: up- and downstream are the same there.`] : [];
  return { document, warnings };
}

function refusalOf(error: z.ZodError, file: string) {
  const issues = issuesIn(eachKey(error.issues));
  const [first] = issues;
  return invalid(`${file}: ${first!.path || "the file"}: ${first!.message}`, issues.slice(0, 50));
}
