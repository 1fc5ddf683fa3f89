import { plural } from "../core/plural.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { hmacSignature } from "./auth.ts";
import { type ChangeDraft, finishChange } from "./change-draft.ts";
import { commitList, isNoCommit, refName, touchedPaths } from "./commits.ts";
import { invalid, readEachChange } from "./draft.ts";
import { field, firstLine, type JsonObject, list, object, textAt } from "./json.ts";
import { meaningOf } from "./meaning.ts";
import { bodyText, formFields, jsonIn, parseJsonBody } from "./parse-body.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * GitHub's webhooks: https://docs.github.com/en/webhooks/webhook-events-and-payloads. What is read is what brings code
 * somewhere: pushes, merged pull requests, finished workflows, deployments and releases.
 */
export const github = {
  name: "github",
  title: "GitHub",
  contentTypes: ["application/json", "application/x-www-form-urlencoded"],
  authenticate: hmacSignature({ header: "X-Hub-Signature-256", algorithm: "sha256", prefix: "sha256=" }),
  parse(request: SourceRequest): unknown {
    if (!isForm(request)) return parseJsonBody(request);
    const json = jsonIn(formFields(bodyText(request)).payload ?? "");
    if (json !== undefined) return json;
    throw invalid("The form has no field `payload` with JSON.", [
      { path: "payload", message: "must be JSON" },
    ]);
  },
  readChanges(request: SourceRequest): Reading {
    const body = object(request.body);
    if (body === null) throw invalid("This is no GitHub event: it is no JSON object.");
    return readEachChange([{ path: "", part: body }], (part) => readEvent(part, request));
  },
} satisfies Source;

function isForm(request: SourceRequest): boolean {
  return /^\s*application\/x-www-form-urlencoded/i.test(request.headers["content-type"] ?? "");
}

/** What all changes share is filled in by `readEvent`. */
type Draft = Omit<ChangeDraft, "source" | "deliveryId" | "raw" | "repository">;
type Event = { body: JsonObject; repository: string; sender: string | null };

const READERS: Record<string, (event: Event) => Draft | null> = {
  push: readPush,
  workflow_run: readWorkflowRun,
  deployment_status: readDeploymentStatus,
  pull_request: readPullRequest,
  release: readRelease,
};

function readEvent(body: JsonObject, request: SourceRequest): ChangeSignal | null {
  const name = request.headers["x-github-event"]?.trim().toLowerCase() ?? eventOf(body);
  if (name === null || !Object.hasOwn(READERS, name)) return null;
  const repository = textAt(body, "repository", "full_name");
  if (repository === null) throw missing("repository.full_name");
  const sender = textAt(body, "sender", "login");
  const draft = READERS[name]!({ body, repository, sender });
  if (draft === null) return null;
  const deliveryId = request.headers["x-github-delivery"] ?? null;
  return finishChange({ ...draft, source: "github", deliveryId, repository, raw: body }, request.receivedAt);
}

/** Relays drop headers; the events that are read tell themselves apart by what they hold. */
function eventOf(body: JsonObject): string | null {
  const holds = (name: string) => object(field(body, name)) !== null;
  // The status of a deployment that a workflow made holds its workflow run too.
  const event = ["deployment_status", "workflow_run", "release", "pull_request"].find(holds);
  return event ?? (Array.isArray(body.commits) ? "push" : null);
}

function readPush({ body, repository, sender }: Event): Draft | null {
  const ref = refName(textAt(body, "ref") ?? "");
  const revision = textAt(body, "after");
  if (ref === null || body.deleted === true || isNoCommit(revision)) return null;
  const commits = list(body.commits);
  const last = firstLine(textAt(body, "head_commit", "message"));
  const forced = body.forced === true ? "force-" : "";
  const pushed =
    commits.length === 0
      ? `${ref.kind === "tag" ? "Tag" : "Branch"} ${ref.name}`
      : plural(commits.length, "commit");
  const where = commits.length === 0 ? repository : `${repository} ${ref.name}`;
  return {
    kind: "push",
    status: "succeeded",
    dedupKey: `${repository}/push/${ref.kind}/${ref.name}/${revision}`,
    title: `${pushed} ${forced}pushed to ${where}${last === null ? "" : `: ${last}`}`,
    description: commitList(commits),
    actor: sender ?? textAt(body, "pusher", "name"),
    revision,
    paths: touchedPaths(commits),
    labels: {
      [ref.kind]: ref.name,
      default_branch: textAt(body, "repository", "default_branch"),
      forced: body.forced === true ? "true" : null,
    },
    links: [{ title: "Compare", url: body.compare }],
    // In pushes, and nowhere else, this is a Unix time. The commits' own times may be months old.
    endedAt: field(body, "repository", "pushed_at"),
  };
}

/** What a conclusion means; a run that was skipped or waits for somebody changed nothing. */
const CONCLUSIONS: Record<string, ChangeSignal["status"]> = {
  success: "succeeded",
  neutral: "succeeded",
  failure: "failed",
  timed_out: "failed",
  startup_failure: "failed",
  cancelled: "cancelled",
  stale: "cancelled",
};

