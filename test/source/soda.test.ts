import { describe, expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { soda } from "../../src/source/soda.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => soda.read(fixture("soda", name));
const of = (body: unknown, query = {}) => soda.read(request(body, { query }));

describe("Soda Cloud", () => {
  test("its question whether we are there is answered, and is no alert", async () => {
    expect(await soda.handshake(fixture("soda", "cloud-validate"))).toBe(true);
    expect(await soda.handshake(fixture("soda", "cloud-check-passes"))).toBe(false);
    expect(read("cloud-validate").alerts).toEqual([]);
  });

  test("a check that passes ends its own failure", () => {
    const [failing, ...others] = read("cloud-check-evaluation").alerts;
    const [passing] = read("cloud-check-passes").alerts;
    expect(passing).toMatchObject({ dedupKey: failing!.dedupKey, status: "resolved" });
    expect(passing!.deliveryId).not.toBe(failing!.deliveryId);
    expect(others.map((alert) => alert.dedupKey)).not.toContain(failing!.dedupKey);
    expect(failing!.assets.map(assetId)).toEqual(["depot_pg/parcel_scans"]);
  });

  test("outcomes of both versions; a check that could not run does not pass", () => {
    const outcomes = ["pass", "warn", "FAIL", "error", null, "notEvaluated"];
    const { alerts } = of({
      event: "checkEvaluation",
      checkResults: outcomes.map((outcome, id) => ({ id, outcome })),
    });
    expect(alerts.map((alert) => [alert.dedupKey, alert.status, alert.severity])).toEqual([
      ["check/0", "resolved", "error"],
      ["check/1", "firing", "warning"],
      ["check/2", "firing", "error"],
      ["check/3", "firing", "error"],
    ]);
    expect(alerts[3]!.title).toMatch(/could not be evaluated/);
  });

  test("an incident fires until it is resolved, with severities of both versions", () => {
    const [opened] = read("cloud-incident-created").alerts;
    const [resolved] = read("cloud-incident-resolved-v4").alerts;
    expect(opened).toMatchObject({
      status: "firing",
      severity: "error",
      startsAt: "2026-11-22T06:07:34.000Z",
    });
    expect(resolved).toMatchObject({ status: "resolved", dedupKey: opened!.dedupKey });
    const severities = ["minor", "major", "critical", "low", "medium", "high", "urgent", null].map(
      (severity) => {
        const [alert] = of({
          event: "incidentUpdated",
          incident: { id: "i", status: "in_progress", severity },
        }).alerts;
        return alert!.severity;
      },
    );
    expect(severities).toEqual([
      "warning",
      "error",
      "critical",
      "info",
      "warning",
      "error",
      "error",
      "error",
    ]);
  });

  test.each([
    ["https://cloud.soda.example/link", "https://cloud.soda.example/link"],
    ["http://cloud.soda.example/link", undefined],
    ["javascript:alert(1)", undefined],
    [`https://cloud.soda.example/${"x".repeat(1000)}`, undefined],
  ])("the address for a link back is kept only where it can be used: %.40s", (url, kept) => {
    const incident = { id: "i", status: "reported" };
    const label = (body: object) => of(body).alerts[0]!.labels.link_callback_url;
    expect(label({ event: "incidentCreated", incident, incidentLinkCallbackUrl: url })).toBe(kept);
    expect(label({ event: "incidentCreated", incident: { ...incident, incidentLinkCallbackUrl: url } })).toBe(
      kept,
    );
  });

  test("other events are no alerts, and an alert without an id is refused by its path", () => {
    expect(read("cloud-contract-published").alerts).toEqual([]);
    expect(of({ event: "agreementCreated" }).alerts).toEqual([]);
    expect(() => of({ event: "incidentCreated", incident: { id: "{{ id }}" } })).toThrow(/incident\.id/);
    expect(() => of({ event: "incidentCreated" })).toThrow(/incident\.id/);
    expect(read("cloud-check-evaluation").rejected.map((each) => each.path)).toEqual(["checkResults[4].id"]);
  });
});

describe("a scan of soda-core", () => {
  const byKey = (name: string) => new Map(read(name).alerts.map((alert) => [alert.dedupKey, alert]));

  test("that passes ends each of the checks that failed", () => {
    const failing = byKey("scan-with-failures");
    const passing = byKey("scan-all-pass");
    expect([...passing.keys()]).toEqual([...failing.keys()]);
    expect([...failing.values()].map((alert) => [alert.status, alert.severity])).toEqual([
      ["firing", "error"],
      ["firing", "warning"],
      ["resolved", "error"],
      ["resolved", "error"],
    ]);
    expect([...passing.values()].every((alert) => alert.status === "resolved")).toBe(true);
  });

  test("with errors fires for itself and resolves nothing", () => {
    const { alerts } = read("scan-with-errors");
    expect(alerts.map((alert) => [alert.dedupKey, alert.status])).toEqual([
      ["scan/hourly parcels/errors", "firing"],
    ]);
    expect(alerts[0]!.description).toMatch(/column "depot" does not exist/);
    expect(byKey("scan-all-pass").get("scan/hourly parcels/errors")).toMatchObject({ status: "resolved" });
  });

  test("with errors and no check left is still heard", () =>
    expect(
      of({ checks: [], hasErrors: true, definitionName: "s" }).alerts.map((alert) => alert.status),
    ).toEqual(["firing"]));

  test("that says nothing of errors ends none", () =>
    expect(of({ checks: [], definitionName: "s" }).alerts).toEqual([]));

  test("posted again is no news, the next one is", () => {
    const ids = (name: string) => read(name).alerts.map((alert) => alert.deliveryId);
    expect(ids("scan-with-failures")).toEqual(ids("scan-with-failures"));
    expect(ids("scan-with-failures").filter((id) => ids("scan-all-pass").includes(id))).toEqual([]);
  });

  test("keeps its checks apart from those of another scan and environment", () => {
    const scan = (definitionName: string) => ({
      definitionName,
      checks: [{ identity: "1", name: "n", outcome: "fail" }],
    });
    const keys = [of(scan("a")), of(scan("b")), of(scan("a"), { environment: "dev" })].map(
      (reading) => reading.alerts[0]!.dedupKey,
    );
    expect(new Set(keys).size).toBe(3);
  });

  test("does not hand on the SQL and the rows that it holds", () => {
    expect(JSON.stringify(read("scan-with-failures").alerts.map((alert) => alert.raw))).not.toMatch(
      /SELECT|queries|logs/,
    );
  });

  test("takes the table's place from ?namespace=, and else from the data source", () => {
    const scan = { defaultDataSource: "pg", checks: [{ identity: "1", table: "t", outcome: "fail" }] };
    expect(of(scan).alerts[0]!.assets.map(assetId)).toEqual(["pg/t"]);
    expect(of(scan, { namespace: "postgres://db:5432" }).alerts[0]!.assets.map(assetId)).toEqual([
      "postgres://db:5432/t",
    ]);
  });

  test("checks without an identity are told apart all the same, and one without a name is refused", () => {
    const check = (column: string) => ({ name: "n", column, outcome: "fail" });
    const { alerts, rejected } = of({
      hasFailures: true,
      checks: [check("a"), check("b"), { outcome: "fail" }, 7],
    });
    expect(new Set(alerts.map((alert) => alert.dedupKey)).size).toBe(2);
    expect(alerts[0]!.warnings.join()).toMatch(/identity/);
    expect(rejected.map((each) => each.path)).toEqual(["checks[2].identity", "checks[3]"]);
  });
});

test("what is neither is refused", () => {
  for (const body of [null, {}, "x", { checks: [] }, { event: null }, [{}]])
    expect(() => of(body)).toThrow(/Soda/);
});

test("hasErrors may come as a text", () => {
  const scan = (hasErrors: unknown) =>
    soda
      .read(request({ definitionName: "nightly", hasErrors, checks: [] }))
      .alerts.map(({ status }) => status);
  expect([scan("True"), scan("false"), scan(null)]).toEqual([["firing"], ["resolved"], []]);
});
