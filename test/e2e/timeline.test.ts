/** The timeline writes itself, and people put right what it got wrong. */
import { expect, test } from "vitest";
import type { TimelineEntry } from "../../src/core/report/timeline.ts";
import { CHANNEL, DIEGO, JONAS, MAYA, openWorld, PRIYA } from "./world.ts";

const world = openWorld();

/** Says something in the thread of INC-1. Returns its ts. */
async function say(user: string, text: string): Promise<string> {
  const { ts } = await world.card("INC-1");
  return world.slack.say(user, CHANNEL, text, ts);
}

/** When Slack says that a message was written. */
const writtenAt = (ts: string) => new Date(Number(ts) * 1000).toISOString();

const pins = async () => (await world.timeline("INC-1")).filter((entry) => entry.kind === "pinned");
const pin = (what: string, fits: (entry: TimelineEntry) => boolean = () => true) =>
  world.entry("INC-1", (entry) => entry.kind === "pinned" && fits(entry), what);
const note = (text: string) =>
  world.entry("INC-1", (entry) => entry.kind === "noted" && entry.text === text, `the note “${text}”`);
const noPins = () =>
  world.slack.waitFor(async () => (await pins()).length === 0, { what: "the pin to be off the timeline" });

async function pinned(text = "the bucket is <https://s3.example.com/orders|empty>, ask <@U0DIEGO>") {
  await world.alert();
  const ts = await say("priya", text);
  await world.slack.react("maya", CHANNEL, ts, "pushpin");
  return { ts, entry: await pin("the pinned message") };
}

test("a pushpin puts a message on the timeline, at its own time and in its author's name", async () => {
  const { ts, entry } = await pinned();
  expect(entry).toMatchObject({
    at: writtenAt(ts),
    actor: PRIYA,
    via: "emoji",
    text: `the bucket is empty (https://s3.example.com/orders), ask @${DIEGO}`,
  });
  expect(entry.permalink).toContain(`p${ts.replace(".", "")}?thread_ts=`);
});

test("another emoji, a message outside of incidents and a second pushpin change nothing", async () => {
  const { ts } = await pinned();
  const elsewhere = await world.slack.say("priya", CHANNEL, "lunch?");
  await world.slack.react("maya", CHANNEL, elsewhere, "pushpin");
  await world.slack.react("jonas", CHANNEL, ts, "eyes");
  await world.slack.react("jonas", CHANNEL, ts, "pushpin");
  const later = await say("priya", "it is filling again");
  await world.slack.react("maya", CHANNEL, later, "pushpin");
  await pin("the later message", (entry) => entry.text === "it is filling again");
  expect(await pins()).toHaveLength(2);
});

test("a pin is taken off with the last pushpin, not before", async () => {
  const { ts } = await pinned();
  await world.slack.react("jonas", CHANNEL, ts, "pushpin");
  await world.slack.unreact("maya", CHANNEL, ts, "pushpin");
  await world.slash("maya", "note between the two");
  await note("between the two");
  expect(await pins()).toHaveLength(1);
  await world.slack.unreact("jonas", CHANNEL, ts, "pushpin");
  await noPins();
  // And it comes back when somebody pins it again.
  await world.slack.react("maya", CHANNEL, ts, "pushpin");
  await pin("the message pinned again");
});

test("a pinned message that is edited in Slack is edited on the timeline", async () => {
  const { ts } = await pinned();
  await world.slack.edit("priya", CHANNEL, ts, "the bucket was never filled, says <@U0DIEGO>");
  const entry = await pin("the edited message", ({ edited }) => edited);
  expect(entry).toMatchObject({
    text: `the bucket was never filled, says @${DIEGO}`,
    editedBy: PRIYA,
    at: writtenAt(ts),
  });
});

test("a pinned message that is deleted in Slack leaves the timeline", async () => {
  const { ts } = await pinned();
  await world.slack.remove("priya", CHANNEL, ts);
  await noPins();
});

test("messages that nobody pinned may be edited and deleted without a trace", async () => {
  await world.alert();
  const ts = await say("priya", "hm");
  const before = await world.timeline("INC-1");
  await world.slack.edit("priya", CHANNEL, ts, "hmm");
  await world.slack.remove("priya", CHANNEL, ts);
  await world.slash("maya", "note something else");
  await note("something else");
  expect(await world.timeline("INC-1")).toHaveLength(before.length + 1);
});

test("a note stands there in its writer's name, from the thread with a link to what was said", async () => {
  await world.alert();
  const ts = await world.mention("maya", "INC-1", "note the vendor was paged");
  const typed = await note("the vendor was paged");
  expect(typed).toMatchObject({ actor: MAYA, via: "mention" });
  expect(typed.permalink).toContain(`/archives/C0INCIDENTS/p${ts.replace(".", "")}?thread_ts=`);
  await world.press("maya", "INC-1", "more");
  await world.slack.untilModal();
  await world.slack.submitModal("maya", { what: { value: "note" } });
  await world.fill("maya", "note", { text: "the vendor called back", when: "10 min ago" });
  const filled = await note("the vendor called back");
  expect(filled).toMatchObject({ actor: MAYA, via: "modal" });
  expect(Date.parse(filled.recordedAt) - Date.parse(filled.at)).toBeGreaterThanOrEqual(600_000);
});

test("a note at a time of day means the writer's own clock", async () => {
  await world.alert();
  await world.card("INC-1");
  await world.slash("priya", "note at 03:10 the load did not start");
  const { at, recordedAt } = await note("the load did not start");
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Asia/Kolkata",
    hour: "2-digit",
    minute: "2-digit",
  });
  expect(clock.format(new Date(at))).toBe("03:10");
  const agoMs = Date.parse(recordedAt) - Date.parse(at);
  expect(agoMs).toBeGreaterThanOrEqual(0);
  expect(agoMs).toBeLessThan(86_400_000);
});

