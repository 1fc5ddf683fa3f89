import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildLineage, type Lineage } from "../../../src/core/correlate/lineage.ts";
import {
  draftDocument,
  type LineageAssetDraft,
  LineageDocument,
} from "../../../src/core/correlate/lineage-document.ts";
import { createReach } from "../../../src/core/correlate/lineage-reach.ts";
import { type Asset, assetId } from "../../../src/core/signal/asset.ts";
import { parseAssetId } from "../../../src/core/signal/dataset.ts";

const at = (written: string): Asset => parseAssetId(written) ?? { namespace: "w", name: written };

/** A document that says of its assets what is given, and of all others of its edges (`a → b`) nothing. */
function stated(
  name: { provider?: LineageDocument["provider"]; key?: string; at?: string },
  edges: string[],
  assets: Record<string, Partial<LineageAssetDraft>> = {},
): LineageDocument {
  const draft = draftDocument();
  for (const [written, said] of Object.entries(assets)) draft.add({ kind: "table", ...at(written), ...said });
  for (const edge of edges) {
    const [from, to] = edge.split(" → ").map((each) => draft.add({ kind: "other", ...at(each) })!);
    draft.link(from!, to!);
  }
  return draft.finish({
    provider: name.provider ?? "yaml",
    key: name.key ?? "file",
    at: name.at ?? null,
  });
}

const id = (lineage: Lineage, name: string) => lineage.find(at(name))!;
const names = (lineage: Lineage, ids: number[]) => ids.map((each) => lineage.asset(each).name);
const far = (lineage: Lineage, list: { id: number; distance: number }[]) =>
  list.map((each) => `${lineage.asset(each.id).name} ${each.distance}`).sort();

/** orders is read by stg, which two marts read; a dashboard shows one of them. */
const SHOP = stated({ provider: "dbt", key: "shop" }, [
  "orders → stg",
  "stg → revenue",
  "stg → returns",
  "revenue → board",
]);

describe("one document", () => {
  const lineage = buildLineage([SHOP]);

  test("answers what lies above and below, with the distance", () => {
    expect(far(lineage, lineage.descendants(id(lineage, "orders")))).toEqual([
      "board 3",
      "returns 2",
      "revenue 2",
      "stg 1",
    ]);
    expect(far(lineage, lineage.ancestors(id(lineage, "board")))).toEqual(["orders 3", "revenue 1", "stg 2"]);
    expect(names(lineage, lineage.parents(id(lineage, "revenue")))).toEqual(["stg"]);
    expect(names(lineage, lineage.children(id(lineage, "stg"))).sort()).toEqual(["returns", "revenue"]);
  });

  test("stops where it is told to", () => {
    expect(far(lineage, lineage.descendants(id(lineage, "orders"), { maxDepth: 1 }))).toEqual(["stg 1"]);
    expect(lineage.descendants(id(lineage, "orders"), { limit: 2 })).toHaveLength(2);
    expect(lineage.descendants(id(lineage, "orders"), { limit: 0 })).toEqual([]);
    expect(lineage.walk(id(lineage, "orders"), "down", () => false, { maxEdges: 2 })).toBe("cut");
    expect(lineage.walk(id(lineage, "orders"), "down", () => true)).toBe("stopped");
    expect(lineage.walk(id(lineage, "orders"), "down", () => false)).toBe("complete");
  });

  test("a search may be asked for within a search", () => {
    const seen: string[] = [];
    lineage.walk(id(lineage, "orders"), "down", (each) => {
      seen.push(`${lineage.asset(each).name}:${lineage.ancestors(each).length}`);
      return false;
    });
    expect(seen.sort()).toEqual(["board:3", "returns:2", "revenue:2", "stg:1"]);
  });

  test("shows a shortest path downstream, and none upstream", () => {
    const path = lineage.path(id(lineage, "orders"), id(lineage, "board"));
    expect(names(lineage, path!)).toEqual(["orders", "stg", "revenue", "board"]);
    expect(lineage.path(id(lineage, "board"), id(lineage, "orders"))).toBeNull();
    expect(names(lineage, lineage.path(id(lineage, "stg"), id(lineage, "stg"))!)).toEqual(["stg"]);
  });

  test("names the nearest of some targets above, by name where two are as near", () => {
    const targets = new Set(["orders", "stg"].map((name) => id(lineage, name)));
    const up = lineage.distanceUp(id(lineage, "board"), targets)!;
    expect(far(lineage, [up])).toEqual(["stg 2"]);
    expect(names(lineage, up.path)).toEqual(["stg", "revenue", "board"]);
    expect(lineage.distanceUp(id(lineage, "orders"), targets)).toBeNull();
    const two = buildLineage([stated({}, ["b → c", "a → c"])]);
    const both = new Set([id(two, "b"), id(two, "a")]);
    expect(names(two, [two.distanceUp(id(two, "c"), both)!.id])).toEqual(["a"]);
  });

  test("knows no asset that it was not told of", () => {
    expect(lineage.find(at("customers"))).toBeNull();
    expect(lineage.counts).toEqual({ assets: 5, edges: 4, documents: 1 });
  });
});

