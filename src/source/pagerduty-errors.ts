import { field, object, text } from "./json.ts";

const ACTIONS = ["trigger", "acknowledge", "resolve"];
const SEVERITIES = ["critical", "warning", "error", "info"];
const ROUTING_KEY_LENGTH = 32;
const DEDUP_KEY_LENGTH = 255;

/**
 * What PagerDuty objects to in an event, in its own words, for the list `errors` of its answer 400. Empty for an event
 * that it would take. A key that was sent as X-Routing-Key has to be put into the body first.
 */
export function pagerdutyErrors(body: unknown, kind: "alert" | "change"): string[] {
  const errors = routingKeyErrors(field(body, "routing_key"));
  return [...errors, ...(kind === "alert" ? alertErrors(body) : payloadErrors(body, ["summary"]))];
}

function routingKeyErrors(key: unknown): string[] {
  if (text(key) === null) return ["'routing_key' cannot be blank"];
  if (text(key)!.length === ROUTING_KEY_LENGTH) return [];
  return [`Length of 'routing_key' is incorrect (should be ${ROUTING_KEY_LENGTH} characters)`];
}

function alertErrors(body: unknown): string[] {
  const action = text(field(body, "event_action"));
  if (action === null) return ["'event_action' is missing or blank"];
  if (!ACTIONS.includes(action)) return [`'event_action' is invalid (must be ${oneOf(ACTIONS)})`];
  const key = field(body, "dedup_key");
  const errors: string[] = [];
  if (action !== "trigger" && text(key) === null) errors.push("'dedup_key' is missing or blank");
  if ((text(key)?.length ?? 0) > DEDUP_KEY_LENGTH)
    errors.push(`Length of 'dedup_key' is incorrect (should be at most ${DEDUP_KEY_LENGTH} characters)`);
  // Alertmanager and others repeat the payload in a resolve, where PagerDuty does not look at it.
  if (action === "trigger") errors.push(...payloadErrors(body, ["summary", "source", "severity"]));
  return errors;
}

function payloadErrors(body: unknown, required: string[]): string[] {
  const payload = object(field(body, "payload"));
  if (payload === null) return ["'payload' is missing or blank"];
  const missing = required.filter((name) => text(field(payload, name)) === null);
  const errors = missing.map((name) => `'payload.${name}' is missing or blank`);
  const severity = text(payload.severity);
  if (required.includes("severity") && severity !== null && !SEVERITIES.includes(severity))
    errors.push(`'payload.severity' is invalid (must be ${oneOf(SEVERITIES)})`);
  return errors;
}

/** `one of the following: 'a', 'b' or 'c'` */
function oneOf(words: string[]): string {
  const quoted = words.map((word) => `'${word}'`);
  return `one of the following: ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
