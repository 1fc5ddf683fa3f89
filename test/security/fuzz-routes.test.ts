/** Any request to any address: no fault of ours, no hanging, and nothing is kept of what was refused. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildServer } from "../../src/http/server.ts";
import { SOURCES } from "../../src/source/registry.ts";
import { edgeDeps, type FakeEngine, TOKEN } from "../http/harness.ts";
import { anyText, FRAGMENTS, FUZZ_TEST_MS, within } from "./budget.ts";
import { addressesOf, type Route, SOURCE_SECRETS, watchRoutes } from "./everything.ts";

const routes: Route[] = watchRoutes();
const { deps, engine, log } = edgeDeps({
  sources: SOURCES,
  config: {
    ...edgeDeps().deps.config,
    sourceSecrets: SOURCE_SECRETS,
    rateLimit: { requestsPerSecond: 1_000_000, failuresPerMinute: 1_000_000 },
  },
});
const app = buildServer(deps);
let url = "";
beforeAll(async () => {
  url = await app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(() => app.close());

const secretFor = (address: string) => {
  const name = /^\/v1\/(?:alerts|changes|lineage)\/([\w-]+)/.exec(address)?.[1];
  if (name) return SOURCE_SECRETS.get(name)?.[0];
  const protocols: [RegExp, string][] = [
    [/^\/v2\/(change\/)?enqueue/, "pagerduty"],
    [/^\/api\/v2\/alerts/, "alertmanager"],
    [/^\/v2\/alerts/, "opsgenie"],
    [/^\/api\/v1\/lineage/, "openlineage"],
    [/^(\/api)?\/(events|agent)\//, "datakitchen"],
    [/^\/slack\/incoming/, "slack-webhook"],
  ];
  const source = protocols.find(([pattern]) => pattern.test(address))?.[1];
  return source ? SOURCE_SECRETS.get(source)![0] : TOKEN;
};

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value));
const nested = fc.nat(3000).map((depth) => `${'{"a":['.repeat(depth)}1${"]}".repeat(depth)}`);
const wrapped = fc
  .tuple(
    fc.constantFrom("Message", "payload", "data", "detail", "text", "alerts", "__proto__"),
    fc.oneof(json, nested, anyText),
  )
  .map(([key, inner]) => `{"Type":"Notification","specversion":"1.0","${key}":${JSON.stringify(inner)}}`);
const bodies = fc.oneof(
  json,
  nested,
  wrapped,
  anyText,
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

const TYPES = [
  ...[
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/cloudevents+json",
    "text/xml",
    "",
  ],
  ...new Set(SOURCES.flatMap(({ contentTypes }) => contentTypes)),
];
const headers = fc.dictionary(
  fc.constantFrom(
    ...[
      "content-encoding",
      "ce-specversion",
      "ce-type",
      "x-request-id",
      "x-amz-sns-message-type",
      "webhook-id",
    ],
    ...[
      "webhook-timestamp",
      "webhook-signature",
      "x-routing-key",
      "x-github-event",
      "x-forwarded-for",
      "constructor",
    ],
  ),
  fc.oneof(
    fc.constantFrom("gzip", "br", "identity", "1.0", "100", "x", "Notification"),
    fc.string({ maxLength: 30 }),
  ),
);

const requests = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"),
  pick: fc.nat(),
  /** Mostly an address that there is, sometimes one that is made up, with anything behind it. */
  path: fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.array(fc.constantFrom(...FRAGMENTS, "/v1", "/..", "%2e%2e%2f", "%zz"), { maxLength: 6 }),
    },
  ),
  query: fc.option(
    fc.array(
      fc.tuple(fc.constantFrom("token", "limit", "q", "state", "cursor", "__proto__", "namespace"), anyText),
      { maxLength: 3 },
    ),
  ),
  authentic: fc.boolean(),
  type: fc.constantFrom(...TYPES),
  headers,
  body: bodies,
});

function kept({ ingested, recorded }: FakeEngine): number {
  return ingested.length + recorded.length;
}

/** Header values and addresses that no HTTP client could send never get as far as us. */
const sendable = (text: string) => text.replace(/[^\x20-\x7e]/g, "").trim();

test(
  "any request is answered, never with a fault, and what is refused leaves nothing behind",
  async () => {
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(
        requests,
        async ({ method, pick, path, query, authentic, type, headers: more, body }) => {
          const addresses = routes.flatMap(addressesOf);
          const address =
            path === null ? addresses[pick % addresses.length]! : `/${path.map(encodeURI_).join("")}`;
          const asked = query
            ?.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
            .join("&");
          const secret = authentic ? secretFor(address) : "wrong";
          const verb = path === null && pick % 3 ? "POST" : method;
          const before = kept(engine);
          const started = performance.now();
          const answer = await fetch(`${url}${address}${asked ? `?${asked}` : ""}`, {
            method: verb,
            headers: {
              ...Object.fromEntries(Object.entries(more).map(([name, value]) => [name, sendable(value)])),
              authorization: `Bearer ${secret}`,
              "x-routing-key": secret!,
              ...(type === "" ? {} : { "content-type": type }),
            },
            ...(verb === "GET" || verb === "HEAD" ? {} : { body: body as string }),
          });
          const said = `${verb} ${address} ${type}: ${answer.status} ${(await answer.text()).slice(0, 200)}`;
          // 503 is for senders whose proof lies elsewhere, and there is no network here.
          if (answer.status !== 503) expect(answer.status, said).toBeLessThan(500);
          if (answer.status >= 400) expect(kept(engine), said).toBe(before);
          expect(performance.now() - started, said).toBeLessThan(5_000);
          for (const signal of [...engine.ingested, ...engine.recorded].slice(before)) {
            expect(Object.getPrototypeOf(signal.labels)).toBe(Object.prototype);
            expect(Object.hasOwn(signal.labels, "__proto__")).toBe(false);
          }
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        },
      ),
      within(2),
    );
    expect(log()).not.toContain('"msg":"fault"');
    // It got past the doors: some were taken, some refused for what they held.
    for (const status of [200, 401, 404]) expect(statuses.get(status) ?? 0, `${status}`).toBeGreaterThan(0);
  },
  FUZZ_TEST_MS,
);

function encodeURI_(text: string): string {
  return text.includes("%") ? text : encodeURIComponent(text.toWellFormed()).replaceAll("%2F", "/");
}
