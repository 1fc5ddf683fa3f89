import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { datasetFromParts, platformNamespace } from "../core/signal/dataset.ts";
import { type Component, componentOf, labelsOf } from "./datakitchen-component.ts";
import { finishAlert, hashOf, invalid, partsOf, readEach } from "./draft.ts";
import { field, firstLine, type JsonObject, list, object, text, textAt } from "./json.ts";
import type { Reading } from "./source.ts";

/** The outcomes of one test run. TestGen tries its connection with an empty list, which has to be taken. */
export function readOutcomes(body: JsonObject, receivedAt: string): Reading {
  if (!Array.isArray(body.test_outcomes)) {
    throw invalid("The event has no list test_outcomes.", [
      { path: "test_outcomes", message: "must be a list" },
    ]);
  }
  if (body.test_outcomes.length === 0) return { alerts: [], rejected: [] };
  const component = componentOf(body);
  if (component === null) {
    throw invalid("The event does not say which component was tested.", [
      { path: "dataset_key", message: "is required (or pipeline_key, server_key, stream_key, component)" },
    ]);
  }
  return readEach(partsOf(body.test_outcomes, "test_outcomes"), (outcome) =>
    readOutcome(outcome, { body, component, receivedAt }),
  );
}

const VERDICTS: Record<string, { status: AlertSignal["status"]; severity: AlertSeverity }> = {
  FAILED: { status: "firing", severity: "error" },
  WARNING: { status: "firing", severity: "warning" },
  PASSED: { status: "resolved", severity: "error" },
};

type Context = { body: JsonObject; component: Component; receivedAt: string };

function readOutcome(outcome: unknown, { body, component, receivedAt }: Context): AlertSignal {
  const at = (name: string) => textAt(outcome, name);
  const said = (at("status") ?? "").toUpperCase();
  if (!Object.hasOwn(VERDICTS, said)) {
    throw invalid("The status of the test is wrong.", [
      { path: "status", message: "must be PASSED, WARNING or FAILED" },
    ]);
  }
  const name = at("name") ?? at("type") ?? at("key");
  if (name === null) throw invalid("The test has no name.", [{ path: "name", message: "is required" }]);
  const { status, severity } = VERDICTS[said]!;
  const firing = status === "firing";
  const testgen = object(field(outcome, "integrations", "testgen"));
  const columns = list(testgen?.columns).filter((column) => text(column) !== null) as string[];
  const table = textAt(testgen, "table");
  // TestGen calls all tests of one type by one name; the key is the test's own.
  const test =
    at("key") ?? `${name}${table === null ? "" : `:${hashOf(table, columns, testgen?.test_suite ?? null)}`}`;
  const dedupKey = `${component.identity}/${test}`;
  const result = at("result");
  const when = at("end_time") ?? at("start_time") ?? textAt(body, "event_timestamp");
  const place = [table ?? component.name, columns.join(", ") || null]
    .filter((each) => each !== null)
    .join(".");
  const word = { FAILED: "failed", WARNING: "gave a warning", PASSED: "passed" }[said];
  return finishAlert(
    {
      source: "datakitchen",
      dedupKey,
      deliveryId: when === null ? null : `${dedupKey}/${when}/${said}/${hashOf(component.run, result)}`,
      status,
      severity,
      title: `${name} on ${place} ${word}${firing && result !== null ? `: ${firstLine(result)}` : ""}`,
      description: [result, at("description")].filter((each) => each !== null).join("\n"),
      assets: [assetOf(component, table)],
      labels: {
        test: name,
        test_type: at("type"),
        test_key: at("key"),
        table,
        column: columns.join(", "),
        test_suite: textAt(testgen, "test_suite"),
        dimensions: list(field(outcome, "dimensions")).map(text).filter(Boolean).join(", "),
        metric: at("metric_name"),
        metric_value: at("metric_value"),
        min_threshold: at("min_threshold") ?? at("metric_min_threshold"),
        max_threshold: at("max_threshold") ?? at("metric_max_threshold"),
        project: textAt(component.testgen, "table_group_configuration", "project_code"),
        connection: textAt(component.testgen, "connection_name"),
        ...labelsOf(component, body),
      },
      links: [{ title: "Test run", url: textAt(body, "external_url") }],
      startsAt: firing ? (at("start_time") ?? when) : null,
      endsAt: firing ? null : when,
      observedAt: when,
      groupHint: component.run === null ? component.key : `${component.key}/${component.run}`,
      raw: { ...withoutOutcomes(body), test_outcomes: [outcome] },
    },
    receivedAt,
  );
}

function withoutOutcomes({ test_outcomes: _, ...rest }: JsonObject): JsonObject {
  return rest;
}

/** TestGen's `component_tool` is the kind of database; its host is not said, only TestGen's name of the connection. */
function assetOf(component: Component, table: string | null): Asset | null {
  if (table === null) {
    return component.kind === "dataset"
      ? datasetFromParts(component.tool === null ? "datakitchen" : platformNamespace(component.tool), [
          component.name,
        ])
      : null;
  }
  const connection = textAt(component.testgen, "connection_name");
  const namespace =
    component.tool === null ? (connection ?? "datakitchen") : platformNamespace(component.tool);
  return datasetFromParts(namespace, [
    textAt(component.testgen, "database_name"),
    textAt(component.testgen, "schema"),
    table,
  ]);
}
