import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AlertSignal } from "../../src/core/signal/alert.ts";
import { SOURCES } from "../../src/source/registry.ts";

const FOLDER = join(import.meta.dirname, "../../src/source");
const DOCS = join(import.meta.dirname, "../../docs/sources");

test("every source in the folder is in the registry", async () => {
  const found: unknown[] = [];
  for (const file of readdirSync(FOLDER)) {
    const exported = Object.values(await import(join(FOLDER, file)));
    found.push(
      ...exported.filter((each) => typeof each === "object" && each !== null && "authenticate" in each),
    );
  }
  expect(new Set(found)).toEqual(new Set(SOURCES));
});

test("every source has a name of its own, and one that alerts can carry", () => {
  const names = SOURCES.map(({ name }) => AlertSignal.shape.source.parse(name));
  expect(new Set(names).size).toBe(names.length);
});

test("every source has a page in docs/sources, and every page a source", () => {
  for (const { name } of SOURCES) expect(existsSync(join(DOCS, `${name}.md`)), name).toBe(true);
  const names = SOURCES.map(({ name }) => name);
  for (const page of readdirSync(DOCS)) expect(names).toContain(page.replace(/\.md$/, ""));
});

test("every source that answers handshakes says which request is one", () => {
  for (const { name, handshake, greeting } of SOURCES)
    expect(greeting === undefined, name).toBe(handshake === undefined);
});
