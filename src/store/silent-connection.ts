import type { Socket } from "node:net";
import type { Client } from "pg";

/**
 * Nothing that the bot asks takes Postgres so long. A server that lost its power, or a network that forgot a connection
 * (a failover), closes nothing: the system would wait for a quarter of an hour, or for ever.
 */
const SILENT_AFTER_MS = 20_000;

/** Ends a connection over which nothing came or went for so long; who waits for an answer is told that it was terminated. */
export function endWhenSilent({ connection }: Client, afterMs = SILENT_AFTER_MS): void {
  const socket = connection.stream as Socket;
  socket.setTimeout(afterMs, () => socket.destroy());
}
