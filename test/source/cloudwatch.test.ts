import { expect, test } from "vitest";
import { cloudwatch } from "../../src/source/cloudwatch.ts";
import { eventbridge } from "../../src/source/eventbridge.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => cloudwatch.read(fixture("cloudwatch", name));
const one = (name: string) => read(name).alerts[0]!;
const bare = (alarm: object) =>
  cloudwatch.read(request({ AlarmName: "a", NewStateValue: "ALARM", ...alarm })).alerts[0]!;

test("an alarm that goes back to OK resolves itself, in another message", () => {
  const [alarm, ok] = [one("alarm"), one("ok")];
  expect([alarm.status, ok.status]).toEqual(["firing", "resolved"]);
  expect(ok.dedupKey).toBe(alarm.dedupKey);
  expect(ok.deliveryId).not.toBe(alarm.deliveryId);
  expect(one("alarm")).toEqual(alarm);
});

test("the alarm is the same one from SNS, from EventBridge, from Lambda, raw, and in old messages without its ARN", () => {
  const keys = ["alarm", "without-arn", "lambda-records", "raw-delivery"].map((name) => one(name).dedupKey);
  keys.push(eventbridge.read(fixture("eventbridge", "alarm")).alerts[0]!.dedupKey);
  const event = { ...(fixture("eventbridge", "alarm").body as object) };
  keys.push(cloudwatch.read(request(event)).alerts[0]!.dedupKey);
  expect(new Set(keys).size).toBe(1);
});

test("messages may come in any order: what counts is when the state changed", () => {
  expect(one("alarm").observedAt).toBe("2026-11-22T11:55:12.214Z");
});

test("a time series of an alarm over several that is OK does not end the alarm of another", () => {
  const AlarmArn = "arn:aws:cloudwatch:eu-west-1:444455556666:alarm:a";
  const series = (id: string, TableName: string, NewStateValue: string) =>
    bare({ AlarmArn, NewStateValue, AlarmContributorId: id, AlarmContributorAttributes: { TableName } });
  const [orders, returns] = [series("a1", "orders", "ALARM"), series("b2", "returns", "ALARM")];
  expect(orders.dedupKey).not.toBe(returns.dedupKey);
  expect(series("a1", "orders", "OK")).toMatchObject({ status: "resolved", dedupKey: orders.dedupKey });
  expect(orders).toMatchObject({
    title: "a on orders: in ALARM",
    labels: { alarm: "a", TableName: "orders" },
  });
  expect(orders.groupHint).toBe(returns.groupHint);
  const event = {
    "detail-type": "CloudWatch Alarm Contributor State Change",
    resources: [AlarmArn],
    detail: {
      alarmName: "a",
      alarmContributor: { id: "a1", attributes: { TableName: "orders" } },
      state: { value: "ALARM", timestamp: "2026-11-22T11:42:04.919+0000" },
    },
  };
  const told = [
    cloudwatch.read(request(event)),
    eventbridge.read(request(event)),
    cloudwatch.read(request({ alarmArn: AlarmArn, alarmData: event.detail })),
  ];
  expect(told.map(({ alerts }) => alerts[0]!.dedupKey)).toEqual(Array(3).fill(orders.dedupKey));
});

test("missing data neither breaks nor mends anything", () => {
  expect(read("insufficient-data")).toEqual({ alerts: [], rejected: [] });
});

test("the severity stands in a tag or the description, and is error otherwise", () => {
  expect(bare({}).severity).toBe("error");
  expect(bare({ AlarmDescription: "Late. Severity = Warning" }).severity).toBe("warning");
  expect(bare({ AlarmDescription: "severity: info", AlarmTags: { Severity: "critical" } }).severity).toBe(
    "critical",
  );
  expect(one("expression")).toMatchObject({ severity: "error", warnings: [expect.stringContaining("sev9")] });
});

test("dimensions are labels, of metric alarms and of alarms over expressions", () => {
  expect(one("alarm").labels).toMatchObject({
    FunctionName: "orders-loader",
    namespace: "AWS/Lambda",
    metric: "Errors",
  });
  expect(one("expression").labels).toMatchObject({ Service: "stock-feed", metric: "Errors", team: "supply" });
});

test("a link in the description goes with the alert", () => {
  expect(one("alarm").links.map((link) => link.url)).toContain(
    "https://wiki.fernhollow.example/runbooks/orders-loader",
  );
});

test("other messages of a topic are let pass, so that SNS does not drop what it thinks refused", () => {
  expect(read("not-an-alarm")).toEqual({ alerts: [], rejected: [] });
  expect(read("lambda-records").alerts).toHaveLength(1);
});

test("fields that SNS does not sign cannot put other alarms into a signed message", () => {
  const { body } = fixture("cloudwatch", "not-an-alarm");
  const forged = {
    ...(body as object),
    AlarmName: "forged",
    NewStateValue: "ALARM",
    Records: [{ Sns: { AlarmName: "forged", NewStateValue: "ALARM" } }],
  };
  expect(cloudwatch.read(request(forged)).alerts).toEqual([]);
});

test("the way out of the subscription and the proofs are not kept", () => {
  expect(JSON.stringify(one("alarm").raw)).not.toMatch(/UnsubscribeURL|SigningCertURL|"Signature"/);
});

test("a body that is no alarm at all is refused", () => {
  for (const body of [{}, [], null, "text", { AlarmName: " " }, { Type: "Notification" }].filter(
    (each) => !Array.isArray(each),
  ))
    expect(() => cloudwatch.read(request(body))).toThrow(/AlarmName/);
});

test("an alarm that a function hands on, in whatever envelope, is the alarm that SNS tells of", () => {
  const { detail, resources, ...event } = fixture("eventbridge", "alarm").body as {
    detail: object;
    resources: string[];
    account: string;
    region: string;
    time: string;
  };
  const invoked = { alarmArn: resources[0], accountId: event.account, ...event, alarmData: detail };
  const { "detail-type": _, id: __, ...action } = invoked as Record<string, unknown>;
  const message = JSON.stringify(fixture("cloudwatch", "alarm").body);
  for (const body of [
    action,
    message,
    { Records: [{ messageId: "1", body: message }] },
    JSON.stringify(action),
  ]) {
    const [alert] = cloudwatch.read(request(body)).alerts;
    expect(alert).toMatchObject({ status: "firing", dedupKey: one("alarm").dedupKey });
    expect(alert!.observedAt).toMatch(/^2026-11-22T/);
  }
});
