import { expect, test } from "vitest";
import { parse } from "yaml";
import { LINEAGE_KINDS, LINEAGE_LIMITS } from "../../src/core/correlate/lineage-document.ts";
import { readYamlLineage } from "../../src/source/lineage-yaml.ts";
import { codes, read, rowsOf } from "./pages.ts";

const page = read("docs/lineage.md");

test("the example of a file in docs/lineage.md is taken", () => {
  const example = /```yaml\n(# lineage\/shop\.yaml\n[\s\S]*?)```/.exec(page)![1]!;
  const { document, warnings } = readYamlLineage(parse(example), { key: "shop.yaml", at: null });
  expect([document.assets.length, document.edges.length, warnings]).toEqual([6, 4, []]);
});

test("its fields and kinds are those that are read", () => {
  const rows = rowsOf(page);
  const kinds = rows.find(([cell]) => cell === "`kind`")![1]!;
  expect(codes(kinds).toSorted()).toEqual(LINEAGE_KINDS.toSorted());
  const asset = Object.fromEntries(
    rows.flatMap(([cell]) => codes(cell!)).map((field) => [field, VALUES[field as keyof typeof VALUES]]),
  );
  const read = readYamlLineage({ assets: [asset] }, { key: "all.yaml", at: null });
  expect(read.document.assets).toHaveLength(3);
  expect(Object.keys(asset).toSorted()).toEqual(Object.keys(VALUES).toSorted());
});

const VALUES = {
  asset: "w/a",
  kind: "table",
  upstream: ["w/b"],
  downstream: ["w/c"],
  title: "A",
  description: "A table.",
  url: "https://example.com/a",
  owner: "Data",
  owner_email: "data@example.com",
  group: "data",
  tier: 1,
  tags: ["pii"],
  paths: ["a.sql"],
};

test("its limits are those that hold", () => {
  expect(page).toContain(`${LINEAGE_LIMITS.assets.toLocaleString("en")} assets`);
  expect(page).toContain(`${LINEAGE_LIMITS.edges.toLocaleString("en")} edges`);
});
