import { z } from "zod";
import { IncidentKind, Severity } from "../core/incident/events.ts";
import { Via } from "../core/incident/person.ts";
import { PHASES, RECOVERIES } from "../core/incident/state.ts";
import { Instant, OUTCOMES } from "../core/signal/alert.ts";
import { Asset } from "../core/signal/asset.ts";
import { CHANGE_OUTCOMES, ChangeKind, ChangeStatus } from "../core/signal/change.ts";

/**
 * The shapes of the answers, as the OpenAPI document tells them. Fields may be added, so they are loose; none is renamed
 * or taken away. Answers are not checked against them at run time: a test holds src/core/report/api.ts to them.
 */
const instant = Instant.nullable();
const Link = z.object({ title: z.string(), url: z.string() });

const IngestedAlert = z.looseObject({
  fingerprint: z.string().describe("The identity of the alert, the same at every firing."),
  outcome: z.enum(OUTCOMES).describe("What became of it."),
  incident: z.string().nullable().describe("The incident it belongs to, such as INC-1."),
  reason: z.string().describe("Why."),
});

export const Ingested = z
  .looseObject({
    alerts: z.array(IngestedAlert).describe("The alerts that were taken in, durable from now on."),
    changes: z
      .array(
        z.looseObject({
          id: z.string().describe("The identity of the change, the same over all that is said of it."),
          outcome: z.enum(CHANGE_OUTCOMES),
          reason: z.string().describe("Why."),
        }),
      )
      .describe("The changes that were taken in, durable from now on."),
    lineage: z
      .array(
        z.looseObject({
          provider: z.string(),
          key: z.string().describe("The dbt project, the OpenLineage job."),
          outcome: z.enum(["recorded", "updated", "unchanged"]),
          version: z.int(),
          assets: z.int(),
          edges: z.int(),
        }),
      )
      .describe("What was said of lineage, in force from now on."),
    rejected: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .describe("The parts of the batch that could not be read, by their path in the body."),
  })
  .describe("What became of each part.");
export type Ingested = z.infer<typeof Ingested>;

export const Incident = z
  .looseObject({
    key: z.string(),
    kind: IncidentKind,
    state: z.enum(PHASES),
    severity: Severity,
    title: z.string(),
    summary: z.string().nullable(),
    startedAt: Instant.describe("When the data broke."),
    detectedAt: Instant.describe("When the first signal came."),
    acknowledgedAt: instant,
    mitigatedAt: instant,
    resolvedAt: instant,
    closedAt: instant,
    outcome: z.string().nullable().describe("What the last change of state said."),
    lead: z.string().nullable().describe("The name of the incident lead."),
    roles: z.array(z.looseObject({ role: z.string(), name: z.string(), id: z.string().nullable() })),
    channel: z.string(),
    threadTs: z.string().nullable(),
    url: z.string().nullable().describe("The Slack thread."),
    assets: z
      .array(z.looseObject({ ...Asset.shape, recovery: z.enum(RECOVERIES), downtimeSeconds: z.int() }))
      .describe("What is affected, and how long its data was not to be trusted so far; of a false alarm 0."),
    alerts: z.looseObject({ total: z.int(), firing: z.int(), resolved: z.int(), held: z.int() }),
    sources: z.array(z.string()),
    team: z.string().nullable().describe("Whom the routing rules gave it to."),
    originAsset: Asset.nullable(),
    mergedInto: z.string().nullable(),
  })
  .describe("One incident.");

export const IncidentList = z.looseObject({
  incidents: z.array(Incident).describe("Newest first."),
  next: z.string().nullable().describe("Send it as `cursor` for the next page; null on the last one."),
});

const IncidentAlert = z.looseObject({
  fingerprint: z.string(),
  source: z.string(),
  status: z.enum(["firing", "resolved"]),
  severity: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  assets: z.array(Asset),
  labels: z.record(z.string(), z.string()),
  links: z.array(Link),
  startsAt: instant,
  endsAt: instant,
  firstSeenAt: Instant,
  lastSeenAt: Instant,
  count: z.int().describe("How many times it fired."),
  outcome: z.string(),
  reason: z.string(),
  warnings: z.array(z.string()).describe("What of its payload was not understood."),
  passes: z.int().optional().describe("Runs that it has passed in a row; 0 while it fires."),
  flapping: z
    .enum(["firing", "resolved"])
    .optional()
    .describe("Only while it flaps: what it said last. Its status is `firing` meanwhile."),
});

