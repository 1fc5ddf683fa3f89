import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { SocketModeReceiver } from "@slack/bolt";

/** What a connection tells of itself. */
export type SocketEvents = {
  /** Slack sent something, or answered a ping. */
  heard(): void;
  /** Slack is about to end this connection and asks for another; until then it still delivers on this one. */
  replaceable(): void;
  /** It is gone, and comes back only if somebody opens another. */
  lost(): void;
};

/** Where undici, on which the Socket Mode client is built, tells of control frames, which it hands to nobody else. */
const CONTROL_FRAMES = ["undici:websocket:ping", "undici:websocket:pong"];

/**
 * Listens to a Socket Mode connection that does not reconnect by itself. Its client would: but it closes the old
 * connection before it opens the next, so that there are seconds without one, and where Slack refuses the next one (a
 * revoked token) its promise is rejected with nobody there to hear, which ends the process. Returns what undoes it.
 */
export function listenTo({ client }: SocketModeReceiver, events: SocketEvents): () => void {
  const [deliver] = client.listeners("ws_message");
  client.removeAllListeners("ws_message");
  client.on("ws_message", (data: unknown, ...more: unknown[]) => {
    events.heard();
    if (isGoodbye(data)) events.replaceable();
    else deliver?.(data, ...more);
  });
  client.on("disconnected", events.lost);
  const control = (message: unknown) => {
    const socket = socketOf(client);
    // Others' sockets are told of here too. Where the client hides its own from us, all of them count.
    if (socket === undefined || (message as { websocket?: unknown }).websocket === socket) events.heard();
  };
  for (const name of CONTROL_FRAMES) subscribe(name, control);
  return () => {
    for (const name of CONTROL_FRAMES) unsubscribe(name, control);
  };
}

function isGoodbye(data: unknown): boolean {
  if (typeof data !== "string" || !data.includes('"disconnect"')) return false;
  try {
    return JSON.parse(data).type === "disconnect";
  } catch {
    return false;
  }
}

/** The client keeps its socket to itself, two levels down. */
function socketOf(client: object): unknown {
  return (client as { websocket?: { websocket?: unknown } }).websocket?.websocket ?? undefined;
}