describe("several documents", () => {
  const job = stated(
    { provider: "openlineage", key: "airflow/load", at: "2026-11-22T03:00:00.000Z" },
    ["shop_db → airflow/load", "airflow/load → ORDERS", "orders → stg"],
    { "airflow/load": { kind: "job" }, ORDERS: { owner: "Loader", tags: ["raw"] } },
  );
  const shop = stated({ provider: "dbt", key: "shop" }, ["orders → stg"], {
    orders: {
      kind: "source",
      owner: "Shop",
      ownerEmail: "shop@fernhollow.example",
      tier: "gold",
      tags: ["nightly"],
    },
    stg: { kind: "model", title: "Staged orders", paths: ["models/stg.sql"] },
  });
  const other = stated({ provider: "dbt", key: "marts" }, ["stg → mart"], {
    stg: { kind: "source", title: "The source" },
  });
  const people = stated({ key: "lineage.yaml" }, [], {
    Orders: { owner: "shop", tier: "1", description: "By hand." },
  });
  const fold = (asset: Asset) => assetId(asset).toLowerCase();
  const lineage = buildLineage([job, shop, other, people], fold);

  test("speak of one asset where they name it the same, and lineage leads from one into the other", () => {
    expect(far(lineage, lineage.ancestors(id(lineage, "mart")))).toEqual([
      "Orders 2",
      "load 3",
      "shop_db 4",
      "stg 1",
    ]);
    expect(lineage.counts).toEqual({ assets: 5, edges: 5, documents: 4 });
  });

  test("what they say is merged: people's word first, then dbt's, the model's before the source's", () => {
    expect(lineage.attributes(id(lineage, "orders"))).toMatchObject({
      asset: { namespace: "w", name: "Orders" },
      kind: "source",
      owners: [
        { name: "shop", email: "shop@fernhollow.example" },
        { name: "Loader", email: null },
      ],
      tiers: ["1", "gold"],
      tags: ["nightly", "raw"],
      description: "By hand.",
      statedBy: [{ key: "lineage.yaml" }, { key: "shop" }, { key: "airflow/load" }],
    });
    expect(lineage.attributes(id(lineage, "stg"))).toMatchObject({ kind: "model", title: "Staged orders" });
  });

  test("an edge says which documents state it", () => {
    const edge = lineage.statedBy(id(lineage, "orders"), id(lineage, "stg"));
    expect(edge.map(({ provider }) => provider)).toEqual(["dbt", "openlineage"]);
    expect(lineage.statedBy(id(lineage, "stg"), id(lineage, "orders"))).toEqual([]);
  });

  test("the later of two documents of one name stands", () => {
    const twice = buildLineage([shop, stated({ provider: "dbt", key: "shop" }, ["a → b"])]);
    expect(twice.counts).toEqual({ assets: 2, edges: 1, documents: 1 });
  });
});

test("consumers are the exposures and dashboards below, nearest first, with owners", () => {
  const lineage = buildLineage([
    stated({ provider: "dbt" }, ["orders → mart", "mart → far", "orders → near", "mart → other"], {
      far: { kind: "exposure", title: "Weekly", owner: "Finance", url: "https://bi.fernhollow.example/1" },
      near: { kind: "dashboard", owner: "Shop" },
    }),
  ]);
  expect(lineage.consumersOf(id(lineage, "orders"))).toMatchObject([
    { asset: { name: "near" }, distance: 1, owners: [{ name: "Shop" }] },
    { asset: { name: "far" }, distance: 2, title: "Weekly", url: "https://bi.fernhollow.example/1" },
  ]);
});

