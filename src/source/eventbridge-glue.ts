import type { AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { type AwsEvent, glueTable } from "./aws.ts";
import { finishChange } from "./change-draft.ts";
import { finishAlert, hashOf, invalid } from "./draft.ts";
import { field, list, text, textAt } from "./json.ts";

/**
 * The verdict of Glue Data Quality on a table, or on the data inside a Glue job:
 * https://docs.aws.amazon.com/glue/latest/dg/data-quality-alerts.html. Live events spell some keys differently than
 * that page (`resultId`, `numRulesFailed`). Null for a state that is no verdict.
 */
export function readQualityEvent(event: AwsEvent, receivedAt: string): AlertSignal | null {
  const { detail, account, region } = event;
  const state = textAt(detail, "state");
  if (state !== "SUCCEEDED" && state !== "FAILED") return null;
  const checked = checkedBy(event);
  const rulesets = list(field(detail, "rulesetNames"))
    .map(text)
    .filter((each) => each !== null)
    .sort();
  const count = (ending: string) => textAt(detail, `rules${ending}`) ?? textAt(detail, `numRules${ending}`);
  const [succeeded, failed, skipped] = [count("Succeeded"), count("Failed"), count("Skipped")];
  const score = textAt(detail, "score");
  const firing = state === "FAILED";
  const runId = textAt(detail, "context", "runId") ?? textAt(detail, "context", "jobId");
  const resultId = textAt(detail, "resultId") ?? textAt(detail, "resultID");
  const rules = Number(succeeded ?? Number.NaN) + Number(failed ?? Number.NaN) + Number(skipped ?? 0);
  const counted = Number.isNaN(rules)
    ? null
    : `${firing ? failed : succeeded} of ${rules} rules ${firing ? "failed" : "passed"}`;
  const said = [
    counted,
    Number.isNaN(Number(score ?? Number.NaN)) ? null : `score ${Number(Number(score).toFixed(3))}`,
  ]
    .filter((each) => each !== null)
    .join(", ");
  return finishAlert(
    {
      source: "eventbridge",
      dedupKey: [checked.account ?? account, region, checked.name, ...rulesets]
        .filter((each) => each !== null)
        .join("/"),
      deliveryId: event.id === null ? resultId : `${event.id}/${state}`,
      status: firing ? "firing" : "resolved",
      severity: "error",
      title: `Data quality of ${checked.name} ${firing ? "failed" : "is good"}${said === "" ? "" : `: ${said}`}`,
      description: rulesets.length === 0 ? null : `Rulesets: ${rulesets.join(", ")}`,
      assets: [checked.asset],
      labels: {
        account,
        region,
        ...checked.labels,
        ruleset: rulesets,
        score,
        rules_succeeded: succeeded,
        rules_failed: failed,
        rules_skipped: skipped,
        run_id: runId,
        result_id: resultId,
      },
      startsAt: firing ? event.time : null,
      endsAt: firing ? null : event.time,
      observedAt: event.time,
      groupHint: checked.asset === null ? checked.name : null,
      raw: event.raw,
    },
    receivedAt,
  );
}

type Checked = { name: string; account: string | null; asset: Asset | null; labels: Record<string, unknown> };

/** `evaluationContext` names the place in the job's script, of which one job may have several. */
function checkedBy({ detail, account, region }: AwsEvent): Checked {
  const context = field(detail, "context");
  const database = textAt(context, "databaseName");
  const table = textAt(context, "tableName");
  const job = textAt(context, "jobName");
  if (table !== null && database !== null) {
    const catalog = accountOf(textAt(context, "catalogId")) ?? account;
    const asset = glueTable({ region, account: catalog, database, table });
    return { name: `${database}.${table}`, account: catalog, asset, labels: { database, table } };
  }
  if (job === null) {
    throw invalid("The event names neither a table nor a job.", [
      { path: "detail.context.tableName", message: "is missing, and so is jobName" },
    ]);
  }
  const place = textAt(context, "evaluationContext");
  const name = place === null ? job : `${job}/${place}`;
  return { name, account, asset: null, labels: { job, evaluation_context: place } };
}

/** A catalog's id is the account that it is in, or begins with it. */
function accountOf(catalogId: string | null): string | null {
  return /^\d{12}(?=$|:)/.exec(catalogId ?? "")?.[0] ?? null;
}

const DONE: Record<string, string> = {
  CreateTable: "created",
  UpdateTable: "altered",
  DeleteTable: "deleted",
  BatchDeleteTable: "deleted",
};

/**
 * "Glue Data Catalog Table State Change" and "… Database State Change", which name one table or several:
 * https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html. Partitions that come and
 * go are data, not a change of the table, and come with every load: null.
 */
export function readCatalogEvent(event: AwsEvent, receivedAt: string): ChangeSignal | null {
  const { detail, account, region } = event;
  const change = textAt(detail, "typeOfChange") ?? "";
  const database = textAt(detail, "databaseName");
  const one = textAt(detail, "tableName");
  const tables =
    one === null
      ? list(field(detail, "changedTables"))
          .map(text)
          .filter((each) => each !== null)
      : [one];
  if (database === null || tables.length === 0 || !Object.hasOwn(DONE, change)) return null;
  const names = tables.map((table) => `${database}.${table}`);
  const named =
    names.length > 1
      ? `Glue tables ${names[0]} and ${names.length - 1} more were`
      : `Glue table ${names[0]} was`;
  const catalog = accountOf(textAt(detail, "catalogId")) ?? account;
  return finishChange(
    {
      source: "eventbridge",
      // Every event is a change of its own.
      dedupKey: event.id ?? `${hashOf(account, region, names, change, event.time)}`,
      deliveryId: event.id,
      kind: "schema",
      status: "succeeded",
      title: `${named} ${DONE[change]}`,
      assets: tables.map((table) => glueTable({ region, account: catalog, database, table })),
      labels: { account, region, database, type_of_change: change },
      endedAt: event.time,
      raw: event.raw,
    },
    receivedAt,
  );
}
