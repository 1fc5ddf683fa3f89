/** Alerts that come and go, as people see them: when they are asked for the end, when they are not, and what is held. */
import { expect, test } from "vitest";
import type { SlackMessage } from "../harness/slack.ts";
import { buttonsOf, CHANNEL, LATE_ORDERS, openWorld, wordsOf } from "./world.ts";

const world = openWorld({
  config: {
    grouping: { wait: "0s", flapping: { changes: 4, within: "1h", quiet: "30m" } },
    routing: {
      routes: [
        { name: "staging", match: "asset=*.staging.*", autoResolve: true },
        { name: "nightly", match: "asset=*.nightly.*", passes: 2 },
      ],
    },
  },
});

const about = (table: string) => ({
  ...LATE_ORDERS,
  title: `${table} is late`,
  dedup_key: `freshness/${table}`,
  assets: [`snowflake://fernhollow/analytics.${table}`],
});
const fires = async (table: string) => (await world.send("generic", about(table))).body.alerts[0];
const passes = async (table: string) =>
  (await world.send("generic", { ...about(table), status: "resolved" })).body.alerts[0];
const thread = async (key: string): Promise<SlackMessage[]> => {
  const { ts } = await world.card(key);
  return (await world.slack.thread(CHANNEL, ts)).filter((message) => message.ts !== ts);
};
const saying = async (key: string, words: string) =>
  (await thread(key)).filter((message) => wordsOf(message).includes(words));

test("two nights have to pass before the thread asks for the end, and a failure in between begins anew", async () => {
  const { incident } = await fires("nightly.orders");
  await world.press("maya", incident, "ack");
  await passes("nightly.orders");
  await world.reply(incident, "Passed 1 of 2 runs.");
  await world.card(incident, "1 resolved, passed 1 of 2 runs");
  // The next night fails: it joins, and stays with whoever has it.
  expect(await fires("nightly.orders")).toMatchObject({ outcome: "grouped", incident });
  await world.card(incident, "Acknowledged", "1 firing");
  await passes("nightly.orders");
  await world.card(incident, "passed 1 of 2 runs");
  expect(await saying(incident, "Checks pass")).toEqual([]);
  await passes("nightly.orders");
  const asked = await world.reply(incident, "Checks pass: 2 runs in a row.");
  expect(buttonsOf(asked).map(({ action_id }) => action_id)).toEqual(["restored"]);
});

test("an incident that may ends by itself, says so, and is reopened from there; then a person has acted", async () => {
  const { incident } = await fires("staging.orders");
  await passes("staging.orders");
  const said = await world.reply(incident, /by itself: its checks passed \(rule “staging”\)/);
  await world.card(incident, "Resolved");
  await world.slack.click("maya", CHANNEL, said.ts, "reopen");
  await world.fill("maya", "reopen", { reason: "half of it is missing" });
  await world.card(incident, "Needs acknowledgement");
  await fires("staging.orders");
  await passes("staging.orders");
  await world.reply(incident, "The alert has resolved.");
  expect(await world.incident(incident)).toMatchObject({ state: "triggered" });
});

test("where somebody has the incident, it does not end by itself", async () => {
  const { incident } = await fires("staging.users");
  await world.press("maya", incident, "ack");
  await world.card(incident, "Acknowledged");
  await passes("staging.users");
  await world.reply(incident, "The alert has resolved.");
  expect(await world.incident(incident)).toMatchObject({ state: "acknowledged" });
});

test("a check that flaps is said once, held, and let go when it is quiet", async () => {
  const { incident } = await fires("marts.orders");
  await world.card(incident);
  await passes("marts.orders");
  await fires("marts.orders");
  await passes("marts.orders");
  expect(await fires("marts.orders")).toMatchObject({ outcome: "grouped" });
  await world.reply(incident, /flaps: 4 changes in \d+ s; held until it is quiet for 30 min\./);
  await world.card(incident, "1 firing (1 flapping)");
  await world.reply(incident, /🌀 \*flapping\* · marts\.orders is late/);
  const before = (await thread(incident)).length;
  for (let night = 0; night < 5; night++) {
    expect(await passes("marts.orders")).toMatchObject({ outcome: "deduplicated" });
    expect(await fires("marts.orders")).toMatchObject({ outcome: "deduplicated", incident });
  }
  await passes("marts.orders");
  expect(await thread(incident)).toHaveLength(before);
  expect(await saying(incident, "flaps: ")).toHaveLength(1);
  world.minutesAgo(-31);
  await passes("marts.orders");
  await world.reply(incident, "is quiet again: it passes.");
  await world.card(incident, "1 resolved");
  const kinds = (await world.timeline(incident)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind.startsWith("flapping"))).toEqual(["flapping_began", "flapping_ended"]);
  expect(kinds.filter((kind) => kind === "alert_refired")).toHaveLength(2);
});

test("data that an alert names only while it fires is on the card and in the thread, and has to recover as well", async () => {
  const { incident } = await fires("marts.refunds");
  await world.card(incident, "marts.refunds");
  const wider = {
    ...about("marts.refunds"),
    description: "two tables by now",
    assets: ["marts.refunds", "marts.payouts"].map((table) => `snowflake://fernhollow/analytics.${table}`),
  };
  expect((await world.send("generic", wider)).body.alerts[0]).toMatchObject({
    outcome: "deduplicated",
    incident,
  });
  await world.card(incident, "`payouts` impacted");
  await passes("marts.refunds");
  const asked = await world.reply(incident, "The alert has resolved.");
  expect(wordsOf(asked)).toMatch(/payouts/);
  expect((await world.timeline(incident)).map(({ text }) => text)).toContainEqual(
    "Alert names further data: marts.refunds is late (analytics.marts.payouts)",
  );
  expect((await world.incident(incident)).assets).toMatchObject([
    { name: "analytics.marts.refunds", recovery: "recovering" },
    { name: "analytics.marts.payouts", recovery: "recovering" },
  ]);
});
