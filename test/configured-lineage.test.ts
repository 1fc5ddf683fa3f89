import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startApp } from "../src/app.ts";
import { configCommand } from "../src/cli/config.ts";
import { loadConfig } from "../src/config.ts";
import { readLineageFiles, withdrawals } from "../src/configured-lineage.ts";
import { Refusal } from "../src/core/refusal.ts";
import { generic } from "../src/source/generic.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "breakwater-lineage-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

function write(name: string, text: string): string {
  const path = join(dir, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const SHOP = "assets:\n  - asset: w/orders\n    upstream: [w/raw_orders]\n";
const BOARD = "assets:\n  - asset: tableau/board\n    kind: dashboard\n    upstream: [w/orders]\n";
const WRONG = "assets:\n  - asset: orders\n  - asset: w/a\n    owner: ''\n";

/** Starts the app without Slack over the one database of the test, and answers what is stored after that. */
async function start(...lineage: string[]) {
  const file = write("breakwater.yaml", `lineage: ${JSON.stringify(lineage)}\n`);
  const config = loadConfig({
    BREAKWATER_CONFIG: file,
    DATABASE_URL: `sqlite:${join(dir, "b.db")}`,
    PORT: "0",
  });
  const app = await startApp({ ...config, sandbox: true }, { log: { level: "silent" } });
  try {
    await fetch(`${app.url}/v1/lineage/generic?name=posted`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ assets: [{ asset: "w/posted" }] }),
    });
    return (await app.engine.reads.lineageStatements()).map(
      ({ key, version, assets, edges }) => `${key} v${version}: ${assets}, ${edges}`,
    );
  } finally {
    await app.stop();
  }
}

describe("files that breakwater.yaml names under lineage", () => {
  test("hold from the start on; one that is named no longer is taken back, and what was posted stays", async () => {
    const shop = write("lineage/shop.yaml", SHOP);
    const board = write("lineage/board.yaml", BOARD);
    const both = [`file:${board} v1: 2, 1`, `file:${shop} v1: 2, 1`, "posted v1: 1, 0"];
    expect(await start(shop, board)).toEqual(both);
    expect(await start(shop, board), "the same again is no news").toEqual(both);
    const one = [`file:${board} v2: 0, 0`, `file:${shop} v1: 2, 1`, "posted v1: 1, 0"];
    expect(await start(shop)).toEqual(one);
    expect(await start(shop), "it is taken back once").toEqual(one);
    expect(await start(board)).toEqual([
      `file:${board} v3: 2, 1`,
      `file:${shop} v2: 0, 0`,
      "posted v1: 1, 0",
    ]);
    write("lineage/board.yaml", "assets: []");
    expect((await start(board))[0]).toBe(`file:${board} v4: 0, 0`);
  }, 30_000);

  test("refuse the start where they are wrong, with file and field, all of them at once", async () => {
    const wrong = write("wrong.yaml", WRONG);
    const broken = write("broken.yaml", "assets: [");
    const tagged = write("tagged.yaml", "assets: !none []");
    const missing = join(dir, "missing.yaml");
    const refusal = await start(wrong, broken, tagged, missing).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Refusal);
    const { message } = refusal as Refusal;
    expect(message).toContain(`\n${wrong}: assets[0].asset: "orders" must be namespace/name`);
    expect(message).toContain(`\n${wrong}: assets[1].owner: `);
    expect(message).toMatch(/broken\.yaml: cannot be read: .*line 1/);
    expect(message).toMatch(/tagged\.yaml: cannot be read: Unresolved tag: !none at line 1/);
    expect(message).toMatch(/missing\.yaml: cannot be read: ENOENT/);
  });

  test("are not read by a configuration with a tag that YAML does not know", () => {
    const file = write("breakwater.yaml", "lineage: !!js/function []\n");
    expect(() => loadConfig({ BREAKWATER_CONFIG: file })).toThrow(
      /is not valid YAML: Unresolved tag: .*js\/function/,
    );
  });

  test("are one, however their name is written, and one that is empty or declares twice is refused", async () => {
    const path = relative("", write("shop.yaml", SHOP));
    const read = await readLineageFiles([path, `./${path}`]);
    expect(read.map(({ statement }) => statement.document.key)).toEqual([`file:${path}`]);
    await expect(readLineageFiles([write("empty.yaml", "")])).rejects.toThrow(
      /empty\.yaml: .*write keys with their values/,
    );
    const twice = write("twice.yaml", "assets:\n  - asset: w/a\n  - asset: w/a\n");
    await expect(readLineageFiles([twice])).rejects.toThrow(
      `${twice}: assets[1].asset: is declared twice, here and in assets[0]`,
    );
  });
});

test("what is posted cannot take a file's place", () => {
  const post = (name: string) =>
    generic.readLineage({ body: { assets: [] }, query: { name }, receivedAt: "" } as never);
  expect(() => post("file:shop.yaml")).toThrow(/stands for files of breakwater\.yaml/);
  expect(post("shop.yaml").lineage).toHaveLength(1);
  expect(withdrawals([{ provider: "yaml", key: "shop.yaml", assets: 3 }], [])).toEqual([]);
});

describe("breakwater config check", () => {
  async function check(lineage: string[]) {
    vi.stubEnv("BREAKWATER_CONFIG", write("breakwater.yaml", `lineage: ${JSON.stringify(lineage)}\n`));
    const said = { out: "", err: "", code: 0 };
    const command = configCommand({
      out: (line) => {
        said.out += `${line}\n`;
      },
      err: (line) => {
        said.err += `${line}\n`;
      },
      exit: (code) => {
        said.code = code;
      },
    });
    await command.parseAsync(["check"], { from: "user" });
    return said;
  }

  test("says what the files hold, and what is odd about it", async () => {
    const circle = write(
      "circle.yaml",
      "assets:\n  - asset: w/a\n    upstream: [w/b]\n    downstream: [w/b]\n",
    );
    const { out, code } = await check([write("shop.yaml", SHOP), circle]);
    expect(out).toMatch(/Lineage +2 files\n {2}\S+shop\.yaml: 2 assets, 1 edge\n/);
    expect(out).toMatch(/circle\.yaml: 2 assets, 2 edges\n {4}2 assets are in or between cycles/);
    expect(code).toBe(0);
  });

  test("fails where one is wrong", async () => {
    const { err, code } = await check([write("wrong.yaml", WRONG)]);
    expect([err, code]).toEqual([expect.stringContaining("wrong.yaml: assets[0].asset: "), 1]);
  });
});
