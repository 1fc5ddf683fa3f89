import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  RANKING,
  type RankingOptions,
  rankChanges,
  worthTelling,
} from "../../../src/core/correlate/suspects.ts";
import type { BrokenData } from "../../../src/core/correlate/ties.ts";
import {
  CHANGE_KINDS,
  CHANGE_STATUSES,
  type ChangeSignal,
  type KnownChange,
} from "../../../src/core/signal/change.ts";
import { BROKE, changed, LINE, minutesBefore, SHOP, table } from "./changes.ts";

const BROKEN: BrokenData = {
  startedAt: BROKE,
  assets: [table("core.orders"), table("marts.revenue")],
  originAsset: table("core.orders"),
  environment: "prod",
};
const rank = (changes: KnownChange[], over: Partial<BrokenData> = {}, options?: RankingOptions) =>
  rankChanges(changes, { ...BROKEN, ...over }, SHOP, [], options);
const ids = (...args: Parameters<typeof rank>) => rank(...args).map(({ change }) => change.id);
const why = (...args: Parameters<typeof rank>) => rank(...args)[0]?.reason;
const sql = (name: string) => ({ paths: [`models/${name}.sql`] });

describe("what counts is", () => {
  test("what took effect before the data broke, within the window and some grace for clocks", () => {
    const at = (minutes: number) => changed(String(minutes), minutes, sql("core/orders"));
    expect(ids([at(1), at(-4), at(-6), at(71 * 60), at(73 * 60)])).toEqual(["-4", "1", "4260"]);
    expect(ids([at(61)], {}, { windowHours: 1 })).toEqual([]);
  });

  test("what was under way when it broke", () => {
    const went = { startedAt: minutesBefore(20), ...sql("core/orders") };
    const running = changed("running", 20, { ...went, status: "started", endedAt: null });
    const ended = changed("ended", -60, { ...went, endedAt: minutesBefore(-60) });
    expect(ids([running, ended]).sort()).toEqual(["ended", "running"]);
    expect(why([running])).toContain("under way when the data broke");
    expect(ids([changed("later", -60, { startedAt: minutesBefore(-30), ...sql("core/orders") })])).toEqual(
      [],
    );
  });
});

describe("suspected more is", () => {
  test("what touches the origin, then what else is affected, then what is upstream, then what is only near", () => {
    expect(
      ids([
        changed("time", 30),
        changed("infra", 30, { kind: "infrastructure" }),
        changed("grandparent", 30, { assets: [table("raw.orders")] }),
        changed("parent", 30, sql("staging/stg_orders")),
        changed("origin", 30, sql("core/orders")),
      ]),
    ).toEqual(["origin", "parent", "grandparent", "infra", "time"]);
    expect(
      ids([changed("affected", 30, sql("marts/revenue")), changed("origin", 30, sql("core/orders"))]),
    ).toEqual(["origin", "affected"]);
    expect(
      ids([changed("beside", 30, sql("core/products")), changed("above", 30, sql("staging/stg_orders"))]),
    ).toEqual(["above", "beside"]);
  });

  test("a model's own file more than one that describes many", () => {
    expect(
      ids([
        changed("shared", 30, { paths: ["models/schema.yml"] }),
        changed("own", 30, sql("staging/stg_orders")),
      ]),
    ).toEqual(["own", "shared"]);
  });

  test("what is newer, what failed, what was taken back, and a changed schema", () => {
    const at = (id: string, minutes: number, over: Parameters<typeof changed>[2] = {}) =>
      changed(id, minutes, { ...sql("core/orders"), ...over });
    expect(ids([at("old", 300), at("new", 10)])).toEqual(["new", "old"]);
    expect(ids([at("fine", 10), at("failed", 10, { status: "failed" })])).toEqual(["failed", "fine"]);
    expect(ids([at("fine", 10), at("back", 10, { title: 'Revert "Drop discount"' })])).toEqual([
      "back",
      "fine",
    ]);
    expect(ids([at("fine", 10), at("schema", 10, { kind: "schema" })])).toEqual(["schema", "fine"]);
  });

  test("not what was cancelled, changed nothing, or is on another branch or in another environment", () => {
    const usual = changed("usual", 300, sql("core/orders"));
    const without: Partial<ChangeSignal>[] = [
      { status: "cancelled" },
      { labels: { changed: "false" } },
      { labels: { branch: "returns", default_branch: "main" } },
      { environment: "staging" },
    ];
    for (const over of without)
      expect(ids([changed("void", 10, { ...sql("core/orders"), ...over }), usual])).toEqual([
        "usual",
        "void",
      ]);
    expect(why([changed("prod", 10, { ...sql("core/orders"), environment: "Production" })])).not.toContain(
      "though",
    );
  });
});

