/**
 * An fsync of the write-ahead log precedes each 2xx, also after a restart on the same file, which SQLite opens at less
 * than that. What a power cut leaves cannot be tried here, so this looks at the system calls of the real process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "../harness/port.ts";
import { waitFor } from "../harness/wait.ts";
import { Bot } from "./bot.ts";
import { answersIn, tracedInto, whyNotTraced } from "./strace.ts";
import { tried } from "./tried.ts";

const MARK = /sync-\d{4}/g;

describe("the reader of traces", () => {
  const asked = '7 read(30<socket:[1]>, "POST / HTTP/1.1\\r\\n\\r\\n{\\"id\\":\\"sync-0001\\"}", 65536) = 45';
  const written = '8 pwrite64(26</tmp/a.db-wal>, "\\n\\0sync-0001\\0", 8192, 56) = 8192';
  const synced = "8 fsync(26</tmp/a.db-wal>) = 0";
  const answered = '7 write(30<socket:[1]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19) = 19';
  /** The same call as strace shows it where another thread's call comes in between. */
  const cut = (line: string): [string, string] => {
    const [call, result] = line.split(/(?=\) = )/) as [string, string];
    return [`${call} <unfinished ...>`, `8 <... ${/(\w+)\(/.exec(call)![1]} resumed>${result}`];
  };
  const [syncBegins, syncReturns] = cut(synced);
  const [writeBegins, writeReturns] = cut(written);

  it.each<[string, string[]]>([
    ["fsync", [asked, written, synced, answered]],
    ["fdatasync", [asked, written, synced.replace("fsync", "fdatasync"), answered]],
    ["a sync that returned in time", [asked, written, syncBegins, syncReturns, answered]],
    ["a write of somebody else's behind it", [asked, written, synced, written, answered]],
    ["a request whose end was read later", [...cut(asked.replace(/^7/, "8")), written, synced, answered]],
  ])("is content with %s", (_, lines) => {
    expect(answersIn(lines.join("\n"), MARK)).toEqual({ answered: ["sync-0001"], unsynced: [] });
  });

  it.each<[string, string[]]>([
    ["no sync", [asked, written, answered]],
    ["a sync of before", [asked, synced, written, answered]],
    ["a sync too late", [asked, written, answered, synced]],
    ["a sync that had not returned", [asked, written, syncBegins, answered, syncReturns]],
    ["a sync that never returned", [asked, written, syncBegins, answered]],
    ["a sync that began before the write was over", [asked, writeBegins, syncBegins, writeReturns, answered]],
    [
      "a sync that failed",
      [asked, written, synced.replace("= 0", "= -1 EIO (Input/output error)"), answered],
    ],
    ["a sync of another file", [asked, written, synced.replace("-wal", ""), answered]],
    ["nothing written at all", [asked, synced, answered]],
  ])("finds %s", (_, lines) => {
    expect(answersIn(lines.join("\n"), MARK)).toEqual({ answered: ["sync-0001"], unsynced: ["sync-0001"] });
  });

  it("counts no refusal, and each answer of a connection for itself", () => {
    const refused = answered.replace("200 OK", "503 Service Unavailable");
    const next = [asked, written].map((line) => line.replace("sync-0001", "sync-0002"));
    expect(answersIn([asked, refused].join("\n"), MARK).answered).toEqual([]);
    expect(answersIn([asked, written, synced, answered, ...next, answered].join("\n"), MARK)).toEqual({
      answered: ["sync-0001", "sync-0002"],
      unsynced: ["sync-0002"],
    });
  });
});

const untraced = whyNotTraced();
if (untraced) console.info(`The order of system calls is not tested: ${untraced}.`);

describe.skipIf(untraced)("a traced process", () => {
  let directory: string;
  let child: ChildProcess | undefined;
  let bot: Bot | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "breakwater-fsync-"));
  });
  afterEach(async () => {
    child?.kill("SIGKILL");
    await bot?.close();
    bot = undefined;
    rmSync(directory, { recursive: true, force: true });
  });

  /** Ten one after the other, then twenty at once; their marks, all of them answered 200. */
  async function send(round: number, post: (mark: string) => Promise<Response | null>): Promise<string[]> {
    const marks = Array.from({ length: 30 }, (_, i) => `sync-${String(round * 100 + i).padStart(4, "0")}`);
    const statuses: unknown[] = [];
    for (const mark of marks.slice(0, 10)) statuses.push((await post(mark))?.status);
    const rest = await Promise.all(marks.slice(10).map(post));
    statuses.push(...rest.map((answer) => answer?.status));
    expect(statuses).toEqual(marks.map(() => 200));
    return marks;
  }

  /** What was seen of a process that has ended; strace writes the end of its file a moment later. */
  async function seen(path: string, { pid }: ChildProcess) {
    const over = new RegExp(`^${pid} +\\+\\+\\+ `, "m");
    const trace = await waitFor(() => [readFileSync(path, "utf8")].find((text) => over.test(text)), {
      what: "the end of the trace",
      timeout: 60_000,
    });
    const { answered, unsynced } = answersIn(trace, MARK);
    return { answered: answered.toSorted(), unsynced: unsynced.toSorted() };
  }

  it("has synced each alert before its 2xx, on a new file, after a stop and after a kill", {
    timeout: 120_000,
  }, async () => {
    bot = await Bot.open({ directory });
    const runs = ["stop", "kill", "stop"] as const;
    for (const [round, end] of runs.entries()) {
      const path = join(directory, `${round}.strace`);
      const running = bot.start(...tracedInto(path));
      await bot.untilUp();
      const marks = await send(round, (mark) =>
        bot!.post(bot!.alert(`table_${Number(mark.slice(-2)) % 7}`, mark)),
      );
      await bot[end]();
      expect(await seen(path, running)).toEqual({ answered: marks, unsynced: [] });
    }
    tried("an answer 2xx under strace", runs.length * 30, "each after an fsync of what it confirms");
  });

  /** The least that keeps what it is sent, with the pragmas that it is given. */
  const KEEPER = `
    import { createServer } from "node:http";
    import SQLite from "better-sqlite3";
    const [path, port, ...pragmas] = process.argv.slice(1);
    const file = new SQLite(path);
    for (const pragma of pragmas) file.pragma(pragma);
    file.exec("create table if not exists kept (body text)");
    createServer(async (request, response) => {
      const body = (await request.toArray()).join("");
      file.prepare("insert into kept values (?)").run(body);
      response.end();
    }).listen(Number(port), "127.0.0.1");
  `;

  it("is found out where it opens the same file again and leaves SQLite's default", {
    timeout: 60_000,
  }, async () => {
    for (const [round, pragmas] of [["journal_mode = WAL", "synchronous = FULL"], []].entries()) {
      const path = join(directory, `${round}.strace`);
      const port = String(await freePort());
      const script = ["--input-type=module", "--eval", KEEPER, join(directory, "kept.db"), port, ...pragmas];
      const [command, ...args] = [...tracedInto(path), process.execPath, ...script];
      const running = spawn(command!, args, { stdio: "inherit" });
      child = running;
      const post = (body: string) =>
        fetch(`http://127.0.0.1:${port}`, { method: "POST", body }).catch(() => null);
      await waitFor(() => post("is it up?"), { what: "the start", timeout: 30_000 });
      const marks = await send(round, post);
      running.kill("SIGKILL");
      await once(running, "exit");
      expect(await seen(path, running)).toEqual({ answered: marks, unsynced: round === 0 ? [] : marks });
    }
  });
});
