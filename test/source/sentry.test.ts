import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { sentry } from "../../src/source/sentry.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => sentry.read(fixture("sentry", name)).alerts;

test("what is resolved closes the issue, whether its creation or an alert on an event told of it", () => {
  const keys = ["issue-created", "event-alert", "issue-resolved"].map((name) => read(name)[0]!.dedupKey);
  expect(new Set(keys)).toEqual(new Set(["issue/7700112233"]));
  expect(read("issue-resolved")[0]!.status).toBe("resolved");
});

test("a metric alert that is over has the identity of the critical one, and is another message", () => {
  const [critical, resolved] = [read("metric-critical")[0]!, read("metric-resolved")[0]!];
  expect(resolved).toMatchObject({ status: "resolved", dedupKey: critical.dedupKey });
  expect(resolved.deliveryId).not.toBe(critical.deliveryId);
  const warning = { ...(fixture("sentry", "metric-critical").body as object), action: "warning" };
  expect(sentry.read(request(warning)).alerts[0]).toMatchObject({
    severity: "warning",
    dedupKey: critical.dedupKey,
  });
});

test("an issue and a metric alert of one number are two", () => {
  const issue = sentry.read(request({ action: "created", data: { issue: { id: 5 } } })).alerts[0]!;
  const metric = sentry.read(request({ action: "critical", data: { metric_alert: { id: 5 } } })).alerts[0]!;
  expect(issue.dedupKey).not.toBe(metric.dedupKey);
});

test("without the header the body tells what it is about", () => {
  for (const name of ["issue-created", "event-alert", "metric-critical"]) {
    const sent = fixture("sentry", name);
    expect(sentry.read({ ...sent, headers: {} }).alerts).toHaveLength(1);
  }
});

test("what says nothing of being broken is no alert", () => {
  for (const name of ["comment", "installation", "issue-assigned"]) expect(read(name)).toEqual([]);
  for (const action of ["archived", "ignored", "constructor", undefined])
    expect(sentry.read(request({ action, data: { issue: { id: "1" } } })).alerts).toEqual([]);
  const seen = { headers: { "sentry-hook-resource": "seer" } };
  expect(sentry.read(request({ anything: 1 }, seen))).toEqual({ alerts: [], rejected: [] });
  for (const name of ["comment", "installation"])
    expect(sentry.read({ ...fixture("sentry", name), headers: {} }).alerts).toEqual([]);
});

test("an event that names its issue in an address alone is that issue's", () => {
  const triggered = (event: object) =>
    sentry.read(request({ action: "triggered", data: { event } })).alerts[0]!.dedupKey;
  expect(triggered({ issue_url: "https://sentry.fernhollow.example/api/0/issues/77/" })).toBe("issue/77");
  expect(triggered({ web_url: "https://sentry.fernhollow.example/issues/77/events/9/" })).toBe("issue/77");
  expect(() => triggered({ web_url: "https://sentry.fernhollow.example/issues/" })).toThrow(/issue_id/);
});

test("a body that is not Sentry's, or names no issue, is refused with the field", () => {
  for (const body of [null, [], {}, { data: {} }]) expect(() => sentry.read(request(body))).toThrow(/data/);
  const headers = { "sentry-hook-resource": "issue" };
  expect(() => sentry.read(request({ action: "created", data: {} }, { headers }))).toThrow(/data\.issue\.id/);
});

test("the signature is over the bytes as they came, by any of the secrets", () => {
  const sent = fixture("sentry", "issue-created");
  const check = (signature: string | undefined, rawBody = sent.rawBody) =>
    sentry.authenticate(
      { ...sent, rawBody, headers: { ...sent.headers, "sentry-hook-signature": signature } },
      ["old", "new"],
    );
  const sign = (secret: string) => createHmac("sha256", secret).update(sent.rawBody).digest("hex");
  check(sign("old"));
  check(sign("new"));
  expect(() => check(sign("other"))).toThrow(/signature/);
  expect(() => check(sign("new"), Buffer.from(JSON.stringify(sent.body)))).toThrow(/signature/);
  expect(() => check(undefined)).toThrow(/missing/);
});
