/**
 * The real process on a disk in trouble: full, locked by somebody else, with its file gone, and with the end of its
 * write-ahead log torn off after a kill. `BREAKWATER_DISK_ROUNDS` says how often each (once unless set).
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import SQLite from "better-sqlite3";
import { afterEach, expect, it } from "vitest";
import { waitFor } from "../harness/wait.ts";
import { Bot, CHANNEL } from "./bot.ts";
import { tried } from "./tried.ts";

const ROUNDS = Number(process.env.BREAKWATER_DISK_ROUNDS ?? 1);

let bot: Bot;
let undo: () => void = () => {};
afterEach(async () => {
  await bot?.close();
  undo();
  undo = () => {};
});

/** A disk that can be filled and emptied while a process writes to it. */
type Disk = { name: string; open(): Promise<Bot>; fill(): void; empty(): void };

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

/** Several times what the write-ahead log takes: on a disk that it fills alone there is no room to carry it over. */
const DISK_BYTES = 64 * 1024 * 1024;

/** A small file system, where this machine lets us mount one; test/store/durability.test.ts runs everywhere. */
function small(): Disk | null {
  const directory = mkdtempSync(join(tmpdir(), "breakwater-small-"));
  try {
    run("mount", "-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", directory);
    run("umount", directory);
  } catch {
    rmSync(directory, { recursive: true, force: true });
    return null;
  }
  const filler = join(directory, "filler");
  return {
    name: "a full file system",
    async open() {
      run("mount", "-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", directory);
      undo = () => {
        run("umount", "-l", directory);
        rmSync(directory, { recursive: true, force: true });
      };
      return Bot.open({ directory });
    },
    fill() {
      for (let size = DISK_BYTES; size >= 4096; ) {
        try {
          writeFileSync(filler, Buffer.alloc(size, "x"), { flag: "a" });
        } catch {
          size = Math.floor(size / 2);
        }
      }
    },
    empty: () => rmSync(filler, { force: true }),
  };
}

const disks = [small()].filter((disk) => disk !== null);

