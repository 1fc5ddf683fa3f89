import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { documentHash, LineageDocument } from "../../src/core/correlate/lineage-document.ts";
import { type LineageStatement, mergeJobDocument } from "../../src/core/correlate/lineage-statement.ts";
import { assetId } from "../../src/core/signal/asset.ts";
import { readOpenLineage } from "../../src/source/lineage-openlineage.ts";
import { RECEIVED_AT } from "./fixtures.ts";

const SPARK = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/lineage/spark-complete.json"), "utf8"),
);

function edgesOf(document: LineageDocument): string[] {
  const name = (at: number) => document.assets[at]!.name;
  return document.edges.map(([from, to]) => `${name(from)} → ${name(to)}`).sort();
}

/** An event of the job `load`: the minute in which it came, its type, its run, the names that it reads and writes. */
function event(minute: number, eventType: string, runId: string, inputs: string[], outputs: string[]) {
  const dataset = (name: string) => ({ namespace: "bigquery", name });
  const eventTime = `2026-11-22T03:${String(minute).padStart(2, "0")}:00Z`;
  const job = { namespace: "airflow", name: "load" };
  return {
    eventTime,
    eventType,
    run: { runId },
    job,
    inputs: inputs.map(dataset),
    outputs: outputs.map(dataset),
  };
}

function knownAfter(events: unknown[]): LineageDocument {
  const statements = events.map((each) => readOpenLineage(each, RECEIVED_AT)).filter((each) => each !== null);
  let known: LineageDocument | null = null;
  for (const statement of statements) known = mergeJobDocument(known, statement as LineageStatement);
  return LineageDocument.parse(known);
}

describe("a completed run", () => {
  const statement = readOpenLineage(SPARK, RECEIVED_AT)!;

  test("leads from its inputs over the job to its outputs, and a dataset to its other name and back", () => {
    expect(edgesOf(statement.document)).toEqual(
      [
        "shop.public.orders → load_orders.execute_insert",
        "load_orders.execute_insert → warehouse/orders",
        "warehouse/orders → lake.orders",
        "lake.orders → warehouse/orders",
      ].sort(),
    );
    expect(statement).toMatchObject({ complete: true, run: SPARK.run.runId, warnings: [] });
    expect(statement.document).toMatchObject({
      provider: "openlineage",
      key: "spark-nightly/load_orders.execute_insert",
      at: "2026-11-22T03:05:11.204Z",
    });
  });

  test("the job says what its facets say", () => {
    expect(statement.document.assets.find(({ kind }) => kind === "job")).toEqual({
      namespace: "spark-nightly",
      name: "load_orders.execute_insert",
      kind: "job",
      title: "load_orders.execute_insert",
      type: "SPARK SQL_JOB",
      owner: "team:platform",
      tags: ["pii", "tier:silver"],
      tier: "silver",
      description: "Loads the shop's orders.",
      url: "https://git.fernhollow.example/data/jobs/load_orders.py",
      paths: ["jobs/load_orders.py"],
    });
  });

  test("a dataset is a table where its facet says so", () => {
    const kinds = Object.fromEntries(statement.document.assets.map(({ name, kind }) => [name, kind]));
    expect(kinds).toMatchObject({ "warehouse/orders": "table", "shop.public.orders": "dataset" });
  });
});

test("events that state nothing are null: no datasets, or a test", () => {
  expect(readOpenLineage(event(1, "FAIL", "r1", [], []), RECEIVED_AT)).toBeNull();
  const facets = { jobType: { jobType: "TEST", integration: "DBT" } };
  const check = { ...event(1, "FAIL", "r1", ["orders"], []), job: { namespace: "dbt", name: "t", facets } };
  expect(readOpenLineage(check, RECEIVED_AT)).toBeNull();
});

