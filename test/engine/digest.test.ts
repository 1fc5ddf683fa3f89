/** Many incidents at once: one message says so before theirs, which come one a second. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { draftDocument } from "../../src/core/correlate/lineage-document.ts";
import type { Notice } from "../../src/engine/ledger.ts";
import { renderText } from "../harness/plain-text.ts";
import { faultsIn } from "../store/filled.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./world.ts";

type Job = Parameters<World["submit"]>[0];

let place: ReturnType<typeof temporaryFile>;
let world: World;
beforeEach(async () => {
  place = temporaryFile();
  world = await openWorld(place.database);
});
afterEach(async () => {
  await world.close();
  place.remove();
});

/** Opens so many incidents, each about a table of its own, counting from a number. */
const open = (count: number, from = 1) =>
  world.ingest(...Array.from({ length: count }, (_, n) => alertOn(`t${from + n}`)));
const tick = () => world.submit({ type: "tick", now: world.now() });

/** What the digests say, in the order in which they were asked for. */
async function digests(): Promise<string[]> {
  const rows = await world.readDb
    .selectFrom("outbox")
    .select("payload")
    .where("kind", "=", "notice")
    .orderBy("id")
    .execute();
  return rows.map(({ payload }) => renderText((JSON.parse(payload) as Notice).document));
}

const keysIn = (text: string) => text.match(/INC-\d+/g);

it("tells of 40 incidents in one message, however often the clock ticks", async () => {
  await open(39);
  await world.ingest(alertOn("worst", { severity: "critical" }));
  for (let n = 0; n < 3; n++) {
    await tick();
    world.advance(1000);
  }
  const told = await digests();
  expect(told.length).toBe(1);
  expect(told[0]).toContain("40 incidents opened at once: 1 SEV1, 39 SEV2");
  expect(keysIn(told[0]!)![0]).toBe("INC-40");
  expect(await faultsIn(place.database)).toEqual([]);
});

it("leaves ten to speak for themselves", async () => {
  await open(10);
  await tick();
  expect(await digests()).toEqual([]);
});

it("tells of those that come later by themselves, and no more often than every ten seconds", async () => {
  await open(20);
  await tick();
  await open(20, 21);
  world.advance(5_000);
  await tick();
  expect((await digests()).length).toBe(1);
  world.advance(5_000);
  await tick();
  const told = await digests();
  expect(told.length).toBe(2);
  expect(told[1]).toContain("20 incidents opened at once");
  expect(keysIn(told[1]!)).toEqual(Array.from({ length: 10 }, (_, n) => `INC-${21 + n}`));
});

it("does not count what is still gathering", async () => {
  await world.close();
  world = await openWorld(place.database, "C1", { wait: "30s" });
  await open(20);
  await tick();
  expect(await digests()).toEqual([]);
  world.advance(30_000);
  await tick();
  expect((await digests()).length).toBe(1);
});

it("does not count what lineage brings together before anybody has seen it", async () => {
  await open(20);
  await world.ingest(alertOn("source"));
  // Only now is it known that all of them are built from one table.
  const draft = draftDocument();
  const add = (table: string) => draft.add({ ...alertOn(table).assets[0]!, kind: "model" })!;
  const source = add("source");
  for (let n = 1; n <= 20; n++) draft.link(source, add(`t${n}`));
  const document = draft.finish({ provider: "yaml", key: "test", at: null });
  await world.engine.learn([{ document, run: null, complete: true, warnings: [] }], world.now());
  await tick();
  expect((await world.reads.list({ open: true }, 50, null)).incidents.length).toBe(1);
  expect(await digests()).toEqual([]);
});

it("counts each channel by itself", async () => {
  await world.close();
  const routes = [{ name: "web", match: { asset: "*.w*" }, channel: "C2" }];
  world = await openWorld(place.database, "C1", {}, { routes });
  await world.ingest(...Array.from({ length: 16 }, (_, n) => alertOn(`w${n}`)));
  await open(15);
  await tick();
  const rows = await world.readDb
    .selectFrom("outbox")
    .select("channel")
    .where("kind", "=", "notice")
    .execute();
  expect(rows).toEqual([{ channel: "C2" }]);
});

it("does not tell again after work that failed, though that makes the writer read anew", async () => {
  const bad = { type: "command", request: null, now: world.now() } as unknown as Job;
  await open(20);
  // Both are tried in one transaction, then each by itself.
  const [ticked, failed] = await Promise.allSettled([tick(), world.submit(bad)]);
  expect([ticked.status, failed.status]).toEqual(["fulfilled", "rejected"]);
  expect((await digests()).length).toBe(1);
  await expect(world.submit(bad)).rejects.toThrow();
  await open(1, 21);
  world.advance(10_000);
  await tick();
  expect((await digests()).length).toBe(1);
});

it("does not tell again after a restart, where no others have opened", async () => {
  await open(20);
  await tick();
  const [digest] = await world.reads.due(world.now(), 1, []);
  const sent = { type: "sent", version: 1, channel: "C1", ts: "1.0", permalink: null } as const;
  await world.submit({ type: "claim", id: digest!.id, now: world.now() });
  await world.submit({ type: "settle", id: digest!.id, outcome: sent, now: world.now() });
  await world.restart();
  world.advance(60_000);
  await tick();
  expect((await digests()).length).toBe(1);
  // Asked for anew under its key, it would be posted anew.
  expect((await world.reads.due(world.now(), 50, [])).map(({ kind }) => kind)).not.toContain("notice");
});

it("is decided with the first claim, too: a root message waits for it once, and then goes", async () => {
  await open(20);
  const [card] = (await world.reads.due(world.now(), 50, [])).filter(({ kind }) => kind === "card");
  const claim = { type: "claim", id: card!.id, rootOf: card!.incident, now: world.now() } as const;
  expect(await world.submit(claim)).toMatchObject({ ok: true, value: false });
  // What waits is read with the digest first.
  expect((await world.reads.due(world.now(), 1, []))[0]).toMatchObject({ kind: "notice", incident: "C1" });
  expect(await world.submit(claim)).toMatchObject({ ok: true, value: true });
});