describe("it says why:", () => {
  test.each<[string, KnownChange, string]>([
    [
      "the file and the way down",
      changed("a", 35, sql("staging/stg_orders")),
      "changed models/staging/stg_orders.sql, which defines stg.orders, 1 step upstream of core.orders, 35 min before the data broke",
    ],
    [
      "the origin itself, and that it failed",
      changed("a", 95, { assets: [table("core.orders")], status: "failed", kind: "schema" }),
      "touched core.orders, which is broken itself, 1 h 35 min before the data broke, and it failed",
    ],
    [
      "a file that describes many",
      changed("a", 0, { paths: ["models/staging/sources.yml"] }),
      "changed models/staging/sources.yml, which describes raw.orders and 1 more, 2 steps upstream of core.orders, plus 1 more affected or upstream, just as the data broke",
    ],
    [
      "only the time",
      changed("a", 60),
      "only close in time: which data it touched is not known, 1 h before the data broke",
    ],
    [
      "what is upstream of another affected asset only",
      changed("a", 60, sql("core/products")),
      "changed models/core/products.sql, which defines core.products, 1 step upstream of marts.revenue, 1 h before the data broke",
    ],
    [
      "the environment",
      changed("a", 60, { kind: "deployment", environment: "production" }),
      "a deployment in production, as what is broken, 1 h before the data broke",
    ],
  ])("%s", (_, change, reason) => {
    expect(why([change])).toBe(reason);
  });

  test("the same group, and what lies elsewhere", () => {
    const budget = changed("a", 60, sql("marts/budget"));
    expect(why([budget])).toBe(
      "touched marts.budget, of the same group (finance), 1 h before the data broke",
    );
    expect(why([changed("a", 60, sql("core/products"))], { assets: [table("core.orders")] })).toBe(
      "only close in time: core.products, which it touched, is not upstream, 1 h before the data broke",
    );
  });
});

describe("changes of one commit", () => {
  const commit = { repository: "fernhollow/warehouse", revision: "b".repeat(40) };
  const push = changed("push", 50, { ...commit, ...sql("core/orders") });
  const merge = changed("merge", 50, { ...commit, kind: "merge" });
  const deployed = changed("deployed", 20, {
    ...commit,
    repository: "https://github.com/fernhollow/warehouse.git",
    kind: "deployment",
  });

  test("are one suspect, with the files of all", () => {
    const [only, ...others] = rank([push, merge, deployed]);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ change: { id: "deployed" }, confidence: "likely", distance: 0 });
    expect(only!.reason).toContain("models/core/orders.sql");
  });

  test("a macro of the repository may be the cause, a text beside it not", () => {
    const other = { ...commit, revision: "c".repeat(40) };
    const macro = rank([push, changed("other", 10, { ...other, paths: ["macros/cents.sql"] })]);
    expect(macro[1]!.reason).toContain("fernhollow/warehouse, which also holds what is broken");
    const prose = rank([push, changed("other", 10, { ...other, paths: ["README.md"] })]);
    expect(prose[1]!.confidence).toBe("unlikely");
  });
});

