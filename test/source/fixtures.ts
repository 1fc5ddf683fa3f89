import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SOURCES } from "../../src/source/registry.ts";
import type { SourceRequest } from "../../src/source/source.ts";

/**
 * The bodies in test/fixtures are written after the senders' formats, one directory a source: `sources` holds what is
 * posted as alerts, `changes` what is posted as changes. Beside `<name>.json` (or `<name>.txt`, for a body that is no
 * JSON) a `<name>.request.json` may hold path, headers and query.
 */
const FIXTURES = join(import.meta.dirname, "../fixtures");
export type FixtureKind = "sources" | "changes";

export const RECEIVED_AT = "2026-11-22T12:00:00.000Z";

export function fixtureNames(source: string, kind: FixtureKind = "sources"): string[] {
  const files = readdirSync(join(FIXTURES, kind, source)).filter((file) => !file.endsWith(".request.json"));
  return files.map((file) => file.replace(/\.(json|txt)$/, "")).sort();
}

export function fixture(source: string, name: string, kind: FixtureKind = "sources"): SourceRequest {
  const path = join(FIXTURES, kind, source, name);
  const extra = `${path}.request.json`;
  const given = existsSync(extra) ? JSON.parse(readFileSync(extra, "utf8")) : {};
  const rawBody = readFileSync(existsSync(`${path}.json`) ? `${path}.json` : `${path}.txt`);
  const received = { ...request(undefined, given), rawBody };
  const { parse } = SOURCES.find((each) => each.name === source)!;
  return { ...received, body: parse?.(received) ?? JSON.parse(rawBody.toString("utf8")) };
}

export function request(body: unknown, more: Partial<SourceRequest> = {}): SourceRequest {
  const headers = { "content-type": "application/json" };
  return {
    path: "/",
    headers,
    query: {},
    rawBody: Buffer.from(JSON.stringify(body) ?? ""),
    body,
    receivedAt: RECEIVED_AT,
    fetch: () => Promise.reject(new Error("this source asks the network for nothing")),
    ...more,
  };
}
