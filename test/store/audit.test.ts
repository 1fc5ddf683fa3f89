import { afterEach, beforeEach, expect, it } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { acts, recordAct } from "../../src/store/audit.ts";
import { migrate } from "../../src/store/migrate.ts";
import { type Database, openForWriting } from "../../src/store/open.ts";
import { recordStart } from "../../src/store/start.ts";
import { startOf } from "../../src/writer-settings.ts";
import { temporaryFile } from "../engine/world.ts";
import { faultsOf } from "./filled.ts";

let place: ReturnType<typeof temporaryFile>;
let db: Database;
beforeEach(async () => {
  place = temporaryFile();
  db = openForWriting(place.database);
  await migrate(db);
});
afterEach(async () => {
  await db.destroy();
  place.remove();
});

const SECRETS = {
  SLACK_BOT_TOKEN: "xoxb-secret-one",
  SLACK_SIGNING_SECRET: "secret-two",
  BREAKWATER_API_TOKEN: "secret-three",
  BREAKWATER_SOURCE_DBT_SECRET: "secret-four",
  DATABASE_URL: "postgres://u:secret-five@db/b",
};
const start = (changes: NodeJS.ProcessEnv = {}) =>
  recordStart(db, startOf(loadConfig({ ...SECRETS, ...changes })));
const said = async () => (await acts(db)).slice(1);

it("has each start, and before it which settings are not as they were", async () => {
  await start();
  await start();
  await start({ PORT: "9000", BREAKWATER_CHANNEL: "C9" });
  expect((await said()).map(({ act, details }) => [act, details.changed ?? details.version])).toEqual([
    ["started", "0.1.0"],
    ["started", "0.1.0"],
    ["config_changed", ["channel", "port"]],
    ["started", "0.1.0"],
  ]);
});

it("holds no secret, nor anything of which one could be found by trying", async () => {
  await start();
  await start({ SLACK_BOT_TOKEN: "xoxb-other", DATABASE_URL: "postgres://u:other@db/b" });
  const all = await said();
  expect(JSON.stringify(all)).not.toContain("secret-");
  expect(all[0]!.details).toEqual(all[1]!.details);
});

it("is one chain, whoever writes at once", async () => {
  const other = openForWriting(place.database);
  const retried = (n: number) => ({ act: "delivery_retried", by: "U1", details: { row: n } }) as const;
  await Promise.all(Array.from({ length: 10 }, (_, n) => recordAct(db, retried(n))));
  for (let n = 10; n < 20; n++) await recordAct(n % 2 ? db : other, retried(n));
  await other.destroy();
  expect((await said()).map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => n + 2));
  expect(await faultsOf(db)).toEqual([]);
});

it("becomes durable with the transaction it is part of, or not at all", async () => {
  const undone = db.transaction().execute(async (trx) => {
    await recordAct(trx, { act: "delivery_retried", by: "U1", details: {} });
    throw new Error("no");
  });
  await expect(undone).rejects.toThrow("no");
  expect(await said()).toEqual([]);
});
