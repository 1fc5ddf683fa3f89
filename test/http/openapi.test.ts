import { readFileSync } from "node:fs";
import type { RouteOptions } from "fastify";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { IncidentQuery } from "../../src/http/incidents.ts";
import { httpMetrics } from "../../src/http/metrics.ts";
import { outboxMetrics } from "../../src/http/outbox-metrics.ts";
import { PROBLEMS } from "../../src/http/problem.ts";
import { PROTOCOLS } from "../../src/http/protocols/routes.ts";
import { buildServer } from "../../src/http/server.ts";
import { Ingested, Postmortem } from "../../src/http/shapes.ts";
import { renderPostmortem } from "../../src/render/postmortem.ts";
import { SOURCES } from "../../src/source/registry.ts";
import { inputOf, story } from "../core/report/late-orders.ts";
import { edgeDeps, read, startEdge } from "./harness.ts";

const DOC = readFileSync(new URL("../../docs/http.md", import.meta.url), "utf8");

type Operation = {
  operationId: string;
  summary: string;
  tags: string[];
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean }[];
  responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>;
};
type Document = {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
};

async function document(): Promise<Document> {
  const edge = await startEdge({ sources: SOURCES });
  return (await (await read(edge, "/openapi.json", {})).json()) as Document;
}

/** Every method and address the server answers to, as `GET /healthz`, in OpenAPI's spelling. */
async function routes(): Promise<string[]> {
  const app = buildServer(edgeDeps({ sources: SOURCES }).deps);
  const found: string[] = [];
  app.addHook("onRoute", ({ method, url, schema }: RouteOptions) => {
    if (schema && "hide" in schema) return; // the 405s
    for (const each of [method].flat())
      if (each !== "HEAD") found.push(`${each} ${url.replace(/:(\w+)/g, "{$1}")}`);
  });
  await app.ready();
  await app.close();
  return found.sort();
}

const operations = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      path,
      operation,
    })),
  );

describe("the OpenAPI document", () => {
  it("covers every route and no other", async () => {
    const documented = operations(await document()).map(({ route }) => route);
    expect(documented.filter((route) => !route.startsWith("HEAD ")).sort()).toEqual(await routes());
    expect(documented).toHaveLength(new Set(documented).size);
  });

  it("is OpenAPI 3.1 with what each operation needs", async () => {
    const doc = await document();
    expect(doc).toMatchObject({ openapi: "3.1.0", info: { title: "Breakwater", version: "1" } });
    const ids = new Set<string>();
    for (const { route, path, operation } of operations(doc)) {
      expect(operation, route).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] });
      ids.add(operation.operationId);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((each) => each.in === "path");
      expect(
        declared.map(({ name }) => name),
        route,
      ).toEqual(inPath);
      expect(
        declared.every(({ required }) => required),
        route,
      ).toBe(true);
      for (const answer of Object.values(operation.responses)) expect(answer.description, route).toBeTruthy();
      for (const scheme of (operation.security ?? []).flatMap(Object.keys)) {
        expect(doc.components.securitySchemes).toHaveProperty(scheme);
      }
    }
    expect(ids.size).toBe(operations(doc).length);
  });

  it("has no reference that leads nowhere, and no schema that nothing refers to", async () => {
    const doc = await document();
    const text = JSON.stringify(doc);
    const referred = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect([...new Set(referred)].sort()).toEqual(Object.keys(doc.components.schemas).sort());
    expect(text.match(/"\$ref":"(?!#\/components\/schemas\/)/)).toBeNull();
  });

  it("tells every field of a postmortem as JSON", async () => {
    const { body } = renderPostmortem("json", inputOf(story()));
    const report = JSON.parse(body);
    expect(Postmortem.safeParse(report).error).toBeUndefined();
    const doc = await document();
    const { content } = doc.paths["/v1/incidents/{key}/postmortem.{format}"]!.get!.responses["200"]!;
    expect(content!["application/json"]!.schema).toEqual({ $ref: "#/components/schemas/Postmortem" });
    const { properties } = doc.components.schemas.Postmortem as { properties: object };
    expect(Object.keys(properties).sort()).toEqual(Object.keys(report).sort());
  });

  it("says of another product's address how it answers, also where it refuses", async () => {
    const { paths } = await document();
    for (const route of PROTOCOLS.flatMap((protocol) => protocol.routes)) {
      const path = route.url.replace(/:(\w+)/g, "{$1}");
      const { responses } = (paths[path] as Record<string, Operation>)[route.method.toLowerCase()]!;
      expect(Object.keys(responses), path).toEqual(["2XX", "4XX", "5XX"]);
    }
  });

  it("tells the alert format, the sources, the filters and the problems", async () => {
    const doc = await document();
    const send = doc.paths["/v1/alerts/{source}"]!.post!;
    expect(JSON.stringify(doc.components.schemas.AlertBody)).toContain("What is broken, in one line");
    const change = doc.paths["/v1/changes/{source}"]!.post!;
    for (const { name, read: alerts, readChanges } of SOURCES) {
      if (alerts) expect(JSON.stringify(send.parameters)).toContain(`"${name}"`);
      if (readChanges) expect(JSON.stringify(change.parameters)).toContain(`"${name}"`);
    }
    expect(Object.keys(send.responses)).toEqual([
      "200",
      "400",
      "401",
      "404",
      "408",
      "413",
      "415",
      "422",
      "429",
      "500",
      "503",
    ]);
    const list = doc.paths["/v1/incidents"]!.get!;
    expect(list.parameters!.map(({ name }) => name)).toEqual(Object.keys(IncidentQuery.shape));
    expect(list.responses["401"]!.content).toEqual({
      "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
    });
    expect(list.security).toEqual([{ bearer: [] }]);
    for (const { path, operation } of operations(doc))
      if (operation.security?.length === 1 && path.startsWith("/v1/"))
        expect(Object.keys(operation.responses), path).toEqual(expect.arrayContaining(["401", "429", "500"]));
    expect(doc.paths["/healthz"]!.get!.security).toBeUndefined();
  });
});

