import { expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { greatExpectations } from "../../src/source/great-expectations.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => greatExpectations.read(fixture("great-expectations", name));
const result = (more: object = {}, kwargs: object = {}) => ({
  success: false,
  expectation_config: {
    type: "expect_column_values_to_be_unique",
    kwargs: { batch_id: "lake-orders", column: "id", ...kwargs },
  },
  ...more,
});
const of = (body: unknown, query = {}) => greatExpectations.read(request(body, { query })).alerts;
const keyOf = (more: object, kwargs: object = {}) => of({ results: [result(more, kwargs)] })[0]!.dedupKey;

test("an expectation that passes later ends the failure of the same one, and of no other", () => {
  const failing = read("describe-with-failures").alerts;
  const passing = read("describe-all-pass").alerts;
  expect(passing.map((alert) => alert.dedupKey)).toEqual(failing.map((alert) => alert.dedupKey));
  expect(new Set(failing.map((alert) => alert.dedupKey)).size).toBe(failing.length);
  expect(failing.map((alert) => alert.status)).toEqual([
    "firing",
    "firing",
    "resolved",
    "firing",
    "resolved",
  ]);
  expect(passing.every((alert) => alert.status === "resolved")).toBe(true);
});

test("the same result has one identity in whatever shape it comes", () => {
  const one = result();
  const described = {
    success: false,
    expectation_type: one.expectation_config.type,
    kwargs: one.expectation_config.kwargs,
  };
  const suite = { success: false, results: [one], meta: { run_id: { run_time: "2026-11-22T01:00:00Z" } } };
  const keys = [
    { validation_results: [{ expectations: [described] }] },
    JSON.stringify({ validation_results: [{ expectations: [described] }] }),
    suite,
    [suite],
    { run_results: { "a::b::c": suite } },
    { run_results: [suite] },
    { run_results: { k: { validation_result: suite, actions_results: {} } } },
    { checkpoint_name: "c", validation_results: [JSON.stringify(suite)] },
  ].map((body) => of(body).map((alert) => alert.dedupKey));
  expect(new Set(keys.flat()).size).toBe(1);
  expect(keys.every((each) => each.length === 1)).toBe(true);
});

test("two expectations of one type on one column differ by their parameters", () => {
  expect(keyOf({}, { min_value: 1 })).not.toBe(keyOf({}, { min_value: 2 }));
  expect(keyOf({}, { column: "id" })).not.toBe(keyOf({}, { column: "other" }));
  expect(keyOf({}, { batch_id: "lake-returns" })).not.toBe(keyOf({}));
  // A Python set comes in another order from every process.
  expect(keyOf({}, { value_set: ["a", "b"], mostly: 0.9 })).toBe(
    keyOf({}, { mostly: 0.9, value_set: ["b", "a"] }),
  );
});

test("tomorrow's partition of a batch is the same thing", () => {
  const day = (date: string) => keyOf({}, { batch_id: `lake-orders-${date}` });
  expect(day("year_2026-month_11-day_22")).toBe(day("year_2026-month_11-day_23"));
  expect(day("year_2026-month_11")).toBe(keyOf({}));
});

test("the next run of a batch that 0.18 names by a hash is the same thing, another asset is not", () => {
  const run = (batch_id: string, data_asset_name: string, success: boolean) => {
    const active_batch_definition = {
      datasource_name: "lake",
      data_connector_name: "default_runtime_data_connector_name",
      data_asset_name,
      batch_identifiers: { airflow_run_id: batch_id },
    };
    return of({ meta: { active_batch_definition }, results: [result({ success }, { batch_id })] })[0]!;
  };
  const failed = run("cc97c050f8d02734791081205ad9b054", "orders", false);
  const passed = run("1d2f0b7a8d2b4d538c5d1a7d0c9b2002", "orders", true);
  expect([passed.dedupKey, passed.status]).toEqual([failed.dedupKey, "resolved"]);
  expect(passed.dedupKey).toBe(keyOf({}));
  expect(run("cc97c050f8d02734791081205ad9b054", "returns", false).dedupKey).not.toBe(failed.dedupKey);
  expect(failed.assets.map(assetId)).toEqual(["lake/orders"]);
  expect(failed.warnings).toEqual([]);
});

test("a time that is asked for anew in every run makes no other expectation, a list of days does", () => {
  const after = (min_value: unknown) => keyOf({}, { min_value });
  expect(after("2026-11-22T02:15:00.101010+00:00")).toBe(after("2026-11-21 02:15:07.5"));
  expect(after("2026-11-22")).toBe(after("2026-11-21"));
  expect(after("2026-11-22")).not.toBe(after(7));
  expect(after("2026-11-22")).not.toBe(keyOf({}, { max_value: "2026-11-22" }));
  expect(keyOf({}, { value_set: ["2026-11-21"] })).not.toBe(keyOf({}, { value_set: ["2026-11-22"] }));
});

test("another environment is another thing", () => {
  const body = { results: [result()] };
  expect(of(body, { environment: "dev" })[0]!.dedupKey).not.toBe(
    of(body, { environment: "prod" })[0]!.dedupKey,
  );
});

test("sending a run again is no news, its next run is", () => {
  const at = (validation_time: string, success = false) =>
    of({ meta: { validation_time }, results: [result({ success })] })[0]!.deliveryId;
  expect(at("2026-11-22T01:00:00Z")).toBe(at("2026-11-22T01:00:00Z"));
  expect(at("2026-11-22T01:00:00Z")).not.toBe(at("2026-11-22T02:00:00Z"));
  expect(at("2026-11-22T01:00:00Z")).not.toBe(at("2026-11-22T01:00:00Z", true));
  expect(of({ results: [result()] })[0]!.deliveryId).toBeNull();
});

test("the time of a result of 0.18 is read, so that an older one does not count after a newer", () => {
  const [alert] = of({ meta: { validation_time: "20261122T031000.701100Z" }, results: [result()] });
  expect(alert).toMatchObject({
    startsAt: "2026-11-22T03:10:00.701Z",
    observedAt: "2026-11-22T03:10:00.701Z",
    warnings: [],
  });
});

test("an expectation that could not be evaluated fires, whatever its success says", () => {
  const flat = { raised_exception: true, exception_message: "no such table" };
  for (const exception_info of [flat, { "('metric', 'id', ())": flat }, { raised_exception: "True" }]) {
    for (const success of [false, true, null])
      expect(of({ results: [result({ success, exception_info })] })[0]).toMatchObject({ status: "firing" });
  }
  expect(
    of({ results: [result({ success: true, exception_info: { raised_exception: false } })] })[0]!.status,
  ).toBe("resolved");
});

test("a result that is neither true nor false says nothing", () => {
  expect(of({ results: [result({ success: null })] })).toEqual([]);
  expect(of({ results: [result({ success: "True" })] })[0]!.status).toBe("resolved");
});

test("severity is the expectation's own, and error without one", () => {
  expect(read("to-json-dict").alerts.map((alert) => alert.severity)).toEqual([
    "warning",
    "error",
    "critical",
    "error",
  ]);
  const noted = { expectation_config: { ...result().expectation_config, meta: { severity: "critical" } } };
  expect(of({ results: [result(noted)] })[0]!.severity).toBe("critical");
});

test("the table is the data source's, or where ?namespace= says", () => {
  expect(read("to-json-dict").alerts[0]!.assets.map(assetId)).toEqual(["lakehouse/logistics.returns"]);
  expect(of({ results: [result()] })[0]!.assets.map(assetId)).toEqual(["lake/orders"]);
  expect(of({ results: [result()] }, { namespace: "postgres://db:5432" })[0]!.assets.map(assetId)).toEqual([
    "postgres://db:5432/orders",
  ]);
  const [guessed] = of({ results: [result({}, { batch_id: "my-lake-orders" })] });
  expect(guessed!.warnings.join()).toMatch(/where the data source's name ends/);
});

test("names of suite and checkpoint are kept, and of a wrapped result too", () => {
  expect(read("checkpoint-run-results").alerts[0]!.labels).toMatchObject({
    suite: "depots_suite",
    checkpoint: "nightly_depots",
    run_name: "nightly-2026-11-21",
  });
});

test("one result that cannot be read is told by its path, the others go through", () => {
  const { alerts, rejected } = greatExpectations.read(
    request([{ results: [result(), { success: false }] }, { nothing: 1 }, 7]),
  );
  expect(alerts.length).toBe(1);
  expect(rejected.map((each) => each.path)).toEqual([
    "[0].results[1].expectation_config.type",
    "[1].results",
    "[2].results",
  ]);
});

test("what is no result of Great Expectations is refused, an empty one is not", () => {
  for (const body of [null, {}, "x", 1, { results: {} }, [[]]])
    expect(() => of(body)).toThrow(/Great Expectations/);
  expect(() => of({ results: [{ ...result(), expectation_config: { type: "t", kwargs: {} } }] })).toThrow(
    /batch_id/,
  );
  for (const body of [{ results: [] }, { validation_results: [] }, []]) expect(of(body)).toEqual([]);
});

test("parameters as deep as they like do no harm", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 20_000; i += 1) deep = { deep };
  const body = { results: [result({}, { deep, list: [deep] })] };
  expect(greatExpectations.read(request({}, { body })).alerts.length).toBe(1);
});
