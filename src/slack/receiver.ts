import type { App, isValidSlackRequest, Receiver, ReceiverEvent } from "@slack/bolt";

/** Slack waits three seconds for an acknowledgement, then sends again. */
const ACKNOWLEDGE_WITHIN_MS = 2_500;

/**
 * An app whose events are acknowledged once they are dealt with. Bolt acknowledges an event before its listeners run,
 * and a process killed in between would have taken a command that nobody carries out; unacknowledged, Slack sends it
 * again. Everything else is acknowledged by its listener.
 */
export function acknowledgingWhenDone(app: App): App {
  const processEvent = async (event: ReceiverEvent): Promise<void> => {
    if (event.body.type !== "event_callback") return app.processEvent(event);
    // Where the socket has just gone Slack does not hear this, and sends the event again; nobody else would catch it.
    const timer = setTimeout(() => void event.ack().catch(() => {}), ACKNOWLEDGE_WITHIN_MS);
    await app.processEvent({ ...event, ack: async () => {} }).finally(() => clearTimeout(timer));
    await event.ack();
  };
  return { processEvent } as unknown as App;
}

/** An answer for the HTTP edge to send. */
export type SlackHttpAnswer = { status: number; contentType: string; body: string };

/**
 * Bolt's receiver for HTTP mode without a server of its own: the one HTTP server of the process hands Slack's requests
 * over as bytes. Signatures are checked over those bytes, with Slack's five-minute window against replays.
 */
export class HttpReceiver implements Receiver {
  private app: App | null = null;
  private readonly signingSecret: string;
  private readonly isValid: typeof isValidSlackRequest;
  constructor(signingSecret: string, isValid: typeof isValidSlackRequest) {
    this.signingSecret = signingSecret;
    this.isValid = isValid;
  }
  init(app: App): void {
    this.app = acknowledgingWhenDone(app);
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  async handle(
    headers: Record<string, string | string[] | undefined>,
    rawBody: Buffer,
  ): Promise<SlackHttpAnswer> {
    const body = rawBody.toString("utf8");
    if (!this.signed(headers, body)) return answer(401, "the request is not signed by Slack");
    const payload = parse(body, String(headers["content-type"] ?? ""));
    if (!payload) return answer(400, "the body is neither JSON nor a form");
    if (payload.ssl_check) return answer(200, "");
    if (payload.type === "url_verification") return answer(200, String(payload.challenge ?? ""));
    return this.process(payload, headers);
  }

  private signed(headers: Record<string, string | string[] | undefined>, body: string): boolean {
    const signature = headers["x-slack-signature"];
    const timestamp = Number(headers["x-slack-request-timestamp"]);
    if (typeof signature !== "string" || !Number.isFinite(timestamp)) return false;
    return this.isValid({
      signingSecret: this.signingSecret,
      body,
      headers: { "x-slack-signature": signature, "x-slack-request-timestamp": timestamp },
    });
  }

  /** Resolves with what the listener acknowledged; without an acknowledgement Slack is to try again. */
  private process(
    payload: Record<string, unknown>,
    headers: Record<string, string | string[] | undefined>,
  ): Promise<SlackHttpAnswer> {
    return new Promise((resolve) => {
      const event: ReceiverEvent = {
        body: payload as ReceiverEvent["body"],
        retryNum:
          headers["x-slack-retry-num"] === undefined ? undefined : Number(headers["x-slack-retry-num"]),
        ack: async (response) => {
          if (response === undefined || response === null || response === "") resolve(answer(200, ""));
          else if (typeof response === "string") resolve(answer(200, response));
          else resolve({ status: 200, contentType: "application/json", body: JSON.stringify(response) });
        },
      };
      this.app!.processEvent(event).then(
        () => resolve(answer(404, "nothing here answers that")),
        () => resolve(answer(500, "that failed; Slack may try again")),
      );
    });
  }
}

function answer(status: number, body: string): SlackHttpAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body };
}

/**
 * Events come as JSON, commands as a form, interactions as JSON in a form's `payload`. Without NUL characters, which
 * Slack does not send and Postgres takes in no text.
 */
function parse(body: string, contentType: string): Record<string, unknown> | null {
  try {
    if (contentType.startsWith("application/json")) return JSON.parse(body, withoutNul);
    const form = Object.fromEntries(new URLSearchParams(body.replaceAll("%00", "")));
    return form.payload ? JSON.parse(form.payload, withoutNul) : form;
  } catch {
    return null;
  }
}

function withoutNul(_key: string, value: unknown): unknown {
  return typeof value === "string" ? value.replaceAll("\0", "") : value;
}
