/** What is read comes in the same order from either database, whichever rows were written last. */
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SilenceAsk } from "../../src/core/verb/verb.ts";
import { alertOn, ana, openWorld, temporaryFile, type World } from "../engine/world.ts";
import { type Postgres, startPostgres } from "../harness/postgres.ts";
import { deliver } from "./filled.ts";

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

describe.each(["sqlite", "postgres"] as const)("reads of %s", (type) => {
  let place: ReturnType<typeof temporaryFile> | null = null;
  let world: World;
  beforeEach(async () => {
    place = type === "sqlite" ? temporaryFile() : null;
    world = await openWorld(place?.database ?? { type: "postgres", url: await postgres.createDatabase() });
  });
  afterEach(async () => {
    await world.close();
    place?.remove();
  });
  const silence = (ask: SilenceAsk) =>
    world.engine.silence({
      ask,
      ...{ incident: null, channel: "C1", actor: ana, via: "slash", permalink: null, idempotencyKey: null },
    });
  const silenced = (table: string) =>
    silence({ type: "silence", matcher: `asset=*.${table}`, lengthMs: 3_600_000, reason: "known" });

  it("let what tells of a silence go with the worst", async () => {
    await world.ingest(alertOn("orders"));
    await deliver(world);
    await world.command("INC-1", { type: "acknowledge" });
    await silenced("users");
    const [first] = await world.reads.due(world.now(), 1, []);
    expect(first).toMatchObject({ kind: "notice", incident: "S-1", severity: "SEV1" });
  });

  it("are of one moment, while others write", async () => {
    await world.ingest(alertOn("orders"));
    let isOver = false;
    const writing = async () => {
      for (let round = 0; round < 150; round++) {
        world.advance(1000);
        const status = round % 2 === 0 ? "resolved" : "firing";
        await world.ingest(alertOn("orders", { status, startsAt: world.now() }));
      }
      isOver = true;
    };
    const seen = new Set<string>();
    const reading = async () => {
      while (!isOver) {
        const [alerts, state] = await Promise.all([
          world.reads.alerts("INC-1", 10),
          world.reads.state("INC-1").then((read) => read!),
        ]);
        const [asset] = state.assets.values();
        const agree = asset!.firing === state.alerts.firing;
        seen.add(`${alerts.length} alert, its incident and its asset ${agree ? "agree" : "disagree"}`);
        await turn();
      }
    };
    await Promise.all([writing(), reading()]);
    expect([...seen]).toEqual(["1 alert, its incident and its asset agree"]);
  });

  it("give the assets of an incident in one order", async () => {
    const assets = ["b", "c", "a"].map((name) => ({ namespace: "snowflake://acme", name }));
    await world.ingest(alertOn("orders", { assets }));
    await world.command("INC-1", { type: "restore", assets: ["a"], reason: "counted" });
    const state = await world.reads.state("INC-1");
    expect([...state!.assets.values()].map(({ asset }) => asset.name)).toEqual(["a", "b", "c"]);
  });

  it("give silences in the order in which they were set, and held alerts in which they came", async () => {
    for (let no = 1; no <= 11; no++) await silenced(`t${no}`);
    await silence({ type: "extend", id: "S-2", byMs: 60_000, reason: null });
    for (const table of ["t9", "t2"]) {
      await world.ingest(alertOn(table));
      world.advance(1000);
    }
    await world.ingest(alertOn("t9", { title: "again" }));
    const { silences, held } = await world.reads.silences();
    expect(silences.map(({ id }) => id)).toEqual(Array.from({ length: 11 }, (_, i) => `S-${i + 1}`));
    expect(held.map(({ holder }) => holder)).toEqual(["S-9", "S-2"]);
  });
});