export const IncidentDetail = Incident.extend({
  alertList: z.array(IncidentAlert).describe("At most 1,000: the firing ones first. `alerts` counts all."),
  changes: z
    .array(
      z.looseObject({
        text: z.string(),
        url: z.string().nullable(),
        changedAt: instant,
        cause: z.boolean().describe("People named it as the cause."),
      }),
    )
    .describe("Changes that people linked."),
  suspects: z
    .array(
      z.looseObject({
        number: z.int().describe("By which it is named: `change cause 1`."),
        change: z.string().describe("Its id in `GET /v1/changes`."),
        title: z.string(),
        url: z.string().nullable(),
        actor: z.string().nullable(),
        source: z.string(),
        at: Instant.describe("When it took effect."),
        confidence: z.enum(["likely", "possible", "unlikely"]),
        reason: z.string(),
      }),
    )
    .describe("Changes before the start that may be the cause, the likeliest first."),
  similar: z
    .array(
      z.looseObject({
        key: z.string(),
        title: z.string(),
        severity: z.string(),
        resolvedAt: Instant,
        outcome: z.string().nullable().describe("What resolved it."),
        causeChange: z.string().nullable().describe("What was named as its cause."),
        url: z.string().nullable(),
        reason: z.string().describe("In what it is alike."),
      }),
    )
    .describe("Past incidents like it, the likest first."),
  runbooks: z.array(z.looseObject({ runbook: z.string(), title: z.string() })),
  actionItems: z.array(
    z.looseObject({
      task: z.int(),
      text: z.string(),
      owner: z.string().nullable(),
      due: z.string().nullable(),
      doneAt: instant,
    }),
  ),
}).describe("One incident with what belongs to it.");

export const Timeline = z.looseObject({
  entries: z.array(
    z.looseObject({
      seq: z.int(),
      at: Instant.describe("When it happened."),
      recordedAt: Instant.describe("When it was written down."),
      kind: z.string(),
      text: z.string(),
      actor: z.string(),
      via: Via.describe("The door it came through."),
      permalink: z.string().nullable(),
      hash: z.string().describe("The entry's link in the incident's hash chain."),
    }),
  ),
});

const { shape: detail } = IncidentDetail;
const seconds = z.int().nullable();

export const Postmortem = z
  .looseObject({
    schemaVersion: z.literal(1),
    asOf: Instant.describe("To when what lasts is measured."),
    incident: Incident,
    timeline: Timeline.shape.entries,
    clocks: z.looseObject({
      ttdSeconds: z.int().describe("From the data breaking to the first signal."),
      ttaSeconds: seconds.describe("From the first signal, as the next two: to the acknowledgement."),
      ttmSeconds: seconds.describe("To the mitigation."),
      ttrSeconds: seconds.describe("To the resolution."),
      totalSeconds: seconds.describe("From the data breaking to the resolution."),
    }),
    impact: z.looseObject({
      assets: z.array(
        z.looseObject({
          ...Asset.shape,
          recovery: z.enum(RECOVERIES),
          downtimeSeconds: z.int(),
          intervals: z.array(z.looseObject({ from: Instant, to: instant, seconds: z.int() })),
          waivedReason: z.string().nullable(),
        }),
      ),
    }),
    runbooks: detail.runbooks,
    alerts: detail.alertList,
    review: z.looseObject({
      well: z.array(z.string()),
      badly: z.array(z.string()),
      lucky: z.array(z.string()),
      factor: z.array(z.string()),
    }),
    actionItems: detail.actionItems,
    changes: detail.changes,
    suspects: detail.suspects,
    similar: detail.similar,
    links: z.array(Link),
    integrity: z.looseObject({
      entries: z.int(),
      lastAt: instant,
      hash: z.string().describe("The last one of the log's hash chain."),
      brokenAt: z.int().nullable().describe("The entry at which the chain breaks; null where it is whole."),
    }),
  })
  .describe("The report of one incident.");

export const ChangeList = z.looseObject({
  changes: z.array(
    z.looseObject({
      id: z.string(),
      at: Instant.describe("When it took effect, as far as is known."),
      source: z.string(),
      kind: ChangeKind,
      status: ChangeStatus,
      title: z.string(),
      description: z.string().nullable(),
      actor: z.string().nullable().describe("Who did it, as the sender names them."),
      repository: z.string().nullable(),
      revision: z.string().nullable(),
      environment: z.string().nullable(),
      paths: z.array(z.string()).describe("The files it touched."),
      assets: z.array(Asset),
      labels: z.record(z.string(), z.string()),
      links: z.array(Link),
      startedAt: instant,
      endedAt: instant,
      warnings: z.array(z.string()).describe("What of its payload was not understood."),
      firstReceivedAt: Instant,
      lastReceivedAt: Instant,
    }),
  ),
});

export const Root = z.looseObject({ name: z.string(), openapi: z.string(), documentation: z.string() });

export const Health = z.looseObject({ status: z.literal("ok") });

export const Readiness = z.looseObject({
  status: z.literal("ready"),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string().nullable() })),
});
