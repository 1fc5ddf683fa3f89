/**
 * A newcomer in the sandbox: a real browser on its page takes INC-1 from alert to exported postmortem with clicks and
 * typed commands alone. It runs where there is a Chromium.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { openBrowser } from "../harness/chromium.ts";
import { post, resolvedStory } from "./story.ts";
import { Workspace } from "./workspace.ts";

const TEST_MS = 60_000;

let browser: Browser | null = null;
let dir = "";
let sandbox: { stop(): Promise<void> } | null = null;
const said: string[] = [];

beforeAll(async () => {
  browser = await openBrowser();
  if (!browser)
    return console.info("No Chromium here (CHROMIUM names its path): the sandbox's page is not tested.");
  dir = await mkdtemp(join(tmpdir(), "breakwater-browser-"));
  const config = loadConfig({ DATABASE_URL: `sqlite:${join(dir, "sandbox", "breakwater.db")}`, PORT: "0" });
  sandbox = await startSandbox(config, (line) => said.push(line), 0);
});

afterAll(async () => {
  await browser?.close();
  await sandbox?.stop();
  if (dir) await rm(dir, { recursive: true, force: true });
});

/** What follows these words on one of the terminal's lines. */
function terminal(pattern: RegExp): string {
  const found = said.map((line) => pattern.exec(line)?.[1]).find((part) => part !== undefined);
  if (found === undefined) throw new Error(`The terminal does not say ${pattern}: ${said.join("\n")}`);
  return found;
}

test("from alert to exported postmortem, by clicks and typed words", { timeout: TEST_MS }, async () => {
  if (!browser) return;
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const faults = faultsOf(page);
  await page.goto(terminal(/^Workspace: (\S+)/));
  const slack = new Workspace(page);
  await slack.open("data-incidents");

  const card = slack.card("INC-1");
  await sees(card, "Needs acknowledgement", "3 firing", "analytics.marts.orders", "dbt model failed");
  await card.locator(".thread-summary").click();
  await sees(
    slack.thread,
    "Alerts: 3 firing",
    "invalid identifier 'CUSTOMER_TIER'",
    "TableLate|26 hours",
    "airflow",
  );

  await press(card, "Acknowledge");
  await sees(card, "Acknowledged by Maya Okafor");
  await press(card, "Take lead");
  await sees(card, "Lead: Maya Okafor");
  await walkRunbook(slack, card);
  await talk(slack, card);
  await askAround(slack);
  await secondAlert(slack);
  await endIt(slack, card, page);
  await report(slack, browser);
  expect(faults.filter((fault) => !fault.includes("favicon"))).toEqual([]);
});

/** Done, skipped, failed and back: the walk's message follows, and so does the card. */
async function walkRunbook(slack: Workspace, card: Locator): Promise<void> {
  await press(card, "Start runbook");
  const walk = slack.reply("dbt model failed");
  await sees(walk, "Step 1 of 8: Say what is stale", "Started by Maya Okafor");
  await press(walk, "Done");
  await sees(walk, "Say what is stale – done by Maya Okafor", "Step 2 of 8");
  await press(walk, "Skip…");
  await slack.submit("Skip step");
  await sees(slack.modal, "Write a few words.");
  await slack.submit("Skip step", { "Why does it not apply?": "we have read it" });
  await sees(walk, "skipped by Maya Okafor: we have read it", "Step 3 of 8");
  await press(walk, "Failed…");
  await slack.submit("Step failed", { "What happened?": "it fails <the same> & more" });
  await sees(walk, "failed for Maya Okafor: it fails <the same> & more", "Step 4 of 8");
  await press(walk, "Back");
  await sees(walk, "Step 3 of 8");
  await sees(card, "dbt model failed – step 3 of 8");
}

async function talk(slack: Workspace, card: Locator): Promise<void> {
  await slack.say("@breakwater note at 5 min ago CUSTOMER_TIER was renamed upstream");
  await sees(slack.reply("note at 5 min ago"), "✅");
  await slack.type("/incident status Orders are stale; next word in 30 min");
  await sees(card, "Status: Orders are stale; next word in 30 min – Maya Okafor");
  await sees(slack.reply("Status update"), "Orders are stale; next word in 30 min");
  // The page offers no reaction on replies, so the emoji comes as its server would send it.
  await slack.say("the rename was announced last week");
  await slack.react("the rename was announced last week", "pushpin");
  await slack.type("/incident timeline INC-1");
  await sees(
    slack.answer("INC-1 · Timeline"),
    "CUSTOMER_TIER was renamed upstream (Maya Okafor, mention",
    "Maya Okafor acknowledged",
  );
}

