import { readAwsEvent } from "./aws.ts";
import { readStackEvent, readStackFields, stackFields } from "./cloudformation-stack.ts";
import { invalid, readEachChange } from "./draft.ts";
import { bodyText, jsonIn } from "./parse-body.ts";
import { AWS_CONTENT_TYPES, snsGreeting, snsHandshake, snsOrSecret } from "./sns.ts";
import { publishedIn, rawOf } from "./sns-message.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * CloudFormation's stack events, from an SNS topic among a stack's notification ARNs (text) or from EventBridge (JSON).
 */
export const cloudformation = {
  name: "cloudformation",
  title: "AWS CloudFormation",
  contentTypes: AWS_CONTENT_TYPES,
  authenticate: snsOrSecret,
  handshake: snsHandshake,
  greeting: snsGreeting,
  /** With raw delivery the body is CloudFormation's text itself. */
  parse(request: SourceRequest): unknown {
    const body = bodyText(request);
    const json = jsonIn(body);
    if (json === undefined && stackFields(body) === null)
      throw invalid("The body is neither JSON nor a text of CloudFormation, with lines such as StackId='…'.");
    return json ?? body;
  },
  readChanges(request: SourceRequest): Reading {
    return readEachChange(publishedIn(request.body), (published) => {
      const { content, envelope } = published;
      const fields = typeof content === "string" ? stackFields(content) : null;
      if (fields !== null) {
        const raw = rawOf({ content: Object.fromEntries(fields), envelope });
        return readStackFields(fields, raw, request.receivedAt);
      }
      const event = readAwsEvent(content, rawOf(published));
      if (event?.type === "CloudFormation Stack Status Change")
        return readStackEvent(event, "cloudformation", request.receivedAt);
      // Events of resources, of drift, of stack sets; and whatever else a topic may carry.
      if (envelope !== null || event !== null) return null;
      throw invalid("This is neither a message of SNS nor an event of CloudFormation.", [
        { path: "StackId", message: "is missing: this is no event of a CloudFormation stack" },
      ]);
    });
  },
} satisfies Source;
