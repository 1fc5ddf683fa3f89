/** One set of verbs, several doors: typed in the channel, typed in the thread, pressed, or filled in. */
import { expect, test } from "vitest";
import { buttonsOf, CHANNEL, HANNAH, JONAS, MAYA, openWorld, wordsOf } from "./world.ts";

const world = openWorld();
const PAYMENTS = {
  title: "payments lost 80 % of its rows",
  dedup_key: "volume/payments",
  assets: ["snowflake://fernhollow/analytics.marts.payments"],
};

test("acknowledging is the same whether typed in the channel, typed in the thread or pressed", async () => {
  const keys = [];
  for (const table of ["orders", "payments", "refunds"])
    keys.push(await world.alert({ dedup_key: table, assets: [`snowflake://fernhollow/marts.${table}`] }));
  const [slash, mention, button] = keys as [string, string, string];
  await world.slash("maya", `ack ${slash}`);
  await world.mention("maya", mention, "ack");
  await world.press("maya", button, "ack");
  const entries = [];
  for (const key of keys) {
    await world.card(key, `Acknowledged* by ${MAYA}`);
    const { kind, text, actor, via, permalink } = await world.entry(
      key,
      (entry) => entry.kind === "acknowledged",
      "the acknowledgement",
    );
    entries.push({ kind, text, actor, via, linked: permalink !== null });
  }
  const same = { kind: "acknowledged", text: `${MAYA} acknowledged`, actor: MAYA };
  expect(entries).toEqual([
    { ...same, via: "slash", linked: false },
    { ...same, via: "mention", linked: true },
    { ...same, via: "button", linked: true },
  ]);
});

test("a mention that did its work is ticked off", async () => {
  await world.alert();
  const ts = await world.mention("maya", "INC-1", "ack");
  const { ts: root } = await world.card("INC-1", "Acknowledged");
  const ticked = await world.slack.waitFor(
    async () => {
      const said = (await world.slack.thread(CHANNEL, root)).find((message) => message.ts === ts);
      return said?.reactions?.[0];
    },
    { what: "a sign on the mention" },
  );
  expect(ticked.name).toBe("white_check_mark");
});

test("/incident alone opens the form, and submitting it opens an incident", async () => {
  await world.slash("hannah");
  await world.fill("hannah", "declare", {
    title: "Revenue looks too low",
    severity: "SEV2",
    known: "Finance sees half of yesterday's",
    assets: "snowflake://fernhollow/analytics.marts.revenue",
  });
  await world.card(
    "INC-1",
    "Revenue looks too low",
    "SEV2",
    "Needs acknowledgement",
    "marts.revenue",
    "half",
  );
  await world.told("hannah", "INC-1 is open");
  expect((await world.timeline("INC-1"))[0]).toMatchObject({
    kind: "opened",
    via: "modal",
    text: `${HANNAH} declared INC-1 as SEV2: Revenue looks too low`,
  });
});

test("/incident new opens an incident in one line", async () => {
  await world.slash("hannah", "new sev1 Customers see wrong balances");
  await world.card("INC-1", "SEV1", "Customers see wrong balances");
});

test("a form with a mistake keeps what was typed and says what is wrong", async () => {
  await world.slash("hannah");
  await world.slack.untilModal();
  const { errors, modal } = await world.slack.submitModal("hannah", {
    title: { value: "Revenue looks too low" },
    assets: { value: "the revenue table" },
  });
  expect(errors?.assets).toContain("is no asset");
  expect(modal.callback_id).toBe("form_declare");
  expect((await world.get("/v1/incidents")).body.incidents).toEqual([]);
});

test("help shows the verbs to the asker alone", async () => {
  await world.slash("diego", "help");
  const help = wordsOf(await world.told("diego", "At night, in this order"));
  for (const verb of ["ack", "mitigate", "restored", "resolve", "postmortem"]) expect(help).toContain(verb);
  expect(await world.slack.ephemerals("maya")).toEqual([]);
  expect(await world.slack.messages(CHANNEL)).toEqual([]);
});

