import { describe, expect, it } from "vitest";
import { tokenBuckets } from "../../src/http/rate-limit.ts";
import { SOURCES } from "../../src/source/registry.ts";
import { edgeDeps, read, SECRET, sendAlert, startEdge, TOKEN } from "./harness.ts";

const limited = (rateLimit: { requestsPerSecond: number; failuresPerMinute: number }) => {
  const { config } = edgeDeps().deps;
  const sourceSecrets = new Map(SOURCES.map(({ name }) => [name, [SECRET]]));
  return startEdge({ sources: SOURCES, config: { ...config, rateLimit, sourceSecrets } });
};

describe("a bucket of tokens", () => {
  it("lets a burst through, then as much as comes in", () => {
    let now = 0;
    const buckets = tokenBuckets({ perSecond: 10, burst: 3 }, () => now);
    for (let i = 0; i < 3; i++) {
      expect(buckets.waitSeconds("a")).toBe(0);
      buckets.take("a");
    }
    expect([buckets.waitSeconds("a"), buckets.waitSeconds("b")]).toEqual([1, 0]);
    now = 99;
    expect(buckets.waitSeconds("a")).toBe(1);
    now = 100;
    expect(buckets.waitSeconds("a")).toBe(0);
    now = 1_000_000;
    for (let i = 0; i < 3; i++) buckets.take("a");
    expect(buckets.waitSeconds("a")).toBe(1);
  });

  it("says for how long to wait", () => {
    const buckets = tokenBuckets({ perSecond: 1 / 60, burst: 1 }, () => 0);
    buckets.take("a");
    expect(buckets.waitSeconds("a")).toBe(60);
  });

  it("costs next to nothing, however many keys there are, and keeps only so many", () => {
    const buckets = tokenBuckets({ perSecond: 1, burst: 1 });
    const started = performance.now();
    for (let i = 0; i < 50_000; i++) {
      buckets.waitSeconds(`address ${i}`);
      buckets.take(`address ${i}`);
    }
    expect(performance.now() - started).toBeLessThan(2_000);
    // The first is long forgotten, the last is not.
    expect([buckets.waitSeconds("address 0"), buckets.waitSeconds("address 49999")]).toEqual([0, 1]);
  });
});

describe("a source that sends more than it may", () => {
  it("is told to wait, with nothing stored, and the others go on", async () => {
    const edge = await limited({ requestsPerSecond: 1, failuresPerMinute: 600 });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await sendAlert(edge)).status);
    expect(statuses.slice(0, 2)).toEqual([200, 200]);
    const refused = await sendAlert(edge);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBe(1);
    expect(await refused.json()).toMatchObject({ type: "urn:breakwater:problem:rate_limited", status: 429 });
    const taken = edge.engine.ingested.length;
    expect(taken).toBe(statuses.filter((status) => status === 200).length);
    const other = await sendAlert(edge, {
      path: "/v1/alerts/alertmanager",
      body: JSON.stringify([{ labels: { alertname: "late" } }]),
    });
    expect(other.status).toBe(200);
  });

  it("hears it in the words of the product that it thinks we are", async () => {
    const edge = await limited({ requestsPerSecond: 1, failuresPerMinute: 600 });
    const asked: [string, string, string][] = [
      ["/v2/enqueue", "{}", "invalid event"],
      ["/api/v2/alerts", "[]", "Too many requests"],
      ["/api/v1/lineage", "{}", "Too many requests"],
      [`/slack/incoming/${SECRET}`, '{"text": "x"}', "rate_limited"],
      ["/events/v1/message-log", "{}", "Too many requests"],
      ["/v2/alerts", '{"message": "x"}', "Too many requests"],
    ];
    for (const [path, body, words] of asked) {
      let last = await sendAlert(edge, { path: `${path}?token=${SECRET}`, body });
      for (let i = 0; i < 5 && last.status !== 429; i++)
        last = await sendAlert(edge, { path: `${path}?token=${SECRET}`, body });
      expect([path, last.status, last.headers.get("retry-after")]).toEqual([path, 429, "1"]);
      expect(await last.text()).toContain(words);
    }
  });

  it("is not held to what strangers send in its name", async () => {
    const edge = await limited({ requestsPerSecond: 1, failuresPerMinute: 600 });
    for (let i = 0; i < 10; i++) {
      const stranger = await sendAlert(edge, { headers: { authorization: "Bearer wrong" } });
      expect(stranger.status).toBe(401);
    }
    expect((await sendAlert(edge)).status).toBe(200);
  });
});

describe("whoever offers wrong secrets", () => {
  it("is told to wait after so many, at that source and nowhere else", async () => {
    const edge = await limited({ requestsPerSecond: 1000, failuresPerMinute: 3 });
    const wrong = { authorization: "Bearer wrong" };
    for (let i = 0; i < 3; i++) expect((await sendAlert(edge, { headers: wrong })).status).toBe(401);
    const refused = await sendAlert(edge, { headers: wrong });
    expect([refused.status, Number(refused.headers.get("retry-after"))]).toEqual([429, 20]);
    // Not even the right one is tried now: that is what makes guessing slow.
    expect((await sendAlert(edge)).status).toBe(429);
    expect((await sendAlert(edge, { path: "/v1/alerts/grafana", body: '{"alerts": []}' })).status).toBe(200);
    expect((await read(edge, "/v1/incidents")).status).toBe(200);
  });

  it("is told to wait by the read API, and at addresses without a body", async () => {
    const edge = await limited({ requestsPerSecond: 1000, failuresPerMinute: 2 });
    for (const [path, refusal] of [
      ["/v1/incidents", 401],
      ["/v2/alerts/requests/1", 401],
    ] as const) {
      const statuses = [];
      for (let i = 0; i < 3; i++)
        statuses.push((await read(edge, path, { authorization: "Bearer wrong" })).status);
      expect(statuses).toEqual([refusal, refusal, 429]);
    }
    // One budget for the whole of the read API.
    expect((await read(edge, "/v1/changes", { authorization: `Bearer ${TOKEN}` })).status).toBe(429);
  });
});
