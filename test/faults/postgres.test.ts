/** The real process on a real Postgres that cuts its connections and runs into its own limits, under load. */
import pg from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Postgres, startPostgres } from "../harness/postgres.ts";
import { waitFor } from "../harness/wait.ts";
import { Bot } from "./bot.ts";
import { SocketRelay } from "./relay.ts";
import { tried } from "./tried.ts";

let server: Postgres;
let admin: pg.Client;
/** Between the bot and the server. */
let relay: SocketRelay;
let bot: Bot;
beforeEach(async () => {
  server = await startPostgres();
  admin = new pg.Client(server.url);
  admin.on("error", () => {});
  await admin.connect();
  relay = await SocketRelay.start(server.url);
  const url = new URL(server.url);
  url.port = String(relay.port);
  bot = await Bot.open({ environment: { DATABASE_URL: url.href } });
  bot.start();
  await bot.untilUp();
  bot.load();
  await untilMoreAreTaken();
});
afterEach(async () => {
  await bot?.close();
  await relay?.stop();
  await admin?.end();
  await server?.stop();
});

async function untilMoreAreTaken(): Promise<void> {
  const before = bot.acked.length;
  await waitFor(() => bot.acked.length > before + 5, { what: "alerts to be taken", timeout: 30_000 }).catch(
    (error: Error) => {
      throw new Error(`${error.message}\n${bot.said}`);
    },
  );
}

/** To all connections but ours. */
const others = (does: string) =>
  admin.query(
    `select ${does}(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );

/** All that was answered 2xx is stored, each message was posted once, and the process is the one that was started. */
async function expectAllThere(): Promise<void> {
  await bot.endLoad();
  await waitFor(
    async () => (await admin.query("select 1 from outbox where state <> 'done'")).rows.length === 0,
    { what: "the outbox to drain", timeout: 40_000 },
  );
  expect(bot.child!.exitCode, bot.said).toBe(null);
  const { rows } = await admin.query<{ delivery_id: string }>("select delivery_id from signal");
  const stored = new Set(rows.map(({ delivery_id }) => delivery_id));
  expect(bot.acked.filter(({ delivery }) => !stored.has(delivery))).toEqual([]);
  const incidents = new Set(bot.acked.map(({ incident }) => incident));
  expect((await bot.roots()).length).toBe(incidents.size);
}

it("goes on when its connections are cut, again and again", { timeout: 120_000 }, async () => {
  for (bot.round = 1; bot.round <= 5; bot.round++) {
    await others("pg_terminate_backend");
    await untilMoreAreTaken();
  }
  await expectAllThere();
  expect([...bot.refused.keys()].filter((status) => status !== 503)).toEqual([]);
  expect(bot.refusedWithoutPause).toBe(0);
  tried("Postgres: connections cut", 5);
});

it("asks to come again where a statement takes longer than it may", { timeout: 120_000 }, async () => {
  await admin.query(
    `alter database ${new URL(server.url).pathname.slice(1)} set statement_timeout = '100ms'`,
  );
  await others("pg_terminate_backend");
  await untilMoreAreTaken();
  await admin.query("begin; lock table incident in access exclusive mode");
  await waitFor(() => (bot.refused.get(503) ?? 0) > 20, { what: "refusals", timeout: 30_000 }).finally(() =>
    admin.query("rollback"),
  );
  await untilMoreAreTaken();
  await expectAllThere();
  expect([...bot.refused.keys()]).toEqual([503]);
  expect(bot.refusedWithoutPause).toBe(0);
  tried("Postgres: statements that time out", 1);
});

it("goes on when its connections fall silent and are never closed", { timeout: 120_000 }, async () => {
  relay.silent = true;
  await waitFor(() => (bot.refused.get(503) ?? 0) > 0, { what: "refusals", timeout: 30_000 });
  relay.silent = false;
  await untilMoreAreTaken();
  await expectAllThere();
  // The lock that keeps a second bot away was lost as well, and is taken again.
  const { rows } = await admin.query("select pid from pg_locks where locktype = 'advisory' and granted");
  expect(rows.length).toBe(1);
  expect(await bot.stop()).toBe(0);
  tried("Postgres: connections that fall silent", 1);
});
