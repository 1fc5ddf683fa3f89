import { readSeverity } from "../core/signal/words.ts";
import { type AwsEvent, arnParts, consoleUrl, escaped } from "./aws.ts";
import {
  type Ending,
  endingOf,
  FAILED,
  LATE,
  type Run,
  required,
  STOPPED,
  SUCCEEDED,
  TIMED_OUT,
} from "./eventbridge-run.ts";
import { field, textAt } from "./json.ts";

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html. Standard workflows only. */
export function readExecution({ detail, region }: AwsEvent): Run | null {
  const endings = { SUCCEEDED, FAILED, TIMED_OUT, ABORTED: STOPPED };
  const ending = endingOf(endings, textAt(detail, "status"));
  if (ending === null) return null;
  const execution = textAt(detail, "executionArn");
  const machine =
    textAt(detail, "stateMachineArn") ?? machineOf(execution) ?? required(detail, "stateMachineArn");
  const said = [textAt(detail, "error"), textAt(detail, "cause")].filter((each) => each !== null);
  return {
    what: "State machine",
    name: arnParts(machine)?.resource.replace(/^stateMachine:/, "") || machine,
    identity: machine,
    ending,
    error: said.join(": ") || null,
    runId: execution,
    endedAt: field(detail, "stopDate"),
    labels: { state_machine: machine, execution: textAt(detail, "name"), status: textAt(detail, "status") },
    links:
      execution === null
        ? []
        : [
            {
              title: "Execution",
              url: consoleUrl("states", region, `#/v2/executions/details/${escaped(execution)}`),
            },
          ],
  };
}

/** `…:execution:MACHINE:NAME` runs `…:stateMachine:MACHINE`. */
function machineOf(execution: string | null): string | null {
  const match = /^(arn:[^:]*:states:[^:]*:[^:]*):execution:([^:]+):/.exec(execution ?? "");
  return match ? `${match[1]}:stateMachine:${match[2]}` : null;
}

/** Glue and DataBrew say how bad it is: a time-out is WARN. What they call INFO is bad for the data all the same. */
function withSeverity(ending: Ending | null, detail: unknown): Ending | null {
  const severity = readSeverity(textAt(detail, "severity"));
  if (ending === null || ending === STOPPED || severity === null || severity === "info") return ending;
  return { ...ending, severity };
}

const JOB_ENDINGS = { SUCCEEDED, FAILED, ERROR: FAILED, TIMEOUT: TIMED_OUT, STOPPED };

/** https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html. */
export function readGlueJob({ detail, region }: AwsEvent): Run | null {
  const ending = withSeverity(endingOf(JOB_ENDINGS, textAt(detail, "state")), detail);
  return ending === null ? null : glueJob(detail, region, ending);
}

/** Sent while a run is longer at it than the job's delay notification threshold. The job's next success is its end. */
export function readGlueDelay({ detail, region }: AwsEvent): Run {
  return { ...glueJob(detail, region, LATE), reason: null };
}

function glueJob(detail: unknown, region: string | null, ending: Ending): Run {
  const name = required(detail, "jobName");
  const runId = textAt(detail, "jobRunId");
  const page = `#/job/${escaped(name)}/${runId === null ? "runs" : `run/${escaped(runId)}`}`;
  return {
    what: "Glue job",
    name,
    ending,
    error: textAt(detail, "message"),
    runId,
    labels: {
      job: name,
      state: textAt(detail, "state"),
      notify_delay_after_minutes: field(detail, "notificationCondition", "NotifyDelayAfter"),
    },
    links: [{ title: "Job run", url: consoleUrl("gluestudio", region, page) }],
  };
}

export function readCrawler(event: AwsEvent): Run | null {
  const ending = endingOf({ SUCCEEDED, FAILED }, textAt(event.detail, "state"));
  return ending === null ? null : crawler(event, ending);
}

export function readCrawlerNotStarted(event: AwsEvent): Run {
  return crawler(event, { ...FAILED, did: "was not started" });
}

function crawler({ detail }: AwsEvent, ending: Ending): Run {
  const name = required(detail, "crawlerName");
  const error = textAt(detail, "errorMessage") ?? textAt(detail, "message");
  return { what: "Glue crawler", name, ending, error, runId: null, labels: { crawler: name } };
}

export function readDataBrewJob({ detail }: AwsEvent): Run | null {
  const ending = withSeverity(endingOf(JOB_ENDINGS, textAt(detail, "state")), detail);
  if (ending === null) return null;
  const name = required(detail, "jobName");
  const runId = textAt(detail, "jobRunId");
  return {
    what: "DataBrew job",
    name,
    ending,
    error: textAt(detail, "message"),
    runId,
    labels: { job: name },
  };
}
