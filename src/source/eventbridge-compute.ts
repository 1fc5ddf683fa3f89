import { type AwsEvent, consoleUrl, escaped, lastName } from "./aws.ts";
import { type Ending, endingOf, FAILED, type Run, required, STOPPED, SUCCEEDED } from "./eventbridge-run.ts";
import { field, list, textAt } from "./json.ts";
import { jsonIn } from "./parse-body.ts";

/**
 * https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html. The members of an array job are left out:
 * they share one name, and the array fails when one of them does.
 */
export function readBatchJob({ detail, region }: AwsEvent): Run | null {
  const ending = endingOf({ SUCCEEDED, FAILED }, textAt(detail, "status"));
  if (ending === null || textAt(detail, "arrayProperties", "index") !== null) return null;
  const name = required(detail, "jobName");
  const runId = textAt(detail, "jobId");
  const queue = textAt(detail, "jobQueue");
  const reason = textAt(detail, "container", "reason");
  return {
    what: "Batch job",
    name,
    identity: queue === null ? null : `${queue}/${name}`,
    ending,
    error: [textAt(detail, "statusReason"), reason].filter((each) => each !== null).join("\n") || null,
    runId,
    endedAt: field(detail, "stoppedAt"),
    labels: {
      job: name,
      queue: lastName(queue),
      exit_code: field(detail, "container", "exitCode"),
      log_stream: textAt(detail, "container", "logStreamName"),
    },
    links:
      runId === null
        ? []
        : [{ title: "Job", url: consoleUrl("batch", region, `#jobs/detail/${escaped(runId)}`) }],
  };
}

/**
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html. Tasks that a person, the scheduler
 * or the end of a spot instance stopped say nothing: they are killed, and exit with 137, at every deployment.
 */
export function readEcsTask({ detail, account, region }: AwsEvent): Run | null {
  const stopCode = textAt(detail, "stopCode") ?? "EssentialContainerExited";
  if (textAt(detail, "lastStatus") !== "STOPPED") return null;
  const notStarted = stopCode === "TaskFailedToStart";
  if (!notStarted && stopCode !== "EssentialContainerExited") return null;
  const containers = list(field(detail, "containers"));
  const exits = containers.map((each) => ({
    name: textAt(each, "name"),
    code: textAt(each, "exitCode"),
    reason: textAt(each, "reason"),
  }));
  const failed = exits.find(({ code }) => code !== null && code !== "0");
  if (failed === undefined && !notStarted && !exits.some(({ code }) => code === "0")) return null;
  // `service:NAME`, or `family:NAME` for a task that runs for itself.
  const group =
    textAt(detail, "group") ?? lastName(required(detail, "taskDefinitionArn").replace(/:\d+$/, ""))!;
  const cluster = textAt(detail, "clusterArn");
  const exit = failed ? `container ${failed.name ?? ""} exited with ${failed.code}` : null;
  return {
    what: "ECS task",
    name: lastName(group) ?? group,
    identity: `${cluster ?? [account, region].join("/")}/${group}`,
    ending: notStarted ? { ...FAILED, did: "failed to start" } : failed ? FAILED : SUCCEEDED,
    error: [exit, failed?.reason, textAt(detail, "stoppedReason")].filter(Boolean).join("\n") || null,
    runId: lastName(textAt(detail, "taskArn")),
    endedAt: field(detail, "stoppedAt"),
    labels: {
      cluster: lastName(cluster),
      group,
      exit_code: failed?.code,
      stop_code: textAt(detail, "stopCode"),
    },
  };
}

/** https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-manage-cloudwatch-events.html. */
export function readEmrStep({ detail, account, region }: AwsEvent): Run | null {
  const endings = { COMPLETED: SUCCEEDED, FAILED, CANCELLED: STOPPED };
  const ending = endingOf(endings, textAt(detail, "state"));
  if (ending === null) return null;
  const name = required(detail, "name");
  return {
    what: "EMR step",
    name,
    // Not the cluster's id: many a cluster lives for one night's steps.
    identity: [account, region, "emr-step", name].filter((each) => each !== null).join("/"),
    ending,
    // The message says again what the title says.
    error: textAt(detail, "message"),
    reason: null,
    runId: textAt(detail, "stepId"),
    labels: { cluster: textAt(detail, "clusterId"), action_on_failure: textAt(detail, "actionOnFailure") },
    links: emrLinks(detail, region),
  };
}

export function readEmrCluster({ detail, region }: AwsEvent): Run | null {
  const state = textAt(detail, "state");
  const reason = jsonIn(textAt(detail, "stateChangeReason") ?? "") ?? field(detail, "stateChangeReason");
  const code = textAt(reason, "code");
  const ending = state === "TERMINATED" && code === "ALL_STEPS_COMPLETED" ? SUCCEEDED : emrEnding(state);
  if (ending === null) return null;
  const error = textAt(detail, "message") ?? textAt(reason, "message");
  const labels = { cluster: textAt(detail, "clusterId"), state, reason: code };
  const runId = textAt(detail, "clusterId");
  const name = required(detail, "name");
  return {
    what: "EMR cluster",
    name,
    ending,
    error,
    reason: code,
    runId,
    labels,
    links: emrLinks(detail, region),
  };
}

/** WAITING: it is up, and has done all steps that it was given. */
function emrEnding(state: string | null): Ending | null {
  if (state === "WAITING") return { ...SUCCEEDED, did: "is ready" };
  return state === "TERMINATED_WITH_ERRORS" ? { ...FAILED, did: "terminated with errors" } : null;
}

function emrLinks(detail: unknown, region: string | null): { title: string; url: unknown }[] {
  const id = textAt(detail, "clusterId");
  return id === null
    ? []
    : [{ title: "Cluster", url: consoleUrl("emr", region, `#/clusterDetails/${escaped(id)}`) }];
}

/** https://docs.aws.amazon.com/dms/latest/userguide/CHAP_EventBridge.html. A task that starts again is whole. */
export function readReplicationTask({ detail, resources }: AwsEvent): Run | null {
  const endings = {
    REPLICATION_TASK_FAILED: FAILED,
    REPLICATION_TASK_STARTED: { ...SUCCEEDED, did: "started" },
  };
  const ending = endingOf(endings, textAt(detail, "eventType"));
  const task = resources[0] ?? null;
  if (ending === null || task === null) return null;
  return {
    what: "DMS task",
    name: lastName(task) ?? task,
    identity: task,
    ending,
    error: textAt(detail, "detailMessage"),
    runId: null,
    labels: { task },
    links: [{ title: "Task", url: textAt(detail, "resourceLink") }],
  };
}
