import { createHmac } from "node:crypto";
import { checkFresh, matchesSecret, unauthorized } from "./auth.ts";
import type { SourceRequest } from "./source.ts";

/** How long a signed message may be replayed, as https://www.standardwebhooks.com asks. */
const WINDOW_SECONDS = 300;

/**
 * The signature of Standard Webhooks: HMAC-SHA256 over id, time and body, in base64, several of them while a key is
 * rotated. A secret `whsec_…` is the key in base64; any other is the key itself.
 */
export function standardWebhook(request: SourceRequest, secrets: string[]): void {
  const [id, sentAt, signatures] = ["id", "timestamp", "signature"].map(
    (name) => request.headers[`webhook-${name}`]?.trim() ?? "",
  );
  if (id === "" || sentAt === "" || signatures === "") {
    throw unauthorized("One of the headers webhook-id, webhook-timestamp and webhook-signature is missing.");
  }
  const signed = Buffer.concat([Buffer.from(`${id}.${sentAt}.`), request.rawBody]);
  const valid = secrets
    .map(keyOf)
    .filter((key) => key.length > 0)
    .map((key) => `v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  if (!matchesSecret(signatures!.split(/\s+/), valid)) {
    throw unauthorized(
      "The signature in webhook-signature does not belong to this body and the secret configured for this source.",
    );
  }
  checkFresh(
    /^\d{1,12}$/.test(sentAt!) ? Number(sentAt) * 1000 : Number.NaN,
    request.receivedAt,
    WINDOW_SECONDS,
  );
}

function keyOf(secret: string): Buffer {
  return secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
}
