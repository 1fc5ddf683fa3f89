/** Alerts that a person puts elsewhere, in threads as people do it. */
import { expect, test } from "vitest";
import { CHANNEL, MAYA, openWorld, wordsOf } from "./world.ts";

const world = openWorld();

const at = (name: string) => `postgres://db.fernhollow.example:5432/shop.${name}`;
const LINEAGE = {
  assets: [
    { asset: at("raw.orders"), kind: "source", downstream: [at("marts.orders"), at("marts.people")] },
    { asset: at("marts.orders"), downstream: [at("marts.people")] },
  ],
};

async function sends(table: string, about: object = {}) {
  const alert = { title: `${table} is wrong`, dedup_key: `check/${table}`, assets: [at(table)], ...about };
  return (await world.send("generic", alert)).body.alerts[0];
}

/** Two tables that lineage puts into one incident. */
async function together(): Promise<string> {
  const body = JSON.stringify(LINEAGE);
  const headers = { "content-type": "application/json" };
  expect((await world.request("/v1/lineage/generic", { method: "POST", headers, body })).status).toBe(200);
  const { incident } = await sends("marts.orders");
  await world.card(incident);
  expect(await sends("marts.people")).toMatchObject({ outcome: "grouped", incident });
  await world.card(incident, "2 firing");
  return incident;
}

const tables = async (key: string): Promise<string[]> =>
  (await world.incident(key)).alertList.map(({ title }: { title: string }) => title.split(" ")[0]).sort();

test("an alert is split off in the thread: it gets one of its own, each leads to the other, and it stays so", async () => {
  const first = await together();
  await world.mention("maya", first, "split people because the signup form broke it");
  const told = await world.reply(first, "1 alert split off to INC-2: marts.people is wrong");
  const own = await world.card("INC-2", "marts.people is wrong", "1 firing");
  const links = await Promise.all([
    linkTo(told, "INC-2"),
    world.reply("INC-2", "came from").then((message) => linkTo(message, first)),
  ]);
  expect(links[0]).toContain(own.ts.replace(".", ""));
  expect(links[1]).toContain((await world.card(first)).ts.replace(".", ""));
  expect(wordsOf(told)).toContain(`split off ${first} by ${MAYA}: the signup form broke it`);
  await world.card(first, "marts.orders is wrong", "1 firing");
  const said = (await world.timeline(first)).map(({ text }) => text);
  expect(said).toContain(`1 alert moved to INC-2 by ${MAYA}: the signup form broke it`);

  // It passes and fails again, and what is upstream of both fails too.
  await sends("marts.people", { status: "resolved" });
  expect(await sends("marts.people")).toMatchObject({ outcome: "grouped", incident: "INC-2" });
  expect(await sends("raw.orders")).toMatchObject({ outcome: "grouped", incident: first });
  await world.card(first, "raw.orders is wrong", "2 firing");
  expect(await tables("INC-2")).toEqual(["marts.people"]);
  expect((await world.incident("INC-2")).state).toBe("triggered");

  // Lineage would have it back; explain says who is in the way.
  await world.mention("maya", "INC-2", "explain marts.people");
  const why = wordsOf(await world.told("maya", "Here because"));
  expect(why).toContain("✅ its own incident: INC-2 has it and is open");
  expect(why).toMatch(
    new RegExp(
      `▫️ lineage, downstream: 1 step downstream of shop.raw.orders \\(${first}\\): a person took it apart`,
    ),
  );
});

test("an alert is moved to another thread, which says so, and what cannot be is refused with what can", async () => {
  const first = await together();
  const { incident: second } = await sends("lamps");
  await world.card(second);
  await world.mention("maya", first, "split wrong");
  await world.told("maya", `“wrong” fits 2 alerts of ${first}`);
  await world.mention("maya", first, "move people to INC-9");
  await world.told("maya", "There is no INC-9");
  await world.slash("maya", `move ${first} people to ${second} because it is the same lamp`);
  await world.reply(first, new RegExp(`marts.people is wrong”.* moved to .*${second}`, "s"));
  await world.reply(second, new RegExp(`marts.people is wrong”.* came from .*${first}`, "s"));
  await world.card(second, "2 firing");
  expect(await tables(second)).toEqual(["lamps", "marts.people"]);
  expect(await sends("marts.people", { dedup_key: "check/more" })).toMatchObject({ incident: second });
});

/** Where a message leads under a name. */
function linkTo(message: { blocks?: unknown[] }, name: string): string {
  const found = new RegExp(`<(http[^|>]+)\\|${name}>`).exec(JSON.stringify(message.blocks));
  expect(found, `${name} in ${JSON.stringify(message.blocks)} of ${CHANNEL}`).not.toBeNull();
  return found![1]!;
}
