import { createHmac } from "node:crypto";
import { plural } from "../core/plural.ts";
import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { bearerOrToken, matchesSecret, unauthorized } from "./auth.ts";
import { finishAlert, invalid, partsOf, readEach } from "./draft.ts";
import { field, firstLine, type JsonObject, list, object, textAt } from "./json.ts";
import { assetOfTable, type Place, placeOfTest, readSchemaChange } from "./openmetadata-table.ts";
import { unfolded } from "./openmetadata-value.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * The generic webhook of OpenMetadata and Collate, one change event a request (older versions send a list):
 * https://docs.open-metadata.org/latest/how-to-guides/data-quality-observability/alerts-notifications. An alert there is
 * stopped when its destination keeps answering 4xx, so an event that says nothing to us is read as nothing.
 */
export const openmetadata = {
  name: "openmetadata",
  title: "OpenMetadata",
  contentTypes: ["application/json"],
  authenticate(request: SourceRequest, secrets: string[]): void {
    const given = request.headers["x-om-signature"]?.trim();
    if (given === undefined || given === "") {
      bearerOrToken(request, secrets);
      return;
    }
    if (
      matchesSecret(
        [given],
        secrets.flatMap((secret) => signaturesOf(request.rawBody, secret)),
      )
    )
      return;
    throw unauthorized(
      "The signature in X-OM-Signature does not belong to this body and the secret configured for this source.",
    );
  },
  read(request: SourceRequest): Reading {
    const changes: ChangeSignal[] = [];
    const reading = readEach(partsOf(request.body), (part) => {
      const event = object(part);
      if (event === null) return null;
      const change = readSchemaChange(event, request.receivedAt);
      if (change !== null) changes.push(change);
      return readAlert(event, request.receivedAt);
    });
    return changes.length === 0 ? reading : { ...reading, changes };
  },
} satisfies Source;

/** In Base64, as OpenMetadata documents it; hex, which most other senders write, is taken as well. */
function signaturesOf(rawBody: Buffer, secret: string): string[] {
  if (secret === "") return [];
  const digest = createHmac("sha256", secret).update(rawBody).digest();
  return [`sha256=${digest.toString("base64")}`, `sha256=${digest.toString("hex")}`];
}

function readAlert(event: JsonObject, receivedAt: string): AlertSignal | null {
  const type = textAt(event, "entityType");
  const entity = object(unfolded(event.entity));
  if (type === "testCaseResolutionStatus") return readIncident(event, entity, receivedAt);
  if (type === "testCaseResult") return readResultEntity(event, entity, receivedAt);
  if (type !== "testCase") return null;
  const result = resultOf(event, entity);
  return result === null ? null : readResult(event, entity, result, receivedAt);
}

/** A result that is an entity of its own, and names its test case. */
function readResultEntity(
  event: JsonObject,
  entity: JsonObject | null,
  receivedAt: string,
): AlertSignal | null {
  const inside = object(unfolded(entity?.testCaseResult));
  if (inside !== null) return readResult(event, entity, inside, receivedAt);
  const fqn = textAt(entity, "testCaseFQN");
  if (entity === null || fqn === null) return null;
  const test = { ...object(unfolded(entity.testCase)), fullyQualifiedName: fqn };
  return readResult(event, test, entity, receivedAt);
}

const FIELD_LISTS = ["fieldsUpdated", "fieldsAdded"];

/**
 * The result that this event is about. The entity carries the last result at all times, so an event that says what else
 * changed (a description, an owner) is no result.
 */
function resultOf(event: JsonObject, entity: JsonObject | null): JsonObject | null {
  const changed = FIELD_LISTS.flatMap((name) => list(field(event.changeDescription, name)));
  const named = changed.find((each) =>
    ["testCaseResult", "testCaseStatus"].includes(textAt(each, "name") ?? ""),
  );
  if (named === undefined) return changed.length === 0 ? object(unfolded(entity?.testCaseResult)) : null;
  const value = unfolded(field(named, "newValue"));
  return object(value) ?? (typeof value === "string" ? { testCaseStatus: value } : null);
}

/** Aborted: the test could not run, which says nothing of the data. */
const RESULTS: Record<string, { status: AlertSignal["status"]; severity: AlertSeverity; word: string }> = {
  failed: { status: "firing", severity: "error", word: "failed" },
  aborted: { status: "firing", severity: "warning", word: "was aborted" },
  success: { status: "resolved", severity: "error", word: "passed" },
};

function readResult(
  event: JsonObject,
  entity: JsonObject | null,
  result: JsonObject,
  receivedAt: string,
): AlertSignal | null {
  const word = (textAt(result, "testCaseStatus") ?? "").toLowerCase();
  const verdict = Object.hasOwn(RESULTS, word) ? RESULTS[word]! : null;
  if (verdict === null) return null;
  const test = testOf(event, entity, textAt(result, "testCaseFQN"));
  const message = textAt(result, "result");
  const firing = verdict.status === "firing";
  const at = field(result, "timestamp") ?? event.timestamp;
  const rows = rowsOf(result);
  return finishAlert(
    {
      source: "openmetadata",
      dedupKey: test.identity,
      deliveryId: textAt(event, "id"),
      status: verdict.status,
      severity: verdict.severity,
      title: `${test.name}${onPlace(test.place)} ${verdict.word}${rows ?? (firing && message !== null ? `: ${firstLine(message)}` : "")}`,
      description: message,
      assets: [assetOfTable(test.place?.table ?? [])],
      labels: {
        ...labelsOf(event, entity, test),
        test_status: textAt(result, "testCaseStatus"),
        failed_rows: textAt(result, "failedRows"),
        failed_rows_percentage: textAt(result, "failedRowsPercentage"),
        passed_rows: textAt(result, "passedRows"),
        ...valuesOf(result),
      },
      startsAt: firing ? at : null,
      endsAt: firing ? null : at,
      observedAt: at,
      raw: event,
    },
    receivedAt,
  );
}

