import { createHmac, randomUUID } from "node:crypto";
import type { Answer, Connection } from "./connection.ts";
import { requestBytes } from "./connection.ts";
import { SLACK } from "./subjects.ts";

/** A slash command as Slack posts it in HTTP mode, signed. */
export function slashRequest(text: string, responseUrl: string): Buffer {
  const body = new URLSearchParams({
    command: "/incident",
    text,
    team_id: "T0",
    channel_id: SLACK.channel,
    channel_name: "data-incidents",
    user_id: "U0MAYA",
    user_name: "maya",
    trigger_id: randomUUID(),
    response_url: responseUrl,
    api_app_id: "A0",
  }).toString();
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", SLACK.signingSecret).update(`v0:${timestamp}:${body}`).digest("hex");
  return requestBytes(
    "POST",
    "/slack/events",
    {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${signature}`,
    },
    body,
  );
}

/** Asks, and rejects what was not answered 2xx. Resolves with the time in ms. */
export async function timed(
  connection: Connection,
  request: Buffer,
): Promise<{ ms: number; sentAt: number; answer: Answer }> {
  const sentAt = performance.now();
  const answer = await connection.ask(request);
  if (answer.status > 299)
    throw new Error(`answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
  return { ms: performance.now() - sentAt, sentAt, answer };
}

/** Rejects where a command was refused: a refusal is quick, and would be measured as if it were the work. */
export async function heeded(connection: Connection, request: Buffer): Promise<void> {
  const { answer } = await timed(connection, request);
  if (/🔒|🚫|⚠/u.test(answer.body.toString()))
    throw new Error(`refused: ${answer.body.toString().slice(0, 200)}`);
}

export function readRequest(path: string): Buffer {
  return requestBytes("GET", path, { authorization: `Bearer ${SLACK.apiToken}` });
}
