/**
 * People at their keyboards: drives the local Slack server the way its users would, and looks at what they would see.
 * It is the same server the sandbox shows, reached over real sockets.
 *
 * Where the server is laxer than Slack, the harness is strict: a person cannot press a button that is not there, leave
 * out a required field, or wait more than three seconds for an answer.
 */
import { type LocalSlack, startLocalSlack } from "../../src/sandbox/local-slack.ts";
import { SANDBOX_WORKSPACE, type Workspace } from "../../src/sandbox/workspace.ts";
import { waitFor } from "./wait.ts";

/** Block Kit as it comes over the wire: the harness looks into it and promises nothing about it. */
// biome-ignore lint/suspicious/noExplicitAny: blocks and views are foreign JSON that tests pick from freely
export type Json = any;

export type SlackFile = {
  id: string;
  name: string;
  title: string;
  mimetype: string;
  size: number;
  permalink: string;
  url_private: string;
};

export type SlackMessage = {
  ts: string;
  channel: string;
  user?: string;
  bot_id?: string;
  text: string;
  blocks?: Json[];
  attachments?: Json[];
  thread_ts?: string;
  subtype?: string;
  /** The one person who sees it. */
  ephemeral_to?: string;
  edited?: { user: string; ts: string };
  reactions?: { name: string; users: string[]; count: number }[];
  files?: SlackFile[];
};

/** One line of the server's traffic log. `kind` is `web_api`, `events_api`, `slash_commands`, `interactive`, `ack`, … */
export type LogEntry = {
  id: string;
  time: number;
  direction: "to_bot" | "from_bot" | "internal";
  kind: string;
  summary: string;
  detail?: Json;
};

/** What a person enters in a field: a text, an option's value, several of them, or Slack's own state object. */
export type Entered = string | string[] | Record<string, Json>;
export type ModalValues = Record<string, Record<string, Entered>>;
/** What a submitted modal did: `errors` per block, or the modal that is open now (null: it closed). */
export type SubmitOutcome = { errors: Record<string, string> | null; modal: Json | null };

/** Slack shows an error to whoever waits longer for an acknowledgement. */
const ACKNOWLEDGE_WITHIN_MS = 3_000;

export class SlackHarness {
  readonly slack: LocalSlack;
  private readonly page: Page;
  private readonly socketMode: boolean;

  private constructor(slack: LocalSlack, page: Page, socketMode: boolean) {
    this.slack = slack;
    this.page = page;
    this.socketMode = socketMode;
  }

