import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { promisify } from "node:util";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Refusal } from "../../src/core/refusal.ts";
import { dbt } from "../../src/source/dbt.ts";
import type { Source, SourceRequest } from "../../src/source/source.ts";
import { waitFor } from "../harness/wait.ts";
import { ALERT, connect, NOW, SECRET, sendAlert, startEdge } from "./harness.ts";

const KIB = 1024;
const LIMIT = 64 * KIB;

describe("an alert that is taken", () => {
  it("is handed to the engine and answered with what became of it", async () => {
    const edge = await startEdge();
    const response = await sendAlert(edge);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      alerts: [
        {
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
          outcome: "opened",
          incident: "INC-1",
          reason: "no open incident has this asset",
        },
      ],
      changes: [],
      lineage: [],
      rejected: [],
    });
    expect(edge.engine.ingested).toMatchObject([
      { source: "generic", title: "orders is late", status: "firing" },
    ]);
  });

  it("is stored under the names that assetNames gives, in all that it names", async () => {
    const to = "bigquery://shop";
    const edge = await startEdge({
      sources: [dbt],
      config: config({ sourceSecrets: new Map([["dbt", [SECRET]]]), assetNames: [{ from: "bigquery", to }] }),
    });
    await sendAlert(edge, {
      path: "/v1/alerts/dbt",
      body: await readFile("test/fixtures/sources/dbt/build-with-cascade.json"),
    });
    const [failed] = edge.engine.ingested.filter(({ impacted }) => impacted.length > 0);
    expect([...failed!.assets, ...failed!.impacted].map(({ namespace }) => namespace)).toEqual([to, to, to]);
  });

  const cases: [string, Parameters<typeof sendAlert>[1]][] = [
    ["with a charset", { headers: { "content-type": "application/json; charset=utf-8" } }],
    ["as some other +json", { headers: { "content-type": "application/vnd.tool.v2+json" } }],
    [
      "with the secret in the address",
      { path: `/v1/alerts/generic?token=${SECRET}`, headers: { authorization: null } },
    ],
    [
      "compressed with gzip",
      { body: gzipSync(JSON.stringify(ALERT)), headers: { "content-encoding": "gzip" } },
    ],
    [
      "compressed with deflate",
      { body: deflateSync(JSON.stringify(ALERT)), headers: { "content-encoding": "deflate" } },
    ],
    [
      "compressed with brotli",
      { body: brotliCompressSync(JSON.stringify(ALERT)), headers: { "content-encoding": "br" } },
    ],
    ["with a byte order mark", { body: `\uFEFF${JSON.stringify(ALERT)}` }],
    ["with a key given twice, the last one counting", { body: '{"title":"first","title":"orders is late"}' }],
    ["with an escaped NUL in a text", { body: '{"title":"orders is late\\u0000"}' }],
    ["with half a surrogate pair in a text", { body: '{"title":"orders is late","description":"\\ud800"}' }],
  ];
  it.each(cases)("comes %s", async (_what, alert) => {
    const edge = await startEdge();
    const response = await sendAlert(edge, alert);
    expect(response.status).toBe(200);
    expect(edge.engine.ingested).toHaveLength(1);
    expect(edge.engine.ingested[0]!.title).toContain("orders is late");
  });

  it("comes with either of two secrets while they rotate, and not with a third", async () => {
    const edge = await startEdge({
      config: config({ sourceSecrets: new Map([["generic", ["old", "new"]]]) }),
    });
    for (const [secret, status] of [
      ["old", 200],
      ["new", 200],
      ["older", 401],
      ["", 401],
    ] as const) {
      const response = await sendAlert(edge, { headers: { authorization: `Bearer ${secret}` } });
      expect([secret, response.status]).toEqual([secret, status]);
    }
    expect(edge.engine.ingested).toHaveLength(2);
  });

  it("comes with a secret of several words, and of letters beyond ASCII in either encoding", async () => {
    const edge = await startEdge({
      config: config({ sourceSecrets: new Map([["generic", ["correct horse battery", "schlüssel"]]]) }),
    });
    for (const [secret, status] of [
      ["correct horse battery", 200],
      ["correct horse", 401],
      ["correct", 401],
      ["schlüssel", 200],
      // What a sender that writes UTF-8 puts on the line, byte by byte.
      [Buffer.from("schlüssel").toString("latin1"), 200],
      ["schlussel", 401],
    ] as const) {
      const response = await sendAlert(edge, { headers: { authorization: `Bearer ${secret}` } });
      expect([secret, response.status]).toEqual([secret, status]);
    }
  });

  it("needs no secret in the sandbox where none is configured, but the right one where one is", async () => {
    const open = await startEdge({ config: config({ sandbox: true, sourceSecrets: new Map() }) });
    expect((await sendAlert(open, { headers: { authorization: null } })).status).toBe(200);
    const guarded = await startEdge({ config: config({ sandbox: true }) });
    expect((await sendAlert(guarded, { headers: { authorization: null } })).status).toBe(401);
  });

  it("may be JSON that does not say so: many scripts send it that way", async () => {
    const edge = await startEdge();
    for (const type of [null, "text/plain", "text/plain;charset=UTF-8"])
      expect((await sendAlert(edge, { headers: { "content-type": type } })).status).toBe(200);
    expect((await sendAlert(edge, { body: "hello", headers: { "content-type": "text/plain" } })).status).toBe(
      400,
    );
  });

  it("cannot smuggle a prototype in", async () => {
    const requests: SourceRequest[] = [];
    const edge = await startEdge({ sources: [recording(requests)], config: config({ sandbox: true }) });
    const body =
      '{"__proto__":{"admin":true},"a":{"\\u005f_proto__":{"admin":true}},"b":[{"__proto__":1,"c":2}]}';
    expect((await sendAlert(edge, { path: "/v1/alerts/recording", body })).status).toBe(200);
    expect(JSON.stringify(requests[0]!.body)).toBe('{"a":{},"b":[{"c":2}]}');
  });

  it("reaches its source with the decompressed bytes, the query and the headers", async () => {
    const requests: SourceRequest[] = [];
    const edge = await startEdge({ sources: [recording(requests)], config: config({ sandbox: true }) });
    const body = '{ "a" : 1 }';
    await sendAlert(edge, {
      path: "/v1/alerts/recording?token=one&token=two&x=",
      body: gzipSync(body),
      headers: { "content-encoding": "gzip", "x-signature": "s" },
    });
    expect(requests[0]).toMatchObject({ query: { token: "one", x: "" }, body: { a: 1 }, receivedAt: NOW });
    expect(requests[0]!.headers["x-signature"]).toBe("s");
    expect(requests[0]!.rawBody.toString()).toBe(body);
  });

  it("is not an alert at all: 200 with an empty list, and the engine is left alone", async () => {
    const edge = await startEdge({ sources: [recording([])], config: config({ sandbox: true }) });
    const response = await sendAlert(edge, { path: "/v1/alerts/recording" });
    expect([response.status, await response.json()]).toEqual([
      200,
      { alerts: [], changes: [], lineage: [], rejected: [] },
    ]);
    expect(edge.engine.ingested).toEqual([]);
  });

  it("stands beside a broken one in a batch: the good one is taken, the broken one named", async () => {
    const edge = await startEdge();
    const response = await sendAlert(edge, { body: JSON.stringify([ALERT, { title: 7 }]) });
    const { alerts, rejected } = (await response.json()) as {
      alerts: unknown[];
      rejected: { path: string }[];
    };
    expect([response.status, alerts.length, rejected[0]!.path]).toEqual([200, 1, "[1].title"]);
    const metrics = await edge.registry.metrics();
    expect(metrics).toContain('breakwater_alerts_total{source="generic",outcome="opened"} 1');
    expect(metrics).toContain('breakwater_alerts_total{source="generic",outcome="rejected"} 1');
  });

  it("comes fifty times at once", async () => {
    const edge = await startEdge();
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async () => (await sendAlert(edge)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(edge.engine.ingested).toHaveLength(50);
  });
});

