import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/config.ts";
import { Grouping } from "../../src/core/correlate/grouping.ts";
import { RoutingSections } from "../../src/core/correlate/sections.ts";
import { codes, filesOf, read, rowsOf } from "./pages.ts";

const source = read("src/config.ts");
const page = read("docs/configuration.md");
const readme = read("README.md");

/** The names of a schema's fields, as they stand in its source. */
function fields(opening: string): string[] {
  const from = source.indexOf(opening);
  expect(from, opening).toBeGreaterThan(0);
  const body = source.slice(from, source.indexOf("\n});", from));
  return [...body.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1]!);
}

const VARIABLES = [...fields("const Environment = z.object({"), "BREAKWATER_SOURCE_<NAME>_SECRET"];
const KEYS = fields("const ConfigFile = z.strictObject({");

describe("docs/configuration.md", () => {
  const [environment, file] = page.split("\n## breakwater.yaml\n");

  test("has every variable of the environment, and no other", () => {
    expect(
      rowsOf(environment!)
        .map(([name]) => codes(name!)[0])
        .sort(),
    ).toEqual([...VARIABLES].sort());
  });

  test("has every key of breakwater.yaml, and no other", () => {
    expect(rowsOf(file!).map(([name]) => codes(name!)[0])).toEqual(KEYS);
  });

  test("nothing but config.ts reads the environment, except for what the page says of the sandbox and tests", () => {
    const read_ = filesOf("src")
      .filter((path) => path !== "src/config.ts")
      .flatMap((path) => [...read(path).matchAll(/process\.env\.(\w+)/g)].map((match) => match[1]!));
    // Node's own variables are none of ours.
    const ours = read_.filter((name) => !name.startsWith("NODE_"));
    expect(new Set([...ours, ...VARIABLES])).toEqual(new Set(VARIABLES));
  });
});

describe("the example of breakwater.yaml", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(page)![1]!;
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "breakwater-docs-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("is taken, and has every key", () => {
    const path = join(folder, "breakwater.yaml");
    writeFileSync(path, example);
    expect(loadConfig({ BREAKWATER_CONFIG: path })).toMatchObject({ channel: "C0123456789" });
    expect(Object.keys(parse(example))).toEqual(KEYS);
  });

  test("and the page name the values that hold without a file", () => {
    const empty = join(folder, "empty.yaml");
    const full = join(folder, "full.yaml");
    const defaults = rowsOf(page.split("\n## breakwater.yaml\n")[1]!)
      .filter(([name]) => !["`channel`"].includes(name!))
      .map(([name, value]) => `${codes(name!)[0]}: ${codes(value!)[0]}`);
    expect(defaults).toHaveLength(KEYS.length - 1);
    writeFileSync(empty, "");
    writeFileSync(full, defaults.join("\n"));
    expect(loadConfig({ BREAKWATER_CONFIG: full })).toEqual(loadConfig({ BREAKWATER_CONFIG: empty }));
  });
});

test("every example in YAML is taken, and a bar in its matchers means either", () => {
  const folder = mkdtempSync(join(tmpdir(), "breakwater-examples-"));
  const path = join(folder, "breakwater.yaml");
  const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, example]) => {
    writeFileSync(path, example!);
    const { routing, grouping } = loadConfig({ BREAKWATER_CONFIG: path });
    return { ...RoutingSections.parse(routing), ...Grouping.parse(grouping) };
  });
  rmSync(folder, { recursive: true, force: true });
  const rules = examples.flatMap(({ routes, maintenance, inhibit, keys }) => [
    ...[...routes, ...maintenance, ...keys].map(({ match }) => match),
    ...inhibit.flatMap((rule) => [rule.when, rule.held]),
  ]);
  expect(rules).toHaveLength(7);
  const globs = rules.flatMap(({ terms }) => terms.flatMap((term) => term.globs));
  expect(globs.filter((glob) => glob.includes("|"))).toEqual([]);
  expect(globs).toEqual(expect.arrayContaining(["dbt", "airflow"]));
});

test("the variables' defaults are as the page says", () => {
  const unless = Object.fromEntries(rowsOf(page).map(([name, value]) => [codes(name!)[0], codes(value!)]));
  const { host, port, logLevel, database } = loadConfig({
    SLACK_BOT_TOKEN: "xoxb-1",
    SLACK_APP_TOKEN: "xapp-1",
  });
  expect(unless.HOST).toEqual([host]);
  expect(unless.PORT).toEqual([String(port)]);
  expect(unless.LOG_LEVEL![0]).toBe(logLevel);
  expect(loadConfig({ DATABASE_URL: unless.DATABASE_URL![0] }).database).toEqual(database);
  const sandbox = /The sandbox uses `([^`]+)`/.exec(page)![1]!;
  expect(loadConfig({ DATABASE_URL: sandbox }).database).toEqual(loadConfig({}).database);
});

test("README.md names every key, and only variables that there are", () => {
  for (const key of KEYS) expect(codes(readme)).toContain(key);
  for (const path of ["README.md", "docs/configuration.md", "docs/slack.md", "docs/http.md"]) {
    const named = read(path).matchAll(
      /\b(?:(?:SLACK|BREAKWATER)_[A-Z_<>]*[A-Z>]|DATABASE_URL|LOG_LEVEL)\b|BREAKWATER_SOURCE_<NAME>_SECRET/g,
    );
    for (const [name] of named) {
      const known = /^BREAKWATER_SOURCE_\w+_SECRET$/.test(name) ? "BREAKWATER_SOURCE_<NAME>_SECRET" : name;
      expect(VARIABLES, `${name} in ${path}`).toContain(known);
    }
  }
});

describe("sources without a secret", () => {
  const folder = mkdtempSync(join(tmpdir(), "breakwater-open-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const load = (text: string, env: NodeJS.ProcessEnv = {}) => {
    const path = join(folder, "breakwater.yaml");
    writeFileSync(path, text);
    return loadConfig({ BREAKWATER_CONFIG: path, ...env });
  };

  test("are open on this machine where the file names them", () => {
    const { openSources, loopback } = load("openSources: [generic]");
    expect([[...openSources], loopback]).toEqual([["generic"], true]);
    for (const HOST of ["localhost", "::1", "127.0.0.5"])
      expect(load("openSources: [generic]", { HOST }).loopback).toBe(true);
  });

  test("are refused on an address that others reach, unless the file says that this is meant", () => {
    for (const HOST of ["0.0.0.0", "::", "10.1.2.3", "breakwater.fernhollow.example"]) {
      expect(() => load("openSources: [generic]", { HOST })).toThrow(/openOnNetwork: true/);
      expect(load("openSources: [generic]\nopenOnNetwork: true", { HOST }).openSources.has("generic")).toBe(
        true,
      );
      expect(load("", { HOST }).loopback).toBe(false);
    }
  });
});

test("owners stay readable without being configured, and exceptions add to that", () => {
  const { allow } = loadConfig({}).redaction;
  expect(allow["*"]).toContain("labels.owner");
});
