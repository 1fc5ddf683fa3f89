import { Counter, Histogram, type Registry } from "prom-client";
import { OUTCOMES } from "../core/signal/alert.ts";
import { CHANGE_OUTCOMES } from "../core/signal/change.ts";
import type { Source } from "../source/source.ts";

/** What the HTTP edge counts. Labels come from closed sets (routes, sources), never from what a sender writes. */
export type HttpMetrics = {
  requestSeconds: Histogram<"method" | "route" | "status">;
  alerts: Counter<"source" | "outcome">;
  changes: Counter<"source" | "outcome">;
};

/** Parts of a batch that could not be read are counted beside the outcomes of the alerts. */
export const REJECTED = "rejected";

export function httpMetrics(registry: Registry, sources: readonly Source[]): HttpMetrics {
  const requestSeconds = new Histogram({
    name: "breakwater_http_request_duration_seconds",
    help: "Time from a request's headers to the end of its answer.",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const alerts = new Counter({
    name: "breakwater_alerts_total",
    help: "Alerts taken in, by what became of them.",
    labelNames: ["source", "outcome"],
    registers: [registry],
  });
  const changes = new Counter({
    name: "breakwater_changes_total",
    help: "Changes taken in, by what became of them.",
    labelNames: ["source", "outcome"],
    registers: [registry],
  });
  // A series that appears with its first alert hides that alert from rate(): start them all at zero.
  for (const { name, read, readChanges } of sources) {
    if (read) for (const outcome of [...OUTCOMES, REJECTED]) alerts.inc({ source: name, outcome }, 0);
    if (readChanges) for (const outcome of CHANGE_OUTCOMES) changes.inc({ source: name, outcome }, 0);
  }
  return { requestSeconds, alerts, changes };
}
