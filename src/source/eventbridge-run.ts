import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import { invalid } from "./draft.ts";
import { textAt } from "./json.ts";

export type Ending = { status: AlertSignal["status"]; severity: AlertSeverity; did: string };

export const SUCCEEDED: Ending = { status: "resolved", severity: "error", did: "succeeded" };
export const FAILED: Ending = { status: "firing", severity: "error", did: "failed" };
export const TIMED_OUT: Ending = { status: "firing", severity: "error", did: "timed out" };
/** Somebody stopped it, so they know; but the data is as late as after a failure. */
export const STOPPED: Ending = { status: "firing", severity: "warning", did: "was stopped" };
export const LATE: Ending = { status: "firing", severity: "warning", did: "runs longer than it should" };

/** What ran, and how it ended. */
export type Run = {
  what: string;
  name: string;
  /** Where the name says too little to be found again: an ARN, or the names around it. */
  identity?: string | null;
  ending: Ending;
  error?: string | null;
  /** For the title, where the first line of `error` is not good for it; null for none. */
  reason?: string | null;
  runId: string | null;
  endedAt?: unknown;
  labels?: Record<string, unknown>;
  links?: { title: string; url: unknown }[];
};

export function required(detail: unknown, name: string): string {
  const value = textAt(detail, name);
  if (value !== null) return value;
  throw invalid(`The event has no ${name}.`, [{ path: `detail.${name}`, message: "is missing" }]);
}

export function endingOf(endings: Record<string, Ending>, state: string | null): Ending | null {
  const key = state?.toUpperCase() ?? "";
  return Object.hasOwn(endings, key) ? endings[key]! : null;
}
