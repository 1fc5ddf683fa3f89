import type { FastifyReply, FastifyRequest } from "fastify";
import type { SourceRequest } from "../../source/source.ts";
import type { Received } from "../intake.ts";
import type { HttpProblem } from "../problem.ts";

/** An answer as a protocol wants it: no body for null, text as text/plain, anything else as JSON. */
export type ProtocolAnswer = { status: number; body: unknown };

/**
 * Addresses at which we answer as another product does, so that what speaks to that product can be pointed here
 * unchanged: the same paths, codes and bodies, errors included. Reading is the source's, as for /v1/alerts/{source}.
 */
export type Protocol = {
  /** The source that reads and authenticates what comes in here. */
  source: string;
  /** As people write the product's name. */
  title: string;
  routes: ProtocolRoute[];
  /** Where its clients send the secret, each way by its name in the OpenAPI document; [] where the address has it. */
  security: ("bearer" | "urlToken" | "routingKey" | "genieKey" | "serviceAccountKey")[];
  /** What the product answers when it refuses. */
  refused(problem: HttpProblem, request: FastifyRequest): ProtocolAnswer;
};

export type ProtocolRoute = {
  method: "POST" | "PUT" | "GET" | "DELETE" | "PATCH";
  url: string;
  summary: string;
  /** null: only authenticated, nothing is read (a heartbeat). */
  reader: "read" | "readChanges" | null;
  /** Refuses a body with the product's own words before it is read; `problem` carries them to `refused`. */
  check?(request: SourceRequest): HttpProblem | null;
  accepted(received: Received): ProtocolAnswer;
};

export function sendAnswer(reply: FastifyReply, { status, body }: ProtocolAnswer): FastifyReply {
  reply.code(status);
  if (body === null) return reply.send();
  return typeof body === "string" ? reply.type("text/plain; charset=utf-8").send(body) : reply.send(body);
}
