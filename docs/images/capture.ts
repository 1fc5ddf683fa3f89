/**
 * Takes the pictures of the README, `thread.png` and `report.png`, in a sandbox of its own. Run it again when the looks
 * change, with Chromium installed (`CHROMIUM` names its path if it is not /usr/bin/chromium):
 *
 *     npx node docs/images/capture.ts
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator } from "playwright-core";
import { loadConfig } from "../../src/config.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { post, resolvedStory } from "../../test/browser/story.ts";
import { Workspace } from "../../test/browser/workspace.ts";
import { openBrowser } from "../../test/harness/chromium.ts";

/** Minutes that the bot believes have gone by: nobody repairs a table in the seconds this takes. */
let minutesLater = 0;
const now = () => Date.now() + minutesLater * 60_000;

const browser = await openBrowser();
if (!browser) throw new Error("There is no Chromium. Install one, or let CHROMIUM name its path.");
const dir = await mkdtemp(join(tmpdir(), "breakwater-pictures-"));
const said: string[] = [];
const config = loadConfig({ DATABASE_URL: `sqlite:${join(dir, "sandbox", "breakwater.db")}`, PORT: "0" });
const sandbox = await startSandbox(config, (line) => said.push(line), 0, now);
try {
  await takePictures(browser, said.join("\n"));
} finally {
  await browser.close();
  await sandbox.stop();
  await rm(dir, { recursive: true, force: true });
}

async function takePictures(chromium: Browser, lines: string): Promise<void> {
  const bot = /at (http:\S+)\/v1\/incidents/.exec(lines)![1]!;
  const page = await chromium.newPage({ viewport: { width: 1240, height: 1000 } });
  await page.goto(/Workspace: (\S+)/.exec(lines)![1]!);
  const slack = new Workspace(page);
  await slack.open("data-incidents");
  const card = slack.card("INC-1");
  await card.locator(".thread-summary").click();

  await pressAfter(3, card, "Acknowledge", "Acknowledged by");
  await pressAfter(0, card, "Take lead", "Lead:");
  await pressAfter(1, card, "Start runbook", "step 1 of");
  await pressAfter(3, slack.reply("Step 1 of"), "Done", "Step 2 of");
  await pressAfter(2, slack.reply("Step 2 of"), "Done", "Step 3 of");
  minutesLater += 2;
  await slack.say("@breakwater note at 40 min ago CUSTOMER_TIER was renamed upstream");
  await slack.reply("note at 40 min ago").getByText("✅").waitFor();
  await pressAfter(0, card, "More…");
  await slack.modal.locator("select").selectOption("status");
  await slack.submit("Next");
  await slack.submit("Post", {
    "What should everybody know now?": "Orders are stale. The fix is in review; next word in 30 min.",
  });
  await card.getByText("next word in 30 min").waitFor();
  // Without the page's own controls, and with a wide thread.
  await page.addStyleTag({ content: ".topbar { display: none !important }" });
  await page.addStyleTag({ content: ".thread-pane { width: 500px !important }" });
  await slack.reply("Status update").scrollIntoViewIfNeeded();
  await page.mouse.move(300, 900);
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(import.meta.dirname, "thread.png") });

  await pressAfter(14, card, "Mitigated");
  await slack.submit("Mitigated", {
    "What was done about the cause?": "Mapped the old column name in stg_orders",
  });
  await card.getByText("Mitigated –").waitFor();
  minutesLater += 21;
  await post(bot, resolvedStory(new Date(now())));
  await pressAfter(0, card, "Data recovered");
  await slack.tickAll();
  await slack.submit("Data is right", { "How do you know?": "Row counts match the source" });
  await card.getByText("no data left to recover").waitFor();
  await pressAfter(4, card, "Resolve");
  await slack.submit("Resolve", {
    "What fixed it?": "Mapped the renamed column, rebuilt orders and what reads it",
  });
  await card.getByText("Resolved –").waitFor();
  await pressAfter(6, card, "Write review");
  await slack.submit("Save", {
    "What happened, in a few sentences?":
      "The shop renamed a column that orders reads. The nightly build failed, and finance would have read day-old orders at 08:00.",
  });
  await slack.modal.waitFor({ state: "detached" });
  await page.setViewportSize({ width: 1000, height: 1000 });
  await page.goto(`${bot}/v1/incidents/INC-1/postmortem.html`);
  await page.screenshot({ path: join(import.meta.dirname, "report.png") });
}

/** Lets minutes go by, presses, and waits until the message says so. */
async function pressAfter(minutes: number, where: Locator, label: string, seen?: string): Promise<void> {
  minutesLater += minutes;
  await where.getByRole("button", { name: label, exact: true }).first().click();
  if (seen) await where.page().getByText(seen).first().waitFor();
}
