import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/**
 * Which part may import which others of ours. A folder of src is a part, and so is each file beside them; the files of the
 * writer are one, and so are those of the app. ARCHITECTURE.md shows this table to people, and is held to it below.
 */
const MAY_IMPORT: Record<string, string[]> = {
  core: [],
  engine: ["core"],
  config: ["core"],
  runbooks: ["core"],
  "configured-lineage": ["core", "source"],
  store: ["core", "engine", "config", "migrations"],
  source: ["core"],
  render: ["core"],
  slack: ["core", "engine", "config"],
  http: ["core", "engine", "config", "source", "render"],
  settle: [],
  writer: ["core", "engine", "config", "store", "settle"],
  app: [
    "core",
    "engine",
    "config",
    "runbooks",
    "configured-lineage",
    "store",
    "source",
    "render",
    "slack",
    "http",
    "writer",
  ],
  replay: ["core", "engine", "config", "runbooks", "configured-lineage", "store", "writer"],
  sandbox: ["core", "config", "app"],
  cli: [
    "core",
    "config",
    "runbooks",
    "configured-lineage",
    "store",
    "source",
    "render",
    "slack",
    "app",
    "writer",
    "settle",
    "replay",
    "sandbox",
  ],
  main: ["cli"],
  migrations: [],
};

/** Parts that get their settings handed to them: what they know of config.ts is a type. */
const GIVEN_SETTINGS = ["store", "slack", "http", "writer", "app", "replay", "sandbox"];

/** Packages that are the technology of one part; `app` and `cli` may hold one to hand it over. */
const PACKAGE_OF: Record<string, string[]> = {
  "@slack/bolt": ["slack"],
  "@slack/web-api": ["slack"],
  fastify: ["http", "app"],
  "fastify-type-provider-zod": ["http"],
  "@fastify/swagger": ["http"],
  "prom-client": ["http", "app"],
  kysely: ["store", "migrations"],
  pg: ["store"],
  "better-sqlite3": ["store", "cli"],
  commander: ["cli"],
  "csv-stringify": ["render"],
};

/** All that the core may take from outside: schemas, hashes, parsers. None of it does I/O. */
const PURE = [
  "node:crypto",
  "zod",
  "yaml",
  "unified",
  "remark-parse",
  "remark-gfm",
  "mdast",
  "mdast-util-to-string",
  "fastest-levenshtein",
];

type Import = { file: string; part: string; target: string; typeOnly: boolean };

function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(ts|js)$/.test(file))
    .map((file) => join(folder, file));
}

function partOf(file: string): string {
  const [top, second] = file.split("/");
  if (top === "migrations") return "migrations";
  return second!.replace(/^(app|writer)-[a-z]+\.ts$|\.(ts|js)$/, "$1");
}

/** Code without its comment lines, which may speak of anything. */
function codeOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8")
    .split("\n")
    .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line))
    .join("\n");
}

