import { expect, test } from "vitest";
import { pagerduty, pagerdutyDedupKey, pagerdutyErrors } from "../../src/source/pagerduty.ts";
import { fixture, request } from "./fixtures.ts";

const KEY = "f00df00df00df00df00df00df00df00d";
const read = (name: string) => pagerduty.read(fixture("pagerduty", name)).alerts;
const change = (name: string) => pagerduty.readChanges(fixture("pagerduty", name, "changes")).changes![0]!;

test("a resolve has the identity of its trigger, even without a payload", () => {
  expect(read("resolve")[0]).toMatchObject({ status: "resolved", dedupKey: read("trigger")[0]!.dedupKey });
});

test("an acknowledgement changes nothing", () => expect(read("acknowledge")).toEqual([]));

test("without a dedup key every event is its own, under the key that the answer gives", () => {
  const sent = fixture("pagerduty", "trigger-without-key");
  const [alert] = read("trigger-without-key");
  expect(alert!.dedupKey).toBe(pagerdutyDedupKey(sent));
  expect(alert!.dedupKey).toMatch(/^generated:/);
  expect(pagerdutyDedupKey({ ...sent, receivedAt: "2026-11-22T12:00:01.000Z" })).not.toBe(alert!.dedupKey);
  const resolve = { event_action: "resolve", dedup_key: alert!.dedupKey };
  expect(pagerduty.read(request(resolve)).alerts[0]!.dedupKey).toBe(alert!.dedupKey);
  expect(pagerdutyDedupKey(fixture("pagerduty", "trigger"))).toBe(read("trigger")[0]!.dedupKey);
});

test("the routing key is a secret, and kept nowhere", () => {
  const signals = [
    ...read("trigger"),
    ...read("trigger-without-key"),
    change("deployed"),
    change("without-time"),
  ];
  expect(JSON.stringify(signals)).not.toContain(KEY);
});

test("a change with a time is the same when it is sent again; without one nobody can tell", () => {
  const again = { receivedAt: "2026-11-22T12:05:00.000Z" };
  const repeated = (name: string) =>
    pagerduty.readChanges({ ...fixture("pagerduty", name, "changes"), ...again }).changes![0]!.dedupKey;
  expect(repeated("deployed")).toBe(change("deployed").dedupKey);
  expect(repeated("without-time")).not.toBe(change("without-time").dedupKey);
  expect([change("deployed").kind, change("without-time").kind]).toEqual(["deployment", "other"]);
});

test("what is no event is refused with the field", () => {
  for (const body of [null, [], {}, { event_action: "open" }])
    expect(() => pagerduty.read(request(body))).toThrow(/event_action/);
  expect(() => pagerduty.read(request({ event_action: "trigger", payload: {} }))).toThrow(/summary/);
  const unfilled = { event_action: "resolve", dedup_key: "{{ key }}" };
  expect(() => pagerduty.read(request(unfilled))).toThrow(/dedup_key/);
  for (const body of [null, {}, { payload: {} }])
    expect(() => pagerduty.readChanges(request(body))).toThrow(/summary/);
});

test("the routing key in the body proves the sender, before the body is parsed", () => {
  const check = (rawBody: string, headers = {}, query = {}) =>
    pagerduty.authenticate(request(undefined, { rawBody: Buffer.from(rawBody), headers, query }), [
      "old",
      KEY,
    ]);
  check(JSON.stringify({ routing_key: KEY }));
  check("{}", { "x-routing-key": KEY });
  check("{}", { authorization: `Bearer ${KEY}` });
  check("{}", {}, { token: "old" });
  for (const body of ["{}", "", "{oops", '{"routing_key": ["a"]}', `"${KEY}"`, "null"])
    expect(() => check(body), body).toThrow(/routing_key/);
  expect(() => check(JSON.stringify({ routing_key: "x" }), { authorization: "Bearer y" })).toThrow(/secret/);
});

test("errors are told in PagerDuty's own words", () => {
  const payload = { summary: "s", source: "x", severity: "error" };
  const good = { routing_key: KEY, event_action: "trigger", payload };
  expect(pagerdutyErrors(good, "alert")).toEqual([]);
  expect(pagerdutyErrors({ routing_key: KEY, event_action: "resolve", dedup_key: "k" }, "alert")).toEqual([]);
  expect(pagerdutyErrors({ routing_key: "short" }, "alert")).toEqual([
    "Length of 'routing_key' is incorrect (should be 32 characters)",
    "'event_action' is missing or blank",
  ]);
  expect(pagerdutyErrors({ ...good, payload: { severity: "bad" } }, "alert")).toEqual([
    "'payload.summary' is missing or blank",
    "'payload.source' is missing or blank",
    "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
  ]);
  expect(pagerdutyErrors({ ...good, dedup_key: "k".repeat(256) }, "alert")).toHaveLength(1);
  expect(pagerdutyErrors({ routing_key: KEY, event_action: "acknowledge" }, "alert")).toEqual([
    "'dedup_key' is missing or blank",
  ]);
  expect(pagerdutyErrors({ routing_key: KEY, payload: { summary: "s" } }, "change")).toEqual([]);
  for (const body of [null, [], "x", { routing_key: {} }]) {
    expect(pagerdutyErrors(body, "alert")).toContain("'routing_key' cannot be blank");
    expect(pagerdutyErrors(body, "change")).toContain("'payload' is missing or blank");
  }
});
