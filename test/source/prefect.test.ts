import { expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { prefect } from "../../src/source/prefect.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => prefect.read(fixture("prefect", name));
const nothing = { alerts: [], rejected: [] };
const one = (body: unknown) => prefect.read(request(body)).alerts[0]!;

const FLOW = {
  "prefect.resource.id": "prefect.flow.f1",
  "prefect.resource.name": "load",
  "prefect.resource.role": "flow",
};

function run(state: string, type: string, more: object = {}) {
  return {
    id: `e-${state}`,
    event: `prefect.flow-run.${state}`,
    resource: {
      "prefect.resource.id": "prefect.flow-run.r1",
      "prefect.state-name": state,
      "prefect.state-type": type,
    },
    related: [FLOW],
    ...more,
  };
}

test("the next run that completes closes the run that failed", () => {
  const [failed] = read("flow-run-failed").alerts;
  const [completed] = read("flow-run-completed").alerts;
  expect([failed!.status, completed!.status]).toEqual(["firing", "resolved"]);
  expect(completed!.dedupKey).toBe(failed!.dedupKey);
  expect(completed!.deliveryId).not.toBe(failed!.deliveryId);
  expect(completed!.groupHint).not.toBe(failed!.groupHint);
});

test.each([
  ["Failed", "FAILED", "firing"],
  ["Crashed", "CRASHED", "firing"],
  ["TimedOut", "FAILED", "firing"],
  ["Bad rows", "FAILED", "firing"],
  ["Late", "SCHEDULED", "firing"],
  ["Completed", "COMPLETED", "resolved"],
])("a run that is %s (%s) is %s", (state, type, status) => expect(one(run(state, type)).status).toBe(status));

test.each([
  ["Cancelled", "CANCELLED"],
  ["Running", "RUNNING"],
  ["AwaitingRetry", "SCHEDULED"],
  ["Paused", "PAUSED"],
])("a run that is %s is no news", (state, type) =>
  expect(prefect.read(request(run(state, type)))).toEqual(nothing),
);

test("two deployments of one flow are two things, and neither is the flow run by hand", () => {
  const deployment = (id: string) => ({
    "prefect.resource.id": `prefect.deployment.${id}`,
    "prefect.resource.role": "deployment",
  });
  const keys = [[FLOW, deployment("a")], [FLOW, deployment("b")], [FLOW]].map(
    (related) => one(run("Failed", "FAILED", { related })).dedupKey,
  );
  expect(new Set(keys).size).toBe(3);
});

test("the deployment that created a run is not the one that it is a run of", () => {
  const creator = { "prefect.resource.id": "prefect.deployment.parent", "prefect.resource.role": "creator" };
  expect(one(run("Failed", "FAILED", { related: [creator, FLOW] })).dedupKey).toBe("prefect.flow.f1");
});

test("a run of nothing is refused", () => {
  expect(() => prefect.read(request(run("Failed", "FAILED", { related: [] })))).toThrow(/flow/);
});

test("without an id of the event, run, attempt and state make the delivery", () => {
  const { id: _, ...bare } = run("Failed", "FAILED");
  const { id: __, ...completed } = run("Completed", "COMPLETED");
  expect(one(bare).deliveryId).toBe("prefect.flow-run.r1/Failed");
  expect(one(completed).deliveryId).not.toBe(one(bare).deliveryId);
});

test("a work pool that is ready again closes the one that was not; runs are another matter", () => {
  const [broken] = read("work-pool-not-ready").alerts;
  const [ready] = read("work-pool-ready").alerts;
  expect(ready).toMatchObject({ status: "resolved", dedupKey: broken!.dedupKey });
  const [deployment] = read("deployment-not-ready").alerts;
  expect(deployment!.dedupKey).not.toBe(read("flow-run-failed").alerts[0]!.dedupKey);
});

test("a work queue that is ready again closes the one that was not, in either spelling of the event", () => {
  const queue = (state: string) =>
    one({
      id: state,
      event: `prefect.work-queue.${state}`,
      occurred: "2026-11-22T03:00:00Z",
      resource: { "prefect.resource.id": "prefect.work-queue.q1", "prefect.resource.name": "default" },
      related: [],
    });
  expect(queue("not-ready")).toMatchObject({ status: "firing", severity: "warning" });
  expect(queue("not_ready").dedupKey).toBe(queue("not-ready").dedupKey);
  expect(queue("ready")).toMatchObject({ status: "resolved", dedupKey: queue("not-ready").dedupKey });
});

test("an asset that failed names the table that its key is", () => {
  expect(read("asset-failed").alerts[0]!.assets.map(assetId)).toEqual([
    "snowflake://fern-acct/SHOP.core.orders",
  ]);
});

test("other events are no news", () => {
  for (const event of [
    "prefect.flow-run.heartbeat",
    "prefect.work-pool.paused",
    "prefect.deployment.updated",
    "my.event",
  ])
    expect(prefect.read(request({ event, resource: { "prefect.resource.id": "x.1" } }))).toEqual(nothing);
});

test("a plain alert with the name of a run's state as its status ends with the run that completed", () => {
  const said = (status: string) => one({ title: "load", dedup_key: "d1", status });
  expect([said("Failed"), said("Completed")].map(({ status, warnings }) => [status, warnings])).toEqual([
    ["firing", []],
    ["resolved", []],
  ]);
});

test("a plain alert of the user's own template is read too", () => {
  expect(read("plain-template").alerts[0]).toMatchObject({
    status: "firing",
    dedupKey: "bbbb1111-0000-4000-8000-000000000001",
    labels: { deployment: "prod" },
  });
});

test("an identity that was not filled in is refused, a label is left out and told", () => {
  const plain = { title: "load failed", status: "firing", dedup_key: "{{ deployment.id }}" };
  expect(() => prefect.read(request(plain))).toThrow(/dedup_key.*template/);
  expect(() => prefect.read(request({ ...plain, dedup_key: "None" }))).toThrow(/dedup_key/);
  const alert = one({ ...plain, dedup_key: "d1", labels: { flow: "{{ flow.name }}", pool: "k8s" } });
  expect(alert.labels).toEqual({ pool: "k8s" });
  expect(alert.warnings.join()).toMatch(/labels\.flow/);
});

test("what is neither is refused with what to do", () => {
  for (const body of [{}, { event: "prefect.flow-run.Failed" }, { message: "hello" }, null, 1])
    expect(() => prefect.read(request(body))).toThrow(/docs\/sources\/prefect\.md/);
});