test("a misspelt verb gets the nearest one, told to the asker alone", async () => {
  await world.alert();
  const { ts } = await world.card("INC-1");
  await world.slash("maya", "acknowlege INC-1");
  await world.told("maya", "Did you mean `acknowledge`?");
  await world.mention("jonas", "INC-1", "mitigte");
  const answer = await world.told("jonas", "Did you mean `mitigate`?");
  expect(answer.thread_ts).toBe(ts);
  expect(await world.slack.ephemerals("maya")).toHaveLength(1);
  expect((await world.incident("INC-1")).state).toBe("triggered");
});

test("where several incidents are open nobody guesses: the one that is picked is meant", async () => {
  await world.alert();
  await world.alert(PAYMENTS);
  await world.card("INC-2");
  await world.slash("maya", "severity 1 the board <@U0HANNAH> reads it");
  const picker = await world.told("maya", "Which incident?");
  expect(buttonsOf(picker).map((button) => button.text)).toEqual(["INC-2", "INC-1"]);
  expect((await world.incident("INC-2")).severity).toBe("SEV2");
  const pick = buttonsOf(picker).find((button) => button.text === "INC-2")!;
  await world.slack.click("maya", CHANNEL, picker.ts, "pick", { value: pick.value });
  await world.card("INC-2", "SEV1");
  const change = await world.entry("INC-2", (entry) => entry.kind === "severity_changed", "the severity");
  expect(change).toMatchObject({
    via: "button",
    text: `Severity SEV2 → SEV1: the board @${HANNAH} reads it`,
  });
  expect((await world.incident("INC-1")).severity).toBe("SEV2");
});

test("a mention of what is so already is no tick, and says so", async () => {
  await world.alert();
  await world.mention("maya", "INC-1", "title Orders");
  const { ts } = await world.card("INC-1", "Orders");
  await world.mention("jonas", "INC-1", "title Orders");
  const told = await world.told("jonas", "INC-1 is called “Orders” already.");
  expect(told.thread_ts).toBe(ts);
  const ticked = (await world.slack.thread(CHANNEL, ts)).filter((message) => message.reactions?.length);
  expect(ticked.map(({ user }) => user)).toEqual(["U0MAYA"]);
});

test("a mention that needs words gets a button that opens the form for them", async () => {
  await world.alert();
  await world.mention("maya", "INC-1", "mitigate");
  const offer = await world.told("maya", "A few words are needed");
  await world.slack.click("maya", CHANNEL, offer.ts, "mitigate");
  await world.fill("maya", "mitigate", { text: "rolled back the model" });
  await world.reply("INC-1", `Mitigated* by ${MAYA}: rolled back the model`);
  expect(await world.slack.ephemerals("jonas")).toEqual([]);
});

test("a mention outside a thread is answered where it was said", async () => {
  await world.alert();
  await world.card("INC-1");
  await world.slack.say("maya", CHANNEL, `${world.slack.mention} list`);
  await world.told("maya", "1 open incident");
  await world.slack.say("jonas", CHANNEL, `${world.slack.mention}`);
  await world.told("jonas", "At night, in this order");
});

test("what the state does not allow is refused with what can be done instead", async () => {
  await world.alert();
  await world.card("INC-1");
  await world.slash("maya", "unack");
  await world.told("maya", "Cannot unacknowledge: INC-1 is not acknowledged yet");
  await world.slash("maya", "cancel INC-1 a test");
  await world.card("INC-1", "Cancelled");
  await world.slash("maya", "mitigate INC-1 too late");
  await world.told(
    "maya",
    "Cannot mitigate: INC-1 is cancelled. `reopen INC-1 &lt;reason&gt;` opens it again.",
  );
  await world.slash("maya", "ack INC-7");
  await world.told("maya", "There is no INC-7");
  await world.slash("maya", "ack");
  await world.told("maya", "No incident is open in this channel");
});

