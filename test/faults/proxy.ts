/**
 * A line to Slack that can be made bad: real HTTP in front of the local Slack server. Faults are per Web API method and
 * used up one by one; whatever has none goes through unchanged.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * `…_before`: Slack never hears of the call. `…_after`: it has carried it out, and the caller does not learn that.
 * `hang` answers nothing until the proxy is closed or the caller gives up; `truncated` and `page` (a load balancer's HTML)
 * come with status 200.
 */
export type Fault =
  | { kind: "rate_limited"; retryAfterSeconds: number }
  | { kind: "refused"; error: string }
  | { kind: "slow"; ms: number }
  | { kind: "status"; status: 502 | 503 | 504 }
  | { kind: "500_before" | "500_after" | "hang_before" | "hang_after" | "reset_before" | "reset_after" }
  | { kind: "truncated" | "page" };

export type Call = { method: string; body: URLSearchParams; at: number };

export class FaultProxy {
  /** Every call that arrived, whatever became of it. */
  readonly calls: Call[] = [];
  /** Told of a call before it goes to Slack, and when Slack has carried it out but the caller does not know yet. */
  onCall: (call: Call, stage: "before" | "after") => void = () => {};
  /** Changes what Slack answers to a method, before any fault does. */
  rewrite: (method: string, text: string) => string = (_, text) => text;
  private readonly faults = new Map<string, Fault[]>();
  private readonly server = createServer((request, response) => void this.handle(request, response));
  private readonly target: string;

  private constructor(target: string) {
    this.target = target;
  }

  /** `target` is the server's address without a slash at the end. */
  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((listening) => proxy.server.listen(0, "127.0.0.1", listening));
    return proxy;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/api/`;
  }

  /** The next calls of a method meet these, one each. */
  inject(method: string, ...faults: Fault[]): void {
    this.faults.set(method, [...(this.faults.get(method) ?? []), ...faults]);
  }

  /** Forgets the calls so far and the faults that were not used up; returns those. */
  reset(): Fault[] {
    const unused = [...this.faults.values()].flat();
    this.faults.clear();
    this.calls.length = 0;
    this.onCall = () => {};
    return unused;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      await this.answer(request, Buffer.concat(chunks), response);
    } catch {
      // The caller is gone, or Slack is: either way there is nobody to tell but by closing the line.
      request.socket.destroy();
    }
  }

  private async answer(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const method = (request.url ?? "").split("?")[0]!.split("/").at(-1)!;
    const call = { method, body: new URLSearchParams(body.toString()), at: performance.now() };
    this.calls.push(call);
    const fault = this.faults.get(method)?.shift();
    switch (fault?.kind) {
      case "rate_limited":
        response.setHeader("retry-after", String(fault.retryAfterSeconds));
        return void response.writeHead(429).end(JSON.stringify({ ok: false, error: "ratelimited" }));
      case "refused":
        return void json(response, JSON.stringify({ ok: false, error: fault.error }));
      case "status":
        return void response.writeHead(fault.status).end("no backend answers");
      case "500_before":
        return void response.writeHead(500).end("internal error");
      case "hang_before":
        return;
      case "reset_before":
        return void request.socket.resetAndDestroy();
      default:
        break;
    }
    this.onCall(call, "before");
    const answer = await fetch(this.target + request.url, {
      method: request.method,
      headers: forwarded(request),
      body: request.method === "GET" ? undefined : new Uint8Array(body),
    });
    const text = this.rewrite(method, await answer.text());
    this.onCall(call, "after");
    if (fault?.kind === "slow") await sleep(fault.ms);
    switch (fault?.kind) {
      case "500_after":
        return void response.writeHead(500).end("internal error");
      case "hang_after":
        return;
      case "reset_after":
        return void request.socket.resetAndDestroy();
      case "truncated":
        return void json(response, text.slice(0, text.length / 2));
      case "page":
        return void json(response, "<html><body>Bad gateway</body></html>");
      default:
        response.writeHead(answer.status, {
          "content-type": answer.headers.get("content-type") ?? "text/plain",
        });
        return void response.end(text);
    }
  }
}

function json(response: ServerResponse, text: string): ServerResponse {
  return response.writeHead(200, { "content-type": "application/json" }).end(text);
}

function forwarded(request: IncomingMessage): Record<string, string> {
  const names = ["authorization", "content-type", "user-agent"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );
}
