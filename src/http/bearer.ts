import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Config } from "../config.ts";
import { HttpProblem } from "./problem.ts";

/**
 * Guards the read API. Without a configured token it is closed, never open; only the sandbox opens it. All tokens are
 * compared, by their hashes, so that the time taken tells neither which one came close nor how long they are.
 */
export function requireToken(config: Pick<Config, "apiTokens" | "sandbox">) {
  const known = config.apiTokens.map(digest);
  return async (request: FastifyRequest): Promise<void> => {
    if (known.length === 0) {
      if (config.sandbox) return;
      throw new HttpProblem("unauthorized", "The read API is closed. Set BREAKWATER_API_TOKEN and restart.");
    }
    const offered = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
    if (offered === undefined) {
      throw new HttpProblem(
        "unauthorized",
        'Send the header "Authorization: Bearer <BREAKWATER_API_TOKEN>".',
      );
    }
    const hash = digest(offered);
    if (known.filter((each) => timingSafeEqual(each, hash)).length > 0) return;
    throw new HttpProblem("unauthorized", "The token is not one of BREAKWATER_API_TOKEN.", {
      headers: { "www-authenticate": 'Bearer realm="breakwater", error="invalid_token"' }, // RFC 6750 §3
    });
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
