import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { draftDocument, type LineageDocument } from "../../src/core/correlate/lineage-document.ts";
import { fold, leadingAlert } from "../../src/core/incident/state.ts";
import { type AlertSignal, fingerprint } from "../../src/core/signal/alert.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./world.ts";

const asset = (name: string) => ({ namespace: "snowflake://acme", name: `analytics.core.${name}` });

/** Edges as `upstream>downstream`. */
function lineageOf(edges: string[]): LineageDocument {
  const draft = draftDocument();
  const add = (name: string) => draft.add({ ...asset(name), kind: "model" })!;
  for (const edge of edges) {
    const [from, to] = edge.split(">");
    draft.link(add(from!), add(to!));
  }
  return draft.finish({ provider: "yaml", key: "test", at: null });
}

let place: ReturnType<typeof temporaryFile>;
let world: World;
async function start(edges: string[], grouping: object = { wait: "60s" }): Promise<void> {
  world = await openWorld(place.database, "C1", grouping);
  await world.engine.learn(
    [{ document: lineageOf(edges), run: null, complete: true, warnings: [] }],
    world.now(),
  );
}
beforeEach(() => {
  place = temporaryFile();
});
afterEach(async () => {
  await world.close();
  place.remove();
});

/** Which alerts are together at last: the tables of each incident. */
async function groups(): Promise<string[]> {
  const { incidents } = await world.reads.list({ open: true }, 200, null);
  const tables = await Promise.all(
    incidents.map(async ({ key }) => {
      const alerts = await world.reads.alerts(key, 1000);
      return alerts
        .map(({ assets }) => assets[0]!.name.split(".").at(-1))
        .sort()
        .join(" ");
    }),
  );
  return tables.sort();
}

/** Every incident's log folds to what is stored, and no alert is in two open incidents. */
async function isSound(): Promise<void> {
  const { incidents } = await world.reads.list({}, 200, null);
  const held = new Set<string>();
  for (const { key, phase } of incidents) {
    expect(fold(await world.reads.events(key)), key).toEqual(await world.reads.state(key, { entries: true }));
    const state = (await world.reads.state(key))!;
    const alerts = await world.reads.alerts(key, 1000);
    if (phase === "merged") continue;
    expect([key, alerts.length]).toEqual([key, state.alerts.total]);
    for (const { fingerprint } of alerts) {
      expect(held.has(fingerprint), fingerprint).toBe(false);
      held.add(fingerprint);
    }
  }
}

const DIAMOND = ["x>a", "a>m", "y>m", "m>z"];

