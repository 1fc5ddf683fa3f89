import type { AlertSignal } from "../core/signal/alert.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { bearerOrToken, hmacSignature } from "./auth.ts";
import { finishChange } from "./change-draft.ts";
import { finishAlert, invalid, readEach, readEachChange } from "./draft.ts";
import { field, firstLine, type JsonObject, object, textAt } from "./json.ts";
import { meaningOf } from "./meaning.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

const signature = hmacSignature({ header: "X-TFE-Notification-Signature", algorithm: "sha512" });

/**
 * Generic notifications of HCP Terraform and Terraform Enterprise:
 * https://developer.hashicorp.com/terraform/cloud-docs/api-docs/notification-configurations#notification-payload. Runs
 * are changes, and those that error are alerts too; health assessments are alerts.
 */
export const terraform = {
  name: "terraform",
  title: "HCP Terraform",
  contentTypes: ["application/json"],
  /** Only a notification configured with a token is signed. */
  authenticate(request: SourceRequest, secrets: string[]): void | Promise<void> {
    const signed = request.headers["x-tfe-notification-signature"] !== undefined;
    return signed ? signature(request, secrets) : bearerOrToken(request, secrets);
  },
  read(request: SourceRequest): Reading {
    const parts = eventsOf(request.body);
    const alerts = readEach(parts, (event) => readAlert(event, request.receivedAt));
    // A run without an id is refused as a change; as an alert it was read all the same.
    return { ...alerts, changes: changesOf(parts, request.receivedAt) };
  },
  readChanges(request: SourceRequest): Reading {
    return readEachChange(eventsOf(request.body), (event) => readChange(event, request.receivedAt));
  },
} satisfies Source;

function changesOf(parts: Part[], receivedAt: string): ChangeSignal[] {
  const whole = parts.filter(({ part }) => part.run !== null);
  return readEachChange(whole, (event) => readChange(event, receivedAt)).changes ?? [];
}

/** One event, whichever of the two payload versions brought it. */
type Event = {
  trigger: string;
  status: string | null;
  message: string | null;
  at: unknown;
  by: string | null;
  run: string | null;
  workspace: string | null;
  name: string | null;
  organization: string | null;
  body: JsonObject;
};
type Part = { path: string; part: Event };

function eventsOf(body: unknown): Part[] {
  const sent = object(body);
  const listed = Array.isArray(field(sent, "notifications"));
  if (sent === null || (!listed && textAt(sent, "trigger") === null)) {
    throw invalid("This is no notification of Terraform: it has neither `notifications` nor a `trigger`.", [
      { path: "notifications", message: "must be a list" },
    ]);
  }
  // Version 1 lists what happened to a run; version 2 says one thing of a workspace, with the rest under `details`.
  const news = listed ? (sent.notifications as unknown[]) : [sent];
  return news.map((each, index) => ({
    path: listed ? `notifications[${index}]` : "",
    part: eventOf(each, sent),
  }));
}

function eventOf(news: unknown, body: JsonObject): Event {
  const of = (name: string) => textAt(body, name) ?? textAt(body, "details", name);
  const name = of("workspace_name");
  const organization = of("organization_name");
  const fallback = name === null ? null : [organization, name].filter(Boolean).join("/");
  return {
    trigger: textAt(news, "trigger") ?? "",
    status: textAt(news, "run_status"),
    message: textAt(news, "message"),
    at: field(news, "run_updated_at") ?? field(body, "details", "new_assessment_result", "created_at"),
    by: textAt(news, "run_updated_by"),
    run: of("run_id"),
    workspace: of("workspace_id") ?? fallback,
    name,
    organization,
    body,
  };
}

/**
 * Run statuses that are an end; in all others the run is on its way. A run that planned no changes ends as well as one
 * that was applied, so that it does not seem to go on for ever.
 */
const ENDS: Record<string, ChangeSignal["status"]> = {
  applied: "succeeded",
  planned_and_finished: "succeeded",
  errored: "failed",
  policy_soft_failed: "failed",
  canceled: "cancelled",
  force_canceled: "cancelled",
  discarded: "cancelled",
};

