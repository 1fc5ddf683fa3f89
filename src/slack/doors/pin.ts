import type { App } from "@slack/bolt";
import type { Command } from "../../core/incident/command.ts";
import type { Document } from "../../core/report/document.ts";
import { mentionedIds, plainText } from "../../core/verb/words.ts";
import { asker, attempt, type DoorDeps, linkTo } from "./interaction.ts";

/** The emoji that puts a message on the timeline. */
export const PIN_EMOJI = "pushpin";

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
export function pinDoors(app: App, deps: DoorDeps): void {
  app.event("reaction_added", async ({ event, body }) => {
    if (event.reaction !== PIN_EMOJI || event.item.type !== "message") return;
    const by = { id: event.user, team: null };
    await pinned(deps, event.item.channel, event.item.ts, by, {
      via: "emoji",
      key: `event:${body.event_id}`,
    });
  });
  app.event("reaction_removed", async ({ event, body }) => {
    if (event.reaction !== PIN_EMOJI || event.item.type !== "message") return;
    const { channel, ts } = event.item;
    await following(deps, async () => {
      const message = await messageAt(deps, channel, ts);
      // Somebody else's pin still holds it.
      if (message?.reactions?.some((r) => r.name === PIN_EMOJI && (r.count ?? 0) > 0)) return;
      const change = { channel, ts, root: message?.thread_ts ?? ts, user: event.user };
      await asker(deps, event.user);
      await follow(deps, change, body.event_id, async () => ({ type: "unpin", messageTs: ts }));
    });
  });
  app.event("message", async ({ event, body }) => {
    const { channel } = event;
    if (event.subtype === "message_changed") {
      const message = event.message as SlackMessage;
      const change = changeOf(channel, message);
      if (!change) return;
      await following(deps, () =>
        follow(deps, change, body.event_id, async () => ({
          type: "edit_pin",
          messageTs: change.ts,
          // As it stands now: events may come in another order than the edits were made in.
          text: await wordsOf(deps, (await messageAt(deps, channel, change.ts)) ?? message),
        })),
      );
    } else if (event.subtype === "message_deleted") {
      const change = changeOf(channel, event.previous_message as SlackMessage | undefined);
      if (!change) return;
      await following(deps, () =>
        follow(deps, change, body.event_id, async () => ({ type: "delete_pin", messageTs: change.ts })),
      );
    }
  });
}

/** Something that happened to a message, and whose doing it is taken for. */
type Change = { channel: string; ts: string; root: string; user: string };

/** A change by the author of a message; null for what bots write. */
function changeOf(channel: string, message: SlackMessage | undefined): Change | null {
  if (!message?.ts || !message.user || message.bot_id) return null;
  return { channel, ts: message.ts, root: message.thread_ts ?? message.ts, user: message.user };
}

function following(deps: DoorDeps, work: () => Promise<void>): Promise<unknown> {
  return attempt(deps, "following a message", work);
}

/** Tells a change to the incident in whose thread the message is pinned; of all others nothing is looked up. */
async function follow(
  deps: DoorDeps,
  { channel, ts, root, user }: Change,
  eventId: string,
  command: () => Promise<Command>,
): Promise<void> {
  const incident = await deps.engine.reads.byThread(channel, root);
  const state = incident && (await deps.engine.reads.state(incident));
  if (!state || state.pins[ts] === undefined) return;
  await deps.engine.command({
    incident: state.key,
    command: await command(),
    actor: { kind: "person", ...(await person(deps, user)) },
    via: "emoji",
    permalink: linkTo(deps, channel, ts, root),
    idempotencyKey: `event:${eventId}`,
  });
}

/** Puts a message on its incident's timeline, and says so: the emoji shows by itself that it worked, the shortcut does not. */
export async function pinned(
  deps: DoorDeps,
  channel: string,
  ts: string,
  { id: user, team }: { id: string; team: string | null },
  door: { via: "emoji"; key: string } | { via: "shortcut"; key: string; threadTs: string | null },
): Promise<Document> {
  return attempt(deps, "a pin", async () => {
    const { id, name } = await asker(deps, user, team);
    // A shortcut says in which thread it was used. It stands in every channel, and of most we may ask Slack nothing.
    if (door.via === "shortcut" && !(await deps.engine.reads.byThread(channel, door.threadTs ?? ts)))
      return noReply();
    const message = await messageAt(deps, channel, ts);
    const root = message?.thread_ts ?? ts;
    const incident = await deps.engine.reads.byThread(channel, root);
    // Taken off again before we looked: the removal found nothing to take off, so there must be nothing.
    const gone = door.via === "emoji" && !message?.reactions?.some((r) => r.name === PIN_EMOJI);
    if (!message || !incident || ts === root || gone) return noReply();
    const author =
      message.user && !message.bot_id
        ? ({ kind: "person", ...(await person(deps, message.user)) } as const)
        : ({ kind: "source", name: message.username ?? "a bot" } as const);
    const text = await wordsOf(deps, message);
    await deps.engine.command({
      incident,
      command: { type: "pin", messageTs: ts, author, text, at: new Date(Number(ts) * 1000).toISOString() },
      actor: { kind: "person", id, name },
      via: door.via,
      permalink: linkTo(deps, channel, ts, root),
      idempotencyKey: door.key,
    });
    return sentence(`The message is on the timeline of ${incident}.`);
  });
}

function noReply(): Document {
  return sentence("This message is no reply in an incident's thread, so there is no timeline to put it on.");
}

function sentence(words: string): Document {
  return { summary: words, title: null, blocks: [{ type: "paragraph", text: words }] };
}

async function person(deps: DoorDeps, id: string): Promise<{ id: string; name: string }> {
  const { name } = await deps.people.get(id);
  return { id, name };
}

/** What a message says, or that it says nothing, as one that is only a picture. */
async function wordsOf(deps: DoorDeps, message: SlackMessage): Promise<string> {
  const text = message.text ?? "";
  return plainText(text, await deps.people.names(mentionedIds(text))) || "(no text)";
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