function readWorkflowRun({ body, repository, sender }: Event): Draft | null {
  const run = body.workflow_run;
  const status = meaningOf(CONCLUSIONS, textAt(run, "conclusion"));
  if (textAt(body, "action") !== "completed" || status === null) return null;
  const branch = textAt(run, "head_branch");
  const name = textAt(run, "name") ?? textAt(body, "workflow", "name") ?? "workflow";
  const attempt = textAt(run, "run_attempt") ?? "1";
  return {
    kind: "pipeline",
    status,
    dedupKey: `${repository}/workflow_run/${idOf(run, "workflow_run.id")}/${attempt}`,
    title: `Workflow ${name} ${status}${branch === null ? "" : ` on ${branch}`} of ${repository}`,
    description: textAt(run, "display_title") ?? textAt(run, "head_commit", "message"),
    actor: textAt(run, "triggering_actor", "login") ?? textAt(run, "actor", "login") ?? sender,
    revision: textAt(run, "head_sha"),
    labels: {
      workflow: name,
      branch,
      conclusion: textAt(run, "conclusion"),
      event: textAt(run, "event"),
      run_number: textAt(run, "run_number"),
      run_attempt: attempt,
      workflow_file: textAt(run, "path"),
    },
    links: [{ title: "Workflow run", url: field(run, "html_url") }],
    startedAt: field(run, "run_started_at") ?? field(run, "created_at"),
    endedAt: field(run, "updated_at"),
  };
}

/** `inactive` says that a later deployment took the place of this one, which is told by that one. */
const DEPLOYMENT_STATES: Record<string, ChangeSignal["status"]> = {
  success: "succeeded",
  failure: "failed",
  error: "failed",
  in_progress: "started",
  queued: "started",
  pending: "started",
  waiting: "started",
};

function readDeploymentStatus({ body, repository, sender }: Event): Draft | null {
  const { deployment, deployment_status: news } = body;
  const status = meaningOf(DEPLOYMENT_STATES, textAt(news, "state"));
  if (status === null) return null;
  const environment = textAt(news, "environment") ?? textAt(deployment, "environment");
  const ref = textAt(deployment, "ref");
  return {
    kind: "deployment",
    status,
    dedupKey: `${repository}/deployment/${idOf(deployment, "deployment.id")}`,
    title: `Deployment of ${repository}${ref === null ? "" : ` (${ref})`} to ${environment ?? "no environment"} ${status}`,
    description: textAt(news, "description") ?? textAt(deployment, "description"),
    actor: textAt(deployment, "creator", "login") ?? sender,
    revision: textAt(deployment, "sha"),
    environment,
    labels: { ref, task: textAt(deployment, "task"), state: textAt(news, "state") },
    links: [
      { title: "Log", url: textAt(news, "log_url") ?? textAt(news, "target_url") },
      { title: "Environment", url: textAt(news, "environment_url") },
    ],
    startedAt: field(deployment, "created_at"),
    endedAt: status === "started" ? null : field(news, "created_at"),
  };
}

function readPullRequest({ body, repository, sender }: Event): Draft | null {
  const pull = body.pull_request;
  if (textAt(body, "action") !== "closed" || field(pull, "merged") !== true) return null;
  const number = textAt(pull, "number") ?? textAt(body, "number");
  if (number === null) throw missing("pull_request.number");
  const base = textAt(pull, "base", "ref");
  return {
    kind: "merge",
    status: "succeeded",
    dedupKey: `${repository}/pull/${number}`,
    title: `Pull request #${number} merged into ${repository}${base === null ? "" : ` ${base}`}: ${textAt(pull, "title") ?? ""}`,
    description: textAt(pull, "body"),
    actor: textAt(pull, "merged_by", "login") ?? sender,
    revision: textAt(pull, "merge_commit_sha"),
    labels: {
      branch: base,
      head: textAt(pull, "head", "ref"),
      author: textAt(pull, "user", "login"),
      changed_files: textAt(pull, "changed_files"),
      labels: list(field(pull, "labels"))
        .flatMap((label) => textAt(label, "name") ?? [])
        .join(", "),
    },
    links: [{ title: "Pull request", url: field(pull, "html_url") }],
    endedAt: field(pull, "merged_at") ?? field(pull, "closed_at"),
  };
}

function readRelease({ body, repository, sender }: Event): Draft | null {
  const { release } = body;
  if (textAt(body, "action") !== "published") return null;
  const tag = textAt(release, "tag_name");
  const name = textAt(release, "name") ?? tag;
  return {
    kind: "release",
    status: "succeeded",
    dedupKey: `${repository}/release/${tag ?? idOf(release, "release.tag_name")}`,
    title: `Release ${name ?? ""} of ${repository}`,
    description: textAt(release, "body"),
    actor: textAt(release, "author", "login") ?? sender,
    revision: tag,
    labels: {
      tag,
      target: textAt(release, "target_commitish"),
      prerelease: field(release, "prerelease") === true ? "true" : null,
    },
    links: [{ title: "Release", url: field(release, "html_url") }],
    endedAt: field(release, "published_at"),
  };
}

function idOf(value: unknown, path: string): string {
  const id = textAt(value, "id");
  if (id === null) throw missing(path);
  return id;
}

function missing(path: string) {
  return invalid(`The event has no ${path}.`, [{ path, message: "is required" }]);
}
