import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../../src/config.ts";
import { Refusal } from "../../../src/core/refusal.ts";

describe("changes of breakwater.yaml", () => {
  const folder = mkdtempSync(join(tmpdir(), "breakwater-path-rules-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const load = (text: string) => {
    const path = join(folder, "breakwater.yaml");
    writeFileSync(path, text);
    return loadConfig({ BREAKWATER_CONFIG: path }).pathRules;
  };
  const issues = (text: string) => {
    try {
      return load(text);
    } catch (error) {
      if (error instanceof Refusal) return error.issues.map(({ path, message }) => `${path}: ${message}`);
      throw error;
    }
  };

  test("say which files concern which assets", () => {
    const rules = [
      { repository: "fernhollow/*", paths: ["jobs/**"], assets: ["snowflake://fernhollow/raw.shop.orders"] },
      { paths: ["{a,b}.tf"], assets: ["warehouse/orders"] },
    ];
    expect(load(JSON.stringify({ changes: rules }))).toEqual(rules);
    expect(load("")).toEqual([]);
  });

  test("are refused where they could never fit, each with the name of its field", () => {
    const rules = [
      { repository: "[a-z]*", paths: ["ok", "!no", "a{b"], assets: ["orders", "snowflake://acme"] },
      { paths: [], assets: [], tables: ["x"] },
    ];
    const told = issues(JSON.stringify({ changes: rules })).map(String);
    expect(told.map((line) => line.split(": ")[0])).toEqual([
      "changes.0.repository",
      "changes.0.paths.1",
      "changes.0.paths.2",
      "changes.0.assets.0",
      "changes.0.assets.1",
      "changes.1.paths",
      "changes.1.assets",
      "changes.1.tables",
    ]);
    expect(told[1]).toContain("starts with !, which is not supported");
    expect(told[3]).toBe(
      "changes.0.assets.0: write an asset as namespace/name, such as snowflake://acme/analytics.core.orders",
    );
    expect(issues("changes: everything")).toEqual([
      "changes: write a list of rules, each starting with a dash",
    ]);
  });
});
