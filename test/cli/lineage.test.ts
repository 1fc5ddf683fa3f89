import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { lineageCommand } from "../../src/cli/lineage.ts";
import type { LineageStatement } from "../../src/core/correlate/lineage-statement.ts";
import { readDbtLineage } from "../../src/source/lineage-dbt.ts";
import { readYamlLineage } from "../../src/source/lineage-yaml.ts";
import { openWorld, temporaryFile, type World } from "../engine/world.ts";
import { runCommand } from "./run.ts";

const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, "../fixtures/lineage", name), "utf8");
const stated = ({
  document,
  warnings,
}: Pick<LineageStatement, "document" | "warnings">): LineageStatement => ({
  document,
  run: null,
  complete: true,
  warnings,
});
const yaml = (value: unknown, key: string) => stated(readYamlLineage(value, { key, at: null }));

const RAW = "snowflake://fernhollow/FERN_RAW.shop.orders_v2";
const REVENUE = "snowflake://fernhollow/FERN_PROD.analytics.daily_revenue";

const file = temporaryFile();
let world: World;
beforeAll(async () => {
  vi.stubEnv("DATABASE_URL", `sqlite:${(file.database as { path: string }).path}`);
  world = await openWorld(file.database);
  const dbt = readDbtLineage(JSON.parse(fixture("fernhollow-manifest.json")), {
    namespace: "snowflake://fernhollow",
    project: null,
    target: "prod",
    receivedAt: world.now(),
  });
  await world.engine.learn(
    [
      stated(dbt),
      yaml(parse(fixture("lineage.yaml")), "file:shop.yaml"),
      yaml({ assets: [{ asset: "s3://lake/raw/orders_v2", title: "Bell\u001b[2J rings" }] }, "lake"),
      yaml({ assets: [] }, "file:gone.yaml"),
    ],
    world.now(),
  );
});
afterAll(async () => {
  await world.close();
  file.remove();
  vi.unstubAllEnvs();
});

const run = (...args: string[]) => runCommand(lineageCommand, args);

describe("breakwater lineage show", () => {
  test("lists the statements in force, and leaves out what was taken back", async () => {
    const { out } = await run("show");
    expect(out).toBe(
      `PROVIDER  KEY              VERSION  ASSETS  EDGES  RECEIVED
dbt       fernhollow/prod  1        9       8      2026-11-22T03:00:00.000Z
yaml      file:shop.yaml   1        4       2      2026-11-22T03:00:00.000Z
yaml      lake             1        1       0      2026-11-22T03:00:00.000Z

3 statements. Together 12 assets and 10 edges.
`,
    );
    const { statements, totals } = JSON.parse((await run("show", "--json")).out);
    expect(totals).toEqual({ statements: 3, assets: 12, edges: 10 });
    expect(statements[0]).toEqual({
      provider: "dbt",
      key: "fernhollow/prod",
      version: 1,
      assets: 9,
      edges: 8,
      statedAt: "2026-11-22T02:15:07.412Z",
      receivedAt: "2026-11-22T03:00:00.000Z",
    });
  });

  test("of an asset says what it is, who says so, and what is beside it", async () => {
    const { out } = await run("show", "analytics.daily_revenue");
    expect(out).toMatch(
      /^snowflake:\/\/fernhollow\/FERN_PROD\.analytics\.daily_revenue\n {2}kind {7}model \(incremental\)\n/,
    );
    expect(out).toContain("  owner      Finance Data <finance-data@fernhollow.example>\n");
    expect(out).toContain("  tier       gold\n");
    expect(out).toContain("  files      models/marts/revenue.sql, models/marts/_marts.yml\n");
    expect(out).toContain("  stated by  yaml file:shop.yaml, dbt fernhollow/prod\n");
    expect(out).toContain("\nReads 1 asset\n  FERN_PROD.analytics.int_paid_orders, model\n");
    expect(out).toContain("\nRead by 2 assets\n");
    expect(out).toMatch(
      /\nConsumers \(2\)\n {2}1 {2}tableau\/Board pack, dashboard {2}https:.*\n {2}3 {2}Weekly/,
    );
    expect(JSON.parse((await run("show", REVENUE, "--json")).out)).toMatchObject({
      asset: { namespace: "snowflake://fernhollow", name: "FERN_PROD.analytics.daily_revenue" },
      kind: "model",
      parents: [{ asset: { name: "FERN_PROD.analytics.int_paid_orders" } }],
      consumers: [
        { distance: 1, kind: "dashboard" },
        { distance: 3, title: "Weekly revenue" },
      ],
    });
  });

  test("prints nothing that a terminal would obey", async () => {
    const { out } = await run("show", "s3://lake/raw/orders_v2");
    expect(out).toContain("Bell [2J rings");
    expect(out).not.toContain("\u001b");
  });
});

