import { describe, expect, it } from "vitest";
import { gatheredLines, loggedUrl } from "../../src/http/log.ts";
import { ALERT, read, SECRET, sendAlert, startEdge, TOKEN } from "./harness.ts";

describe("operations", () => {
  it("are open without a token and name where to go", async () => {
    const edge = await startEdge();
    const root = await read(edge, "/", {});
    expect([root.status, await root.json()]).toMatchObject([
      200,
      { name: "Breakwater", openapi: "/openapi.json" },
    ]);
    const health = await read(edge, "/healthz", {});
    expect([health.status, await health.json()]).toEqual([200, { status: "ok" }]);
  });

  it("are ready when every check passes", async () => {
    const edge = await startEdge();
    const response = await read(edge, "/readyz", {});
    expect([response.status, await response.json()]).toEqual([
      200,
      { status: "ready", checks: [{ name: "database", ok: true, detail: null }] },
    ]);
  });

  it("are not ready when one fails, which is named", async () => {
    const checks = [
      { name: "database", ok: true, detail: null },
      { name: "slack", ok: false, detail: "not connected for 40 s" },
    ];
    const edge = await startEdge({ health: async () => ({ checks }) });
    const response = await read(edge, "/readyz", {});
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await response.json()).toMatchObject({
      type: "urn:breakwater:problem:unavailable",
      detail: "Not ready: slack: not connected for 40 s.",
      errors: [{ path: "slack", message: "not connected for 40 s" }],
    });
    expect((await read(edge, "/healthz", {})).status).toBe(200);
  });

  it("are not ready when the check itself breaks, and its words stay in the log", async () => {
    const edge = await startEdge({ health: () => Promise.reject(new Error("disk I/O at /secret/path")) });
    const response = await read(edge, "/readyz", {});
    expect([response.status, (await response.text()).includes("secret")]).toEqual([503, false]);
    expect(edge.log()).toContain("disk I/O");
  });

  it("count requests by route and never by what a sender wrote", async () => {
    const edge = await startEdge();
    await read(edge, "/v1/incidents/INC-7/timeline");
    await read(edge, "/no/such/address");
    await sendAlert(edge, { path: "/v1/alerts/made-up" });
    const response = await read(edge, "/metrics", {});
    const text = await response.text();
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=/);
    const count = (labels: string) =>
      text.includes(`breakwater_http_request_duration_seconds_count{${labels}} 1`);
    expect(count('method="GET",route="/v1/incidents/:key/timeline",status="404"')).toBe(true);
    expect(count('method="GET",route="unmatched",status="404"')).toBe(true);
    expect(count('method="POST",route="/v1/alerts/:source",status="404"')).toBe(true);
    expect(text).toContain('breakwater_alerts_total{source="generic",outcome="opened"} 0');
    expect(text).not.toMatch(/INC-7|made-up|such/);
  });
});

