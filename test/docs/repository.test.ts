import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesOf, ROOT, read } from "./pages.ts";

const TEXT = filesOf().filter((path) => !/\.(png|gif|jpe?g|webp|ico|woff2?|db|gz)$/.test(path));

test("no file names a place on somebody's machine", () => {
  const places = new RegExp(
    String.raw`(?<![\w.])/(?:${["home", "Users", "root", "work"].join("|")})/[\w.-]+`,
  );
  const found = TEXT.flatMap((path) => {
    const match = places.exec(read(path));
    return match ? [`${path}: ${match[0]}`] : [];
  });
  expect(found).toEqual([]);
});

test("the lock file names no registry, so it installs from whichever is configured", () => {
  const lock = read("package-lock.json");
  expect(lock).not.toContain('"resolved"');
  expect(lock).not.toMatch(/https?:\/\/[^"]*\/-\//);
  expect(read(".npmrc")).not.toMatch(/^\s*(@[\w-]+:)?registry\s*=/m);
});

test("dependencies are pinned, and all in the lock file", () => {
  const manifest = JSON.parse(read("package.json"));
  const lock = JSON.parse(read("package-lock.json"));
  for (const kind of ["dependencies", "devDependencies", "optionalDependencies"])
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+/);
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
});

test("the licence is the one that package.json names", () => {
  expect(JSON.parse(read("package.json")).license).toBe("Apache-2.0");
  expect(read("LICENSE")).toMatch(/^\s*Apache License\n\s*Version 2\.0, January 2004/);
});

test(".ci/run can be run", () => {
  expect(statSync(join(ROOT, ".ci/run")).mode & 0o111).not.toBe(0);
  for (const [, script] of read(".ci/run").matchAll(/npm run -s (\w+)/g))
    expect(Object.keys(JSON.parse(read("package.json")).scripts)).toContain(script);
});
