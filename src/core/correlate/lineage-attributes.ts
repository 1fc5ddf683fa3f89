import type { Asset } from "../signal/asset.ts";
import {
  byPrecedence,
  type DocumentName,
  LINEAGE_KINDS,
  type LineageAsset,
  type LineageKind,
} from "./lineage-document.ts";

/** What one document says of an asset. */
export type Statement = { document: DocumentName; asset: LineageAsset };

/** All that is said of an asset; the lists in order of precedence, the texts from the first that says one. */
export type AssetAttributes = {
  asset: Asset;
  kind: LineageKind;
  title: string | null;
  type: string | null;
  owners: { name: string | null; email: string | null }[];
  groups: string[];
  tags: string[];
  tiers: string[];
  maturity: string | null;
  description: string | null;
  url: string | null;
  paths: string[];
  tests: string[];
  statedBy: DocumentName[];
};

/** Of one provider's documents, the one that knows more of what the asset is goes first: a model's before a source's. */
export function mergeAttributes(statements: Statement[]): AssetAttributes {
  const rank = ({ asset }: Statement) => LINEAGE_KINDS.indexOf(asset.kind);
  const ordered = statements.toSorted(
    (a, b) =>
      (a.document.provider === b.document.provider ? rank(b) - rank(a) : 0) ||
      byPrecedence(a.document, b.document),
  );
  const assets = ordered.map(({ asset }) => asset);
  const first = (field: "title" | "type" | "maturity" | "description" | "url") =>
    assets.find((asset) => asset[field] !== undefined)?.[field] ?? null;
  const all = (read: (asset: LineageAsset) => string[] | undefined) => [
    ...new Set(assets.flatMap((asset) => read(asset) ?? [])),
  ];
  const each = (field: "group" | "tier") =>
    all((asset) => (asset[field] === undefined ? [] : [asset[field]]));
  const kind = Math.max(0, ...ordered.map(rank));
  return {
    asset: { namespace: assets[0]?.namespace ?? "", name: assets[0]?.name ?? "" },
    kind: LINEAGE_KINDS[kind]!,
    title: first("title"),
    type: first("type"),
    owners: ownersOf(assets),
    groups: each("group"),
    tags: all(({ tags }) => tags).sort(),
    tiers: each("tier"),
    maturity: first("maturity"),
    description: first("description"),
    url: first("url"),
    paths: all(({ paths }) => paths),
    tests: all(({ tests }) => tests).sort(),
    statedBy: [...new Map(ordered.map(({ document }) => [JSON.stringify(document), document])).values()],
  };
}

function ownersOf(assets: LineageAsset[]): AssetAttributes["owners"] {
  const owners = new Map<string, AssetAttributes["owners"][number]>();
  for (const { owner, ownerEmail } of assets) {
    if (owner === undefined && ownerEmail === undefined) continue;
    const key = (owner ?? ownerEmail!).toLowerCase();
    const known = owners.get(key);
    owners.set(key, {
      name: known?.name ?? owner ?? null,
      email: known?.email ?? ownerEmail ?? null,
    });
  }
  return [...owners.values()];
}
