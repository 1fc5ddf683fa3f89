/** Clocks that are set forward and back, and days that have 23 or 25 hours: what is due is done, and done once. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDeliverer, DeliveryFailure, type Messenger, type Posted } from "../../src/engine/deliver.ts";
import { neverBack } from "../../src/engine/pace.ts";
import { alertOn, openWorld, temporaryFile, type World } from "../engine/world.ts";
import { tried } from "./tried.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let world: World;
let place: ReturnType<typeof temporaryFile>;
const zone = process.env.TZ;

beforeEach(async () => {
  place = temporaryFile();
  world = await openWorld(place.database, "C1");
});
afterEach(async () => {
  await world.close();
  place.remove();
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const tick = () => world.submit({ type: "tick", now: world.now() });

async function resolved(): Promise<void> {
  await world.ingest(alertOn("orders"));
  await world.command("INC-1", { type: "acknowledge" });
  await world.ingest(alertOn("orders", { status: "resolved" }));
  const { assets } = (await world.reads.state("INC-1"))!;
  await world.command("INC-1", { type: "waive", assets: [...assets.keys()], reason: "checked" });
  await world.command("INC-1", { type: "resolve", text: "reran" });
  expect((await world.reads.state("INC-1"))!.phase).toBe("resolved");
}

const closings = async () =>
  (await world.reads.events("INC-1")).filter(({ body }) => body.type === "closed").length;

describe("closing what was resolved long ago", () => {
  it("happens once although the process was down when it came due, and restarts again and again after", async () => {
    await resolved();
    world.advance(30 * DAY);
    for (let i = 0; i < 3; i++) {
      await world.restart();
      await tick();
      await tick();
    }
    expect(await closings()).toBe(1);
    tried("timers: missed while down, then three restarts", 3);
  });

  it("happens once where the clock is set back behind it, and forward again", async () => {
    await resolved();
    world.advance(15 * DAY);
    await tick();
    expect(await closings()).toBe(1);
    world.advance(-10 * DAY);
    await tick();
    world.advance(20 * DAY);
    await tick();
    expect(await closings()).toBe(1);
    tried("timers: clock set back ten days, and forward", 2);
  });

  it.each(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"])(
    "happens after as many hours, whatever the local clock in %s does",
    async (name) => {
      process.env.TZ = name;
      // Fourteen days over the end of summer time in the north, and its beginning in the south.
      world.advance(Date.parse("2026-10-20T00:30:00Z") - Date.parse(world.now()));
      await resolved();
      world.advance(14 * DAY - 60_000);
      await tick();
      expect(await closings()).toBe(0);
      world.advance(120_000);
      await tick();
      expect(await closings()).toBe(1);
      tried(`timers: summer time, ${name}`, 1);
    },
  );
});

describe("deliveries", () => {
  let calls: string[];
  let down: boolean;
  let deliverer: ReturnType<typeof createDeliverer>;

  const messenger: Messenger = {
    post: async (at) => {
      calls.push(at.mark);
      if (down) throw new DeliveryFailure("retry", "channel_not_found");
      return { channel: "C1", ts: `${calls.length}.0`, permalink: null } satisfies Posted;
    },
    update: async () => {},
    upload: async () => ({ channel: "C1", ts: "F1", permalink: null }),
    find: async () => null,
  };

  beforeEach(async () => {
    calls = [];
    down = true;
    deliverer = newDeliverer();
    deliverer.start();
  });
  afterEach(() => deliverer.stop());

  function newDeliverer(): ReturnType<typeof createDeliverer> {
    return createDeliverer({
      messenger,
      reads: world.reads,
      show: async () => ({ type: "message", document: { summary: "", title: null, blocks: [] } }),
      submit: async (job) => {
        const result = await world.submit(job);
        if (!result.ok) throw new Error(result.refusal.message);
        return result.value;
      },
      now: () => Date.parse(world.now()),
      log: { warn: () => {}, error: (fields) => expect.unreachable(JSON.stringify(fields)) },
    });
  }

  async function settle(): Promise<void> {
    for (let i = 0; i < 8; i++) {
      deliverer.wake();
      await new Promise((done) => setTimeout(done, 6));
    }
  }

  /** The root is put off for some seconds. */
  async function putOff(): Promise<void> {
    await world.ingest(alertOn("orders"));
    for (let i = 0; i < 6; i++) {
      await settle();
      world.advance(2000);
    }
    expect(calls.length).toBeGreaterThan(1);
    down = false;
  }

  it("that are put off go out in time though the clock is set back by a day", async () => {
    await putOff();
    world.advance(-DAY);
    for (let i = 0; i < 20; i++) {
      await settle();
      world.advance(1000);
    }
    expect(calls.filter((mark) => mark === "alerts:INC-1")).toEqual(["alerts:INC-1"]);
    expect((await world.reads.undelivered()).pending).toBe(0);
    tried("deliveries: clock set back a day while running", 1);
  });

  it("that are put off go out though the clock is set back by a day while no process runs", async () => {
    await putOff();
    await deliverer.stop();
    world.advance(-DAY);
    await world.restart();
    deliverer = newDeliverer();
    deliverer.start();
    for (let i = 0; i < 4; i++) {
      await settle();
      world.advance(1000);
    }
    expect((await world.reads.undelivered()).pending).toBe(0);
    tried("deliveries: clock set back a day while stopped", 1);
  });

  it("go out once where the clock is set forward", async () => {
    await putOff();
    world.advance(30 * DAY);
    for (let i = 0; i < 4; i++) {
      await settle();
      world.advance(1000);
    }
    const root = calls.filter((mark) => mark === "card:INC-1").length;
    await settle();
    expect(calls.filter((mark) => mark === "card:INC-1").length).toBe(root);
    expect((await world.reads.undelivered()).pending).toBe(0);
    tried("deliveries: clock set forward a month", 1);
  });
});

it("a clock that never goes back runs on from where it was", () => {
  let now = 1000;
  const clock = neverBack(() => now);
  now = 1500;
  expect(clock()).toBe(1500);
  now = 100;
  expect(clock()).toBe(1500);
  now = 350;
  expect(clock()).toBe(1750);
  now = 5000;
  expect(clock()).toBeGreaterThanOrEqual(5000);
});
