/** What a start waits for, and what it leaves behind for the next one. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { program } from "../../src/cli/program.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openForWriting } from "../../src/store/open.ts";
import { ROOT } from "../docs/pages.ts";
import { waitFor } from "../harness/wait.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "breakwater-start-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** The real process with files of its own, and what it has said so far. */
function spawnBot(env: Record<string, string>): { bot: ChildProcess; said(): string } {
  const bot = spawn(process.execPath, ["src/main.js", "serve"], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      TMPDIR: dir,
      PORT: "0",
      DATABASE_URL: `sqlite:${join(dir, "breakwater.db")}`,
      SLACK_BOT_TOKEN: "xoxb-1",
      ...env,
    },
  });
  let said = "";
  for (const stream of [bot.stdout!, bot.stderr!]) stream.on("data", (chunk) => (said += chunk));
  return { bot, said: () => said };
}

describe("what cannot be started says why in one line, and ends", () => {
  async function serve(env: Record<string, string>): Promise<{ code: number | null; said: string }> {
    const { bot, said } = spawnBot({ SLACK_SIGNING_SECRET: "secret", ...env });
    // Some of what is tried here has kept a process from hearing anything milder.
    const late = setTimeout(() => bot.kill("SIGKILL"), 60_000);
    const [code] = await once(bot, "close");
    clearTimeout(late);
    return { code, said: said() };
  }

  test.each([
    ["a folder where none can be", "/proc/nothing/here/b.db", /mkdir '\/proc\/nothing'/],
    ["a file for a folder", "package.json/b.db", /package\.json\/b\.db cannot be opened/],
    ["a folder", "src", /src cannot be opened/],
    ["no database", "package.json", /file is not a database/],
  ])("a database that is %s", async (_what, path, why) => {
    const { code, said } = await serve({ DATABASE_URL: `sqlite:${path}` });
    expect(said).toMatch(why);
    expect(said).toMatch(/^The database .+ cannot be opened: .+\. DATABASE_URL says which it is\.\n$/);
    expect(code).toBe(1);
  });

  test("a database that is damaged", async () => {
    const path = join(dir, "breakwater.db");
    const db = openForWriting({ type: "sqlite", path });
    await migrate(db);
    await db.destroy();
    writeFileSync(path, readFileSync(path).fill(0xa5, 2 * 8192));
    const { code, said } = await serve({});
    expect(said).toMatch(/^The database .*is damaged: .+ go back to a backup with `db restore`\.\n$/);
    expect(code).toBe(1);
  });

  test("a Postgres that is not there, without its password", async () => {
    const { code, said } = await serve({ DATABASE_URL: "postgres://ana:pa55word@127.0.0.1:1/b" });
    expect(said).toBe(
      "The database cannot be opened: connect ECONNREFUSED 127.0.0.1:1. DATABASE_URL says which it is.\n",
    );
    expect(code).toBe(1);
  });

  test("a port that another has", async () => {
    const other = createServer();
    await once(other.listen(0, "127.0.0.1"), "listening");
    const { port } = other.address() as AddressInfo;
    const { code, said } = await serve({ PORT: String(port), HOST: "127.0.0.1" });
    await new Promise((closed) => other.close(closed));
    expect(said).toBe(
      `127.0.0.1 port ${port} cannot be listened on: another program listens there already. Set PORT (and HOST) to others, or stop what has it.\n`,
    );
    expect(code).toBe(1);
  });

  test.each(["http://127.0.0.1", "127.0.0.1:8080", "192.0.2.1", "2001:db8::1"])(
    "an address that this machine does not have: %s",
    async (HOST) => {
      const { code, said } = await serve({ HOST });
      expect(said).toBe(
        `${HOST} port 0 cannot be listened on: HOST is no address of this machine. Set HOST to one, without scheme and port, such as 127.0.0.1, or to 0.0.0.0 for all of them.\n`,
      );
      expect(code).toBe(1);
    },
  );
});

