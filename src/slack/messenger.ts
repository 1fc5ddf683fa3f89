import {
  LogLevel,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebClient,
} from "@slack/web-api";
import { DeliveryFailure, type Messenger, type Place, type Posted } from "../engine/deliver.ts";
import { type RenderOptions, renderDocument } from "./block-kit.ts";
import { permalink as permalinkTo } from "./permalink.ts";

const TIMEOUT_MS = 10_000;
/** Messages looked through for one of ours; a thread longer than this since the incident began is not a real one. */
const SEARCH_PAGES = 10;

/**
 * A client that leaves waiting and repeating to the outbox: by default it would pause all calls after one 429 and
 * silently repeat posts whose outcome is unknown.
 */
export function slackClient(token: string, apiUrl: string | null, timeoutMs = TIMEOUT_MS): WebClient {
  return new WebClient(token, {
    ...(apiUrl ? { slackApiUrl: apiUrl } : {}),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: timeoutMs,
    // Whoever calls knows what failed, and logs it in our log; the client would write to the terminal besides.
    logLevel: LogLevel.ERROR,
  });
}

/**
 * Slack's answers that mean: not as things stand, but an admin can mend it, or it passes by itself
 * (https://docs.slack.dev/reference/methods/chat.postMessage#errors).
 */
const MENDABLE = new Set([
  "access_denied",
  "accesslimited",
  "account_inactive",
  "channel_not_found",
  "ekm_access_denied",
  "internal_error",
  "invalid_auth",
  "is_archived",
  "message_limit_exceeded",
  "missing_scope",
  "no_permission",
  "not_allowed_token_type",
  "not_authed",
  "not_in_channel",
  "org_login_required",
  "posting_to_general_channel_denied",
  "rate_limited",
  "ratelimited",
  "restricted_action",
  "restricted_action_non_threadable_channel",
  "restricted_action_read_only_channel",
  "restricted_action_thread_only_channel",
  "service_unavailable",
  "team_access_not_granted",
  "team_added_to_org",
  "token_expired",
  "token_revoked",
  "two_factor_setup_required",
]);

/** Slack's docs warn that these may come after the work was partly done. */
const AMBIGUOUS = new Set(["fatal_error", "internal_error", "request_timeout"]);

function failure(error: unknown): DeliveryFailure {
  if (error instanceof WebAPIRateLimitedError)
    return new DeliveryFailure("rate_limited", "rate limited", error.retryAfter * 1000);
  if (error instanceof WebAPIPlatformError) {
    // What is JSON and no answer of Slack's has no code at all.
    const code: unknown = error.data.error;
    if (typeof code !== "string") return new DeliveryFailure("unknown", "the answer is not one of Slack's");
    // An answer that is cut short, or is a proxy's page, comes as an error whose code is the very text of it.
    if (!/^[a-z0-9_.:-]{1,100}$/i.test(code)) return new DeliveryFailure("unknown", "the answer is not JSON");
    // Somebody deleted it, and nothing brings it back.
    if (code === "message_not_found") return new DeliveryFailure("gone", code);
    if (AMBIGUOUS.has(code)) return new DeliveryFailure("unknown", code);
    return new DeliveryFailure(MENDABLE.has(code) ? "retry" : "refused", code);
  }
  if (error instanceof WebAPIHTTPError) return new DeliveryFailure("unknown", `HTTP ${error.statusCode}`);
  return new DeliveryFailure("unknown", error instanceof Error ? error.message : String(error));
}

async function calling<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DeliveryFailure ? error : failure(error);
  }
}

/** The block id that carries a message's mark: Slack keeps it, shows it to nobody, and gives it back in the history. */
function marked(blocks: object[], mark: string): object[] {
  return blocks.map((block, i) => (i === 0 ? { ...block, block_id: mark } : block));
}

