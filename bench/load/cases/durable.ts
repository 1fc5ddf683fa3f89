import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import { type Case, inTurn, type Measured, type Round } from "../case.ts";
import { load, startLoad } from "../load.ts";
import { memoryOf } from "../processes.ts";
import { HOW_TO_GET_ALERTMANAGER, startAlertmanager, startFloor, startProduct } from "../subjects.ts";
import { SHAPES, times } from "./ingest.ts";

/** Put before the C library's own, these make a disk slower by BENCH_FSYNC_US microseconds. */
const SLOW_DISK = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_first(void) { const char *us = getenv("BENCH_FSYNC_US"); if (us) usleep(atoi(us)); }
int fsync(int fd) { wait_first(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { wait_first(); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
`;

/** The library for LD_PRELOAD, or null where there is no C compiler. */
function slowDisk(dir: string): string | null {
  const library = join(dir, "slow-disk.so");
  if (existsSync(library)) return library;
  try {
    writeFileSync(join(dir, "slow-disk.c"), SLOW_DISK);
    execFileSync("cc", ["-shared", "-fPIC", "-o", library, join(dir, "slow-disk.c"), "-ldl"], {
      stdio: "ignore",
    });
    return library;
  } catch {
    return null;
  }
}

async function slow(round: Round): Promise<Measured> {
  const library = slowDisk(round.dir);
  if (library === null) return { slow: "there is no C compiler (cc) to make a slow disk with" };
  const shape = { ...SHAPES.new1, ...times(round) };
  const rateOf = async (which: "ours" | "each", addedMs: number) => {
    const env: Record<string, string> =
      addedMs === 0 ? {} : { LD_PRELOAD: library, BENCH_FSYNC_US: String(addedMs * 1000) };
    const running = await (which === "ours" ? startProduct(round, { env }) : startFloor(round, "each", env));
    try {
      return { rate: (await load({ ...shape, port: running.port })).rate };
    } finally {
      await running.stop();
    }
  };
  return inTurn(round.round, [
    ["slow.ours0", () => rateOf("ours", 0)],
    ["slow.ours2", () => rateOf("ours", 2)],
    ["slow.each2", () => rateOf("each", 2)],
    ["slow.ours10", () => rateOf("ours", 10)],
  ]);
}

/** 1,000 requests a second whatever happens: times count from when each was due. */
async function openLoop(
  round: Round,
  which: "ours" | "alertmanager",
): Promise<Record<string, number> | string> {
  if (which === "alertmanager" && round.alertmanager === null) return HOW_TO_GET_ALERTMANAGER;
  const running = await (which === "ours"
    ? startProduct(round)
    : startAlertmanager(round, round.alertmanager!));
  try {
    const perSecond = round.quick ? 50 : 1_000;
    const { p50, p99, max, rate } = await load({
      ...SHAPES.new1,
      ...times(round),
      perSecond,
      port: running.port,
    });
    return { p50, p99, max, rate };
  } finally {
    await running.stop();
  }
}

/** Twice as much as it takes: what it confirms is there, and what it refuses is told when to come again. */
async function overload(round: Round): Promise<Record<string, number>> {
  const product = await startProduct(round);
  try {
    const at = { ...SHAPES.new50, connections: 32, port: product.port };
    const calm = await load({ ...at, ...times(round), connections: 8, firstId: 2_000_000_000 });
    const perSecond = (2 * calm.rate) / at.perRequest;
    const stored = () => {
      const file = new SQLite(product.databaseFile, { readonly: true });
      const count = file.prepare("select count(*) from alert").pluck().get() as number;
      file.close();
      return count;
    };
    const before = stored();
    // Without a warm-up, so that everything confirmed is counted.
    const forMs = round.quick ? 500 : 60_000;
    const storm = await startLoad({ ...at, connections: 256, perSecond, forMs });
    const result = await storm.done;
    const { peakMb } = memoryOf(product.pid);
    return {
      lost: Math.max(0, result.alerts - (stored() - before)),
      refused: result.refused,
      refusedWithoutRetryAfter: result.refusedWithoutRetryAfter,
      errors: result.errors,
      peakMb,
      p99: result.p99,
      p99Ratio: result.p99 / calm.p99,
      calmRate: calm.rate,
    };
  } finally {
    await product.stop();
  }
}

export const durableCases: Case[] = [
  { name: "slow", run: slow },
  {
    name: "open",
    run: (round) =>
      inTurn(round.round, [
        ["open.ours", () => openLoop(round, "ours")],
        ["open.alertmanager", () => openLoop(round, "alertmanager")],
      ]),
  },
  {
    name: "overload",
    mostRounds: 1,
    run: (round) => inTurn(round.round, [["overload.ours", () => overload(round)]]),
  },
];
