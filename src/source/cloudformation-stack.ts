import type { ChangeSignal } from "../core/signal/change.ts";
import { type AwsEvent, arnParts, consoleUrl, escaped } from "./aws.ts";
import { finishChange } from "./change-draft.ts";
import { hashOf, invalid } from "./draft.ts";
import { textAt } from "./json.ts";

/** One event of a stack, whichever way CloudFormation tells of it. */
type StackEvent = {
  stackId: string;
  stack: string;
  status: string;
  reason: string | null;
  token: string | null;
  eventId: string | null;
  at: string | null;
  actor: string | null;
  raw: unknown;
};

/**
 * What a stack's notification ARN gets, as lines `Key='value'`:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stack.html. A value may run over
 * several lines and hold quotes. A line begins another key only where the value before it is closed. Null for a text
 * that is something else.
 */
export function stackFields(text: string): Map<string, string> | null {
  const fields = new Map<string, string[]>();
  let open: string[] | null = null;
  for (const line of text.split(/\r?\n/)) {
    const match: RegExpExecArray | null =
      open === null || open.at(-1)!.endsWith("'") ? /^(\w{1,60})='/.exec(line) : null;
    if (match !== null) {
      open = [line.slice(match[0].length)];
      if (!fields.has(match[1]!)) fields.set(match[1]!, open);
    } else if (open !== null) open.push(line);
  }
  if (!fields.has("StackId") && !fields.has("ResourceStatus")) return null;
  const values = [...fields].map(
    ([key, lines]) => [key, lines.join("\n").trimEnd().replace(/'$/, "")] as const,
  );
  return new Map(values);
}

/** Null for the event of a resource in the stack: only the stack itself is a change. */
export function readStackFields(
  fields: Map<string, string>,
  raw: unknown,
  receivedAt: string,
): ChangeSignal | null {
  const at = (name: string) => {
    const value = fields.get(name)?.trim() ?? "";
    return value === "" || value === "null" ? null : value;
  };
  const stackId = required(at("StackId"), "StackId");
  const stack = at("StackName") ?? nameOf(stackId);
  const type = at("ResourceType");
  const logical = at("LogicalResourceId");
  const physical = at("PhysicalResourceId");
  // A nested stack is a resource of type stack too, and might even have the name of the one that holds it.
  if (type !== null && (type !== "AWS::CloudFormation::Stack" || logical !== stack)) return null;
  if (logical !== null && logical !== stack) return null;
  if (physical !== null && physical !== stackId) return null;
  return changeOf(
    {
      stackId,
      stack,
      status: required(at("ResourceStatus"), "ResourceStatus"),
      reason: at("ResourceStatusReason"),
      token: at("ClientRequestToken"),
      eventId: at("EventId"),
      at: at("Timestamp"),
      actor: actorOf(at("PrincipalId")),
      raw,
    },
    "cloudformation",
    receivedAt,
  );
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html. */
export function readStackEvent(event: AwsEvent, source: string, receivedAt: string): ChangeSignal | null {
  const { detail } = event;
  const stackId = required(textAt(detail, "stack-id") ?? event.resources[0] ?? null, "detail.stack-id");
  return changeOf(
    {
      stackId,
      stack: nameOf(stackId),
      status: required(textAt(detail, "status-details", "status"), "detail.status-details.status"),
      reason: textAt(detail, "status-details", "status-reason") ?? null,
      token: textAt(detail, "client-request-token"),
      eventId: event.id,
      at: event.time,
      actor: null,
      raw: event.raw,
    },
    source,
    receivedAt,
  );
}

function required(value: string | null, path: string): string {
  if (value !== null) return value;
  throw invalid("The event of the stack is not whole.", [{ path, message: "is missing" }]);
}

/** `arn:aws:cloudformation:region:account:stack/NAME/id`. */
function nameOf(stackId: string): string {
  return arnParts(stackId)?.resource.split("/")[1] || stackId;
}

/** `AROA…:NAME`: behind a role's id stands the name that was given when it was assumed, for a person mostly theirs. */
function actorOf(principal: string | null): string | null {
  return principal?.split(":").at(-1) || principal;
}

const WORDS: Record<ChangeSignal["status"], string> = {
  started: "started",
  succeeded: "complete",
  failed: "failed",
  cancelled: "cancelled",
};

/**
 * A rollback is the failure of what it takes back. The clean-up behind an update removes what nothing uses any more, so
 * the update itself has succeeded by then. Null for a status of no operation, as that of a stack that is only reviewed.
 */
function statusOf(status: string): ChangeSignal["status"] | null {
  if (status === "REVIEW_IN_PROGRESS") return null;
  if (status.includes("ROLLBACK") || status.endsWith("_FAILED")) return "failed";
  if (status.includes("_COMPLETE")) return "succeeded";
  return status.endsWith("_IN_PROGRESS") ? "started" : null;
}

/** A rollback without a word before it takes a creation back. */
function operationOf(status: string): string {
  const [first] = status.split("_", 1);
  return first === "ROLLBACK" ? "create" : first!.toLowerCase();
}

function changeOf(event: StackEvent, source: string, receivedAt: string): ChangeSignal | null {
  const { stackId, stack, reason } = event;
  const status = statusOf(event.status);
  if (status === null) return null;
  const operation = operationOf(event.status);
  const arn = arnParts(stackId);
  const region = arn?.region ?? null;
  const isOver = status === "succeeded" || (status === "failed" && !event.status.endsWith("_IN_PROGRESS"));
  return finishChange(
    {
      source,
      dedupKey: `${stackId}/${event.token ?? `${operation}/${dayOf(event.at ?? receivedAt)}`}`,
      deliveryId: event.eventId ?? `${hashOf(stackId, event.token, event.at)}/${event.status}`,
      kind: "infrastructure",
      status,
      title: `Stack ${stack}: ${operation} ${WORDS[status]}`,
      description: reason,
      actor: event.actor,
      labels: {
        stack,
        stack_id: stackId,
        stack_status: event.status,
        account: arn?.account,
        region,
        client_request_token: event.token,
      },
      links: [
        {
          title: "Stack",
          url: consoleUrl("cloudformation", region, `#/stacks/stackinfo?stackId=${escaped(stackId)}`),
        },
      ],
      startedAt: status === "started" ? event.at : null,
      endedAt: isOver ? event.at : null,
      raw: event.raw,
    },
    receivedAt,
  );
}

/**
 * Without a ClientRequestToken nothing joins the events of one operation and parts them from those of the next, so all
 * operations of a kind on one stack in one day (UTC) are one change. The console, the CDK and Terraform send a token.
 */
function dayOf(at: string): string {
  return /^\d{4}-\d{2}-\d{2}/.exec(at)?.[0] ?? "";
}
