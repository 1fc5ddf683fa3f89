import type { AlertSignal } from "../core/signal/alert.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { type AwsEvent, readAwsEvent } from "./aws.ts";
import { readStackEvent } from "./cloudformation-stack.ts";
import { isAlarmEvent, readAlarmEvent } from "./cloudwatch-alarm.ts";
import { invalid, readEach } from "./draft.ts";
import { readCatalogEvent, readQualityEvent } from "./eventbridge-glue.ts";
import { readRunEvent } from "./eventbridge-runs.ts";
import { AWS_CONTENT_TYPES, snsGreeting, snsHandshake, snsOrSecret } from "./sns.ts";
import { publishedIn, rawOf } from "./sns-message.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * Events of AWS services by way of EventBridge, from an API destination or through SNS:
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html. One rule may send alerts and
 * changes, so both addresses read both.
 */
export const eventbridge = {
  name: "eventbridge",
  title: "Amazon EventBridge",
  contentTypes: AWS_CONTENT_TYPES,
  authenticate: snsOrSecret,
  handshake: snsHandshake,
  greeting: snsGreeting,
  read: readEvents,
  readChanges: readEvents,
} satisfies Source;

function readEvents(request: SourceRequest): Reading {
  const changes: ChangeSignal[] = [];
  const { alerts, rejected } = readEach(publishedIn(request.body), (published) => {
    const event = readAwsEvent(published.content, rawOf(published));
    if (event === null) {
      // A topic may carry more than events, and SNS drops what is refused for good.
      if (published.envelope !== null) return null;
      throw invalid("This is neither an event of EventBridge nor a message of SNS: it has no detail-type.", [
        { path: "detail-type", message: "is missing: this is no event of EventBridge" },
      ]);
    }
    const change = readChange(event, request.receivedAt);
    if (change === undefined) return readAlert(event, request.receivedAt);
    if (change !== null) changes.push(change);
    return null;
  });
  return { alerts, changes, rejected };
}

/** Undefined for an event that is no change by its type. */
function readChange(event: AwsEvent, receivedAt: string): ChangeSignal | null | undefined {
  switch (event.type) {
    case "CloudFormation Stack Status Change":
      return readStackEvent(event, "eventbridge", receivedAt);
    case "Glue Data Catalog Table State Change":
    case "Glue Data Catalog Database State Change":
      return readCatalogEvent(event, receivedAt);
    default:
      return undefined;
  }
}

/** Events of other types are no alerts: what is broken, and what mends it, is known of each type only by its own format. */
function readAlert(event: AwsEvent, receivedAt: string): AlertSignal | null {
  if (isAlarmEvent(event.type)) return readAlarmEvent(event, "eventbridge", receivedAt);
  if (event.type === "Data Quality Evaluation Results Available") return readQualityEvent(event, receivedAt);
  return readRunEvent(event, receivedAt) ?? null;
}
