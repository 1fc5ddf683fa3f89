import { expect, test } from "vitest";
import { datadog } from "../../src/source/datadog.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => datadog.read(fixture("datadog", name)).alerts;
const one = (body: object) => datadog.read(request(body)).alerts[0]!;

test.each([
  ["default-triggered", "default-recovered"],
  ["template-triggered", "template-recovered"],
  ["template-triggered", "template-no-data-unfilled"],
])("%s and %s are the same alert, and two messages", (first, second) => {
  const [a, b] = [read(first)[0]!, read(second)[0]!];
  expect(b.dedupKey).toBe(a.dedupKey);
  expect(b.deliveryId).not.toBe(a.deliveryId);
  expect([a.status, b.status]).toEqual(["firing", second.endsWith("recovered") ? "resolved" : "firing"]);
});

test("the default template and ours have the same identity, though one has it in links alone", () => {
  expect(read("default-triggered")[0]!.dedupKey).toBe(read("template-triggered")[0]!.dedupKey);
});

test("a form is read like JSON, as is a payload in one field of a form", () => {
  const [form] = read("form-triggered");
  expect(form).toMatchObject({
    ...read("template-triggered")[0],
    deliveryId: "event/770071",
    labels: {},
    raw: {},
  });
  const body = { title: "[Triggered] Lag", event_type: "query_alert_monitor", alert_id: "9" };
  const sent = request(body, {
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    rawBody: Buffer.from(new URLSearchParams({ payload: JSON.stringify(body) }).toString()),
  });
  expect(datadog.parse(sent)).toEqual(body);
  expect(datadog.parse({ ...sent, rawBody: Buffer.from(JSON.stringify(body)) })).toEqual(body);
  expect(() => datadog.parse(request({}, { rawBody: Buffer.from("{oops") }))).toThrow(/JSON/);
});

test("each group of a monitor is an alert of its own, in whatever order its tags come", () => {
  const group = (alert_scope: string) =>
    one({ alert_id: "1", alert_transition: "Triggered", alert_scope, title: "t" }).dedupKey;
  expect(group("host:a,env:p")).toBe(group("env:p, host:a"));
  expect(group("host:a")).not.toBe(group("host:b"));
});

test.each([
  ["Triggered", "firing", "error"],
  ["Re-Triggered", "firing", "error"],
  ["Renotify", "firing", "error"],
  ["Warn", "firing", "warning"],
  ["Re-Warn", "firing", "warning"],
  ["No Data", "firing", "warning"],
  ["Re-No Data", "firing", "warning"],
  ["Recovered", "resolved", "error"],
])("%s is %s", (word, status, severity) => {
  const named = one({ alert_id: "1", ALERT_TRANSITION: word });
  const titled = one({
    id: "5",
    event_type: "query_alert_monitor",
    title: `[${word} on {host:a}] Lag is high`,
  });
  expect(named).toMatchObject({ status, severity, dedupKey: "monitor/1" });
  expect(titled).toMatchObject({ status, severity, title: "Lag is high on host:a" });
});

test.each([
  ["P1", "critical"],
  ["P2", "error"],
  ["P3", "warning"],
  ["P4", "info"],
  ["P5", "info"],
  ["", "error"],
  ["normal", "error"],
])("priority %s is %s", (alertPriority, severity) => {
  expect(one({ alertId: "1", alertTransition: "Triggered", alertPriority }).severity).toBe(severity);
});

test("a variable that was not filled in counts as absent", () => {
  const [alert] = read("template-no-data-unfilled");
  expect(alert!.warnings.join()).toMatch(/\$SNAPSHOT.*\$HOSTNAME/);
  expect(alert!.labels).not.toHaveProperty("metric");
  expect(one({ alert_id: "$ALERT_ID", title: "[Triggered] Lag" })).toMatchObject({ dedupKey: "title/Lag" });
});

test("without monitor and title there is no identity, without a state no reading", () => {
  expect(() => one({ alert_id: "$ALERT_ID", title: "$EVENT_TITLE", alert_transition: "Triggered" })).toThrow(
    /\$ALERT_ID/,
  );
  expect(() => one({ title: "Lag" })).toThrow(/ALERT_TRANSITION/);
  expect(() => one({ title: "Lag", alert_transition: "$ALERT_TRANSITION" })).toThrow(/ALERT_TRANSITION/);
  expect(() => datadog.read(request(null))).toThrow(/ALERT_TRANSITION/);
});

test("a comment that mentions the webhook is no alert", () => expect(read("comment")).toEqual([]));

test("a cycle key stands in where no monitor is named", () => {
  const at = (alert_cycle_key: string, title: string) =>
    one({ alert_cycle_key, alert_transition: "Triggered", title }).dedupKey;
  expect(at("7", "lag is 4 s")).toBe(at("7", "lag is 9 s"));
});
