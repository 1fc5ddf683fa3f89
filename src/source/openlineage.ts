import type { LineageStatement } from "../core/correlate/lineage-statement.ts";
import { Refusal } from "../core/refusal.ts";
import { bearerOrToken } from "./auth.ts";
import { invalid, partsOf, readEach } from "./draft.ts";
import { object, textAt } from "./json.ts";
import { readOpenLineage } from "./lineage-openlineage.ts";
import { type RunEventPart, readRunEvent, runEventParts } from "./openlineage-event.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * OpenLineage's events (https://openlineage.io/apidocs/openapi/), one or a batch of them: what dbt-ol, Airflow, Spark,
 * Flink and others send to a lineage back end.
 */
export const openlineage = {
  name: "openlineage",
  title: "OpenLineage",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    const parts = partsOf(request.body).flatMap(({ path, part }) =>
      eventParts(part).map((each) => ({ path, part: each })),
    );
    const reading = readEach(parts, (part) => {
      if (part !== null) return readRunEvent(part, "openlineage", request.receivedAt);
      throw invalid("This is no OpenLineage event: it has no eventType, job or dataset.", [
        { path: "eventType", message: "is required" },
      ]);
    });
    return { ...reading, lineage: lineageOf(request).lineage };
  },
  readLineage: lineageOf,
} satisfies Source;

/** What the events say of inputs and outputs; a part that is no event is named. */
function lineageOf(request: SourceRequest): Reading & { lineage: LineageStatement[] } {
  const reading = { alerts: [], lineage: [] as LineageStatement[], rejected: [] as Reading["rejected"] };
  for (const { path, part } of partsOf(request.body)) {
    try {
      const statement = readOpenLineage(part, request.receivedAt);
      if (statement) reading.lineage.push(statement);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      reading.rejected.push({ path, message: error.message });
    }
  }
  return reading;
}

/** Null stands for a part that is no event, so that it is refused with its path. */
function eventParts(event: unknown): (RunEventPart | null)[] {
  const typed = textAt(event, "eventType") !== null;
  if (typed && object(object(event)!.job) !== null) return runEventParts(event);
  // A JobEvent or DatasetEvent tells what there is, not what happened (OpenLineage 2-0-2, "static lineage").
  const described = object(object(event)?.job) ?? object(object(event)?.dataset);
  return !typed && described !== null ? [] : [null];
}
