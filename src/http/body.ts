import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";
import { HttpProblem } from "./problem.ts";

/** Content codings (RFC 9110 §8.4.1); `deflate` is the zlib format, as the RFC says. */
const DECODERS: Record<string, () => Transform | null> = {
  identity: () => null,
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
};
const ENCODINGS = ["gzip", "deflate", "br"];

/** Several large bodies may arrive at once; more than these held in memory together is our overload (503). */
const BODIES_AT_ONCE = 4;

/** How long the rest of a refused request is thrown away before the connection is cut. */
const LINGER_MS = 1_000;

/** What can be refused about a body before a byte of it is read: its encoding, and the length it announces. */
export function checkBodyHeaders(headers: IncomingMessage["headers"], limitBytes: number): void {
  const encoding = encodingOf(headers);
  if (!Object.hasOwn(DECODERS, encoding)) {
    throw new HttpProblem(
      "unsupported_media_type",
      `Content-Encoding must be one of ${ENCODINGS.join(", ")}, or absent.`,
      { headers: { "accept-encoding": ENCODINGS.join(", ") } },
    );
  }
  if (Number(headers["content-length"] ?? 0) > limitBytes) throw tooLarge(limitBytes);
}

function encodingOf(headers: IncomingMessage["headers"]): string {
  return (headers["content-encoding"] ?? "identity").trim().toLowerCase();
}

function tooLarge(limitBytes: number): HttpProblem {
  const size = limitBytes >= 1024 * 1024 ? `${limitBytes / (1024 * 1024)} MiB` : `${limitBytes} bytes`;
  return new HttpProblem(
    "too_large",
    `A body may have ${size}, counted after decompression. Send it in parts, or raise maxBodyMiB in breakwater.yaml.`,
  );
}

/**
 * Reads bodies as the bytes the sender meant, decompressed. The limit holds for what arrives and for what it inflates
 * to, so that neither an endless stream nor a zip bomb is ever held in full. `prepare` is for the preParsing hook,
 * `parse` is a Fastify content type parser.
 */
export function bodyReader(limitBytes: number) {
  const memory = new BodyMemory(BODIES_AT_ONCE * limitBytes);
  return {
    prepare: async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      reply.raw.once("close", () => memory.release(request.raw));
      // Past every refusal that needs no body, a client that asked first is told to go on (RFC 9110 §10.1.1).
      if (request.headers.expect?.toLowerCase() === "100-continue") reply.raw.writeContinue();
    },
    parse: (request: FastifyRequest): Promise<Buffer> => collect(request.raw, limitBytes, memory),
  };
}

/** The bytes of all bodies of requests that are not answered yet. */
class BodyMemory {
  readonly limitBytes: number;
  #total = 0;
  readonly #held = new Map<IncomingMessage, number>();
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }
  /** Whether the bytes still fit. */
  take(raw: IncomingMessage, bytes: number): boolean {
    this.#total += bytes;
    this.#held.set(raw, (this.#held.get(raw) ?? 0) + bytes);
    return this.#total <= this.limitBytes;
  }
  release(raw: IncomingMessage): void {
    this.#total -= this.#held.get(raw) ?? 0;
    this.#held.delete(raw);
  }
}

const OVERLOADED = "Too many large bodies are arriving at once. Send this one again shortly.";
const CUT_SHORT = "The connection closed before the body was complete.";
const BAD_CODING = "The body does not decompress as its Content-Encoding says.";

function collect(raw: IncomingMessage, limitBytes: number, memory: BodyMemory): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const decoder = DECODERS[encodingOf(raw.headers)]!();
  const decoded = decoder ?? raw;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const keep = (chunk: Buffer) => {
    sizeBytes += chunk.length;
    chunks.push(chunk);
    if (sizeBytes > limitBytes) stop(tooLarge(limitBytes));
    else if (!memory.take(raw, chunk.length)) stop(new HttpProblem("unavailable", OVERLOADED));
  };
  const stop = (problem: HttpProblem) => {
    decoded.off("data", keep);
    if (decoder) raw.unpipe(decoder);
    raw.resume();
    decoder?.destroy();
    reject(problem);
  };
  raw.once("error", () => stop(new HttpProblem("malformed_body", CUT_SHORT)));
  decoded.on("data", keep);
  decoded.once("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, sizeBytes)));
  if (decoder) decode(raw, decoder, limitBytes, stop);
  return promise;
}

function decode(
  raw: IncomingMessage,
  decoder: Transform,
  limitBytes: number,
  stop: (problem: HttpProblem) => void,
): void {
  let receivedBytes = 0;
  raw.on("data", (chunk: Buffer) => {
    receivedBytes += chunk.length;
    if (receivedBytes > limitBytes) stop(tooLarge(limitBytes));
  });
  decoder.once("error", () => stop(new HttpProblem("malformed_body", BAD_CODING)));
  raw.pipe(decoder);
}

/**
 * After a refusal the rest of the body is thrown away for a moment, as cutting the connection at once could destroy the
 * answer before the client has read it (RFC 9112 §9.6). Whoever still sends after that is cut off.
 */
export function lingerThenClose(raw: IncomingMessage): void {
  if (raw.complete) return;
  const { socket } = raw;
  setTimeout(() => {
    if (!raw.complete) socket.destroy();
  }, LINGER_MS).unref();
}

/** The last that is said over a connection. Whoever does not hang up after that is cut off: it would be held for ever. */
export function endThenClose(socket: Socket, text: string): void {
  socket.end(text);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
