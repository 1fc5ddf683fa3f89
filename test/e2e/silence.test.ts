/** Alerts that are held back: asked for by people, told in Slack, counted on the root message, listed, and let go. */
import { expect, test } from "vitest";
import { CHANNEL_ID, LATE_ORDERS, openWorld } from "./world.ts";

const world = openWorld();

/** A message of the bot in the channel, in no thread, that says this. */
const announced = (words: string) =>
  world.slack.waitFor(
    async () => {
      const messages = await world.slack.messages(CHANNEL_ID);
      return messages.find(
        (message) => !message.thread_ts && JSON.stringify([message.text, message.blocks]).includes(words),
      );
    },
    { what: `the channel to hear “${words}”` },
  );

test("what is silenced from a thread is counted on its root message, listed, and told when it ends", async () => {
  const key = await world.alert({ dedup_key: "late" });
  await world.card(key, "1 firing");
  await world.mention("maya", key, "silence source=generic title=unique* 2h backfill is running");
  await world.reply(key, "Silenced");
  const held = await world.send("generic", {
    ...LATE_ORDERS,
    dedup_key: "unique",
    title: "unique on orders failed",
  });
  expect(held.body.alerts[0]).toMatchObject({ outcome: "silenced", incident: key });
  await world.card(key, "1 firing", "1 held back");
  await world.slash("jonas", "silences");
  const { text, blocks } = await world.told("jonas", "1 alert held");
  const listed = text + JSON.stringify(blocks);
  expect(listed).toContain("S-1");
  expect(listed).toContain("unique on orders failed");
  expect(listed).toContain("backfill is running");
  await world.mention("jonas", key, "unsilence S-1 the backfill is done");
  await world.card(key, "2 firing");
  await world.reply(key, "Silence S-1 ended");
});

test("what is silenced from the channel is told there, and opens nothing until it ends", async () => {
  await world.slash("maya", "silence asset=*.orders 1h the shop team moves its tables");
  await world.told("maya", "Silenced (S-1)");
  await announced("the shop team moves its tables");
  const answer = await world.send("generic", {
    title: "orders is late",
    severity: "error",
    dedup_key: "late",
    assets: ["postgres/shop.public.orders"],
  });
  expect(answer.body.alerts[0]).toMatchObject({ outcome: "silenced", incident: null });
  await world.slash("maya", "silence extend S-1 30m slow");
  await world.told("maya", "Silenced for longer (S-1)");
  expect(JSON.stringify(await announced("Silenced for longer (S-1)"))).toContain("It holds 1 alert.");
  await world.slash("maya", "unsilence s1");
  await world.card("INC-1", "orders is late");
});

test("a line that is not clear says what is missing", async () => {
  await world.slash("maya", "silence source=dbt");
  await world.told("maya", "Say for how long and why");
  await world.slash("maya", "silence source=dtb 1h typo");
  await world.told(
    "maya",
    "No source is called `dtb`, so this would hold nothing. Did you mean `source=dbt`?",
  );
  await world.slash("maya", "unsilence S-7");
  await world.told("maya", "No silence S-7 is under way");
});