  /** With `requestUrl` the server sends signed HTTP requests there instead of using Socket Mode. */
  static async start(options: { requestUrl?: string; workspace?: Workspace } = {}): Promise<SlackHarness> {
    const slack = await startLocalSlack({ workspace: SANDBOX_WORKSPACE, ...options });
    try {
      return new SlackHarness(slack, await Page.open(slack.url), options.requestUrl === undefined);
    } catch (error) {
      await slack.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.page.close();
    await this.slack.stop();
  }

  /** Empties channels, log, modals and files. The bot stays connected. */
  async reset(): Promise<void> {
    await this.control("reset", {});
    await this.page.untilReset();
  }

  /** Resolves once the bot has a Socket Mode connection; what people do before is not delivered to it. */
  async untilConnected(timeout = 5_000): Promise<void> {
    await waitFor(() => this.page.connected, { timeout, what: "the bot to connect over Socket Mode" });
  }

  // What people do. A person is a user id or handle, a channel an id or name (with or without `#`).

  /** `<@U…>` in the text mentions somebody; `mention` is the bot. Returns the message's `ts`. */
  async say(user: string, channel: string, text: string, threadTs?: string): Promise<string> {
    const { message } = await this.control("message", {
      ...this.who(user, channel),
      text,
      thread_ts: threadTs,
    });
    return message.ts;
  }

  get mention(): string {
    return `<@${this.slack.botUserId}>`;
  }

  /** `slash("maya", "data-incidents", "/incident", "list")`. The answer is in `messages` or `ephemerals`. */
  async slash(user: string, channel: string, command: string, text = ""): Promise<void> {
    await this.promptly(command, () =>
      this.control("command", { ...this.who(user, channel), command, text }),
    );
  }

  /** Presses a button, or picks the option `value` of a select or overflow menu, on a message. */
  async click(
    user: string,
    channel: string,
    messageTs: string,
    actionId: string,
    pick: { value?: string; blockId?: string } = {},
  ): Promise<void> {
    const message = await this.messageAt(channel, messageTs);
    const action = actionOf(message, actionId, pick);
    await this.promptly(actionId, () =>
      this.control("interact", { ...this.who(user, channel), messageTs, action }),
    );
  }

  async react(user: string, channel: string, ts: string, emoji: string): Promise<void> {
    await this.messageAt(channel, ts);
    await this.control("reaction", { ...this.who(user, channel), ts, name: emoji, present: true });
  }

  async unreact(user: string, channel: string, ts: string, emoji: string): Promise<void> {
    await this.messageAt(channel, ts);
    await this.control("reaction", { ...this.who(user, channel), ts, name: emoji, present: false });
  }

  /** People edit and remove their own messages only. */
  async edit(user: string, channel: string, ts: string, text: string): Promise<void> {
    await this.control("edit-message", { ...this.who(user, channel), ts, text });
  }

  async remove(user: string, channel: string, ts: string): Promise<void> {
    await this.control("delete-message", { ...this.who(user, channel), ts });
  }

  /** Shares a file, in the thread if there is one. Returns the message. */
  async upload(
    user: string,
    channel: string,
    file: { name: string; content: string | Uint8Array<ArrayBuffer> },
    { text = "", threadTs = "" } = {},
  ): Promise<SlackMessage> {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...this.who(user, channel), text, thread_ts: threadTs }))
      form.set(name, value);
    form.set("file", new File([file.content], file.name));
    const { message } = await this.request("POST", "_control/upload", form);
    return message;
  }

  async openHome(user: string): Promise<void> {
    await this.control("open-home", { user: this.userId(user) });
  }

  // What people see.

  /** What the channel shows: top-level messages, oldest first, without thread replies and ephemerals. */
  async messages(channel: string): Promise<SlackMessage[]> {
    return (await this.everything(channel)).filter(
      (message) => !message.ephemeral_to && (!message.thread_ts || message.thread_ts === message.ts),
    );
  }

  /** The root and its replies, oldest first, without ephemerals. */
  async thread(channel: string, rootTs: string): Promise<SlackMessage[]> {
    return (await this.everything(channel)).filter(
      (message) => !message.ephemeral_to && (message.ts === rootTs || message.thread_ts === rootTs),
    );
  }

  /** Messages only one person sees, in all channels; of one person if given. */
  async ephemerals(user?: string): Promise<SlackMessage[]> {
    const all = await Promise.all(this.slack.channels.map(({ id }) => this.everything(id)));
    return all
      .flat()
      .filter(({ ephemeral_to }) => ephemeral_to && (!user || ephemeral_to === this.userId(user)));
  }

  /** Files in a channel or in one thread of it, oldest first. */
  async files(channel: string, threadTs?: string): Promise<SlackFile[]> {
    const messages = threadTs ? await this.thread(channel, threadTs) : await this.everything(channel);
    return messages.flatMap((message) => message.files ?? []);
  }

  /** A file's content, fetched as a person would: from its page. */
  async download(file: SlackFile): Promise<Buffer> {
    const response = await fetch(file.permalink);
    if (!response.ok) throw new Error(`${file.name}: ${response.status} ${await response.text()}`);
    return Buffer.from(await response.arrayBuffer());
  }

  /** The view on top, or null when no modal is open. The server has one screen: a modal is whoever's acts on it. */
  currentModal(): Json | null {
    return this.page.modals.at(-1) ?? null;
  }

  async untilModal(timeout = 5_000): Promise<Json> {
    return waitFor(() => this.currentModal(), { timeout, what: "a modal to open" });
  }

  /**
   * Fills in the modal on top and presses its submit button. What is not given keeps its initial value, as in Slack;
   * an unknown field or option, or a required field left empty, fails here, for Slack would not send it either.
   */
  async submitModal(user: string, values: ModalValues = {}): Promise<SubmitOutcome> {
    const view = this.currentModal();
    if (!view) throw new Error("No modal is open");
    const state = stateOf(view, values);
    return this.promptly(`the modal "${view.callback_id ?? view.title?.text}"`, () =>
      this.page.submit(this.userId(user), state),
    );
  }

  async closeModal(user: string): Promise<void> {
    await this.page.dismiss(this.userId(user));
  }

  /** The home tab the bot published for this person, or null. */
  home(user: string): Json | null {
    return this.page.homes.get(this.userId(user)) ?? null;
  }

  // What went over the wire.

  /** All traffic since the start or the last reset, oldest first. */
  async log(): Promise<LogEntry[]> {
    // The server keeps the last 1,000 lines only; the page was told of every one.
    const { log } = await this.request("GET", "_control/log");
    return this.page.remember(log);
  }

  /** The arguments of each call the bot made of this Web API method, oldest first. */
  async calls(method: string): Promise<Json[]> {
    return (await this.log())
      .filter(({ kind, direction, summary }) => {
        return kind === "web_api" && direction === "from_bot" && summary === method;
      })
      .map(({ detail }) => detail);
  }

  waitFor<T>(fn: () => T | Promise<T>, options: { what: string; timeout?: number }) {
    return waitFor(fn, options);
  }

  channelId(channel: string): string {
    const name = channel.replace(/^#/, "");
    const known = this.slack.channels.find((one) => one.id === name || one.name === name);
    // A direct message's channel is made by the server; its id is not ours to know.
    if (known || /^D[A-Z0-9]+$/.test(name)) return known?.id ?? name;
    throw new Error(`No channel ${channel}; there are ${this.slack.channels.map((c) => c.name).join(", ")}`);
  }

  userId(user: string): string {
    const known = this.slack.users.find((one) => one.id === user || one.name === user);
    if (known) return known.id;
    throw new Error(`Nobody is called ${user}; there are ${this.slack.users.map((u) => u.name).join(", ")}`);
  }

  private who(user: string, channel: string): { user: string; channel: string } {
    return { user: this.userId(user), channel: this.channelId(channel) };
  }

  /** All that was posted in a channel, replies and ephemerals too, oldest first. */
  async everything(channel: string): Promise<SlackMessage[]> {
    return (await this.request("GET", `_control/messages/${this.channelId(channel)}`)).messages;
  }

  private async messageAt(channel: string, ts: string): Promise<SlackMessage> {
    const message = (await this.everything(channel)).find((one) => one.ts === ts);
    if (!message) throw new Error(`There is no message ${ts} in ${channel}`);
    return message;
  }

  private control(path: string, body: Json): Promise<Json> {
    return this.request("POST", `_control/${path}`, JSON.stringify(body));
  }

  private async request(method: "GET" | "POST", path: string, body?: string | FormData): Promise<Json> {
    const headers = typeof body === "string" ? { "content-type": "application/json" } : undefined;
    const response = await fetch(`${this.slack.url}/${path}`, { method, body, headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** The server waits for the bot's acknowledgement before it answers us, for five seconds; Slack gives it three. */
  private async promptly<T>(what: string, act: () => Promise<T>): Promise<T> {
    // The server drops what nobody is there to take, without a word.
    if (this.socketMode && !this.page.connected) throw new Error(`No bot is connected to take ${what}`);
    const since = performance.now();
    const result = await act();
    const took = performance.now() - since;
    if (took > ACKNOWLEDGE_WITHIN_MS)
      throw new Error(`The bot did not acknowledge ${what} within 3 s (${Math.round(took)} ms)`);
    return result;
  }
}

/** The server's page, without the browser: its WebSocket says what is on the screen and submits modals. */
class Page {
  modals: Json[] = [];
  connected = false;
  readonly homes = new Map<string, Json>();
  private readonly entries = new Map<string, LogEntry>();
  private readonly socket: WebSocket;
  private readonly listeners = new Set<(message: Json) => void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", (event) => this.take(JSON.parse(String(event.data))));
  }

  static async open(url: string): Promise<Page> {
    const page = new Page(new WebSocket(`${url.replace("http", "ws")}/ui`));
    await page.next(["init"], () => {});
    return page;
  }

  private take(message: Json): void {
    switch (message.t) {
      case "init":
        this.modals = message.state.modalStack;
        this.connected = message.state.apps.some((app: Json) => app.connected);
        this.homes.clear();
        this.entries.clear();
        this.remember(message.state.log);
        break;
      case "view":
        this.modals = message.stack;
        break;
      case "home":
        this.homes.set(message.user, message.view);
        break;
      case "socket_status":
        this.connected = message.connected;
        break;
      case "log":
        this.remember([message.entry]);
        break;
    }
    for (const listener of this.listeners) listener(message);
  }

  /** Adds entries it was not told of yet; returns all, oldest first. */
  remember(entries: LogEntry[]): LogEntry[] {
    for (const entry of entries) this.entries.set(entry.id, entry);
    return [...this.entries.values()].sort((a, b) => sequence(a) - sequence(b));
  }

  async submit(user: string, values: Json): Promise<SubmitOutcome> {
    const answer = await this.next(["view", "view_errors"], () =>
      this.send({ t: "view_submit", user, values }),
    );
    if (answer.t === "view_errors") return { errors: answer.errors, modal: this.modals.at(-1) ?? null };
    return { errors: null, modal: this.modals.at(-1) ?? null };
  }

  async dismiss(user: string): Promise<void> {
    await this.next(["view"], () => this.send({ t: "view_close", user }));
  }

  /** A reset is told as a fresh screen, which may arrive before or after the answer to the request. */
  async untilReset(): Promise<void> {
    await waitFor(() => this.entries.size === 0 && this.modals.length === 0, {
      what: "the page to be reset",
    });
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((done) => this.socket.addEventListener("close", done, { once: true }));
    this.socket.close();
    await closed;
  }

  private send(message: Json): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Does something, and resolves to the first message of these kinds after it. */
  private next(kinds: string[], act: () => void): Promise<Json> {
    return new Promise((done, fail) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.listeners.delete(listener);
        this.socket.removeEventListener("close", gone);
        settle();
      };
      const listener = (message: Json) => {
        if (kinds.includes(message.t)) finish(() => done(message));
      };
      const gone = () => finish(() => fail(new Error("The page's connection closed")));
      const late = () =>
        finish(() => fail(new Error(`The page was not told of ${kinds.join(" or ")} in 10 s`)));
      const timer = setTimeout(late, 10_000);
      this.listeners.add(listener);
      this.socket.addEventListener("close", gone);
      act();
    });
  }
}

