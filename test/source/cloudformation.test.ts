import { expect, test } from "vitest";
import { cloudformation } from "../../src/source/cloudformation.ts";
import { stackFields } from "../../src/source/cloudformation-stack.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => cloudformation.readChanges(fixture("cloudformation", name, "changes"));
const one = (name: string) => read(name).changes![0]!;
const text = (lines: Record<string, string>) =>
  Object.entries(lines)
    .map(([key, value]) => `${key}='${value}'\n`)
    .join("");
const parse = (body: string) => cloudformation.parse(request(null, { rawBody: Buffer.from(body) }));
const event = (lines: Record<string, string>) =>
  cloudformation.readChanges(
    request(parse(text({ StackId: "s", ResourceStatus: "UPDATE_COMPLETE", ...lines }))),
  ).changes!;

test("an operation is one change from its start to its end, and every event of it a message of its own", () => {
  const events = ["update-started", "update-cleanup", "update-complete"].map(one);
  expect(events.map((each) => each.status)).toEqual(["started", "succeeded", "succeeded"]);
  expect(new Set(events.map((each) => each.dedupKey)).size).toBe(1);
  expect(new Set(events.map((each) => each.deliveryId)).size).toBe(3);
  expect(events[0]).toMatchObject({
    startedAt: "2026-11-22T09:40:38.306Z",
    endedAt: null,
    actor: "deploy-bot",
  });
});

test("the next operation on the stack is another change", () => {
  expect(one("stack-event").dedupKey).not.toBe(one("update-complete").dedupKey);
});

test("without a token, operations of one kind on one day are one change", () => {
  const key = (ResourceStatus: string, Timestamp: string) =>
    event({ ResourceStatus, Timestamp })[0]!.dedupKey;
  const started = key("UPDATE_IN_PROGRESS", "2026-11-22T09:00:00.000Z");
  expect(key("UPDATE_ROLLBACK_COMPLETE", "2026-11-22T09:10:00.000Z")).toBe(started);
  expect(key("UPDATE_IN_PROGRESS", "2026-11-21T09:00:00.000Z")).not.toBe(started);
  expect(key("DELETE_IN_PROGRESS", "2026-11-22T09:00:00.000Z")).not.toBe(started);
});

test.each([
  ["CREATE_IN_PROGRESS", "started"],
  ["CREATE_COMPLETE", "succeeded"],
  ["CREATE_FAILED", "failed"],
  ["ROLLBACK_IN_PROGRESS", "failed"],
  ["ROLLBACK_COMPLETE", "failed"],
  ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "succeeded"],
  ["UPDATE_FAILED", "failed"],
  ["UPDATE_ROLLBACK_IN_PROGRESS", "failed"],
  ["UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "failed"],
  ["UPDATE_ROLLBACK_FAILED", "failed"],
  ["DELETE_COMPLETE", "succeeded"],
  ["IMPORT_ROLLBACK_COMPLETE", "failed"],
])("%s is %s", (ResourceStatus, status) => {
  expect(event({ ResourceStatus })).toMatchObject([{ status }]);
});

test("a failure that is still being rolled back has not ended", () => {
  const Timestamp = "2026-11-22T09:00:00.000Z";
  expect(event({ ResourceStatus: "UPDATE_ROLLBACK_IN_PROGRESS", Timestamp })[0]!.endedAt).toBeNull();
  expect(event({ ResourceStatus: "UPDATE_ROLLBACK_COMPLETE", Timestamp })[0]!.endedAt).toBe(Timestamp);
});

test("a stack that is only reviewed has not changed", () => {
  expect(event({ ResourceStatus: "REVIEW_IN_PROGRESS" })).toEqual([]);
});

test("resources and nested stacks are no changes of their own", () => {
  for (const name of ["resource-event", "nested-stack"])
    expect(read(name)).toEqual({ alerts: [], changes: [], rejected: [] });
});

test("a value may run over lines and hold quotes, and what looks like a line in it is none", () => {
  const fields = stackFields(
    "StackId='a'\r\nResourceProperties='{\n\"q\": 'it''s',\nStackName='b\n}'\nStackName='c'\n",
  );
  expect([...fields!]).toEqual([
    ["StackId", "a"],
    ["ResourceProperties", "{\n\"q\": 'it''s',\nStackName='b\n}"],
    ["StackName", "c"],
  ]);
});

test("the text is read bare and in SNS's envelope, which is JSON whatever its type says", () => {
  const Message = text({ StackId: "s", ResourceStatus: "CREATE_COMPLETE" });
  const enveloped = cloudformation.readChanges(
    request(parse(JSON.stringify({ Type: "Notification", Message }))),
  );
  expect(enveloped.changes![0]!.title).toBe(event({ ResourceStatus: "CREATE_COMPLETE" })[0]!.title);
});

test("other messages are let pass inside SNS; alone, they are refused with what is missing", () => {
  for (const Message of [
    "Hello",
    "{}",
    JSON.stringify({ "detail-type": "CloudFormation Resource Status Change", detail: {} }),
  ])
    expect(cloudformation.readChanges(request({ Type: "Notification", Message })).changes).toEqual([]);
  expect(() => parse("Hello")).toThrow(/neither JSON nor/);
  expect(() => cloudformation.readChanges(request({}))).toThrow(/CloudFormation/);
  expect(() => cloudformation.readChanges(request(parse("StackId='a'")))).toThrow(/ResourceStatus/);
});
