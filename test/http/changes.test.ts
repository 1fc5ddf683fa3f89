import { describe, expect, it } from "vitest";
import { fold } from "../../src/core/incident/state.ts";
import type { KnownChange } from "../../src/core/signal/change.ts";
import { SOURCES } from "../../src/source/registry.ts";
import { NOW, read, SECRET, sendAlert, startEdge, TOKEN } from "./harness.ts";

const DEPLOY = {
  kind: "deployment",
  title: "Deploy analytics 3f2c1d0",
  actor: "maya",
  paths: ["models/orders.sql"],
};

describe("a change", () => {
  it("is recorded and answered with what became of it", async () => {
    const edge = await startEdge({ sources: SOURCES });
    const response = await sendAlert(edge, { path: "/v1/changes/generic", body: JSON.stringify(DEPLOY) });
    expect([response.status, await response.json()]).toMatchObject([
      200,
      {
        alerts: [],
        changes: [{ id: expect.stringMatching(/^[0-9a-f]{16}$/), outcome: "recorded" }],
        rejected: [],
      },
    ]);
    expect(edge.engine.recorded[0]).toMatchObject({ source: "generic", actor: "maya", kind: "deployment" });
    expect(await (await read(edge, "/metrics", {})).text()).toContain(
      'breakwater_changes_total{source="generic",outcome="recorded"} 1',
    );
  });

  it("is refused without the secret, with the fields that are wrong, and from what sends none", async () => {
    const edge = await startEdge({ sources: SOURCES });
    const send = (path: string, body: unknown, authorization: string | null = `Bearer ${SECRET}`) =>
      sendAlert(edge, { path, body: JSON.stringify(body), headers: { authorization } });
    expect((await send("/v1/changes/generic", DEPLOY, null)).status).toBe(401);
    const wrong = await send("/v1/changes/generic", { title: "x", kind: "party" });
    expect([wrong.status, await wrong.json()]).toMatchObject([422, { errors: [{ path: "kind" }] }]);
    const none = await send("/v1/changes/soda", DEPLOY);
    expect([none.status, ((await none.json()) as { detail: string }).detail]).toEqual([
      404,
      expect.stringContaining("no such source of changes"),
    ]);
    expect(edge.engine.recorded).toEqual([]);
  });
});

describe("GET /v1/changes", () => {
  const known: KnownChange = {
    id: "0123456789abcdef",
    at: NOW,
    firstReceivedAt: NOW,
    lastReceivedAt: NOW,
    change: {
      source: "github",
      dedupKey: "k",
      deliveryId: "d",
      kind: "push",
      status: "succeeded",
      title: "Rename",
      description: null,
      actor: "maya",
      repository: "fernhollow/analytics",
      revision: "3f2c1d0",
      environment: null,
      paths: ["models/orders.sql"],
      assets: [],
      labels: {},
      links: [],
      startedAt: null,
      endedAt: NOW,
      warnings: [],
      raw: { secret: "never shown" },
    },
  };

  it("shows those of a span, a day unless said otherwise, without what the sender sent", async () => {
    const spans: unknown[] = [];
    const changes = async (span: object, limit: number) => {
      spans.push({ ...span, limit });
      return [known];
    };
    const edge = await startEdge({ reads: { changes } });
    const body = (await (await read(edge, "/v1/changes")).json()) as { changes: object[] };
    expect(body.changes[0]).toMatchObject({
      id: known.id,
      at: NOW,
      source: "github",
      paths: ["models/orders.sql"],
    });
    expect(JSON.stringify(body)).not.toContain("never shown");
    await read(edge, "/v1/changes?since=2026-11-01&until=2026-11-02T00:00:00Z&limit=7");
    expect(spans).toEqual([
      { since: "2026-11-21T03:10:00.000Z", until: "2026-11-22T03:10:00.001Z", limit: 50 },
      { since: "2026-11-01T00:00:00.000Z", until: "2026-11-02T00:00:00.000Z", limit: 7 },
    ]);
  });

  it("needs a token, and refuses what it does not know", async () => {
    const edge = await startEdge();
    expect((await read(edge, "/v1/changes", {})).status).toBe(401);
    expect((await read(edge, "/v1/changes?source=x")).status).toBe(400);
    expect((await read(edge, "/v1/changes", { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  });
});

it("a tool that shows a link gets that of the incident's thread", async () => {
  const state = fold([
    {
      incident: "INC-1",
      seq: 1,
      at: NOW,
      recordedAt: NOW,
      actor: { kind: "source", name: "soda" },
      via: "alert",
      permalink: null,
      hash: "h",
      body: {
        type: "opened",
        kind: "incident",
        severity: "SEV2",
        title: "t",
        channel: "C1",
        startedAt: NOW,
        origin: null,
        groupingKey: null,
        reason: "r",
      },
    },
  ])!;
  let asked = 0;
  const edge = await startEdge({
    sources: SOURCES,
    config: {
      apiTokens: [],
      openSources: new Set(["soda"]),
      sandbox: false,
      redaction: { allow: {} },
      assetNames: [],
      sourceSecrets: new Map(),
      maxBodyBytes: 65_536,
      rateLimit: { requestsPerSecond: 5000, failuresPerMinute: 600 },
    },
    reads: {
      // The thread stands a moment after the alert.
      state: async () => {
        asked += 1;
        const thread = {
          channel: "C1",
          ts: "1.2",
          permalink: "https://fernhollow.slack.com/archives/C1/p12",
        };
        return asked < 3 ? state : { ...state, thread };
      },
    },
  });
  const incident = { id: "i1", number: 7, title: "orders", severity: "major", status: "reported" };
  const response = await sendAlert(edge, {
    path: "/v1/alerts/soda",
    body: JSON.stringify({ event: "incidentCreated", incident }),
  });
  expect(await response.json()).toMatchObject({
    link: { url: "https://fernhollow.slack.com/archives/C1/p12", text: "#INC-1" },
  });
});
