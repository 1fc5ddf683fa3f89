import { createHmac, hash, timingSafeEqual } from "node:crypto";
import { Refusal } from "../core/refusal.ts";
import type { Source, SourceRequest } from "./source.ts";

/**
 * For senders without a scheme of their own: the secret as a bearer token, or as `?token=` where only a URL can be
 * set. Without a secret everything is refused, and an empty one never matches.
 */
export function bearerOrToken(request: SourceRequest, secrets: string[]): void {
  const offered = [bearerIn(request.headers.authorization), request.query.token];
  if (matchesSecret(offered, secrets)) return;
  throw unauthorized(
    `${isNothing(offered) ? "The request carries no secret" : WRONG_SECRET}. ` +
      'Send it as the header "Authorization: Bearer <secret>", or as "?token=<secret>" where only a URL can be set.',
  );
}

/** What stands behind the word Bearer, to the end: a secret may be several words. */
export function bearerIn(authorization = ""): string | undefined {
  return /^bearer +(\S.*)$/i.exec(authorization)?.[1]?.trim();
}

/** The secret as it stands in a header of the sender's own (`X-Gitlab-Token: <secret>`), after a prefix if there is one. */
export function headerSecret(header: string, prefix = ""): Source["authenticate"] {
  return (request, secrets) => {
    const value = request.headers[header.toLowerCase()];
    const offered = value?.startsWith(prefix) ? value.slice(prefix.length).trim() : undefined;
    if (matchesSecret([offered], secrets)) return;
    throw unauthorized(
      `${isNothing([offered]) ? `The header ${header} carries no secret` : WRONG_SECRET}. Send "${header}: ${prefix}<secret>".`,
    );
  };
}

/**
 * A signature over the body, in hex. `message` is what is signed where that is more or other than the bytes of the
 * body. The signatures for all secrets are compared, whichever is right.
 */
export function hmacSignature(scheme: {
  header: string;
  algorithm: "sha256" | "sha512";
  prefix?: string;
  message?: (request: SourceRequest) => string | Buffer;
}): Source["authenticate"] {
  const { header, algorithm, prefix = "", message } = scheme;
  return (request, secrets) => {
    const given = request.headers[header.toLowerCase()]?.trim() ?? "";
    if (given === "") throw unauthorized(`The header ${header} with the signature is missing.`);
    const signed = message?.(request) ?? request.rawBody;
    const valid = usable(secrets).map(
      (secret) => `${prefix}${createHmac(algorithm, secret).update(signed).digest("hex")}`,
    );
    // Hex may come in capitals; the prefix is compared as it stands.
    if (matchesSecret([prefix + given.slice(prefix.length).toLowerCase()], valid) && given.startsWith(prefix))
      return;
    throw unauthorized(
      `The signature in ${header} does not belong to this body and the secret configured for this source.`,
    );
  };
}

/** Refuses a signed message that was sent, by its own account, longer ago (or further ahead) than `windowSeconds`. */
export function checkFresh(sentAtMs: number, receivedAt: string, windowSeconds: number): void {
  const ageSeconds = (Date.parse(receivedAt) - sentAtMs) / 1000;
  if (Math.abs(ageSeconds) <= windowSeconds) return;
  throw unauthorized(
    Number.isNaN(ageSeconds)
      ? "The time of the signature cannot be read."
      : `The message was signed ${Math.round(Math.abs(ageSeconds))} s ${ageSeconds > 0 ? "ago" : "ahead of our clock"}; ${windowSeconds} s are allowed. Send it anew, and check the clocks.`,
  );
}

/**
 * Whether one of the texts offered is one of the secrets, in a time that says nothing of either. Node reads the bytes of a
 * header as Latin-1, while most senders write UTF-8: both readings count.
 */
export function matchesSecret(offered: (string | undefined)[], secrets: string[]): boolean {
  const given = offered.flatMap((each) => {
    if (!each) return [];
    return BEYOND_ASCII.test(each) ? [digest(each), digest(Buffer.from(each, "latin1"))] : [digest(each)];
  });
  let matches = 0;
  for (const secret of usable(secrets).map(digest))
    for (const each of given) matches += timingSafeEqual(secret, each) ? 1 : 0;
  return matches > 0;
}

export function unauthorized(message: string): Refusal {
  return new Refusal("unauthorized", message);
}

const WRONG_SECRET = "The secret is not the one configured for this source";

function isNothing(offered: (string | undefined)[]): boolean {
  return offered.every((each) => each === undefined || each === "");
}

function usable(secrets: string[]): string[] {
  const kept = secrets.filter((secret) => secret !== "");
  if (kept.length > 0) return kept;
  throw unauthorized(
    "This source is closed because no secret is configured for it. Set BREAKWATER_SOURCE_<NAME>_SECRET and restart.",
  );
}

const BEYOND_ASCII = /[\u0080-\u00ff]/;

/** Texts of one length for the comparison, so that not even the length of a secret shows. */
function digest(text: string | Buffer): Buffer {
  return hash("sha256", text, "buffer");
}

/** The environment variable with a source's secrets. */
export function secretVariable(source: string): string {
  return `BREAKWATER_SOURCE_${source.toUpperCase().replaceAll("-", "_")}_SECRET`;
}