type Case = {
  what: string;
  alert: Parameters<typeof sendAlert>[1];
  status: number;
  code: string;
  detail: RegExp;
  headers?: Record<string, string>;
};
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const CHALLENGE = { "www-authenticate": 'Bearer realm="breakwater"' };
const REFUSED: Case[] = [
  {
    what: "for an unknown source",
    alert: { path: "/v1/alerts/nagios" },
    status: 404,
    code: "not_found",
    detail: /sources are generic/,
  },
  {
    what: "for a source named like a property of every object",
    alert: { path: "/v1/alerts/__proto__" },
    status: 404,
    code: "not_found",
    detail: /sources are/,
  },
  {
    what: "as a form",
    alert: { headers: { "content-type": "application/x-www-form-urlencoded" } },
    status: 415,
    code: "unsupported_media_type",
    detail: /x-www-form-urlencoded is not taken.*application\/json/,
    headers: { accept: "application/json, application/cloudevents+json, application/cloudevents-batch+json" },
  },
  {
    what: "as XML",
    alert: { headers: { "content-type": "text/xml" } },
    status: 415,
    code: "unsupported_media_type",
    detail: /application\/json/,
  },
  {
    what: "as something that only begins like JSON",
    alert: { headers: { "content-type": "application/jsonp" } },
    status: 415,
    code: "unsupported_media_type",
    detail: /application\/json/,
  },
  {
    what: "with a type that is none",
    alert: { headers: { "content-type": ";" } },
    status: 415,
    code: "unsupported_media_type",
    detail: /Content-Type is malformed.*application\/json/,
  },
  {
    what: "in an unknown encoding",
    alert: { headers: { "content-encoding": "lzma" } },
    status: 415,
    code: "unsupported_media_type",
    detail: /gzip, deflate, br/,
    headers: { "accept-encoding": "gzip, deflate, br" },
  },
  {
    what: "encoded twice",
    alert: { headers: { "content-encoding": "gzip, gzip" } },
    status: 415,
    code: "unsupported_media_type",
    detail: /gzip/,
  },
  {
    what: "larger than the limit",
    alert: { body: `"${"x".repeat(LIMIT)}"` },
    status: 413,
    code: "too_large",
    detail: /65536 bytes/,
  },
  {
    what: "as a zip bomb",
    alert: { body: gzipSync(Buffer.alloc(50 * KIB * KIB)), headers: { "content-encoding": "gzip" } },
    status: 413,
    code: "too_large",
    detail: /after decompression/,
  },
  {
    what: "without a secret",
    alert: { headers: { authorization: null } },
    status: 401,
    code: "unauthorized",
    detail: /carries no secret/,
    headers: CHALLENGE,
  },
  {
    what: "with the wrong secret",
    alert: { headers: { authorization: "Bearer nope" } },
    status: 401,
    code: "unauthorized",
    detail: /not the one/,
    headers: CHALLENGE,
  },
  {
    what: "with the wrong secret and a body that is no JSON",
    alert: { headers: { authorization: "Bearer nope" }, body: "{" },
    status: 401,
    code: "unauthorized",
    detail: /not the one/,
  },
  { what: "with an empty body", alert: { body: "" }, status: 400, code: "malformed_body", detail: /empty/ },
  {
    what: "with white space only",
    alert: { body: " \n" },
    status: 400,
    code: "malformed_body",
    detail: /empty/,
  },
  {
    what: "as broken JSON",
    alert: { body: '{"title": "x",\n  "labels": {,}\n}' },
    status: 400,
    code: "malformed_body",
    detail: /line 2, column 14, expected key or }/,
  },
  {
    what: "as JSON that ends early",
    alert: { body: '{"title": "x"' },
    status: 400,
    code: "malformed_body",
    detail: /ends too early, , or } is missing/,
  },
  {
    what: "with something after the JSON",
    alert: { body: '{"title":"x"} {}' },
    status: 400,
    code: "malformed_body",
    detail: /line 1, column 15, expected the end/,
  },
  {
    what: "with a raw NUL byte",
    alert: { body: '{"title":"a\u0000b"}' },
    status: 400,
    code: "malformed_body",
    detail: /line 1, column 10/,
  },
  {
    what: "in another encoding of text",
    alert: { body: Buffer.from('{"title":"caf\xe9"}', "latin1") },
    status: 400,
    code: "malformed_body",
    detail: /UTF-8/,
  },
  {
    what: "nested 101 deep",
    alert: { body: nested(101) },
    status: 400,
    code: "malformed_body",
    detail: /100 levels/,
  },
  {
    what: "nested a hundred thousand deep",
    alert: { body: nested(30_000) },
    status: 400,
    code: "malformed_body",
    detail: /100 levels/,
  },
  {
    what: "with a body that is not gzip as it says",
    alert: { headers: { "content-encoding": "gzip" } },
    status: 400,
    code: "malformed_body",
    detail: /decompress/,
  },
  {
    what: "with a gzip cut short",
    alert: { body: gzipSync(JSON.stringify(ALERT)).subarray(0, 30), headers: { "content-encoding": "gzip" } },
    status: 400,
    code: "malformed_body",
    detail: /decompress/,
  },
  {
    what: "in the wrong shape",
    alert: { body: '{"title": 7}' },
    status: 422,
    code: "invalid",
    detail: /title/,
  },
  { what: "as a text", alert: { body: '"hello"' }, status: 422, code: "invalid", detail: /./ },
  { what: "as null", alert: { body: "null" }, status: 422, code: "invalid", detail: /./ },
  {
    what: "in a batch without one good part",
    alert: { body: '[{"title": 7}, 8]' },
    status: 422,
    code: "invalid",
    detail: /./,
  },
];

