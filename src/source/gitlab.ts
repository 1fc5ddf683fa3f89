import { plural } from "../core/plural.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { headerSecret } from "./auth.ts";
import { type ChangeDraft, finishChange } from "./change-draft.ts";
import { commitList, isNoCommit, refName, touchedPaths } from "./commits.ts";
import { invalid, readEachChange } from "./draft.ts";
import { field, firstLine, type JsonObject, list, object, textAt } from "./json.ts";
import { meaningOf } from "./meaning.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";
import { standardWebhook } from "./standard-webhooks.ts";

const token = headerSecret("X-Gitlab-Token");

/**
 * GitLab's webhooks: https://docs.gitlab.com/user/project/integrations/webhook_events/. GitLab switches a hook off for
 * good after a few answers of 4xx, so an event that is not known or lacks what is needed is one that changed nothing.
 */
export const gitlab = {
  name: "gitlab",
  title: "GitLab",
  contentTypes: ["application/json"],
  /** A hook may have a signing token, a secret token, or both, of which we may know one: either proves it. */
  authenticate(request: SourceRequest, secrets: string[]): void {
    if (request.headers["webhook-signature"] === undefined) {
      token(request, secrets);
      return;
    }
    try {
      standardWebhook(request, secrets);
    } catch (error) {
      if (request.headers["x-gitlab-token"] === undefined) throw error;
      token(request, secrets);
    }
  },
  readChanges(request: SourceRequest): Reading {
    const body = object(request.body);
    if (body === null) throw invalid("This is no GitLab event: it is no JSON object.");
    return readEachChange([{ path: "", part: body }], (part) => readEvent(part, request));
  },
} satisfies Source;

/** What all changes share is filled in by `readEvent`. */
type Draft = Omit<ChangeDraft, "source" | "deliveryId" | "raw" | "repository">;

const READERS: Record<string, (body: JsonObject, repository: string) => Draft | null> = {
  push: readPush,
  tag_push: readPush,
  merge_request: readMergeRequest,
  pipeline: readPipeline,
  deployment: readDeployment,
  release: readRelease,
};

function readEvent(body: JsonObject, request: SourceRequest): ChangeSignal | null {
  const kind = textAt(body, "object_kind") ?? textAt(body, "event_name") ?? "";
  const repository = textAt(body, "project", "path_with_namespace");
  if (repository === null || !Object.hasOwn(READERS, kind)) return null;
  const draft = READERS[kind]!(body, repository);
  if (draft === null) return null;
  // X-Gitlab-Event-UUID is no identity: all events that one event leads to carry the same.
  const deliveryId = request.headers["webhook-id"] ?? request.headers["idempotency-key"] ?? null;
  return finishChange({ ...draft, source: "gitlab", deliveryId, repository, raw: body }, request.receivedAt);
}

function readPush(body: JsonObject, repository: string): Draft | null {
  const ref = refName(textAt(body, "ref") ?? "");
  const revision = textAt(body, "checkout_sha") ?? textAt(body, "after");
  if (ref === null || isNoCommit(textAt(body, "after")) || isNoCommit(revision)) return null;
  const commits = list(body.commits);
  const total = Number(textAt(body, "total_commits_count") ?? commits.length);
  const last = firstLine(textAt(commits.at(-1), "message"));
  const pushed = total > 0 ? plural(total, "commit") : `${ref.kind === "tag" ? "Tag" : "Branch"} ${ref.name}`;
  const where = total > 0 ? `${repository} ${ref.name}` : repository;
  const compare = `${textAt(body, "project", "web_url")}/-/compare/${textAt(body, "before")}...${revision}`;
  return {
    kind: "push",
    status: "succeeded",
    dedupKey: `${repository}/push/${ref.kind}/${ref.name}/${revision}`,
    title: `${pushed} pushed to ${where}${last === null ? "" : `: ${last}`}`,
    description: textAt(body, "message") ?? commitList(commits),
    actor: textAt(body, "user_username") ?? textAt(body, "user_name"),
    revision,
    paths: touchedPaths(commits),
    labels: { [ref.kind]: ref.name, default_branch: textAt(body, "project", "default_branch") },
    links: [{ title: "Compare", url: isNoCommit(textAt(body, "before")) ? null : compare }],
    warnings:
      total > commits.length
        ? [
            `GitLab names only the newest ${commits.length} of ${total} commits, so some paths may be missing.`,
          ]
        : [],
  };
}

function readMergeRequest(body: JsonObject, repository: string): Draft | null {
  const merge = body.object_attributes;
  const number = textAt(merge, "iid");
  const merged = textAt(merge, "action") === null ? textAt(merge, "state") === "merged" : isMerge(merge);
  if (number === null || !merged) return null;
  const target = textAt(merge, "target_branch");
  return {
    kind: "merge",
    status: "succeeded",
    dedupKey: `${repository}/merge_request/${number}`,
    title: `Merge request !${number} merged into ${repository}${target === null ? "" : ` ${target}`}: ${textAt(merge, "title") ?? ""}`,
    description: textAt(merge, "description"),
    actor: userOf(body),
    revision: textAt(merge, "merge_commit_sha") ?? textAt(merge, "last_commit", "id"),
    labels: {
      branch: target,
      source_branch: textAt(merge, "source_branch"),
      labels: list(body.labels)
        .flatMap((label) => textAt(label, "title") ?? [])
        .join(", "),
    },
    links: [{ title: "Merge request", url: field(merge, "url") }],
    endedAt: field(merge, "merged_at") ?? field(merge, "updated_at"),
  };
}

