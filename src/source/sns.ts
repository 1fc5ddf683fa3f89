import { createVerify, X509Certificate } from "node:crypto";
import { Refusal } from "../core/refusal.ts";
import { cleanLine } from "../core/signal/text.ts";
import { checkFresh, matchesSecret, unauthorized } from "./auth.ts";
import { basicOrBearer } from "./basic.ts";
import { type JsonObject, object, text, textAt } from "./json.ts";
import { bodyText, jsonIn } from "./parse-body.ts";
import type { SourceRequest } from "./source.ts";

/**
 * Messages that Amazon SNS posts, proven by its signature:
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html. A signature
 * says only that the message is from SNS, where everybody can have topics; whose topics count is for the configuration
 * to say.
 */

/** SNS sends JSON as text/plain; EventBridge and forwarders call it what it is. */
export const AWS_CONTENT_TYPES = ["text/plain", "application/json"];

const TYPES = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"] as const;
type SnsType = (typeof TYPES)[number];

/** What SNS signs, in this order. Only a notification's subject may be absent. */
const NOTIFICATION = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const CONFIRMATION = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
const SIGNED: Record<SnsType, string[]> = {
  Notification: NOTIFICATION,
  SubscriptionConfirmation: CONFIRMATION,
  UnsubscribeConfirmation: CONFIRMATION,
};

const ALGORITHMS: Record<string, string> = { "1": "RSA-SHA1", "2": "RSA-SHA256" };

/** SNS gives up within an hour by its longest retry policy; what is older is a recording played again. */
const MAX_AGE_SECONDS = 3600;
const FETCH_TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_CERTIFICATES = 20;

/**
 * Configured values that are ARNs of topics say which topics may send; all others are secrets for what comes without a
 * signature: raw delivery, API destinations, a Lambda in between. A topic's ARN is no secret, so it never passes as one.
 */
export async function snsOrSecret(request: SourceRequest, secrets: string[]): Promise<void> {
  const topics = secrets.filter((each) => each.startsWith("arn:"));
  const plain = secrets.filter((each) => !each.startsWith("arn:"));
  const message = object(jsonIn(bodyText(request)));
  if (message === null || typeOf(message) === null || textAt(message, "Signature") === null)
    return plainSecret(request, plain);
  const topic = textAt(message, "TopicArn") ?? "";
  if (!topics.includes(topic) && !carriesSecret(request, plain)) {
    throw unauthorized(
      `The topic ${cleanLine(topic, 300)} may not send here. If it is yours, add its ARN to BREAKWATER_SOURCE_<NAME>_SECRET (several are separated by commas) and restart.`,
    );
  }
  await verify(message, request);
}

/**
 * Confirms a subscription. The signature is verified here too: a source that is open (the sandbox) calls no
 * `authenticate`, and must not be made to get addresses for strangers.
 */
export async function snsHandshake(request: SourceRequest): Promise<boolean> {
  const message = object(request.body);
  const type = message === null ? null : typeOf(message);
  // Nothing is asked of us when a subscription ends. Its SubscribeURL would take it up again.
  if (type === "UnsubscribeConfirmation") return true;
  if (message === null || type !== "SubscriptionConfirmation") return false;
  await verify(message, request);
  const url = snsUrl(textAt(message, "SubscribeURL"));
  if (url === null) throw unauthorized("The SubscribeURL is no address of Amazon SNS.");
  await get(url, request, "confirm the subscription at");
  return true;
}

/** What SNS says of a subscription, and what is done about it, in words; null for all else. */
export function snsGreeting({ body }: SourceRequest): string | null {
  const message = object(body);
  const type = message === null ? null : typeOf(message);
  if (type === "UnsubscribeConfirmation")
    return "SNS says that the subscription has ended. The bot answers 200, and that is all.";
  return type === "SubscriptionConfirmation"
    ? "SNS asks whether this address wants what the topic publishes. The bot verifies the signature and confirms the subscription by itself."
    : null;
}

function typeOf(message: JsonObject): SnsType | null {
  return TYPES.find((each) => each === message.Type) ?? null;
}

