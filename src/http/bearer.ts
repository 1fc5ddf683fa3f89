import type { FastifyRequest } from "fastify";
import type { Config } from "../config.ts";
import { bearerIn, matchesSecret } from "../source/auth.ts";
import { HttpProblem } from "./problem.ts";
import type { RateLimits } from "./rate-limit.ts";

/** The check that stands before a route. */
export type Guard = (request: FastifyRequest) => Promise<void>;

/** Guards the read API. Without a configured token it is closed, never open; only the sandbox opens it. */
export function requireToken(
  { apiTokens, sandbox }: Pick<Config, "apiTokens" | "sandbox">,
  limits: RateLimits,
): Guard {
  return async (request) => {
    if (apiTokens.length === 0) {
      if (sandbox) return;
      throw new HttpProblem("unauthorized", "The read API is closed. Set BREAKWATER_API_TOKEN and restart.");
    }
    limits.check(API, request.ip);
    const offered = bearerIn(request.headers.authorization);
    if (offered === undefined) {
      throw new HttpProblem(
        "unauthorized",
        'Send the header "Authorization: Bearer <BREAKWATER_API_TOKEN>".',
      );
    }
    if (matchesSecret([offered], [...apiTokens])) return limits.accepted(API);
    limits.failed(API, request.ip);
    throw new HttpProblem("unauthorized", "The token is not one of BREAKWATER_API_TOKEN.", {
      headers: { "www-authenticate": 'Bearer realm="breakwater", error="invalid_token"' }, // RFC 6750 §3
    });
  };
}

/** No source's name has a space. */
const API = "the read API";