it.each(disks)(
  "loses nothing on $name, refuses with 503 meanwhile, and goes on by itself",
  {
    timeout: 120_000 + ROUNDS * 60_000,
  },
  async (disk) => {
    bot = await disk.open();
    bot.start();
    await bot.untilUp();
    bot.load(30);
    for (; bot.round < ROUNDS; bot.round++) {
      await waitFor(() => bot.acked.length > bot.round * 40 + 20, { what: "some load", timeout: 30_000 });
      disk.fill();
      const before = bot.refused.get(503) ?? 0;
      await waitFor(() => (bot.refused.get(503) ?? 0) > before + 5, {
        what: "refusals with 503",
        timeout: 30_000,
      });
      // The process lives and says so; every second time it is killed on the full disk.
      expect((await fetch(`${bot.url}/healthz`)).status).toBe(200);
      const ready = await fetch(`${bot.url}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining("takes no writes")]);
      if (bot.round % 2 === 1) {
        await bot.kill();
        disk.empty();
        bot.start();
      } else disk.empty();
      await sleep(300);
      const after = bot.acked.length;
      await waitFor(() => bot.acked.length > after + 5, {
        what: `2xx again:\n${bot.said}`,
        timeout: 30_000,
      });
      expect(await (await fetch(`${bot.url}/readyz`)).text()).not.toContain("takes no writes");
    }
    await bot.endLoad();
    expect([...bot.refused.keys()]).toEqual([503]);
    expect(bot.refusedWithoutPause).toBe(0);
    await bot.everythingIsThere(120_000);
    expect(await bot.stop()).toBe(0);
    tried(
      disk.name,
      ROUNDS,
      `${bot.acked.length} alerts answered 2xx, ${bot.refused.get(503)} refused with 503`,
    );
  },
);

it("waits out a lock of somebody else's, refuses with 503 where it lasts, and goes on by itself", {
  timeout: 120_000 + ROUNDS * 60_000,
}, async () => {
  bot = await Bot.open();
  bot.start();
  await bot.untilUp();
  bot.load(30);
  for (; bot.round < ROUNDS; bot.round++) {
    await waitFor(() => bot.acked.length > bot.round * 20 + 20, { what: "some load", timeout: 30_000 });
    const other = new SQLite(bot.path, { timeout: 10_000 });
    other.exec("begin immediate");
    // What was under way before the lock is answered first.
    await sleep(300);
    const [acked, refused] = [bot.acked.length, bot.refused.get(503) ?? 0];
    await waitFor(() => (bot.refused.get(503) ?? 0) >= refused + 4, { what: "refusals", timeout: 20_000 });
    expect(bot.acked.length).toBe(acked);
    // The writer waits in its own thread: probes are answered all the same.
    const since = performance.now();
    expect((await fetch(`${bot.url}/healthz`)).status).toBe(200);
    expect(performance.now() - since).toBeLessThan(1_000);
    other.exec("rollback");
    other.close();
    await sleep(300);
    await waitFor(() => bot.acked.length > acked + 5, { what: "2xx again", timeout: 30_000 });
  }
  await bot.endLoad();
  expect([...bot.refused.keys()]).toEqual([503]);
  expect(bot.refusedWithoutPause).toBe(0);
  await bot.everythingIsThere(120_000);
  expect(await bot.stop()).toBe(0);
  tried("locked by another process", ROUNDS, `${bot.refused.get(503)} refused with 503`);
});

it.each([
  ["removed", (path: string) => ["", "-wal", "-shm"].map((end) => rmSync(path + end))],
  [
    "replaced",
    (path: string) => {
      writeFileSync(`${path}.new`, "");
      renameSync(`${path}.new`, path);
    },
  ],
])(
  "answers 503 once its file was %s, says so in /readyz and in Slack, and starts on what is there then",
  { timeout: 120_000 },
  async (_, lose) => {
    bot = await Bot.open();
    bot.start();
    await bot.untilUp();
    await bot.send("before");
    const ready = async () => (await fetch(`${bot.url}/readyz`)).text();
    await waitFor(async () => (await ready()).includes('"status":"ready"'), {
      what: "the bot to be ready",
      timeout: 30_000,
    });
    lose(bot.path);
    expect(await ready()).toContain("database: its file was removed or replaced while the bot runs");
    const answer = (await bot.post(bot.alert("after", "after")))!;
    expect(answer.status).toBe(503);
    expect(await answer.text()).toMatch(/removed or replaced.+`db restore`.+Nothing of this was stored/);
    await waitFor(
      async () =>
        (await bot.slack.messages(CHANNEL)).some(({ text }) =>
          /⚠️.+removed or replaced.+db restore/u.test(text),
        ),
      { what: `the alarm:\n${bot.said}`, timeout: 30_000 },
    );
    expect(await bot.stop()).toBe(0);
    bot.start();
    await bot.untilUp();
    expect((await bot.post(bot.alert("after", "after")))!.status).toBe(200);
    expect(bot.storedLike("after")).toBe(1);
    expect(await bot.stop()).toBe(0);
  },
);

/** Where each whole commit of a write-ahead log ends (https://sqlite.org/fileformat2.html#walformat), in bytes. */
function commitsOf(wal: Buffer): number[] {
  if (wal.length < 32) return [];
  const page = wal.readUInt32BE(8);
  const salts = wal.subarray(16, 24);
  const ends: number[] = [];
  for (let at = 32; at + 24 + page <= wal.length; at += 24 + page) {
    // Frames of before the last checkpoint bear other salts.
    if (!wal.subarray(at + 8, at + 16).equals(salts)) break;
    if (wal.readUInt32BE(at + 4) > 0) ends.push(at + 24 + page);
  }
  return ends;
}

/**
 * Up to where the log has been copied into the database file. It was synced before that, so no power cut tears it; and
 * torn all the same, no database could be put together again (https://sqlite.org/walformat.html, nBackfill).
 */
function copiedUpTo(path: string, wal: Buffer): number {
  const frames = readFileSync(`${path}-shm`).readUInt32LE(96);
  return 32 + frames * (24 + wal.readUInt32BE(8));
}

/** The ids of the alerts stored in a database whose log ends at `bytes`. */
function storedUpTo(path: string, bytes: number): string[] {
  const copy = mkdtempSync(join(tmpdir(), "breakwater-torn-"));
  const file = join(copy, "copy.db");
  copyFileSync(path, file);
  writeFileSync(`${file}-wal`, readFileSync(`${path}-wal`).subarray(0, bytes));
  const db = new SQLite(file);
  const ids = db.prepare("select delivery_id from signal order by id").pluck().all() as string[];
  db.close();
  rmSync(copy, { recursive: true, force: true });
  return ids;
}

it("starts from a torn write-ahead log with every whole commit in it, and nothing of the torn one", {
  timeout: 120_000 + ROUNDS * 60_000,
}, async () => {
  bot = await Bot.open();
  let torn = 0;
  let lost = 0;
  for (; torn < ROUNDS * 2; bot.round++) {
    bot.start();
    await bot.untilUp();
    bot.load(10);
    const before = bot.acked.length;
    await waitFor(() => bot.acked.length > before + 20, { what: "some load", timeout: 30_000 });
    await bot.kill();
    const wal = readFileSync(`${bot.path}-wal`);
    const ends = commitsOf(wal);
    if (ends.length < 2) continue;
    // The first commit of a new file makes the tables.
    const safe = Math.max(copiedUpTo(bot.path, wal), ends[0]!);
    if (safe >= ends.at(-1)!) continue;
    const at = safe + Math.floor(bot.random() * (ends.at(-1)! - safe));
    const whole = ends.filter((end) => end <= at).at(-1) ?? 32;
    const expected = storedUpTo(bot.path, whole);
    // Cut off there, or changed there: what comes behind it cannot be trusted any more.
    if (torn % 2 === 0) writeFileSync(`${bot.path}-wal`, wal.subarray(0, at));
    else {
      wal[at] = wal[at]! ^ 0x5a;
      writeFileSync(`${bot.path}-wal`, wal);
    }
    rmSync(`${bot.path}-shm`, { force: true });
    const file = new SQLite(bot.path);
    const found = file.prepare("select delivery_id from signal order by id").pluck().all();
    expect(found).toEqual(expected);
    file.close();
    bot.expectSoundFile();
    await bot.verify();
    lost += bot.acked.filter(({ delivery }) => !expected.includes(delivery)).length;
    torn++;
    // Senders of before still try; let the next process answer them.
    bot.start();
    await bot.untilUp();
    await bot.endLoad();
    await bot.kill();
    await bot.verify();
  }
  tried("torn write-ahead log", torn, `${lost} answered alerts in the torn parts, over all tries`);
});
