import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import { readSeverity } from "../core/signal/words.ts";
import { type AwsEvent, arnParts, consoleUrl, escaped, partitionOf } from "./aws.ts";
import { finishAlert, invalid } from "./draft.ts";
import { field, type JsonObject, list, object, text, textAt } from "./json.ts";
import { type Published, rawOf } from "./sns-message.ts";

/** An alarm, whichever way AWS tells of it; the two ways spell everything differently. */
type Alarm = {
  name: string;
  arn: string | null;
  account: string | null;
  region: string | null;
  state: string | null;
  reason: string | null;
  changedAt: string | null;
  description: string | null;
  rule: string | null;
  /** Of a metric alarm one; of one over an expression the metrics in it. */
  metrics: unknown[];
  tags: JsonObject;
  contributor: Contributor | null;
  suppressedBy: string | null;
  messageId: string | null;
  labels: JsonObject;
  raw: unknown;
};

/**
 * Of an alarm over several time series, each of which breaks and mends by itself and is told of by itself:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmContributor.html.
 */
type Contributor = { id: string; attributes: JsonObject };

function contributorOf(id: string | null, attributes: unknown): Contributor | null {
  return id === null ? null : { id, attributes: object(attributes) ?? {} };
}

/** The types of EventBridge's events of alarms, and of what contributes to them. */
export function isAlarmEvent(type: string): boolean {
  return type === "CloudWatch Alarm State Change" || type === "CloudWatch Alarm Contributor State Change";
}

/**
 * What an alarm's action publishes to SNS:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html. Null for a state that
 * is neither broken nor whole.
 */
export function readAlarmNotification(
  published: Published,
  source: string,
  request: Sent,
): AlertSignal | null {
  const { content, envelope } = published;
  const topic = textAt(envelope, "TopicArn") ?? request.headers["x-amz-sns-topic-arn"] ?? null;
  const arn = textAt(content, "AlarmArn");
  // `Region` is a name for people, "EU (Ireland)". An alarm acts on topics of its own region only.
  const region = arnParts(arn)?.region ?? arnParts(topic)?.region ?? null;
  const trigger = field(content, "Trigger");
  const metrics = list(field(trigger, "Metrics"));
  return alertOf(
    {
      name: required(textAt(content, "AlarmName"), "AlarmName"),
      arn,
      account: textAt(content, "AWSAccountId"),
      region,
      state: textAt(content, "NewStateValue"),
      reason: textAt(content, "NewStateReason"),
      changedAt: textAt(content, "StateChangeTime"),
      description: textAt(content, "AlarmDescription"),
      rule: textAt(content, "AlarmRule"),
      metrics: metrics.length > 0 ? metrics : [trigger],
      tags: object(field(content, "AlarmTags")) ?? {},
      contributor: contributorOf(
        textAt(content, "AlarmContributorId"),
        field(content, "AlarmContributorAttributes"),
      ),
      suppressedBy: null,
      messageId: textAt(envelope, "MessageId") ?? request.headers["x-amz-sns-message-id"] ?? null,
      labels: {
        region: region ?? textAt(content, "Region"),
        previous_state: textAt(content, "OldStateValue"),
      },
      raw: rawOf(published),
    },
    source,
    request.receivedAt,
  );
}

/**
 * "CloudWatch Alarm State Change" and "CloudWatch Alarm Contributor State Change" of EventBridge:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html.
 */
export function readAlarmEvent(event: AwsEvent, source: string, receivedAt: string): AlertSignal | null {
  const { detail } = event;
  const state = field(detail, "state");
  const configuration = field(detail, "configuration");
  return alertOf(
    {
      name: required(textAt(detail, "alarmName"), "detail.alarmName"),
      arn: event.resources.find((each) => each.includes(":alarm:")) ?? null,
      account: event.account,
      region: event.region,
      state: textAt(state, "value"),
      reason: textAt(state, "reason"),
      changedAt: textAt(state, "timestamp") ?? event.time,
      description: textAt(configuration, "description"),
      rule: textAt(configuration, "alarmRule"),
      metrics: list(field(configuration, "metrics")),
      tags: object(field(detail, "alarmTags")) ?? {},
      contributor: contributorOf(
        textAt(detail, "alarmContributor", "id"),
        field(detail, "alarmContributor", "attributes"),
      ),
      // Sent to EventBridge all the same: by a suppressor of a composite alarm, or by a mute rule.
      suppressedBy: textAt(state, "actionsSuppressedBy") ?? textAt(detail, "muteDetail", "mutedByArn"),
      messageId: event.id,
      labels: { region: event.region, previous_state: textAt(detail, "previousState", "value") },
      raw: event.raw,
    },
    source,
    receivedAt,
  );
}

/**
 * What an alarm's action invokes a Lambda function with, for functions that hand it on; it holds what the event of
 * EventBridge does: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html. Null
 * for anything else.
 */
export function eventOfAction(content: unknown, raw: unknown): AwsEvent | null {
  const alarm = object(field(content, "alarmData"));
  if (alarm === null) return null;
  return {
    id: null,
    type: "CloudWatch Alarm State Change",
    account: textAt(content, "accountId"),
    region: textAt(content, "region"),
    time: textAt(content, "time"),
    resources: [textAt(content, "alarmArn")].filter((each) => each !== null),
    detail: alarm,
    raw,
  };
}

