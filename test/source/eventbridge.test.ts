import { expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { eventbridge } from "../../src/source/eventbridge.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => eventbridge.read(fixture("eventbridge", name));
const one = (name: string) => read(name).alerts[0]!;
const event = (name: string, detail: object, more: object = {}) => {
  const body = fixture("eventbridge", name).body as { detail: object };
  return eventbridge.read(request({ ...body, ...more, detail: { ...body.detail, ...detail } }));
};

test.each([
  ["glue-job-failed", "glue-job-succeeded"],
  ["glue-job-late", "glue-job-succeeded"],
  ["execution-failed", "execution-succeeded"],
  ["execution-timed-out", "execution-succeeded"],
  ["quality-failed", "quality-passed"],
  ["ecs-task-failed", "ecs-task-done"],
  ["alarm", "alarm-ok"],
])("%s is mended by %s", (broken, whole) => {
  const [firing, resolved] = [one(broken), one(whole)];
  expect([firing.status, resolved.status]).toEqual(["firing", "resolved"]);
  expect(resolved.dedupKey).toBe(firing.dedupKey);
  expect(resolved.deliveryId).not.toBe(firing.deliveryId);
});

test("a retry is the same delivery, another run of the job another", () => {
  expect(one("glue-job-failed").deliveryId).toBe(one("glue-job-failed").deliveryId);
  expect(one("glue-job-timeout").deliveryId).not.toBe(one("glue-job-failed").deliveryId);
  expect(one("glue-job-timeout").dedupKey).toBe(one("glue-job-failed").dedupKey);
});

test("the same job of another account, region or name is another alert", () => {
  const keys = [
    event("glue-job-failed", {}),
    event("glue-job-failed", {}, { account: "777788889999" }),
    event("glue-job-failed", {}, { region: "us-east-1" }),
    event("glue-job-failed", { jobName: "load-returns" }),
    event("glue-job-failed", {}, { "detail-type": "DataBrew Job State Change" }),
  ].map(({ alerts }) => alerts[0]!.dedupKey);
  expect(new Set(keys).size).toBe(keys.length);
});

test("a stop by hand is a warning, a time-out what Glue says that it is", () => {
  expect(one("glue-job-stopped").severity).toBe("warning");
  expect(event("execution-failed", { status: "ABORTED" }).alerts[0]).toMatchObject({
    status: "firing",
    severity: "warning",
  });
  expect(one("glue-job-timeout").severity).toBe("warning");
  expect(one("execution-timed-out").severity).toBe("error");
});

test("a run that goes on says nothing yet", () => {
  expect(read("execution-running")).toEqual({ alerts: [], changes: [], rejected: [] });
  expect(event("glue-job-failed", { state: "RUNNING" }).alerts).toEqual([]);
});

test("quality: both spellings are read, the order of rulesets is none, other rulesets are other alerts", () => {
  expect(one("quality-failed").labels).toMatchObject({
    rules_failed: "2",
    result_id: "dqresult-70c1d2e3f4a5",
  });
  expect(one("quality-passed").labels).toMatchObject({
    rules_failed: "0",
    result_id: "dqresult-81d2e3f4a5b6",
  });
  const other = event("quality-failed", { rulesetNames: ["orders_columns"] }).alerts[0]!;
  expect(other.dedupKey).not.toBe(one("quality-failed").dedupKey);
});

test("a Glue table is named as OpenLineage names it, in the partition of its region", () => {
  expect(one("quality-failed").assets.map(assetId)).toEqual([
    "arn:aws:glue:eu-west-1:444455556666/table/shop/orders",
  ]);
  const china = event("quality-failed", {}, { region: "cn-north-1" }).alerts[0]!;
  expect(china.assets.map(assetId)).toEqual(["arn:aws-cn:glue:cn-north-1:444455556666/table/shop/orders"]);
  const nowhere = event("quality-failed", {}, { region: null }).alerts[0]!;
  expect(nowhere.assets.map(assetId)).toEqual(["glue/table/shop/orders"]);
});

test("an evaluation that gave no verdict resolves nothing", () => {
  expect(event("quality-passed", { state: "STOPPED" }).alerts).toEqual([]);
  expect(() => event("quality-failed", { context: {} })).toThrow(/detail\.context\.tableName: is missing/);
});

test("an ECS task killed by a deployment is no failure, one that never started is", () => {
  expect(read("ecs-deployment").alerts).toEqual([]);
  const notStarted = event("ecs-task-failed", { stopCode: "TaskFailedToStart", containers: [] }).alerts[0]!;
  expect(notStarted).toMatchObject({ status: "firing", dedupKey: one("ecs-task-failed").dedupKey });
});

test("members of a Batch array are left to the array", () => {
  expect(read("batch-array-member").alerts).toEqual([]);
  expect(event("batch-array-member", { arrayProperties: { size: 10 } }).alerts).toHaveLength(1);
});

test("an EMR cluster that was done with its steps, or waits for more, is whole again", () => {
  const broken = one("emr-cluster-failed");
  const done = { state: "TERMINATED", stateChangeReason: '{"code":"ALL_STEPS_COMPLETED"}' };
  for (const detail of [done, { state: "WAITING" }])
    expect(event("emr-cluster-failed", detail).alerts[0]).toMatchObject({
      status: "resolved",
      dedupKey: broken.dedupKey,
    });
  expect(event("emr-cluster-failed", { state: "TERMINATED", stateChangeReason: "{" }).alerts).toEqual([]);
});

test("alarms whose actions are suppressed are heard, but loudly they are not", () => {
  expect(one("alarm-suppressed")).toMatchObject({ status: "firing", severity: "info" });
  const event = fixture("eventbridge", "alarm").body as { detail: object };
  const muteDetail = { mutedByArn: "arn:aws:cloudwatch:eu-west-1:444455556666:alarm-mute-rule:nightly" };
  const muted = eventbridge.read(request({ ...event, detail: { ...event.detail, muteDetail } })).alerts[0]!;
  expect(muted).toMatchObject({ status: "firing", severity: "info" });
  expect(muted.warnings.join()).toContain("alarm-mute-rule:nightly");
});

test("an event is the same by itself and through SNS", () => {
  const { raw: _, ...through } = one("through-sns");
  const inner = JSON.parse((fixture("eventbridge", "through-sns").body as { Message: string }).Message);
  const { raw: __, ...bare } = eventbridge.read(request(inner)).alerts[0]!;
  expect(through).toEqual(bare);
});

test("in a list, what cannot be read is told by its path, and what is unknown is let pass", () => {
  const { alerts, rejected } = read("list");
  expect(alerts).toHaveLength(1);
  expect(rejected).toEqual([{ path: "[2].detail.jobName", message: "is missing" }]);
});

test("changes of tables and stacks are changes at either address, loads of partitions are none", () => {
  const change = (name: string) => {
    const sent = fixture("eventbridge", name, "changes");
    expect(eventbridge.read(sent)).toEqual(eventbridge.readChanges(sent));
    return eventbridge.read(sent).changes;
  };
  expect(change("glue-table-altered")).toMatchObject([{ kind: "schema", status: "succeeded" }]);
  expect(change("glue-tables-deleted")![0]!.assets).toHaveLength(2);
  expect(change("stack-updated")).toMatchObject([{ kind: "infrastructure", status: "succeeded" }]);
  expect(change("glue-partitions")).toEqual([]);
});

test("a body that is no event is refused, inside SNS it is let pass", () => {
  for (const body of [null, {}, "text", { "detail-type": "x" }, { AlarmName: "a" }])
    expect(() => eventbridge.read(request(body))).toThrow(/detail-type/);
  expect(eventbridge.read(request({ Type: "Notification", Message: "Hello" })).alerts).toEqual([]);
});

test("events have the order in which their services sent them, whatever the runs say of their own ends", () => {
  const ended = { stopDate: 1547148840122 };
  const [alert] = event("execution-succeeded", ended, { time: "2026-11-22T11:00:00Z" }).alerts;
  expect(alert).toMatchObject({
    observedAt: "2026-11-22T11:00:00.000Z",
    endsAt: "2019-01-10T19:34:00.122Z",
  });
});