/** Log ids end in the number of the entry, after eight characters of time: `L` + base36 milliseconds + counter. */
function sequence(entry: LogEntry): number {
  return Number(entry.id.slice(9));
}

/** The interactive element on the message, as the action that using it would send. */
function actionOf(message: SlackMessage, actionId: string, pick: { value?: string; blockId?: string }): Json {
  const blocks = [
    ...(message.blocks ?? []),
    ...(message.attachments ?? []).flatMap((attachment) => attachment.blocks ?? []),
  ];
  const found = blocks.flatMap((block, index) => {
    const elements: Json[] = [...(block.type === "actions" ? block.elements : []), block.accessory];
    return elements
      .filter((element) => element?.action_id !== undefined)
      .map((element) => ({ element, blockId: block.block_id ?? `b${index}` }));
  });
  const candidates = found.filter(
    ({ element, blockId }) =>
      element.action_id === actionId &&
      (pick.blockId === undefined || pick.blockId === blockId) &&
      (pick.value === undefined || element.options || element.value === pick.value),
  );
  const [chosen, other] = candidates;
  const wanted = `"${actionId}"${pick.value === undefined ? "" : ` with value "${pick.value}"`}`;
  if (!chosen) {
    const there = found.map(({ element }) => `${element.action_id} (${element.value ?? element.type})`);
    throw new Error(
      `No ${wanted} on message ${message.ts}; there is ${there.join(", ") || "nothing to press"}`,
    );
  }
  if (other) throw new Error(`Several ${wanted} on message ${message.ts}: say the value or the blockId`);
  const { element, blockId } = chosen;
  const action = { type: element.type, action_id: actionId, block_id: blockId };
  return element.options || element.option_groups
    ? { ...action, selected_option: optionOf(element, pick.value ?? "", `"${actionId}"`) }
    : { ...action, value: element.value, text: element.text };
}

