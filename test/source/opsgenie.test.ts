import { expect, test } from "vitest";
import { opsgenie } from "../../src/source/opsgenie.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => opsgenie.read(fixture("opsgenie", name)).alerts;
const create = (body: object) => opsgenie.read(request(body, { path: "/v2/alerts" })).alerts[0]!;
const call = (path: string) => opsgenie.read(request({}, { path })).alerts;

test("a close finds, by the alias in its path, the alert that was created", () => {
  expect(read("close-by-alias")[0]).toMatchObject({
    status: "resolved",
    dedupKey: read("create")[0]!.dedupKey,
  });
});

test("the outgoing webhook names the same alert, and every message is another", () => {
  const [created, closed] = [read("webhook-create")[0]!, read("webhook-close")[0]!];
  expect([created.status, closed.status]).toEqual(["firing", "resolved"]);
  expect(new Set([created.dedupKey, closed.dedupKey, read("create")[0]!.dedupKey]).size).toBe(1);
  expect(created.deliveryId).not.toBe(closed.deliveryId);
});

test("only creating and closing say something; every other call is taken and changes nothing", () => {
  for (const name of ["acknowledge", "webhook-note"]) expect(read(name)).toEqual([]);
  for (const action of [
    "acknowledge",
    "unacknowledge",
    "snooze",
    "notes",
    "assign",
    "escalate",
    "tags",
    "details",
  ])
    expect(call(`/v2/alerts/a/${action}`)).toEqual([]);
});

test("an alias is taken from the path as it was before it was encoded", () => {
  expect(call("/v2/alerts/a%2Fb%20c/close?identifierType=alias")[0]!.dedupKey).toBe("a/b c");
  expect(call("/v2/alerts/100%/close")[0]!.dedupKey).toBe("100%");
  expect(call("/behind/a/proxy/v2/alerts/x/close")[0]!.dedupKey).toBe("x");
});

test("without an alias the message is the identity, and another message another alert", () => {
  expect(create({ message: "a" }).dedupKey).toBe(create({ message: "a", priority: "P1" }).dedupKey);
  expect(create({ message: "a" }).dedupKey).not.toBe(create({ message: "b" }).dedupKey);
  expect(create({ message: "a" }).warnings.join()).toMatch(/alias/);
});

test("a checkpoint of Great Expectations that succeeded resolves the one that failed", () => {
  const [failed, succeeded] = [read("create-without-alias")[0]!, read("checkpoint-succeeded")[0]!];
  expect([failed.status, succeeded.status]).toEqual(["firing", "resolved"]);
  expect(succeeded.dedupKey).toBe(failed.dedupKey);
});

test.each([
  ["P1", "critical"],
  ["P2", "error"],
  ["P3", "warning"],
  ["P5", "info"],
  [undefined, "warning"],
  ["urgent", "warning"],
])("priority %s is %s", (priority, severity) => {
  expect(create({ message: "m", alias: "a", priority }).severity).toBe(severity);
});

test("what is no alert, or has a template for an identity, is refused with the field", () => {
  for (const body of [null, [], {}, { message: "" }])
    expect(() => opsgenie.read(request(body))).toThrow(/message/);
  expect(() => create({ message: "m", alias: "{{ alias }}" })).toThrow(/alias/);
  expect(() => opsgenie.read(request({ action: "Create", alert: { message: "m" } }))).toThrow(/alias/);
});

test("the key of an Opsgenie client, a bearer token or a token in the URL", () => {
  const check = (authorization: string | undefined, token?: string) =>
    opsgenie.authenticate(request({}, { headers: { authorization }, query: { token } }), ["old", "new"]);
  check("GenieKey new");
  check("genieKey old");
  check("Bearer new");
  check(undefined, "old");
  for (const wrong of ["GenieKey other", "GenieKey ", "new", undefined]) expect(() => check(wrong)).toThrow();
});

test("a webhook that numbers its priorities means P1 to P5", () => {
  const webhook = (priority: unknown) =>
    opsgenie.read(request({ action: "Create", alert: { alias: "a", message: "m", priority } })).alerts[0]!;
  expect(webhook(1)).toMatchObject({ severity: "critical", warnings: [], labels: { priority: "P1" } });
  expect(webhook("4")).toMatchObject({ severity: "info", warnings: [] });
  expect(webhook(6).warnings.join()).toMatch(/"6" is not known/);
});
