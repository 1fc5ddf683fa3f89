import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { LineageDocument } from "../../src/core/correlate/lineage-document.ts";
import { Refusal } from "../../src/core/refusal.ts";
import { assetId } from "../../src/core/signal/asset.ts";
import { readYamlLineage } from "../../src/source/lineage-yaml.ts";

const NAME = { key: "lineage.yaml", at: null };
const FILE = readFileSync(join(import.meta.dirname, "../fixtures/lineage/lineage.yaml"), "utf8");

function refusal(value: unknown): Refusal {
  try {
    readYamlLineage(value, NAME);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

test("a file declares assets, and names others above and below them", () => {
  const { document, warnings } = readYamlLineage(parse(FILE), NAME);
  expect(LineageDocument.parse(document)).toEqual(document);
  const name = (at: number) => assetId(document.assets[at]!);
  expect(document.edges.map(([from, to]) => `${name(from)} → ${name(to)}`).sort()).toEqual([
    "postgres://shop-db:5432/shop.public.orders → snowflake://fernhollow/FERN_RAW.shop.orders_v2",
    "snowflake://fernhollow/FERN_PROD.analytics.daily_revenue → tableau/Board pack",
  ]);
  expect(document.assets.find(({ owner }) => owner === "Shop")).toEqual({
    namespace: "snowflake://fernhollow",
    name: "FERN_RAW.shop.orders_v2",
    kind: "table",
    owner: "Shop",
    ownerEmail: "shop@fernhollow.example",
    tier: "1",
    paths: ["loaders/orders.py"],
  });
  expect(document.assets.filter(({ kind }) => kind === "other").map(({ name }) => name)).toEqual([
    "shop.public.orders",
    "FERN_PROD.analytics.daily_revenue",
  ]);
  expect(warnings).toEqual([]);
});

test("an asset that is named before it is declared keeps what its declaration says", () => {
  const { document } = readYamlLineage(
    {
      assets: [
        { asset: "w/b", upstream: ["w/a"] },
        { asset: "w/a", kind: "view", downstream: ["w/b"] },
      ],
    },
    NAME,
  );
  expect(document.assets).toEqual([
    { namespace: "w", name: "a", kind: "view" },
    { namespace: "w", name: "b", kind: "table" },
  ]);
  expect(document.edges).toEqual([[0, 1]]);
});

test("each wrong field is named", () => {
  const wrong = refusal({
    assets: [
      { asset: "orders", kind: "tabel", upstreams: [] },
      { asset: "w/a", upstream: ["w/b", "c"], url: "javascript:alert(1)" },
    ],
  });
  expect(wrong.code).toBe("invalid");
  expect(wrong.issues.map(({ path }) => path).sort()).toEqual([
    "assets[0].asset",
    "assets[0].kind",
    "assets[0].upstreams",
    "assets[1].upstream[1]",
    "assets[1].url",
  ]);
  expect(wrong.issues.map(({ message }) => message).join()).toContain('"orders" must be namespace/name');
  expect(wrong.issues).toContainEqual({ path: "assets[0].upstreams", message: "there is no such key" });
});

test("an asset declared twice is refused", () => {
  const wrong = refusal({ assets: [{ asset: "w/a" }, { asset: "w/a" }] });
  expect(wrong.issues).toEqual([
    { path: "assets[1].asset", message: "is declared twice, here and in assets[0]" },
  ]);
});

test.each([null, [[]], "assets", { assets: null }, { asset: [] }])("%j is no lineage file", (value) => {
  expect(refusal(value).message).toMatch(/^lineage\.yaml: /);
});

test("a name that is too long is refused where it stands", () => {
  expect(refusal({ assets: [{ asset: "w/a", downstream: [`w/${"x".repeat(1001)}`] }] }).issues[0]!.path).toBe(
    "assets[0].downstream[0]",
  );
});

test("a circle is kept, and said", () => {
  const { warnings } = readYamlLineage(
    {
      assets: [
        { asset: "w/a", upstream: ["w/b"] },
        { asset: "w/b", upstream: ["w/a"] },
      ],
    },
    NAME,
  );
  expect(warnings.join()).toContain("2 assets are in or between cycles");
});