it("says of each protocol where its clients put the secret", async () => {
  const { paths } = await document();
  const schemes = PROTOCOLS.map(({ routes, source }) => {
    const { method, url } = routes[0]!;
    const { security } = paths[url.replace(/:(\w+)/g, "{$1}")]![method.toLowerCase()]!;
    return [source, security!.flatMap(Object.keys)[0] ?? "the address"];
  });
  expect(Object.fromEntries(schemes)).toEqual({
    pagerduty: "routingKey",
    alertmanager: "bearer",
    openlineage: "bearer",
    "slack-webhook": "the address",
    datakitchen: "serviceAccountKey",
    opsgenie: "genieKey",
  });
});

describe("docs/http.md", () => {
  it("names every route", async () => {
    for (const route of await routes()) expect(DOC).toContain(`\`${route}\``);
  });

  it("names every problem with its status", () => {
    for (const [code, { status }] of Object.entries(PROBLEMS))
      expect(DOC).toContain(`| \`${code}\` | ${status} |`);
    const listed = [...DOC.matchAll(/^\| `(\w+)` \| \d{3} \|/gm)].map(([, code]) => code);
    expect(listed).toEqual(Object.keys(PROBLEMS));
  });

  it("shows an answer that has every list, as answers do", () => {
    const [, example] = /```json\n(\{\n {2}"alerts"[\s\S]*?)```/.exec(DOC)!;
    expect(Object.keys(JSON.parse(example!))).toEqual(Object.keys(Ingested.shape));
  });

  it("lists every metric and no other", () => {
    const registry = new Registry();
    httpMetrics(registry, SOURCES);
    outboxMetrics(registry, () => Promise.reject(new Error("nobody asks")));
    const listed = [...DOC.matchAll(/^\| `(breakwater_\w+)` \|/gm)].map(([, name]) => name);
    expect(listed).toEqual(registry.getMetricsAsArray().map(({ name }) => name));
  });

  it("names every filter of the list and every source", () => {
    for (const name of Object.keys(IncidentQuery.shape)) expect(DOC).toContain(`| \`${name}\` |`);
    for (const { name } of SOURCES) expect(DOC).toContain(`\`${name}\``);
  });
});
