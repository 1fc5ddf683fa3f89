import { afterEach, beforeEach, expect, test } from "vitest";
import { outboxCommand } from "../../src/cli/outbox.ts";
import { alertOn, openWorld, temporaryFile, type World } from "../engine/world.ts";
import { runCommand } from "./run.ts";

let place: ReturnType<typeof temporaryFile>;
let world: World;
const before = process.env.DATABASE_URL;

beforeEach(async () => {
  place = temporaryFile();
  if (place.database.type === "sqlite") process.env.DATABASE_URL = `sqlite:${place.database.path}`;
  world = await openWorld(place.database);
  await world.ingest(alertOn("orders"), alertOn("users"));
});
afterEach(async () => {
  await world.close();
  place.remove();
  if (before === undefined) delete process.env.DATABASE_URL;
  else process.env.DATABASE_URL = before;
});

const outbox = (...args: string[]) => runCommand(outboxCommand, args);

/** Slack refuses both roots. */
async function refuse(): Promise<number[]> {
  const roots = (await world.reads.due(world.now(), 10, [])).filter(({ kind }) => kind === "card");
  for (const { id } of roots)
    await world.submit({
      type: "settle",
      id,
      outcome: { type: "dead", error: "invalid_blocks" },
      now: world.now(),
    });
  return roots.map(({ id }) => id);
}

test("outbox list shows what was given up, with Slack's reason", async () => {
  expect((await outbox("list")).out).toMatch(/^0 given up, 4 waiting\.$/m);
  const [id] = await refuse();
  const { out, code } = await outbox("list");
  expect(out).toMatch(new RegExp(`^${id} +INC-1 +card +C1 +invalid_blocks$`, "m"));
  expect(out).toContain("2 given up, 2 waiting.");
  expect(code).toBe(0);
});

test("outbox list counts all that wait, however many they are", async () => {
  await world.ingest(...Array.from({ length: 600 }, (_, i) => alertOn(`table_${i}`)));
  const { pending } = await world.reads.undelivered();
  expect(pending).toBeGreaterThan(1000);
  expect((await outbox("list")).out).toContain(`0 given up, ${pending} waiting.`);
});

test("outbox retry puts one back, or all, beside the running bot, and nothing else", async () => {
  const [first] = await refuse();
  expect((await outbox("retry", String(first))).out).toContain("1 put back");
  expect(await world.reads.undelivered()).toEqual({ pending: 3, dead: 1 });
  // Not twice: it waits already, or is being delivered.
  const again = await outbox("retry", String(first));
  expect([again.code, again.err]).toEqual([1, expect.stringContaining("not among those given up")]);
  expect((await outbox("retry", "--all")).out).toContain("1 put back");
  expect(await world.reads.undelivered()).toEqual({ pending: 4, dead: 0 });
  const due = await world.reads.due(world.now(), 10, []);
  expect(due.filter(({ kind }) => kind === "card").map(({ attempts }) => attempts)).toEqual([0, 0]);
});

test("outbox retry touches nothing that is under way", async () => {
  const [row] = await world.reads.due(world.now(), 10, []);
  await world.submit({ type: "claim", id: row!.id, now: world.now() });
  expect((await outbox("retry", "--all")).out).toContain("0 put back");
  expect((await world.reads.sending()).map(({ id }) => id)).toEqual([row!.id]);
});

test("outbox retry says what it needs, and where there is no database", async () => {
  for (const args of [["retry"], ["retry", "1", "--all"], ["retry", "x"]])
    expect((await outbox(...args).catch(() => ({ code: 1 }))).code, args.join(" ")).toBe(1);
  process.env.DATABASE_URL = "sqlite:/nowhere/at/all.db";
  expect((await outbox("list")).err).toContain("There is no database");
});