test("a refusal of a form stands beside its field, and nothing typed is lost", async () => {
  await world.alert();
  await world.press("maya", "INC-1", "mitigate");
  await world.slack.untilModal();
  // Meanwhile somebody else was faster.
  await world.slash("jonas", "mitigate paused the export");
  await world.card("INC-1", "Mitigated");
  const { errors } = await world.slack.submitModal("maya", { text: { value: "paused it too" } });
  expect(errors?.text).toContain("Cannot mitigate: INC-1 is mitigated");
});

test("resolving while data is wrong leads to the form that says what is right again", async () => {
  await world.alert();
  await world.press("maya", "INC-1", "more");
  await world.fill("maya", "more", { what: "resolve" });
  expect(world.slack.currentModal().callback_id).toBe("form_resolve");
  await world.fill("maya", "resolve", { next: "restored" });
  const { errors } = await world.slack.submitModal("maya", { reason: { value: " " } });
  expect(errors?.reason).toContain("Alerts still fire");
  await world.fill("maya", "restored", { reason: "the rows are there" });
  await world.reply("INC-1", "No data is left to recover. 1 alert still fires.");
  await world.press("maya", "INC-1", "more");
  await world.fill("maya", "more", { what: "resolve" });
  await world.fill("maya", "resolve", { text: "it was only late" });
  await world.card("INC-1", "Resolved");
});

test("of two people who press Acknowledge at once, one has it and the other is told who", async () => {
  await world.alert();
  const { ts } = await world.card("INC-1");
  await Promise.all(["maya", "jonas"].map((user) => world.slack.click(user, CHANNEL, ts, "ack")));
  const told = await world.slack.waitFor(async () => (await world.slack.ephemerals())[0], {
    what: "the slower of the two to be told",
  });
  const taken = (await world.timeline("INC-1")).filter((entry) => entry.kind === "acknowledged");
  expect(taken).toHaveLength(1);
  expect(wordsOf(told)).toContain(`INC-1 was already acknowledged by ${taken[0]!.actor}.`);
  expect(told.ephemeral_to).toBe(taken[0]!.actor === MAYA ? "U0JONAS" : "U0MAYA");
});

test("of two people who press Done at once, one step is done and the other is told who did it", async () => {
  await world.alert();
  await world.press("maya", "INC-1", "runbook_start");
  const walk = await world.reply("INC-1", "Step 1 of 8");
  await Promise.all(["maya", "jonas"].map((user) => world.slack.click(user, CHANNEL, walk.ts, "step_done")));
  const told = await world.slack.waitFor(async () => (await world.slack.ephemerals())[0], {
    what: "the slower of the two to be told",
  });
  const done = (await world.timeline("INC-1")).filter((entry) => entry.kind === "step_finished");
  expect(done).toHaveLength(1);
  expect(wordsOf(told)).toContain(`${done[0]!.actor} already marked “Measure how late it is” done`);
});

test("somebody given the lead is named to the thread, and pinged there", async () => {
  await world.alert();
  await world.slash("maya", "lead <@U0JONAS>");
  await world.card("INC-1", `*Lead:* ${JONAS}`);
  await world.reply("INC-1", "*Lead*: <@U0JONAS>");
  expect((await world.incident("INC-1")).lead).toBe(JONAS);
});

test("the key alone, and list, show what is open", async () => {
  await world.alert();
  await world.alert(PAYMENTS);
  await world.slash("maya", "inc-1");
  await world.told("maya", "nobody leads");
  await world.slash("maya", "list");
  const list = wordsOf(await world.told("maya", "2 open incidents"));
  expect(list).toContain("INC-1");
  expect(list).toContain("payments lost 80 % of its rows");
});

test("one incident is merged into another, which carries on with its alerts", async () => {
  await world.alert();
  await world.alert(PAYMENTS);
  await world.card("INC-2");
  await world.slash("maya", "merge INC-2 INC-1 the same broken load");
  await world.card("INC-2", "Merged into INC-1");
  await world.reply("INC-1", "Took in INC-2");
  await world.card("INC-1", "2 firing", "marts.orders", "payments");
});
