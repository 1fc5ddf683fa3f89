import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { Refusal, type RefusalCode } from "../core/refusal.ts";

/**
 * Every way a request can fail, with its HTTP status. The codes are public: the `type` of a problem is
 * `urn:breakwater:problem:<code>`, and docs/http.md lists them all.
 */
export const PROBLEMS = {
  malformed_body: { status: 400, title: "The body cannot be read" },
  bad_parameter: { status: 400, title: "A parameter is wrong" },
  bad_request: { status: 400, title: "This is not a valid HTTP request" },
  unauthorized: { status: 401, title: "The request does not prove who sent it" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "This method is not for this address" },
  request_timeout: { status: 408, title: "The request took too long to arrive" },
  conflict: { status: 409, title: "Someone else was first" },
  wrong_state: { status: 409, title: "The incident's state does not allow this" },
  blocked: { status: 409, title: "A condition is not met yet" },
  too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "This type of body is not taken here" },
  invalid: { status: 422, title: "The body does not have the expected shape" },
  rate_limited: { status: 429, title: "Too many requests" },
  headers_too_large: { status: 431, title: "The request's headers are too large" },
  internal: { status: 500, title: "Something broke on our side" },
  unavailable: { status: 503, title: "Not available just now" },
} as const satisfies Record<RefusalCode, Row> & Record<string, Row>;
type Row = { status: number; title: string };
export type ProblemCode = keyof typeof PROBLEMS;

export const PROBLEM_TYPE = "application/problem+json";

/** The body of every error: RFC 9457, with `errors` as our one extension member. */
export const Problem = z
  .object({
    type: z
      .enum(Object.keys(PROBLEMS).map((code) => `urn:breakwater:problem:${code}`))
      .describe("What kind of problem it is; stable, compare it rather than the texts."),
    title: z.string().describe("The kind of problem in words."),
    status: z.int().describe("The HTTP status, again."),
    detail: z.string().describe("What is wrong with this request, and what to do next."),
    instance: z.string().describe("This very request: its id also stands in our log and in X-Request-Id."),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe("The fields that are wrong, by their path."),
  })
  .describe("What went wrong (RFC 9457).");
export type Problem = z.infer<typeof Problem>;

/** An error that only this edge knows; whatever lies below refuses with `Refusal`. */
export class HttpProblem extends Error {
  readonly code: ProblemCode;
  readonly errors: { path: string; message: string }[];
  readonly headers: Record<string, string>;
  constructor(
    code: ProblemCode,
    detail: string,
    more: { errors?: { path: string; message: string }[]; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.name = "HttpProblem";
    this.code = code;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }
}

/** Seconds after which it is worth asking again: long enough for a group commit or a Slack pause to pass. */
const RETRY_AFTER_SECONDS = 5;

/** Headers that a status calls for: a challenge with 401 (RFC 9110 §11.6.1), a pause with 503 (§10.2.3). */
export const STATUS_HEADERS: Partial<Record<ProblemCode, Record<string, string>>> = {
  unauthorized: { "www-authenticate": 'Bearer realm="breakwater"' },
  unavailable: { "retry-after": String(RETRY_AFTER_SECONDS) },
};

/**
 * The problem that an error stands for. What is neither ours nor a refusal is a fault: its words stay in the log, and
 * the sender gets the request id to ask about.
 */
export function problemOf(error: unknown, requestId: string): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof Refusal) return new HttpProblem(error.code, error.message, { errors: error.issues });
  if (frameworkStatus(error) === 400)
    return new HttpProblem("bad_request", "The address or the headers are malformed.");
  if (frameworkStatus(error) === 415) return new HttpProblem("unsupported_media_type", MALFORMED_TYPE);
  return new HttpProblem(
    "internal",
    `We have logged it. When you report it, give the reference ${requestId}.`,
  );
}

const MALFORMED_TYPE =
  "The Content-Type is malformed: it is a type, a slash and a subtype. Send application/json, or leave it out.";

/** Of Fastify's own complaints about a request, such as an address with a broken percent escape; null for all else. */
function frameworkStatus(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || !("statusCode" in error)) return null;
  return String(error.code).startsWith("FST_ERR_") ? error.statusCode : null;
}

export function problemBody(problem: HttpProblem, requestId: string): Problem {
  const { status, title } = PROBLEMS[problem.code];
  return {
    type: `urn:breakwater:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    instance: `urn:breakwater:request:${requestId}`,
    ...(problem.errors.length > 0 ? { errors: problem.errors } : {}),
  };
}

/** Logs what is ours to mend; other refusals show in the line that every request gets. */
export function reportFault(problem: HttpProblem, error: unknown, request: FastifyRequest): void {
  if (problem.code === "internal") request.log.error({ err: error }, "fault");
  // Nobody but the sender would hear why, and it may be a full disk.
  if (problem.code === "unavailable") request.log.warn({ reason: problem.message }, "unavailable");
}

/** Fastify's error handler. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error, request.id);
  reportFault(problem, error, request);
  // A client that waits for "100 Continue" never sends the body now, so the connection cannot go on (RFC 9110 §10.1.1).
  if (request.headers.expect !== undefined && !request.raw.complete) reply.header("connection", "close");
  // Bytes, as Fastify would add a charset to text, and this media type has no such parameter (RFC 9457 §6.1).
  return reply
    .code(PROBLEMS[problem.code].status)
    .headers({ ...STATUS_HEADERS[problem.code], ...problem.headers, "content-type": PROBLEM_TYPE })
    .send(Buffer.from(JSON.stringify(problemBody(problem, request.id))));
}
