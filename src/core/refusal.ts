/**
 * The one error for "no, and here is what to do next". Its message is written for the person who asked, names the next
 * step, and holds no secret. Doors map the code: to an HTTP status (src/http/problem.ts) and to an ephemeral Slack
 * text (src/slack/answer.ts). Any other error is a fault of ours, logged once at the edge.
 */
export const REFUSAL_CODES = [
  "invalid", // the words or fields are wrong
  "not_found", // no such incident, entry, asset, runbook
  "wrong_state", // the incident's state does not allow it
  "conflict", // someone else was first
  "blocked", // a gate is not met (resolve with data still impacted)
  "unauthorized",
  "unsupported_media_type",
  "too_large",
  "unavailable", // our overload or a dependency down: try again
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

export class Refusal extends Error {
  readonly code: RefusalCode;
  /** The path of the wrong field and what is wrong with it, where there is one. */
  readonly issues: { path: string; message: string }[];
  constructor(code: RefusalCode, message: string, issues: { path: string; message: string }[] = []) {
    super(message);
    this.name = "Refusal";
    this.code = code;
    this.issues = issues;
  }
}