type Sent = { headers: Record<string, string | undefined>; receivedAt: string };

function required(name: string | null, path: string): string {
  if (name !== null) return name;
  throw invalid("The alarm has no name.", [{ path, message: "is missing" }]);
}

function alertOf(alarm: Alarm, source: string, receivedAt: string): AlertSignal | null {
  const { state, reason, description, contributor } = alarm;
  const series = Object.values(contributor?.attributes ?? {})
    .map(text)
    .filter((each) => each !== null);
  const name = [alarm.name, series.join(", ")].filter((each) => each !== "").join(" on ");
  // INSUFFICIENT_DATA is the third state: the alarm could not look, which neither breaks nor mends anything.
  if (state !== "ALARM" && state !== "OK") return null;
  const firing = state === "ALARM";
  const whole = identityOf(alarm);
  const identity = contributor === null ? whole : `${whole}/${contributor.id}`;
  const { severity, warnings } = severityOf(alarm);
  return finishAlert(
    {
      source,
      dedupKey: identity,
      // A sample event that is sent by hand keeps its id when only its state is changed.
      deliveryId: `${alarm.messageId ?? `${identity}/${alarm.changedAt ?? receivedAt}`}/${state}`,
      status: firing ? "firing" : "resolved",
      severity,
      title: firing ? `${name}: ${reason ?? "in ALARM"}` : `${name} is OK`,
      description: [description, reason].filter((each) => each !== null).join("\n\n"),
      labels: {
        ...alarm.tags,
        ...metricLabels(alarm.metrics),
        ...contributor?.attributes,
        alarm: alarm.name,
        account: alarm.account,
        ...alarm.labels,
        rule: alarm.rule,
        actions_suppressed_by: alarm.suppressedBy,
      },
      links: [
        {
          title: "Alarm",
          url: consoleUrl("cloudwatch", alarm.region, `#alarmsV2:alarm/${escaped(alarm.name)}`),
        },
        {
          title: "Link in the alarm's description",
          url: /https?:\/\/[^\s<>"'`)\]]+/i.exec(description ?? "")?.[0],
        },
      ],
      startsAt: firing ? alarm.changedAt : null,
      endsAt: firing ? null : alarm.changedAt,
      // Neither SNS nor EventBridge keeps the order.
      observedAt: alarm.changedAt,
      groupHint: contributor === null ? null : whole,
      warnings,
      raw: alarm.raw,
    },
    receivedAt,
  );
}

/** The alarm's ARN; older messages have none, so it is put together, that they and newer ones are one alarm. */
function identityOf({ arn, account, region, name, labels }: Alarm): string {
  if (arn !== null) return arn;
  if (account !== null && region !== null)
    return `arn:${partitionOf(region)}:cloudwatch:${region}:${account}:alarm:${name}`;
  return [account, labels.region, name].filter((each) => each !== null).join("/");
}

/** CloudWatch has no severity of its own: a tag `severity`, or `severity: critical` in the description, sets it. */
function severityOf(alarm: Alarm): { severity: AlertSeverity; warnings: string[] } {
  if (alarm.suppressedBy !== null) {
    const by = `The alarm's actions are suppressed (${alarm.suppressedBy}), so it is taken as info.`;
    return { severity: "info", warnings: [by] };
  }
  const tag = Object.keys(alarm.tags).find((key) => key.toLowerCase() === "severity");
  const said =
    (tag === undefined ? null : text(alarm.tags[tag])) ??
    /\bseverity\s{0,3}[:=]\s{0,3}"?(\w{1,20})/i.exec(alarm.description ?? "")?.[1] ??
    null;
  const severity = readSeverity(said);
  if (said === null || severity !== null) return { severity: severity ?? "error", warnings: [] };
  const unknown = `The severity "${said}" is not known and was taken as error: use critical, error, warning or info.`;
  return { severity: "error", warnings: [unknown] };
}

/** Namespace, metric and dimensions of the (first) metric. In SNS names are capitalised, and dimensions a list. */
function metricLabels(metrics: unknown[]): JsonObject {
  const either = (value: unknown, name: string) =>
    field(value, name) ?? field(value, name[0]!.toUpperCase() + name.slice(1));
  const described = metrics.map((each) => either(either(each, "metricStat"), "metric") ?? each);
  const metric = described.find((each) => text(either(each, "namespace")) !== null);
  const dimensions = either(metric, "dimensions");
  const pairs = Array.isArray(dimensions)
    ? dimensions.map((each) => [text(either(each, "name")), either(each, "value")])
    : Object.entries(object(dimensions) ?? {});
  return {
    ...Object.fromEntries(pairs.filter(([name]) => name !== null)),
    namespace: text(either(metric, "namespace")),
    metric: textAt(metric, "MetricName") ?? text(either(metric, "name")),
    expression: metrics.map((each) => text(either(each, "expression"))).find((each) => each !== null),
  };
}