describe("files of a repository", () => {
  const lineage = buildLineage([
    stated({ key: "a" }, [], {
      orders: { paths: ["./models/orders.sql", "models/schema.yml"] },
      stg: { paths: ["models\\stg.sql", "models/schema.yml"] },
      seed: { paths: ["seed.csv"] },
    }),
  ]);
  const found = (path: string) => names(lineage, lineage.pathsToAssets([path]).get(path)!).sort();

  test("stand for the assets that they define, also where the project is a folder of the repository", () => {
    expect(found("models/orders.sql")).toEqual(["orders"]);
    expect(found("./analytics/dbt/models/stg.sql")).toEqual(["stg"]);
    expect(found("/models/schema.yml")).toEqual(["orders", "stg"]);
  });

  test("and no others: not by part of a folder's name, nor by a file's name alone", () => {
    expect(found("datamodels/orders.sql")).toEqual([]);
    expect(found("models/orders.sql.bak")).toEqual([]);
    expect(found("data/seed.csv")).toEqual([]);
    expect(found("seed.csv")).toEqual(["seed"]);
    expect(found("")).toEqual([]);
  });

  test("are forgotten with their document", () => {
    const next = lineage.with(stated({ key: "a" }, [], { orders: { paths: ["models/new.sql"] } }));
    expect(next.pathsToAssets(["models/orders.sql", "x/models/new.sql"])).toEqual(
      new Map([
        ["models/orders.sql", []],
        ["x/models/new.sql", [id(next, "orders")]],
      ]),
    );
    expect(found("models/orders.sql")).toEqual(["orders"]);
  });
});

describe("an asset that a tool names in part", () => {
  const lineage = buildLineage([
    stated({}, ["bigquery/shop-prod.raw.events → redshift/dw.public.events"], {
      "snowflake://fern/SHOP.analytics.orders": {},
      "snowflake://fern/SHOP.staging.customers": {},
      "snowflake://other/SHOP.staging.customers": {},
      "airflow/shop.load": { kind: "job" },
    }),
  ]);
  const resolved = (written: string) => {
    const found = lineage.resolve(at(written));
    return found && `${found.certainty} ${assetId(lineage.asset(found.id))}`;
  };

  test.each([
    ["snowflake://fern/SHOP.analytics.orders", "exact snowflake://fern/SHOP.analytics.orders"],
    ["snowflake/shop.analytics.orders", "platform snowflake://fern/SHOP.analytics.orders"],
    ["redshift://cluster:5439/dw.public.events", "platform redshift/dw.public.events"],
    ["warehouse/analytics.orders", "suffix snowflake://fern/SHOP.analytics.orders"],
    ["snowflake/analytics.orders", "suffix snowflake://fern/SHOP.analytics.orders"],
    ["warehouse/prod.SHOP.analytics.orders", "suffix snowflake://fern/SHOP.analytics.orders"],
    ["airflow/shop.load", "exact airflow/shop.load"],
  ])("%s is %s", (written, answer) => {
    expect(resolved(written)).toBe(answer);
  });

  test.each([
    ["snowflake/SHOP.staging.customers", "two accounts have it"],
    ["snowflake://third/SHOP.analytics.orders", "another account"],
    ["bigquery/SHOP.analytics.orders", "another platform"],
    ["warehouse/orders", "a table's name alone says too little"],
    ["warehouse/staging.orders", "another schema"],
    ["warehouse/shop.load", "a job is no dataset"],
  ])("%s is none of them: %s", (written) => {
    expect(resolved(written)).toBeNull();
  });

  test("is found again after the lineage has grown, and no longer where that made it ambiguous", () => {
    const next = lineage.with(stated({ key: "more" }, [], { "redshift/lake.analytics.orders": {} }));
    expect(next.resolve(at("warehouse/analytics.orders"))).toBeNull();
    expect(resolved("warehouse/analytics.orders")).not.toBeNull();
  });
});