describe("alerts that lineage ties together", () => {
  it("join what they are downstream of, with the steps as the reason", async () => {
    await start(DIAMOND);
    await world.ingest(alertOn("x"));
    const [outcome] = await world.ingest(alertOn("z"));
    expect(outcome).toMatchObject({
      outcome: "grouped",
      incident: "INC-1",
      reason: "3 steps downstream of analytics.core.x, which INC-1 is about",
    });
    const state = (await world.reads.state("INC-1"))!;
    expect(state.roots).toEqual([asset("x")]);
    await isSound();
  });

  it("become the likely origin of what they are upstream of, and give it their title", async () => {
    await start(DIAMOND);
    await world.ingest(alertOn("z", { title: "z is empty" }));
    await world.ingest(alertOn("x", { title: "x was not loaded" }));
    const state = (await world.reads.state("INC-1"))!;
    expect(state).toMatchObject({
      title: "x was not loaded",
      likelyOrigin: { asset: asset("x"), confidence: "high" },
      roots: [asset("x")],
    });
    // However many come later, the alert that says why stands first where only some are shown.
    await world.ingest(...Array.from({ length: 12 }, (_, n) => alertOn("z", { dedupKey: `z${n}` })));
    const [first, ...rest] = await world.reads.alerts("INC-1", 10, leadingAlert(state));
    expect(first!.title).toBe("x was not loaded");
    expect(rest).toHaveLength(9);
    await isSound();
  });

  it("leave a title alone that a person gave", async () => {
    await start(DIAMOND);
    await world.ingest(alertOn("z"));
    await world.command("INC-1", { type: "set_title", title: "Retention is off" });
    await world.ingest(alertOn("x"));
    expect((await world.reads.state("INC-1"))!.title).toBe("Retention is off");
  });

  it("stay apart beyond the window and beyond the steps", async () => {
    await start(DIAMOND, { wait: "0s", window: "1h", maxSteps: 2 });
    await world.ingest(alertOn("x"));
    expect((await world.ingest(alertOn("z")))[0]!.outcome).toBe("opened");
    world.advance(2 * 3_600_000);
    expect((await world.ingest(alertOn("a")))[0]!.outcome).toBe("opened");
    await isSound();
  });

  it("do not take in what is beyond the steps from them, though more of it is nearer", async () => {
    await start(["a>b", "b>c", "c>d"], { wait: "0s", maxSteps: 1 });
    for (const table of ["d", "b", "a"]) {
      await world.ingest(alertOn(table));
      world.advance(120_000);
    }
    expect(await groups()).toEqual(["a b", "d"]);
    await world.ingest(alertOn("load", { assets: [asset("a"), asset("c"), asset("e")] }));
    expect(await groups()).toEqual(["a a b d"]);
    await isSound();
  });

  it("explain all that an incident was about which they take in", async () => {
    await start(["a>b", "a>p", "a>q", "a>r"], { wait: "0s" });
    await world.ingest(alertOn("b"));
    world.advance(120_000);
    await world.ingest(alertOn("p", { assets: [asset("p"), asset("q"), asset("r")] }));
    world.advance(120_000);
    await world.ingest(alertOn("a"));
    expect((await world.reads.list({ open: true }, 9, null)).incidents.map(({ roots }) => roots)).toEqual([
      [asset("a")],
    ]);
    await isSound();
  });

  it("stay apart where lineage is not to be used", async () => {
    await start(DIAMOND, { lineage: false });
    await world.ingest(alertOn("x"), alertOn("z"));
    expect(await groups()).toEqual(["x", "z"]);
  });

  it("hold over a restart: the graph and the roots are read again", async () => {
    await start(DIAMOND);
    await world.ingest(alertOn("x"));
    await world.restart();
    expect((await world.ingest(alertOn("m")))[0]).toMatchObject({ outcome: "grouped", incident: "INC-1" });
  });

  it("follow a lineage that is stated anew", async () => {
    await start(["x>a"]);
    await world.ingest(alertOn("x"));
    expect((await world.ingest(alertOn("b")))[0]!.outcome).toBe("opened");
    const document = lineageOf(["x>a", "x>c"]);
    const [learnt] = await world.engine.learn(
      [{ document, run: null, complete: true, warnings: [] }],
      world.now(),
    );
    expect(learnt).toMatchObject({ outcome: "updated", version: 2 });
    expect((await world.ingest(alertOn("c")))[0]).toMatchObject({ outcome: "grouped", incident: "INC-1" });
  });

  it("are sorted out by a lineage that is stated only after they came", async () => {
    await start(["x>a"]);
    await world.ingest(alertOn("p"), alertOn("q"));
    await world.engine.tick();
    expect(await groups()).toEqual(["p", "q"]);
    const document = lineageOf(["x>a", "p>q"]);
    await world.engine.learn([{ document, run: null, complete: true, warnings: [] }], world.now());
    // What was looked at before is not remembered as unknown.
    await world.ingest(alertOn("r"));
    await world.engine.tick();
    expect(await groups()).toEqual(["p q", "r"]);
    await isSound();
  });

  it("find the same table under another tool's name for it", async () => {
    await start(["x>a"]);
    await world.ingest(alertOn("x"));
    const named = { namespace: "warehouse", name: "CORE.X" };
    expect((await world.ingest(alertOn("x", { source: "soda", assets: [named] })))[0]).toMatchObject({
      outcome: "grouped",
      incident: "INC-1",
    });
  });
});

describe("alerts that fail alike", () => {
  const gone = (name: string) =>
    alertOn(name, { description: `column "discount_code" does not exist in relation ${name}` });
  it("on tables that read from the same are one problem, though nothing says so of that", async () => {
    await start(["src>b", "src>c"], { wait: "0s" });
    await world.ingest(gone("b"));
    expect((await world.ingest(gone("c")))[0]).toMatchObject({
      outcome: "grouped",
      reason: expect.stringContaining("fails as analytics.core.b does"),
    });
  });
  it("stay apart where they only fail in common words, or read from different tables", async () => {
    await start(["src>b", "src>c", "other>d"], { wait: "0s" });
    const low = (name: string) =>
      alertOn(name, { description: "Got 12 results, configured to fail if != 0" });
    await world.ingest(low("b"), low("c"));
    await world.ingest(gone("d"));
    expect(await groups()).toEqual(["b", "c", "d"]);
  });
});

