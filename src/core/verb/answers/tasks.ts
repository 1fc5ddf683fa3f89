import type { IncidentState, Task } from "../../incident/state.ts";
import { plural } from "../../plural.ts";
import type { Document, Text } from "../../report/document.ts";

import { clip } from "../../signal/alert.ts";

const SHOWN = 30;

/** The action items, the open ones first. */
export function tasksDocument(state: IncidentState): Document {
  const open = state.tasks.filter((task) => task.doneAt === null);
  const done = state.tasks.filter((task) => task.doneAt !== null);
  const summary = `${state.key}: ${plural(open.length, "open action item")}, ${done.length} done`;
  const add: Text = [
    "Add one with ",
    { code: "task <text> @user <due>" },
    ", finish one with ",
    { code: "task done <n>" },
  ];
  const shown = [...open, ...done].slice(0, SHOWN);
  return {
    summary,
    title: `${state.key} · Action items`,
    blocks: [
      shown.length > 0
        ? { type: "list", items: shown.map(taskItem) }
        : { type: "paragraph", text: "None yet." },
      ...(state.tasks.length > SHOWN
        ? [{ type: "context" as const, text: `and ${state.tasks.length - SHOWN} more in the postmortem` }]
        : []),
      { type: "context", text: add },
    ],
  };
}

/** `2 Add a row count check (Ana, due 2026-11-30)`; whoever has no owner or date says so. */
export function taskItem(task: Task): Text {
  const due = task.due ? `due ${task.due}` : "no due date";
  const state = task.doneAt ? [", done ", { time: task.doneAt, style: "date" } as const, ")"] : [")"];
  return [
    { code: String(task.task) },
    ` ${clip(task.text, 250)} (${task.owner?.name ?? "no owner"}, ${due}`,
    ...state,
  ];
}