describe("a lineage that grows", () => {
  const first = buildLineage([SHOP]);
  const second = first.with(stated({ provider: "openlineage", key: "j" }, ["returns → refunds"]));

  test("leaves the one before as it was", () => {
    expect(far(second, second.ancestors(id(second, "refunds")))).toEqual(["orders 3", "returns 1", "stg 2"]);
    expect(first.find(at("refunds"))).toBeNull();
    expect(first.children(id(first, "returns"))).toEqual([]);
    expect(first.counts).toEqual({ assets: 5, edges: 4, documents: 1 });
    expect(second.counts).toEqual({ assets: 6, edges: 5, documents: 2 });
  });

  test("forgets what only the replaced document said", () => {
    const third = second.with(stated({ provider: "openlineage", key: "j" }, ["revenue → refunds"]));
    expect(names(third, third.parents(id(third, "refunds")))).toEqual(["revenue"]);
    const fourth = third.without({ provider: "openlineage", key: "j" });
    expect(fourth.find(at("refunds"))).toBeNull();
    expect(fourth.counts).toEqual(first.counts);
    expect(fourth.without({ provider: "openlineage", key: "j" })).toBe(fourth);
  });

  test("may branch", () => {
    const branch = first.with(stated({ provider: "openlineage", key: "k" }, ["returns → scrap"]));
    expect(branch.find(at("refunds"))).toBeNull();
    expect(far(branch, branch.descendants(id(branch, "stg")))).toEqual([
      "board 2",
      "returns 1",
      "revenue 1",
      "scrap 2",
    ]);
    expect(branch.changedSince(first)).toBeNull();
  });

  test("is built anew after many changes, and answers the same", () => {
    const job = (n: number, to: string) =>
      stated({ provider: "openlineage", key: `j${n}` }, [`stg → airflow/j${n}`, `airflow/j${n} → ${to}${n}`]);
    const jobs = Array.from({ length: 1500 }, (_, n) => n);
    const grown = jobs.reduce((lineage, n) => lineage.with(job(n, "old")).with(job(n, "new")), second);
    const atOnce = buildLineage([...jobs.map((n) => job(n, "new")), SHOP]);
    expect(grown.counts).toEqual({ assets: 6 + 3000, edges: 5 + 3000, documents: 1502 });
    expect(grown.find(at("old7"))).toBeNull();
    expect(far(grown, grown.descendants(id(grown, "stg"))).filter((each) => /new/.test(each))).toEqual(
      far(atOnce, atOnce.descendants(id(atOnce, "stg"))).filter((each) => /new/.test(each)),
    );
    expect(grown.changedSince(second)).toBeNull();
    expect(second.children(id(second, "stg"))).toHaveLength(2);
  });

  test("says what changed", () => {
    const changed = second.changedSince(first)!;
    expect(names(second, [...changed.children])).toEqual(["returns"]);
    expect(names(second, [...changed.parents])).toEqual(["refunds"]);
    expect(second.changedSince(second)).toEqual({ children: new Set(), parents: new Set() });
  });
});

// Properties: any documents, in any order, against the same questions answered the slow way.

/** Few names in two spellings, so that documents meet, and edges enough for cycles. */
const name = fc.constantFrom(..."abcdefghijkl", ..."ABCDEF");
const anyDocument = fc
  .record({
    provider: fc.constantFrom("yaml" as const, "dbt" as const, "openlineage" as const),
    key: fc.constantFrom("1", "2", "3"),
    edges: fc.array(fc.tuple(name, name), { maxLength: 14 }),
    alone: fc.array(name, { maxLength: 2 }),
  })
  .map(({ provider, key, edges, alone }) =>
    stated(
      { provider, key },
      edges.map(([from, to]) => `${from} → ${to}`),
      Object.fromEntries(alone.map((each) => [each, {}])),
    ),
  );
const anyDocuments = fc.array(anyDocument, { maxLength: 8 });
const fold = (asset: Asset) => assetId(asset).toLowerCase();

type Naive = { nodes: Set<string>; edges: Set<string> };

function naive(documents: LineageDocument[]): Naive {
  const newest = new Map(documents.map((each) => [`${each.provider} ${each.key}`, each]));
  const model: Naive = { nodes: new Set(), edges: new Set() };
  for (const { assets, edges } of newest.values()) {
    for (const asset of assets) model.nodes.add(fold(asset));
    for (const [from, to] of edges) {
      const [a, b] = [fold(assets[from]!), fold(assets[to]!)];
      if (a !== b) model.edges.add(`${a} ${b}`);
    }
  }
  return model;
}

