/** What a person can press on a message. src/slack/actions.ts says what each one does. */
export const ACTION_NAMES = [
  "ack",
  "unack",
  "lead",
  "severity",
  "status",
  "note",
  "role",
  "mitigate",
  "restored",
  "waive",
  "resolve",
  "reopen",
  "close",
  "cancel",
  "runbook",
  "runbook_start",
  "step_done",
  "step_skip",
  "step_fail",
  "step_back",
  "task",
  "link",
  "change",
  "review",
  "postmortem",
  "timeline",
  "summary",
  "more",
  "pick",
  "open_page",
] as const;
export type ActionName = (typeof ACTION_NAMES)[number];

/** What a button is about, carried in its value: an incident, and for runbooks the runbook and the step that was seen. */
export type Target = { incident: string; runbook: string | null; step: string | null };

/** `INC-1`, `INC-1|late-table`, `INC-1|late-table|check-the-source`. Keys, slugs and step ids hold no bar. */
export function targetValue(incident: string, runbook?: string, step?: string): string {
  return [incident, runbook, step].filter((part) => part !== undefined).join("|");
}

export function readTarget(value: string): Target {
  const [incident = "", runbook = null, step = null] = value.split("|");
  return { incident, runbook, step };
}
