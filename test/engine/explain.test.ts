import { afterEach, beforeEach, expect, it } from "vitest";
import { draftDocument } from "../../src/core/correlate/lineage-document.ts";
import { fingerprint } from "../../src/core/signal/alert.ts";
import { alertOn, ana, openWorld, temporaryFile, type World } from "./world.ts";

const HOUR_MS = 3_600_000;
let place: ReturnType<typeof temporaryFile>;
let world: World;

/** x feeds m and w, m feeds z; z is gold, has an owner, and a board reads it. */
async function start(grouping: object = {}, routing: object = {}): Promise<void> {
  world = await openWorld(place.database, "C1", grouping, routing);
  const draft = draftDocument();
  const asset = (name: string) => ({ namespace: "snowflake://acme", name: `analytics.core.${name}` });
  const [x, m, w] = ["x", "m", "w"].map((name) => draft.add({ ...asset(name), kind: "model" })!);
  const z = draft.add({ ...asset("z"), kind: "model", tier: "gold", owner: "Finance" })!;
  const board = draft.add({ namespace: "tableau", name: "board", kind: "exposure", maturity: "high" })!;
  for (const [from, to] of [
    [x, m],
    [x, w],
    [m, z],
    [z, board],
  ] as const)
    draft.link(from!, to!);
  const document = draft.finish({ provider: "yaml", key: "test", at: null });
  await world.engine.learn([{ document, run: null, complete: true, warnings: [] }], world.now());
}
beforeEach(() => {
  place = temporaryFile();
});
afterEach(async () => {
  await world.close();
  place.remove();
});

async function explain(incident: string, table: string) {
  const [explanation] = await world.engine.explain(incident, [fingerprint(alertOn(table))]);
  const lines = (tried: { rule: string; matched: boolean; why: string }[]) =>
    tried.map(({ rule, matched, why }) => `${matched ? "+" : "-"} ${rule}: ${why}`);
  const { facts, severityReason, routes, grouping, holds } = explanation!;
  return { facts, severityReason, routes: lines(routes), grouping: lines(grouping), holds: lines(holds) };
}

it("says what lineage knows, and lets the rules know it too", async () => {
  await start(
    {},
    { tiers: { gold: "SEV2" }, routes: [{ name: "money", match: { team: "Finance" }, team: "fin" }] },
  );
  await world.ingest(alertOn("z", { severity: "warning" }));
  const { facts, severityReason, routes } = await explain("INC-1", "z");
  expect(facts).toEqual(["owned by Finance", "tier gold", "1 exposure downstream, maturity up to high"]);
  expect(severityReason).toBe(
    "SEV2: its sender says warning, the asset is of tier gold, an exposure downstream is of high maturity",
  );
  expect(routes).toEqual(["+ money: team is Finance; gives team fin"]);
});

it("says which keys were tried, who holds them, and how lineage ties it to open incidents", async () => {
  await start({ maxSteps: 1 });
  await world.ingest(alertOn("x"), alertOn("m"));
  await world.ingest(alertOn("z"));
  const { grouping } = await explain("INC-1", "m");
  expect(grouping).toEqual([
    "+ its own incident: INC-1 has it and is open; the rest is tried once it is not",
    "+ key asset:snowflake://acme/analytics.core.m: INC-1 is open and holds it",
    "+ lineage, downstream: 1 step downstream of analytics.core.x (INC-1): within the window of 6 h, rolling; confidence high",
    "+ lineage, upstream: 1 step upstream of analytics.core.z (INC-2): within the window of 6 h, rolling; confidence high",
    "- lineage, sibling: no open incident stands beside it",
  ]);
  expect((await explain("INC-2", "z")).grouping.slice(2, 4)).toEqual([
    "- lineage, downstream: 2 steps downstream of analytics.core.x (INC-1): more than 1 step (grouping.maxSteps)",
    "- lineage, upstream: no open incident stands below it",
  ]);
});

