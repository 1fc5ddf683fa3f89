import { expect, test } from "vitest";
import { cloudevents } from "../../src/source/cloudevents-source.ts";
import { fixture, request } from "./fixtures.ts";

const STRUCTURED = { headers: { "content-type": "application/cloudevents+json" } };
const read = (name: string) => cloudevents.read(fixture("cloudevents", name));
const event = (more: object) => ({ specversion: "1.0", id: "1", source: "/s", type: "x", ...more });
const one = (more: object) => cloudevents.read(request(event(more), STRUCTURED)).alerts[0];

test("an event is the same alert in binary and in structured mode", () => {
  expect(read("binary")).toEqual(read("structured"));
  expect(read("binary").alerts[0]).toMatchObject({ severity: "critical", labels: { team: "façade" } });
});

test("the success of a subject closes its failure, and is another message", () => {
  const [failed, succeeded] = [read("binary").alerts[0]!, read("batch").alerts[0]!];
  expect(succeeded).toMatchObject({ status: "resolved", dedupKey: failed.dedupKey });
  expect(succeeded.deliveryId).not.toBe(failed.deliveryId);
});

test.each([
  ["a.run.failed", "firing"],
  ["a.run.failure", "firing"],
  ["a.run.error.v1", "firing"],
  ["a.alert.firing", "firing"],
  ["a.alert.triggered.0.1.0", "firing"],
  ["a.table.degraded", "firing"],
  ["a.check-failed", "firing"],
  ["RunFailed", "firing"],
  ["a.run.FAILED", "firing"],
  ["a.run.succeeded", "resolved"],
  ["a.run.success", "resolved"],
  ["a.run.completed.v2", "resolved"],
  ["a.alert.resolved", "resolved"],
  ["a.alert.recovered", "resolved"],
  ["a.check.ok", "resolved"],
  ["a.check.passed", "resolved"],
])("%s is %s", (type, status) => expect(one({ type })?.status).toBe(status));

test("other types are no alerts, unless their data have a status that says so", () => {
  for (const type of ["a.run.started", "a.failed.report", "unfailed", "a.run", "1.0"])
    expect(one({ type })).toBeUndefined();
  expect(one({ type: "a.run.finished", data: { status: "failed" } })?.status).toBe("firing");
  expect(one({ type: "a.run.finished", data: { status: "success" } })?.status).toBe("resolved");
  expect(one({ type: "a.run.completed", data: { status: "failed" } })?.status).toBe("firing");
  expect(one({ type: "a.customer.changed", data: { status: "active" } })).toBeUndefined();
});

test("without a subject the stem of the type tells what is meant", () => {
  const key = (type: string) => one({ type })!.dedupKey;
  expect(key("a.run.failed")).toBe(key("a.run.succeeded.v2"));
  expect(key("a.run.failed")).not.toBe(key("a.load.failed"));
  expect(one({ type: "a.run.failed", subject: "t" })!.dedupKey).not.toBe(
    one({ type: "a.run.failed", subject: "u" })!.dedupKey,
  );
});

test("data_base64 is decoded, and refused where it is none", () => {
  const data = Buffer.from(JSON.stringify({ error: "no disk" })).toString("base64");
  expect(one({ type: "a.failed", data_base64: data })!.description).toBe("no disk");
  expect(() => one({ type: "a.failed", data_base64: "... base64 encoded string ..." })).toThrow(
    /data_base64/,
  );
  expect(() => one({ type: "a.started", data_base64: 5 })).toThrow(/data_base64/);
});

test("in a batch what cannot be read is told by its place; a batch may be empty", () => {
  const { alerts, rejected } = read("batch");
  expect(alerts.map(({ title }) => title)).toEqual([
    "sales.returns: example.fernhollow.pipeline.run.succeeded.v2",
    "12 returns have no order",
  ]);
  expect(rejected).toEqual([{ path: "[4].data_base64", message: "must be base64" }]);
  const headers = { "content-type": "application/cloudevents-batch+json" };
  expect(cloudevents.read(request([], { headers }))).toEqual({ alerts: [], rejected: [] });
});

test("the data of a binary event may be anything", () => {
  expect(read("binary-text").alerts).toHaveLength(1);
  const headers = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "a.failed" };
  const empty = request(undefined, { headers, rawBody: Buffer.alloc(0) });
  expect(cloudevents.read({ ...empty, body: cloudevents.parse(empty) }).alerts).toHaveLength(1);
  const broken = { ...empty, rawBody: Buffer.from("{oops") };
  expect(() => cloudevents.parse(broken)).toThrow(/JSON/);
  expect(() => cloudevents.parse(request({}, { rawBody: Buffer.alloc(0) }))).toThrow(/empty/);
});

test("what is no CloudEvent, or of another version, is refused", () => {
  for (const body of [null, {}, [{}], { title: "t" }])
    expect(() => cloudevents.read(request(body))).toThrow(/CloudEvent/);
  expect(() => cloudevents.read(request(event({ specversion: "0.3" }), STRUCTURED))).toThrow(/specversion/);
});