test("a static JobEvent is whole; a DatasetEvent speaks of its dataset, under a key of its own", () => {
  const { eventType, run, ...job } = event(1, "", "", ["a"], ["b"]);
  expect(readOpenLineage(job, RECEIVED_AT)).toMatchObject({ complete: true, run: null });
  const facets = { ownership: { owners: [{ name: "shop@fernhollow.example" }] } };
  const dataset = {
    eventTime: "2026-11-22T03:00:00Z",
    dataset: { namespace: "bigquery", name: "a", facets },
  };
  const { document } = readOpenLineage(dataset, RECEIVED_AT)!;
  expect(document.key).toBe("dataset bigquery/a");
  expect(document.assets).toEqual([
    {
      namespace: "bigquery",
      name: "a",
      kind: "dataset",
      owner: "shop@fernhollow.example",
      ownerEmail: "shop@fernhollow.example",
    },
  ]);
});

test.each([null, 3, [[]], {}, { job: {} }, { job: { name: "x" } }, { dataset: { name: "x" } }])(
  "%j is no event",
  (body) => {
    expect(() => readOpenLineage(body, RECEIVED_AT)).toThrow(/namespace/);
  },
);

test("datasets without a name are left out and said", () => {
  const odd = { ...event(1, "COMPLETE", "r1", ["a"], []), outputs: [null, 3, { name: "x" }] };
  expect(readOpenLineage(odd, RECEIVED_AT)!.warnings).toEqual([
    "3 of the outputs were left out: no namespace or name, or over 5000.",
  ]);
});

describe("what is known of a job, event by event", () => {
  const FULL = ["a → load", "b → load", "load → c"];

  test("within a run statements add up", () => {
    expect(
      edgesOf(
        knownAfter([event(1, "START", "r1", ["a", "b"], []), event(2, "COMPLETE", "r1", ["a"], ["c"])]),
      ),
    ).toEqual(FULL);
  });

  test("a failure that says less erases nothing, however often the job fails", () => {
    const failing = [1, 2, 3].flatMap((n) => [
      event(n * 10, "START", `r${n}`, ["a"], []),
      event(n * 10 + 1, "FAIL", `r${n}`, ["a"], []),
    ]);
    expect(edgesOf(knownAfter([event(1, "COMPLETE", "r0", ["a", "b"], ["c"]), ...failing]))).toEqual(FULL);
  });

  test("a completed run replaces what it no longer reads and writes, counting what its start said", () => {
    const known = knownAfter([
      event(1, "COMPLETE", "r1", ["a", "b"], ["c"]),
      event(10, "START", "r2", ["a", "d"], []),
      event(11, "COMPLETE", "r2", [], ["e"]),
    ]);
    expect(edgesOf(known)).toEqual(["a → load", "d → load", "load → e"]);
    expect(known.assets.map(assetId)).toEqual(["airflow/load", "bigquery/a", "bigquery/d", "bigquery/e"]);
  });

  test("a completed run that states one side only adds to what was known", () => {
    const known = knownAfter([
      event(1, "COMPLETE", "r1", ["a", "b"], ["c"]),
      event(9, "COMPLETE", "r2", ["a"], []),
    ]);
    expect(edgesOf(known)).toEqual(FULL);
  });

  test("a late event of an earlier run changes nothing", () => {
    const known = knownAfter([
      event(9, "COMPLETE", "r2", ["a", "b"], ["c"]),
      event(1, "START", "r1", ["z"], []),
    ]);
    expect(edgesOf(known)).toEqual(FULL);
  });

  test("the same run every night states the same", () => {
    const once = [event(1, "START", "r1", ["a"], []), event(2, "COMPLETE", "r1", ["a", "b"], ["c"])];
    const twice = [
      ...once,
      event(11, "START", "r2", ["a"], []),
      event(12, "COMPLETE", "r2", ["a", "b"], ["c"]),
    ];
    expect(documentHash(knownAfter(twice))).toBe(documentHash(knownAfter(once)));
  });
});
