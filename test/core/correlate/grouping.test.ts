import { describe, expect, test } from "vitest";
import { z } from "zod";
import { configuredKey, Grouping, GroupingKey } from "../../../src/core/correlate/grouping.ts";
import { matchable } from "../../../src/core/correlate/matcher.ts";
import { RoutingSections } from "../../../src/core/correlate/sections.ts";
import { alertOn } from "../../engine/world.ts";

const keys = (...said: object[]) => said.map((each) => GroupingKey.parse(each));

describe("a configured key", () => {
  const dag = alertOn("orders", { source: "airflow", labels: { dag_id: "nightly", env: "prod" } });

  test("is made of the fields that the rule names", () => {
    expect(configuredKey(dag, keys({ match: "source=airflow", by: ["labels.dag_id", "env"] }))).toEqual({
      key: 'by:[["labels.dag_id","nightly"],["env","prod"]]',
      about: "for dag_id nightly, env prod",
    });
    expect(configuredKey(dag, keys({ match: "all", by: ["asset", "source", "namespace"] }))?.about).toBe(
      "for asset analytics.core.orders, source airflow, namespace snowflake://acme",
    );
    expect(configuredKey(dag, keys({ match: "all", by: ["team"] }), matchable(dag, ["finance"]))?.about).toBe(
      "for team finance",
    );
  });
  test("is that of the first rule that fits and whose fields the alert has", () => {
    const rules = keys(
      { match: "source=dbt", by: ["env"] },
      { match: "all", by: ["cluster"] },
      { match: "all", by: ["env"] },
    );
    expect(configuredKey(dag, rules)?.key).toBe('by:[["env","prod"]]');
  });
  test("is none where the alert lacks a field", () => {
    expect(configuredKey(dag, keys({ match: "all", by: ["env", "cluster"] }))).toBeNull();
    expect(configuredKey(dag, keys({ match: "all", by: ["toString"] }))).toBeNull();
    expect(configuredKey({ ...dag, assets: [] }, keys({ match: "all", by: ["asset"] }))).toBeNull();
    expect(configuredKey(dag, [])).toBeNull();
  });
  test("cannot be forged by a value that looks like two", () => {
    const by = keys({ match: "all", by: ["a", "b"] });
    const key = (labels: Record<string, string>) => configuredKey(alertOn("x", { labels }), by)?.key;
    expect(key({ a: '1"],["b","2', b: "3" })).not.toBe(key({ a: "1", b: '2"],["b","3' }));
  });
});

describe("the sections of breakwater.yaml", () => {
  const File = z.strictObject({ ...RoutingSections.shape, grouping: Grouping.prefault({}) });
  const issues = (file: unknown) =>
    File.safeParse(file).error?.issues.map((each) => `${each.path.join(".")}: ${each.message}`);

  test("may all be left out", () => {
    expect(File.parse({})).toEqual({
      routes: [],
      tiers: {},
      maintenance: [],
      inhibit: [],
      grouping: {
        wait: 5_000,
        window: 6 * 3_600_000,
        windowKind: "rolling",
        lineage: true,
        maxSteps: 20,
        merge: "unacknowledged",
        keys: [],
        flapping: { changes: 6, within: 3_600_000, quiet: 30 * 60_000 },
      },
    });
    expect(Grouping.parse({ wait: "0s", window: "48h" })).toMatchObject({ wait: 0, window: 48 * 3_600_000 });
  });
  test("are refused with the path of each wrong field", () => {
    expect(
      issues({
        routes: [
          { name: "a", match: { source: "dbt" }, team: "x" },
          { name: "a", match: "source=dbt", passes: 2 },
        ],
        tiers: { gold: "high" },
        grouping: {
          wait: "11m",
          window: "49h",
          windowKind: "sliding",
          merge: "yes",
          keys: [{ match: "all", by: [] }],
        },
      }),
    ).toEqual([
      "routes.1.name: “a” is used twice; give each its own name",
      "tiers.gold: write one of SEV1, SEV2, SEV3, SEV4",
      "grouping.wait: write a duration from 0s to 10m",
      "grouping.window: write a duration from 1m to 48h",
      "grouping.windowKind: write rolling or fixed",
      "grouping.merge: write unacknowledged, always or never",
      "grouping.keys.0.by: is empty; write what alerts of a group have in common, such as [labels.dag_id]",
    ]);
  });
});