describe("worth telling is", () => {
  test("what is likely or possible", () => {
    const ranked = rank([changed("a", 30, sql("core/orders")), changed("b", 30)]);
    expect(worthTelling(ranked).map(({ change }) => change.id)).toEqual(["a"]);
  });

  test("without any such, the two nearest in time", () => {
    const ranked = rank([changed("a", 40), changed("b", 30), changed("c", 50)]);
    expect(worthTelling(ranked).map(({ change }) => change.id)).toEqual(["b", "a"]);
  });

  test("never what is known to have touched other data, whether lineage knows of that or not", () => {
    const ranked = rank([changed("a", 30, { assets: [table("unknown")] })]);
    expect(ranked[0]!.reason).toMatch(
      /^only close in time: it touched shop\.unknown, and lineage does not lead/,
    );
    expect(worthTelling(ranked)).toEqual([]);
  });
});

test("no more are named than asked for", () => {
  const many = Array.from({ length: 20 }, (_, i) => changed(`c${i}`, i, sql("core/orders")));
  expect(rank(many)).toHaveLength(RANKING.limit);
  expect(ids(many, {}, { limit: 2 })).toEqual(["c0", "c1"]);
});

const anyChange = fc
  .record({
    minutes: fc.integer({ min: -600, max: 5000 }),
    lasted: fc.integer({ min: 0, max: 300 }),
    kind: fc.constantFrom(...CHANGE_KINDS),
    status: fc.constantFrom(...CHANGE_STATUSES),
    repository: fc.constantFrom(null, "fernhollow/warehouse", "x"),
    revision: fc.constantFrom(null, "r1", "r2"),
    paths: fc.subarray(["models/core/orders.sql", "models/schema.yml", "macros/x.sql", "README.md", "\\"]),
    assets: fc.subarray([
      table("raw.orders"),
      table("core.orders"),
      table("unknown"),
      table("core.products"),
    ]),
    environment: fc.constantFrom(null, "prod", "staging"),
    title: fc.string({ minLength: 1, maxLength: 20 }),
  })
  .map(({ minutes, lasted, ...rest }) => ({
    minutes,
    over: { ...rest, startedAt: minutesBefore(minutes + lasted) },
  }));
const anyChanges = fc
  .array(anyChange, { maxLength: 12 })
  .map((all) => all.map(({ minutes, over }, i) => changed(`c${i}`, minutes, over)));

test("the order in which changes and assets come makes no difference", () => {
  fc.assert(
    fc.property(anyChanges, fc.func(fc.nat()), (changes, key) => {
      const shuffled = changes.toSorted((a, b) => key(a.id) - key(b.id));
      const assets = BROKEN.assets.toReversed();
      const all = { limit: 100 };
      expect(rank(shuffled, { assets }, all)).toEqual(rank(changes, {}, all));
      for (const { score, reason } of rank(changes, {}, all)) {
        expect(score >= 0 && score <= 1).toBe(true);
        expect(reason).not.toMatch(/undefined|null|NaN|\n/);
      }
    }),
  );
});

test("farther up or longer ago is never suspected more", () => {
  const score = (step: number, minutes: number) =>
    rankChanges(
      [changed("c", minutes, { assets: [table(`line.t${11 - step}`)] })],
      { startedAt: BROKE, assets: [table("line.t11")], originAsset: table("line.t11") },
      LINE,
    )[0]?.score ?? 0;
  const step = fc.integer({ min: 0, max: 11 });
  const minutes = fc.integer({ min: 0, max: 6000 });
  fc.assert(
    fc.property(step, step, minutes, minutes, (a, b, long, short) => {
      expect(score(Math.max(a, b), Math.max(long, short))).toBeLessThanOrEqual(
        score(Math.min(a, b), Math.min(long, short)),
      );
    }),
  );
});

test("after one half-life a change counts half", () => {
  const [now, then] = [0, 24 * 60].map((minutes) => rank([changed("c", minutes, sql("core/orders"))])[0]!);
  expect(then!.score).toBeCloseTo(now!.score / 2, 2);
});
