/** The main job, the way it is done at night: from an alert to a postmortem, by pressing and typing alone. */
import { expect, test } from "vitest";
import {
  buttonsOf,
  CHANNEL,
  JONAS,
  LATE_ORDERS,
  MAYA,
  openWorld,
  PRIYA,
  type World,
  wordsOf,
} from "./world.ts";

const world = openWorld();
const FORMATS = ["md", "html", "json", "csv"] as const;
const TABLE = "analytics.marts.orders";

const lateTable = (status: "firing" | "resolved") => ({
  version: "4",
  groupKey: '{}:{alertname="TableLate"}',
  truncatedAlerts: 0,
  status,
  receiver: "breakwater",
  groupLabels: { alertname: "TableLate" },
  commonLabels: {},
  commonAnnotations: {},
  externalURL: "https://alertmanager.example.com",
  alerts: [
    {
      status,
      labels: {
        alertname: "TableLate",
        severity: "warning",
        dataset_namespace: "snowflake://fernhollow",
        database: "analytics",
        schema: "marts",
        table: "orders",
      },
      annotations: { summary: `${TABLE} has not been updated for 26 hours` },
      startsAt: new Date(Date.now() - 40 * 60_000).toISOString(),
      endsAt: status === "resolved" ? new Date().toISOString() : "0001-01-01T00:00:00Z",
      generatorURL: "https://prometheus.example.com/graph",
      fingerprint: "5b1f0c7d2a94e613",
    },
  ],
});

/** The runbook's message, once it says this. */
const walk = (words: string | RegExp) => world.reply("INC-1", words);

async function pressOnWalk(user: string, step: RegExp, action: string): Promise<void> {
  const message = await walk(step);
  await world.slack.click(user, CHANNEL, message.ts, action);
}

