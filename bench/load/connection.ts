import { connect, type Socket } from "node:net";

/** An answer as bytes: `head` is the status line and the headers. */
export type Answer = { status: number; head: string; body: Buffer };

/** One keep-alive connection that carries one request at a time; a lean one, as it shares the machine with what it measures. */
export type Connection = { ask(request: Buffer): Promise<Answer>; close(): void };

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const END_OF_CHUNKS = Buffer.from("0\r\n\r\n");

export async function openConnection(port: number): Promise<Connection> {
  const socket = await connected(port);
  let received: Buffer = Buffer.alloc(0);
  let waiting: { resolve(answer: Answer): void; reject(error: Error): void } | null = null;

  socket.on("data", (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = answerIn(received);
    if (answer === null || waiting === null) return;
    received = received.subarray(answer.length);
    const { resolve } = waiting;
    waiting = null;
    resolve(answer);
  });
  const fail = (error: Error) => {
    waiting?.reject(error);
    waiting = null;
  };
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the connection was closed")));
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error("the connection was closed"));
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => void socket.destroy(),
  };
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** The first answer of what was received, with its length in bytes, or null while it is not all there. */
function answerIn(received: Buffer): (Answer & { length: number }) | null {
  const endOfHead = received.indexOf(END_OF_HEAD);
  if (endOfHead === -1) return null;
  const head = received.toString("latin1", 0, endOfHead);
  const status = Number(head.slice(9, 12));
  const start = endOfHead + END_OF_HEAD.length;
  const announced = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (announced !== undefined || !/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const length = start + Number(announced ?? 0);
    return received.length < length ? null : { status, head, body: received.subarray(start, length), length };
  }
  // One request at a time, so the last chunk ends what was received.
  if (!received.subarray(-END_OF_CHUNKS.length).equals(END_OF_CHUNKS)) return null;
  return { status, head, body: received.subarray(start), length: received.length };
}

/** The bytes of a request. */
export function requestBytes(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body: Buffer | string = "",
): Buffer {
  const bytes = Buffer.from(body);
  const fields = Object.entries({ host: "127.0.0.1", ...headers, "content-length": String(bytes.length) });
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n`), bytes]);
}
