import { airflow } from "./airflow.ts";
import { alertmanager } from "./alertmanager.ts";
import { argocd } from "./argocd.ts";
import { cloudevents } from "./cloudevents-source.ts";
import { cloudformation } from "./cloudformation.ts";
import { cloudwatch } from "./cloudwatch.ts";
import { dagster } from "./dagster.ts";
import { datadog } from "./datadog.ts";
import { datahub } from "./datahub.ts";
import { datakitchen } from "./datakitchen.ts";
import { dbt } from "./dbt.ts";
import { dbtCloud } from "./dbt-cloud.ts";
import { elementary } from "./elementary.ts";
import { eventbridge } from "./eventbridge.ts";
import { generic } from "./generic.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { grafana } from "./grafana.ts";
import { greatExpectations } from "./great-expectations.ts";
import { monteCarlo } from "./monte-carlo.ts";
import { openlineage } from "./openlineage.ts";
import { openmetadata } from "./openmetadata.ts";
import { opsgenie } from "./opsgenie.ts";
import { pagerduty } from "./pagerduty.ts";
import { prefect } from "./prefect.ts";
import { sentry } from "./sentry.ts";
import { slackWebhook } from "./slack-webhook.ts";
import { soda } from "./soda.ts";
import type { Source } from "./source.ts";
import { terraform } from "./terraform.ts";

/** Every source there is. A test compares this list with the folder and with docs/sources. */
export const SOURCES: readonly Source[] = [
  airflow,
  alertmanager,
  argocd,
  cloudevents,
  cloudformation,
  cloudwatch,
  dagster,
  datadog,
  datahub,
  datakitchen,
  dbt,
  dbtCloud,
  elementary,
  eventbridge,
  generic,
  github,
  gitlab,
  grafana,
  greatExpectations,
  monteCarlo,
  openlineage,
  openmetadata,
  opsgenie,
  pagerduty,
  prefect,
  sentry,
  slackWebhook,
  soda,
  terraform,
];