const STATIC = /^(?:import|export)\s+(type\s)?(?:[^;"]*?\sfrom\s+)?"([^"]+)"/gm;
const DYNAMIC = /\bimport\(\s*"([^"]+)"\s*\)|new URL\(\s*"(\.[^"]+\.ts)"/g;

function importsOf(file: string): Import[] {
  const code = codeOf(file);
  const found = [
    ...[...code.matchAll(STATIC)].map((m) => ({ target: m[2]!, typeOnly: m[1] !== undefined })),
    ...[...code.matchAll(DYNAMIC)].map((m) => ({ target: (m[1] ?? m[2])!, typeOnly: false })),
  ];
  return found.map(({ target, typeOnly }) => ({
    file,
    part: partOf(file),
    target: target.startsWith(".") ? join(dirname(file), target) : target,
    typeOnly,
  }));
}

const FILES = [...filesUnder("src"), ...filesUnder("migrations")];
const IMPORTS = FILES.flatMap(importsOf);
const ours = IMPORTS.filter(({ target }) => target.startsWith("src/") || target.startsWith("migrations/"));
const packages = IMPORTS.filter((each) => !ours.includes(each));
const shown = ({ file, target }: Import) => `${file} imports ${target}`;

/** `@slack/bolt`, `kysely/migration` → `kysely`, `node:fs` as it is. */
function packageName(target: string): string {
  return target
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");
}

test("the imports were found", () => {
  expect(ours.length).toBeGreaterThan(300);
  expect(ours.filter(({ target }) => !FILES.includes(target)).map(shown)).toEqual([]);
});

test("every part is in the table", () => {
  expect([...new Set(FILES.map(partOf))].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

test("every part imports only what the table allows", () => {
  const wrong = ours.filter(
    ({ part, target }) => partOf(target) !== part && !MAY_IMPORT[part]!.includes(partOf(target)),
  );
  expect(wrong.map(shown)).toEqual([]);
});

test("the table allows nothing that is not used", () => {
  const used = new Set(ours.map(({ part, target }) => `${part} → ${partOf(target)}`));
  const allowed = Object.entries(MAY_IMPORT).flatMap(([part, targets]) =>
    targets.map((target) => `${part} → ${target}`),
  );
  expect(allowed.filter((arrow) => !used.has(arrow))).toEqual([]);
});

test("imports run one way: no part comes back to itself", () => {
  const reach = (part: string, seen: Set<string>): Set<string> => {
    for (const next of MAY_IMPORT[part]!) if (!seen.has(next)) reach(next, seen.add(next));
    return seen;
  };
  for (const part of Object.keys(MAY_IMPORT)) expect([...reach(part, new Set())], part).not.toContain(part);
});

test("settings are handed down: adapters know config.ts as a type only", () => {
  const wrong = ours.filter(
    ({ part, target, typeOnly }) => target === "src/config.ts" && GIVEN_SETTINGS.includes(part) && !typeOnly,
  );
  expect(wrong.map(shown)).toEqual([]);
});

test("a technology's package stays in the part that is named for it", () => {
  const wrong = packages.filter(
    ({ part, target }) => !(PACKAGE_OF[packageName(target)] ?? [part]).includes(part),
  );
  expect(wrong.map(shown)).toEqual([]);
});

describe("the core is pure", () => {
  test("it imports only what does no I/O", () => {
    const wrong = packages.filter(
      ({ part, target }) => part === "core" && !PURE.includes(packageName(target)),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  // `new Date(x)` and `Date.parse(x)` are arithmetic; without an argument it is a clock.
  const IMPURE =
    /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\brandomUUID\b|\bprocess\.\w|\bset(?:Timeout|Interval|Immediate)\b|\bfetch\(|\bperformance\.|\bconsole\.|\basync\b|\bawait\b/g;

  test("it has no clock, randomness, process, timer, network or promise", () => {
    const wrong = FILES.filter((file) => partOf(file) === "core").flatMap((file) =>
      [...codeOf(file).matchAll(IMPURE)].map((match) => `${file}: ${match[0]}`),
    );
    expect(wrong).toEqual([]);
  });
});

test("the engine takes its clock from outside, and no randomness", () => {
  const wrong = FILES.filter((file) => partOf(file) === "engine").filter((file) =>
    /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\brandomUUID\b/.test(codeOf(file)),
  );
  expect(wrong).toEqual([]);
});

test("no file is named for a drawer", () => {
  const drawers = FILES.filter((file) =>
    /(^|\/)(utils?|helpers?|common|misc|base|managers?|services?|lib)(\.ts|\/)/.test(relative("src", file)),
  );
  expect(drawers).toEqual([]);
});

test("ARCHITECTURE.md shows this table", () => {
  const page = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  const section = /^## Who may import whom\n([\s\S]*?)(?=^## )/m.exec(page)![1]!;
  const rows = [...section.matchAll(/^\| `([\w-]+)` \|([^|]*)\|/gm)].map(([, part, allowed]) => [
    part!,
    [...allowed!.matchAll(/`([\w-]+)`/g)].map((m) => m[1]!),
  ]);
  expect(Object.fromEntries(rows)).toEqual(MAY_IMPORT);
});
