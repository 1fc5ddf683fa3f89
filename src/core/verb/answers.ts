/** What the reading verbs answer with: one pure function a question, data in, document out. */
export { ALERTS_A_PAGE, alertsPageDocument } from "./answers/alerts.ts";
export {
  type Attempt,
  EXPLAINED,
  type Explained,
  type Explanation,
  explainDocument,
  explainHeldDocument,
  type HeldBack,
} from "./answers/explain.ts";
export { LISTED, listDocument, searchDocument } from "./answers/list.ts";
export { rolesDocument } from "./answers/roles.ts";
export { runbooksDocument } from "./answers/runbooks.ts";
export { statsDocument } from "./answers/stats.ts";
export { summaryDocument } from "./answers/summary.ts";
export { tasksDocument } from "./answers/tasks.ts";
export { type ShownEntry, timelineDocument } from "./answers/timeline.ts";
export { whichIncidentDocument } from "./answers/which-incident.ts";