describe("an alert that is refused, with nothing stored", () => {
  it.each(REFUSED)("comes $what: $status $code", async ({ alert, status, code, detail, headers = {} }) => {
    const edge = await startEdge();
    const response = await sendAlert(edge, alert);
    const problem = (await response.json()) as Record<string, unknown>;
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect([response.status, problem.status, problem.type]).toEqual([
      status,
      status,
      `urn:breakwater:problem:${code}`,
    ]);
    expect(problem.detail).toMatch(detail);
    expect(problem.title).toEqual(expect.any(String));
    expect(problem.instance).toBe(`urn:breakwater:request:${response.headers.get("x-request-id")}`);
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name)).toBe(value);
    expect(edge.engine.ingested).toEqual([]);
  });

  it("comes to a source without a secret: closed, and says how to open it", async () => {
    const edge = await startEdge({ config: config({ sourceSecrets: new Map() }) });
    const response = await sendAlert(edge);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      detail: "This source is closed. Set BREAKWATER_SOURCE_GENERIC_SECRET and restart.",
    });
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="breakwater"');
    expect(edge.engine.ingested).toEqual([]);
  });

  it.each([
    ["200,000 different keys", `{"title":"x","a":{${many(250_000, (n) => `"k${n}":""`)}}}`],
    ["2,000,000 objects and lists", `{"title":"x","a":[${many(2_000_001, () => "{}")}]}`],
  ])("has more than %s, which would hold up all others while it is read", async (most, body) => {
    const edge = await startEdge({ config: config({ maxBodyBytes: 8 * KIB * KIB }) });
    const response = await sendAlert(edge, { body });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { detail: `The body has more than ${most}. Send it in several.` },
    ]);
    expect(edge.engine.ingested).toEqual([]);
  });

  it("names the wrong fields", async () => {
    const edge = await startEdge();
    const response = await sendAlert(edge, { body: '{"title":"x","severity":"loud","assets":"y"}' });
    const { errors } = (await response.json()) as { errors: { path: string }[] };
    expect(errors.map(({ path }) => path)).toEqual(expect.arrayContaining(["severity", "assets"]));
  });

  it("lists the rejected parts where a source rejected all of them without refusing", async () => {
    const rejected = [{ path: "alerts[0]", message: "has no labels" }];
    const source: Source = { ...recording([]), read: () => ({ alerts: [], rejected }) };
    const edge = await startEdge({ sources: [source], config: config({ sandbox: true }) });
    const response = await sendAlert(edge, { path: "/v1/alerts/recording" });
    expect([response.status, await response.json()]).toMatchObject([422, { errors: rejected }]);
  });

  it("meets an overloaded engine: 503, try again", async () => {
    const edge = await startEdge();
    edge.engine.failWith = new Refusal("unavailable", "The database is busy. Send it again.");
    const response = await sendAlert(edge);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await response.json()).toMatchObject({ type: "urn:breakwater:problem:unavailable" });
  });

  it("meets a fault of ours: a reference that is in the log, and no internals", async () => {
    const edge = await startEdge();
    edge.engine.failWith = Object.assign(new Error("SQLITE_CORRUPT in table alerts"), {
      parameters: ["row-secret"],
    });
    const response = await sendAlert(edge);
    const text = await response.text();
    const id = response.headers.get("x-request-id")!;
    expect([response.status, text.includes(id), /SQLITE|\.ts|stack/.test(text)]).toEqual([500, true, false]);
    expect(edge.log()).toContain(`"reqId":"${id}"`);
    expect(edge.log()).toContain("SQLITE_CORRUPT");
    expect(edge.log()).not.toContain("row-secret");
  });
});