describe("configured keys", () => {
  it("go before everything else", async () => {
    await start([], { wait: "0s", keys: [{ match: { source: "dbt" }, by: ["labels.project"] }] });
    await world.ingest(
      alertOn("x", { labels: { project: "shop" } }),
      alertOn("y", { labels: { project: "shop" } }),
      alertOn("z", { labels: { project: "people" } }),
    );
    expect(await groups()).toEqual(["x y", "z"]);
  });
});

describe("the order in which alerts of one moment arrive", () => {
  // A diamond, a chain below it, something unrelated, and a cycle.
  const EDGES = [...DIAMOND, "z>w", "p>q", "q>r", "c>d", "d>c"];
  const TABLES = ["x", "a", "m", "y", "z", "w", "p", "q", "r", "c", "d", "lonely"];

  it("does not change what is together", { timeout: 120_000 }, async () => {
    await start(EDGES);
    await world.close();
    const results = async (signals: AlertSignal[]): Promise<string[]> => {
      place.remove();
      place = temporaryFile();
      await start(EDGES);
      for (const signal of signals) {
        await world.ingest(signal);
        world.advance(1000);
      }
      await world.engine.tick();
      await isSound();
      const found = await groups();
      await world.close();
      return found;
    };
    await fc.assert(
      fc.asyncProperty(
        fc
          .subarray(TABLES, { minLength: 2, maxLength: 7 })
          .chain((tables) =>
            fc.tuple(
              fc.constant(tables),
              fc.shuffledSubarray(tables, { minLength: tables.length, maxLength: tables.length }),
            ),
          ),
        async ([tables, shuffled]) => {
          const signals = (names: string[]) => names.map((name) => alertOn(name));
          expect(await results(signals(shuffled))).toEqual(await results(signals(tables)));
        },
      ),
      { numRuns: 40 },
    );
    await start(EDGES);
  });

  it("sorts a storm as it would after a restart, however much of it is remembered", {
    timeout: 120_000,
  }, async () => {
    // What fails later is nearer to some of what was taken in before.
    const edges = ["s>q", "q>p", "p>a", "p>b", "p>c", "r>b", "r>c", "r>d", "d>e", "t>e"];
    const tables = ["a", "b", "c", "d", "e", "p", "q", "r", "s", "t"];
    type Step = "tick" | { table: string; status: "firing" | "resolved" };
    const step: fc.Arbitrary<Step> = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          table: fc.constantFrom(...tables),
          status: fc.constantFrom("firing", "firing", "firing", "resolved"),
        }),
      },
      { weight: 2, arbitrary: fc.constant("tick") },
    );
    async function results(steps: Step[], restarts: boolean): Promise<object[]> {
      const file = temporaryFile();
      const before = world;
      world = await openWorld(file.database, "C1", { wait: "60s" });
      try {
        const document = lineageOf(edges);
        await world.engine.learn([{ document, run: null, complete: true, warnings: [] }], world.now());
        for (const one of steps) {
          if (one === "tick") await world.engine.tick();
          else await world.ingest(alertOn(one.table, { status: one.status }));
          if (restarts) await world.restart();
        }
        await world.engine.tick();
        await isSound();
        const { incidents } = await world.reads.list({}, 200, null);
        return await Promise.all(
          incidents.map(async ({ key, title }) => ({
            key,
            title,
            alerts: await world.reads.alerts(key, 100),
          })),
        );
      } finally {
        await world.close();
        file.remove();
        world = before;
      }
    }
    await start(edges);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 20 }), async (steps) => {
        expect(await results(steps, false)).toEqual(await results(steps, true));
      }),
      { numRuns: 40 },
    );
  });
});

it("an alert that moved is found where it went when it passes", async () => {
  // z arrives first and is taken by m's problem; then what is nearer to it fails.
  await start(["far>mid", "mid>z", "near>z"]);
  await world.ingest(alertOn("z"));
  await world.ingest(alertOn("far"));
  await world.ingest(alertOn("near"));
  await world.engine.tick();
  expect(await groups()).toEqual(["far", "near z"]);
  const [outcome] = await world.ingest(alertOn("z", { status: "resolved" }));
  const { incidents } = await world.reads.list({ open: true }, 10, null);
  const holder = await Promise.all(
    incidents.map(async ({ key }) => [key, await world.reads.alerts(key, 10)] as const),
  );
  const [key] = holder.find(([, alerts]) => alerts.some((a) => a.fingerprint === fingerprint(alertOn("z"))))!;
  expect(outcome).toMatchObject({ outcome: "resolved", incident: key });
  await isSound();
});
