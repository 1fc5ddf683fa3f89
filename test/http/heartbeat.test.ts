import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { startHeartbeat } from "../../src/http/heartbeat.ts";
import { waitFor } from "../harness/wait.ts";

let server: Server;
let beats: string[];
let status: number;
let end: () => void;
let warned: object[];

beforeEach(async () => {
  beats = [];
  status = 200;
  warned = [];
  server = createServer((request, response) => {
    beats.push(`${request.method} ${request.url}`);
    if (status === 302) response.setHeader("location", "/elsewhere");
    response.writeHead(status).end("ok");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  end?.();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

function start(ready: () => Promise<boolean>): void {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping/secret-id`;
  const log = { warn: (fields: object) => void warned.push(fields) };
  end = startHeartbeat({ url, everyMs: 20, ready, fetch, log });
}

it("beats for as long as all is well, and not otherwise", async () => {
  let ready = true;
  start(async () => ready);
  await waitFor(() => beats.length >= 3, { what: "three beats" });
  expect(new Set(beats)).toEqual(new Set(["GET /ping/secret-id"]));
  ready = false;
  await new Promise((done) => setTimeout(done, 60));
  const before = beats.length;
  await new Promise((done) => setTimeout(done, 100));
  expect(beats.length).toBe(before);
  ready = true;
  await waitFor(() => beats.length > before, { what: "another beat" });
  expect(warned).toEqual([]);
});

it("goes on after a failure, follows no redirect, and keeps the address out of the log", async () => {
  status = 302;
  start(async () => true);
  await waitFor(() => warned.length >= 2, { what: "two warnings" });
  expect(beats.join()).not.toContain("elsewhere");
  status = 500;
  await waitFor(() => JSON.stringify(warned).includes("500"), { what: "the status" });
  expect(JSON.stringify(warned)).not.toContain("secret-id");
});

it("is refused at any address but http and https", () => {
  for (const url of ["file:///etc/passwd", "ftp://a/b", "javascript:alert(1)", "gopher://a", "a"])
    expect(() => loadConfig({ BREAKWATER_HEARTBEAT_URL: url }), url).toThrow(/BREAKWATER_HEARTBEAT_URL/);
  expect(loadConfig({ BREAKWATER_HEARTBEAT_URL: "https://hc.example/x" }).heartbeat.url).toBe(
    "https://hc.example/x",
  );
});