type Test = { identity: string; name: string; place: Place | null };

/** A test is named within its table, and its full name within the whole catalogue. */
function testOf(event: JsonObject, entity: JsonObject | null, fqn: string | null): Test {
  const full = textAt(entity, "fullyQualifiedName") ?? textAt(event, "entityFullyQualifiedName") ?? fqn;
  const identity = full ?? textAt(event, "entityId");
  if (identity === null) {
    throw invalid("The event does not say which test case it is about.", [
      { path: "entityFullyQualifiedName", message: "is required" },
    ]);
  }
  const place = placeOfTest(textAt(entity, "entityLink"), full);
  return { identity, name: textAt(entity, "name") ?? place?.test ?? identity, place };
}

function onPlace(place: Place | null): string {
  if (place === null) return "";
  // The service and database are in the labels; a title is read by people who know them.
  const table = place.table.slice(-2).join(".");
  return table === "" ? "" : ` on ${[table, place.column].filter((each) => each !== null).join(".")}`;
}

function labelsOf(event: JsonObject, entity: JsonObject | null, test: Test): Record<string, unknown> {
  return {
    test: test.name,
    test_definition:
      textAt(entity, "testDefinition", "name") ?? textAt(entity, "testDefinition", "fullyQualifiedName"),
    test_suite: textAt(entity, "testSuite", "fullyQualifiedName") ?? textAt(entity, "testSuite", "name"),
    table: test.place?.table.join("."),
    column: test.place?.column,
    owner: list(entity?.owners)
      .map((owner) => textAt(owner, "name"))
      .filter((name) => name !== null)
      .join(", "),
    tags: list(entity?.tags)
      .map((tag) => textAt(tag, "tagFQN"))
      .filter((tag) => tag !== null)
      .join(", "),
    user: textAt(event, "userName"),
    test_case_id: textAt(entity, "id") ?? textAt(event, "entityId"),
  };
}

/** ` (71 of 501 rows)`. */
function rowsOf(result: JsonObject): string | null {
  const [failed, passed] = [Number(result.failedRows ?? Number.NaN), Number(result.passedRows ?? Number.NaN)];
  if (!(failed > 0)) return null;
  return Number.isFinite(passed)
    ? ` (${failed} of ${plural(failed + passed, "row")})`
    : ` (${plural(failed, "row")})`;
}

/** What was measured: `[{name: "maxValue", value: "150"}]`. */
function valuesOf(result: JsonObject): Record<string, unknown> {
  return Object.fromEntries(
    list(result.testResultValue)
      .slice(0, 20)
      .map((each) => [`value_${(textAt(each, "name") ?? "").slice(0, 100)}`, textAt(each, "value")]),
  );
}

const SEVERITIES: Record<string, AlertSeverity> = {
  Severity1: "critical",
  Severity2: "error",
  Severity3: "warning",
  Severity4: "info",
  Severity5: "info",
};

/**
 * A step of the incident that OpenMetadata opens for a failed test: New, Ack, Assigned, Resolved. It has the identity of
 * the test, whose failure it is, so that the two make one alert and whichever ends first closes it.
 */
function readIncident(event: JsonObject, entity: JsonObject | null, receivedAt: string): AlertSignal | null {
  const step = textAt(entity, "testCaseResolutionStatusType");
  if (step === null || !["New", "Ack", "Assigned", "Resolved"].includes(step)) return null;
  const reference = object(entity?.testCaseReference);
  const state = textAt(entity, "stateId");
  const test = testOf({ ...event, entityId: state === null ? null : `incident/${state}` }, reference, null);
  const firing = step !== "Resolved";
  const details = entity?.testCaseResolutionStatusDetails;
  const severity = textAt(entity, "severity") ?? "";
  const at = entity?.updatedAt ?? entity?.timestamp ?? event.timestamp;
  return finishAlert(
    {
      source: "openmetadata",
      dedupKey: test.identity,
      deliveryId: textAt(event, "id"),
      status: firing ? "firing" : "resolved",
      severity: Object.hasOwn(SEVERITIES, severity) ? SEVERITIES[severity]! : "error",
      title: `${test.name}${onPlace(test.place)}: incident ${firing ? "open" : "resolved"}`,
      description: textAt(details, "testCaseFailureComment"),
      assets: [assetOfTable(test.place?.table ?? [])],
      labels: {
        ...labelsOf(event, reference, test),
        incident: state,
        incident_status: step,
        severity,
        assignee: textAt(details, "assignee", "name"),
        reason: textAt(details, "testCaseFailureReason"),
      },
      startsAt: step === "New" ? at : null,
      endsAt: firing ? null : at,
      observedAt: at,
      raw: event,
    },
    receivedAt,
  );
}
