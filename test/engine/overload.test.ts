import { expect, test } from "vitest";
import { createEngine } from "../../src/engine/engine.ts";
import { alertOn, openWorld, temporaryFile } from "./world.ts";

test("more alerts than may wait are refused whole, and taken again once the ones before are stored", async () => {
  const file = temporaryFile();
  const world = await openWorld(file.database);
  const engine = createEngine({
    writer: { submit: world.submit, close: async () => {} },
    reads: world.reads,
    now: world.now,
    committed: () => {},
    maxWaiting: 100,
  });
  const alerts = (from: number, many: number) =>
    Array.from({ length: many }, (_, i) => alertOn(`t${from + i}`));
  try {
    const first = engine.ingest(alerts(0, 80), world.now());
    await expect(engine.ingest(alerts(80, 30), world.now())).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("nothing of it was taken"),
    });
    expect(await first).toHaveLength(80);
    expect((await world.reads.list({}, 200, null)).incidents).toHaveLength(80);
    expect(await engine.ingest(alerts(80, 30), world.now())).toHaveLength(30);
    await expect(engine.ingest(alerts(200, 101), world.now())).rejects.toMatchObject({ code: "too_large" });
    expect((await world.reads.list({}, 200, null)).incidents).toHaveLength(110);
  } finally {
    await world.close();
    file.remove();
  }
});

test("alerts are refused while writes take longer than senders wait, and taken again after that", async () => {
  const file = temporaryFile();
  const world = await openWorld(file.database);
  let lagMs = 5_001;
  const engine = createEngine({
    writer: { submit: world.submit, close: async () => {} },
    reads: world.reads,
    now: world.now,
    committed: () => {},
    lagMs: () => lagMs,
  });
  try {
    await expect(engine.ingest([alertOn("orders")], world.now())).rejects.toMatchObject({
      code: "unavailable",
    });
    expect((await world.reads.list({}, 10, null)).incidents).toEqual([]);
    lagMs = 5_000;
    expect(await engine.ingest([alertOn("orders")], world.now())).toMatchObject([{ outcome: "opened" }]);
  } finally {
    await world.close();
    file.remove();
  }
});
