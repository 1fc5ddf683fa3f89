import type { Verb } from "./verb.ts";
import { ack } from "./verbs/ack.ts";
import { alerts } from "./verbs/alerts.ts";
import { cancel } from "./verbs/cancel.ts";
import { change } from "./verbs/change.ts";
import { close } from "./verbs/close.ts";
import { explain } from "./verbs/explain.ts";
import { help } from "./verbs/help.ts";
import { impacted } from "./verbs/impacted.ts";
import { lead } from "./verbs/lead.ts";
import { link } from "./verbs/link.ts";
import { list } from "./verbs/list.ts";
import { merge } from "./verbs/merge.ts";
import { mitigate } from "./verbs/mitigate.ts";
import { move } from "./verbs/move.ts";
import { declare } from "./verbs/new.ts";
import { note } from "./verbs/note.ts";
import { postmortem } from "./verbs/postmortem.ts";
import { reopen } from "./verbs/reopen.ts";
import { resolve } from "./verbs/resolve.ts";
import { restored } from "./verbs/restored.ts";
import { role } from "./verbs/role.ts";
import { runbook } from "./verbs/runbook.ts";
import { search } from "./verbs/search.ts";
import { severity } from "./verbs/severity.ts";
import { silence } from "./verbs/silence.ts";
import { silences } from "./verbs/silences.ts";
import { split } from "./verbs/split.ts";
import { stats } from "./verbs/stats.ts";
import { status } from "./verbs/status.ts";
import { summary } from "./verbs/summary.ts";
import { task } from "./verbs/task.ts";
import { tasks } from "./verbs/tasks.ts";
import { timeline } from "./verbs/timeline.ts";
import { title } from "./verbs/title.ts";
import { unack } from "./verbs/unack.ts";
import { unsilence } from "./verbs/unsilence.ts";
import { waive } from "./verbs/waive.ts";

/** Every verb, in the order in which help lists them within their groups. */
export const VERBS: readonly Verb[] = [
  declare,
  ack,
  unack,
  lead,
  role,
  severity,
  resolve,
  close,
  reopen,
  cancel,
  merge,
  split,
  move,
  silence,
  unsilence,
  silences,
  mitigate,
  restored,
  waive,
  impacted,
  change,
  runbook,
  status,
  note,
  timeline,
  title,
  summary,
  link,
  task,
  tasks,
  postmortem,
  list,
  search,
  alerts,
  explain,
  stats,
  help,
];
