import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { sourceCommand } from "../../src/cli/source.ts";
import { SOURCES } from "../../src/source/registry.ts";
import { runCommand } from "./run.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures");

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "source-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

async function payload(body: unknown): Promise<string> {
  const path = join(dir, "payload.json");
  await writeFile(path, typeof body === "string" ? body : JSON.stringify(body));
  return path;
}

const run = (...args: string[]) => runCommand(sourceCommand, args);

const LATE = {
  title: "orders is late",
  assets: ["bigquery/shop.core.orders"],
  description: "Ask ana@fernhollow.example",
};

describe("breakwater source test", () => {
  test("shows how an alert is read: identity, assets, what it goes together by, what was taken out", async () => {
    const { out, code } = await run("test", "generic", await payload(LATE));
    expect(code).toBe(0);
    expect(out).toContain("FIRING  error  orders is late\n");
    expect(out).toMatch(/identity +\S+ +\(fingerprint [0-9a-f]{16}\)/);
    expect(out).toContain("bigquery/shop.core.orders");
    expect(out).toMatch(/together by +asset:/);
    expect(out).toContain("Ask [redacted e-mail]");
    expect(out).toContain("secrets or personal data were taken out");
    expect(out).toContain("1 alert, 0 changes, 0 parts not read. Nothing was stored.");
  });

  test("reads what was sent gzipped, and prints JSON where it is asked to", async () => {
    const path = join(dir, "payload.gz");
    await writeFile(path, gzipSync(JSON.stringify(LATE)));
    const { out } = await run("test", "generic", path, "--json");
    expect(JSON.parse(out).alerts[0]).toMatchObject({ title: "orders is late", status: "firing" });
  });

  test("names assets as the bot would, by the configuration", async () => {
    const config = join(dir, "breakwater.yaml");
    await writeFile(config, "assetNames: [{from: warehouse, to: 'postgres://db:5432', prefix: shop.core}]");
    vi.stubEnv("BREAKWATER_CONFIG", config);
    const late = await payload({ title: "orders is late", assets: ["warehouse/orders"] });
    const { out } = await run("test", "generic", late);
    expect(out).toMatch(/assets +postgres:\/\/db:5432\/shop\.core\.orders$/m);
    expect(out).toMatch(/together by +asset:postgres:\/\/db:5432\/shop\.core\.orders$/m);
    expect(out).not.toContain("were taken out");
    const json = JSON.parse((await run("test", "generic", late, "--changes", "--json")).out);
    expect(json.changes[0].assets).toEqual([{ namespace: "postgres://db:5432", name: "shop.core.orders" }]);
  });

  test("reads a change with the headers and the path it came with", async () => {
    const push = {
      ref: "refs/heads/main",
      before: "0".repeat(40),
      after: "a".repeat(40),
      repository: { full_name: "fernhollow/analytics", html_url: "https://github.com/fernhollow/analytics" },
      pusher: { name: "maya" },
      commits: [
        { id: "a".repeat(40), message: "Rename", added: [], modified: ["models/orders.sql"], removed: [] },
      ],
    };
    const file = await payload(push);
    const header = ["--header", "X-GitHub-Event: push"];
    const { out } = await run("test", "github", file, ...header);
    expect(out).toContain("CHANGE  push succeeded");
    expect(out).toContain("models/orders.sql");
    // In front of the words, too, and as often as there are headers.
    const delivery = ["--header", "X-GitHub-Delivery: d-1"];
    expect((await run("test", ...header, ...delivery, "github", file)).out).toMatch(/delivery +d-1\n/);
    const closed = await run(
      "test",
      "opsgenie",
      await payload({ source: "ci" }),
      "--path",
      "/v2/alerts/orders-late/close?identifierType=alias",
    );
    expect(closed.out).toContain("RESOLVED");
    expect(closed.out).toContain("orders-late");
  });

  test("says plainly what is wrong, and fails", async () => {
    expect(await run("test", "nope", "x")).toMatchObject({
      err: expect.stringContaining("There is no source nope. Sources: "),
      code: 1,
    });
    expect(await run("test", "generic", join(dir, "missing.json"))).toMatchObject({
      err: expect.stringContaining("cannot be read"),
      code: 1,
    });
    expect(await run("test", "generic", await payload("{"))).toMatchObject({
      err: expect.stringContaining("is not JSON"),
      code: 1,
    });
    expect(await run("test", "dbt", await payload({ nothing: true }))).toMatchObject({ code: 1, out: "" });
    const half = await run("test", "generic", await payload([LATE, { title: 7 }]));
    expect([half.code, half.out]).toEqual([1, expect.stringContaining("Not read: [1].title")]);
  });

  test("says where changes are read that have no address of their own", async () => {
    const column = {
      entityUrn: "urn:li:dataset:(urn:li:dataPlatform:snowflake,shop.core.orders,PROD)",
      category: "TECHNICAL_SCHEMA",
      operation: "REMOVE",
      parameters: { fieldPath: "total" },
    };
    const file = await payload(column);
    expect(await run("test", "datahub", file, "--changes")).toEqual({
      out: "",
      err: "There is no /v1/changes/datahub. What DataHub says of changes is read at /v1/alerts/datahub: leave --changes out.\n",
      code: 1,
    });
    expect((await run("test", "datahub", file)).out).toContain("CHANGE  schema succeeded");
  });

  test("shows what is taken of lineage, beside alerts and from the address that is for it alone", async () => {
    const start = {
      eventType: "START",
      eventTime: "2026-11-22T02:03:09Z",
      run: { runId: "0199ff2b-6a7e-7c34-9a5b-2f1c0c8f4d11" },
      job: { namespace: "airflow", name: "orders_daily" },
      inputs: [{ namespace: "bigquery", name: "raw.orders" }],
      outputs: [{ namespace: "bigquery", name: "core.orders" }],
    };
    const { out } = await run("test", "openlineage", await payload(start));
    expect(out).toContain("LINEAGE  3 assets, 2 edges\n  stated by      openlineage airflow/orders_daily\n");
    expect(out).toContain("0 alerts, 0 changes, 1 statement of lineage, 0 parts not read.");
    const written = await payload({ assets: [{ asset: "w/orders", upstream: ["w/raw"] }] });
    const { out: json } = await run("test", "generic", written, "--lineage", "--json");
    expect(JSON.parse(json).lineage).toEqual([
      { provider: "yaml", key: "posted", assets: 2, edges: 1, warnings: [] },
    ]);
    expect(await run("test", "grafana", written, "--lineage")).toMatchObject({
      err: "There is no /v1/lineage/grafana. Lineage is read from dbt, generic, openlineage.\n",
      code: 1,
    });
  });

  test.each([
    ["cloudwatch", "subscription", "confirms the subscription"],
    ["cloudformation", "subscription-v2", "confirms the subscription"],
    ["eventbridge", "unsubscription", "the subscription has ended"],
  ])(
    "says of what SNS sends %s to set a subscription up that it is that (%s)",
    async (source, name, words) => {
      const { out, err, code } = await run("test", source, join(FIXTURES, "sns", `${name}.json`));
      expect([err, code]).toEqual(["", 0]);
      expect(out).toMatch(/^SNS .+ Nothing was sent or stored\.\n$/);
      expect(out).toContain(words);
    },
  );

  test("says of what Soda sends to try the address that it is that, and finds nothing in it", async () => {
    const file = await payload({ event: "validate" });
    expect(await run("test", "soda", file)).toMatchObject({
      out: expect.stringMatching(/^Soda Cloud tries the address .+ Nothing was sent or stored\.\n$/),
      code: 0,
    });
    const { out } = await run("test", "soda", file, "--json");
    expect(JSON.parse(out)).toEqual({ alerts: [], changes: [], lineage: [], rejected: [] });
  });

  test("says where there is nothing to take in", async () => {
    const { out, code } = await run(
      "test",
      "sentry",
      await payload({ action: "created", data: {} }),
      "--header",
      "Sentry-Hook-Resource: installation",
    );
    expect([code, out]).toEqual([0, expect.stringContaining("Neither alert nor change")]);
  });
});

test("breakwater source list names every source with its addresses", async () => {
  const { out } = await run("list");
  for (const { name, title, read, readChanges, readLineage } of SOURCES) {
    const line = out.split("\n").find((each) => each.startsWith(`${name} `))!;
    expect(line.match(/\/v1\/\S+/g)).toEqual([
      ...(read ? [`/v1/alerts/${name}`] : []),
      ...(readChanges ? [`/v1/changes/${name}`] : []),
      ...(readLineage ? [`/v1/lineage/${name}`] : []),
    ]);
    expect(line.endsWith(` ${title}`), line).toBe(true);
  }
});
