/** A browser for tests that look at a page: the machine's own Chromium, with a profile of its own. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Null where there is no Chromium: such tests say so and skip (`CHROMIUM` names its path). */
export async function openBrowser(): Promise<Browser | null> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) return null;
  return chromium.launch({
    executablePath,
    headless: true,
    // Quiet: no sandbox (tests often run as root), no GPU, and no calls home.
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
}
