import { readAwsEvent } from "./aws.ts";
import { eventOfAction, isAlarmEvent, readAlarmEvent, readAlarmNotification } from "./cloudwatch-alarm.ts";
import { invalid, readEach } from "./draft.ts";
import { textAt } from "./json.ts";
import { AWS_CONTENT_TYPES, snsGreeting, snsHandshake, snsOrSecret } from "./sns.ts";
import { publishedIn, rawOf } from "./sns-message.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * CloudWatch alarms through an SNS topic, in SNS's own envelope, in the one that Lambda gets, or bare (raw delivery):
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html.
 */
export const cloudwatch = {
  name: "cloudwatch",
  title: "Amazon CloudWatch",
  contentTypes: AWS_CONTENT_TYPES,
  authenticate: snsOrSecret,
  handshake: snsHandshake,
  greeting: snsGreeting,
  read(request: SourceRequest): Reading {
    return readEach(publishedIn(request.body), (published) => {
      const { content, envelope } = published;
      if (textAt(content, "AlarmName") !== null)
        return readAlarmNotification(published, "cloudwatch", request);
      const raw = rawOf(published);
      const event = readAwsEvent(content, raw) ?? eventOfAction(content, raw);
      if (event !== null && isAlarmEvent(event.type))
        return readAlarmEvent(event, "cloudwatch", request.receivedAt);
      // A topic may carry more than alarms, and SNS drops what is refused for good.
      if (envelope !== null || event !== null) return null;
      throw invalid("This is neither a message of SNS nor a CloudWatch alarm: it has no AlarmName.", [
        { path: "AlarmName", message: "is missing: this is no CloudWatch alarm" },
      ]);
    });
  },
} satisfies Source;
