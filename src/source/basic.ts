import { bearerOrToken, matchesSecret, unauthorized } from "./auth.ts";
import type { SourceRequest } from "./source.ts";

/**
 * As `bearerOrToken`, and the secret as the password of HTTP Basic, for senders that know no other header. The user name
 * may be anything.
 */
export function basicOrBearer(request: SourceRequest, secrets: string[]): void {
  const password = basicPassword(request.headers.authorization);
  if (password === undefined) bearerOrToken(request, secrets);
  else if (!matchesSecret([password, request.query.token], secrets)) {
    throw unauthorized(
      "The password of HTTP Basic is not the secret configured for this source. The user name may be anything.",
    );
  }
}

/** What stands behind the first colon: a password may hold more of them (RFC 7617 §2). */
function basicPassword(authorization: string | undefined): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 ? "" : pair.slice(colon + 1);
}
