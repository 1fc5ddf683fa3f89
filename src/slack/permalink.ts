import type { WebClient } from "@slack/web-api";

/**
 * The address of a message: the workspace's, the channel, and the ts without its dot. Built and not asked for
 * (chat.getPermalink), so that a thread's place is recorded the moment it stands.
 */
export function permalink(
  workspaceUrl: string,
  channel: string,
  ts: string,
  threadTs: string | null,
): string {
  const link = `${workspaceUrl}archives/${channel}/p${ts.replace(".", "")}`;
  return threadTs && threadTs !== ts ? `${link}?thread_ts=${threadTs}&cid=${channel}` : link;
}

/** Asks once for the workspace's address (`https://acme.slack.com/`), and again only if that failed. */
export function workspaceAddress(client: WebClient): () => Promise<string | null> {
  let known: string | null = null;
  return async () => {
    known ??= (await client.auth.test().catch(() => null))?.url ?? null;
    return known;
  };
}
