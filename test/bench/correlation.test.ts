import { describe, expect, it } from "vitest";
import { written } from "../../bench/correlation/names.ts";
import { randomOf } from "../../bench/correlation/random.ts";
import {
  countPairs,
  firing,
  labelGrouping,
  NO_PAIRS,
  onePerAlert,
  type Placed,
  precision,
  recall,
} from "../../bench/correlation/score.ts";
import { drawStorm, STORM_KINDS, type Storm, type StormAlert } from "../../bench/correlation/storms.ts";
import { buildLineage } from "../../src/core/correlate/lineage.ts";
import { LineageDocument } from "../../src/core/correlate/lineage-document.ts";
import { AlertSignal, fingerprint } from "../../src/core/signal/alert.ts";
import { datasetKey } from "../../src/core/signal/dataset.ts";
import { alertOn } from "../engine/world.ts";

const storms = STORM_KINDS.flatMap((kind) => [1, 2, 3, 4].map((seed) => drawStorm(kind, seed)));
const each = storms.map((storm) => [storm.name, storm] as const);

function certain(storm: Storm, truth: string): StormAlert[] {
  return storm.alerts.filter((alert) => alert.truth === truth);
}

function truthsOf(storm: Storm): Set<string> {
  return new Set(storm.alerts.flatMap(({ truth }) => truth));
}

describe("a storm", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(drawStorm("single_failure", 7)).toEqual(drawStorm("single_failure", 7));
    expect(drawStorm("single_failure", 8)).not.toEqual(drawStorm("single_failure", 7));
  });

  it.each(each)("%s is made of alerts and lineage as the engine takes them", (_, storm) => {
    for (const { signal } of storm.alerts) expect(AlertSignal.parse(signal)).toEqual(signal);
    for (const document of storm.documents) expect(LineageDocument.parse(document)).toEqual(document);
    const assets = storm.documents[0]!.assets.length;
    expect(assets).toBeGreaterThanOrEqual(290);
    expect(assets).toBeLessThanOrEqual(3400);
    expect(new Set(storm.documents[0]!.assets.map(({ kind }) => kind))).toEqual(
      new Set(["source", "seed", "model", "exposure"]),
    );
  });

  it.each(each)("%s arrives in order of its offsets, and has noise beside its failure", (_, storm) => {
    const offsets = storm.alerts.map(({ at }) => at);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    const truths = [...truthsOf(storm)];
    expect(truths).toContain("failure-1");
    expect(truths.some((truth) => truth.startsWith("noise-"))).toBe(true);
    expect(certain(storm, "failure-1").length).toBeGreaterThan(0);
  });

  it.each(each)("%s names only tables that its lineage can tell, however they are written", (_, storm) => {
    const lineage = buildLineage(storm.documents, datasetKey);
    const lost = storm.alerts
      .flatMap(({ signal }) => signal.assets)
      .filter((asset) => lineage.find(asset) === null && lineage.resolve(asset) === null);
    expect(lost).toEqual([]);
  });

  it.each(each)("%s says of no alert that it passed before it fired", (_, storm) => {
    const fired = new Set<string>();
    for (const { signal } of storm.alerts) {
      if (signal.status === "firing") fired.add(fingerprint(signal));
      else expect(fired).toContain(fingerprint(signal));
    }
  });

  it.each(each)("%s gives one alert one truth wherever lineage can tell", (_, storm) => {
    const lineage = buildLineage(storm.documents, datasetKey);
    const node = (alert: StormAlert) => {
      const asset = alert.signal.assets[0];
      return asset ? (lineage.find(asset) ?? lineage.resolve(asset)?.id ?? null) : null;
    };
    const nodesOf = (truth: string) => certain(storm, truth).map(node);
    for (const one of truthsOf(storm)) {
      for (const other of truthsOf(storm)) {
        if (one === other) continue;
        const shared = nodesOf(one).filter((id) => id !== null && nodesOf(other).includes(id));
        expect(shared, `${one} and ${other}`).toEqual([]);
      }
    }
  });
});

