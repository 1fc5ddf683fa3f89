import type { App, SlackShortcutMiddlewareArgs } from "@slack/bolt";
import type { WebClient } from "@slack/web-api";
import type { Command } from "../core/incident/command.ts";
import type { IncidentState } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { type ActionName, readTarget, type Target } from "../core/report/action-name.ts";
import type { Document } from "../core/report/document.ts";
import type { FormName } from "../core/verb/verb.ts";
import { mentionedIds, plainText } from "../core/verb/words.ts";
import type { Answer, Asker, Conversation, Door } from "../engine/converse.ts";
import type { Engine } from "../engine/ports.ts";
import { effectOf } from "./actions.ts";
import { faultDocument, refusalDocument } from "./answer.ts";
import { type RenderOptions, renderDocument } from "./block-kit.ts";
import { chosenPeople, SubmittedView } from "./fields.ts";
import type { SlackView } from "./limits.ts";
import { formOf, MODALS, metadataOf } from "./modals.ts";
import type { People } from "./people.ts";

/** The emoji that puts a message on the timeline. */
export const PIN_EMOJI = "pushpin";
export const SHORTCUTS = { pin: "pin_to_timeline", declare: "declare_incident" } as const;

/** Slack gives up on an answer after 3 s; before that we say "heard" and send the answer by itself. */
const ANSWER_WITHIN_MS = 2_300;

export type DoorDeps = {
  engine: Engine;
  conversation: Conversation;
  people: People;
  client: WebClient;
  render: RenderOptions;
  /** The slash command's name. */
  command: string;
  /** Where incidents open. */
  channel: string;
  /** The address of the workspace, for permalinks: `https://acme.slack.com/`. */
  workspaceUrl: string;
  /** Given where the client cannot choose among everybody by itself. */
  everybody: { id: string; name: string }[] | null;
  now(): string;
  log: { error(fields: object, message: string): void };
};

type Where = { channel: string; threadTs: string | null };

/** Registers every door of the app. A door turns an interaction into words, asks or commands, and shows the answer. */
export function openDoors(app: App, deps: DoorDeps): void {
  slashDoor(app, deps);
  mentionDoor(app, deps);
  buttonDoor(app, deps);
  modalDoor(app, deps);
  pinDoors(app, deps);
  shortcutDoors(app, deps);
}

/** Does the work, or says what went wrong in words for the person; a fault of ours is logged under a reference. */
async function attempt<T>(deps: DoorDeps, what: string, work: () => Promise<T>): Promise<T | Document> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return refusalDocument(error);
    const reference = Math.random().toString(36).slice(2, 8);
    deps.log.error({ err: error, reference }, `${what} failed`);
    return faultDocument(reference);
  }
}

function isAnswer(result: Answer | Document): result is Answer {
  return "kind" in result;
}

async function askerOf(deps: DoorDeps, user: string): Promise<Asker> {
  return deps.people.get(user);
}

function modalFor(
  deps: DoorDeps,
  form: FormName,
  incident: IncidentState | null,
  where: Where,
  target?: Target,
): SlackView {
  const channel = form === "declare" ? deps.channel : where.channel;
  return MODALS[form].build({
    incident,
    channel,
    threadTs: where.threadTs,
    people: deps.everybody,
    ...(target ? { target } : {}),
  });
}

async function openModal(deps: DoorDeps, triggerId: string, view: SlackView): Promise<void> {
  await deps.client.views.open({ trigger_id: triggerId, view: view as never });
}

function ephemeral(deps: DoorDeps, document: Document) {
  const { text, blocks } = renderDocument(document, deps.render);
  return { response_type: "ephemeral" as const, text, blocks: blocks as never[] };
}

async function whisper(deps: DoorDeps, user: string, where: Where, document: Document): Promise<void> {
  const { response_type: _, ...message } = ephemeral(deps, document);
  await deps.client.chat.postEphemeral({
    channel: where.channel,
    user,
    ...(where.threadTs ? { thread_ts: where.threadTs } : {}),
    ...message,
  });
}

/** Answers in time: within Slack's three seconds with the work's result, or with nothing, and the result follows. */
function inTime<T>(
  work: Promise<T>,
  ack: (result: T | null) => Promise<void>,
  late: (result: T) => Promise<void>,
): Promise<void> {
  let acknowledged = false;
  const timer = setTimeout(() => {
    acknowledged = true;
    void ack(null);
  }, ANSWER_WITHIN_MS);
  return work.then((result) => {
    clearTimeout(timer);
    return acknowledged ? late(result) : ack(result);
  });
}