function carriesSecret(request: SourceRequest, plain: string[]): boolean {
  if (plain.length === 0) return false;
  try {
    plainSecret(request, plain);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** `x-api-key` is what the console proposes as the header of an API destination. */
function plainSecret(request: SourceRequest, plain: string[]): void {
  if (plain.length === 0) {
    throw unauthorized(
      "This is no message signed by SNS, and only topics are configured. Add a secret to BREAKWATER_SOURCE_<NAME>_SECRET for raw delivery, API destinations and forwarders, and restart.",
    );
  }
  if (matchesSecret([request.headers["x-api-key"]], plain)) return;
  basicOrBearer(request, plain);
}

/** Refuses what SNS did not sign, or signed too long ago. Everything that can be checked here is, before any fetch. */
async function verify(message: JsonObject, request: SourceRequest): Promise<void> {
  const type = typeOf(message)!;
  const announced = request.headers["x-amz-sns-message-type"];
  if (announced !== undefined && announced !== type)
    throw unauthorized("The header x-amz-sns-message-type is not the Type of the message.");
  const algorithm = ALGORITHMS[text(message.SignatureVersion) ?? ""];
  const signature = textAt(message, "Signature");
  if (signature === null) throw unauthorized("The message carries no Signature.");
  if (algorithm === undefined) throw unauthorized("The SignatureVersion is not 1 or 2.");
  checkFresh(Date.parse(textAt(message, "Timestamp") ?? ""), request.receivedAt, MAX_AGE_SECONDS);
  const url = snsUrl(textAt(message, "SigningCertURL"));
  if (!url?.pathname.endsWith(".pem"))
    throw unauthorized("The SigningCertURL is no address of a certificate of Amazon SNS.");
  const signed = stringToSign(message, SIGNED[type]);
  const certificate = await certificateAt(url, request);
  if (!isValid(certificate, signed, algorithm, signature))
    throw unauthorized("The signature does not belong to this message.");
}

function stringToSign(message: JsonObject, keys: string[]): string {
  let signed = "";
  for (const key of keys) {
    const value = message[key];
    if (typeof value === "string") signed += `${key}\n${value}\n`;
    else if (key !== "Subject") throw unauthorized(`The message has no ${key}, which SNS always signs.`);
  }
  return signed;
}

function isValid(
  certificate: X509Certificate,
  signed: string,
  algorithm: string,
  signature: string,
): boolean {
  // A certificate counts while it is valid now, by our clock: it was fetched just now, or not long ago.
  const now = Date.now();
  if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo))
    throw unauthorized("The certificate of the signature is not valid at this time.");
  try {
    return createVerify(algorithm).update(signed, "utf8").verify(certificate.publicKey, signature, "base64");
  } catch {
    return false;
  }
}

/** An https address at SNS itself and nowhere else; what follows the host is the caller's to judge. */
function snsUrl(address: string | null): URL | null {
  if (address === null || address.length > 2000 || !URL.canParse(address)) return null;
  const url = new URL(address);
  const plain = url.protocol === "https:" && url.username === "" && url.password === "" && url.port === "";
  return plain && /^sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(\.cn)?$/.test(url.hostname) ? url : null;
}

/** By the network that they came from, so that nothing fetched over one counts on another. */
const certificates = new WeakMap<typeof fetch, Map<string, Promise<X509Certificate>>>();

/** SNS signs with one certificate a region for months. A failure is not kept, and of many the oldest goes. */
function certificateAt(url: URL, request: SourceRequest): Promise<X509Certificate> {
  const known = certificates.get(request.fetch) ?? new Map<string, Promise<X509Certificate>>();
  certificates.set(request.fetch, known);
  const kept = known.get(url.href);
  if (kept !== undefined) return kept;
  const loading = loadCertificate(url, request);
  known.set(url.href, loading);
  loading.catch(() => known.delete(url.href));
  for (const oldest of known.keys()) {
    if (known.size <= MAX_CERTIFICATES) break;
    known.delete(oldest);
  }
  return loading;
}

async function loadCertificate(url: URL, request: SourceRequest): Promise<X509Certificate> {
  const pem = await get(url, request, "get the certificate of the signature from");
  try {
    return new X509Certificate(pem);
  } catch {
    throw unavailable(`What ${url.host} sent as the certificate of the signature is none.`);
  }
}

/**
 * Tried twice. What fails is "unavailable", never "unauthorized": SNS sends again after a 5xx, and drops the message
 * for good after a 4xx.
 */
async function get(url: URL, request: SourceRequest, purpose: string): Promise<string> {
  let problem = "";
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
      const response = await request.fetch(url.href, { redirect: "error", signal });
      if (response.ok) return await boundedText(response);
      problem = `it answered ${response.status}`;
      await response.body?.cancel();
    } catch (error) {
      if (error instanceof Refusal) throw error;
      problem = "it did not answer";
    }
  }
  throw unavailable(`We could not ${purpose} ${url.host}: ${problem}. Send the message again.`);
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES)
      throw unavailable("The answer of Amazon SNS is longer than any it should send.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function unavailable(message: string): Refusal {
  return new Refusal("unavailable", message);
}
