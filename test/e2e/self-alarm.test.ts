/** The bot tells in its channel when something is wrong with itself, and when that is over. */
import { expect, test } from "vitest";
import { openWorld } from "./world.ts";

const world = openWorld({ config: { selfAlarm: { channel: "#data-incidents", afterMs: 300_000 } } });

const said = async () => (await world.slack.messages("#data-incidents")).map(({ text }) => text);

test("a source that is refused again and again is told once, and once when it is well again", async () => {
  for (let i = 0; i < 12; i++) expect((await world.send("generic", { nonsense: i })).status).toBe(422);
  await world.slack.waitFor(async () => (await said()).length > 0, { what: "the alarm", timeout: 25_000 });
  expect(await said()).toEqual([
    expect.stringMatching(/^⚠️ Something is wrong with me: 12 requests of the source generic in a row/),
  ]);
  expect((await world.request("/metrics")).text).toMatch(/^breakwater_troubles 1$/m);
  const key = await world.alert();
  await world.card(key);
  await world.slack.waitFor(async () => (await said()).some((text) => text.startsWith("✅ Over after")), {
    what: "the end of it",
    timeout: 25_000,
  });
  expect(await said()).toHaveLength(3);
  expect((await world.request("/metrics")).text).toMatch(/^breakwater_troubles 0$/m);
  expect((await world.request("/readyz")).text).toMatch(/last heard \d+ s ago/);
}, 60_000);