/** Distances downstream from every node: repeated relaxation, no queue, no cleverness. */
function naiveDistances({ nodes, edges }: Naive, start: string): Record<string, number> {
  const distance: Record<string, number> = { [start]: 0 };
  for (const _ of nodes) {
    for (const edge of edges) {
      const [from, to] = edge.split(" ");
      if (from! in distance) distance[to!] = Math.min(distance[to!] ?? 99, distance[from!]! + 1);
    }
  }
  delete distance[start];
  return distance;
}

function expectSame(lineage: Lineage, model: Naive): void {
  const idOf = (key: string) => lineage.find(parseAssetId(key)!)!;
  const asRecord = (list: { id: number; distance: number }[]) =>
    Object.fromEntries(list.map((each) => [lineage.name(each.id), each.distance]));
  expect(lineage.counts.assets).toBe(model.nodes.size);
  const reach = createReach(lineage, { searchEdges: 0 });
  for (const origin of model.nodes) reach.add(parseAssetId(origin)!);
  const down = Object.fromEntries([...model.nodes].map((node) => [node, naiveDistances(model, node)]));
  for (const node of model.nodes) {
    const above = Object.fromEntries(
      [...model.nodes].filter((other) => node in down[other]!).map((other) => [other, down[other]![node]!]),
    );
    expect(asRecord(lineage.descendants(idOf(node)))).toEqual(down[node]);
    expect(asRecord(lineage.ancestors(idOf(node)))).toEqual(above);
    const nearest = lineage.distanceUp(idOf(node), new Set([...model.nodes].map(idOf)));
    expect(nearest?.distance ?? null).toBe(Object.keys(above).length === 0 ? null : 1);
    for (const other of model.nodes) {
      const path = lineage.path(idOf(node), idOf(other));
      expect(path === null ? undefined : path.length - 1).toBe(other === node ? 0 : down[node]![other]);
      for (let step = 1; step < (path?.length ?? 0); step += 1)
        expect(lineage.children(path![step - 1]!)).toContain(path![step]);
    }
    // Asked several times: some answers come of searches, later ones of what was kept.
    for (let time = 0; time < 3; time += 1) {
      expect(asRecord(reach.originsAbove(parseAssetId(node)!))).toEqual(above);
      expect(asRecord(reach.originsBelow(parseAssetId(node)!))).toEqual(down[node]);
    }
  }
}

test("every question has the answer that the slow way finds", () => {
  fc.assert(
    fc.property(anyDocuments, (documents) => {
      expectSame(buildLineage(documents, fold), naive(documents));
    }),
    { numRuns: 60 },
  );
});

test("a lineage grown document by document answers as one built at once, and older ones still answer", () => {
  fc.assert(
    fc.property(anyDocuments, anyDocuments, (start, more) => {
      let lineage = buildLineage(start, fold);
      const versions = [{ lineage, documents: start }];
      for (const document of more) {
        lineage = lineage.with(document);
        versions.push({ lineage, documents: [...versions.at(-1)!.documents, document] });
      }
      const middle = versions[Math.floor(versions.length / 2)]!;
      for (const each of [versions.at(-1)!, middle]) expectSame(each.lineage, naive(each.documents));
    }),
    { numRuns: 40 },
  );
});

test("the order in which documents are given makes no difference", () => {
  const everything = (lineage: Lineage) =>
    lineage
      .documents()
      .flatMap(({ provider, key }) => [`${provider} ${key}`])
      .concat(
        [..."abcdefghijkl"].map((each) => {
          const known = lineage.find(at(each));
          return JSON.stringify(
            known === null
              ? null
              : [lineage.attributes(known), lineage.descendants(known), lineage.consumersOf(known)],
          );
        }),
      );
  const distinct = fc.uniqueArray(anyDocument, { selector: ({ provider, key }) => `${provider} ${key}` });
  fc.assert(
    fc.property(distinct, (documents) => {
      expect(everything(buildLineage(documents.toReversed(), fold))).toEqual(
        everything(buildLineage(documents, fold)),
      );
    }),
    { numRuns: 60 },
  );
});

