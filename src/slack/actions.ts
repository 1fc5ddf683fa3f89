/**
 * What pressing a button does, one line for each: it opens a modal, asks for something outright, or opens a page by
 * itself. The doors look an action id up here and nowhere else.
 */
import type { ActionName, Target } from "../core/report/action-name.ts";
import { does } from "../core/verb/ask.ts";
import type { Ask, FormName } from "../core/verb/verb.ts";

export type Presser = { id: string | null; name: string };
export type ActionEffect =
  | { opens: FormName }
  | { asks: (target: Target, presser: Presser) => Ask }
  /** Its value is a line as a person would type it: an answer to "which incident?". */
  | { types: "line" }
  /** A button with an address: Slack opens it and tells us, which only wants acknowledging. */
  | { nothing: true };

export const ACTIONS: Readonly<Record<ActionName, ActionEffect>> = {
  ack: { asks: () => does({ type: "acknowledge" }) },
  unack: { asks: () => does({ type: "unacknowledge", reason: null }) },
  lead: {
    asks: (_, { id, name }) => does({ type: "assign_role", role: "lead", person: { id, name } }),
  },
  severity: { opens: "severity" },
  status: { opens: "status" },
  note: { opens: "note" },
  role: { opens: "role" },
  mitigate: { opens: "mitigate" },
  restored: { opens: "restored" },
  waive: { opens: "waive" },
  resolve: { opens: "resolve" },
  reopen: { opens: "reopen" },
  close: { asks: () => does({ type: "close", reason: null }) },
  cancel: { opens: "cancel" },
  runbook: { asks: () => ({ kind: "query", query: { type: "runbooks" } }) },
  runbook_start: { asks: (target) => ({ kind: "start_runbook", slug: target.runbook }) },
  step_done: {
    asks: ({ runbook, step }) => does({ type: "finish_step", runbook, step, outcome: "done", note: null }),
  },
  step_skip: { opens: "step_skip" },
  step_fail: { opens: "step_fail" },
  step_back: { asks: ({ runbook, step }) => does({ type: "step_back", runbook, step }) },
  task: { opens: "task" },
  link: { opens: "link" },
  change: { opens: "change" },
  review: { opens: "review" },
  postmortem: { asks: () => ({ kind: "export", format: "html" }) },
  timeline: { asks: () => ({ kind: "query", query: { type: "timeline" } }) },
  summary: { asks: () => ({ kind: "query", query: { type: "summary" } }) },
  more: { opens: "more" },
  pick: { types: "line" },
  open_page: { nothing: true },
};

/** The effect of an action id that came from Slack; null for one that is not ours, such as of an older version. */
export function effectOf(actionId: string): ActionEffect | null {
  return Object.hasOwn(ACTIONS, actionId) ? ACTIONS[actionId as ActionName] : null;
}