it("says what speaks against lineage: the window, other words, its being turned off", async () => {
  await start({ window: "1h" });
  await world.ingest(alertOn("x"));
  world.advance(2 * HOUR_MS);
  await world.ingest(alertOn("m"), alertOn("w"));
  expect((await explain("INC-2", "m")).grouping).toContain(
    "- lineage, downstream: 1 step downstream of analytics.core.x (INC-1): 2 h since its last alert, and the window is 1 h",
  );
  expect((await explain("INC-3", "w")).grouping.at(-1)).toBe(
    "- lineage, sibling: 1 step beside analytics.core.m (INC-2): it fails in other words",
  );
  await world.close();
  place.remove();
  place = temporaryFile();
  await start({ lineage: false });
  await world.ingest(alertOn("x"));
  expect((await explain("INC-1", "x")).grouping.at(-1)).toBe(
    "- lineage: it is turned off (grouping.lineage)",
  );
});

it("says which incident of its own is over, and that it may come back", async () => {
  await start();
  await world.ingest(alertOn("x"));
  await world.ingest(alertOn("x", { status: "resolved" }));
  await world.command("INC-1", { type: "waive", assets: [], reason: "known" });
  await world.command("INC-1", { type: "resolve", text: "done" });
  expect((await explain("INC-1", "x")).grouping.slice(0, 2)).toEqual([
    "- its own incident: INC-1 is resolved",
    "- key asset:snowflake://acme/analytics.core.x: no open incident holds it; INC-1 did, and reopens within 1 d of its end",
  ]);
});

it("says which silences, windows and inhibition rules were tried", async () => {
  await start(
    {},
    {
      maintenance: [
        {
          name: "dawn",
          match: { asset: "*.z" },
          from: "2026-11-22T05:00:00Z",
          to: "2026-11-22T06:00:00Z",
        },
      ],
      // biome-ignore lint/suspicious/noThenProperty: it is the word in the file.
      inhibit: [{ name: "below", when: { asset: "*.x" }, then: { asset: "*.z" }, same: ["upstream"] }],
    },
  );
  await world.ingest(alertOn("z"));
  await world.engine.silence({
    ask: { type: "silence", matcher: "asset=*.z", lengthMs: HOUR_MS, reason: "known" },
    ...{ incident: null, channel: "C1", actor: ana, via: "slash", permalink: null, idempotencyKey: null },
  });
  const { holds } = await explain("INC-1", "z");
  expect(holds).toEqual([
    expect.stringMatching(/^\+ silence S-1: asset/),
    expect.stringMatching(/^- window “dawn”: asset.*, but it is not in force now$/),
    "- inhibition “below”: nothing fires that it would be inhibited by",
  ]);
});

it("says of an alert that is held what holds it, in whatever incident it is asked for", async () => {
  await start();
  await world.engine.silence({
    ask: { type: "silence", matcher: "asset=*.z", lengthMs: HOUR_MS, reason: "known" },
    ...{ incident: null, channel: "C1", actor: ana, via: "slash", permalink: null, idempotencyKey: null },
  });
  await world.ingest(alertOn("z"));
  for (const incident of [null, "INC-1"]) {
    const [explanation] = await world.engine.explain(incident, [fingerprint(alertOn("z"))]);
    expect(explanation!.held).toEqual({
      by: "silence",
      holder: "S-1",
      reason: "silenced by Ana Diaz until 22 Nov 2026 04:00 UTC (S-1, asset=*.z): known",
      since: "2026-11-22T03:00:00.000Z",
      incident: null,
    });
    expect(explanation!.grouping[0]).toMatchObject({ rule: "key asset:snowflake://acme/analytics.core.z" });
  }
});

it("knows nothing of an alert that neither the incident has nor anything holds", async () => {
  await start();
  await world.ingest(alertOn("x"));
  const [explanation] = await world.engine.explain("INC-1", [fingerprint(alertOn("x"))]);
  expect(explanation!.held).toBeNull();
  expect(await world.engine.explain("INC-1", ["0000000000000000"])).toEqual([null]);
});
