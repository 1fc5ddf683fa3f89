import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceRequest } from "../../src/source/source.ts";

/**
 * The bodies in test/fixtures/sources are written after the senders' formats, one directory a source. Beside
 * `<name>.json` a `<name>.request.json` may hold headers and query.
 */
const FIXTURES = join(import.meta.dirname, "../fixtures/sources");

export const RECEIVED_AT = "2026-11-22T12:00:00.000Z";

export function fixtureNames(source: string): string[] {
  const files = readdirSync(join(FIXTURES, source)).filter((file) => !file.endsWith(".request.json"));
  return files.map((file) => file.replace(/\.json$/, "")).sort();
}

export function fixture(source: string, name: string): SourceRequest {
  const path = join(FIXTURES, source, `${name}.json`);
  const extra = path.replace(/\.json$/, ".request.json");
  const given = existsSync(extra) ? JSON.parse(readFileSync(extra, "utf8")) : {};
  return { ...request(JSON.parse(readFileSync(path, "utf8"))), ...given };
}

export function request(body: unknown, more: Partial<SourceRequest> = {}): SourceRequest {
  const headers = { "content-type": "application/json" };
  return {
    headers,
    query: {},
    rawBody: Buffer.from(JSON.stringify(body) ?? ""),
    body,
    receivedAt: RECEIVED_AT,
    ...more,
  };
}