test("a note about what is still to come is refused", async () => {
  await world.alert();
  await world.card("INC-1");
  await world.slash("priya", "note 2999-01-01 00:00 the sun goes out");
  await world.told("priya", "still to come");
  expect((await world.timeline("INC-1")).some((entry) => entry.kind === "noted")).toBe(false);
});

test("an entry's words can be put right, and it says who did", async () => {
  await world.alert();
  await world.mention("maya", "INC-1", "note the bukcet was empty");
  const { seq } = await note("the bukcet was empty");
  await world.slash("jonas", `timeline edit ${seq} the bucket was empty, says <@U0DIEGO>`);
  const entry = await note(`the bucket was empty, says @${DIEGO}`);
  expect(entry).toMatchObject({ seq, actor: MAYA, edited: true, editedBy: JONAS });
  // The log keeps the correction as an entry of its own.
  const report = (await world.get("/v1/incidents/INC-1/postmortem.json")).body;
  expect(report.integrity.entries).toBeGreaterThan(seq);
  expect(report.integrity.brokenAt).toBeNull();
});

test("moving the acknowledgement to when it happened moves the incident's clock, and says who did", async () => {
  world.minutesAgo(40);
  await world.alert();
  await world.card("INC-1");
  world.minutesAgo(0);
  await world.slash("maya", "ack");
  const taken = await world.entry("INC-1", ({ kind }) => kind === "acknowledged", "the acknowledgement");
  await world.slash("maya", `timeline edit ${taken.seq} at 25 min ago`);
  const moved = await world.entry("INC-1", ({ seq, edited }) => seq === taken.seq && edited, "the edit");
  expect(Date.parse(taken.at) - Date.parse(moved.at)).toBeGreaterThan(24 * 60_000);
  expect(moved).toMatchObject({ recordedAt: taken.recordedAt, editedBy: MAYA });
  expect((await world.incident("INC-1")).acknowledgedAt).toBe(moved.at);

  await world.slash("maya", `timeline edit ${taken.seq} at 3 hours ago`);
  await world.told("maya", "before it was detected");
  expect((await world.incident("INC-1")).acknowledgedAt).toBe(moved.at);
});

test("the start of the problem can be set to when the data really broke", async () => {
  world.minutesAgo(40);
  await world.alert();
  await world.card("INC-1");
  world.minutesAgo(0);
  await world.slash("maya", "timeline started 2 hours ago the last good load");
  await world.reply("INC-1", "Data broke at");
  const { startedAt, detectedAt, assets } = await world.incident("INC-1");
  expect(Date.parse(detectedAt) - Date.parse(startedAt)).toBeGreaterThan(79 * 60_000);
  expect(assets[0].downtimeSeconds).toBeGreaterThanOrEqual(7200);
});

test("an entry can be left out, and nothing of it is shown any more", async () => {
  await world.alert();
  await world.mention("maya", "INC-1", "note wrong incident, sorry");
  const { seq } = await note("wrong incident, sorry");
  await world.slash("maya", `timeline hide ${seq} it belongs elsewhere`);
  await world.told("maya", `Entry ${seq} is off the timeline`);
  expect((await world.timeline("INC-1")).map((entry) => entry.seq)).not.toContain(seq);
  for (const format of ["md", "html", "json", "csv"]) {
    const { text } = await world.get(`/v1/incidents/INC-1/postmortem.${format}`);
    expect(text).not.toContain("wrong incident, sorry");
  }
});

test("the timeline can be read in Slack, each entry with its number, door and link", async () => {
  await world.alert();
  await world.mention("maya", "INC-1", "note the vendor was paged");
  const { seq, permalink } = await note("the vendor was paged");
  await world.mention("jonas", "INC-1", "timeline");
  const shown = await world.told("jonas", "the vendor was paged");
  expect(JSON.stringify(shown.blocks)).toContain(`\`${seq}\``);
  expect(JSON.stringify(shown.blocks)).toContain(`<${permalink}|mention>`);
});

test("no entry holds Slack's own way to write people, whatever people wrote", async () => {
  await world.alert();
  await world.card("INC-1");
  await world.slash("maya", "note <@U0DIEGO> and <@U0NOBODY> know <#C0PLATFORM|data-platform> <!here>");
  await world.slash("maya", "ack <@U0DIEGO> told me");
  await world.slash("maya", "lead <@U0DIEGO>");
  await world.slash("maya", "task call <@U0PRIYA> @diego by tomorrow");
  await world.slash("maya", "status <@U0PRIYA> is looking at it, see <https://status.example.com|status>");
  await world.slash("maya", "mitigate <@U0PRIYA> reran it");
  const ts = await say("hannah", "thanks <@U0DIEGO>! &lt;@U0MAYA&gt; <!channel>");
  await world.slack.react("maya", CHANNEL, ts, "pushpin");
  await pin("the last of it");
  const { text, body } = await world.get("/v1/incidents/INC-1/timeline");
  expect(text).not.toMatch(/<@U|<#C|<!|U0DIEGO|U0PRIYA/);
  const texts = body.entries.map((entry: TimelineEntry) => entry.text);
  expect(texts).toContain(`@${DIEGO} and @unlinked U0NOBODY know #data-platform @here`);
  expect(texts).toContain(`Status: @${PRIYA} is looking at it, see status (https://status.example.com)`);
  for (const format of ["md", "html", "json", "csv"])
    expect((await world.get(`/v1/incidents/INC-1/postmortem.${format}`)).text).not.toMatch(/<@U|&lt;@U/);
});
