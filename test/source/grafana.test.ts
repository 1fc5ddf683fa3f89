import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { basicOrBearer } from "../../src/source/basic.ts";
import { grafana } from "../../src/source/grafana.ts";
import { fixture, RECEIVED_AT, request } from "./fixtures.ts";

const read = (name: string) => grafana.read(fixture("grafana", name)).alerts;
const hmac = (secret: string, message: string) => createHmac("sha256", secret).update(message).digest("hex");

describe("reading", () => {
  test("an alert that is over has the identity of its firing", () => {
    expect(read("resolved")[0]).toMatchObject({ status: "resolved", dedupKey: read("firing")[0]!.dedupKey });
    expect(read("firing")[0]!.endsAt).toBeNull();
  });

  test("the old alerting: a rule that is OK, or has no data, is the rule that was alerting", () => {
    const [alerting, ok, noData] = ["legacy-alerting", "legacy-ok", "legacy-no-data"].map(
      (name) => read(name)[0]!,
    );
    expect([alerting!.status, ok!.status, noData!.status]).toEqual(["firing", "resolved", "firing"]);
    expect(new Set([alerting!.dedupKey, ok!.dedupKey, noData!.dedupKey])).toEqual(new Set(["rule/31"]));
  });

  test("two rules of one name differ, and a state that says nothing is no alert", () => {
    const rule = (ruleId: number, state: string) =>
      grafana.read(request({ ruleId, ruleName: "Lag", state })).alerts;
    expect(rule(1, "alerting")[0]!.dedupKey).not.toBe(rule(2, "alerting")[0]!.dedupKey);
    for (const state of ["pending", "paused", "unknown", "constructor"]) expect(rule(1, state)).toEqual([]);
  });

  test("a rule that could not be checked says so, as an alert of its own", () => {
    const [noData, nameless] = read("no-data-and-nameless");
    expect(noData).toMatchObject({ title: "Returns are late has no data", status: "firing" });
    expect(nameless!.title).toBe("Orders are late");
  });

  test("an alert without labels has the title of its group, and its identity is Grafana's", () => {
    const alert = { status: "firing", labels: {}, annotations: {}, fingerprint: "57c6d9290000ad39" };
    const titled = (title?: string) => grafana.read(request({ alerts: [alert], title })).alerts[0]!;
    expect(titled("[FIRING:1]  (Orders are late)")).toMatchObject({
      title: "(Orders are late)",
      dedupKey: "57c6d9290000ad39",
    });
    expect([titled("[FIRING:1]").title, titled().title]).toEqual(["Alert {}", "Alert {}"]);
  });

  test("version 8 sends times as Go prints them, and alerts without a status", () => {
    const alert = {
      labels: { alertname: "Orders are late" },
      startsAt: "2026-11-22 11:36:00.112013015 +0000 UTC m=+8560.285724134",
      endsAt: "0001-01-01 00:00:00 +0000 UTC",
    };
    expect(grafana.read(request({ status: "firing", alerts: [alert] })).alerts[0]).toMatchObject({
      status: "firing",
      startsAt: "2026-11-22T11:36:00.112Z",
      endsAt: null,
      warnings: [],
    });
  });

  test("a body of neither kind is refused", () => {
    for (const body of [null, [], {}, { state: "alerting" }])
      expect(() => grafana.read(request(body))).toThrow(/alerts/);
    expect(() => grafana.read(request({ ruleName: "", state: "alerting" }))).toThrow(/neither id nor name/);
  });
});

describe("proving itself", () => {
  const sent = fixture("grafana", "firing");
  const body = sent.rawBody.toString("utf8");
  const at = (ageSeconds: number) => String(Math.round(Date.parse(RECEIVED_AT) / 1000) - ageSeconds);
  const check = (headers: Record<string, string>, secrets = ["old", "new"]) =>
    grafana.authenticate({ ...sent, headers }, secrets);

  test("a signature over the body, by any of the secrets", () => {
    for (const secret of ["old", "new"])
      check({ "x-grafana-alerting-signature": hmac(secret, body).toUpperCase() });
    expect(() => check({ "x-grafana-alerting-signature": hmac("other", body) })).toThrow(/signature/);
    expect(() => check({ "x-grafana-alerting-signature": hmac("new", `${body} `) })).toThrow(/signature/);
  });

  test("a signature with a time is over both, and holds for five minutes", () => {
    const signed = (age: number, message = `${at(age)}:${body}`) => ({
      "x-grafana-alerting-signature": hmac("new", message),
      "x-grafana-alerting-timestamp": at(age),
    });
    check(signed(0));
    check(signed(299));
    expect(() => check(signed(301))).toThrow(/300 s/);
    expect(() => check(signed(-301))).toThrow(/ahead/);
    expect(() => check(signed(0, body))).toThrow(/signature/);
    expect(() => check({ ...signed(10), "x-grafana-alerting-timestamp": at(0) })).toThrow(/signature/);
    expect(() =>
      check({
        "x-grafana-alerting-signature": hmac("new", `soon:${body}`),
        "x-grafana-alerting-timestamp": "soon",
      }),
    ).toThrow(/cannot be read/);
  });

  test("an empty or wrong signature is not saved by a right token", () => {
    expect(() => check({ "x-grafana-alerting-signature": "", authorization: "Bearer new" })).toThrow(
      /missing/,
    );
  });

  test("without a signature: the secret as a bearer token, in the URL, or as the password of HTTP Basic", () => {
    const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });
    check({ authorization: "Bearer new" });
    check(basic("grafana:new"));
    check(basic(":p:w"), ["p:w"]);
    grafana.authenticate({ ...sent, headers: {}, query: { token: "old" } }, ["old"]);
    basicOrBearer({ ...sent, headers: basic("a:wrong"), query: { token: "old" } }, ["old"]);
    for (const pair of ["grafana:wrong", "new:", "new", ""]) expect(() => check(basic(pair))).toThrow();
    expect(() => check({})).toThrow(/no secret/);
    expect(() => check(basic("a:"), [""])).toThrow(/closed/);
  });
});
