import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { github } from "../../src/source/github.ts";
import { fixture, request } from "./fixtures.ts";

const SECRET = "a secret of the repository";
const read = (name: string) => github.readChanges(fixture("github", name, "changes")).changes!;
const sign = (body: string, secret: string) =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
const signed = (body: string, signature: string) =>
  request(undefined, { rawBody: Buffer.from(body), headers: { "x-hub-signature-256": signature } });

test("a signature with one of the secrets is taken, also while they are rotated", () => {
  github.authenticate(signed("{}", sign("{}", SECRET)), [SECRET]);
  github.authenticate(signed("{}", sign("{}", SECRET)), ["the new one", SECRET]);
});

test("a signature over other bytes, with another secret or of another kind is refused", () => {
  const good = sign("{}", SECRET);
  for (const each of [
    signed("{ }", good),
    signed("{}", sign("{}", "another")),
    signed("{}", good.slice("sha256=".length)),
    signed("{}", good.replace("sha256", "sha1")),
    signed("{}", ""),
    request({}),
  ])
    expect(() => github.authenticate(each, [SECRET])).toThrow(/X-Hub-Signature-256/);
  expect(() => github.authenticate(signed("{}", sign("{}", "")), [""])).toThrow(/no secret/);
});

test("a push sent as a form is the same push", () => {
  expect(read("push-as-form")).toEqual(read("push"));
});

test("a form without a payload is refused", () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  for (const body of ["", "payload=", "payload=%7B", "other={}"]) {
    expect(() => github.parse(request(undefined, { headers, rawBody: Buffer.from(body) }))).toThrow(
      /payload/,
    );
  }
});

test("a push brings the paths of all its commits, once each", () => {
  const [push] = read("push");
  expect(push!.paths).toEqual([
    "models/core/orders.sql",
    "models/core/schema.yml",
    "models/core/returns.sql",
    "models/core/refunds.sql",
  ]);
  expect(push!.description!.split("\n")).toHaveLength(2);
});

test("a deployment is one change, from in progress to its end", () => {
  const [begun] = read("deployment-in-progress");
  const [ended] = read("deployment-succeeded");
  expect([begun!.status, ended!.status]).toEqual(["started", "succeeded"]);
  expect(ended!.dedupKey).toBe(begun!.dedupKey);
  expect(ended!.deliveryId).not.toBe(begun!.deliveryId);
  expect(begun!.endedAt).toBeNull();
});

test("a workflow that is run again is another run", () => {
  const event = fixture("github", "workflow-run-failed", "changes");
  const body = event.body as { workflow_run: object };
  const again = {
    ...body,
    workflow_run: { ...body.workflow_run, run_attempt: 2, conclusion: "success" },
  };
  const [second] = github.readChanges({ ...event, body: again }).changes!;
  expect(second).toMatchObject({ status: "succeeded" });
  expect(second!.dedupKey).not.toBe(read("workflow-run-failed")[0]!.dedupKey);
});

test.each([
  "ping",
  "star",
  "push-that-deletes-a-branch",
  "pull-request-closed-unmerged",
  "workflow-run-requested",
])("%s changes nothing", (name) => {
  expect(read(name)).toEqual([]);
});

test("an event whose header a relay dropped is known by what it holds", () => {
  const event = fixture("github", "deployment-succeeded", "changes");
  expect(github.readChanges({ ...event, headers: {} }).changes).toMatchObject([{ kind: "deployment" }]);
  // A workflow that deploys stands in the status of its deployment.
  const body = { ...(event.body as object), workflow_run: { id: 1 } };
  expect(github.readChanges({ ...event, headers: {}, body }).changes).toMatchObject([{ kind: "deployment" }]);
});

test("an event without its repository is refused with the field", () => {
  const headers = { "x-github-event": "push" };
  expect(() => github.readChanges(request({ commits: [] }, { headers }))).toThrow(/repository.full_name/);
  for (const body of [null, [], "push"]) expect(() => github.readChanges(request(body))).toThrow(/GitHub/);
});