describe("the kinds of storms", () => {
  const of = (kind: Storm["kind"]) => storms.filter((storm) => storm.kind === kind);

  it("have two failures or three at once, of which neither is below the other", () => {
    for (const storm of of("unrelated_failures")) {
      expect(truthsOf(storm)).toContain("failure-2");
      expect(certain(storm, "failure-2").length).toBeGreaterThan(0);
    }
    const overlapping = of("unrelated_failures").filter((storm) =>
      storm.alerts.some(
        ({ truth }) => Array.isArray(truth) && truth.includes("failure-1") && truth.includes("failure-2"),
      ),
    );
    expect(overlapping).not.toEqual([]);
  });

  it("have a flapping test that fires, passes and fires", () => {
    for (const storm of of("flapping_test")) {
      const byAlert = Map.groupBy(storm.alerts, ({ signal }) => fingerprint(signal));
      const lives = [...byAlert.values()].map((said) => said.map(({ signal }) => signal.status).join(" "));
      expect(lives.some((life) => life.startsWith("firing resolved firing resolved firing"))).toBe(true);
    }
  });

  it("have retries with new deliveries, and some of the old", () => {
    for (const storm of of("retry_storm")) {
      const byAlert = [...Map.groupBy(storm.alerts, ({ signal }) => fingerprint(signal)).values()];
      const most = byAlert.toSorted((a, b) => b.length - a.length)[0]!;
      expect(most.length).toBeGreaterThan(2);
    }
    const deliveries = of("retry_storm").flatMap(({ alerts, name }) =>
      alerts.map(({ signal }) => `${name} ${signal.source} ${signal.dedupKey} ${signal.deliveryId}`),
    );
    expect(new Set(deliveries).size).toBeLessThan(deliveries.length);
  });

  it("have one failure reported by at least four tools", () => {
    for (const storm of of("cross_tool")) {
      const failure = storm.alerts.filter(({ truth }) => [truth].flat()[0] === "failure-1");
      expect(new Set(failure.map(({ signal }) => signal.source)).size).toBeGreaterThanOrEqual(4);
    }
  });

  it("have alerts that arrive in another order than they were seen in", () => {
    const overtaken = storms.filter(({ alerts }) => {
      const seen = alerts.flatMap(({ signal }) => signal.observedAt ?? []);
      return seen.some((at, index) => index > 0 && at < seen[index - 1]!);
    });
    expect(overtaken.length).toBeGreaterThan(storms.length / 2);
  });
});

describe("the ways to write a table", () => {
  const orders = { namespace: "snowflake://fernhollow-eu_prod", name: "analytics.marts.fct_orders" };

  it("are those of tools, and leave alone what is no table", () => {
    expect(written(orders, "snowflake", "case").name).toBe("ANALYTICS.MARTS.FCT_ORDERS");
    expect(written(orders, "snowflake", "bare")).toEqual({ ...orders, namespace: "snowflake" });
    expect(written(orders, "snowflake", "short")).toEqual({
      namespace: "fernhollow_dw",
      name: "marts.fct_orders",
    });
    const job = { namespace: "prod", name: "ingest_pos.load_tables" };
    expect(written(job, "snowflake", "short")).toEqual(job);
  });
});

describe("chance", () => {
  it("keeps to its bounds and repeats itself", () => {
    const [one, same] = [randomOf("a"), randomOf("a")];
    const drawn = Array.from({ length: 500 }, () => one.int(2, 5));
    expect(new Set(drawn)).toEqual(new Set([2, 3, 4, 5]));
    expect(drawn).toEqual(Array.from({ length: 500 }, () => same.int(2, 5)));
  });
});

const put = (incident: string, ...truth: string[]): Placed => ({ incident, truth });