describe("the reach of origins", () => {
  const shown = (list: { origin: Asset; distance: number }[]) =>
    list.map(({ origin, distance }) => `${origin.name} ${distance}`);

  test("nearest first, by name where as near; an origin is not above itself", () => {
    const reach = createReach(buildLineage([stated({}, ["b → c", "a → c", "z → a", "c → d"])]));
    for (const origin of ["z", "b", "a", "c", "elsewhere"]) reach.add(at(origin));
    expect(shown(reach.originsAbove(at("c")))).toEqual(["a 1", "b 1", "z 2"]);
    expect(shown(reach.originsBelow(at("z")))).toEqual(["a 1", "c 2"]);
    expect(reach.originsAbove(at("unheard"))).toEqual([]);
    reach.remove(at("a"));
    reach.remove(at("never"));
    expect(shown(reach.originsAbove(at("c")))).toEqual(["b 1", "z 2"]);
    expect(reach.origins.map((origin) => origin.name)).toEqual(["z", "b", "c", "elsewhere"]);
  });

  test("an origin that lineage does not know yet is found once it does", () => {
    const reach = createReach(buildLineage([SHOP]));
    reach.add(at("shop_db"));
    expect(reach.originsAbove(at("board"))).toEqual([]);
    reach.follow(reach.lineage.with(stated({ provider: "openlineage", key: "j" }, ["shop_db → orders"])));
    expect(shown(reach.originsAbove(at("board")))).toEqual(["shop_db 4"]);
  });

  test("two names of one asset are two origins, and either may go", () => {
    const reach = createReach(buildLineage([SHOP], fold), { searchEdges: 0 });
    reach.add(at("ORDERS"));
    reach.add(at("orders"));
    expect(shown(reach.originsAbove(at("stg")))).toEqual(["ORDERS 1", "orders 1"]);
    reach.remove(at("ORDERS"));
    expect(shown(reach.originsAbove(at("stg")))).toEqual(["orders 1"]);
  });

  test("without room to keep anything it searches, and what is kept is counted", () => {
    const none = createReach(buildLineage([SHOP]), { searchEdges: 0, keptBytes: 0 });
    const some = createReach(buildLineage([SHOP]), { searchEdges: 0 });
    for (const reach of [none, some]) {
      reach.add(at("orders"));
      expect(shown(reach.originsAbove(at("board")))).toEqual(["orders 3"]);
    }
    expect(none.keptBytes).toBe(0);
    expect(some.keptBytes).toBeGreaterThan(0);
    some.remove(at("orders"));
    expect(some.keptBytes).toBe(0);
  });

  test("following a growing lineage, it answers as one that is made anew", () => {
    const step = fc.oneof(
      fc.record({ document: anyDocument }),
      fc.record({ add: name }),
      fc.record({ remove: name }),
      fc.record({ ask: name }),
    );
    const limits = fc.constantFrom({}, { searchEdges: 0 }, { searchEdges: 0, keptBytes: 30 });
    fc.assert(
      fc.property(anyDocuments, fc.array(step, { maxLength: 40 }), limits, (documents, steps, limit) => {
        const reach = createReach(buildLineage(documents, fold), limit);
        for (const each of steps) {
          if ("document" in each) reach.follow(reach.lineage.with(each.document));
          if ("add" in each) reach.add(at(each.add));
          if ("remove" in each) reach.remove(at(each.remove));
          if (!("ask" in each)) continue;
          const anew = createReach(reach.lineage);
          for (const origin of reach.origins) anew.add(origin);
          expect(reach.originsAbove(at(each.ask))).toEqual(anew.originsAbove(at(each.ask)));
          expect(reach.originsBelow(at(each.ask))).toEqual(anew.originsBelow(at(each.ask)));
        }
        for (const origin of reach.origins) reach.remove(origin);
        expect(reach.keptBytes).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

test("a chain of hundreds and a hub of thousands", () => {
  const chain = Array.from({ length: 400 }, (_, n) => `n${n} → n${n + 1}`);
  const hub = Array.from({ length: 3000 }, (_, n) => `hub → leaf${n}`);
  const lineage = buildLineage([stated({}, [...chain, ...hub, "n400 → hub"])]);
  const [start, leaf] = [id(lineage, "n0"), id(lineage, "leaf2999")];
  expect(lineage.ancestors(leaf)).toHaveLength(402);
  expect(lineage.path(start, leaf)).toHaveLength(403);
  const reach = createReach(lineage, { searchEdges: 0 });
  reach.add(at("n0"));
  // Kept distances end at 255: that far, or farther.
  expect(reach.originsAbove(at("leaf7"))[0]!.distance).toBe(255);
});

test("a document with an edge to nowhere is refused", () => {
  expect(LineageDocument.safeParse({ ...SHOP, edges: [[0, 99]] }).success).toBe(false);
});
