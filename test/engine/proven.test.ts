/** Data that a person proved right while its alert had not passed, and what the alert says after that. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fold } from "../../src/core/incident/state.ts";
import { faultsIn } from "../store/filled.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./world.ts";

const HOUR = 3_600_000;
let place: ReturnType<typeof temporaryFile>;
let world: World;
beforeEach(async () => {
  place = temporaryFile();
  world = await openWorld(place.database);
});
afterEach(async () => {
  expect(fold(await world.reads.events("INC-1"))).toEqual(
    await world.reads.state("INC-1", { entries: true }),
  );
  expect(await faultsIn(place.database)).toEqual([]);
  await world.close();
  place.remove();
});

const fires = async (times: { startsAt?: string | null; observedAt?: string | null } = {}) => {
  const [outcome] = await world.ingest(alertOn("orders", times));
  return `${outcome!.outcome} ${outcome!.incident}: ${outcome!.reason}`;
};
const asset = async () => [...(await world.reads.state("INC-1"))!.assets.values()][0]!;
const does = (command: Parameters<World["command"]>[1]) => world.command("INC-1", command);
const restore = () => does({ type: "restore", assets: [], reason: "backfilled" });
const resolve = () => does({ type: "resolve", text: "done" });

/** It fails, and an hour later a person says that its data is right. */
async function proven(times: { startsAt?: string | null; observedAt?: string | null } = {}) {
  await fires(times);
  world.advance(HOUR);
  await restore();
  expect((await asset()).recovery).toBe("verified");
  world.advance(HOUR);
}

describe("is wrong again", () => {
  it.each([
    ["fails again, by when it began", "startsAt"],
    ["was seen to fail again", "observedAt"],
  ] as const)("where its alert %s, and downtime goes on from then", async (_, time) => {
    await proven({ [time]: world.now() });
    const failedAt = world.now();
    expect(await fires({ [time]: failedAt })).toBe(
      "grouped INC-1: it failed again after its data was verified",
    );
    expect(await asset()).toMatchObject({
      recovery: "impacted",
      firing: 1,
      downtime: [{ to: expect.any(String) }, { from: failedAt, to: null }],
    });
    expect((await world.reads.state("INC-1"))!.alerts).toMatchObject({ total: 1, firing: 1 });
    await expect(resolve()).rejects.toThrow(/orders/);
    expect((await world.reads.events("INC-1")).at(-1)!.body).toMatchObject({
      type: "asset_impacted",
      brokenAt: failedAt,
    });
  });

  it("where its sender gives no times: each message is a failure, but after the first no news", async () => {
    await proven();
    expect(await fires()).toBe("grouped INC-1: it failed again after its data was verified");
    expect(await fires()).toBe("deduplicated INC-1: still firing in INC-1");
    expect((await asset()).recovery).toBe("impacted");
  });

  it("where its alert fires again after it had passed, and the thread says so once", async () => {
    await fires();
    await world.ingest(alertOn("orders", { status: "resolved" }));
    await restore();
    expect(await fires()).toBe("grouped INC-1: fires again in INC-1");
    await world.ingest(alertOn("orders", { status: "resolved" }));
    await fires();
    const replies = await world.readDb
      .selectFrom("outbox")
      .select("payload")
      .where("kind", "=", "reply")
      .execute();
    const told = replies.filter(({ payload }) => payload.includes("Wrong again"));
    expect(told).toHaveLength(1);
    expect(told[0]!.payload).toContain("fires again in INC-1");
  });

  it("where its alert reopens what was resolved", async () => {
    await proven({ startsAt: world.now() });
    await resolve();
    world.advance(HOUR);
    expect(await fires({ startsAt: world.now() })).toMatch(/^grouped INC-1: fires again/);
    expect(await asset()).toMatchObject({ recovery: "impacted", firing: 1 });
    await expect(resolve()).rejects.toThrow(/orders/);
  });

  it("where a person reopens what was resolved while it fired", async () => {
    await proven();
    await resolve();
    await does({ type: "reopen", reason: "the rows are still wrong" });
    expect((await asset()).recovery).toBe("impacted");
    await expect(resolve()).rejects.toThrow(/orders/);
  });
});

describe("stays right", () => {
  it("where its sender repeats the failure from before", async () => {
    const startsAt = world.now();
    await proven({ startsAt, observedAt: startsAt });
    expect(await fires({ startsAt, observedAt: startsAt })).toBe("deduplicated INC-1: still firing in INC-1");
    expect(await fires({ startsAt, observedAt: world.now() })).toBe(
      "deduplicated INC-1: still firing in INC-1",
    );
    expect((await asset()).recovery).toBe("verified");
    await resolve();
  });

  it("where a person reopens it after its alert had passed", async () => {
    await fires();
    await world.ingest(alertOn("orders", { status: "resolved" }));
    await restore();
    await resolve();
    await does({ type: "reopen", reason: "to write it up" });
    expect((await asset()).recovery).toBe("verified");
  });
});
