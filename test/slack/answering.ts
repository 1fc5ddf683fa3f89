import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Something at Slack's address that answers every call with what `answer` gives, whether Slack would or not. */
export async function startAnswering(answer: () => string): Promise<{ apiUrl: string; stop(): void }> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.setHeader("content-type", "application/json").end(answer()));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return { apiUrl: `http://127.0.0.1:${port}/api/`, stop: () => void server.close() };
}
