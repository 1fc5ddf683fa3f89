import { afterEach, beforeEach, expect, test } from "vitest";
import { rerun } from "../../src/replay/rerun.ts";
import { replayReadsOf } from "../../src/store/replay-reads.ts";
import { alertOn, openWorld, temporaryFile, type World } from "../engine/world.ts";

const stored = temporaryFile();
let world: World;
beforeEach(async () => {
  world = await openWorld(stored.database);
});
afterEach(async () => {
  await world.close();
  stored.remove();
});

test("what is hurt is called as what is broken is, by the names that the setting gives", async () => {
  const from = "snowflake://acme";
  const to = "snowflake://acme-prod";
  await world.ingest(alertOn("orders", { impacted: [{ namespace: from, name: "analytics.core.revenue" }] }));
  const run = await rerun(
    {
      reads: world.reads,
      signals: replayReadsOf(world.readDb),
      from: 1,
      before: 2,
      since: world.now(),
      until: world.now(),
    },
    {
      writer: {
        channel: "C1",
        reopenWithinMs: 0,
        closeAfterMs: 0,
        grouping: {},
        pathRules: [],
        routing: {},
        runbooks: [],
      },
      waitMs: 0,
      lineage: [],
      assetNames: [{ from, to }],
    },
    () => {},
  );
  const state = await run.reads.state("INC-1");
  await run.close();
  expect([...state!.assets.keys()]).toEqual([`${to}/analytics.core.orders`, `${to}/analytics.core.revenue`]);
});
