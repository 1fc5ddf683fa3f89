/** The bot as its container runs it: as nobody, on a checkout that it cannot write, with one folder that it can. */
import { execFile, spawn } from "node:child_process";
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "../docs/pages.ts";
import { freePort } from "../harness/port.ts";

/** The machine has no name for them, as where a cluster gives each container a number. */
const NOBODY = 54_321;
/** Who is not root is unprivileged already. */
const isRoot = process.getuid?.() === 0;

/** Every path under a folder with when it was last written. */
async function written(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).sort();
  return Promise.all(names.map(async (name) => `${name} ${(await stat(join(folder, name))).mtimeMs}`));
}

test("it starts as an unprivileged user, takes an alert, and writes to its data folder only", async ({
  skip,
}) => {
  if (process.getuid?.() !== 0) skip("changing the user needs root");
  const dir = await mkdtemp(join(tmpdir(), "breakwater-unprivileged-"));
  try {
    const [app, data] = [join(dir, "app"), join(dir, "data")];
    for (const name of ["src", "migrations", "runbooks", "package.json"])
      await cp(join(ROOT, name), join(app, name), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(dir, "node_modules"));
    await mkdir(data);
    if (isRoot) await chown(data, NOBODY, NOBODY);
    await chmod(data, 0o700);
    await chmod(dir, 0o755);
    for (const name of ["src", "migrations", "runbooks", "."]) await chmod(join(app, name), 0o555);
    const before = await written(app);
    const port = await freePort();
    const child = spawn(process.execPath, ["src/main.js", "serve"], {
      cwd: app,
      ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        DATABASE_URL: `sqlite:${join(data, "breakwater.db")}`,
        SLACK_BOT_TOKEN: "xoxb-1",
        SLACK_SIGNING_SECRET: "1",
        SLACK_API_URL: "http://127.0.0.1:1/api/",
        BREAKWATER_SOURCE_GENERIC_SECRET: "hush",
      },
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    try {
      let status = 0;
      for (let tries = 0; tries < 300 && status === 0 && child.exitCode === null; tries++) {
        const answer = await fetch(`http://127.0.0.1:${port}/v1/alerts/generic`, {
          method: "POST",
          headers: { authorization: "Bearer hush", "content-type": "application/json" },
          body: '{"title": "orders is late"}',
        }).catch(() => null);
        status = answer?.status ?? 0;
        if (status === 0) await new Promise((later) => setTimeout(later, 100));
      }
      expect(status, said).toBe(200);
    } finally {
      child.kill("SIGTERM");
      await ended;
    }
    const command = (...args: string[]) =>
      promisify(execFile)(process.execPath, ["src/main.js", ...args], {
        cwd: app,
        ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
        env: { PATH: process.env.PATH, DATABASE_URL: `sqlite:${join(data, "breakwater.db")}` },
      });
    expect((await command("db", "backup", join(data, "copy.db"))).stdout).toContain("is a whole copy");
    expect((await command("db", "audit")).stdout).toMatch(/backed_up {2}cli:uid 54321 /);
    expect(await written(app)).toEqual(before);
    expect(await readdir(data)).toContain("breakwater.db");
    expect((await readdir(dir)).sort()).toEqual(["app", "data", "node_modules"]);
  } finally {
    for (const name of ["src", "migrations", "runbooks", "."]) await chmod(join(dir, "app", name), 0o755);
    await rm(dir, { recursive: true, force: true });
  }
}, 90_000);
