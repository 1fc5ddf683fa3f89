import { describe, expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { monteCarlo } from "../../src/source/monte-carlo.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => monteCarlo.read(fixture("monte-carlo", name)).alerts[0]!;
const of = (payload: unknown, more: object = {}) =>
  monteCarlo.read(
    request({ account: { id: "1" }, type: "open_anomaly_incident", version: "v0.1", payload, ...more }),
  );

describe("one alert from opening to its end", () => {
  test("is one alert at every step", () => {
    const steps = ["anomaly-opened", "anomaly-marked-sev1", "anomaly-fixed"].map(read);
    expect(new Set(steps.map((step) => step.dedupKey)).size).toBe(1);
    expect(steps.map((step) => [step.status, step.severity])).toEqual([
      ["firing", "error"],
      ["firing", "critical"],
      ["resolved", "critical"],
    ]);
    expect(read("custom-rule-breach").dedupKey).not.toBe(steps[0]!.dedupKey);
  });

  test.each([
    ["fixed", "resolved"],
    ["Expected", "resolved"],
    ["no action needed", "resolved"],
    ["false_positive", "resolved"],
    ["investigating", "firing"],
    ["work_in_progress", "firing"],
    ["no_status", "firing"],
    ["a new word", "firing"],
    [null, "firing"],
  ])("whose status is %j is %s", (alert_feedback, status) => {
    expect(of({ incident_id: "i", alert_feedback }).alerts[0]!.status).toBe(status);
    expect(of({ incident_id: "i" }, { alert_feedback }).alerts[0]!.status).toBe(status);
  });

  test.each([
    ["SEV-1", "critical"],
    ["sev-2", "error"],
    ["SEV-3", "warning"],
    ["SEV-4", "info"],
    [null, "error"],
    ["SEV-9", "error"],
  ])("marked %j is %s", (declared_alert_severity, severity) => {
    const [alert] = of({ incident_id: "i", declared_alert_severity }).alerts;
    expect(alert!.severity).toBe(severity);
    expect(alert!.warnings.length).toBe(declared_alert_severity === "SEV-9" ? 1 : 0);
  });
});

describe("tables", () => {
  const tables = (payload: object, query = {}) =>
    monteCarlo
      .read(request({ account: { id: "1" }, payload: { incident_id: "i", ...payload } }, { query }))
      .alerts[0]!.assets.map(assetId);

  test("are completed by the group, which is database and schema", () => {
    expect(tables({ group_id: "db:s", event_list: [{ table_name: "t" }] })).toEqual(["monte-carlo/db.s.t"]);
    expect(tables({ group_id: "db:s", event_list: [{ table_name: "d2:s2.t" }] })).toEqual([
      "monte-carlo/d2.s2.t",
    ]);
    expect(tables({ group_id: "db:s", event_list: [{ table_name: "s2.t" }] })).toEqual(["monte-carlo/s2.t"]);
    expect(tables({ group_id: null, event_list: [{ table_name: "t" }] })).toEqual(["monte-carlo/t"]);
  });

  test("are named where ?namespace= says they live", () =>
    expect(
      tables({ group_id: "db:s", event_list: [{ table_name: "t" }] }, { namespace: "snowflake://org-acct" }),
    ).toEqual(["snowflake://org-acct/db.s.t"]));

  test("of a rule are those that it compares", () =>
    expect(read("custom-rule-breach").assets.map(assetId)).toEqual(["monte-carlo/finance.ledger.refunds"]));
});

describe("odd bodies", () => {
  test("what is no webhook of Monte Carlo is refused", () => {
    for (const body of [null, [], {}, "x", { alerts: [] }])
      expect(() => monteCarlo.read(request(body))).toThrow(/payload/);
  });

  test("an alert without an id, or with a template for one, is refused by name", () => {
    for (const incident_id of [undefined, null, "", "{{ id }}", "None"])
      expect(() => of({ incident_id, event_list: [] })).toThrow(/incident_id/);
  });

  test("a message about no alert is none", () => {
    expect(of({}).alerts).toEqual([]);
    expect(of(undefined).alerts).toEqual([]);
  });

  test("an alert without any words has a title all the same", () =>
    expect(of({ incident_id: "i" }).alerts[0]!.title).toBe("Monte Carlo: anomaly"));
});

describe("the signature", () => {
  // Made by Python: hmac.new(b"lantern", urllib.parse.urlencode(json.loads(body)).encode(), hashlib.sha512).hexdigest()
  const SIGNATURES = {
    "custom-rule-breach":
      "35deeb8241b835e50517c751a6b94be5164bbe522eae13247906a214a99569d9f1cb909efce448638616e240af934d967c47d70b933dff023714d0ae971c8627",
    "anomaly-fixed":
      "a1ce074fd5336cdbec47d6ac35233dfe064f1f7cd2148669ebd3f9a07fac21d4d603a297feff907914b1cc878d46830e65c807c6a8474d706c8769d3cbb93ca8",
  };
  const signed = (name: keyof typeof SIGNATURES, signature = SIGNATURES[name]) => {
    const sent = fixture("monte-carlo", name);
    return { ...sent, headers: { ...sent.headers, "x-mcd-signature": signature } };
  };

  test.each(Object.keys(SIGNATURES) as (keyof typeof SIGNATURES)[])("of %s is right", (name) => {
    monteCarlo.authenticate(signed(name), ["lantern"]);
    monteCarlo.authenticate(signed(name, SIGNATURES[name].toUpperCase()), ["other", "lantern"]);
  });

  test("of an emoji newer than the sender's Python is right", () => {
    const rawBody = Buffer.from(
      '{"account": {"id": "1"}, "payload": {"incident_id": "7", "note": "\u{1FAE8} shaking"}}',
    );
    const headers = {
      "x-mcd-signature":
        "64b6394274741d30a8ddaf6cc7a5f588d5921bc8fcebeaa3ae015d1375865758e150712269db933badfb6dbcd1483ed4b43152967494349ab48f58f9acd6f443",
    };
    monteCarlo.authenticate(request(null, { rawBody, headers }), ["lantern"]);
  });

  test("does not hold for another secret, signature or body", () => {
    const sent = signed("anomaly-fixed");
    expect(() => monteCarlo.authenticate(sent, ["candle"])).toThrow(/signature/);
    const flipped = SIGNATURES["anomaly-fixed"].replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    expect(() => monteCarlo.authenticate(signed("anomaly-fixed", flipped), ["lantern"])).toThrow(/signature/);
    const tampered = Buffer.from(sent.rawBody.toString().replace("fixed", "expected"));
    expect(() => monteCarlo.authenticate({ ...sent, rawBody: tampered }, ["lantern"])).toThrow(/signature/);
    for (const rawBody of ["", "no json", "[]", '"x"'].map((each) => Buffer.from(each)))
      expect(() => monteCarlo.authenticate({ ...sent, rawBody }, ["lantern"])).toThrow(/JSON/);
  });

  test("may be left out for a token, but a wrong one is not saved by it", () => {
    const sent = fixture("monte-carlo", "anomaly-opened");
    monteCarlo.authenticate({ ...sent, query: { token: "lantern" } }, ["lantern"]);
    monteCarlo.authenticate({ ...sent, headers: { authorization: "Bearer lantern" } }, ["lantern"]);
    expect(() => monteCarlo.authenticate(sent, ["lantern"])).toThrow(/secret/);
    const both = { ...signed("anomaly-fixed", "00"), query: { token: "lantern" } };
    expect(() => monteCarlo.authenticate(both, ["lantern"])).toThrow(/signature/);
  });
});
