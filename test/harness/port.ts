import { once } from "node:events";
import { createServer } from "node:net";

/** A port that was free a moment ago, for who must know it before anybody listens there. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}
