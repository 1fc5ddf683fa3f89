import { createHash, timingSafeEqual } from "node:crypto";
import { Refusal } from "../core/refusal.ts";
import type { SourceRequest } from "./source.ts";

/**
 * For senders without a scheme of their own: the secret as a bearer token, or as `?token=` where only a URL can be
 * set. Hashing both sides gives the constant-time comparison texts of one length, so not even the length of a secret
 * shows. Without a secret everything is refused, and an empty one never matches.
 */
export function bearerOrToken(request: SourceRequest, secrets: string[]): void {
  const usable = secrets.filter((secret) => secret !== "").map(digest);
  if (usable.length === 0) {
    throw new Refusal(
      "unauthorized",
      "This source is closed because no secret is configured for it. Set BREAKWATER_SOURCE_<NAME>_SECRET and restart.",
    );
  }
  const bearer = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  const offered = [bearer, request.query.token]
    .filter((each) => each !== undefined && each !== "")
    .map((each) => digest(each!));
  let matches = 0;
  for (const secret of usable) for (const each of offered) matches += timingSafeEqual(secret, each) ? 1 : 0;
  if (matches > 0) return;
  throw new Refusal(
    "unauthorized",
    `${offered.length === 0 ? "The request carries no secret" : "The secret is not the one configured for this source"}. ` +
      'Send it as the header "Authorization: Bearer <secret>", or as "?token=<secret>" where only a URL can be set.',
  );
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
