import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A call that arrived: a Slack method, or `webhook` for Alertmanager's. `at` is on the clock of `performance.now()`, a form
 * in `body` is decoded.
 */
export type SinkCall = { method: string; at: number; body: string };

/**
 * The other end: answers as Slack's Web API as far as is needed, and takes webhooks. It judges nothing and is quick, so
 * that what is measured is the sender. The tests use the local Slack server, which is strict.
 */
export class Sink {
  readonly calls: SinkCall[] = [];
  /** Methods that are answered 429, with these many seconds to wait. */
  readonly limited = new Map<string, number>();
  /** Told of every call at the moment it arrives. */
  onCall: (call: SinkCall) => void = () => {};
  private posted = 0;
  private readonly server = createServer((request, response) => this.handle(request, response));

  static async open(): Promise<Sink> {
    const sink = new Sink();
    await new Promise<void>((listening) => sink.server.listen(0, "127.0.0.1", listening));
    return sink;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  reset(): void {
    this.calls.length = 0;
    this.limited.clear();
    this.onCall = () => {};
  }

  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    const at = performance.now();
    const method = (request.url ?? "").split("?")[0]!.split("/").at(-1)!;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const sent = Buffer.concat(chunks).toString();
      const isForm = request.headers["content-type"]?.includes("urlencoded") ?? false;
      const call = { method, at, body: isForm ? decodeURIComponent(sent.replaceAll("+", "%20")) : sent };
      this.calls.push(call);
      this.onCall(call);
      const waitSeconds = this.limited.get(method);
      if (waitSeconds !== undefined) {
        response.setHeader("retry-after", String(waitSeconds));
        response.writeHead(429).end(JSON.stringify({ ok: false, error: "ratelimited" }));
        return;
      }
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ ok: true, ...this.answerTo(call) }));
    });
  }

  private answerTo({ method, body }: SinkCall): object {
    switch (method) {
      case "auth.test":
        return {
          url: "https://bench.slack.com/",
          team: "Bench",
          team_id: "T0",
          user: "bot",
          user_id: "U0BOT",
          bot_id: "B0",
        };
      case "users.info":
        return {
          user: {
            id: "U0MAYA",
            name: "maya",
            team_id: "T0",
            is_bot: false,
            real_name: "Maya Okafor",
            tz: "UTC",
            profile: { display_name: "maya" },
          },
        };
      case "chat.postMessage": {
        this.posted += 1;
        const channel = /(?:^|&)channel=([^&]+)/.exec(body)?.[1] ?? "C0";
        return { channel, ts: `17000${String(this.posted).padStart(5, "0")}.000100`, message: {} };
      }
      default:
        return {};
    }
  }
}