function slashDoor(app: App, deps: DoorDeps): void {
  app.command(deps.command, async ({ command, ack, respond }) => {
    const where = { channel: command.channel_id, threadTs: null };
    const door: Door = { via: "slash", permalink: null, key: `slash:${command.trigger_id}` };
    const work = attempt(deps, "a slash command", async () => {
      const answer = await deps.conversation.say(
        command.text,
        await askerOf(deps, command.user_id),
        where,
        door,
      );
      if (answer.kind !== "form") return answer.document;
      await openModal(deps, command.trigger_id, modalFor(deps, answer.form, answer.incident, where));
      return null;
    });
    await inTime(
      work,
      (document) => (document ? ack(ephemeral(deps, document)) : ack()),
      async (document) => void (document && (await respond(ephemeral(deps, document)))),
    );
  });
}

function mentionDoor(app: App, deps: DoorDeps): void {
  app.event("app_mention", async ({ event, body, context }) => {
    if (event.bot_id || !event.user) return;
    const user = event.user;
    const where = { channel: event.channel, threadTs: event.thread_ts ?? null };
    const door: Door = {
      via: "mention",
      permalink: permalink(deps, where.channel, event.ts, where.threadTs),
      key: `event:${body.event_id}`,
    };
    const words = event.text.replaceAll(new RegExp(`<@${context.botUserId}(\\|[^>]*)?>`, "g"), " ");
    const answer = await attempt(deps, "a mention", async () =>
      deps.conversation.say(words, await askerOf(deps, user), where, door),
    );
    if (!isAnswer(answer)) return whisper(deps, user, where, answer);
    if (answer.kind === "form")
      return whisper(deps, user, where, formButton(deps, answer.form, answer.incident));
    if (answer.kind === "document" || !where.threadTs) return whisper(deps, user, where, answer.document);
    // What was done shows in the thread; the sign says it was this message that did it.
    await deps.client.reactions
      .add({ channel: event.channel, timestamp: event.ts, name: "white_check_mark" })
      .catch(() => {});
  });
}

/** A mention carries no right to open a modal, a button does. */
function formButton(deps: DoorDeps, form: FormName, incident: IncidentState | null): Document {
  if (form === "declare" || !incident) {
    return {
      summary: `Type ${deps.command} to declare an incident in a form, or @ me with new and a title.`,
      title: null,
      blocks: [
        {
          type: "paragraph",
          text: [
            "Type ",
            { code: deps.command },
            " to declare one in a form, or mention me with ",
            { code: "new <title>" },
            ".",
          ],
        },
      ],
    };
  }
  const words = "A few words are needed for this.";
  const walk = Object.values(incident.walks).find((w) => !w.finishedAt);
  const step = walk?.steps.find((s) => s.result === null);
  const value = [
    incident.key,
    ...(form.startsWith("step_") && walk && step ? [walk.runbook, step.id] : []),
  ].join("|");
  return {
    summary: words,
    title: null,
    blocks: [
      { type: "paragraph", text: words },
      {
        type: "actions",
        buttons: [{ action: form as ActionName, label: "Write them", value, style: "primary" }],
      },
    ],
  };
}

function buttonDoor(app: App, deps: DoorDeps): void {
  app.action(/.*/, async ({ ack, body, action }) => {
    if (body.type !== "block_actions") return ack();
    const pressed = action as { action_id: string; value?: string };
    const effect = effectOf(pressed.action_id);
    if (!effect || "nothing" in effect) return ack();
    const channel = body.channel?.id ?? body.container.channel_id ?? deps.channel;
    const where = {
      channel,
      threadTs: (body.message?.thread_ts as string | undefined) ?? body.container.thread_ts ?? null,
    };
    const messageTs = body.message?.ts;
    const door: Door = {
      via: "button",
      permalink: messageTs ? permalink(deps, channel, messageTs, where.threadTs) : null,
      key: `action:${body.trigger_id}`,
    };
    const value = pressed.value ?? "";
    const work = attempt(deps, "a button", async (): Promise<Document | null> => {
      const asker = await askerOf(deps, body.user.id);
      const target = readTarget(value);
      const thread = { ...where, threadTs: where.threadTs ?? messageTs ?? null };
      const answer =
        "types" in effect
          ? await deps.conversation.say(value, asker, where, door)
          : await deps.conversation.ask(
              "opens" in effect ? { kind: "form", form: effect.opens } : effect.asks(target, asker),
              target.incident,
              asker,
              door,
            );
      if (answer.kind === "document") return answer.document;
      if (answer.kind === "form")
        await openModal(deps, body.trigger_id, modalFor(deps, answer.form, answer.incident, thread, target));
      return null;
    });
    const show = async (document: Document | null) =>
      void (document && (await whisper(deps, body.user.id, where, document)));
    await inTime(
      work,
      async (document) => {
        await ack();
        await show(document);
      },
      show,
    );
  });
}

