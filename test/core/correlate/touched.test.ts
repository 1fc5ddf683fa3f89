import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compilePathRules,
  type PathRule,
  repositoryName,
  touchedAsset,
  touchesOf,
} from "../../../src/core/correlate/touched.ts";
import type { ChangeSignal } from "../../../src/core/signal/change.ts";
import { SHOP, table } from "./changes.ts";

type About = Partial<Pick<ChangeSignal, "repository" | "paths" | "assets">>;
const touches = (about: About, rules: PathRule[] = []) =>
  touchesOf({ repository: null, paths: [], assets: [], ...about }, SHOP, compilePathRules(rules))
    .map((touch) => touchedAsset(touch, SHOP))
    .map(({ asset, how, path }) => `${asset.name} ${how} ${path ?? "-"}`);

describe("a change touches", () => {
  test("what its sender names, known to the lineage or not", () => {
    expect(touches({ assets: [table("raw.orders"), table("raw.new")] })).toEqual([
      "shop.raw.new named -",
      "shop.raw.orders named -",
    ]);
  });

  test("what its files define, also where the project is a folder of the repository", () => {
    expect(touches({ paths: ["models/core/orders.sql"] })).toEqual([
      "shop.core.orders file models/core/orders.sql",
    ]);
    expect(touches({ paths: ["analytics/models/core/orders.sql"] })).toEqual([
      "shop.core.orders file analytics/models/core/orders.sql",
    ]);
    expect(touches({ paths: ["models/marts/_revenue.yml"] })).toEqual([
      "shop.marts.revenue file models/marts/_revenue.yml",
    ]);
    expect(touches({ paths: ["README.md"] })).toEqual([]);
  });

  test("weakly, what a file describes among others", () => {
    expect(touches({ paths: ["models/staging/sources.yml"] })).toEqual([
      "shop.raw.orders shared file models/staging/sources.yml",
      "shop.raw.products shared file models/staging/sources.yml",
    ]);
  });

  test("each asset once, by the way that says most", () => {
    expect(
      touches({
        assets: [table("raw.orders")],
        paths: ["models/schema.yml", "models/core/orders.sql", "models/staging/sources.yml"],
      }),
    ).toEqual([
      "shop.raw.orders named -",
      "shop.core.orders file models/core/orders.sql",
      "shop.raw.products shared file models/staging/sources.yml",
      "shop.core.products shared file models/schema.yml",
      "shop.stg.orders shared file models/schema.yml",
    ]);
  });
});

describe("a rule", () => {
  const loader: PathRule = {
    repository: "fernhollow/orders-*",
    paths: ["src/**/*.py", "deploy/*"],
    assets: ["snowflake://fernhollow/shop.raw.orders"],
  };

  test("ties files of a repository to assets", () => {
    const repository = "https://github.com/Fernhollow/orders-loader.git";
    expect(touches({ repository, paths: ["src/load.py"] }, [loader])).toEqual([
      "shop.raw.orders rule src/load.py",
    ]);
    expect(touches({ repository, paths: ["src/io/s3/read.py"] }, [loader])).toHaveLength(1);
    expect(touches({ repository, paths: ["docs/load.md"] }, [loader])).toEqual([]);
    expect(touches({ repository: "fernhollow/returns", paths: ["src/load.py"] }, [loader])).toEqual([]);
    expect(touches({ paths: ["src/load.py"] }, [loader])).toEqual([]);
  });

  test("about all of a repository holds for a deployment that names no file", () => {
    const repository = "fernhollow/orders-loader";
    expect(touches({ repository }, [{ ...loader, paths: ["*"] }])).toEqual(["shop.raw.orders rule -"]);
    expect(touches({ repository }, [loader])).toEqual([]);
    expect(touches({}, [{ paths: ["*"], assets: loader.assets }])).toEqual([]);
  });

  test("that can't be read ties nothing", () => {
    const repository = "fernhollow/orders-loader";
    expect(touches({ repository, paths: ["src/load.py"] }, [{ ...loader, repository: "[a]" }])).toEqual([]);
    expect(touches({ repository, paths: ["src/load.py"] }, [{ ...loader, assets: ["orders"] }])).toEqual([]);
  });
});

test("repositories have one name", () => {
  for (const written of [
    "fernhollow/shop",
    "https://github.com/fernhollow/shop.git",
    "git@github.com:fernhollow/shop.git",
    "ssh://git@git.fernhollow.example/Fernhollow/shop/",
  ])
    expect(repositoryName(written)).toBe("fernhollow/shop");
});

test("any rules and paths can be asked about, in any order", () => {
  const text = fc.string({ maxLength: 12 });
  const rule = fc.record(
    { repository: text, paths: fc.array(text, { maxLength: 3 }), assets: fc.array(text, { maxLength: 3 }) },
    { requiredKeys: ["paths", "assets"] },
  );
  const paths = fc.array(fc.oneof(text, fc.constantFrom("models/schema.yml", "models/core/orders.sql")));
  fc.assert(
    fc.property(paths, fc.array(rule, { maxLength: 3 }), (some, rules) => {
      expect(touches({ paths: some.toReversed() }, rules).map((line) => line.split(" ")[0])).toEqual(
        touches({ paths: some }, rules).map((line) => line.split(" ")[0]),
      );
    }),
  );
});