describe("the score", () => {
  it.each([
    ["all right", [put("1", "a"), put("1", "a"), put("2", "b")], [1, 1, 1], 1, 1],
    ["one too many in an incident", [put("1", "a"), put("1", "a"), put("1", "b")], [3, 1, 1], 1 / 3, 1],
    ["one problem in two incidents", [put("1", "a"), put("1", "a"), put("2", "a")], [1, 3, 1], 1, 1 / 3],
    ["everything apart", [put("1", "a"), put("2", "a")], [0, 1, 0], null, 0],
    ["nothing that belongs together", [put("1", "a"), put("2", "b")], [0, 0, 0], null, null],
  ])("%s", (_, placed, [together, belonging, both], p, r) => {
    const pairs = countPairs(placed);
    expect(pairs).toEqual({ together, belonging, both });
    expect(precision(pairs)).toEqual(p);
    expect(recall(pairs)).toEqual(r);
  });

  it("takes an alert of two problems for the one that its incident is about", () => {
    const withB = [put("1", "a"), put("1", "a"), put("2", "b"), put("2", "b"), put("2", "a", "b")];
    expect(countPairs(withB)).toEqual({ together: 4, belonging: 4, both: 4 });
    const withA = [put("1", "a"), put("1", "a"), put("1", "a", "b"), put("2", "b"), put("2", "b")];
    expect(countPairs(withA)).toEqual({ together: 4, belonging: 4, both: 4 });
  });

  it("takes it for its first where its incident is about neither", () => {
    const alone = [put("1", "a"), put("1", "a"), put("2", "a", "b")];
    expect(countPairs(alone)).toEqual({ together: 1, belonging: 3, both: 1 });
    const elsewhere = [put("1", "c"), put("1", "a", "b")];
    expect(countPairs(elsewhere)).toEqual({ together: 1, belonging: 0, both: 0 });
  });

  it("counts nothing for nothing", () => {
    expect(countPairs([])).toEqual(NO_PAIRS);
  });
});

const MINUTE = 60_000;

/** Two alerts of dbt on one table and one of Soda, all of one failure; one on another table is noise. */
const tiny: StormAlert[] = [
  { at: 0, truth: "failure-1", signal: alertOn("orders", { dedupKey: "t1" }) },
  { at: 1 * MINUTE, truth: "failure-1", signal: alertOn("orders", { dedupKey: "t2" }) },
  { at: 2 * MINUTE, truth: "failure-1", signal: alertOn("orders", { source: "soda" }) },
  { at: 3 * MINUTE, truth: "noise-1", signal: alertOn("shifts") },
  { at: 4 * MINUTE, truth: "failure-1", signal: alertOn("orders", { dedupKey: "t1", deliveryId: "again" }) },
];
const passes = (dedupKey: string, at: number): StormAlert => ({
  at,
  truth: "failure-1",
  signal: alertOn("orders", { dedupKey, status: "resolved" }),
});

describe("the baselines", () => {
  it("put each alert into its own incident, a repeat into the same", () => {
    // Of four alerts of the failure six pairs belong together; only an alert and its repeat are.
    expect(countPairs(onePerAlert(tiny))).toEqual({ together: 1, belonging: 6, both: 1 });
  });

  it("group by source and table, so that another tool stays apart", () => {
    expect(countPairs(labelGrouping(tiny))).toEqual({ together: 3, belonging: 6, both: 3 });
  });

  it("group by the name of an alert where it has one, whatever it is about", () => {
    const named = (table: string, truth: string): StormAlert => ({
      at: 0,
      truth,
      signal: alertOn(table, { source: "alertmanager", labels: { alertname: "TableStale" } }),
    });
    const both = [named("orders", "failure-1"), named("shifts", "noise-1")];
    expect(countPairs(labelGrouping(both))).toEqual({ together: 1, belonging: 0, both: 0 });
  });

  it("keep a group for as long as something in it fires and five minutes more", () => {
    const refires = (minutes: number): StormAlert => ({ ...tiny[0]!, at: minutes * MINUTE });
    const groups = (...alerts: StormAlert[]) =>
      new Set(labelGrouping(alerts).map(({ incident }) => incident)).size;
    expect(groups(tiny[0]!, passes("t1", MINUTE), refires(6))).toBe(1);
    expect(groups(tiny[0]!, passes("t1", MINUTE), refires(7))).toBe(2);
    expect(groups(tiny[0]!, tiny[1]!, passes("t1", MINUTE), refires(90))).toBe(1);
  });

  it("judge only what fires", () => {
    expect(firing([...tiny, passes("t1", 9 * MINUTE)])).toHaveLength(5);
    expect(onePerAlert([passes("t1", 0)])).toEqual([]);
  });
});
