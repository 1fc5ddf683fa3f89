import { describe, expect, it } from "vitest";
import { SOURCES } from "../../src/source/registry.ts";
import { type Edge, startEdge } from "./harness.ts";

const ROUTING_KEY = "0123456789abcdef0123456789abcdef";
const config = {
  apiTokens: [],
  openSources: new Set<string>(),
  sandbox: false,
  redaction: { allow: {} },
  assetNames: [],
  maxBodyBytes: 64 * 1024,
  rateLimit: { requestsPerSecond: 5000, failuresPerMinute: 600 },
  sourceSecrets: new Map([
    ["pagerduty", [ROUTING_KEY]],
    ["alertmanager", ["am-secret"]],
    ["openlineage", ["ol-secret"]],
    ["slack-webhook", ["hook-secret"]],
    ["datakitchen", ["dk-secret"]],
    ["opsgenie", ["og-secret"]],
  ]),
};
const start = () => startEdge({ sources: SOURCES, config });

async function post(edge: Edge, path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(edge.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const json = response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : undefined;
  return { status: response.status, text, json };
}

describe("PagerDuty's Events API v2", () => {
  const TRIGGER = {
    routing_key: ROUTING_KEY,
    event_action: "trigger",
    dedup_key: "orders-late",
    payload: { summary: "orders is late", source: "fernhollow-prod", severity: "error" },
  };

  it("takes an event with 202 and gives its dedup_key back", async () => {
    const edge = await start();
    for (const path of ["/v2/enqueue", "/v2/enqueue/"]) {
      expect(await post(edge, path, TRIGGER)).toMatchObject({
        status: 202,
        json: { status: "success", message: "Event processed", dedup_key: "orders-late" },
      });
    }
    expect(edge.engine.ingested[0]).toMatchObject({
      source: "pagerduty",
      title: "orders is late",
      status: "firing",
    });
  });

  it("gives an event without one a dedup_key of its own, with which it can be resolved", async () => {
    const edge = await start();
    const { dedup_key: _, ...without } = TRIGGER;
    const keys = [];
    for (const summary of ["one", "two"]) {
      const { json } = await post(edge, "/v2/enqueue", {
        ...without,
        payload: { ...TRIGGER.payload, summary },
      });
      keys.push(json.dedup_key);
    }
    expect(new Set(keys).size).toBe(2);
    await post(edge, "/v2/enqueue", {
      routing_key: ROUTING_KEY,
      event_action: "resolve",
      dedup_key: keys[0],
    });
    const [first, second, resolved] = edge.engine.ingested;
    expect(resolved).toMatchObject({ status: "resolved", dedupKey: first!.dedupKey });
    expect(second!.dedupKey).not.toBe(first!.dedupKey);
  });

  it("names what is wrong in PagerDuty's words, with 400", async () => {
    const edge = await start();
    const invalid = (errors: string[]) => ({
      status: 400,
      json: { status: "invalid event", message: "Event object is invalid", errors },
    });
    expect(await post(edge, "/v2/enqueue", { ...TRIGGER, event_action: undefined })).toMatchObject(
      invalid(["'event_action' is missing or blank"]),
    );
    expect((await post(edge, "/v2/enqueue", { ...TRIGGER, routing_key: "short" })).status).toBe(400);
    expect((await post(edge, "/v2/enqueue", { ...TRIGGER, routing_key: "x".repeat(32) })).status).toBe(400);
    expect((await post(edge, "/v2/enqueue", "{")).json).toMatchObject({ status: "invalid event" });
    expect(edge.engine.ingested).toEqual([]);
  });

  it("takes change events", async () => {
    const edge = await start();
    const body = { routing_key: ROUTING_KEY, payload: { summary: "Deployed analytics", source: "ci" } };
    expect(await post(edge, "/v2/change/enqueue", body)).toMatchObject({
      status: 202,
      json: { status: "success", message: "Change event processed" },
    });
    expect(edge.engine.recorded[0]).toMatchObject({ source: "pagerduty", title: "Deployed analytics" });
  });

  it("says our overload with a 5xx, upon which clients try again", async () => {
    const edge = await start();
    const { Refusal } = await import("../../src/core/refusal.ts");
    edge.engine.failWith = new Refusal("unavailable", "Too many alerts are waiting.");
    expect(await post(edge, "/v2/enqueue", TRIGGER)).toMatchObject({
      status: 503,
      json: { errors: ["Too many alerts are waiting."] },
    });
  });
});

describe("Alertmanager's API", () => {
  const ALERTS = [
    {
      labels: { alertname: "OrdersLate", severity: "critical" },
      annotations: { summary: "orders is late" },
      startsAt: "2026-11-22T03:00:00.000Z",
      endsAt: "2026-11-22T03:14:00.000Z",
    },
  ];
  it("takes what Prometheus sends, with 200 and nothing to say", async () => {
    const edge = await start();
    const answer = await post(edge, "/api/v2/alerts", ALERTS, { authorization: "Bearer am-secret" });
    expect(answer).toMatchObject({ status: 200, text: "" });
    expect(edge.engine.ingested[0]).toMatchObject({ source: "alertmanager", status: "firing" });
  });
  it("says an error as a JSON string", async () => {
    const edge = await start();
    const wrong = await post(
      edge,
      "/api/v2/alerts",
      { not: "alerts" },
      { authorization: "Bearer am-secret" },
    );
    expect([wrong.status, typeof JSON.parse(wrong.text)]).toEqual([400, "string"]);
    expect((await post(edge, "/api/v2/alerts", ALERTS)).status).toBe(401);
    expect(edge.engine.ingested).toEqual([]);
  });
});

describe("an OpenLineage backend", () => {
  const event = (eventType: string) => ({
    eventType,
    eventTime: "2026-11-22T03:00:00.000Z",
    run: { runId: "0192f2b0-0000-7000-8000-000000000001" },
    job: { namespace: "airflow", name: "orders_daily.load" },
    outputs: [{ namespace: "postgres://db.fernhollow.example:5432", name: "shop.core.orders" }],
    producer: "https://fernhollow.example/producer",
    schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json",
  });
  const headers = { authorization: "Bearer ol-secret" };
  it("takes every event with 201; a failure is an alert", async () => {
    const edge = await start();
    for (const type of ["START", "RUNNING", "FAIL"])
      expect((await post(edge, "/api/v1/lineage", event(type), headers)).status).toBe(201);
    expect(edge.engine.ingested.map(({ status, source }) => [status, source])).toEqual([
      ["firing", "openlineage"],
    ]);
  });
  it("counts a batch", async () => {
    const edge = await start();
    const { status, json } = await post(
      edge,
      "/api/v1/lineage/batch",
      [event("START"), event("COMPLETE")],
      headers,
    );
    expect([status, json.status, json.summary.received, json.summary.successful]).toEqual([
      200,
      "success",
      2,
      2,
    ]);
  });
  it("says the status of a refusal in its body too", async () => {
    expect(await post(await start(), "/api/v1/lineage", {}, headers)).toMatchObject({
      status: 400,
      json: { code: 400, message: expect.stringContaining("eventType") },
    });
  });
  it("is closed without the secret", async () => {
    expect((await post(await start(), "/api/v1/lineage", event("FAIL"))).status).toBe(401);
  });
});

describe("a Slack incoming webhook", () => {
  it("answers ok, and takes its secret from the address", async () => {
    const edge = await start();
    const answer = await post(edge, "/slack/incoming/hook-secret", { text: "orders is late" });
    expect(answer).toMatchObject({ status: 200, text: "ok" });
    expect(edge.engine.ingested).toHaveLength(1);
  });
  it("refuses in Slack's words", async () => {
    const edge = await start();
    expect(await post(edge, "/slack/incoming/wrong", { text: "x" })).toMatchObject({
      status: 403,
      text: "invalid_token",
    });
    expect(await post(edge, "/slack/incoming/hook-secret", "{")).toMatchObject({
      status: 400,
      text: "invalid_payload",
    });
  });
  it("never logs the address's secret", async () => {
    const edge = await start();
    await post(edge, "/slack/incoming/hook-secret", { text: "orders is late" });
    await post(edge, "/slack/incoming/hook-secret/more", { text: "orders is late" });
    await fetch(`${edge.url}/slack/%69ncoming/hook-secret`);
    await edge.app.close();
    expect(edge.log()).toContain("/slack/incoming/");
    expect(edge.log()).not.toContain("hook-secret");
  });
});

describe("DataKitchen Observability", () => {
  const headers = { serviceaccountauthenticationkey: "dk-secret" };
  const failed = { pipeline_key: "orders-nightly", status: "FAILED", run_key: "r1" };
  it("answers version 1 with 204, version 2 with 202 and an id", async () => {
    const edge = await start();
    for (const base of ["", "/api"]) {
      expect(await post(edge, `${base}/events/v1/run-status`, failed, headers)).toMatchObject({
        status: 204,
        text: "",
      });
    }
    const second = await post(
      edge,
      "/events/v2/batch-pipeline-status",
      { batch_pipeline_component: { batch_key: "orders-nightly", run_key: "r2" }, status: "FAILED" },
      headers,
    );
    expect([second.status, second.json.event_id]).toEqual([202, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(edge.engine.ingested.map(({ status }) => status)).toEqual(["firing", "firing", "firing"]);
  });
  it("takes heartbeats, and connection tests", async () => {
    const edge = await start();
    const beat = { key: "agent-1", tool: "airflow", version: "1.0" };
    expect((await post(edge, "/agent/v1/heartbeat", beat, headers)).status).toBe(204);
    expect((await post(edge, "/agent/v1/heartbeat", beat)).status).toBe(401);
    const none = { pipeline_key: "test", test_outcomes: [] };
    expect((await post(edge, "/events/v1/test-outcomes", none, headers)).status).toBe(204);
    expect(edge.engine.ingested).toEqual([]);
  });
  it("says what is wrong as DataKitchen does", async () => {
    const edge = await start();
    expect((await post(edge, "/events/v1/run-status", failed)).json.error).toContain("secret");
    expect((await post(edge, "/events/v1/run-status", ["x"], headers)).status).toBe(400);
  });
});

describe("Opsgenie's Alert API", () => {
  const headers = { authorization: "GenieKey og-secret" };
  it("creates and closes with 202, and says later that it was done", async () => {
    const edge = await start();
    const created = await post(edge, "/v2/alerts", { message: "orders is late", alias: "a/b c" }, headers);
    expect([created.status, created.json.result]).toEqual([202, "Request will be processed"]);
    const path = `/v2/alerts/${encodeURIComponent("a/b c")}/close?identifierType=alias`;
    expect((await post(edge, path, { source: "ci" }, headers)).status).toBe(202);
    const [opened, closed] = edge.engine.ingested;
    expect([opened!.status, closed!.status]).toEqual(["firing", "resolved"]);
    expect(closed!.dedupKey).toBe(opened!.dedupKey);
    const asked = await fetch(`${edge.url}/v2/alerts/requests/${created.json.requestId}`, { headers });
    expect([asked.status, ((await asked.json()) as { data: object }).data]).toMatchObject([
      200,
      { success: true },
    ]);
    expect((await fetch(`${edge.url}/v2/alerts/requests/x`)).status).toBe(401);
  });
  it("closes without a body, as clients do that have nothing to say of it", async () => {
    const edge = await start();
    const closed = await fetch(`${edge.url}/v2/alerts/a1/close?identifierType=alias`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
    });
    expect(closed.status).toBe(202);
    expect(edge.engine.ingested).toMatchObject([{ status: "resolved", dedupKey: "a1" }]);
    expect((await post(edge, "/v2/alerts", "", headers)).status).toBe(400);
  });
  it("takes the changes that Alertmanager makes to a firing alert, without which it never closes it", async () => {
    const edge = await start();
    for (const [field, value] of Object.entries({
      message: "[FIRING:2]",
      description: "two",
      priority: "P1",
    })) {
      const changed = await fetch(`${edge.url}/v2/alerts/a1/${field}?identifierType=alias`, {
        method: "PUT",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ [field]: value }),
      });
      expect([field, changed.status]).toEqual([field, 202]);
    }
    expect(edge.engine.ingested).toEqual([]);
    expect((await fetch(`${edge.url}/v2/alerts/a1/message`, { method: "PUT", body: "{}" })).status).toBe(401);
  });
  it("refuses a wrong key with 401 and an alert without a message with 422", async () => {
    const edge = await start();
    expect((await post(edge, "/v2/alerts", { message: "x" }, { authorization: "GenieKey no" })).status).toBe(
      401,
    );
    const wrong = await post(edge, "/v2/alerts", {}, headers);
    expect([wrong.status, wrong.json.message]).toEqual([422, expect.stringContaining("message")]);
  });
});

describe("CloudEvents' abuse protection", () => {
  it("tells a sender that asks that it may send", async () => {
    const edge = await start();
    const asked = await fetch(`${edge.url}/v1/alerts/cloudevents`, {
      method: "OPTIONS",
      headers: { "webhook-request-origin": "events.fernhollow.example" },
    });
    expect([asked.status, asked.headers.get("webhook-allowed-origin")]).toEqual([
      204,
      "events.fernhollow.example",
    ]);
    const other = await fetch(`${edge.url}/v1/incidents`, {
      method: "OPTIONS",
      headers: { "webhook-request-origin": "events.fernhollow.example" },
    });
    expect(other.headers.get("webhook-allowed-origin")).toBeNull();
  });
});
