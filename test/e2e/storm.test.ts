/** A storm at the front door, with lineage known: what the channel sees of it is one message per problem. */
import { expect, test } from "vitest";
import { CHANNEL, openWorld } from "./world.ts";

const world = openWorld({ config: { grouping: { wait: "1s" } } });

const at = (name: string) => `postgres://db.fernhollow.example:5432/shop.${name}`;

/** Two sources; the one feeds orders and everything built from them, the other the people's tables. */
const LINEAGE = {
  assets: [
    { asset: at("raw.orders"), kind: "source", downstream: [at("staging.stg_orders")] },
    { asset: at("staging.stg_orders"), downstream: [at("marts.orders"), at("marts.revenue")] },
    { asset: at("marts.orders"), downstream: [at("marts.retention")] },
    { asset: at("raw.people"), kind: "source", downstream: [at("marts.people")] },
  ],
};

/** An alert of one tool about one table. */
const alert = (table: string, about: object = {}) => ({
  title: `${table} is wrong`,
  dedup_key: `check/${table}`,
  assets: [at(table)],
  ...about,
});

async function posted(): Promise<string[]> {
  return (await world.slack.messages(CHANNEL)).map(({ text }) => text);
}

async function lineage(): Promise<void> {
  const { status } = await world.request("/v1/lineage/generic", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(LINEAGE),
  });
  expect(status).toBe(200);
}

test("one source breaks, five tables go red in three tools: one message, which names the source", async () => {
  await lineage();
  // Symptoms first, the cause last, as it often is.
  await world.send("generic", alert("marts.revenue"));
  await world.send("generic", alert("marts.retention"));
  await world.send("generic", alert("marts.orders"));
  await world.send("alertmanager", {
    version: "4",
    status: "firing",
    alerts: [
      {
        status: "firing",
        labels: { alertname: "TableStale", dataset_namespace: "postgres", table: "SHOP.STAGING.STG_ORDERS" },
        annotations: { summary: "stg_orders is stale" },
        startsAt: "2026-11-22T03:00:00Z",
        endsAt: "0001-01-01T00:00:00Z",
      },
    ],
  });
  const { body } = await world.send("dbt?namespace=postgres", {
    metadata: { invocation_id: "i1", generated_at: new Date().toISOString() },
    args: { which: "source" },
    results: [],
  });
  expect(body.alerts).toEqual([]);
  const last = await world.send("generic", alert("raw.orders", { title: "raw.orders was not loaded" }));
  const key = last.body.alerts[0].incident;
  const root = await world.card(key, "raw.orders was not loaded", "5 firing");
  expect(await posted()).toHaveLength(1);
  // Of the origins that were found on the way, and of the severity, the thread hears nothing.
  await world.reply(key, /Likely origin:\*? shop\.raw\.orders/);
  const replies = (await world.slack.thread(CHANNEL, root.ts)).filter(({ ts }) => ts !== root.ts);
  expect(replies.map(({ text }) => text)).toEqual([
    `${key} alerts: 5 firing`,
    `${key}: 🎯 Likely origin: shop.raw.orders – raw.orders was not loaded`,
  ]);
  const incident = await world.incident(key);
  expect(incident).toMatchObject({
    state: "triggered",
    title: "raw.orders was not loaded",
    originAsset: { name: "shop.raw.orders" },
    alerts: { total: 5, firing: 5 },
  });
  expect(incident.assets).toHaveLength(5);
  const open = (await world.get("/v1/incidents?state=triggered,acknowledged")).body.incidents;
  expect(open.map((each: { key: string }) => each.key)).toEqual([key]);
});

test("two unrelated problems in the same minute stay two", async () => {
  await lineage();
  const [orders, people] = await Promise.all([
    world.send("generic", alert("raw.orders")),
    world.send("generic", alert("raw.people")),
  ]);
  await world.send("generic", alert("marts.people"));
  await world.send("generic", alert("marts.retention"));
  const keys = [orders.body.alerts[0].incident, people.body.alerts[0].incident];
  for (const key of keys) await world.card(key, "2 firing");
  expect(new Set(keys).size).toBe(2);
  expect(await posted()).toHaveLength(2);
});

test("a cause that comes late makes the incident its own, and takes in those that stand below it", async () => {
  await lineage();
  const first = (await world.send("generic", alert("marts.revenue"))).body.alerts[0].incident;
  await world.card(first, "marts.revenue is wrong");
  const second = (await world.send("generic", alert("marts.retention"))).body.alerts[0].incident;
  await world.card(second, "marts.retention is wrong");
  const cause = await world.send("generic", alert("raw.orders", { title: "raw.orders was not loaded" }));
  expect(cause.body.alerts[0]).toMatchObject({
    outcome: "grouped",
    incident: first,
    reason: expect.stringContaining("upstream of shop.marts.revenue"),
  });
  await world.card(first, "raw.orders was not loaded");
  await world.reply(first, /Likely origin:\*? shop\.raw\.orders/);
  await world.reply(second, `Merged into ${first}`);
  expect((await world.incident(second)).mergedInto).toBe(first);
});

test("an incident that somebody works on is not merged away", async () => {
  await lineage();
  const first = (await world.send("generic", alert("marts.revenue"))).body.alerts[0].incident;
  const second = (await world.send("generic", alert("marts.retention"))).body.alerts[0].incident;
  await world.press("maya", second, "ack");
  await world.card(second, "Acknowledged");
  await world.card(first);
  await world.send("generic", alert("raw.orders"));
  await world.card(first, "raw.orders is wrong");
  expect((await world.incident(second)).state).toBe("acknowledged");
});

test("twenty tables break at once: one message says so before their threads come, one a second", async () => {
  const tables = Array.from({ length: 20 }, (_, n) => `lone_${n}`);
  const alerts = tables.map((table, n) => alert(table, n === 12 ? { severity: "critical" } : {}));
  await world.send("generic", { alerts });
  const [first, second] = await world.slack.waitFor(
    async () => {
      const texts = await posted();
      return texts.length >= 3 && texts;
    },
    { what: "the first messages", timeout: 15_000 },
  );
  expect(first).toMatch(/^20 incidents opened at once: 1 SEV1, 19 SEV\d/);
  expect(second).toContain("INC-13 SEV1");
  const [digest] = await world.slack.messages(CHANNEL);
  expect(JSON.stringify(digest!.blocks)).toContain("and 10 more");
});
