import type { Order } from "../incident/command.ts";
import type { IncidentState } from "../incident/state.ts";

/** What a command that had nothing left to do found, for who asked for it. */
export function soAlready(command: Order | undefined, state: IncidentState): string {
  switch (command?.type) {
    case "finish_task":
      return `Action item ${command.task} of ${state.key} is done already.`;
    case "assign_role":
      return `${command.person.name} is ${command.role} of ${state.key} already.`;
    case "clear_role":
      return `Nobody is ${command.role} of ${state.key}, so there is nobody to take it from.`;
    case "set_title":
      return `${state.key} is called “${state.title}” already.`;
    case "add_link":
      return `${state.key} has this link already.`;
    case "name_cause":
      return `This change is named as the cause of ${state.key} already.`;
    case "name_assets":
      return `${command.assets.map((asset) => (typeof asset === "string" ? asset : asset.name)).join(", ")} ${command.assets.length === 1 ? "is" : "are"} marked as wrong in ${state.key} already.`;
    case "restore":
      return `This data of ${state.key} is marked as right already.`;
    case "edit_entry":
      return `Entry ${command.seq} of ${state.key} says so already.`;
    case "hide_entry":
      return `Entry ${command.seq} of ${state.key} is off the timeline already.`;
    // A form that was sent as it was shown.
    case undefined:
      return `Nothing was changed in ${state.key}.`;
    default:
      return `Nothing to do: ${state.key} is so already.`;
  }
}
