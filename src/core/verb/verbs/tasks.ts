import type { Verb } from "../verb.ts";

export const tasks: Verb = {
  name: "tasks",
  aliases: ["followups", "action items", "todos"],
  usage: "",
  help: "Show the action items",
  example: "tasks",
  about: "incident",
  afterwards: true,
  group: "after",
  parse: () => ({ kind: "query", query: { type: "tasks" } }),
};
