import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { terraform } from "../../src/source/terraform.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => terraform.read(fixture("terraform", name));
const signed = (body: string, signature: string) =>
  request(undefined, { rawBody: Buffer.from(body), headers: { "x-tfe-notification-signature": signature } });
const sign = (body: string) => createHmac("sha512", "s3cret").update(body).digest("hex");

test("a signed notification is taken, a tampered one refused, whatever token its address carries", async () => {
  await terraform.authenticate(signed("{}", sign("{}")), ["old", "s3cret"]);
  const tampered = { ...signed("{ }", sign("{}")), query: { token: "s3cret" } };
  expect(() => terraform.authenticate(tampered, ["s3cret"])).toThrow(/X-TFE-Notification-Signature/);
});

test("a notification without a token of its own carries the secret in its address", async () => {
  await terraform.authenticate(request({}, { query: { token: "s3cret" } }), ["s3cret"]);
  expect(() => terraform.authenticate(request({}), ["s3cret"])).toThrow(/carries no secret/);
});

test("the verification that Terraform sends when it is set up is taken and is nothing", () => {
  expect(read("verification")).toEqual({ alerts: [], changes: [], rejected: [] });
});

test("a run that errors fires, and the next that is applied resolves it", () => {
  const [errored] = read("run-errored").alerts;
  for (const name of ["run-applied", "run-without-changes"]) {
    const [applied] = read(name).alerts;
    expect([errored!.status, applied!.status]).toEqual(["firing", "resolved"]);
    expect(applied!.dedupKey).toBe(errored!.dedupKey);
    expect(applied!.deliveryId).not.toBe(errored!.deliveryId);
  }
});

test("a run that somebody cancelled is no failure, though its trigger says errored", () => {
  const { alerts, changes } = read("run-cancelled");
  expect(alerts).toEqual([]);
  expect(changes).toMatchObject([{ status: "cancelled" }]);
});

test("a run is one change over all its states", () => {
  const runs = ["run-planning", "run-applied", "run-without-changes"].map((name) => read(name).changes![0]!);
  expect(runs.map((run) => run.status)).toEqual(["started", "succeeded", "succeeded"]);
  expect(new Set(runs.map((run) => run.dedupKey)).size).toBe(1);
  expect(new Set(runs.map((run) => run.deliveryId)).size).toBe(3);
  expect(runs[2]!.labels.changed).toBe("false");
});

test("posted as changes, a notification gives no alerts", () => {
  const reading = terraform.readChanges(fixture("terraform", "run-errored", "changes"));
  expect(reading).toMatchObject({ alerts: [], changes: [{ status: "failed" }] });
});

test("an assessment of either payload version fires for its workspace", () => {
  expect(read("drifted").alerts).toMatchObject([{ status: "firing", dedupKey: "ws-T3nQ8sLk5VbYp2Wd" }]);
  const older = {
    payload_version: 2,
    workspace_id: "ws-1",
    notifications: [{ trigger: "assessment:failed", run_status: "" }],
  };
  expect(terraform.read(request(older)).alerts).toMatchObject([{ status: "firing", dedupKey: "ws-1" }]);
});

test("an event that is not known is nothing; a body that is no notification is refused", () => {
  expect(read("auto-destroy-reminder").alerts).toEqual([]);
  for (const body of [null, [], {}, { notifications: {} }])
    expect(() => terraform.read(request(body))).toThrow(/Terraform/);
});
