/** Why an alert is where it is, asked in the thread. */
import { expect, test } from "vitest";
import { openWorld } from "./world.ts";

const world = openWorld({
  config: {
    routing: {
      routes: [
        { name: "people", match: { asset: "*.people" }, team: "people" },
        { name: "marts", match: { asset: "*.marts.*" }, severity: "SEV1", team: "analytics" },
      ],
    },
  },
});

test("explain says why an alert is here and which rules were tried", async () => {
  const key = await world.alert({ severity: "warning" });
  await world.card(key, "SEV1", "for analytics");
  await world.mention("maya", key, "explain orders late");
  const { text, blocks } = await world.told("maya", "Here because");
  const said = text + JSON.stringify(blocks);
  expect(said).toContain("no incident was open about analytics.marts.orders");
  expect(said).toContain("SEV1: rule “marts” says so");
  expect(said).toMatch(/▫️ people: /);
  expect(said).toMatch(/✅ marts: /);
});

test("explain says when no alert has that name", async () => {
  const key = await world.alert();
  await world.mention("maya", key, "why revenue");
  await world.told("maya", "is called “revenue”");
});

test("explain says what holds an alert that nobody was told of", async () => {
  await world.slash("maya", "silence title=late* 2h backfill is running");
  await world.told("maya", "Silenced (S-1)");
  await world.send("generic", { title: "late orders", assets: ["postgres/shop.public.orders"] });
  await world.slash("jonas", "explain late orders");
  const { text, blocks } = await world.told("jonas", "Held back since");
  const said = text + JSON.stringify(blocks);
  expect(said).toContain("silenced by Maya");
  expect(said).toContain("In no incident");
  expect(said).toContain("unsilence S-1");
});