function optionOf(element: Json, value: string, where: string): Json {
  const options: Json[] = element.options ?? element.option_groups.flatMap((group: Json) => group.options);
  const option = options.find((one) => one.value === value);
  if (option) return option;
  throw new Error(
    `${where} has no option "${value}"; there are ${options.map((one) => one.value).join(", ")}`,
  );
}

/** `view.state.values` as Slack's client would send it. */
function stateOf(view: Json, values: ModalValues): Json {
  const inputs: Json[] = view.blocks.filter((block: Json) => block.type === "input");
  for (const [blockId, actions] of Object.entries(values))
    for (const actionId of Object.keys(actions))
      if (!inputs.some((block) => block.block_id === blockId && block.element.action_id === actionId)) {
        const there = inputs.map((block) => `${block.block_id}.${block.element.action_id}`);
        throw new Error(`The modal has no field ${blockId}.${actionId}; there are ${there.join(", ")}`);
      }
  return Object.fromEntries(
    inputs.map((block) => {
      const { element } = block;
      const entered = values[block.block_id]?.[element.action_id];
      const state = entered === undefined ? initialState(element) : enteredState(element, entered);
      const empty = Object.entries(state).every(([key, value]) => key === "type" || isEmpty(value));
      if (empty && !block.optional)
        throw new Error(`Slack would not submit: "${block.label.text}" (${block.block_id}) is required`);
      return [block.block_id, { [element.action_id]: state }];
    }),
  );
}