/** Answers that only the asker sees, wrong words among them, and the form for an incident by hand. */
async function askAround(slack: Workspace): Promise<void> {
  await slack.type("/incident help");
  await sees(slack.answer("At night, in this order"), "ack [note]");
  await slack.type("/incident list");
  await sees(slack.answer("1 open incident"), "INC-1");
  await slack.type("/incident acknolwedge");
  await sees(slack.answer("There is no acknolwedge"), "Did you mean");
  await slack.type("/incident");
  await sees(slack.modal, "Declare an incident", "What is wrong?", "SEV3 unless you choose");
  await slack.submit("Cancel");
}

/** The line of the terminal, pasted into a shell: a new problem, and the same one when it is pasted again. */
async function secondAlert(slack: Workspace): Promise<void> {
  const line = terminal(/^Send an alert: (.+)/);
  const sent = async () => JSON.parse((await promisify(execFile)("sh", ["-c", line])).stdout).alerts[0];
  expect(await sent()).toMatchObject({ outcome: "opened", incident: "INC-2" });
  await sees(slack.card("INC-2"), "Row count of payments fell by 80 %", "1 firing");
  expect(await sent()).toMatchObject({ outcome: "deduplicated", incident: "INC-2" });
}

async function endIt(slack: Workspace, card: Locator, page: Page): Promise<void> {
  await press(card, "Mitigated");
  await slack.submit("Mitigated", { "What was done about the cause?": "Mapped the old column name" });
  await sees(card, "Mitigated – data still recovering");
  await post(terminal(/at (http:\S+)\/v1\/incidents/), resolvedStory(new Date()));
  await sees(card, "Alerts: 3 resolved");
  await sees(slack.reply("All 3 alerts have resolved"));
  await press(card, "Data recovered");
  await slack.tickAll();
  await slack.submit("Data is right", { "How do you know?": "Row counts match the source" });
  await sees(card, "no data left to recover");
  await press(card, "Severity");
  await slack.modal.locator("select").selectOption("SEV1");
  await slack.submit("Change", { "Why?": "finance acted on it" });
  await sees(card, "INC-1 · SEV1");
  await press(card, "More…");
  await slack.modal.locator("select").selectOption("task");
  await slack.submit("Next");
  await slack.submit("Add", { "What has to be done?": "Agree on renames with the shop team" });
  await press(card, "Resolve");
  await slack.submit("Resolve", { "What fixed it?": "Rebuilt orders and what reads it" });
  await sees(card, "Resolved – Rebuilt orders and what reads it");
  await press(card, "Write review");
  await slack.submit("Save", { "What went well?": "Three tools said so within minutes" });
  await expect.poll(() => page.locator(".modal").count()).toBe(0);
}

/** The uploaded file opens by itself: nothing fetched, nothing to complain of, and everything in it. */
async function report(slack: Workspace, chromium: Browser): Promise<void> {
  await press(slack.reply("Resolved by Maya Okafor"), "Postmortem");
  const file = slack.thread.locator(".file-card", { hasText: "INC-1 postmortem" });
  await file.waitFor();
  const page = await chromium.newPage();
  const faults = faultsOf(page);
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  const address = new URL((await file.locator("a").first().getAttribute("href"))!, slack.page.url()).href;
  await page.goto(address);
  for (const heading of ["Summary", "Impact", "Clocks", "Timeline", "Runbooks", "Action items", "Integrity"])
    await page.getByRole("heading", { name: heading, exact: true }).waitFor();
  const text = (await page.locator("body").allInnerTexts()).join();
  for (const words of [
    "analytics.marts.daily_revenue",
    "the rename was announced last week",
    "CUSTOMER_TIER was renamed upstream",
    "it fails <the same> & more",
    "Three tools said so within minutes",
    "Agree on renames with the shop team",
    "Rebuilt orders and what reads it",
  ])
    expect(text).toContain(words);
  expect(text).not.toMatch(/<@|&amp;|&lt;|undefined|broken at entry/);
  expect(await page.locator("svg").count()).toBeGreaterThan(0);
  expect(requests.filter((url) => url !== address && !url.endsWith("/favicon.ico"))).toEqual([]);
  expect(faults.filter((fault) => !fault.includes("favicon"))).toEqual([]);
}

function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`${message.text()} ${message.location().url}`);
  });
  return faults;
}

async function press(where: Locator, label: string): Promise<void> {
  await where.getByRole("button", { name: label, exact: true }).first().click();
}

/** Waits until a person would read all of it there; `a|b` is either. */
async function sees(where: Locator, ...texts: string[]): Promise<void> {
  for (const text of texts)
    await expect
      .poll(async () => ((await where.allInnerTexts())[0] ?? "").replace(/\s+/g, " "), {
        timeout: 10_000,
        interval: 50,
      })
      .toMatch(new RegExp(text.split("|").map(literal).join("|")));
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()[\]\\]/g, "\\$&");
}