function readChange(event: Event, receivedAt: string): ChangeSignal | null {
  if (!event.trigger.startsWith("run:")) return null;
  if (event.run === null) {
    throw invalid("The notification names no run.", [{ path: "run_id", message: "is required" }]);
  }
  const { body, run } = event;
  const status = meaningOf(ENDS, event.status) ?? "started";
  const said = firstLine(textAt(body, "run_message"));
  return finishChange(
    {
      source: "terraform",
      dedupKey: run,
      deliveryId: deliveryOf(event),
      kind: "infrastructure",
      status,
      title: `Terraform run in ${placeOf(event)} ${verbOf(event, status)}${said === null ? "" : `: ${said}`}`,
      description: textAt(body, "run_message"),
      actor: textAt(body, "run_created_by") ?? event.by,
      labels: {
        ...labelsOf(event),
        changed: event.status === "planned_and_finished" ? "false" : null,
      },
      links: [{ title: "Run", url: body.run_url }],
      startedAt: body.run_created_at,
      endedAt: status === "started" ? null : event.at,
      raw: body,
    },
    receivedAt,
  );
}

function verbOf(event: Event, status: ChangeSignal["status"]): string {
  if (event.status === "planned_and_finished") return "changed nothing";
  return status === "started" ? `is ${event.status?.replaceAll("_", " ") ?? "on its way"}` : status;
}

/** What a trigger says is broken. A failed assessment could not look, which nobody else tells. */
const ASSESSMENTS: Record<string, string> = {
  "assessment:drifted": "has drifted from its configuration",
  "assessment:check_failure": "fails its checks",
  "assessment:failed": "could not be assessed",
};

function readAlert(event: Event, receivedAt: string): AlertSignal | null {
  const broken = brokenBy(event);
  const whole = event.trigger === "run:completed" && meaningOf(ENDS, event.status) === "succeeded";
  if (broken === null && !whole) return null;
  if (event.workspace === null) {
    throw invalid("The notification names no workspace.", [{ path: "workspace_id", message: "is required" }]);
  }
  const firing = broken !== null;
  return finishAlert(
    {
      source: "terraform",
      dedupKey: event.workspace,
      deliveryId: deliveryOf(event),
      status: firing ? "firing" : "resolved",
      severity: "error",
      title: `${placeOf(event)} ${broken ?? wholeBy(event)}`,
      description: firing ? describe(event) : null,
      labels: labelsOf(event),
      links: [
        { title: "Run", url: event.body.run_url },
        { title: "Workspace", url: workspacePage(event) },
      ],
      startsAt: firing ? event.at : null,
      endsAt: firing ? null : event.at,
      observedAt: event.at,
      groupHint: event.workspace,
      raw: event.body,
    },
    receivedAt,
  );
}

/** `run:errored` is also sent for runs that somebody cancelled; only the run's own status tells. */
function brokenBy(event: Event): string | null {
  if (event.trigger === "run:errored" && event.status === "errored") return "could not be applied";
  return meaningOf(ASSESSMENTS, event.trigger);
}

function wholeBy(event: Event): string {
  return event.status === "planned_and_finished" ? "needs no changes" : "was applied";
}

/** The message, with the numbers of an assessment. */
function describe(event: Event): string {
  const result = field(event.body, "details", "new_assessment_result");
  const counts: [string, string][] = [
    ["resources_drifted", "resources drifted"],
    ["checks_failed", "checks failed"],
    ["checks_errored", "checks errored"],
    ["checks_unknown", "checks unknown"],
  ];
  const said = counts.flatMap(([name, words]) => {
    const count = textAt(result, name);
    return count === null || count === "0" ? [] : `${count} ${words}`;
  });
  return [event.message, textAt(event.body, "run_message"), said.join(", ")].filter(Boolean).join("\n");
}

function placeOf(event: Event): string {
  return [event.organization, event.name].filter(Boolean).join("/") || event.workspace || "a workspace";
}

function labelsOf(event: Event): JsonObject {
  return {
    organization: event.organization,
    workspace: event.name,
    workspace_id: event.workspace,
    run_id: event.run,
    run_status: event.status,
    trigger: event.trigger,
    assessment: textAt(event.body, "details", "new_assessment_result", "id"),
  };
}

/** Terraform gives its messages no identity: what it says of which run or assessment is one. */
function deliveryOf(event: Event): string | null {
  const of = event.run ?? textAt(event.body, "details", "new_assessment_result", "id");
  return of === null ? null : `${of}/${event.trigger}/${event.status ?? "-"}`;
}

/** Workspace notifications link to the API alone; the page is on the same host. */
function workspacePage(event: Event): string | null {
  const host = /^https?:\/\/[^/?#]+/.exec(
    textAt(event.body, "notification_configuration_url") ?? textAt(event.body, "run_url") ?? "",
  )?.[0];
  if (host === undefined || event.organization === null || event.name === null) return null;
  return `${host}/app/${encodeURIComponent(event.organization.toWellFormed())}/workspaces/${encodeURIComponent(event.name.toWellFormed())}`;
}