test("an incident goes from its first alert to its postmortem in one thread", {
  timeout: 120_000,
}, async () => {
  const { slack } = world;

  // Two tools say that one table is broken: one message in the channel.
  expect(await world.alert()).toBe("INC-1");
  const second = await world.send("alertmanager", lateTable("firing"));
  expect(second.body.alerts[0]).toMatchObject({ outcome: "grouped", incident: "INC-1" });
  const card = await world.card("INC-1", "Needs acknowledgement", "2 firing", TABLE, "impacted");
  expect(buttonsOf(card).map((button) => button.text)).toEqual([
    "Acknowledge",
    "Start runbook",
    "Mitigated",
    "Take lead",
    "Severity",
    "More…",
  ]);
  await world.reply("INC-1", "has not been updated for 26 hours");

  await world.press("maya", "INC-1", "ack");
  await world.card("INC-1", `Acknowledged* by ${MAYA}`);
  await world.press("jonas", "INC-1", "lead");
  await world.card("INC-1", `*Lead:* ${JONAS}`);
  await world.reply("INC-1", `*Lead*: ${JONAS}`);

  // The runbook that fits: done, skipped with a reason, failed with a note, back, and on to its end.
  await world.press("maya", "INC-1", "runbook_start");
  expect(wordsOf(await walk("Step 1 of 8"))).toContain(`select max(updated_at)`);
  await pressOnWalk("maya", /Step 1 of 8/, "step_done");
  await pressOnWalk("maya", /Step 2 of 8/, "step_skip");
  await world.fill("maya", "step_skip", { reason: "nobody reads it at night" });
  await pressOnWalk("maya", /Step 3 of 8/, "step_fail");
  await world.fill("maya", "step_fail", { reason: "no right to pause the export" });
  const failed = wordsOf(await walk(/Step 4 of 8/));
  expect(failed).toContain(`done by ${MAYA}`);
  expect(failed).toContain(`skipped by ${MAYA}: nobody reads it at night`);
  expect(failed).toContain(`failed for ${MAYA}: no right to pause the export`);
  await pressOnWalk("maya", /Step 4 of 8/, "step_back");
  await pressOnWalk("jonas", /Step 3 of 8/, "step_done");
  await world.card("INC-1", "step 4 of 8");
  for (const note of ["a stale source", "", "", "", "all paused jobs run again"])
    await world.mention("maya", "INC-1", `runbook done ${note}`);
  expect(wordsOf(await walk("Finished."))).toContain("7 of 8 steps carried out");

  await world.press("maya", "INC-1", "mitigate");
  await world.fill("maya", "mitigate", { text: "the source loads again" });
  await world.card("INC-1", "Mitigated – data still recovering");

  await world.send("generic", { ...LATE_ORDERS, status: "resolved" });
  await world.card("INC-1", "1 firing · 1 resolved");
  await world.send("alertmanager", lateTable("resolved"));
  await world.reply("INC-1", "All 2 alerts have resolved");
  await world.card("INC-1", "2 resolved", `${TABLE}\` recovering`);

  // The data is not proven right, so it is not over.
  await world.slash("maya", "resolve INC-1 the source is back");
  await world.told("maya", "cannot be resolved while data is still wrong or unproven");
  const blocked = await world.card("INC-1");
  expect(buttonsOf(blocked).map((button) => button.text)).not.toContain("Resolve");

  await world.press("maya", "INC-1", "restored");
  await world.fill("maya", "restored", { reason: "row counts match the source" });
  await world.reply("INC-1", `Data recovered*: \`${TABLE}\` – ${MAYA}: row counts match`);
  await world.press("jonas", "INC-1", "resolve");
  await world.fill("jonas", "resolve", { text: "the vendor sent the missing file" });
  await world.card("INC-1", "Resolved", "the vendor sent the missing file", `${TABLE}\` verified`);
  await world.reply("INC-1", `Resolved* by ${JONAS}: the vendor sent the missing file`);

  // The report goes into the thread as a file.
  await world.press("maya", "INC-1", "postmortem");
  const { ts } = await world.card("INC-1");
  const file = await slack.waitFor(async () => (await slack.files(CHANNEL, ts))[0], { what: "the report" });
  expect(file.name).toBe("INC-1-postmortem.html");
  const html = (await slack.download(file)).toString();
  const today = new Date().toISOString().slice(0, 10);
  expect(html).toMatch(/^<!doctype html>/i);
  for (const part of [
    TABLE,
    MAYA,
    JONAS,
    today.slice(0, 4),
    "row counts match the source",
    "the vendor sent the missing file",
    "no right to pause the export",
    "<svg",
  ])
    expect(html, part).toContain(part);
  for (const clock of ["detect", "acknowledge", "mitigate", "resolve"])
    expect(html).toMatch(new RegExp(clock, "i"));
  expect(html).not.toMatch(/<script|<@U|https?:\/\/[^"']+\.(js|css)/i);

  const { integrity } = (await world.get("/v1/incidents/INC-1/postmortem.json")).body;
  expect(integrity.brokenAt).toBeNull();

  expect((await slack.messages(CHANNEL)).filter((message) => message.bot_id)).toHaveLength(1);
});

test("the postmortem is the same file in the thread, over HTTP and from the command line", async () => {
  await walkThrough(world);
  const { slack } = world;
  const { ts } = await world.card("INC-1", "Resolved");
  for (const [index, format] of FORMATS.entries()) {
    await world.slash("maya", `postmortem INC-1 ${format}`);
    const files = await slack.waitFor(
      async () => {
        const there = await slack.files(CHANNEL, ts);
        return there.length > index && there;
      },
      { what: `the ${format} report`, timeout: 15_000 },
    );
    const inThread = (await slack.download(files[index]!)).toString();
    const overHttp = await world.get(`/v1/incidents/INC-1/postmortem.${format}`);
    expect(overHttp.status).toBe(200);
    expect(overHttp.text).toBe(inThread);
    expect(await world.cli("export", "INC-1", "--format", format)).toBe(inThread);
  }
  const report = (await world.get("/v1/incidents/INC-1/postmortem.json")).body;
  expect(report.incident).toMatchObject({ key: "INC-1", state: "resolved", lead: MAYA });
  expect(report.impact.assets[0]).toMatchObject({ name: TABLE, recovery: "verified" });
  expect(report.integrity.brokenAt).toBeNull();
});

test("what people write in the review stands in the postmortem, with owners and dates", async () => {
  await walkThrough(world);
  await world.press("maya", "INC-1", "review");
  await world.fill("maya", "review", {
    summary: "The vendor sent an empty file.",
    well: "the check paged at once\nthe runbook fitted",
    badly: "nobody could pause the export",
  });
  await world.slash("jonas", "task INC-1 alert on an empty bucket <@U0PRIYA> by 2027-01-31");
  await world.reply("INC-1", "alert on an empty bucket");
  const md = (await world.get("/v1/incidents/INC-1/postmortem.md")).text;
  for (const part of [
    "The vendor sent an empty file.",
    "the runbook fitted",
    "nobody could pause the export",
    "alert on an empty bucket",
    PRIYA,
    "2027-01-31",
  ])
    expect(md, part).toContain(part);
});

test("an alert that fires again reopens its incident in the same thread", async () => {
  await walkThrough(world);
  await world.send("generic", { ...LATE_ORDERS, status: "resolved" });
  const again = await world.send("generic", LATE_ORDERS);
  expect(again.body.alerts[0]).toMatchObject({ outcome: "grouped", incident: "INC-1" });
  await world.card("INC-1", "1 firing", `${TABLE}\` impacted`, "Acknowledged");
  await world.reply("INC-1", "Reopened");
  expect(await world.slack.messages(CHANNEL)).toHaveLength(1);
});

test("a false alarm is cancelled with its reason, and says so", async () => {
  await world.alert();
  await world.press("maya", "INC-1", "more");
  const modal = await world.slack.untilModal();
  expect(modal.callback_id).toBe("form_more");
  await world.slack.submitModal("maya", { what: { value: "cancel" } });
  await world.fill("maya", "cancel", { reason: "the threshold was wrong" });
  const card = await world.card("INC-1", "Cancelled", "the threshold was wrong");
  expect(buttonsOf(card).map((button) => button.text)).toEqual(["Reopen"]);
  await world.reply("INC-1", `Cancelled* by ${MAYA}: the threshold was wrong`);
});

test("what stands in the channel is found again after a restart", async () => {
  await world.alert();
  await world.press("maya", "INC-1", "ack");
  await world.card("INC-1", "Acknowledged");
  await world.app.stop();
  await world.start();
  await world.press("maya", "INC-1", "mitigate");
  await world.fill("maya", "mitigate", { text: "paused the export" });
  await world.card("INC-1", "Mitigated");
  await world.reply("INC-1", `Mitigated* by ${MAYA}: paused the export`);
  expect(await world.slack.messages(CHANNEL)).toHaveLength(1);
});

/** Opens an incident and takes it to its end with typed commands. */
async function walkThrough({ slack }: World): Promise<void> {
  await world.alert();
  await world.card("INC-1");
  for (const line of [
    "ack",
    "lead",
    "note the bucket was empty",
    "mitigate the source loads again",
    "restored all row counts match",
    "resolve the vendor sent the missing file",
  ])
    await world.slash("maya", line);
  await slack.waitFor(async () => (await world.incident("INC-1")).state === "resolved", {
    what: "INC-1 to be resolved",
  });
}