function modalDoor(app: App, deps: DoorDeps): void {
  app.view(/.*/, async ({ ack, view, body }) => {
    const form = formOf(view.callback_id);
    if (!form) return ack();
    const submitted = SubmittedView.parse(view);
    const about = metadataOf(submitted);
    const where = { channel: about.channel, threadTs: about.threadTs };
    const user = body.user.id;
    const trigger = (body as { trigger_id?: string }).trigger_id ?? `${view.id}:${view.hash}`;
    const door: Door = { via: "modal", permalink: null, key: `view:${trigger}` };
    const result = await attempt(deps, "a form", async () => {
      const asker = await askerOf(deps, user);
      const incident = about.incident ? await deps.engine.reads.state(about.incident) : null;
      const names = await deps.people.names(chosenPeople(submitted));
      const parsed = MODALS[form].parse(submitted, {
        now: deps.now(),
        timeZone: asker.timeZone,
        asker,
        names,
        incident,
      });
      if (!parsed.ok) return parsed;
      return deps.conversation.ask(parsed.ask, about.incident, asker, door);
    });
    if ("ok" in result) return result.ok ? ack() : ack({ response_action: "errors", errors: result.errors });
    // A refusal stands beside the first field, so that nothing typed is lost.
    if (!isAnswer(result)) {
      const field = submitted.blocks.find((b) => "element" in b)?.block_id;
      return field
        ? ack({ response_action: "errors", errors: { [field]: result.summary } })
        : void (await ack(), await whisper(deps, user, where, result));
    }
    if (result.kind === "form")
      return ack({
        response_action: "update",
        view: modalFor(deps, result.form, result.incident, where, targetOf(about)) as never,
      });
    await ack();
    if (result.kind === "document" || about.incident === null)
      await whisper(deps, user, where, result.document);
  });
}

function targetOf(about: { incident: string | null; runbook: string | null; step: string | null }): Target {
  return { incident: about.incident ?? "", runbook: about.runbook, step: about.step };
}

type SlackMessage = {
  ts?: string;
  thread_ts?: string;
  user?: string;
  bot_id?: string;
  username?: string;
  text?: string;
  reactions?: { name?: string; count?: number }[];
};

/** `:pushpin:` on a message of an incident's thread, taking it off again, and editing or deleting a pinned message. */
function pinDoors(app: App, deps: DoorDeps): void {
  app.event("reaction_added", async ({ event, body }) => {
    if (event.reaction !== PIN_EMOJI || event.item.type !== "message") return;
    await pinned(deps, event.item.channel, event.item.ts, event.user, {
      via: "emoji",
      key: `event:${body.event_id}`,
    });
  });
  app.event("reaction_removed", async ({ event, body }) => {
    if (event.reaction !== PIN_EMOJI || event.item.type !== "message") return;
    const { channel, ts } = event.item;
    const message = await messageAt(deps, channel, ts);
    // Somebody else's pin still holds it.
    if (message?.reactions?.some((r) => r.name === PIN_EMOJI && (r.count ?? 0) > 0)) return;
    await follow(deps, channel, message?.thread_ts ?? ts, event.user, `event:${body.event_id}`, ts, {
      type: "unpin",
      messageTs: ts,
    });
  });
  app.event("message", async ({ event, body }) => {
    const key = `event:${body.event_id}`;
    if (event.subtype === "message_changed") {
      const message = event.message as SlackMessage;
      if (!message.ts || !message.user || message.bot_id) return;
      const text = await read(deps, message.text ?? "");
      await follow(deps, event.channel, message.thread_ts ?? message.ts, message.user, key, message.ts, {
        type: "edit_pin",
        messageTs: message.ts,
        text: text || "(empty)",
      });
    } else if (event.subtype === "message_deleted") {
      const before = event.previous_message as SlackMessage | undefined;
      if (!before?.ts || !before.user || before.bot_id) return;
      await follow(deps, event.channel, before.thread_ts ?? before.ts, before.user, key, before.ts, {
        type: "delete_pin",
        messageTs: before.ts,
      });
    }
  });
}