/** `address` gives the workspace's address, for permalinks, or null while it is not known. */
export function createMessenger(
  client: WebClient,
  options: RenderOptions,
  address: () => Promise<string | null>,
): Messenger {
  /** Never a reason for a post to fail: without it the thread still stands. */
  async function linkOf(posted: { channel: string; ts: string }): Promise<string | null> {
    const workspace = await address();
    return workspace && permalinkTo(workspace, posted.channel, posted.ts, null);
  }

  return {
    post: (place, document, { permalink }) =>
      calling(async () => {
        const { text, blocks } = renderDocument(document, options);
        const posted = await client.chat.postMessage({
          channel: place.channel,
          ...(place.threadTs ? { thread_ts: place.threadTs } : {}),
          text,
          blocks: marked(blocks, place.mark) as never[],
          // Data never unfurls: a link in an alert is not an invitation to fetch it.
          unfurl_links: false,
          unfurl_media: false,
        });
        const { channel, ts } = posted;
        if (!channel || !ts) throw new DeliveryFailure("unknown", "the answer names no message");
        return { channel, ts, permalink: permalink ? await linkOf({ channel, ts }) : null };
      }),
    update: (channel, ts, document) =>
      calling(async () => {
        const { text, blocks } = renderDocument(document, options);
        await client.chat.update({ channel, ts, text, blocks: blocks as never[] });
      }),
    upload: (place, file) => calling(() => upload(client, place, file)),
    find: (place, fileTitle, since) =>
      calling(async () => {
        const found = await find(client, place, fileTitle, since);
        return found && { ...found, permalink: place.threadTs ? null : await linkOf(found) };
      }).catch((error: DeliveryFailure) => {
        // Slack would not let us look: that says nothing of the message. Only of a thread that is gone there is nothing to see.
        const blind = error.kind === "refused" && error.message !== "thread_not_found";
        throw blind ? new DeliveryFailure("retry", error.message) : error;
      }),
  };
}

async function upload(
  client: WebClient,
  place: Place,
  file: { filename: string; title: string; body: string },
): Promise<Posted> {
  const body = Buffer.from(file.body);
  const slot = await client.files.getUploadURLExternal({ filename: file.filename, length: body.length });
  if (!slot.upload_url || !slot.file_id)
    throw new DeliveryFailure("retry", "Slack gave no place to upload to");
  const sent = await fetch(slot.upload_url, {
    method: "POST",
    body,
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  // Nothing is shared before the last call, so up to here a failure can simply be tried again.
  if (!sent.ok) throw new DeliveryFailure("retry", `the upload was answered ${sent.status}`);
  await client.files.completeUploadExternal({
    channel_id: place.channel,
    ...(place.threadTs ? { thread_ts: place.threadTs } : {}),
    files: [{ id: slot.file_id, title: file.title }],
  } as Parameters<WebClient["files"]["completeUploadExternal"]>[0]);
  // Slack does not say which message has it, and none is ever edited; but retention goes by when that was.
  return { channel: place.channel, ts: String(Date.now() / 1000), permalink: null };
}

type Message = {
  ts?: string;
  blocks?: { block_id?: string }[];
  files?: { title?: string | null }[];
};

async function find(
  client: WebClient,
  place: Place,
  fileTitle: string | null,
  since: string,
): Promise<Posted | null> {
  // Clocks differ a little; a minute before the incident nothing of ours can bear its mark.
  const oldest = String(Date.parse(since) / 1000 - 60);
  const channel = await channelId(client, place.channel);
  let cursor: string | undefined;
  for (let page = 0; page < SEARCH_PAGES; page++) {
    const window = { channel, oldest, limit: 200, ...(cursor ? { cursor } : {}) };
    const answer = place.threadTs
      ? await client.conversations.replies({ ...window, ts: place.threadTs })
      : await client.conversations.history(window);
    for (const message of (answer.messages ?? []) as Message[]) {
      const isIt =
        fileTitle === null
          ? message.blocks?.some((block) => block.block_id === place.mark)
          : message.files?.some((file) => file.title === fileTitle);
      if (isIt && message.ts) return { channel, ts: message.ts, permalink: null };
    }
    cursor = answer.response_metadata?.next_cursor || undefined;
    if (!cursor) return null;
  }
  return null;
}

/** Posting takes `#name`, reading takes ids only. */
async function channelId(client: WebClient, channel: string): Promise<string> {
  if (!channel.startsWith("#")) return channel;
  let cursor: string | undefined;
  do {
    const page = await client.conversations.list({
      types: "public_channel,private_channel",
      exclude_archived: true,
      limit: 1000,
      ...(cursor ? { cursor } : {}),
    });
    const found = page.channels?.find((c) => c.name === channel.slice(1));
    if (found?.id) return found.id;
    cursor = page.response_metadata?.next_cursor || undefined;
  } while (cursor);
  throw new DeliveryFailure("retry", `there is no channel ${channel} that the bot can see; invite it there`);
}