describe("an asset is found", () => {
  test.each([
    ["by its whole name, in whatever case", "SNOWFLAKE://fernhollow/fern_raw.SHOP.orders_v2", RAW],
    ["by its platform and the end of its name", "snowflake/shop.orders_v2", RAW],
    ["by the end of its name", "shop.orders_v2", RAW],
    ["by its title", "weekly REVENUE", "dbt/exposure.fernhollow.weekly_revenue"],
    ["by a name with a space", "board pack", "tableau/Board pack"],
  ])("%s", async (_, written, whole) => {
    expect((await run("show", written)).out.split("\n", 1)).toEqual([whole]);
  });

  test("not where it may be several: they are listed", async () => {
    expect(await run("show", "orders_v2")).toEqual({
      out: "",
      err: `orders_v2 may be any of 2 assets. Give more of the name:\n  s3://lake/raw/orders_v2\n  ${RAW}\n`,
      code: 1,
    });
  });

  test("not where there is none, nor in another warehouse than the one that was named", async () => {
    const slip = await run("upstream", "daily_revenu");
    expect(slip).toMatchObject({
      err: expect.stringContaining(`Is it one of these?\n  ${REVENUE}\n`),
      code: 1,
    });
    const elsewhere = await run("show", "bigquery/analytics.daily_revenue");
    expect(elsewhere).toMatchObject({ out: "", err: expect.stringContaining(REVENUE), code: 1 });
    expect((await run("show", "zzz")).err).toContain("Write it as namespace/name");
  });
});

describe("breakwater lineage downstream and upstream", () => {
  test("print a tree with the steps, and the consumers with their owners last", async () => {
    expect((await run("downstream", "shop.orders_v2")).out).toBe(
      `  0  ${RAW}, source, owner Shop <shop@fernhollow.example>, tier 1
  1  ├─ FERN_PROD.snapshots.orders_history, snapshot
  1  └─ FERN_PROD.staging.stg_orders, model
  2     └─ FERN_PROD.analytics.int_paid_orders, model
  3        └─ FERN_PROD.analytics.daily_revenue, model, owner Finance Data <finance-data@fernhollow.example>, tier gold
  4           └─ dbt/semantic_model.fernhollow.revenue, metric
  5              └─ dbt/metric.fernhollow.revenue, metric

Consumers (2)
  4  tableau/Board pack, dashboard  https://tableau.fernhollow.example/board
  6  Weekly revenue (dbt/exposure.fernhollow.weekly_revenue), exposure, owner Finance <finance@fernhollow.example>  https://bi.fernhollow.example/dashboards/12

8 assets downstream, up to 6 steps away.
`,
    );
    const { out } = await run("upstream", "Board pack");
    expect(out).toMatch(/ {2}5 {2,}└─ postgres:\/\/shop-db:5432\/shop\.public\.orders\n/);
    expect(out).toMatch(/\n6 assets upstream, up to 5 steps away\.\n$/);
  });

  test("go no further than they are told", async () => {
    expect((await run("downstream", RAW, "--depth", "1")).out).toMatch(
      /1 {2}└─ FERN_PROD\.staging\.stg_orders, model\n\n2 assets downstream within 1 step\.\n$/,
    );
    expect((await run("upstream", "s3://lake/raw/orders_v2")).out).toMatch(
      /\nNothing is upstream of it\.\n$/,
    );
  });

  test("as JSON, nearest first", async () => {
    const { reached, consumers } = JSON.parse((await run("downstream", RAW, "--json")).out);
    expect(reached.map(({ distance }: { distance: number }) => distance)).toEqual([1, 1, 2, 3, 4, 4, 5, 6]);
    expect(consumers).toMatchObject([{ distance: 4 }, { distance: 6, owners: [{ name: "Finance" }] }]);
  });
});

describe("breakwater lineage path", () => {
  test("goes downstream, whichever end is given first, and says who states each step", async () => {
    const { out } = await run("path", "Board pack", "shop.public.orders");
    expect(out).toMatch(
      /^postgres:\/\/\S+ is 5 steps upstream of tableau\/Board pack\.\n\n {2}0 {2}postgres/,
    );
    expect(out).toContain("FERN_PROD.staging.stg_orders, model  [dbt fernhollow/prod]\n");
    expect(out).toMatch(/\n {2}5 {2}→ tableau\/Board pack, dashboard {2}\[yaml file:shop\.yaml]\n$/);
    expect((await run("path", "shop.public.orders", "Board pack")).out).toBe(out);
    const { path } = JSON.parse((await run("path", RAW, "Board pack", "--json")).out);
    expect(path).toHaveLength(5);
    expect(path[1]).toMatchObject({ distance: 1, statedBy: [{ provider: "dbt", key: "fernhollow/prod" }] });
  });

  test("says where there is none", async () => {
    expect(await run("path", RAW, "payment_methods")).toMatchObject({
      err: expect.stringMatching(/^Neither of .* is upstream of the other\./),
      code: 1,
    });
    expect((await run("path", RAW, "shop.orders_v2")).err).toContain("are both");
  });
});

describe("where nothing is known yet", () => {
  test("it says how lineage is fed", async () => {
    const empty = temporaryFile();
    const { path } = empty.database as { path: string };
    vi.stubEnv("DATABASE_URL", `sqlite:${path}`);
    try {
      expect((await run("show")).err).toContain(`There is no database at ${path} yet.`);
      await (await openWorld(empty.database)).close();
      expect(await run("show")).toMatchObject({ err: expect.stringContaining("/v1/lineage/dbt"), code: 1 });
    } finally {
      vi.stubEnv("DATABASE_URL", `sqlite:${(file.database as { path: string }).path}`);
      empty.remove();
    }
  });
});
