import { randomUUID } from "node:crypto";
import { WebAPIPlatformError, type WebClient } from "@slack/web-api";
import type { Config } from "../../config.ts";
import type { IncidentState } from "../../core/incident/state.ts";
import { Refusal } from "../../core/refusal.ts";
import type { Target } from "../../core/report/action-name.ts";
import type { Document } from "../../core/report/document.ts";
import type { FormName, Typed } from "../../core/verb/verb.ts";
import type { Answer, Conversation } from "../../engine/converse.ts";
import type { Engine } from "../../engine/ports.ts";
import { faultDocument, refusalDocument } from "../answer.ts";
import { type RenderOptions, renderDocument } from "../block-kit.ts";
import type { SlackView } from "../limits.ts";
import { MODALS } from "../modals.ts";
import type { People, SlackPerson } from "../people.ts";
import { permalink } from "../permalink.ts";

/** Slack gives up on an answer after 3 s; before that we say "heard" and send the answer by itself. */
const ANSWER_WITHIN_MS = 2_300;

export type DoorDeps = {
  engine: Engine;
  conversation: Conversation;
  people: People;
  /** Who may command. */
  access: Config["access"];
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

/**
 * How Slack writes a person and a message. What does not look like one would stand in a log that is never changed, and
 * nobody could read that incident any more.
 */
const ID = /^\w{1,100}$/;
const TS = /^\d+\.\d+$/;

function malformed(what: string): Refusal {
  return new Refusal("invalid", `This request does not say ${what} as Slack does. Try it again from Slack.`);
}

export type Where = { channel: string; threadTs: string | null };

/** Does the work, or says what went wrong in words for the person; a fault of ours is logged under a reference. */
export async function attempt<T>(
  deps: DoorDeps,
  what: string,
  work: () => Promise<T>,
): Promise<T | Document> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return refusalDocument(error);
    const reference = randomUUID().slice(0, 8);
    deps.log.error({ err: error, reference }, `${what} failed`);
    return faultDocument(reference);
  }
}

/**
 * Who asks, or a refusal where they may not: every door asks here before it does anything for somebody. Buttons and
 * mentions in a channel that is shared with another organization are open to its people too, as far as Slack goes.
 */
export async function asker(
  { people, access }: Pick<DoorDeps, "people" | "access">,
  user: string,
  team: string | null = null,
): Promise<SlackPerson> {
  if (typeof user !== "string" || !ID.test(user)) throw malformed("who asks");
  const standing = await people.standing(user, team);
  if (standing === "member") return people.get(user);
  if (standing === "guest" && access !== "members") return people.get(user);
  if (standing !== "bot" && access === "anyone") return people.get(user);
  if (standing === "unknown")
    throw new Refusal(
      "unavailable",
      "Slack does not say just now whether you are of this workspace. Try again shortly.",
    );
  const whom =
    access === "members" ? "members of this workspace, guests not among them" : "people of this workspace";
  throw new Refusal("unauthorized", `Breakwater takes commands only from ${whom}. Ask one of them to do it.`);
}

export function isAnswer(result: Answer | Document): result is Answer {
  return "kind" in result;
}

export function modalFor(
  deps: DoorDeps,
  form: FormName,
  incident: IncidentState | null,
  where: Where,
  said: { target?: Target; typed?: Typed } = {},
): SlackView {
  const channel = form === "declare" ? deps.channel : where.channel;
  return MODALS[form].build({
    incident,
    channel,
    threadTs: where.threadTs,
    people: deps.everybody,
    ...said,
  });
}

export async function openModal(deps: DoorDeps, triggerId: string, view: SlackView): Promise<void> {
  await deps.client.views.open({ trigger_id: triggerId, view: view as never });
}

export function ephemeral(deps: DoorDeps, document: Document) {
  const { text, blocks } = renderDocument(document, deps.render);
  return { response_type: "ephemeral" as const, text, blocks: blocks as never[] };
}

/** What Slack says where we, or whoever asked, are not in the channel: https://docs.slack.dev/reference/methods/chat.postEphemeral. */
const NOT_THERE = new Set(["user_not_in_channel", "not_in_channel", "channel_not_found"]);

/**
 * Tells somebody alone. Shortcuts stand in every channel, and what they declare opens in ours: who is not there, or asks
 * where we are not, gets a direct message, which needs no permission beyond `chat:write`.
 */
export async function whisper(deps: DoorDeps, user: string, where: Where, document: Document): Promise<void> {
  const { response_type: _, ...message } = ephemeral(deps, document);
  const thread = where.threadTs ? { thread_ts: where.threadTs } : {};
  try {
    await deps.client.chat.postEphemeral({ channel: where.channel, user, ...thread, ...message });
  } catch (error) {
    if (!(error instanceof WebAPIPlatformError && NOT_THERE.has(error.data.error))) throw error;
    await deps.client.chat.postMessage({ channel: user, ...message });
  }
}

/** Answers in time: within Slack's three seconds with the work's result, or with nothing, and the result follows. */
export function inTime<T>(
  work: Promise<T>,
  ack: (result: T | null) => Promise<void>,
  late: (result: T) => Promise<void>,
): Promise<void> {
  let acknowledged = false;
  const timer = setTimeout(() => {
    acknowledged = true;
    // The socket may have just gone, and nobody else would catch that; the result follows over HTTP all the same.
    ack(null).catch(() => {});
  }, ANSWER_WITHIN_MS);
  return work.then((result) => {
    clearTimeout(timer);
    return acknowledged ? late(result) : ack(result);
  });
}

/** The address of what was said or pressed. */
export function linkTo(deps: DoorDeps, channel: string, ts: string, threadTs: string | null): string {
  if (![ts, threadTs ?? ts].every((each) => typeof each === "string" && TS.test(each)))
    throw malformed("of which message it is");
  return permalink(deps.workspaceUrl, channel, ts, threadTs);
}