describe("with a Slack that never answers", () => {
  let slack: Server;
  let bot: ChildProcess;
  let asked = 0;
  beforeEach(async () => {
    asked = 0;
    slack = createServer(() => {
      asked += 1;
    });
    await once(slack.listen(0, "127.0.0.1"), "listening");
  });
  afterEach(async () => {
    const ended = once(bot, "exit");
    bot.kill("SIGKILL");
    await ended;
    slack.closeAllConnections();
    await new Promise((closed) => slack.close(closed));
  });

  /** The real process, and its address as it says it in its log. */
  async function serve(): Promise<string> {
    const { port } = slack.address() as AddressInfo;
    const started = spawnBot({
      SLACK_APP_TOKEN: "xapp-1",
      SLACK_API_URL: `http://127.0.0.1:${port}/api/`,
      BREAKWATER_SOURCE_GENERIC_SECRET: "hush",
    });
    bot = started.bot;
    return waitFor(() => /Server listening at (http:[^"]+)/.exec(started.said())?.[1], {
      what: "the door to open",
      timeout: 60_000,
    });
  }

  test("a bot goes on when whoever reads its log has gone", async () => {
    const url = await serve();
    bot!.stdout!.destroy();
    bot!.stderr!.destroy();
    // Each is a line in the log.
    for (let i = 0; i < 5; i++) expect((await fetch(`${url}/metrics`)).status).toBe(200);
    expect(bot!.exitCode).toBe(null);
  });

  test("alerts are stored, and /readyz says that Slack is starting, until it was asked in vain", async () => {
    const url = await serve();
    const answer = await fetch(`${url}/v1/alerts/generic`, {
      method: "POST",
      headers: { authorization: "Bearer hush", "content-type": "application/json" },
      body: '{"title": "orders is late"}',
    });
    const starting = await fetch(`${url}/readyz`);
    expect([answer.status, starting.status]).toEqual([200, 503]);
    expect(await starting.json()).toMatchObject({ errors: [{ path: "slack", message: "starting" }] });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);

    await waitFor(() => asked > 0, { what: "Slack to be asked", timeout: 30_000 });
    const given = await waitFor(
      async () => {
        const body = await (await fetch(`${url}/readyz`)).text();
        return body.includes("slack: starting") ? null : body;
      },
      { what: "the first try to be given up", timeout: 30_000 },
    );
    expect(given).toContain("not connected to Slack yet");
    const db = new SQLite(join(dir, "breakwater.db"), { readonly: true });
    expect(db.prepare("select source, status from alert").all()).toEqual([
      { source: "generic", status: "firing" },
    ]);
    db.close();
  }, 120_000);
});

test("a command line that names a command loads only that one; any other has all of them", async () => {
  const names = async (wanted?: string) => (await program(wanted)).commands.map((each) => each.name());
  const all = await names();
  expect(all.length).toBeGreaterThan(8);
  for (const name of all) expect(await names(name)).toEqual([name]);
  for (const other of ["--help", "srve", "constructor"]) expect(await names(other)).toEqual(all);
});

test("a command whose answer finds no room says so in one line", ({ skip }) => {
  if (!existsSync("/dev/full")) skip("there is no /dev/full here");
  const full = openSync("/dev/full", "w");
  const { status, stderr } = spawnSync(process.execPath, ["src/main.js", "manifest"], {
    ...{ cwd: ROOT, env: { PATH: process.env.PATH, TMPDIR: dir }, encoding: "utf8", timeout: 30_000 },
    stdio: ["ignore", full, "pipe"],
  });
  closeSync(full);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^What was asked for .+ENOSPC.+\n$/)]);
});

describe("what was compiled", () => {
  const folder = () => join(dir, `breakwater-${process.getuid!()}`);
  const run = (env: NodeJS.ProcessEnv) =>
    execFileSync(process.execPath, ["src/main.js", "manifest"], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, TMPDIR: dir, ...env },
      encoding: "utf8",
      timeout: 30_000,
    });

  test("is kept for the next start, where only this user can write", () => {
    const first = run({});
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    const kept = readdirSync(folder(), { recursive: true }).length;
    expect(kept).toBeGreaterThan(10);
    expect(run({})).toBe(first);
    expect(readdirSync(folder(), { recursive: true }).length).toBe(kept);
  });

  test("is kept where NODE_COMPILE_CACHE says, if it says so", () => {
    run({ NODE_COMPILE_CACHE: join(dir, "elsewhere") });
    expect(readdirSync(join(dir, "elsewhere"), { recursive: true }).length).toBeGreaterThan(10);
    expect(readdirSync(dir)).toEqual(["elsewhere"]);
  });

  test("is neither read nor kept in a folder that others can write", () => {
    mkdirSync(folder());
    chmodSync(folder(), 0o777);
    expect(run({})).toContain("slash_commands");
    expect(readdirSync(folder())).toEqual([]);
  });

  test("is not kept where nothing can be written, and all works as well", () => {
    expect(run({ TMPDIR: "/proc/nowhere" })).toContain("slash_commands");
  });
});
