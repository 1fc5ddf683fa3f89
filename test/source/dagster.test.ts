import { expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { dagster } from "../../src/source/dagster.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => dagster.read(fixture("dagster", name));
const nothing = { alerts: [], rejected: [] };
const one = (body: unknown) => dagster.read(request(body)).alerts[0]!;

test.each([
  ["plus-job-failed", "plus-job-succeeded"],
  ["sensor-run-failed", "sensor-run-succeeded"],
])("the success after %s closes it", (failed, succeeded) => {
  const [before] = read(failed).alerts;
  const [after] = read(succeeded).alerts;
  expect([before!.status, after!.status]).toEqual(["firing", "resolved"]);
  expect(after!.dedupKey).toBe(before!.dedupKey);
  expect(after!.deliveryId).not.toBe(before!.deliveryId);
});

test("the alert of the test button makes nothing", () => {
  expect(read("plus-sample")).toEqual(nothing);
  expect(dagster.read(request({ is_sample: true, title: "t", dedup_key: "k" }))).toEqual(nothing);
});

test("several assets in one alert are several alerts, each with its own identity", () => {
  const { alerts } = read("plus-assets-failed");
  expect(alerts.map((alert) => alert.dedupKey)).toEqual([
    "prod/asset:core/orders",
    "prod/asset:core/customers",
  ]);
  expect(alerts.flatMap((alert) => alert.assets.map(assetId))).toEqual([
    "snowflake://fern-acct/core.orders",
    "snowflake://fern-acct/core.customers",
  ]);
});

test("an asset key is the asset's name, under dagster where nothing says where it is", () => {
  const alert = one({ asset_key: "a/b", health_status: "DEGRADED" });
  expect(alert.assets.map(assetId)).toEqual(["dagster/a/b"]);
});

test("a materialization does not close a failed check", () => {
  const about = (event_types: string) => one({ deployment: "prod", asset_keys: "orders", event_types });
  const failed = about("Asset check executions failed");
  const passed = about("Asset checks passed");
  const made = about("Asset materializations succeeded");
  expect([failed.status, passed.status, made.status]).toEqual(["firing", "resolved", "resolved"]);
  expect(passed.dedupKey).toBe(failed.dedupKey);
  expect(made.dedupKey).not.toBe(failed.dedupKey);
});

test.each([
  ["HEALTHY", "resolved", "error"],
  ["WARNING", "firing", "warning"],
  ["DEGRADED", "firing", "error"],
])("an asset whose health is %s is %s", (health_status, status, severity) =>
  expect(one({ asset_key: "orders", health_status })).toMatchObject({ status, severity }),
);

test("an unknown health and a cancelled run are no news", () => {
  expect(dagster.read(request({ asset_key: "orders", health_status: "UNKNOWN" }))).toEqual(nothing);
  expect(dagster.read(request({ job_name: "j", run_status: "CANCELED" }))).toEqual(nothing);
});

test("the same job in two deployments, and in two code locations, is two things", () => {
  const of = (where: object) => one({ job_name: "j", run_status: "FAILURE", ...where }).dedupKey;
  const keys = [of({}), of({ deployment: "prod" }), of({ deployment: "prod", code_location: "shop" })];
  expect(new Set(keys).size).toBe(3);
});

test("runs of assets without a job go by their assets, in any order", () => {
  const of = (asset_keys: string[]) =>
    one({ job_name: "__ASSET_JOB", run_status: "FAILURE", asset_keys }).dedupKey;
  expect(of(["a", "b"])).toBe(of(["b", "a"]));
  expect(of(["a"])).not.toBe(of(["b"]));
});

test("a job that has run too long is a warning, and says that there is no verdict", () => {
  const [alert] = read("plus-job-long-running").alerts;
  expect(alert).toMatchObject({ status: "firing", severity: "warning" });
  expect(alert!.warnings.join()).toMatch(/sensor_name/);
});

test("tokens that were not filled in: refused in what makes the identity, absent elsewhere", () => {
  expect(() => dagster.read(request({ job_name: "{{job_name}}", run_status: "FAILURE" }))).toThrow(
    /job_name.*template/,
  );
  expect(() => dagster.read(request({ job_name: "j", deployment: "{{deployment_name}}" }))).toThrow(
    /deployment.*template/,
  );
  const alert = one({ job_name: "j", run_status: "FAILURE", partition: "{{partition_name}}" });
  expect(alert.labels.partition).toBeUndefined();
  expect(alert.warnings).toHaveLength(1);
});

test("a plain alert of the user's own template is read too, and its success closes it", () => {
  const [firing] = read("plain-template").alerts;
  expect(firing).toMatchObject({ status: "firing", dedupKey: "prod/daily_orders" });
  const resolved = one({ title: "ok", dedup_key: "prod/daily_orders", status: "success" });
  expect(resolved).toMatchObject({ status: "resolved", dedupKey: firing!.dedupKey });
});

test("what names nothing is refused with what to do", () => {
  for (const body of [{}, { hello: "world" }, null, 7])
    expect(() => dagster.read(request(body))).toThrow(/docs\/sources\/dagster\.md/);
});
