import Database from "better-sqlite3";
import { describe, expect, test, vi } from "vitest";
import { openWorld } from "../e2e/world.ts";
import { addressesOf, type Route, SOURCE_SECRETS, watchRoutes } from "./everything.ts";

// Some seventy addresses, six times over.
vi.setConfig({ testTimeout: 90_000 });

const routes: Route[] = watchRoutes();

/** What anybody may ask, and why. All else wants proof. */
const PUBLIC: Record<string, string> = {
  "/": "says the product's name and where its documentation is",
  "/healthz": "an orchestrator's probe has no secret; it says that the process runs",
  "/readyz": "a probe as well; it names parts that are not ready, no incident and no address",
  "/metrics": "scrapers; counts by source and route, nothing of what was sent",
  "/openapi.json": "the shapes of the API, the same as in the public repository",
};

/** Ways to offer a secret that senders have; each carries a wrong one. */
const WRONG: Record<string, string> = {
  authorization: "Bearer not-the-secret",
  "x-api-key": "not-the-secret",
  "x-routing-key": "not-the-secret",
  "x-gitlab-token": "not-the-secret",
  "x-hub-signature-256": `sha256=${"0".repeat(64)}`,
  "x-slack-signature": `v0=${"0".repeat(64)}`,
  "x-slack-request-timestamp": String(Math.floor(Date.now() / 1000)),
};

const OFFERS: [string, Record<string, string>, string][] = [
  ["nothing", {}, ""],
  ["a wrong secret in every header", WRONG, ""],
  ["a wrong token in the address", {}, "?token=not-the-secret"],
  ["an empty bearer token", { authorization: "Bearer " }, "?token="],
  [
    "HTTP Basic with a wrong password",
    { authorization: `Basic ${Buffer.from("a:b").toString("base64")}` },
    "",
  ],
  ["a cookie and a forwarded address", { cookie: "id=1", "x-forwarded-for": "127.0.0.1" }, ""],
];

/** Bodies with which a sender that is authentic would be heeded. */
const BODY = JSON.stringify({
  title: "orders is late",
  dedup_key: "1",
  message: "x",
  routing_key: "x",
  alerts: [],
});

const distinct = () => [...new Map(routes.map((route) => [`${route.method} ${route.url}`, route])).values()];

for (const [what, config] of Object.entries({
  "whose secrets are all set": { sandbox: false, sourceSecrets: SOURCE_SECRETS, apiTokens: ["read-token"] },
  "for which no secret is set": { sandbox: false, sourceSecrets: new Map(), apiTokens: [] },
})) {
  describe(`a server ${what}`, () => {
    const world = openWorld({ http: true, config });
    const stored = () => {
      const file = new Database(world.databasePath, { readonly: true });
      const tables = file
        .prepare("select name from sqlite_master where type = 'table' order by name")
        .pluck();
      const rows = tables
        .all()
        .map((name) => [name, file.prepare(`select count(*) from "${name}"`).pluck().get()]);
      file.close();
      return rows;
    };

    test("gives nothing and takes nothing, at no address, from who offers no right secret", async () => {
      const before = stored();
      const open: string[] = [];
      for (const [offer, headers, query] of OFFERS)
        for (const route of distinct().filter(({ url }) => PUBLIC[url] === undefined))
          for (const address of addressesOf(route)) {
            const answer = await fetch(world.app.url + address + query, {
              method: route.method,
              headers: { "content-type": "application/json", ...headers },
              ...(["GET", "HEAD"].includes(route.method) ? {} : { body: BODY }),
            });
            const text = await answer.text();
            // PagerDuty answers a wrong routing key 400, Slack a wrong webhook 403. A type that is not taken is refused first.
            if (![400, 401, 403, 415].includes(answer.status) || text.includes("hush-"))
              open.push(`${route.method} ${address} with ${offer}: ${answer.status} ${text.slice(0, 100)}`);
          }
      expect(open).toEqual([]);
      expect(stored()).toEqual(before);
    });
  });
}

describe("the list of addresses", () => {
  const world = openWorld({ http: true });

  test("has all of them: ingest, protocols, the read API, Slack's, and those that are public", () => {
    const urls = new Set(routes.map(({ url }) => url));
    for (const url of ["/v1/alerts/:source", "/v1/incidents/:key/postmortem.:format", "/slack/events"])
      expect([...urls]).toContain(url);
    for (const url of [
      "/v2/enqueue",
      "/slack/incoming/:secret",
      "/v2/alerts/requests/:requestId",
      "/api/v1/lineage/batch",
    ])
      expect([...urls]).toContain(url);
    for (const url of Object.keys(PUBLIC)) expect([...urls]).toContain(url);
    expect(distinct().length).toBeGreaterThan(30);
  });

  test("what is public says nothing of incidents, alerts, secrets or people", async () => {
    await world.alert({ title: "payroll is late", assets: ["db/payroll"] });
    await world.card("INC-1");
    for (const url of Object.keys(PUBLIC)) {
      const { status, text } = await world.request(url);
      expect([url, status]).toEqual([url, 200]);
      expect(/payroll|xoxb-|xapp-|U0MAYA|Maya/.exec(text)?.[0], url).toBeUndefined();
    }
  });
});
