import type { AlertSignal } from "../core/signal/alert.ts";
import type { AwsEvent } from "./aws.ts";
import { finishAlert } from "./draft.ts";
import {
  readBatchJob,
  readEcsTask,
  readEmrCluster,
  readEmrStep,
  readReplicationTask,
} from "./eventbridge-compute.ts";
import {
  readCrawler,
  readCrawlerNotStarted,
  readDataBrewJob,
  readExecution,
  readGlueDelay,
  readGlueJob,
} from "./eventbridge-jobs.ts";
import type { Run } from "./eventbridge-run.ts";
import { firstLine } from "./json.ts";

/** By detail-type. Each answers null for a state that is no end, such as RUNNING. */
const READERS: Record<string, (event: AwsEvent) => Run | null> = {
  "Step Functions Execution Status Change": readExecution,
  "Glue Job State Change": readGlueJob,
  "Glue Job Run Status": readGlueDelay,
  "Glue Crawler State Change": readCrawler,
  "Glue Scheduled Crawler Invocation Failure": readCrawlerNotStarted,
  "DataBrew Job State Change": readDataBrewJob,
  "Batch Job State Change": readBatchJob,
  "ECS Task State Change": readEcsTask,
  "EMR Step Status Change": readEmrStep,
  "EMR Cluster State Change": readEmrCluster,
  "DMS Replication Task State Change": readReplicationTask,
};

/** A run that failed fires for what ran, its next success resolves it. Undefined for events of other kinds. */
export function readRunEvent(event: AwsEvent, receivedAt: string): AlertSignal | null | undefined {
  const read = Object.hasOwn(READERS, event.type) ? READERS[event.type] : undefined;
  if (read === undefined) return undefined;
  const run = read(event);
  if (run === null) return null;
  const { status, severity, did } = run.ending;
  const firing = status === "firing";
  const what = `${run.what} ${run.name}`;
  const error = firing ? (run.error ?? null) : null;
  const reason = !firing ? null : run.reason === undefined ? firstLine(error) : run.reason;
  const at = run.endedAt ?? event.time;
  const place = [event.account, event.region].filter((each) => each !== null);
  const identity =
    run.identity ?? [...place, run.what.toLowerCase().replaceAll(" ", "-"), run.name].join("/");
  return finishAlert(
    {
      source: "eventbridge",
      dedupKey: identity,
      // A sample event that is sent by hand keeps its id when only its state is changed.
      deliveryId: event.id === null ? null : `${event.id}/${status}`,
      status,
      severity,
      title: `${what} ${did}${reason === null ? "" : `: ${reason}`}`,
      description: error,
      labels: {
        account: event.account,
        region: event.region,
        detail_type: event.type,
        run_id: run.runId,
        ...run.labels,
      },
      links: run.links ?? [],
      startsAt: firing ? at : null,
      endsAt: firing ? null : at,
      // When the service said so, by which its events have an order; `stopDate` and the like are the run's own.
      observedAt: event.time ?? at,
      groupHint: identity,
      raw: event.raw,
    },
    receivedAt,
  );
}
