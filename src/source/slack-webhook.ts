import type { AlertSignal } from "../core/signal/alert.ts";
import { bearerOrToken, matchesSecret } from "./auth.ts";
import { finishAlert, invalid } from "./draft.ts";
import { readElementaryRow } from "./elementary-row.ts";
import { refuseTemplate } from "./generic-fields.ts";
import { field, object, text, textAt } from "./json.ts";
import { bodyText, formFields, jsonIn, parseJsonOrForm } from "./parse-body.ts";
import type { ToolAlert } from "./slack-alert.ts";
import { readSlackMessage } from "./slack-message.ts";
import { anyAlert, toolAlerts } from "./slack-tools.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * What tools post to an incoming webhook of Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
 * For tools that can send nowhere else, such as Elementary OSS. As at Slack, the secret is the end of the address.
 */
export const slackWebhook = {
  name: "slack-webhook",
  title: "Slack incoming webhook",
  contentTypes: ["application/json", "application/x-www-form-urlencoded"],
  authenticate(request: SourceRequest, secrets: string[]): void {
    if (!matchesSecret([endOfPath(request.path)], secrets)) bearerOrToken(request, secrets);
  },
  /** JSON, or JSON in the field `payload` of a form, whatever the type says. */
  parse(request: SourceRequest): unknown {
    const body = bodyText(request).trimStart();
    const form = body.startsWith("payload=") ? formFields(body) : null;
    const read = form ?? parseJsonOrForm(request);
    const payload = field(read, "payload");
    return typeof payload === "string" ? parsed(payload) : read;
  },
  read(request: SourceRequest): Reading {
    const body = object(request.body);
    if (body === null) throw invalid("A Slack message must be a JSON object.");
    const row = elementaryRowIn(textAt(body, "text"));
    if (row !== null) {
      const from = {
        source: "slack-webhook",
        namespace: null,
        environment: null,
        labels: { tool: "elementary" },
      };
      const alert = readElementaryRow(row, from, request.receivedAt);
      return { alerts: alert === null ? [] : [alert], rejected: [] };
    }
    const message = readSlackMessage(body);
    const { title } = message;
    if (title === null) {
      throw invalid("The message has no text.", [
        { path: "text", message: "is required, or blocks or attachments" },
      ]);
    }
    refuseTemplate("text", title);
    const alerts = toolAlerts(message) ?? [anyAlert({ ...message, title })];
    const links = message.links.filter(({ url }) => /^https?:\/\//i.test(url));
    return {
      alerts: alerts.map((alert) => finish(alert, alerts.length === 1 ? links : [], body, request)),
      rejected: [],
    };
  },
} satisfies Source;

function endOfPath(path: string): string | undefined {
  const end = path.split("?", 1)[0]!.replace(/\/$/, "").split("/").at(-1);
  try {
    return end === undefined ? undefined : decodeURIComponent(end);
  } catch {
    return undefined;
  }
}

function parsed(payload: string): unknown {
  const json = jsonIn(payload);
  if (json !== undefined) return json;
  throw invalid("The form's payload is not valid JSON.", [{ path: "payload", message: "must be JSON" }]);
}

/** Set up for Slack workflows, Elementary sends its alert as JSON in the text. */
function elementaryRowIn(said: string | null): object | null {
  if (said === null || !said.startsWith("{")) return null;
  const row = object(jsonIn(said));
  return row !== null && Object.hasOwn(row, "alert_class_id") ? row : null;
}

function finish(
  alert: ToolAlert,
  links: { title: string; url: string }[],
  body: unknown,
  request: SourceRequest,
): AlertSignal {
  const environment = text(request.query.environment);
  const namespace = text(request.query.namespace);
  const subject = [alert.tool ?? "message", environment, alert.subject].filter((each) => each !== null);
  const at = alert.at ?? null;
  return finishAlert(
    {
      source: "slack-webhook",
      dedupKey: subject.join("/"),
      // A message has no id, and a tool posts the same words at every failure.
      deliveryId: null,
      status: alert.status,
      severity: alert.severity,
      title: alert.title,
      description: alert.description ?? null,
      assets: (alert.assets ?? []).map((asset) => (asset && namespace ? { ...asset, namespace } : asset)),
      labels: { ...alert.labels, tool: alert.tool, ...(environment === null ? {} : { environment }) },
      links: [...(alert.links ?? []), ...links],
      startsAt: alert.status === "firing" ? at : null,
      endsAt: alert.status === "resolved" ? at : null,
      observedAt: at,
      warnings: alert.warnings ?? [],
      raw: body,
    },
    request.receivedAt,
  );
}