describe("a body that does not come as it should", () => {
  const head = (lines: string[]) =>
    [
      "POST /v1/alerts/generic HTTP/1.1",
      "Host: x",
      `Authorization: Bearer ${SECRET}`,
      "Content-Type: application/json",
      ...lines,
      "",
      "",
    ].join("\r\n");

  it("announces 50 MB over the limit: refused before it is sent, then cut off", async () => {
    const edge = await startEdge();
    const { socket, seen, received } = connect(edge);
    socket.write(head([`Content-Length: ${50 * KIB * KIB}`]));
    await waitFor(() => seen().includes("\r\n\r\n"), { what: "an answer" });
    expect(seen()).toMatch(/^HTTP\/1.1 413 /);
    await received;
    expect(socket.bytesWritten).toBeLessThan(KIB);
  });

  it("never ends: refused at the limit, then cut off while it still sends", async () => {
    const edge = await startEdge();
    const { socket, seen, received } = connect(edge);
    socket.write(head(["Transfer-Encoding: chunked"]));
    const chunk = `4000\r\n${" ".repeat(0x4000)}\r\n`;
    const sending = setInterval(() => socket.write(chunk), 5);
    await waitFor(() => seen().includes("\r\n\r\n"), { what: "an answer" });
    expect(seen()).toMatch(/^HTTP\/1.1 413 /);
    await received;
    clearInterval(sending);
  });

  it("dribbles in: 408 once the time is up", async () => {
    const edge = await startEdge({
      timeouts: { headersMs: 200, requestMs: 300, idleMs: 1_000, checkMs: 50 },
    });
    const { socket, received } = connect(edge);
    socket.write(head(["Content-Length: 1000"]));
    const dribble = setInterval(() => socket.write(" "), 40);
    const answer = await received;
    clearInterval(dribble);
    expect(answer).toMatch(/^HTTP\/1.1 408 [\s\S]*"type":"urn:breakwater:problem:request_timeout"/);
    expect(edge.engine.ingested).toEqual([]);
  });

  it("never gets past its headers: 408", async () => {
    const edge = await startEdge({
      timeouts: { headersMs: 200, requestMs: 300, idleMs: 1_000, checkMs: 50 },
    });
    const { socket, received } = connect(edge);
    socket.write("POST /v1/alerts/generic HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    expect(await received).toMatch(/^HTTP\/1.1 408 /);
  });

  it("never gets past its headers and does not hang up: cut off all the same", async () => {
    const edge = await startEdge({
      timeouts: { headersMs: 200, requestMs: 300, idleMs: 1_000, checkMs: 50 },
    });
    const socket = new Socket({ allowHalfOpen: true });
    socket.on("error", () => undefined);
    socket.connect(Number(new URL(edge.url).port), "127.0.0.1");
    socket.resume().write("POST /v1/alerts/generic HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    await once(socket, "end");
    const connections = () => promisify(edge.app.server.getConnections.bind(edge.app.server))();
    await waitFor(async () => (await connections()) === 0, { what: "the connection to be gone" });
    socket.destroy();
  });

  it("is cut off half way: nothing is stored, and the server goes on", async () => {
    const edge = await startEdge();
    const { socket } = connect(edge);
    socket.write(`${head(["Content-Length: 1000"])}{"title":`);
    await once(socket, "connect");
    await new Promise((resolve) => socket.write("", resolve));
    socket.destroy();
    await waitFor(() => edge.log().includes("given up"), { what: "a log line" });
    expect(edge.engine.ingested).toEqual([]);
    expect((await sendAlert(edge)).status).toBe(200);
  });

  it("waits to be invited: a good request is, one that is refused anyway is not", async () => {
    const edge = await startEdge();
    const body = JSON.stringify(ALERT);
    const invited = connect(edge);
    invited.socket.write(
      head([`Content-Length: ${body.length}`, "Expect: 100-continue", "Connection: close"]),
    );
    await waitFor(() => invited.seen().includes("100 Continue"), { what: "the invitation" });
    invited.socket.write(body);
    expect(await invited.received).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /);
    const refused = connect(edge);
    refused.socket.write(head([`Content-Length: ${LIMIT + 1}`, "Expect: 100-continue"]));
    expect(await refused.received).toMatch(/^HTTP\/1.1 413 [\s\S]*connection: close/i);
  });

  it("comes beside too many other large ones: 503, and room again once they are gone", async () => {
    const edge = await startEdge();
    const others = Array.from({ length: 4 }, () => connect(edge));
    const size = LIMIT - 1;
    for (const { socket } of others)
      socket.write(`${head([`Content-Length: ${size}`])}${" ".repeat(size - 1)}`);
    const big = JSON.stringify({ ...ALERT, description: "x".repeat(20 * KIB) });
    await waitFor(async () => (await sendAlert(edge, { body: big })).status === 503, {
      what: "a refusal for lack of room",
    });
    for (const { socket } of others) socket.destroy();
    await waitFor(async () => (await sendAlert(edge, { body: big })).status === 200, { what: "room again" });
  });

  it("is not HTTP at all: 400 as a problem", async () => {
    const edge = await startEdge();
    const { socket, received } = connect(edge);
    socket.write("HELLO\r\n\r\n");
    expect(await received).toMatch(
      /^HTTP\/1.1 400 [\s\S]*application\/problem\+json[\s\S]*urn:breakwater:problem:bad_request/,
    );
  });

  it("has headers without end: 431", async () => {
    const edge = await startEdge();
    const { socket, received } = connect(edge);
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(40 * KIB)}\r\n\r\n`);
    expect(await received).toMatch(/^HTTP\/1.1 431 [\s\S]*urn:breakwater:problem:headers_too_large/);
  });
});

type Settings = NonNullable<Parameters<typeof startEdge>[0]>["config"];

function many(count: number, member: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => member(n)).join(",");
}

function config(more: Partial<NonNullable<Settings>>): NonNullable<Settings> {
  return {
    apiTokens: [],
    openSources: new Set(),
    sandbox: false,
    redaction: { allow: {} },
    assetNames: [],
    sourceSecrets: new Map([["generic", [SECRET]]]),
    maxBodyBytes: LIMIT,
    rateLimit: { requestsPerSecond: 5000, failuresPerMinute: 600 },
    ...more,
  };
}

/** A source that takes everything and remembers the requests it read. */
function recording(requests: SourceRequest[]): Source {
  return {
    name: "recording",
    title: "Recording",
    contentTypes: [],
    authenticate: () => undefined,
    read: (request) => {
      requests.push(request);
      return { alerts: [], rejected: [] };
    },
  };
}
