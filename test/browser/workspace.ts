/** The sandbox's page as a person uses it: a channel, a thread beside it, and forms. */
import type { Locator, Page } from "playwright-core";

export class Workspace {
  readonly page: Page;
  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(10_000);
  }

  async open(channel: string): Promise<void> {
    await this.page.locator(".sidebar-item", { hasText: channel }).click();
    await this.card("INC-1").waitFor();
  }

  get channel(): Locator {
    return this.page.locator(".main");
  }

  get thread(): Locator {
    return this.page.locator(".thread-pane");
  }

  get modal(): Locator {
    return this.page.locator(".modal");
  }

  /** The root message of an incident, in the channel. */
  card(key: string): Locator {
    return this.channel.locator(".msg", {
      has: this.page.locator(".bk-header", { hasText: `${key} · SEV` }),
    });
  }

  /** The latest message below the card in the open thread that has these words. */
  reply(text: string): Locator {
    return this.thread.locator(".thread-divider ~ .msg", { hasText: text }).last();
  }

  /** The latest message in the channel that only the reader sees, with these words. */
  answer(text: string): Locator {
    return this.channel.locator(".msg", { hasText: "only visible to you" }).filter({ hasText: text }).last();
  }

  /** Writes in the channel, and sends it. */
  async type(text: string): Promise<void> {
    await send(this.channel.locator(".composer-input"), text);
  }

  /** Writes in the open thread, and sends it. */
  async say(text: string): Promise<void> {
    await send(this.thread.locator(".composer-input"), text);
  }

  /** Fills in fields by their labels, and presses the form's button. */
  async submit(button: string, fields: Record<string, string> = {}): Promise<void> {
    for (const [label, text] of Object.entries(fields))
      await this.modal
        .locator(".bk-input", { hasText: label })
        .locator("input:not([type=checkbox])")
        .fill(text);
    await this.modal.locator(".modal-foot").getByRole("button", { name: button, exact: true }).click();
  }

  async tickAll(): Promise<void> {
    const boxes = this.modal.locator("input[type=checkbox]");
    await boxes.first().waitFor();
    for (const box of await boxes.all()) await box.check();
  }

  async react(text: string, emoji: string): Promise<void> {
    const ts = await this.reply(text).getAttribute("data-ts");
    const answer = await this.page.request.post(new URL("/_control/reaction", this.page.url()).href, {
      data: { user: "U0MAYA", channel: "C0INCIDENTS", ts, name: emoji, present: true },
    });
    if (!answer.ok()) throw new Error(`The reaction was refused: ${await answer.text()}`);
  }
}

async function send(input: Locator, text: string): Promise<void> {
  await input.fill(text);
  // A list of people or commands may be open, which takes the first Enter.
  while ((await input.inputValue()) !== "") await input.press("Enter");
}