/** Later edits of a merged request say `update`. */
function isMerge(merge: unknown): boolean {
  return textAt(merge, "action") === "merge";
}

const PIPELINE_STATUSES: Record<string, ChangeSignal["status"]> = {
  success: "succeeded",
  failed: "failed",
  canceled: "cancelled",
};

function readPipeline(body: JsonObject, repository: string): Draft | null {
  const pipeline = body.object_attributes;
  const id = textAt(pipeline, "id");
  const status = meaningOf(PIPELINE_STATUSES, textAt(pipeline, "status"));
  if (id === null || status === null) return null;
  const ref = textAt(pipeline, "ref");
  const deployed = deployedTo(body);
  const name = textAt(pipeline, "name") ?? `Pipeline ${id}`;
  const page = textAt(body, "project", "web_url");
  return {
    kind: "pipeline",
    status,
    dedupKey: `${repository}/pipeline/${id}`,
    title: `${name} ${status}${ref === null ? "" : ` on ${ref}`} of ${repository}`,
    description: [textAt(body, "commit", "message"), failedJobs(body)].filter(Boolean).join("\n\n"),
    actor: userOf(body),
    revision: textAt(pipeline, "sha"),
    environment: deployed.length === 1 ? deployed[0] : null,
    labels: {
      [field(pipeline, "tag") === true ? "tag" : "branch"]: ref,
      pipeline_source: textAt(pipeline, "source"),
      environments: deployed.length > 1 ? deployed : null,
      merge_request: textAt(body, "merge_request", "iid"),
    },
    links: [
      {
        title: "Pipeline",
        url: textAt(pipeline, "url") ?? (page === null ? null : `${page}/-/pipelines/${id}`),
      },
    ],
    startedAt: field(pipeline, "created_at"),
    endedAt: field(pipeline, "finished_at"),
  };
}

/** The environments that jobs of the pipeline went through to; a manual job that nobody started did not. */
function deployedTo(body: JsonObject): string[] {
  const jobs = list(body.builds).filter((job) => textAt(job, "status") === "success");
  const starts = jobs.filter((job) => (textAt(job, "environment", "action") ?? "start") === "start");
  return [...new Set(starts.flatMap((job) => textAt(job, "environment", "name") ?? []))];
}

function failedJobs(body: JsonObject): string | null {
  const failed = list(body.builds).filter(
    (job) => textAt(job, "status") === "failed" && field(job, "allow_failure") !== true,
  );
  const named = failed.map((job) => {
    const reason = textAt(job, "failure_reason");
    return `${textAt(job, "name") ?? "?"}${reason === null ? "" : ` (${reason})`}`;
  });
  return named.length === 0 ? null : `Failed: ${named.join(", ")}`;
}

/** Those that wait (blocked, approved, rejected, skipped) deployed nothing yet. */
const DEPLOYMENT_STATUSES: Record<string, ChangeSignal["status"]> = {
  running: "started",
  success: "succeeded",
  failed: "failed",
  canceled: "cancelled",
};

function readDeployment(body: JsonObject, repository: string): Draft | null {
  const status = meaningOf(DEPLOYMENT_STATUSES, textAt(body, "status"));
  // Older versions give no deployment_id; the job that deploys stands for it.
  const id = textAt(body, "deployment_id") ?? textAt(body, "deployable_id") ?? textAt(body, "deployable_url");
  if (status === null || id === null) return null;
  const environment = textAt(body, "environment");
  const ref = textAt(body, "ref");
  return {
    kind: "deployment",
    status,
    dedupKey: `${repository}/deployment/${id}`,
    title: `Deployment of ${repository}${ref === null ? "" : ` (${ref})`} to ${environment ?? "no environment"} ${status}`,
    description: textAt(body, "commit_title"),
    actor: userOf(body),
    revision: commitOf(body),
    environment,
    labels: { ref, environment_tier: textAt(body, "environment_tier") },
    links: [
      { title: "Job", url: body.deployable_url },
      { title: "Commit", url: body.commit_url },
      { title: "Environment", url: textAt(body, "environment_external_url") },
    ],
    startedAt: status === "started" ? body.status_changed_at : null,
    endedAt: status === "started" ? null : body.status_changed_at,
  };
}

/** The whole hash is only in the commit's address. */
function commitOf(body: JsonObject): string | null {
  const short = textAt(body, "short_sha");
  const whole = textAt(body, "commit_url")?.split("/").at(-1) ?? "";
  return short !== null && whole.startsWith(short) ? whole : short;
}

function readRelease(body: JsonObject, repository: string): Draft | null {
  const tag = textAt(body, "tag");
  if (tag === null || (textAt(body, "action") ?? "create") !== "create") return null;
  return {
    kind: "release",
    status: "succeeded",
    dedupKey: `${repository}/release/${tag}`,
    title: `Release ${textAt(body, "name") ?? tag} of ${repository}`,
    description: textAt(body, "description"),
    revision: textAt(body, "commit", "id") ?? tag,
    labels: { tag },
    links: [{ title: "Release", url: body.url }],
    endedAt: body.released_at ?? body.created_at,
  };
}

function userOf(body: JsonObject): string | null {
  return textAt(body, "user", "username") ?? textAt(body, "user", "name");
}