describe("an address or method that is not there", () => {
  it.each([
    ["GET", "/nope"],
    ["POST", "/nope"],
    ["GET", "/v1/alerts"],
    ["DELETE", "/v1/incidents/INC-1/timeline/1"],
    ["GET", "/HEALTHZ"],
  ])("%s %s: 404 as a problem, also with a body", async (method, path) => {
    const edge = await startEdge();
    const body = method === "POST" ? "<x/>" : undefined;
    const response = await fetch(edge.url + path, { method, body, headers: { "content-type": "text/xml" } });
    const problem = (await response.json()) as { type: string; status: number };
    expect([response.status, problem.type, problem.status]).toEqual([
      404,
      "urn:breakwater:problem:not_found",
      404,
    ]);
  });

  it.each([
    ["GET", "/v1/alerts/generic", "POST, OPTIONS"],
    ["PUT", "/v1/alerts/generic", "POST, OPTIONS"],
    ["POST", "/v1/incidents", "GET, HEAD, OPTIONS"],
    ["DELETE", "/v1/incidents/INC-1", "GET, HEAD, OPTIONS"],
    ["PATCH", "/v1/incidents/INC-1/postmortem.md", "GET, HEAD, OPTIONS"],
    ["POST", "/healthz", "GET, HEAD, OPTIONS"],
  ])("%s %s: 405, and Allow says %s", async (method, path, allow) => {
    const edge = await startEdge();
    const body = method === "GET" ? undefined : "<x/>";
    const response = await fetch(edge.url + path, { method, body, headers: { "content-type": "text/xml" } });
    expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
    expect(await response.json()).toMatchObject({ type: "urn:breakwater:problem:method_not_allowed" });
  });

  it("answers OPTIONS with what is allowed, and no other site may call it from a browser", async () => {
    const edge = await startEdge();
    const response = await fetch(`${edge.url}/v1/incidents`, {
      method: "OPTIONS",
      headers: { origin: "https://evil.example" },
    });
    expect([response.status, response.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("answers HEAD like GET, without the body, and guards it alike", async () => {
    const edge = await startEdge();
    const head = await fetch(`${edge.url}/v1/incidents`, {
      method: "HEAD",
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect([head.status, await head.text(), head.headers.get("content-length")]).toEqual([200, "", "28"]);
    expect((await fetch(`${edge.url}/v1/incidents`, { method: "HEAD" })).status).toBe(401);
  });

  it("has a broken percent escape: 400 as a problem", async () => {
    const edge = await startEdge();
    const response = await read(edge, "/v1/incidents/%zz");
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { type: "urn:breakwater:problem:bad_request" },
    ]);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("every answer", () => {
  it.each(["/", "/healthz", "/metrics", "/openapi.json", "/v1/incidents", "/nope", "/v1/incidents/%zz"])(
    "to %s carries the security headers and a request id",
    async (path) => {
      const edge = await startEdge();
      const { headers } = await read(edge, path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get("x-powered-by")).toBeNull();
    },
  );

  it("keeps the request id of a sender, if it is harmless", async () => {
    const edge = await startEdge();
    const idOf = async (id: string) =>
      (await read(edge, "/healthz", { "x-request-id": id })).headers.get("x-request-id");
    expect(await idOf("trace-0123456789")).toBe("trace-0123456789");
    expect(await idOf('evil"},{"x":1')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf("x".repeat(65))).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("the log", () => {
  it("has one line a request and never a secret or a word of a body, whatever the answer", async () => {
    const edge = await startEdge();
    const path = `/v1/alerts/generic?token=${SECRET}&%74oken=${SECRET}&x=${SECRET}`;
    await sendAlert(edge, { path, headers: { authorization: null } });
    await sendAlert(edge, {
      path: path.replaceAll(SECRET, `${SECRET}-wrong`),
      headers: { authorization: null },
    });
    await sendAlert(edge, { path, body: JSON.stringify({ ...ALERT, severity: "body-words" }) });
    await sendAlert(edge, { path, body: "{body-words" });
    await sendAlert(edge, { path: `/v1/alerts/nope?token=${SECRET}` });
    await sendAlert(edge, { path: `/v1/alerts/${SECRET}` });
    await sendAlert(edge, { path: `/services/T1/B1/${SECRET}` });
    await read(edge, `/v1/incidents;token=${TOKEN}`);
    await read(edge, `/v1/incidents/${TOKEN}/timeline`);
    await read(edge, `/v1/incidents?token=${TOKEN}`);
    await read(edge, `/nope?token=${TOKEN}`, { authorization: `Bearer ${TOKEN}`, cookie: TOKEN });
    await read(edge, `/%zz?token=${TOKEN}`);
    edge.engine.failWith = new Error("broken");
    await sendAlert(edge, { path });
    const log = edge.log();
    expect(log.match(/"msg":"request"/g)).toHaveLength(12);
    expect(log).toContain('"url":"/v1/alerts/[redacted]"');
    expect(log).toContain('"url":"/v1/alerts/generic?token=[redacted]&token=[redacted]&x=[redacted]"');
    for (const secret of [SECRET, TOKEN, "body-words", "orders is late", "uthorization"])
      expect(log).not.toContain(secret);
  });

  it("writes the lines of one turn together, those waiting at an end as well", async () => {
    const written: string[] = [];
    const stream = gatheredLines((text) => void written.push(text));
    const listeners = process.listenerCount("exit");
    stream.write("one\n");
    stream.write("two\n");
    expect(written).toEqual([]);
    await new Promise(setImmediate);
    expect(written).toEqual(["one\ntwo\n"]);
    stream.write("fatal\n");
    expect(process.listenerCount("exit")).toBe(listeners + 1);
    stream.flushSync();
    expect(written).toEqual(["one\ntwo\n", "fatal\n"]);
    await new Promise(setImmediate);
    expect(written).toHaveLength(2);
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  it.each([
    ["/healthz", "/healthz"],
    ["/healthz?", "/healthz"],
    ["/healthz?a=1?token=2", "/healthz?a=[redacted]"],
    ["/services/T1/B1/secret", "/[redacted]/[redacted]/[redacted]/[redacted]"],
    ["/v1/incidents;token=secret", "/v1/[redacted]"],
    ["/v1/incidents/INC-7/postmortem.md", "/v1/incidents/INC-7/postmortem.md"],
    ["/v1/incidents?state=resolved&limit=5&q=secret", "/v1/incidents?state=resolved&limit=5&q=[redacted]"],
    ["/healthz?TOKEN=a&state=b%0Ac", "/healthz?TOKEN=[redacted]&state=b%0Ac"],
  ])("shows %s as %s", (url, shown) => {
    expect(loggedUrl(url, new Set(["healthz", "v1", "incidents"]))).toBe(shown);
  });
});

describe("closing", () => {
  it("lets a request that is under way finish, and frees the port", async () => {
    const under = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const edge = await startEdge({
      report: async () => {
        under.resolve();
        await finish.promise;
        return { filename: "x.md", mediaType: "text/markdown", body: "done" };
      },
    });
    const answer = read(edge, "/v1/incidents/INC-1/postmortem.md");
    await under.promise;
    const closed = edge.app.close();
    finish.resolve();
    expect(await (await answer).text()).toBe("done");
    await closed;
    await expect(read(edge, "/healthz")).rejects.toThrow();
  });
});