function isEmpty(value: unknown): boolean {
  return (
    value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0)
  );
}

/** The state key of each kind of input element, which is also what its `initial_…` key is named after. */
const STATE_KEYS: Record<string, string> = {
  plain_text_input: "value",
  number_input: "value",
  email_text_input: "value",
  url_text_input: "value",
  static_select: "selected_option",
  external_select: "selected_option",
  radio_buttons: "selected_option",
  users_select: "selected_user",
  channels_select: "selected_channel",
  conversations_select: "selected_conversation",
  multi_static_select: "selected_options",
  checkboxes: "selected_options",
  multi_users_select: "selected_users",
  multi_channels_select: "selected_channels",
  multi_conversations_select: "selected_conversations",
  datepicker: "selected_date",
  timepicker: "selected_time",
  datetimepicker: "selected_date_time",
};

function stateKey(element: Json): string {
  const key = STATE_KEYS[element.type];
  if (!key) throw new Error(`The harness cannot fill in a ${element.type}`);
  return key;
}

function initialState(element: Json): Json {
  const key = stateKey(element);
  const initial = element[`initial_${key.replace("selected_", "")}`];
  return { type: element.type, [key]: initial ?? (key.endsWith("s") ? [] : null) };
}

function enteredState(element: Json, entered: Entered): Json {
  const key = stateKey(element);
  if (typeof entered === "object" && !Array.isArray(entered)) return entered;
  const where = `"${element.action_id}"`;
  if (!key.endsWith("s")) {
    if (Array.isArray(entered)) throw new Error(`${where} takes one value`);
    const value = key === "selected_option" ? optionOf(element, entered, where) : entered;
    return { type: element.type, [key]: key === "selected_date_time" ? Number(value) : value };
  }
  const many = Array.isArray(entered) ? entered : [entered];
  const chosen = key === "selected_options" ? many.map((value) => optionOf(element, value, where)) : many;
  return { type: element.type, [key]: chosen };
}
