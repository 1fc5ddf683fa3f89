import { partsOf } from "./draft.ts";
import { field, type JsonObject, list, textAt } from "./json.ts";
import { jsonIn } from "./parse-body.ts";

/** What was published, with SNS's envelope around it where it came in one. */
export type Published = {
  /** JSON where the message is some, otherwise the text. */
  content: unknown;
  envelope: JsonObject | null;
};

/**
 * The messages in a body: of SNS's own envelope, of those in which Lambda gets them (`Records[].Sns`, or from a queue
 * `Records[].body`, which is text), and where there is none (raw delivery, an API destination) the body itself, or the
 * members of a list. SNS's own goes first: its signature does not cover fields that it does not know, so whoever holds
 * a signed message could add `Records` to it.
 */
export function publishedIn(body: unknown): { path: string; part: Published }[] {
  const sent = parsed(body);
  const records = isEnvelope(sent) ? [] : list(field(sent, "Records"));
  if (records.length > 0) {
    return records.map((record, index) => ({
      path: `Records[${index}]`,
      part: published(field(record, "Sns") ?? field(record, "body") ?? record),
    }));
  }
  return partsOf(sent).map(({ path, part }) => ({ path, part: published(part) }));
}

function isEnvelope(part: unknown): part is JsonObject & { Message: string } {
  return textAt(part, "Type") === "Notification" && typeof field(part, "Message") === "string";
}

function published(part: unknown): Published {
  const sent = parsed(part);
  if (!isEnvelope(sent)) return { content: sent, envelope: null };
  return { content: jsonIn(sent.Message) ?? sent.Message, envelope: sent };
}

/** Functions and queues that hand messages on wrap them into a text of JSON once more. */
function parsed(part: unknown): unknown {
  return typeof part === "string" ? (jsonIn(part) ?? part) : part;
}

/** Spelled both ways: the envelope that Lambda gets writes `Url`. */
const NOT_KEPT = /^(Signature|SignatureVersion|SigningCertUrl|UnsubscribeUrl)$/i;

/** What is kept of a message: its content as read, without the proofs and the address that ends the subscription. */
export function rawOf({ content, envelope }: Published): unknown {
  if (envelope === null) return content;
  const kept = Object.entries(envelope).filter(([name]) => !NOT_KEPT.test(name));
  return { ...Object.fromEntries(kept), Message: content };
}