/** A change to a message, told to its incident only if that message is pinned there. */
async function follow(
  deps: DoorDeps,
  channel: string,
  root: string,
  user: string,
  key: string,
  messageTs: string,
  command: Command,
): Promise<void> {
  await attempt(deps, "following a message", async () => {
    const incident = await deps.engine.reads.byThread(channel, root);
    const state = incident && (await deps.engine.reads.state(incident));
    if (!state || state.pins[messageTs] === undefined) return;
    const actor = { kind: "person", ...(await person(deps, user)) } as const;
    await deps.engine.command({
      incident: state.key,
      command,
      actor,
      via: "emoji",
      permalink: permalink(deps, channel, messageTs, root),
      idempotencyKey: key,
    });
  });
}

/** Puts a message on its incident's timeline, and says so: the emoji shows by itself that it worked, the shortcut does not. */
async function pinned(
  deps: DoorDeps,
  channel: string,
  ts: string,
  user: string,
  door: { via: "emoji" | "shortcut"; key: string },
): Promise<Document> {
  return attempt(deps, "a pin", async () => {
    const message = await messageAt(deps, channel, ts);
    const root = message?.thread_ts ?? ts;
    const incident = await deps.engine.reads.byThread(channel, root);
    if (!message || !incident || ts === root)
      return sentence(
        "This message is no reply in an incident's thread, so there is no timeline to put it on.",
      );
    const author =
      message.user && !message.bot_id
        ? ({ kind: "person", ...(await person(deps, message.user)) } as const)
        : ({ kind: "source", name: message.username ?? "a bot" } as const);
    const text = (await read(deps, message.text ?? "")) || "(no text)";
    await deps.engine.command({
      incident,
      command: { type: "pin", messageTs: ts, author, text, at: new Date(Number(ts) * 1000).toISOString() },
      actor: { kind: "person", ...(await person(deps, user)) },
      via: door.via,
      permalink: permalink(deps, channel, ts, root),
      idempotencyKey: door.key,
    });
    return sentence(`The message is on the timeline of ${incident}.`);
  });
}

function sentence(words: string): Document {
  return { summary: words, title: null, blocks: [{ type: "paragraph", text: words }] };
}

async function person(deps: DoorDeps, id: string): Promise<{ id: string; name: string }> {
  const { name } = await deps.people.get(id);
  return { id, name };
}

async function read(deps: DoorDeps, text: string): Promise<string> {
  return plainText(text, await deps.people.names(mentionedIds(text)));
}

async function messageAt(deps: DoorDeps, channel: string, ts: string): Promise<SlackMessage | null> {
  const answer = await deps.client.conversations.replies({
    channel,
    ts,
    oldest: ts,
    latest: ts,
    inclusive: true,
    limit: 5,
  });
  return ((answer.messages ?? []) as SlackMessage[]).find((m) => m.ts === ts) ?? null;
}

function shortcutDoors(app: App, deps: DoorDeps): void {
  app.shortcut(SHORTCUTS.pin, async ({ ack, shortcut }: SlackShortcutMiddlewareArgs) => {
    await ack();
    if (shortcut.type !== "message_action") return;
    const { channel, message, user, trigger_id } = shortcut;
    const document = await pinned(deps, channel.id, message.ts, user.id, {
      via: "shortcut",
      key: `shortcut:${trigger_id}`,
    });
    await whisper(deps, user.id, { channel: channel.id, threadTs: message.thread_ts ?? null }, document);
  });
  app.shortcut(SHORTCUTS.declare, async ({ ack, shortcut }) => {
    await openModal(
      deps,
      shortcut.trigger_id,
      modalFor(deps, "declare", null, { channel: deps.channel, threadTs: null }),
    );
    await ack();
  });
}

/** Slack's permalinks are the workspace's address, the channel, and the ts without its dot. */
function permalink(deps: DoorDeps, channel: string, ts: string, threadTs: string | null): string {
  const link = `${deps.workspaceUrl}archives/${channel}/p${ts.replace(".", "")}`;
  return threadTs && threadTs !== ts ? `${link}?thread_ts=${threadTs}&cid=${channel}` : link;
}
