/**
 * Text from an alert is data. Whatever it holds, nobody is pinged by it, no link leads elsewhere than it says, and no
 * message is refused by Slack; that every call keeps to Slack's rules is checked after each test.
 */
import { expect, test } from "vitest";
import { CHANNEL, openWorld, wordsOf } from "./world.ts";

const world = openWorld();

const HOSTILE: Record<string, string> = {
  "a ping of the channel": "orders late <!channel> <!here> <!everyone|x> <!subteam^S0ONCALL>",
  "a ping of a person": "orders late <@U0MAYA> <@U0MAYA|maya> &lt;@U0MAYA&gt;",
  "a ping in words": "orders late @here @channel @everyone @maya",
  "a forged link": "orders late <http://evil.example|click> [x](http://evil.example) http://evil.example",
  "a fence": "orders late ``` ` ``` *bold* _it_ ~no~ ````",
  "a quote and a list": "> orders late\n> * <!channel>\n1. > >",
  emoji: "orders 🔥🔥🔥 :fire: :rotating_light: 👩‍👩‍👧‍👦 late",
  "right to left": "orders \u202Egnp.exe\u202C שלום مرحبا \u2066late\u2069",
  "characters nobody sees": "or\u0000de\u0007rs\u200B\uFEFF\u2028late \uD800",
  "html and scripts": `orders <script>alert(1)</script><img src=x onerror="alert(1)"> late & "so" 'on'`,
  "a formula": `=HYPERLINK("http://evil.example","orders") late`,
  "ten thousand characters": `orders late ${"0123456789".repeat(1000)}`,
  "ten thousand that grow when escaped": "<&>`*_~:".repeat(1250),
  "a database's own quotes": `orders'; DROP TABLE event; -- "late" \\ %00`,
};

const LINKS = [
  { title: "https://bank.example/login", url: "https://evil.example/phish" },
  { title: "<!channel>|here", url: "https://logs.example.com/a|b>c" },
  { title: "script", url: "javascript:alert(1)" },
  { title: "password", url: "https://maya:secret@evil.example/" },
];

const hostileAlert = (words: string) => ({
  title: words,
  description: `${words}\n\n${words}`,
  dedup_key: words,
  assets: [{ namespace: `db ${words}`.slice(0, 200), name: words.slice(0, 400) }],
  labels: { team: words, "<@U0MAYA>": words },
  links: LINKS,
  source: words.slice(0, 50),
});

/** Links in Slack may lead to the addresses that the alert gave as such, and to our own workspace. */
async function onlyHonestLinks(): Promise<void> {
  for (const token of await world.markup()) {
    expect(token).not.toMatch(/^<[@#]/);
    const [address, label] = token.slice(1, -1).split("|");
    if (token.startsWith("<!date")) continue;
    expect(address).toMatch(/^(https:\/\/(evil|logs)\.example|http:\/\/fernhollow\.slack\.local)/);
    // A label that looks like an address is the address.
    if (/:\/\/|www\./.test(label ?? "")) expect(label).toBe(address);
    expect(label).not.toBe("click");
  }
}

for (const [what, words] of Object.entries(HOSTILE)) {
  test(`an alert with ${what} is shown as it was written, and nothing more`, async () => {
    const { status, body } = await world.send("generic", hostileAlert(words));
    expect([status, body.alerts[0].outcome]).toEqual([200, "opened"]);
    await world.reply("INC-1", /firing/);
    // Everything that shows its words: people's doors, forms, and the answers to the asker.
    for (const line of ["ack", "timeline", "summary", "list", "search late", "restored"])
      await world.slash("maya", line);
    for (const line of ["runbook start data-incident-basics", "new another"]) await world.slash("maya", line);
    await world.slash("maya", "note");
    await world.told("maya", "Which incident?");
    await world.card("INC-1", "Acknowledged");
    await world.reply("INC-1", "Step 1 of");
    await onlyHonestLinks();

    const html = await world.get("/v1/incidents/INC-1/postmortem.html");
    expect(html.status).toBe(200);
    expect(html.text).not.toMatch(/<script|<img|<iframe|javascript:|<[^>]+\son\w+=/i);
    expect(html.text).not.toMatch(/href="[^"]*(bank\.example|secret@)|>https:\/\/bank[^<]*<\/a>/);
    expect(html.headers.get("content-security-policy")).toContain("default-src 'none'");
    const csv = await world.get("/v1/incidents/INC-1/postmortem.csv");
    expect(csv.text).not.toMatch(/(^|,|\n)"?[=+@\t-](?!\d)/);
    for (const format of ["md", "json"])
      expect((await world.get(`/v1/incidents/INC-1/postmortem.${format}`)).status).toBe(200);
  });
}

test("an emoji's name and a fence in an alert stay the words they are", async () => {
  await world.alert({ title: ":fire: orders ``` late" });
  const card = await world.card("INC-1");
  expect(wordsOf(card)).not.toContain(":fire:");
  expect(wordsOf(await world.reply("INC-1", /firing/))).not.toMatch(/:fire:|```/);
});

test("a storm of hostile alerts becomes messages that Slack takes", async () => {
  const asset = { namespace: "db", name: "marts.<!channel>" };
  const alerts = Object.values(HOSTILE).flatMap((words) =>
    ["a", "b", "c"].map((suffix) => ({ ...hostileAlert(words), dedup_key: words + suffix, assets: [asset] })),
  );
  await world.send("generic", { alerts });
  await world.reply("INC-1", `${alerts.length} firing`);
  await world.slash("maya", "timeline");
  await world.slash("maya", "restored");
  expect((await world.slack.untilModal()).callback_id).toBe("form_restored");
  expect(await world.slack.messages(CHANNEL)).toHaveLength(1);
  await onlyHonestLinks();
});

test("hundreds of tables with long names fit into the card and its forms", async () => {
  const assets = Array.from({ length: 200 }, (_, n) => ({
    namespace: "snowflake://fernhollow",
    name: `${"very_long_schema_name_".repeat(20)}.<@U0MAYA>_${n}`,
  }));
  await world.send("generic", { title: "everything is late", assets });
  await world.card("INC-1", "and 197 more");
  for (const form of ["restored", "waive", "resolve"]) {
    await world.slash("maya", form);
    await world.slack.waitFor(() => world.slack.currentModal()?.callback_id === `form_${form}`, {
      what: `the form ${form}`,
    });
  }
  await onlyHonestLinks();
});

test("what people write pings nobody either, and forges no link", async () => {
  await world.alert();
  await world.card("INC-1");
  const line = "note <!channel> <http://evil.example|bank.example> &lt;!here&gt; ``` <@U0DIEGO>";
  await world.slash("maya", line);
  await world.mention("jonas", "INC-1", `status ${line}`);
  await world.reply("INC-1", "Status update");
  for (const token of await world.markup())
    expect(token).toMatch(/^<(!date\^|http:\/\/(evil\.example|fernhollow\.slack\.local))/);
});
